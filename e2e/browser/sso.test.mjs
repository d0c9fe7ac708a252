// Single sign-on through a real OpenID provider.
import assert from "node:assert/strict";
import { accessible, expected, fits, journey, possible, settled, signInByForm } from "./journey.mjs";
import { person, signUp } from "./people.mjs";

const issuer = process.env.ASSAY_TEST_OIDC;
const secret = "a secret of the journeys";
const unique = () => crypto.randomUUID().slice(0, 8);

/** Sets the provider up as the organization's owner; the short name of the organization. */
async function setUp(page, { groups = "", fallback = "Viewer" } = {}) {
  await page.goto("/access");
  await page.getByRole("link", { name: "Set up" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Northwind ID");
  await page.getByLabel("Issuer").fill(issuer);
  await page.getByLabel("Client id").fill("assay");
  await page.getByLabel("Client secret").fill(secret);
  await page.getByLabel("Groups and roles").fill(groups);
  await page.getByLabel("Whom no group gives a role becomes").selectOption({ label: fallback });
  await Promise.all([page.waitForURL("**/access/single-sign-on?saved=1"), page.getByRole("button", { name: "Save" }).click()]);
  await page.getByText("It holds from the next sign-in on.").waitFor();
  return new URL(await page.locator("code", { hasText: "/sso?organization=" }).innerText()).searchParams.get("organization");
}

/** At the provider: signs in. */
async function vouch(page, name) {
  await page.waitForURL(`${issuer}/**`);
  await page.getByLabel("Login").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
}

journey("members come in by their organization's provider, and what groups say is what they are", async (page, complaints, somebody) => {
  await signUp(page, `Northwind ${unique()}`, person("Ada Lovelace"));
  const slug = await setUp(page, { groups: "ml = data_scientist", fallback: "Nobody: they are not let in" });
  await accessible(page);
  await fits(page);
  const grace = await somebody();
  await grace.goto("/experiments");
  await grace.getByRole("link", { name: "Use single sign-on" }).click();
  await grace.getByLabel("Organization").fill(slug);
  await settled(grace);
  await accessible(grace);
  await fits(grace);
  await grace.getByRole("button", { name: "Continue" }).click();
  await grace.getByRole("link", { name: "Continue with Northwind ID" }).waitFor();
  await settled(grace);
  await accessible(grace);
  await grace.getByRole("link", { name: "Continue with Northwind ID" }).click();
  const name = `grace-${unique()}`;
  await vouch(grace, `${name}+ml`);
  await grace.waitForURL((address) => address.pathname === "/experiments");
  await grace.goto("/account");
  const account = grace.locator("#content");
  await account.getByText("Data scientist").waitFor();
  await account.getByText(`${name}@example.com`).waitFor();
  // Known to the provider, with no place here: the page says what to do.
  const stranger = await somebody();
  await stranger.goto(`/sso?organization=${slug}`);
  await stranger.getByRole("link", { name: "Continue with Northwind ID" }).click();
  await vouch(stranger, `stranger-${unique()}`);
  await stranger.getByText("you have no place in this organization").waitFor();
  await settled(stranger);
  await accessible(stranger);
  const careless = await somebody();
  await careless.goto(`/sso?organization=${slug}`);
  await careless.getByRole("link", { name: "Continue with Northwind ID" }).click();
  await vouch(careless, `unverified-${unique()}+ml`);
  await careless.getByText("has not verified your e-mail address").waitFor();
});

journey("an owner makes it the only way in, keeps the way by password, and takes it back", { colorScheme: "dark" }, async (page, complaints, somebody) => {
  const ada = { ...person("Ada Lovelace"), email: `ada-${unique()}@example.com` };
  await signUp(page, `Northwind ${unique()}`, ada);
  const slug = await setUp(page);
  // Nobody has shown that it works: this is refused with the reason, and what was typed stands.
  await page.getByText("Only by single sign-on").click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Nobody has signed in through this provider yet.").waitFor();
  await settled(page);
  await accessible(page);
  await fits(page);
  const herself = await somebody();
  await herself.goto(`/sso?organization=${slug}`);
  await herself.getByRole("link", { name: "Continue with Northwind ID" }).click();
  await vouch(herself, ada.email.split("@")[0]);
  await herself.waitForURL((address) => address.pathname === "/");
  await herself.goto("/access/single-sign-on");
  await herself.getByText("Only by single sign-on").click();
  await Promise.all([herself.waitForURL("**/access/single-sign-on?saved=1"), herself.getByRole("button", { name: "Save" }).click()]);
  const elsewhere = await somebody();
  await signInByForm(elsewhere, ada);
  await elsewhere.goto("/audit");
  await elsewhere.getByText("session.break_glass").first().waitFor();
  await elsewhere.goto("/access/single-sign-on");
  await elsewhere.getByText("Remove the provider").click();
  await settled(elsewhere);
  await accessible(elsewhere);
  await elsewhere.getByRole("button", { name: "Remove it and end its sessions" }).click();
  await elsewhere.getByText("Its sessions have ended").waitFor();
  await herself.waitForURL((address) => address.pathname === "/sign-in");
  await expected(complaints, 422);
  possible(complaints, 401);
});
