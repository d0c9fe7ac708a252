import assert from "node:assert/strict";
import { connection, expected, journey, signIn } from "./journey.mjs";

const ready = (page) => page.waitForSelector("html[data-ready]");

journey("sign-up refuses with the server's rule and keeps what was typed", { javaScriptEnabled: false }, async (page, complaints) => {
  await page.goto("/sign-up");
  await page.getByLabel("Organization").fill("Northwind Risk");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("E-mail").fill("ada@northwind.example");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create the organization" }).click();
  await page.getByText("Use at least 12 characters.").waitFor();
  assert.equal(await page.getByLabel("Organization").inputValue(), "Northwind Risk");
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "", "a password never comes back");
  await expected(complaints, 422);
});

journey("somebody who has not signed in comes back to where they wanted to go", async (page) => {
  await page.goto("/tokens");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await page.getByLabel("E-mail").fill(connection.email);
  await page.getByLabel("Password", { exact: true }).fill(connection.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/tokens");
});

journey("an old fragment of the MLflow web app leads to the run", async (page) => {
  await signIn(page);
  await page.goto("/#/experiments/0/runs/0190aaaabbbbccccddddeeeeffff0000");
  await page.waitForURL("**/runs/0190aaaabbbbccccddddeeeeffff0000");
});

journey("an address that leads nowhere says so", async (page, complaints) => {
  await signIn(page);
  const answer = await page.goto("/nothing/here");
  assert.equal(answer.status(), 404);
  await ready(page);
  await page.getByRole("heading", { name: "No page at this address" }).waitFor();
  await expected(complaints, 404);
});
