// An organization whose every name is hostile, on every page that shows one: a name is a text and nothing else.
import assert from "node:assert/strict";
import test from "node:test";
import { alive, connection, expected, journey, url } from "./journey.mjs";
import { ask } from "./organization.mjs";
import { REST, WORK, addressOf } from "./pages.mjs";
import { mailed, person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

// Each calls the canary, or asks for it, in a page that takes it for more than a text.
const IMAGE = "<img src=canary onerror=canary()>";
const SCRIPT = "</script><script>canary()</script>";
const LINK = "javascript:canary()";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="canary()"><script>canary()</script><image href="canary"/></svg>`;
// What keys may hold of it, names of files, and addresses of mail.
const KEY = "javascript:canary";
const FILE = "onerror=canary().html";
const MAIL = "onerror='canary'/&";

// The organization is IMAGE and its owner SCRIPT: both stand beside every page. What is looked for on one says what it is.
const named = (what) => `${what} ${IMAGE}`;
const [EXPERIMENT, RUN] = [IMAGE + SCRIPT, SCRIPT + IMAGE];
const SAID = `said ${IMAGE} ${SCRIPT}`;

const FILES = { [FILE]: IMAGE + SCRIPT, "notes.md": `[link](${LINK}) ${IMAGE}${SCRIPT}`, "drawing.svg": SVG, "tables/importance.csv": `${IMAGE},name\n${LINK},${SCRIPT}\n`, "data.json": JSON.stringify({ [IMAGE]: SCRIPT }) };
const ENVIRONMENT = {
  "environment/requirements.txt": `${named("package")}==1\n`,
  "environment/uncommitted.diff": `diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-same\n+changed ${SCRIPT}\n`,
};

/** What must be read on pages of the list, by their addresses in it. The others are looked at all the same. */
const SHOWN = {
  "/": [EXPERIMENT, RUN],
  "/experiments": [EXPERIMENT],
  "/experiments/{id}": [RUN, KEY],
  "/experiments/{id}/discussion": [SAID],
  "/shared/{experimentLink}": [EXPERIMENT, RUN, `Shared by ${IMAGE}`],
  "/shared/{experimentLink}/runs/{run}": [RUN, KEY],
  "/shared/{runLink}": [RUN, KEY],
  "/runs/{run}": [RUN, IMAGE, LINK, SAID],
  "/runs/{run}/metrics": [KEY],
  "/runs/{run}/artifacts?path=tables/importance.csv": [LINK, SCRIPT],
  "/runs/{run}/reproduce": [named("system"), `--label=${SCRIPT}`, `changed ${SCRIPT}`, named("package")],
  "/experiments/{id}/traces": [named("step")],
  "/traces/{trace}": [named("step"), `failed ${SCRIPT}`, LINK],
  "/templates": [named("template")],
  "/templates/{template}": [named("template"), named("started")],
  "/compare": [named("comparison")],
  "/compare?run={run}&run={second}": [KEY],
  "/models": [named("model")],
  "/models/{model}": [named("model"), `about ${SCRIPT}`],
  "/members": [named("service")],
  "/members/invitations": [MAIL],
  "/members/service-accounts": [named("service")],
  "/members/roles": [named("role")],
  "/projects": [named("project")],
  "/projects/{project}": [named("project")],
  "/tokens": [named("token")],
  "/api-access?experiment={id}": [KEY],
  "/audit": [named("channel")],
  "/import/{import}": [named("import")],
  "/access/single-sign-on": [named("provider"), named("directory")],
  "/slack": [named("channel")],
  "/notifications": [`${named("service")} mentioned you on ${RUN}`, named("own channel")],
};

/** Asks the API as a script with a token does. */
async function call(secret, query, variables) {
  const request = { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${secret}` }, body: JSON.stringify({ query, variables }) };
  const answer = await (await fetch(`${url}/graphql`, request)).json();
  assert.ok(answer.data && !answer.errors, JSON.stringify(answer));
  return answer.data;
}

