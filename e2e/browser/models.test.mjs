import assert from "node:assert/strict";
import { journey, settled, signIn, until } from "./journey.mjs";
import { alias, experiment, model, run, stage, upload, version } from "./tracking.mjs";

/** A model with two versions, the second in production under an alias. */
async function registered() {
  const name = `fraud detector ${Date.now()}`;
  const id = await experiment(name);
  await model(name, { description: "Scores card payments within 40 ms.", tags: { team: "fraud" } });
  const runs = [];
  for (const [at, auc] of [0.91, 0.93].entries()) {
    runs.push(await run(id, `candidate ${at + 1}`, { metrics: { auc } }));
    await upload(runs[at], "model/MLmodel", "flavors: {}\n");
    assert.equal(await version(name, runs[at], "model", { tags: { checked: "yes" } }), String(at + 1));
  }
  await alias(name, "champion", "2");
  await stage(name, "1", "Archived");
  await stage(name, "2", "Production");
  return { name, runs };
}

journey("a registered model is found in the list and opened", async (page) => {
  const { name, runs } = await registered();
  await signIn(page);
  await page.goto(`/models?filter=${encodeURIComponent(name)}`);
  await settled(page);
  const row = page.getByRole("table", { name: "Models" }).locator("tbody tr").filter({ hasText: name });
  const words = (await row.innerText()).split(/\s+/).join(" ");
  for (const part of ["production 2", "champion 2", "Scores card payments"]) assert.ok(words.includes(part), words);

  await row.getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  const versions = page.getByRole("table", { name: "Versions" }).locator("tbody tr");
  await until(() => versions.locator("th").allInnerTexts(), ["Version 2", "Version 1"]);
  assert.match(await page.locator(".band .on").innerText(), /production\s+version 2/);
  await page.getByText(`models:/${name}@champion`).waitFor();
  await page.getByText("team: fraud").waitFor();

  await versions.first().getByRole("link", { name: "candidate 2" }).click();
  await page.getByRole("heading", { level: 1, name: "candidate 2" }).waitFor();
  await page.waitForURL((address) => address.href.endsWith(runs[1]));
});

journey("a model's page is read without JavaScript", { javaScriptEnabled: false }, async (page) => {
  const { name } = await registered();
  await signIn(page);
  await page.goto(`/models/${encodeURIComponent(name)}`);
  assert.equal(await page.getByRole("table", { name: "Versions" }).locator("tbody tr").count(), 2);
});
