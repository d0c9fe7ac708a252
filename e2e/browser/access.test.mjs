import assert from "node:assert/strict";
import { accessible, expected, journey, possible, settled, signIn, signInByForm } from "./journey.mjs";
import { invite, accept, person, signUp } from "./people.mjs";

journey("a session in another browser is seen and ended", async (page, complaints, somebody) => {
  const ada = person("Ada Lovelace");
  await signUp(page, "Northwind Sessions", ada);
  const elsewhere = await somebody();
  await signInByForm(elsewhere, ada);
  await page.goto("/account");
  await settled(page);
  const sessions = page.getByRole("list", { name: "Your sessions" });
  assert.equal(await sessions.getByRole("listitem").count(), 2);
  await sessions.getByText("Chrome on Linux").first().waitFor();
  await sessions.getByRole("button", { name: "End the session" }).click();
  const asking = page.getByRole("dialog", { name: "End the session on Chrome on Linux?" });
  await asking.getByText("is signed out at once").waitFor();
  await accessible(page);
  await asking.getByRole("button", { name: "Keep" }).click();
  await asking.waitFor({ state: "hidden" });
  assert.equal(await sessions.getByRole("listitem").count(), 2, "nothing ends before it was asked");
  await sessions.getByRole("button", { name: "End the session" }).click();
  await Promise.all([page.waitForURL("**/account?ended=one"), asking.getByRole("button", { name: "End session" }).click()]);
  await page.getByText("The session was ended.").waitFor();
  assert.equal(await sessions.getByRole("listitem").count(), 1);
  await elsewhere.waitForURL((address) => address.pathname === "/sign-in");
  possible(complaints, 401);
});

journey("every session is ended before any script has run, after a question", { javaScriptEnabled: false }, async (page) => {
  const ada = person("Ada Lovelace");
  await signUp(page, "Northwind Everywhere", ada);
  await page.goto("/account");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  const asking = page.getByRole("dialog", { name: "Sign out everywhere?" });
  await asking.getByText("API tokens keep working").waitFor();
  await asking.getByRole("button", { name: "End every session" }).click();
  await page.waitForURL("**/sign-in**");
});

journey("an owner admits one domain, after seeing who loses access by it", async (page, complaints, somebody) => {
  const [ada, bob] = [person("Ada Lovelace"), { ...person("Bob Outside"), email: `${crypto.randomUUID()}@partner.example.org` }];
  await signUp(page, "Northwind Domains", ada);
  await invite(page, bob.email, "Viewer");
  const outside = await somebody();
  await accept(outside, bob);
  await page.goto("/access");
  await settled(page);
  await page.getByLabel("Mail domains that may enter").fill("example.com");
  await page.getByLabel("A sign-in is worth").selectOption({ label: "8 hours" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("1 member has an address of another domain").waitFor();
  await settled(page);
  await accessible(page);
  assert.equal(await page.getByLabel("A sign-in is worth").inputValue(), "480", "what was chosen stays");
  await page.getByLabel("They are meant to lose access").check();
  await Promise.all([page.waitForURL("**/access?saved=1"), page.getByRole("button", { name: "Save" }).click()]);
  assert.equal(await page.getByLabel("Mail domains that may enter").inputValue(), "example.com");
  await outside.waitForURL((address) => address.pathname === "/sign-in");
  await expected(complaints, 422);
  possible(complaints, 401);
});
