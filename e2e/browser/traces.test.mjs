import assert from "node:assert/strict";
import { accessible, alive, journey, settled, signIn, until } from "./journey.mjs";
import { experiment, run, trace } from "./tracking.mjs";

journey("a slow and a failed request are found, and what they went through is seen", async (page) => {
  const group = await experiment(`traces ${Date.now()}`);
  const id = await run(group, "an agent");
  const step = { number: 1, name: "answer", start: 0, end: 400, attributes: { "mlflow.spanType": '"CHAIN"', "mlflow.spanInputs": '{"question":"Which card was used?"}', "mlflow.spanOutputs": '"gold"' } };
  await trace(group, [step, { number: 2, parent: 1, name: "retrieve", start: 100, end: 150, attributes: { top_k: "5" } }], id);
  const failed = await trace(group, [{ ...step, name: "refuse", failed: "The index was not reachable." }]);
  await signIn(page);
  await page.goto(`/experiments/${group}`);
  await alive(page);
  await page.getByRole("main").getByRole("link", { name: "Traces" }).click();
  await page.getByRole("heading", { level: 1, name: "Traces" }).waitFor();
  const rows = page.getByRole("table", { name: "Traces" }).locator("tbody tr");
  await rows.nth(1).waitFor();
  await until(() => rows.count(), 2);
  await accessible(page);
  await page.getByRole("link", { name: "Only errors" }).click();
  await page.getByRole("link", { name: "Show all" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("table[aria-label=Traces] tbody tr, [aria-label=Traces] tbody tr").length === 1);
  await page.getByRole("link", { name: "refuse" }).click();
  await page.getByText("The index was not reachable.").waitFor();
  await page.waitForURL((address) => address.pathname === `/traces/${failed}`);
  await accessible(page);

  // From the run to its traces, and into one step of one of them.
  await page.goto(`/runs/${id}`);
  await settled(page);
  await page.locator("dt", { hasText: "Traces" }).locator("xpath=..").getByRole("link", { name: "1" }).click();
  await page.getByRole("link", { name: "answer" }).click();
  await page.getByText("Which card was used?").first().waitFor();
  const steps = page.getByRole("navigation", { name: "Steps" });
  await until(() => steps.getByRole("link").count(), 2);
  await steps.getByRole("link", { name: "retrieve" }).click();
  await page.getByText("top_k").waitFor();
  await page.waitForURL(/\?span=0000000000000002$/);
  await page.reload();
  await page.getByText("top_k").waitFor();
  assert.equal(await page.getByText("Which card was used?").count(), 0);
  await accessible(page);
});