/** Experiments, runs, models and what belongs to them; answers the ids in their addresses. */
async function logged(secret) {
  const { mlflow, trace, experiment, run, curves, end, upload, model, version } = client(secret);
  const id = await experiment(EXPERIMENT, { team: IMAGE, [KEY]: LINK });
  for (const [what, refused] of [["param", { params: { [IMAGE]: 1 } }], ["metric", { metrics: { [IMAGE]: 1 } }], ["tag", { tags: { [IMAGE]: 1 } }]]) {
    await assert.rejects(run(id, "refused", refused), /INVALID_PARAMETER_VALUE/, `key of a ${what}`);
  }
  const tags = {
    [KEY]: LINK, team: SCRIPT, "mlflow.note.content": `${IMAGE} [link](${LINK})`, "mlflow.user": IMAGE, "mlflow.source.name": LINK, "mlflow.source.git.repoURL": LINK, "mlflow.source.git.branch": IMAGE,
    "assay.environment": "1", "assay.environment.os": named("system"), "assay.environment.directory": LINK, "assay.environment.command": JSON.stringify(["train.py", `--label=${SCRIPT}`]),
  };
  const params = { image: IMAGE, link: LINK, [KEY]: SCRIPT };
  const second = await run(id, RUN, { params: { ...params, which: "second" }, metrics: { [KEY]: 2 } });
  const run_id = await run(id, RUN, { params: { ...params, which: "first" }, tags, end: false });
  // Numbers enough for a chart of them.
  await curves(run_id, 20, { [KEY]: (step) => step });
  await end(run_id);
  const dataset = { name: IMAGE, digest: "canary", source_type: "http", source: JSON.stringify({ url: LINK }), schema: "{}", profile: "{}" };
  await mlflow("runs/log-inputs", { run_id, datasets: [{ dataset, tags: [{ key: "mlflow.data.context", value: IMAGE }] }] });
  const of_run = await mlflow("logged-models", { experiment_id: id, name: IMAGE, source_run_id: run_id, params: [], tags: [{ key: "team", value: IMAGE }] });
  await mlflow("runs/outputs", { run_id, models: [{ model_id: of_run.model.info.model_id, step: 0 }] });
  for (const [path, content] of Object.entries({ ...FILES, ...ENVIRONMENT })) await upload(run_id, path, content);
  await assert.rejects(upload(run_id, `${IMAGE}.txt`, ""), /400/, "name of a file");
  await model(named("model"), { description: `about ${SCRIPT}`, tags: { team: IMAGE } });
  await version(named("model"), run_id, "notes.md", { description: IMAGE, tags: { team: SCRIPT } });
  const attributes = { "mlflow.spanType": `"${IMAGE}"`, "mlflow.spanInputs": JSON.stringify({ [IMAGE]: SCRIPT }), "mlflow.spanOutputs": SVG, "mlflow.traceTag.team": IMAGE, [IMAGE]: LINK };
  const step = { number: 1, name: named("step"), start: 0, end: 9, failed: `failed ${SCRIPT}`, attributes };
  return { id, run: run_id, second, model: named("model"), trace: await trace(id, [step, { ...step, number: 2, parent: 1, start: 3 }], run_id) };
}

