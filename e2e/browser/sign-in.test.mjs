import assert from "node:assert/strict";
import { alive, connection, expected, journey, signInByForm } from "./journey.mjs";

journey("the owner signs in with the password they chose", async (page) => {
  await signInByForm(page);
  await alive(page);
  assert.notEqual(new URL(page.url()).pathname, "/sign-in");
});

journey("the owner signs in without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await signInByForm(page);
  assert.notEqual(new URL(page.url()).pathname, "/sign-in");
});

journey("a wrong password is refused in place, and what was typed stays", async (page, complaints) => {
  await page.goto("/sign-in");
  await alive(page);
  await page.getByLabel("E-mail").fill(connection.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal((await answer).status(), 401);
  await page.getByText("The e-mail address or the password is not right.").waitFor();
  assert.equal(await page.getByLabel("E-mail").inputValue(), connection.email);
  await expected(complaints, 401);
});
