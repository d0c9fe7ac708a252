import assert from "node:assert/strict";
import { accessible, alive, expected, journey, signIn, until } from "./journey.mjs";
import { accept, invite, person, signUp, token } from "./people.mjs";
import { client, end, experiment, log, run } from "./tracking.mjs";

journey("a run moves on the screen while it trains", async (page) => {
  const id = await run(await experiment(`live ${Date.now()}`), "training", { metrics: { loss: 1 }, params: { lr: 0.1 }, end: false });
  await signIn(page);
  await page.goto(`/runs/${id}`);
  await alive(page);
  await page.getByText("live", { exact: true }).first().waitFor();
  await log(id, { loss: 0.5 }, 1);
  await page.locator(".stat .value").filter({ hasText: "0.5" }).waitFor();
  await page.locator(".chart .lines path").first().waitFor();
  await accessible(page);
  await end(id);
  await page.locator(".facts").getByText("finished").waitFor();
  await until(() => page.getByText("live", { exact: true }).count(), 0);
});

journey("a run is renamed, tagged, annotated, removed and restored; each can be taken back", async (page) => {
  const id = await run(await experiment(`edit ${Date.now()}`), "first name", { metrics: { auc: 0.9 }, params: { model: "gbdt" } });
  await signIn(page);
  await page.goto(`/runs/${id}`);
  await alive(page);
  await page.getByRole("button", { name: "Rename" }).click();
  const dialog = page.getByRole("dialog", { name: "Rename run" });
  await dialog.getByLabel("Name").fill("second name");
  await dialog.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("heading", { level: 1, name: "second name" }).waitFor();

  await page.getByRole("button", { name: "Add a tag" }).click();
  await page.getByLabel("Key", { exact: true }).fill("team");
  await page.getByLabel(/^Value/).fill("fraud");
  await page.getByLabel("Key", { exact: true }).fill("te%am");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.getByText("Names may only contain alphanumerics").waitFor();
  await page.getByLabel("Key", { exact: true }).fill("team");
  await page.getByText("Names may only contain alphanumerics").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel(/^Value/).inputValue(), "fraud", "what was typed stays");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  const tag = page.locator(".tags li").filter({ hasText: "team" });
  await tag.waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await tag.waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Edit the note" }).click();
  await page.getByLabel("Note").fill("Flattens after step 600.");
  await page.getByRole("button", { name: "Save note" }).click();
  await page.locator("p.note").filter({ hasText: "Flattens" }).waitFor();

  await page.getByRole("button", { name: "More for this run" }).click();
  await page.getByRole("button", { name: "Remove run" }).click();
  await page.getByText("This run was removed.").waitFor();
  await page.getByRole("button", { name: "Restore" }).first().click();
  await page.getByText("This run was removed.").waitFor({ state: "detached" });
  await accessible(page);
});

journey("metrics and artifacts have their tabs, and an unknown run is said to be absent", async (page, complaints) => {
  const id = await run(await experiment(`tabs ${Date.now()}`), "tabs", { metrics: { train_loss: 1, val_loss: 2, auc: 0.5 }, end: false });
  for (let step = 1; step < 20; step += 1) await log(id, { train_loss: 1 / step, val_loss: 2 / step, auc: 1 - 0.5 / step }, step);
  await end(id);
  await signIn(page);
  await page.goto(`/runs/${id}/metrics`);
  await alive(page);
  await page.getByRole("heading", { name: "loss", exact: true }).waitFor();
  await page.getByLabel("Find metrics").fill("auc");
  await page.getByRole("heading", { name: "loss", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Log", exact: true }).click();
  await page.waitForURL(/scale=log/);
  await accessible(page);

  await page.getByRole("link", { name: "Artifacts" }).click();
  await page.getByRole("heading", { name: "No artifacts yet" }).waitFor();

  const answer = await page.goto(`/runs/run_${"0".repeat(32)}`);
  assert.equal(answer.status(), 404);
  await page.getByRole("heading", { name: "Not found" }).waitFor();
  await expected(complaints, 404);
});

journey("a run's tabs stay at the address that a client prints, and what the machine did comes last", async (page) => {
  const id = await run(await experiment(`hex ${Date.now()}`), "hex", { metrics: { "system/cpu": 40, loss: 1 }, end: false });
  for (let step = 1; step < 5; step += 1) await log(id, { "system/cpu": 40 + step, loss: 1 / step }, step);
  await end(id);
  await signIn(page);
  for (const [tab, path] of [["Overview", ""], ["Metrics", "/metrics"], ["Artifacts", "/artifacts"]]) {
    await page.goto(`/runs/${id}${path}`);
    await page.locator(`a[aria-current="page"][href$="/runs/${id}${path}"]`, { hasText: tab }).waitFor();
    assert.equal(await page.locator('main a[aria-current="page"][href*="/runs/"]').count(), 1, tab);
  }
  await page.goto(`/runs/${id}/metrics`);
  await alive(page);
  const headings = await page.locator("main").getByRole("heading").allInnerTexts();
  assert.ok(headings.indexOf("loss") >= 0 && headings.indexOf("loss") < headings.findIndex((text) => /system/i.test(text)), headings.join(", "));
});

journey("a run's curves are drawn before any script has run", { javaScriptEnabled: false }, async (page) => {
  const id = await run(await experiment(`drawn ${Date.now()}`), "drawn", { metrics: { loss: 1 }, end: false });
  for (let step = 1; step < 10; step += 1) await log(id, { loss: 1 / step }, step);
  await end(id);
  await signIn(page);
  for (const path of ["", "/metrics"]) {
    await page.goto(`/runs/${id}${path}`);
    assert.match(await page.locator("path.line").first().getAttribute("d"), /^M[\d.]+/, path);
  }
});

journey("finance reads a run: its params and curves, and nothing of models and files", async (page, _, somebody) => {
  const colleague = person("Fiona Finance");
  await signUp(page, `Northwind ${crypto.randomUUID().slice(0, 8)}`, person("Olga Owner"));
  await invite(page, colleague.email, "Finance");
  const other = await somebody();
  await accept(other, colleague);
  const own = client(await token(page));
  const id = await own.experiment("costs");
  const run_id = await own.run(id, "trained", { params: { learning_rate: 0.03 }, metrics: { loss: 1 }, end: false });
  const logged = await own.mlflow("logged-models", { experiment_id: id, name: "the model of it", source_run_id: run_id, params: [], tags: [] });
  await own.mlflow("runs/outputs", { run_id, models: [{ model_id: logged.model.info.model_id, step: 0 }] });
  await page.goto(`/runs/${run_id}`);
  await page.getByRole("heading", { name: "Logged models" }).waitFor();

  for (const path of ["", "/metrics"]) {
    const answer = await other.goto(`/runs/${run_id}${path}`);
    assert.equal(answer.status(), 200, path);
    await alive(other);
    await other.getByRole("heading", { level: 1, name: "trained" }).waitFor();
    assert.equal(await other.getByRole("link", { name: "Artifacts" }).count(), 0, path);
  }
  await other.goto(`/runs/${run_id}`);
  await other.getByText("learning_rate").waitFor();
  assert.equal(await other.getByText("the model of it").count(), 0);
  // What is logged while the page is open is asked for by the same rights.
  await alive(other);
  await own.log(run_id, { loss: 0.25 }, 1);
  await other.locator(".stat .value").filter({ hasText: "0.25" }).waitFor();
});
