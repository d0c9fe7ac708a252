import assert from "node:assert/strict";
import { accessible, alive, journey, signIn, url } from "./journey.mjs";

const called = `nightly ${Date.now()}`;

journey("a service account is made, its token works under its name, and removing it ends that", async (page, complaints) => {
  await signIn(page);
  await page.goto("/members");
  await alive(page);
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Service accounts" }).click();
  await page.getByRole("button", { name: "New service account" }).click();
  const dialog = page.getByRole("dialog", { name: "New service account" });
  // Owners are people.
  assert.equal(await dialog.getByRole("checkbox", { name: /^Owner/ }).count(), 0);
  await dialog.getByRole("textbox", { name: "Name" }).fill("ada@example.com");
  await dialog.getByRole("button", { name: "Make the service account" }).click();
  await dialog.getByText("could be taken for a person").waitFor();
  await dialog.getByRole("textbox", { name: "Name" }).fill(called);
  await dialog.getByRole("textbox", { name: "What it is for" }).fill("Retrains each night");
  await dialog.getByRole("checkbox", { name: /^Data scientist/ }).check();
  await accessible(page);
  await dialog.getByRole("button", { name: "Make the service account" }).click();
  await page.getByText(`${called} is made.`).waitFor();
  const row = page.getByRole("row").filter({ hasText: called });
  await row.getByText("Retrains each night").waitFor();

  await row.getByRole("button", { name: `More for ${called}` }).click();
  await page.getByRole("button", { name: "Tokens", exact: true }).click();
  const tokens = page.getByRole("dialog", { name: `Tokens of ${called}` });
  await tokens.getByText("nothing can act as it").waitFor();
  await tokens.getByRole("textbox", { name: "Name" }).fill("cluster");
  await tokens.getByRole("button", { name: "Create the token" }).click();
  const fresh = tokens.getByRole("region", { name: "The new token" });
  const secret = (await fresh.locator(".secret code").innerText()).trim();
  assert.ok((await fresh.locator(".code").first().innerText()).includes(`MLFLOW_TRACKING_TOKEN=${secret}`));
  await accessible(page);
  const asked = async () => {
    const request = { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${secret}` }, body: '{"query":"{viewer{name roles}}"}' };
    return (await (await fetch(`${url}/graphql`, request)).json()).data ?? null;
  };
  assert.deepEqual(await asked(), { viewer: { name: called, roles: ["data_scientist"] } });
  await fresh.getByRole("button", { name: "I have kept it" }).click();
  await tokens.getByRole("button", { name: "Close" }).click();

  // It stands among the members, with a mark.
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Members" }).click();
  await page.getByRole("table", { name: "Members" }).getByRole("row").filter({ hasText: called }).getByText("service account").waitFor();
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Service accounts" }).click();
  // Until then its row among the members stands there, which has a menu of the same name.
  await page.waitForURL(/\/members\/service-accounts$/);
  await row.getByText("Retrains each night").waitFor();

  await row.getByRole("button", { name: `More for ${called}` }).click();
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  await row.getByText("suspended").waitFor();
  assert.equal(await asked(), null);
  await row.getByRole("button", { name: `More for ${called}` }).click();
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await row.getByText("suspended").waitFor({ state: "detached" });
  assert.deepEqual((await asked()).viewer.name, called);

  await row.getByRole("button", { name: `More for ${called}` }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("dialog", { name: `Remove ${called}?` }).getByRole("button", { name: "Remove the service account" }).click();
  await page.getByText(`${called} was removed.`).waitFor();
  await row.waitFor({ state: "detached" });
  assert.equal(await asked(), null);
  assert.deepEqual(complaints, []);
});

journey("service accounts are read without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await signIn(page);
  await page.goto("/members/service-accounts");
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Service accounts" }).waitFor();
  await page.getByText("For what runs without a person").waitFor();
});
