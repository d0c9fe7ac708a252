import assert from "node:assert/strict";
import { accessible, alive, connection, fits, journey, signIn, until, url } from "./journey.mjs";
import { person, signUp } from "./people.mjs";
import { client } from "./tracking.mjs";

const { experiment, run, curves, upload, end } = client();

journey("an organization is imported into another one, with its report", async (page) => {
  const name = `moving ${Date.now()}`;
  const id = await experiment(name, { team: "fraud" });
  const kept = await run(id, "amber", { params: { rate: 0.1 }, metrics: { auc: 0.9 }, end: false });
  await curves(kept, 200, { loss: (step) => 1 / (step + 1) });
  await upload(kept, "plots/a.txt", "a file");
  await end(kept);

  await signUp(page, `Movers ${Date.now()}`, person("Mona Mover"));
  await page.getByRole("link", { name: "Import them" }).click();
  await page.waitForURL("**/import");
  await alive(page);
  await accessible(page);

  await page.getByLabel("Address", { exact: true }).fill("http://10.0.0.1:5000");
  await page.getByRole("button", { name: "Start the import" }).click();
  await page.getByText("This address is not on the public internet.").waitFor();

  await page.getByLabel("Address", { exact: true }).fill(url);
  await page.getByLabel("Signs in with").selectOption({ label: "A token" });
  await page.getByLabel("Token", { exact: true }).fill(connection.token);
  await page.getByText("This address is not encrypted").waitFor();
  await page.getByLabel("Only these experiments").fill(`${name}\nno such experiment`);
  await accessible(page);
  await page.getByRole("button", { name: "Start the import" }).click();
  await page.waitForURL(/\/import\/imp_/);
  await page.getByText("The import is done.").waitFor({ timeout: 60_000 });
  const line = (kind) => page.locator(".import-counts .line").filter({ hasText: kind });
  await until(() => line("Runs").first().innerText(), (words) => /1 of 1[\s\S]*201 points/.test(words));
  await until(() => line("Files of runs").innerText(), (words) => /1 of 1[\s\S]*6 B/.test(words));
  const problem = page.getByRole("row").filter({ hasText: "no such experiment" });
  assert.match(await problem.innerText(), /There is no experiment of this name at the source/);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  assert.equal(saved.suggestedFilename(), "import-problems.csv");
  await accessible(page);
  await fits(page);
  assert.ok(!(await page.content()).includes(connection.token), "the token is on the page");

  await page.goto(`/runs/${kept}`);
  await page.getByRole("heading", { name: "amber" }).waitFor();
  await page.goto("/import");
  const row = page.getByRole("row").filter({ hasText: new URL(url).host });
  assert.match(await row.innerText(), /done/);
  await fits(page);
});

journey("an import that fails says why, and how to go on", async (page) => {
  await signIn(page);
  await page.goto("/import");
  await alive(page);
  await page.getByLabel("Address", { exact: true }).fill(url);
  await page.getByRole("button", { name: "Start the import" }).click();
  await page.waitForURL(/\/import\/imp_/);
  await page.getByText("The import stopped.").waitFor({ timeout: 30_000 });
  await page.getByText("The server did not accept the credentials.").waitFor();
  await page.getByRole("link", { name: "Import again" }).click();
  await page.waitForURL(/\/import\?from=/);
  await until(() => page.getByLabel("Address", { exact: true }).inputValue(), url);
});

journey("an import on a phone", { viewport: { width: 390, height: 844 } }, async (page) => {
  await signIn(page);
  await page.goto("/import");
  await alive(page);
  await fits(page);
  await accessible(page);
  await page.getByRole("table", { name: "Imports" }).getByRole("link").first().click();
  await page.waitForURL(/\/import\/imp_/);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await alive(page);
  await fits(page);
  await accessible(page);
});
