import assert from "node:assert/strict";
import { journey, alive, signIn } from "./journey.mjs";
import { curves, experiment, run } from "./tracking.mjs";

const field = (page) => page.getByRole("combobox", { name: "Search or jump to" });
const options = (page) => page.locator("#palette .item .text").allInnerTexts();

/** What the palette offers for a text. */
async function offered(page, text) {
  await page.keyboard.press("Control+k");
  await field(page).fill(text);
  const found = await options(page);
  await page.keyboard.press("Escape");
  await page.locator("#palette").waitFor({ state: "hidden" });
  return found;
}

journey("the palette offers every page to an owner", async (page) => {
  await signIn(page);
  await alive(page);
  await page.keyboard.press("Control+k");
  const all = await options(page);
  const pages = ["Overview", "Experiments", "Compare", "Models", "Audit log", "Members", "Invitations", "Roles", "Access", "Single sign-on"];
  for (const label of [...pages, "API tokens", "API & BI", "Import", "Notifications", "Account", "New project", "New organization", "Sign out"]) assert.ok(all.includes(label), `${label}: ${all}`);
  await field(page).fill("single");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/access\/single-sign-on$/);
});

journey("what a page offers in its head can be done from the palette", async (page) => {
  const id = await experiment(`palette ${Date.now()}`);
  const run_id = await run(id, "one", { metrics: { loss: 1 }, end: false });
  await curves(run_id, 3, { loss: (step) => step });
  await signIn(page);
  const pages = { [`/runs/${run_id}`]: 2, [`/experiments/${id}`]: 5, "/members": 1, "/tokens": 1, "/audit": 2 };
  for (const [path, least] of Object.entries(pages)) {
    await page.goto(path);
    await alive(page);
    const labels = await page.locator(".head .actions :is(a, button:not(.square))").evaluateAll((all) => all.map((one) => one.textContent.trim()));
    assert.ok(labels.length >= least, `${path}: ${labels}`);
    for (const label of labels) assert.ok((await offered(page, label)).includes(label), `${path}: ${label}`);
  }

  await page.goto(`/experiments/${id}`);
  await alive(page);
  for (const label of ["Columns", "Export", "Discussion", "Rename", "Remove experiment", "Log a run"]) assert.ok((await offered(page, label)).includes(label), label);
  await page.keyboard.press("Control+k");
  await field(page).fill("log a run");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Log a run" }).waitFor();
  await page.keyboard.press("Escape");

  await page.goto(`/runs/${run_id}`);
  await alive(page);
  assert.ok((await offered(page, "comment on")).includes("Comment on loss"));
  await page.keyboard.press("Control+k");
  await field(page).fill("metrics");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/metrics$/);
  await alive(page);
  await page.keyboard.press("Control+k");
  await field(page).fill("remove run");
  await page.keyboard.press("Enter");
  await page.getByText("one was removed.").waitFor();
});
