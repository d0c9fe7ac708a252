import assert from "node:assert/strict";
import { accessible, expected, fits, journey, settled, signIn, signInByForm } from "./journey.mjs";
import { invite, accept, person, signUp } from "./people.mjs";

for (const colorScheme of ["light", "dark"]) {
  journey(`the access page is accessible in the ${colorScheme} theme`, { colorScheme }, async (page) => {
    await signIn(page);
    await page.goto("/access");
    await settled(page);
    await accessible(page);
    await fits(page);
  });
}

journey("a session in another browser is seen and ended", async (page, _, somebody) => {
  const ada = person("Ada Lovelace");
  await signUp(page, "Northwind Sessions", ada);
  const elsewhere = await somebody();
  await signInByForm(elsewhere, ada);
  await page.goto("/account");
  await settled(page);
  const sessions = page.getByRole("list", { name: "Your sessions" });
  assert.equal(await sessions.getByRole("listitem").count(), 2);
  await sessions.getByText("Chrome on Linux").first().waitFor();
  await accessible(page);
  await Promise.all([page.waitForURL("**/account?ended=one"), sessions.getByRole("button", { name: "End the session" }).click()]);
  await page.getByText("The session was ended.").waitFor();
  assert.equal(await sessions.getByRole("listitem").count(), 1);
  await elsewhere.goto("/account");
  assert.equal(new URL(elsewhere.url()).pathname, "/sign-in");
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
  await outside.goto("/");
  assert.equal(new URL(outside.url()).pathname, "/sign-in");
  await expected(complaints, 422);
});
