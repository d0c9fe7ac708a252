// Taking everything along, and leaving for good: the page of the organization.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessible, alive, expected, fits, journey, possible, settled, signInByForm } from "./journey.mjs";
import { mailed, person, signUp } from "./people.mjs";

journey("everything is exported, and the archive is downloaded", async (page) => {
  const name = `Packers ${crypto.randomUUID().slice(0, 8)}`;
  await signUp(page, name, person("Olga Owner"));
  await page.goto("/organization");
  await alive(page);
  await page.getByText("Nothing was exported yet.").waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Export everything" }).click();
  await page.getByText("You are told when the archive is ready.").waitFor();
  const download = page.getByRole("link", { name: /^Download, / });
  await download.waitFor({ timeout: 60_000 });
  await accessible(page);
  await fits(page);
  const [saved] = await Promise.all([page.waitForEvent("download"), download.click()]);
  assert.match(saved.suggestedFilename(), /^assay-packers-.*\.zip$/);
  const bytes = readFileSync(await saved.path());
  assert.equal(bytes.subarray(0, 2).toString(), "PK");
  assert.ok(bytes.includes("manifest.json"));
  await page.goto("/notifications");
  await page.getByText(`Assay ended the export of ${name}`).first().waitFor();
  await page.goto("/organization");
  await page.getByText("Downloaded 1 time.").waitFor();
});

journey("an organization is deleted by its name, and restored by the mail", async (page, complaints, somebody) => {
  const [name, olga] = [`Leavers ${crypto.randomUUID().slice(0, 8)}`, person("Olga Owner")];
  await signUp(page, name, olga);
  const other = await somebody();
  await signInByForm(other, olga);
  await page.goto("/organization");
  await alive(page);
  const goes = page.getByRole("list", { name: "What is erased" });
  assert.match(await goes.innerText(), /1 member[\s\S]*1 project[\s\S]*1 experiment/);
  await page.getByRole("button", { name: "Delete the organization" }).click();
  const dialog = page.getByRole("dialog", { name: `Delete ${name}?` });
  const confirm = dialog.getByRole("button", { name: "Delete the organization" });
  assert.ok(await confirm.isDisabled(), "the name is typed first");
  await accessible(page, { within: "dialog[open]" });
  await dialog.getByRole("textbox").fill(name.toUpperCase());
  assert.ok(await confirm.isDisabled(), "letter by letter");
  await dialog.getByRole("textbox").fill(name);
  await Promise.all([page.waitForURL("**/restore?closed=1"), confirm.click()]);
  await page.getByRole("heading", { name: "The organization is deleted" }).waitFor();
  await accessible(page);

  // Whoever had it open elsewhere is sent away, and nobody signs in.
  await other.goto("/experiments");
  await other.waitForURL((address) => address.pathname === "/sign-in");
  await other.getByLabel("E-mail").fill(olga.email);
  await other.getByLabel("Password", { exact: true }).fill(olga.password);
  const refused = other.waitForResponse((answer) => answer.request().method() === "POST" && new URL(answer.url()).pathname === "/sign-in");
  await other.getByRole("button", { name: "Sign in" }).click();
  assert.equal((await refused).status(), 401);
  await other.getByText("The e-mail address or the password is not right.").waitFor();

  const link = await mailed(olga.email, "/restore");
  await page.goto(link);
  await settled(page);
  await accessible(page);
  await fits(page);
  await Promise.all([page.waitForURL("**/restore?done=1"), page.getByRole("button", { name: "Restore the organization" }).click()]);
  await page.getByRole("heading", { name: "The organization is restored" }).waitFor();
  await signInByForm(other, olga);
  await settled(other);
  assert.ok((await other.locator(".rail .organization").innerText()).startsWith(name));

  await page.goto(link);
  await page.getByRole("button", { name: "Restore the organization" }).click();
  await page.getByText("This link was used or has expired").waitFor();
  await expected(complaints, 422);
  // The browser logs the refused sign-in, and what pages that were open asked for when their sessions ended.
  possible(complaints, 401);
});

journey("the page of the organization on a phone, and for who may not", { viewport: { width: 390, height: 844 } }, async (page) => {
  await signUp(page, `Small ${crypto.randomUUID().slice(0, 8)}`, person("Olga Owner"));
  await page.goto("/organization");
  await alive(page);
  await fits(page);
  await accessible(page);
});
