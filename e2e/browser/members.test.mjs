import assert from "node:assert/strict";
import { alive, journey, signIn } from "./journey.mjs";

const invited = `invited-${Date.now()}@example.com`;

journey("an owner invites an address and revokes the invitation", async (page) => {
  await signIn(page);
  await page.goto("/members");
  await alive(page);
  await page.getByRole("button", { name: "Invite a member" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite a member" });
  await dialog.getByLabel("E-mail").fill(invited);
  await dialog.getByLabel("Role").selectOption({ label: "Viewer" });
  await dialog.getByRole("button", { name: "Send the invitation" }).click();
  await page.getByText(`An invitation is on its way to ${invited}.`).waitFor();
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Invitations" }).click();
  await page.getByRole("button", { name: `More for ${invited}` }).click();
  await page.getByRole("button", { name: "Revoke the invitation" }).click();
  await page.getByRole("button", { name: "Revoke invitation", exact: true }).click();
  await page.getByText(`The invitation of ${invited} was revoked.`).waitFor();
  await page.getByRole("button", { name: `More for ${invited}` }).waitFor({ state: "detached" });
});

journey("the last owner stays one, and the page says why", async (page, complaints) => {
  await signIn(page);
  await page.goto("/members");
  await alive(page);
  const row = page.getByRole("row").filter({ hasText: "you" });
  await row.getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("button", { name: "Change roles" }).click();
  const dialog = page.getByRole("dialog", { name: /^Roles of/ });
  await dialog.getByRole("checkbox", { name: /^Viewer/ }).check();
  await dialog.getByRole("checkbox", { name: /^Owner/ }).uncheck();
  await dialog.getByRole("button", { name: "Change the roles" }).click();
  // One's own are asked about first.
  const asking = page.getByRole("dialog", { name: "Change your own roles?" });
  await asking.getByText("You are no longer Owner").waitFor();
  await asking.getByRole("button", { name: "Change my roles" }).click();
  await dialog.getByText("This is the last owner. Make somebody else an owner first.").waitFor();
  assert.deepEqual(complaints, []);
});

journey("members are read without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await signIn(page);
  await page.goto("/members");
  await page.getByRole("table", { name: "Members" }).waitFor();
  await page.getByRole("navigation", { name: "Members" }).getByRole("link", { name: "Roles" }).click();
  await page.getByRole("table", { name: "Roles and what they may do" }).waitFor();
});
