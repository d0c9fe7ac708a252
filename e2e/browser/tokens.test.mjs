import assert from "node:assert/strict";
import { accessible, alive, journey, signIn, url } from "./journey.mjs";
import { end, experiment, run } from "./tracking.mjs";

journey("a token is created, its secret works, and revoking ends it", async (page) => {
  const name = `journey ${Date.now()}`;
  await signIn(page);
  await page.goto("/tokens");
  await alive(page);
  await page.getByRole("button", { name: "Create a token" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Create a token" });
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByLabel("Expires after").selectOption({ label: "7 days" });
  await dialog.getByRole("radio", { name: /^Only what I choose/ }).check();
  await dialog.getByRole("checkbox", { name: "See runs, params and metrics" }).check();
  await dialog.getByRole("button", { name: "Create the token" }).click();
  const fresh = page.getByRole("region", { name: "The new token" });
  const secret = (await fresh.locator(".secret code").innerText()).trim();
  assert.ok((await fresh.locator(".code").first().innerText()).includes(`MLFLOW_TRACKING_TOKEN=${secret}`));
  await accessible(page);

  const asked = () => fetch(`${url}/graphql`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${secret}` }, body: '{"query":"{viewer{permissions}}"}' });
  assert.deepEqual((await (await asked()).json()).data.viewer.permissions, ["runs:read"]);

  await fresh.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row").filter({ hasText: name }).getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog", { name: `Revoke ${name}?` }).getByRole("button", { name: "Revoke token" }).click();
  await page.getByText(`${name} was revoked.`).waitFor();
  await page.getByRole("row").filter({ hasText: name }).waitFor({ state: "detached" });
  assert.equal((await (await asked()).json()).data ?? null, null);
});

journey("t16 a token for a job is made on the run's page, logs to that run alone, and is revoked", async (page) => {
  const made = await experiment(`jobs ${Date.now()}`);
  const [own, other] = [await run(made, "on a cluster", { end: false }), await run(made, "beside it", { end: false })];
  await signIn(page);
  await page.goto(`/runs/run_${own}`);
  await alive(page);
  await page.getByRole("button", { name: "More for this run" }).click();
  await page.getByRole("button", { name: "Token for a job" }).click();
  const dialog = page.getByRole("dialog", { name: "Token for a job" });
  await dialog.getByLabel("Ends after, at the latest").selectOption({ label: "6 hours" });
  await dialog.getByRole("button", { name: "Make a token" }).click();
  await dialog.getByText("The token is shown only this once.").waitFor();
  const code = await dialog.locator(".code").innerText();
  assert.ok(code.includes(`MLFLOW_RUN_ID=${own}`) && code.includes("python train.py"), code);
  const [secret] = code.match(/assay_job_[\w-]{33}/);
  await accessible(page);

  const log = (id) => fetch(`${url}/api/2.0/mlflow/runs/log-metric`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
    body: JSON.stringify({ run_id: id, key: "loss", value: 0.5, timestamp: 1, step: 1 }),
  });
  assert.deepEqual([(await log(own)).status, (await log(other)).status], [200, 403]);

  await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
  await page.getByRole("dialog", { name: /^Revoke / }).getByRole("button", { name: "Revoke token" }).click();
  await page.getByText(/^The token .* is revoked\.$/).waitFor();
  await dialog.getByRole("button", { name: "Revoke", exact: true }).waitFor({ state: "detached" });
  assert.equal((await log(own)).status, 401);

  // There is no token for what has ended.
  await end(own);
  await page.goto(`/runs/run_${own}`);
  await alive(page);
  await page.getByRole("button", { name: "More for this run" }).click();
  await page.getByRole("button", { name: "Remove run" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Token for a job" }).count(), 0);
});
