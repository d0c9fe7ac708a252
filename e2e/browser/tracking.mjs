// Runs, files and models for the browser journeys, logged over the MLflow protocol as a client would.
import { connection, url } from "./journey.mjs";

/** Protobuf, as much of it as an exporter of OpenTelemetry needs. */
const varint = (value) => (value > 127 ? [(value & 127) | 128, ...varint(Math.floor(value / 128))] : [value]);
const field = (number, bytes) => [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
const text = (words) => [...new TextEncoder().encode(words)];
const nanos = (number, ms) => [number * 8 + 1, ...new Uint8Array(new BigUint64Array([BigInt(ms) * 1_000_000n]).buffer)];
const word = (number, length) => [...Buffer.from(number.toString(16).padStart(length * 2, "0"), "hex")];

const BATCH = 1000; // metrics that one request may carry

/** What a training does that signs in with a token, in a workspace; by default in the first organization and its default one. */
export function client(token = connection.token, workspace = "default") {
  const authorization = `Bearer ${token}`;

  async function send(method, path, body, headers = {}) {
    const answer = await fetch(`${url}/api/2.0/${path}`, { method, headers: { authorization, "x-mlflow-workspace": workspace, ...headers }, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text && JSON.parse(text);
  }
  const mlflow = (path, body) => send("POST", `mlflow/${path}`, JSON.stringify(body), { "content-type": "application/json" });
  const pairs = (object) => Object.entries(object).map(([key, value]) => ({ key, value: String(value) }));

  /** Creates an experiment; answers its id as MLflow shows it. */
  const experiment = async (name, tags = {}) => (await mlflow("experiments/create", { name, tags: pairs(tags) })).experiment_id;

  /** Creates a run with params, tags and one value of each metric; answers its id (32 hexadecimal characters). */
  async function run(experiment_id, run_name, { params = {}, metrics = {}, tags = {}, end: ends = true } = {}) {
    const start_time = Date.now() - 60_000;
    const { run } = await mlflow("runs/create", { experiment_id, run_name, start_time, tags: pairs(tags) });
    const run_id = run.info.run_id;
    await log(run_id, metrics, 0, params);
    if (ends) await end(run_id);
    return run_id;
  }

  const points = (run_id, metrics, params = []) => mlflow("runs/log-batch", { run_id, metrics, params, tags: [] });

  /** Logs one point of each metric. */
  const log = (run_id, metrics, step, params = {}) =>
    points(run_id, Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: Date.now(), step })), pairs(params));

  /** Logs so many steps of each metric, which is a function of the step. */
  async function curves(run_id, steps, metrics) {
    const from = Date.now() - steps * 10;
    const at = (step) => Object.entries(metrics).map(([key, value]) => ({ key, value: value(step), timestamp: from + step * 10, step }));
    const all = Array.from({ length: steps }, (_, step) => at(step)).flat();
    for (let first = 0; first < all.length; first += BATCH) await points(run_id, all.slice(first, first + BATCH));
  }

  /** Ends a run. */
  const end = (run_id) => mlflow("runs/update", { run_id, status: "FINISHED", end_time: Date.now() });

  /** Puts a file beside a run. */
  async function upload(run_id, path, content) {
    const { run } = await send("GET", `mlflow/runs/get?run_id=${run_id}`);
    const root = run.info.artifact_uri.replace(/^mlflow-artifacts:\/+/, "");
    await send("PUT", `mlflow-artifacts/artifacts/${`${root}/${path}`.split("/").map(encodeURIComponent).join("/")}`, content);
  }

  /** Registers a model. */
  const model = (name, { description = "", tags = {} } = {}) => mlflow("registered-models/create", { name, description, tags: pairs(tags) });

  /** Makes the next version of a model from files of a run; answers its number. */
  const version = async (name, run_id, path, { description = "", tags = {} } = {}) =>
    (await mlflow("model-versions/create", { name, source: `runs:/${run_id}/${path}`, run_id, description, tags: pairs(tags) })).model_version.version;

  /** Points an alias to a version. */
  const alias = (name, alias, version) => mlflow("registered-models/alias", { name, alias, version });

  /** Moves a version to a stage. */
  const stage = (name, version, stage) => mlflow("model-versions/transition-stage", { name, version, stage, archive_existing_versions: false });

  /** Exports a trace: spans by their numbers, each with the number of its parent, times in ms from its beginning, attributes, and whether it failed; answers its id. */
  async function trace(experiment_id, spans, run_id = "") {
    const [id, from] = [crypto.randomUUID().replaceAll("-", ""), Date.now() - 60_000];
    const attribute = ([key, value]) => field(9, [...field(1, text(key)), ...field(2, field(1, text(value)))]);
    const span = ({ number, parent, name, start, end, failed = "", attributes = {} }) => [
      ...field(1, [...Buffer.from(id, "hex")]), ...field(2, word(number, 8)), ...(parent ? field(4, word(parent, 8)) : []), ...field(5, text(name)),
      ...nanos(7, from + start), ...nanos(8, from + end), ...Object.entries(attributes).flatMap(attribute), ...field(15, [...(failed ? field(2, text(failed)) : []), 24, failed ? 2 : 1]),
    ];
    const body = new Uint8Array(field(1, field(2, spans.flatMap((one) => field(2, span(one))))));
    const headers = { authorization, "content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment_id, ...(run_id && { "x-mlflow-run-id": run_id }) };
    const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`traces: ${answer.status} ${await answer.text()}`);
    return `tr-${id}`;
  }

  return { mlflow, trace, experiment, run, log, curves, end, upload, model, version, alias, stage };
}

export const { trace, experiment, run, log, curves, end, upload, model, version, alias, stage } = client();
