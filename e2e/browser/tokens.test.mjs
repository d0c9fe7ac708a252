import assert from "node:assert/strict";
import { accessible, alive, journey, signIn, url } from "./journey.mjs";

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
