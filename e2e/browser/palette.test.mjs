import assert from "node:assert/strict";
import { journey, alive, signIn, until } from "./journey.mjs";
import { curves, experiment, run } from "./tracking.mjs";

const field = (page) => page.getByRole("combobox", { name: "Search or jump to" });
const options = (page) => page.locator("#palette .item .text").allInnerTexts();

/** Waits until the palette offers something for a text. */
async function offered(page, text, label = text) {
  await page.keyboard.press("Control+k");
  await field(page).fill(text);
  await until(() => options(page), (all) => all.includes(label), `${label} is not offered at ${page.url()}: it`);
  await page.keyboard.press("Escape");
  await page.locator("#palette").waitFor({ state: "hidden" });
}

/** Finds a line of the palette by a text and presses Enter on it. */
async function choose(page, text, label) {
  await page.keyboard.press("Control+k");
  await field(page).fill(text);
  await page.locator("#palette [aria-selected=true]").getByText(label, { exact: true }).waitFor();
  await page.keyboard.press("Enter");
}

journey("the palette offers every page to an owner", async (page) => {
  await signIn(page);
  await alive(page);
  await page.keyboard.press("Control+k");
  const pages = ["Overview", "Experiments", "Compare", "Models", "Audit log", "Members", "Invitations", "Roles", "Access", "Single sign-on"];
  const every = [...pages, "API tokens", "API & BI", "Import", "Notifications", "Account", "New project", "New organization", "Sign out"];
  await until(() => options(page), (all) => every.every((label) => all.includes(label)), "the palette");
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
    for (const label of labels) await offered(page, label);
  }

  await page.goto(`/experiments/${id}`);
  await alive(page);
  for (const label of ["Columns", "Export", "Discussion", "Rename", "Remove experiment", "Log a run"]) await offered(page, label);
  await choose(page, "log a run", "Log a run");
  await page.getByRole("dialog", { name: "Log a run" }).waitFor();
  await page.keyboard.press("Escape");

  await page.goto(`/runs/${run_id}`);
  await alive(page);
  await offered(page, "comment on", "Comment on loss");
  await choose(page, "metrics", "Metrics");
  await page.waitForURL(/\/metrics$/);
  await alive(page);
  await choose(page, "remove run", "Remove run");
  await page.getByText("one was removed.").waitFor();
});
