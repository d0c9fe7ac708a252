// An organization that has something of everything a page can show, with the long names that teams give.
import assert from "node:assert/strict";
import { connection, url } from "./journey.mjs";
import { accept, invite, person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

/** Rows of each list. */
export const ROWS = 30;

const long = (at) => `card-not-present-scoring-with-device-fingerprints-and-merchant-history-${String(at).padStart(2, "0")}`;
/** What the module that the server hands out logs. */
const environment = {
  "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567", "mlflow.source.git.branch": "device-fingerprints", "mlflow.source.git.repoURL": "https://git.example.com/risk/card-not-present-scoring.git",
  "assay.environment": "1", "assay.environment.python": "3.12.4", "assay.environment.os": "Linux-6.1.0-28-amd64-x86_64-with-glibc2.36", "assay.environment.cpu": "16 × AMD EPYC 9454P 48-Core Processor",
  "assay.environment.memory": "68719476736", "assay.environment.gpu": JSON.stringify(["NVIDIA L4, 23034 MiB, 550.54.15"]), "assay.environment.dirty": "true", "assay.environment.pushed": "true",
  "assay.environment.directory": ".", "assay.environment.command": JSON.stringify(["-m", "scoring.train", "--merchant-history", "90d"]),
};
const rows = Array.from({ length: ROWS }, (_, at) => at);

/** Asks the API as whoever has signed in on the page. */
export async function ask(page, query, variables) {
  const send = (body) => fetch("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body }).then((answer) => answer.text());
  const answer = await page.evaluate(send, JSON.stringify({ query, variables }));
  const { data, errors } = JSON.parse(answer);
  assert.ok(data && !errors, answer);
  return data;
}

/**
 * Fills an organization whose owner signs up on `page` and whose colleague does on `other`. Answers the owner's cookies and
 * the ids and names that addresses are made of.
 */
export async function fill(page, other) {
  const [owner, colleague] = [person("Olga Owner"), person("Carl Colleague")];
  await signUp(page, `Northwind ${crypto.randomUUID().slice(0, 8)}`, owner);
  await invite(page, colleague.email, "Data scientist");
  await accept(other, colleague);
  const secret = await token(page);
  const { trace, experiment, run, curves, upload, end, model, version, alias, stage } = client(secret);

  const experiments = await Promise.all(rows.map((at) => experiment(long(at), { team: "fraud", quarter: "2026-Q4" })));
  const [id] = experiments;
  const params = Object.fromEntries(rows.slice(0, 8).map((at) => [`gradient_boosting_parameter_${at}`, `value_${at}_`.repeat(4)]));
  const metrics = (at) => Object.fromEntries(rows.slice(0, 8).map((key) => [`validation_area_under_the_curve_${key}`, 0.5 + at / 100 + key / 1000]));
  const [second] = await Promise.all(rows.slice(1).map((at) => run(id, `${long(at)}-candidate`, { params, metrics: metrics(at), tags: { team: "fraud" } })));
  const first = await run(id, `${long(0)}-candidate`, { params, metrics: metrics(0), tags: { "a rather long key of a tag": "x".repeat(120), "mlflow.note.content": "Flattens after step 30.", ...environment }, end: false });
  await curves(first, 50, { train_loss: (step) => 1 / (1 + step), val_loss: (step) => 1.2 / (1 + step), auc: (step) => step / 50, "system/cpu": (step) => 40 + step });
  await end(first);
  await upload(first, "tables/importance.csv", `feature,gain,${"wide_column,".repeat(12)}last\namount,0.5,${"1,".repeat(12)}2\n`);
  await upload(first, "model/MLmodel", "flavors: {}\n");
  await upload(first, "environment/requirements.txt", rows.map((at) => `package-with-a-name-${at}==1.${at}.0\n`).join(""));
  await upload(first, "environment/uncommitted.diff", `diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n-TREES = 3\n+TREES = 11  # ${"long ".repeat(40)}\n model.fit()\n`);
  for (const at of rows) await model(long(at), { description: "Scores card payments within 40 ms, with the fingerprint of the device.", tags: { team: "fraud" } });
  const name = long(0);
  await alias(name, "champion", await version(name, first, "model", { tags: { checked: "yes" } }));
  await stage(name, "1", "Production");

  for (const at of rows) {
    await ask(page, "mutation($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }", { input: { name: long(at).slice(-48), expiresInDays: 30, scopes: ["runs:read", "experiments:read"] } });
    await ask(page, "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }", { email: `${long(at)}@example.com`.slice(-32) });
    const about = at % 2 ? `run_${first}` : `exp_${id}`;
    await ask(other, "mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", { input: { about, body: `@${owner.email} a list:\n\n- one\n- \`two\`\n\n> quoted\n\n\`\`\`\ncode\n\`\`\`` } });
  }
  for (const at of rows) {
    const input = { name: long(at).slice(-48), description: "Retrains the model each night and registers what is better.", roles: ["data_scientist"] };
    const { createServiceAccount: account } = await ask(page, "mutation($input: ServiceAccountInput!) { createServiceAccount(input: $input) { id } }", { input });
    await ask(page, "mutation($account: ID!) { createServiceAccountToken(account: $account, input: { name: \"cluster\", scopes: [\"*\"], expiresInDays: 30 }) { secret } }", { account: account.id });
  }
  const { createProject: project } = await ask(page, "mutation { createProject(name: \"Fraud, restricted to the people who work on it\") { id } }");
  const { members } = await ask(page, "{ members { nodes { id email } } }");
  const member = members.nodes.find(({ email }) => email === colleague.email).id;
  await ask(page, "mutation($project: ID!, $member: ID!) { setProjectMember(project: $project, member: $member, role: \"ml_engineer\") { id } }", { project: project.id, member });
  await ask(page, "mutation { createRole(input: { title: \"Model reviewer\", description: \"Looks at models before they go on.\", permissions: [\"models:read\", \"comments:write\"] }) { name } }");
  const directory = { method: "POST", headers: { authorization: `Bearer ${secret}`, "content-type": "application/scim+json" } };
  for (const at of rows) assert.equal((await fetch(`${url}/scim/v2/Groups`, { ...directory, body: JSON.stringify({ displayName: long(at) }) })).status, 201);
  await ask(page, "mutation($of: ComparisonInput!) { saveComparison(name: \"Two candidates\", of: $of) { id } }", { of: { runs: [`run_${first}`, `run_${second}`] } });
  const steps = rows.map((at) => ({ number: at + 1, parent: at && Math.ceil(at / 2), name: `${long(at)}-step`, start: at * 10, end: 400 - at, attributes: { "mlflow.spanType": '"TOOL"', "mlflow.spanInputs": JSON.stringify({ question: long(at).repeat(3) }), retrieved: String(at) } }));
  const traces = await Promise.all(rows.map((at) => trace(id, at ? steps.slice(0, 2) : [...steps.slice(0, -1), { ...steps.at(-1), failed: "The index was not reachable." }], first)));
  const { createTemplate } = await ask(page, "mutation($run: ID!, $name: String!) { createTemplate(run: $run, name: $name, description: \"Start from it when a new device appears.\") { id } }", { run: `run_${first}`, name: long(0) });
  await run(experiments[1], `${long(1)}-started`, { tags: { "assay.template": createTemplate.id } });
  const link = async (shows) => (await ask(page, "mutation($input: CreateLinkInput!) { createLink(input: $input) { url } }", { input: { shows, label: "For the card schemes", expiresInDays: 30 } })).createLink.url.split("/").at(-1);
  const [experimentLink, runLink] = [await link({ experiment: `exp_${id}` }), await link({ run: `run_${first}` })];
  const { startImport } = await ask(page, "mutation($input: StartImportInput!) { startImport(input: $input) { id } }", { input: { address: url, token: connection.token, experiments: [`no such experiment ${name}`] } });
  return { cookies: await page.context().cookies(), id, run: first, second, model: name, project: project.id, import: startImport.id, template: createTemplate.id, trace: traces[0], experimentLink, runLink };
}
