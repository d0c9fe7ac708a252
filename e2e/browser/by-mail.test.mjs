import assert from "node:assert/strict";
import { accessible, connection, journey, possible, settled, signIn, signInByForm, until } from "./journey.mjs";
import { accept, invite, mailed, person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

journey("an invitation that came by mail is accepted, once", async (page, _, somebody) => {
  const grace = person("Grace Hopper");
  await signIn(page);
  await invite(page, grace.email, "Viewer");
  const invited = await somebody();
  await accept(invited, grace);
  await settled(invited);
  assert.match(await invited.locator(".rail .me").innerText(), /Grace Hopper\s+Viewer/);
  assert.ok((await invited.locator(".rail .organization").innerText()).includes(connection.organization));
  await invited.goto("/experiments");
  await settled(invited);
  assert.equal(await invited.getByRole("button", { name: "New experiment" }).count(), 0, "a viewer is offered nothing to write");

  await page.goto("/members");
  await page.getByRole("row").filter({ hasText: grace.email }).waitFor();
  const late = await somebody();
  await late.goto(await mailed(grace.email, "/invitation"));
  await late.getByText("This invitation was used, revoked or has expired.").waitFor();
  assert.equal(await late.getByRole("button", { name: "Join the organization" }).count(), 0);
});

journey("a sign-up confirmed by mail founds an organization, whose first page teaches", async (page) => {
  await signUp(page, "Northwind Risk", person("Ada Lovelace"));
  await settled(page);
  assert.match(await page.locator(".rail .organization").innerText(), /^Northwind Risk/);
  assert.match(await page.locator(".rail .me").innerText(), /Ada Lovelace\s+Owner/);
  await page.getByRole("heading", { name: "Your first run" }).waitFor();
  assert.ok((await page.locator(".begin .code").last().innerText()).includes(`set_tracking_uri("${new URL(page.url()).origin}")`));
  await accessible(page);
  await page.getByRole("link", { name: "Create a token" }).click();
  await page.waitForURL("**/tokens");
});

journey("a forgotten password is replaced by mail, which ends the old session", async (page, complaints, somebody) => {
  const alan = person("Alan Turing");
  await signUp(page, "Bletchley", alan);
  const other = await somebody();
  await other.goto("/sign-in");
  await other.getByRole("link", { name: "Forgot the password?" }).click();
  await other.getByLabel("E-mail").fill(alan.email);
  await other.getByRole("button", { name: "Send the link" }).click();
  await other.getByRole("heading", { name: "Look into your mail" }).waitFor();
  await other.goto(await mailed(alan.email, "/reset-password"));
  const password = "a different long phrase";
  await other.getByLabel("New password").fill(password);
  await other.getByRole("button", { name: "Change the password" }).click();
  await other.getByText("Your password was changed and every session was ended.").waitFor();
  // The page of the old session is told that it has ended, and leaves what it showed.
  await page.waitForURL((address) => address.pathname === "/sign-in");
  possible(complaints, 401);
  await signInByForm(other, { ...alan, password });
});

journey("a person of two organizations switches between them and signs out", async (page, _, somebody) => {
  const mary = person("Mary Jackson");
  await signUp(page, "Langley Wind Tunnels", mary);
  const founder = await somebody();
  await signUp(founder, "Hampton Airfoils", person("Kazimierz Czarnecki"));
  const { experiment, run } = client(await token(founder));
  await run(await experiment("only in Hampton"), "airfoil");
  await invite(founder, mary.email, "Data scientist");
  await accept(page, mary);
  assert.match(await page.locator(".rail .organization").innerText(), /^Hampton Airfoils/);
  await page.getByRole("link", { name: "airfoil" }).waitFor();

  for (const [to, runs] of [["Langley Wind Tunnels", 0], ["Hampton Airfoils", 1]]) {
    await settled(page);
    await page.locator(".rail .organization").click();
    await page.locator("#organizations").getByRole("button", { name: to }).click();
    await page.locator(".rail .organization").filter({ hasText: to }).waitFor();
    // The rail is there before the rest of the page.
    await page.waitForLoadState();
    await until(() => page.getByRole("link", { name: "airfoil" }).count(), runs, to);
  }

  await settled(page);
  await page.locator(".rail .me").click();
  await page.locator("#me").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  await page.goto("/experiments");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
});

journey("somebody who has signed in founds a further organization and is its owner", async (page) => {
  await signUp(page, "Northwind Retail", person("Grace Hopper"));
  await page.goto("/new-organization");
  await settled(page);
  await accessible(page);
  await page.getByLabel("Name").fill("Northwind Energy");
  await page.getByRole("button", { name: "Create the organization" }).click();
  await page.waitForURL((address) => address.pathname === "/");
  assert.match(await page.locator(".rail .organization").innerText(), /^Northwind Energy/);
  assert.match(await page.locator(".rail .me").innerText(), /Grace Hopper\s+Owner/);
});