/** Fills an organization; answers its owner's cookies, and the ids and names that addresses are made of. */
async function fill(page) {
  const [owner, guest] = [person(SCRIPT), person("Gina Guest")];
  await signUp(page, IMAGE, owner);
  const secret = await token(page);
  const known = await logged(secret);
  const { id, run, second } = known;

  const { createServiceAccount: account } = await ask(page, "mutation($input: ServiceAccountInput!) { createServiceAccount(input: $input) { id } }", { input: { name: named("service"), description: SCRIPT, roles: ["data_scientist"] } });
  const { createServiceAccountToken: service } = await ask(page, "mutation($account: ID!, $name: String!) { createServiceAccountToken(account: $account, input: { name: $name, scopes: [\"*\"], expiresInDays: 1 }) { secret } }", { account: account.id, name: IMAGE });
  const { createTemplate } = await ask(page, "mutation($run: ID!, $name: String!, $about: String!) { createTemplate(run: $run, name: $name, description: $about) { id } }", { run: `run_${run}`, name: named("template"), about: SCRIPT });
  await client(service.secret).run(id, named("started"), { tags: { "assay.template": createTemplate.id } });
  // Of the experiment, of the run, and of a point, which stands on the chart.
  for (const about of [{ about: `exp_${id}` }, { about: `run_${run}` }, { about: `run_${run}`, key: KEY, step: 5 }]) {
    const input = { ...about, body: `@${owner.email} ${SAID} [link](${LINK}) ![picture](canary)` };
    await call(service.secret, "mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", { input });
  }
  await ask(page, "mutation($name: String!, $of: ComparisonInput!) { saveComparison(name: $name, of: $of) { id } }", { name: named("comparison"), of: { runs: [`run_${run}`, `run_${second}`] } });
  const link = async (shows) => (await ask(page, "mutation($input: CreateLinkInput!) { createLink(input: $input) { url } }", { input: { shows, label: named("link"), expiresInDays: 1 } })).createLink.url.split("/").at(-1);
  const [experimentLink, runLink] = [await link({ experiment: `exp_${id}` }), await link({ run: `run_${run}` })];

  await ask(page, "mutation($name: String!) { createToken(input: { name: $name, scopes: [\"runs:read\"], expiresInDays: 1 }) { secret } }", { name: named("token") });
  await ask(page, "mutation($title: String!, $about: String!) { createRole(input: { title: $title, description: $about, permissions: [\"models:read\"] }) { name } }", { title: named("role"), about: SCRIPT });
  const { createProject: project } = await ask(page, "mutation($name: String!) { createProject(name: $name) { id } }", { name: named("project") });
  for (const email of [`${MAIL}${crypto.randomUUID().slice(0, 8)}@example.com`, guest.email]) await ask(page, "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }", { email });
  const { startImport } = await ask(page, "mutation($input: StartImportInput!) { startImport(input: $input) { id } }", { input: { address: url, token: connection.token, experiments: [named("import")] } });
  const provider = { kind: "oidc", label: named("provider"), issuer: process.env.ASSAY_TEST_OIDC, clientId: IMAGE, clientSecret: "a secret", groupRoles: [{ group: IMAGE, role: "viewer" }] };
  await ask(page, "mutation($input: IdentityProviderInput!) { setIdentityProvider(input: $input) { label } }", { input: provider });
  const directory = { method: "POST", headers: { authorization: `Bearer ${secret}`, "content-type": "application/scim+json" }, body: JSON.stringify({ displayName: named("directory") }) };
  assert.equal((await fetch(`${url}/scim/v2/Groups`, directory)).status, 201);
  // Last, and told of nothing: there is no Slack here. The audit log's newest entries are of them.
  const address = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";
  await ask(page, "mutation($input: ConnectSlackInput!) { connectOwnSlack(input: $input) { label } }", { input: { address, label: named("own channel") } });
  await ask(page, "mutation($input: ConnectSlackInput!) { connectSlack(input: $input, posts: []) { label } }", { input: { address, label: named("channel") } });
  const { viewer } = await ask(page, "{ viewer { organization { slug } } }");
  return { ...known, cookies: await page.context().cookies(), guest: guest.email, slug: viewer.organization.slug, project: project.id, import: startImport.id, template: createTemplate.id, experimentLink, runLink };
}

/** From here on a name that the page takes for more than a text is a complaint. */
async function watch(page, complaints) {
  await page.exposeFunction("canary", () => complaints.push(`a name was executed on ${page.url()}`));
  page.on("request", (request) => new URL(request.url()).pathname.endsWith("/canary") && complaints.push(`a name was loaded on ${page.url()}`));
}

let filled;

/** A page of the owner of the hostile organization. */
async function enter(page, complaints) {
  await watch(page, complaints);
  filled ??= await fill(page);
  await page.context().addCookies(filled.cookies);
}

/** What is read on a page, in its fields too; elements that are made of a name; and the schemes of its links. In the page. */
const read = () => {
  const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
  const leads = ["href", "xlink:href", "src", "srcdoc", "data", "action", "formaction"];
  const hostile = ({ name, value }) => name.startsWith("on") || (leads.includes(name) && (value === "canary" || /^\s*(javascript|vbscript):/i.test(value)));
  const made = [...document.querySelectorAll("*")].filter((element) => [...element.attributes].some(hostile));
  return {
    text: [document.body.innerText, ...fields].join("\n"),
    made: made.map((element) => element.outerHTML.slice(0, 200)),
    schemes: [...new Set([...document.links].map((link) => link.protocol))],
  };
};

/** Fails unless the texts stand on the page, and are texts. */
async function harmless(page, texts = []) {
  const { text, made, schemes } = await page.evaluate(read);
  for (const wanted of texts) assert.ok(text.includes(wanted), `${page.url()} shows ${wanted}`);
  assert.deepEqual(made, [], `${page.url()} has elements that are made of a name`);
  assert.deepEqual(schemes.filter((scheme) => scheme !== "http:"), [], `${page.url()} leads nowhere else`);
}

/** Opens an address, and looks at it when it has come to rest. */
async function look(page, complaints, address, texts, status = 200) {
  const answer = await page.goto(address);
  await alive(page);
  assert.equal(answer.status(), status, address);
  if (status !== 200) await expected(complaints, status);
  await harmless(page, texts);
}

/** Each page tells what is wrong with it, and the next one is looked at all the same. */
async function walk(page, complaints, pages) {
  const wrong = [];
  for (const { path, status } of pages) {
    await look(page, complaints, addressOf(path, filled), SHOWN[path], status).catch((failed) => wrong.push(`${path}: ${failed.message}`));
  }
  assert.ok(wrong.length === 0, wrong.join("\n\n"));
}

