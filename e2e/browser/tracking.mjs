// Runs for the browser journeys, logged over the MLflow protocol as a client would.
import { connection, url } from "./journey.mjs";

async function mlflow(path, body) {
  const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${connection.token}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Creates an experiment; answers its id as MLflow shows it. */
export const experiment = async (name) => (await mlflow("experiments/create", { name })).experiment_id;

/** Creates a run with params and one value of each metric; answers its id (32 hexadecimal characters). */
export async function run(experiment_id, run_name, { params = {}, metrics = {}, end = true } = {}) {
  const start_time = Date.now() - 60_000;
  const { run } = await mlflow("runs/create", { experiment_id, run_name, start_time, tags: [] });
  const run_id = run.info.run_id;
  await log(run_id, metrics, 0, params);
  if (end) await mlflow("runs/update", { run_id, status: "FINISHED", end_time: Date.now() });
  return run_id;
}

/** Logs one point of each metric. */
export const log = (run_id, metrics, step, params = {}) =>
  mlflow("runs/log-batch", {
    run_id,
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: Date.now(), step })),
    params: Object.entries(params).map(([key, value]) => ({ key, value: String(value) })),
    tags: [],
  });

/** Ends a run. */
export const end = (run_id) => mlflow("runs/update", { run_id, status: "FINISHED", end_time: Date.now() });
