// The pictures of the README: a team that looks for fraud in card payments, as infra/screenshots/make takes them from a running Assay.
import { join } from "node:path";
import { alive, journey } from "./browser/journey.mjs";
import { ask } from "./browser/organization.mjs";
import { accept, invite, signUp, token } from "./browser/people.mjs";
import { client } from "./browser/tracking.mjs";

const FOLDER = process.env.ASSAY_SCREENSHOTS;
const [MINUTE, HOUR] = [60_000, 3_600_000];
const STEPS = 60;

/** Always the same numbers between 0 and 1, so that two pictures differ in what changed. */
const chance = (...of) => {
  const mixed = Math.sin(of.reduce((sum, one, at) => sum + one * (at + 1) * 12.9898, 4.1)) * 43758.5453;
  return mixed - Math.floor(mixed);
};

/** What a training of this kind reaches, and how it gets there. */
const KINDS = {
  "gradient-boosting": { auc: 0.938, loss: 0.165, rates: ["0.03", "0.1", "0.3"], depths: ["3", "6"] },
  "random-forest": { auc: 0.921, loss: 0.178, rates: ["0.1"], depths: ["7", "12"] },
  "logistic-regression": { auc: 0.874, loss: 0.236, rates: ["0.01", "0.1"], depths: ["1"] },
};

/** One training, `ago` ms old when it began: its params and its curves. */
async function train({ mlflow }, experiment_id, number, kind, ago, { ends = "FINISHED", steps = STEPS, tags = [] } = {}) {
  const { auc, loss, rates, depths } = KINDS[kind];
  const [start_time, lasts] = [Date.now() - ago, (8 + 6 * chance(number, 1)) * MINUTE];
  const params = { model: kind, learning_rate: rates[number % rates.length], max_depth: depths[number % depths.length], seed: number % 5 };
  const better = (chance(number, 2) - 0.5) / 40 - (params.learning_rate === "0.3" ? 0.012 : 0);
  const { run } = await mlflow("runs/create", { experiment_id, run_name: `${kind}-${String(number).padStart(2, "0")}`, start_time, tags: [{ key: "team", value: "fraud" }, ...tags] });
  const { run_id } = run.info;
  const metrics = Array.from({ length: steps }, (_, step) => {
    const [learned, wobble] = [Math.exp(-step / 14), (of) => (chance(number, step, of) - 0.5) / 60];
    const values = { "train/loss": loss * 0.68 - better + 0.7 * learned + wobble(3), "val/loss": loss - better + 0.68 * learned + wobble(4), "val/auc": auc + better - 0.34 * learned + wobble(5) / 2 };
    return Object.entries(values).map(([key, value]) => ({ key, value, timestamp: Math.round(start_time + (lasts * step) / STEPS), step }));
  }).flat();
  await mlflow("runs/log-batch", { run_id, metrics, params: Object.entries(params).map(([key, value]) => ({ key, value: String(value) })), tags: [] });
  if (ends) await mlflow("runs/update", { run_id, status: ends, end_time: Math.round(start_time + (lasts * steps) / STEPS) });
  return run_id;
}

/** So many trainings of an experiment, the last one so many ms ago; answers their ids by name. Of many, one fails, and the last one is under way. */
async function trainings(tracking, experiment_id, count, ago) {
  const kinds = ["gradient-boosting", "random-forest", "gradient-boosting", "logistic-regression"];
  const found = {};
  for (let number = 1; number <= count; number++) {
    const kind = kinds[number % kinds.length];
    const how = count < 20 ? {} : number === count ? { ends: "", steps: 34 } : number === count - 9 ? { ends: "FAILED", steps: 12 } : {};
    found[`${kind}-${String(number).padStart(2, "0")}`] = await train(tracking, experiment_id, number, kind, Math.round(ago + (count - number) * 1.2 * HOUR), how);
  }
  return found;
}