test("what must be read on a page is of a page that is visited", () => {
  const visited = [...WORK, ...REST].map(({ path }) => path);
  assert.deepEqual(Object.keys(SHOWN).filter((path) => !visited.includes(path)), [], "no visit");
});

journey("t41 no name is taken for more than a text on the pages of experiments and runs", async (page, complaints) => {
  await enter(page, complaints);
  await walk(page, complaints, WORK);
  const id = filled.id;
  // Names of groups stand in every chart of a comparison.
  const groups = new URLSearchParams({ e1: id, f1: "params.which = 'first'", n1: named("group"), e2: id, f2: "params.which = 'second'", n2: SCRIPT, metric: KEY });
  await look(page, complaints, `/compare?${groups}`, [named("group"), SCRIPT, KEY]);
  await look(page, complaints, `/experiments/${id}?${new URLSearchParams({ filter: IMAGE, sort: SCRIPT })}`, ["The filter was not understood"]);

  await page.goto(`/experiments/${id}`);
  await alive(page);
  await page.getByRole("main").getByRole("button", { name: "Share", exact: true }).first().click();
  await page.getByRole("dialog", { name: "Share" }).getByText(named("link")).first().waitFor();
  await harmless(page);
});

journey("t41 no name is taken for more than a text on the pages of the organization", async (page, complaints) => {
  await enter(page, complaints);
  await walk(page, complaints, REST);

  await page.goto("/audit");
  await page.getByRole("row").filter({ hasText: IMAGE }).first().getByRole("link").first().click();
  await page.locator(".entry").getByText(IMAGE).first().waitFor();
  await harmless(page);

  await page.goto("/");
  await alive(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill("canary");
  await page.getByRole("option").filter({ hasText: IMAGE }).first().waitFor();
  await harmless(page);
});

journey("t41 no name is taken for more than a text in pages that the browser makes, in files, in addresses, and by strangers", async (page, complaints, somebody) => {
  await enter(page, complaints);
  const { run, guest, slug, experimentLink } = filled;

  // From page to page within the app, whose tables the browser then writes itself.
  const main = page.getByRole("main");
  await page.goto("/");
  await alive(page);
  for (const [entry, text] of [["Templates", named("template")], ["Models", named("model")], ["Members", named("service")], ["API tokens", named("token")], ["Audit log", named("channel")], ["Experiments", EXPERIMENT]]) {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: entry, exact: true }).click();
    // The page before may name the same.
    await main.getByRole("heading", { level: 1, name: entry, exact: true }).waitFor();
    await main.getByText(text).first().waitFor();
    await harmless(page);
  }
  for (const name of [EXPERIMENT, RUN]) {
    await main.getByRole("link", { name }).first().click();
    await main.getByRole("heading", { level: 1, name }).waitFor();
    await harmless(page);
  }

  for (const path of Object.keys(FILES)) await look(page, complaints, `/runs/${run}/artifacts?path=${encodeURIComponent(path)}`, [path.split("/").at(-1)]);
  // A file of a run, asked for on its own, is a text or a download, and may do nothing.
  for (const [path, kind, disposition] of [[FILE, "text/plain", "inline"], ["drawing.svg", "image/svg+xml", "attachment"]]) {
    const headers = (await page.request.get(`/artifacts/runs/${run}/${encodeURIComponent(path)}?inline=1`)).headers();
    assert.ok(headers["content-type"].startsWith(kind) && headers["content-disposition"].startsWith(disposition), JSON.stringify(headers));
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.ok(headers["content-security-policy"].startsWith("sandbox; default-src 'none'"));
  }

  const typed = encodeURIComponent(IMAGE);
  await look(page, complaints, `/tokens?name=${typed}&scope=${typed}`, [IMAGE]);
  await look(page, complaints, `/audit?actor=${typed}`, [IMAGE]);
  await look(page, complaints, `/nothing/${typed}`, ["No page at this address"], 404);

  // Who has not signed in sees the organization's name, its owner's, its provider's and what a link shows.
  const stranger = await somebody();
  await watch(stranger, complaints);
  await look(stranger, complaints, await mailed(guest, "/invitation"), [`${SCRIPT} invited you to ${IMAGE} as viewer.`]);
  await look(stranger, complaints, `/sso?organization=${slug}`, [named("provider")]);
  await look(stranger, complaints, `/shared/${experimentLink}`, [EXPERIMENT, `Shared by ${IMAGE}`]);
});
