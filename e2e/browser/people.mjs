// People who come in by mail, as the product's own pages and a real SMTP server bring them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { settled } from "./journey.mjs";

const folder = process.env.ASSAY_TEST_MAIL_DIR;
const PATIENCE = 15_000;

/** Somebody nobody else is. */
export const person = (name) => ({ name, email: `${crypto.randomUUID()}@example.com`, password: "correct horse battery" });

/** The link to `path` in the newest mail to an address; waits until there is one. */
export async function mailed(address, path) {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".eml") && !name.startsWith(".")).sort().reverse()) {
      const mail = readFileSync(join(folder, file), "utf8");
      if (!mail.toLowerCase().includes(`\nto: ${address}`)) continue;
      const plain = mail.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
      const link = plain.match(new RegExp(`https?://\\S*${path}\\?token=[\\w-]+`));
      if (link) return link[0];
    }
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(`no mail to ${address} led to ${path}`);
}

/** Signs up by the form and the mail; the page ends on the first page of the new organization. */
export async function signUp(page, organization, { name, email, password }) {
  await page.goto("/sign-up");
  await page.getByLabel("Organization").fill(organization);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create the organization" }).click();
  await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
  await page.goto(await mailed(email, "/confirm"));
  await Promise.all([page.waitForURL((address) => address.pathname === "/"), page.getByRole("button", { name: "Open the organization" }).click()]);
}

/** Invites an address by the dialog, as somebody who may. */
export async function invite(page, email, role) {
  await page.goto("/members");
  await settled(page);
  await page.getByRole("button", { name: "Invite a member" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite a member" });
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByLabel("Role").selectOption({ label: role });
  await dialog.getByRole("button", { name: "Send the invitation" }).click();
  await page.getByText(`An invitation is on its way to ${email}.`).waitFor();
}

/** Follows the invitation in the mail; the page ends on the first page of the organization. Only who has no account is asked for a name. */
export async function accept(page, { name, email, password }) {
  await page.goto(await mailed(email, "/invitation"));
  const unknown = page.getByLabel("Your name");
  if (await unknown.count()) await unknown.fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await Promise.all([page.waitForURL((address) => address.pathname === "/"), page.getByRole("button", { name: "Join the organization" }).click()]);
}

/** A token of the person who has signed in on this page. */
export async function token(page) {
  const input = { name: "journey", expiresInDays: 1, scopes: ["*"] };
  const query = "mutation CreateToken($input: CreateTokenInput!) { createToken(input: $input) { secret } }";
  const answer = await page.evaluate(
    (body) => fetch("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body }).then((answer) => answer.json()),
    JSON.stringify({ query, variables: { input } }),
  );
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data.createToken.secret;
}

/** Carries out a command of the operator's on the server's machine; what it prints. */
export function operate(...command) {
  const { binary, env } = JSON.parse(process.env.ASSAY_TEST_OPERATOR);
  return execFileSync(binary, command, { env: { ...process.env, ...env }, encoding: "utf8" });
}
