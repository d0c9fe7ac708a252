// An organization that has something of everything a page can show, with the long names that teams give.
import assert from "node:assert/strict";
import { connection, url } from "./journey.mjs";
import { accept, invite, person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

/** Rows of each list. */
export const ROWS = 30;

const long = (at) => `card-not-present-scoring-with-device-fingerprints-and-merchant-history-${String(at).padStart(2, "0")}`;
const rows = Array.from({ length: ROWS }, (_, at) => at);

/** Asks the API as whoever has signed in on the page. */
async function ask(page, query, variables) {
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
  const { experiment, run, curves, upload, end, model, version, alias, stage } = client(secret);

  const experiments = await Promise.all(rows.map((at) => experiment(long(at), { team: "fraud", quarter: "2026-Q4" })));
  const [id] = experiments;
  const params = Object.fromEntries(rows.slice(0, 8).map((at) => [`gradient_boosting_parameter_${at}`, `value_${at}_`.repeat(4)]));
  const metrics = (at) => Object.fromEntries(rows.slice(0, 8).map((key) => [`validation_area_under_the_curve_${key}`, 0.5 + at / 100 + key / 1000]));
  const [second] = await Promise.all(rows.slice(1).map((at) => run(id, `${long(at)}-candidate`, { params, metrics: metrics(at), tags: { team: "fraud" } })));
  const first = await run(id, `${long(0)}-candidate`, { params, metrics: metrics(0), tags: { "a rather long key of a tag": "x".repeat(120), "mlflow.note.content": "Flattens after step 30." }, end: false });
  await curves(first, 50, { train_loss: (step) => 1 / (1 + step), val_loss: (step) => 1.2 / (1 + step), auc: (step) => step / 50, "system/cpu": (step) => 40 + step });
  await end(first);
  await upload(first, "tables/importance.csv", `feature,gain,${"wide_column,".repeat(12)}last\namount,0.5,${"1,".repeat(12)}2\n`);
  await upload(first, "model/MLmodel", "flavors: {}\n");
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
  const { createProject: project } = await ask(page, "mutation { createProject(name: \"Fraud, restricted to the people who work on it\") { id } }");
  const { members } = await ask(page, "{ members { nodes { id email } } }");
  const member = members.nodes.find(({ email }) => email === colleague.email).id;
  await ask(page, "mutation($project: ID!, $member: ID!) { setProjectMember(project: $project, member: $member, role: \"ml_engineer\") { id } }", { project: project.id, member });
  await ask(page, "mutation { createRole(input: { title: \"Model reviewer\", description: \"Looks at models before they go on.\", permissions: [\"models:read\", \"comments:write\"] }) { name } }");
  await ask(page, "mutation($of: ComparisonInput!) { saveComparison(name: \"Two candidates\", of: $of) { id } }", { of: { runs: [`run_${first}`, `run_${second}`] } });
  const { startImport } = await ask(page, "mutation($input: StartImportInput!) { startImport(input: $input) { id } }", { input: { address: url, token: connection.token, experiments: [`no such experiment ${name}`] } });
  return { cookies: await page.context().cookies(), id, run: first, second, model: name, project: project.id, import: startImport.id };
}