/** Fills an organization whose owner is on `page`, with the colleagues on the other pages; answers the ids that addresses are made of. */
async function fill(page, jonas, mei) {
  const tag = crypto.randomUUID().slice(0, 6);
  const person = (name) => ({ name, email: `${name.toLowerCase().replace(" ", ".")}@northwind-${tag}.example`, password: crypto.randomUUID() });
  const [owner, scientist, engineer] = [person("Ada Berg"), person("Jonas Weber"), person("Mei Tanaka")];
  await signUp(page, "Northwind Payments", owner);
  for (const [other, colleague, role] of [[jonas, scientist, "Data scientist"], [mei, engineer, "ML engineer"]]) {
    await invite(page, colleague.email, role);
    await accept(other, colleague);
  }
  const tracking = client(await token(jonas));
  const cards = await tracking.experiment("card-fraud-scoring", { team: "fraud" });
  for (const [name, count, hours] of [["merchant-risk", 9, 1.5], ["chargeback-forecast", 6, 30], ["device-fingerprints", 4, 3]]) await trainings(tracking, await tracking.experiment(name, { team: "fraud" }), count, hours * HOUR);
  const runs = await trainings(tracking, cards, 40, 6 * MINUTE);
  const run = runs["gradient-boosting-34"];
  await ask(jonas, "mutation($id: ID!, $value: String!) { setRunTag(id: $id, key: \"mlflow.note.content\", value: $value) { id } }", { id: `run_${run}`, value: "First one with the device's fingerprint. Flattens after step 45." });
  await tracking.upload(run, "model/MLmodel", "flavors: {}\n");
  await tracking.model("card-fraud", { description: "Scores card payments within 40 ms." });
  await tracking.alias("card-fraud", "champion", await tracking.version("card-fraud", run, "model"));

  const say = (who, body, point = {}) => ask(who, "mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", { input: { about: `run_${run}`, body, ...point } });
  await say(jonas, `@${owner.email} this one holds on the payments of October, too. I would take it to the reviewers.`);
  await say(mei, "The step here is the schedule: the rate is halved at 30.", { key: "val/loss", step: 30 });
  await say(page, "Agreed. Let us keep **0.1** and look at the seeds next.");
  await ask(page, "mutation { createRole(input: { title: \"Model reviewer\", description: \"Looks at models before they go on.\", permissions: [\"runs:read\", \"models:read\", \"comments:write\"] }) { name } }");
  await ask(page, "mutation { createProject(name: \"Chargebacks\") { id } }");
  await ask(page, "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }", { email: person("Sam Okafor").email });
  const { createTemplate } = await ask(jonas, "mutation($run: ID!) { createTemplate(run: $run, name: \"Gradient boosting\", description: \"Start here when a new feature of the card or the device is to be tried.\") { id } }", { run: `run_${run}` });
  await train(tracking, cards, 41, "gradient-boosting", 30 * MINUTE, { tags: [{ key: "assay.template", value: createTemplate.id }] });
  return { cards, run, template: createTemplate.id };
}

/** The pictures by name: an address, and what is done there before it is taken. */
const pictures = ({ cards, run, template }) => {
  const group = (number, kind) => ({ [`e${number}`]: cards, [`f${number}`]: `params.model = '${kind}'`, [`n${number}`]: kind });
  const groups = new URLSearchParams({ ...group(1, "random-forest"), ...group(2, "gradient-boosting"), metric: "val/auc" });
  return [
    ["overview", "/"],
    ["experiments", "/experiments"],
    ["runs", `/experiments/${cards}?sort=-metrics.val/auc`, selected],
    ["run", `/runs/${run}`, (page) => page.locator(".chart .lines path").first().waitFor()],
    ["compare", `/compare?${groups}`, (page) => page.locator(".figure .marks path").first().waitFor()],
    ["members", "/members"],
    ["roles", "/members/roles"],
    ["audit", "/audit"],
    ["api", `/api-access?experiment=${cards}`],
    ["templates", `/templates/${template}`],
  ];
};

/** The first two rows of the table are chosen. */
async function selected(page) {
  for (const row of [0, 1]) await page.locator("tbody input[type=checkbox]").nth(row).check();
}

journey("the pictures", { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" }, async (page, _, somebody) => {
  const filled = await fill(page, await somebody(), await somebody());
  for (const [name, address, prepare] of pictures(filled)) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.goto(address);
      await alive(page);
      await prepare?.(page);
      await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
    }
  }
});
