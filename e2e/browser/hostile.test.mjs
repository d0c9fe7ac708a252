import assert from "node:assert/strict";
import { alive, expected, journey, settled } from "./journey.mjs";
import { person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

// Each calls the canary, or asks for it, in a page that takes it for more than a text.
const IMAGE = "<img src=canary onerror=canary()>";
const SCRIPT = "</script><script>canary()</script>";
const LINK = "javascript:canary()";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="canary()"><script>canary()</script><image href="canary"/></svg>`;
// What keys may hold of it, and names of files.
const KEY = "javascript:canary";
const FILE = "onerror=canary().html";

const FILES = { [FILE]: IMAGE + SCRIPT, "notes.md": `[link](${LINK}) ${IMAGE}${SCRIPT}`, "drawing.svg": SVG, "table.csv": `${IMAGE},${LINK}\n${SCRIPT},=canary()\n`, "data.json": JSON.stringify({ [IMAGE]: SCRIPT }) };

/** Fills an organization whose every name is hostile; answers where its run is. */
async function fill(secret) {
  const { mlflow, experiment, run, upload, model, version } = client(secret);
  const id = await experiment(IMAGE + SCRIPT, { team: IMAGE, [KEY]: LINK });
  const tags = { [KEY]: LINK, team: SCRIPT, "mlflow.note.content": `${IMAGE} [link](${LINK})`, "mlflow.user": IMAGE, "mlflow.source.name": LINK, "mlflow.source.git.repoURL": LINK };
  const run_id = await run(id, SCRIPT + IMAGE, { params: { image: IMAGE, link: LINK, [KEY]: SCRIPT }, metrics: { [KEY]: 1 }, tags });
  const dataset = { name: IMAGE, digest: "canary", source_type: "http", source: JSON.stringify({ url: LINK }), schema: "{}", profile: "{}" };
  await mlflow("runs/log-inputs", { run_id, datasets: [{ dataset, tags: [{ key: "mlflow.data.context", value: IMAGE }] }] });
  const logged = await mlflow("logged-models", { experiment_id: id, name: IMAGE, source_run_id: run_id, params: [], tags: [{ key: "team", value: IMAGE }] });
  await mlflow("runs/outputs", { run_id, models: [{ model_id: logged.model.info.model_id, step: 0 }] });
  for (const [path, content] of Object.entries(FILES)) await upload(run_id, path, content);
  await model(IMAGE, { description: SCRIPT, tags: { team: IMAGE } });
  await version(IMAGE, run_id, "notes.md", { description: IMAGE, tags: { team: SCRIPT } });

  for (const [what, refused] of [["param", { params: { [IMAGE]: 1 } }], ["metric", { metrics: { [IMAGE]: 1 } }], ["tag", { tags: { [IMAGE]: 1 } }]]) {
    await assert.rejects(run(id, "refused", refused), /INVALID_PARAMETER_VALUE/, `key of a ${what}`);
  }
  await assert.rejects(upload(run_id, `${IMAGE}.txt`, ""), /400/, "name of a file");
  return { id, run_id };
}

journey("t41: no name is taken for more than a text", async (page, complaints) => {
  await page.exposeFunction("canary", () => complaints.push(`a name was executed on ${page.url()}`));
  page.on("request", (request) => new URL(request.url()).pathname.endsWith("/canary") && complaints.push(`a name was loaded on ${page.url()}`));
  await signUp(page, IMAGE, person(SCRIPT));
  const { id, run_id } = await fill(await token(page));

  const model = `/models/${encodeURIComponent(IMAGE)}`;
  const pages = {
    "/": [IMAGE, SCRIPT],
    "/experiments": [IMAGE + SCRIPT, SCRIPT],
    [`/experiments/${id}`]: [SCRIPT + IMAGE, KEY],
    [`/experiments/${id}?filter=${encodeURIComponent(IMAGE)}&sort=${encodeURIComponent(SCRIPT)}`]: ["The filter was not understood"],
    [`/runs/${run_id}`]: [SCRIPT + IMAGE, IMAGE, LINK],
    [`/runs/${run_id}/metrics`]: [KEY],
    "/models": [IMAGE, SCRIPT],
    [model]: [IMAGE, SCRIPT],
    "/members": [SCRIPT],
    "/audit": [IMAGE],
    "/account": [SCRIPT, IMAGE],
    [`/nothing/${encodeURIComponent(IMAGE)}`]: ["No page at this address"],
  };
  for (const path of Object.keys(FILES)) pages[`/runs/${run_id}/artifacts?path=${encodeURIComponent(path)}`] = [path];
  for (const [path, texts] of Object.entries(pages)) {
    await page.goto(path);
    await settled(page);
    const [shown, schemes] = await page.evaluate(() => {
      const values = [...document.querySelectorAll("input")].map((input) => input.value);
      return [[document.body.innerText, ...values].join("\n"), [...document.links].map((link) => link.protocol)];
    });
    for (const text of texts) assert.ok(shown.includes(text), `${path} shows ${text}`);
    assert.deepEqual([...new Set(schemes)], ["http:"], `${path} leads nowhere else`);
  }

  await page.goto("/audit");
  await page.getByRole("row").filter({ hasText: IMAGE }).first().getByRole("link").first().click();
  await page.locator(".entry").getByText(IMAGE).first().waitFor();

  await page.goto("/");
  await alive(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill("canary");
  await page.getByRole("option").filter({ hasText: IMAGE }).first().waitFor();

  // A file of a run, asked for on its own, is a text or a download, and may do nothing.
  for (const [path, kind, disposition] of [[FILE, "text/plain", "inline"], ["drawing.svg", "image/svg+xml", "attachment"]]) {
    const headers = (await page.request.get(`/artifacts/runs/${run_id}/${encodeURIComponent(path)}?inline=1`)).headers();
    assert.ok(headers["content-type"].startsWith(kind) && headers["content-disposition"].startsWith(disposition), JSON.stringify(headers));
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.ok(headers["content-security-policy"].startsWith("sandbox; default-src 'none'"));
  }
  await expected(complaints, 404); // the page at no address
});
