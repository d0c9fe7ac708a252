import assert from "node:assert/strict";
import { accessible, alive, journey, signIn, until } from "./journey.mjs";
import { experiment, run } from "./tracking.mjs";

const fresh = (what) => `${what} ${Date.now()}`;

journey("an experiment is created, renamed, removed and brought back", async (page) => {
  const name = fresh("journey");
  await signIn(page);
  await page.goto("/experiments");
  await alive(page);
  await accessible(page);
  await page.getByRole("button", { name: "New experiment" }).click();
  const creating = page.getByRole("dialog", { name: "New experiment" });
  await creating.getByLabel("Name").fill(name);
  await creating.getByRole("button", { name: "Create experiment" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  // An empty experiment teaches how to fill it, with the reader's own address.
  await page.getByRole("heading", { name: "No runs yet" }).waitFor();
  assert.ok((await page.locator(".state .guide").innerText()).includes(new URL(page.url()).origin));
  await accessible(page);

  await page.goto(`/experiments?filter=${encodeURIComponent(name)}`);
  await alive(page);
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByRole("button", { name: `More for ${name}` }).click();
  await row.getByRole("button", { name: "Rename" }).click();
  const renaming = page.getByRole("dialog", { name: "Rename experiment" });
  await renaming.getByLabel("Name").fill(`${name} again`);
  await renaming.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("link", { name: `${name} again` }).waitFor();

  await page.getByRole("button", { name: `More for ${name} again` }).click();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText(`${name} again was removed.`).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: `${name} again` }).waitFor();
});

journey("runs are sorted, filtered, selected, removed and brought back", async (page) => {
  const id = await experiment(fresh("runs"));
  for (const [name, auc, model] of [["low", 0.7, "mlp"], ["high", 0.9, "gbdt"], ["middle", 0.8, "gbdt"]]) await run(id, name, { metrics: { auc }, params: { model } });
  await signIn(page);
  await page.goto(`/experiments/${id}?sort=-metrics.auc`);
  await alive(page);
  await accessible(page);
  const names = () => page.locator("tbody th .name").allInnerTexts();
  assert.deepEqual(await names(), ["high", "middle", "low"]);

  await page.keyboard.press("/");
  await page.keyboard.type("metrics.auc > 0.75 and params.model = 'gbdt'");
  await page.keyboard.press("Enter");
  await page.getByText("2 of 3", { exact: true }).waitFor();
  await until(names, ["high", "middle"]);
  // The address holds the view.
  await page.reload();
  await alive(page);
  assert.deepEqual(await names(), ["high", "middle"]);

  await page.getByRole("combobox", { name: "Filter runs" }).fill("metrics.auc >");
  await page.keyboard.press("Enter");
  await page.locator(".filter .error").filter({ hasText: /./ }).waitFor();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await page.getByText("3 runs", { exact: true }).first().waitFor();
  await page.locator("tbody th .name").nth(2).waitFor();

  await page.locator("h1").click();
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  await page.getByText("2 runs selected").waitFor();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("2 runs were removed.").waitFor();
  // The word comes first, then the rows.
  await until(names, ["low"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "high" }).waitFor();
  await until(names, ["high", "middle", "low"]);
});

journey("chosen columns are kept for the next visit, and the table reads without the app", async (page) => {
  const id = await experiment(fresh("columns"));
  await run(id, "one", { metrics: { auc: 0.9, loss: 0.1 }, params: { model: "gbdt" } });
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await alive(page);
  await page.getByRole("button", { name: "Columns" }).click();
  const kept = page.waitForResponse((answer) => answer.url().endsWith("/graphql") && answer.request().postData()?.includes("SetPreference"));
  await page.locator("#columns").getByRole("button", { name: "loss", exact: true }).click();
  await page.getByRole("columnheader", { name: "loss" }).waitFor({ state: "detached" });
  // The column goes before the server has kept it.
  await kept;
  await page.goto("/experiments");
  await page.goto(`/experiments/${id}`);
  assert.equal(await page.getByRole("columnheader", { name: "loss" }).count(), 0);
  assert.equal(await page.getByRole("columnheader", { name: "auc" }).count(), 1);
});

journey("without scripts the run table sorts and filters", { javaScriptEnabled: false }, async (page) => {
  const id = await experiment(fresh("plain"));
  for (const [name, auc] of [["low", 0.7], ["high", 0.9]]) await run(id, name, { metrics: { auc } });
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await page.getByRole("link", { name: "auc" }).click();
  await page.waitForURL(/sort=/);
  assert.deepEqual(await page.locator("tbody th .name").allInnerTexts(), ["high", "low"]);
  await page.getByRole("combobox", { name: "Filter runs" }).fill("metrics.auc < 0.8");
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=/);
  assert.deepEqual(await page.locator("tbody th .name").allInnerTexts(), ["low"]);
});
