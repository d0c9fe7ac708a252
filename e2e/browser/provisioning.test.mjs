// A directory that provisions members and groups.
import assert from "node:assert/strict";
import { accessible, fits, journey, settled, url } from "./journey.mjs";
import { person, signUp, token } from "./people.mjs";

const unique = () => crypto.randomUUID().slice(0, 8);

journey("a directory is connected, its groups get roles, and whom it suspends is marked", async (page) => {
  const owner = person("Ada Lovelace");
  await signUp(page, `Northwind ${unique()}`, owner);
  const secret = await token(page);
  const say = async (method, path, body) => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/scim+json" };
    const answer = await fetch(`${url}/scim/v2/${path}`, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  // The owner, found as a directory finds members who were there before.
  const found = await say("GET", `Users?filter=${encodeURIComponent(`userName eq "${owner.email}"`)}`);
  assert.equal(found.totalResults, 1);
  const name = `Platform ${unique()}`;
  await say("POST", "Groups", { displayName: name, members: [{ value: found.Resources[0].id }] });

  await page.goto("/access");
  await page.goto("/access/single-sign-on");
  await page.getByText("SCIM base address").waitFor();
  assert.equal(await page.locator("code", { hasText: "/scim/v2" }).first().innerText(), `${url}/scim/v2`);
  await page.getByText("Connect Okta").click();
  await page.getByText("Unique identifier field").waitFor();
  await page.getByText("Connect Microsoft Entra ID").click();
  await settled(page);
  await accessible(page);
  await fits(page);
  await page.getByLabel(`What members of ${name} are`).selectOption({ label: "Operations" });
  await page.getByText(`The members of ${name} have other roles from now on.`).waitFor();

  await page.goto("/members");
  const row = page.getByRole("row", { name: new RegExp(owner.email) });
  await row.getByText("Operations").waitFor();
  await row.getByText("managed", { exact: true }).waitFor();
  await settled(page);
  await accessible(page);
  await fits(page);
});
