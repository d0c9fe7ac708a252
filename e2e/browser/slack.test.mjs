// Channels of Slack: the organization's is connected by an owner, everybody's own stands beside how they are told.
import assert from "node:assert/strict";
import { accessible, alive, fits, journey, settled, until } from "./journey.mjs";
import { person, signUp } from "./people.mjs";

const secret = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";

/** Connects a channel in the card that the page shows for it. */
async function connect(page, label) {
  await page.getByLabel("Channel", { exact: true }).fill(label);
  await page.getByLabel("Webhook address").fill(secret);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText("\u2026uvwx").waitFor();
  assert.ok(!(await page.content()).includes("abcdefghijklmnop"), "the address is not shown");
}

journey("the organization's channel of Slack is connected, told what was chosen, and disconnected", async (page) => {
  await signUp(page, `Posters ${crypto.randomUUID().slice(0, 8)}`, person("Olga Owner"));
  await page.goto("/slack");
  await alive(page);
  await page.getByLabel("Channel", { exact: true }).fill("#ml-experiments");
  await page.getByLabel("Webhook address").fill("https://example.com/services/T0/B0/x");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText("This is not the address of a Slack webhook.").waitFor();
  await accessible(page);
  await connect(page, "#ml-experiments");
  const templates = page.getByRole("checkbox", { name: /^New templates/ });
  await until(() => templates.isChecked(), true);
  await templates.click();
  await page.getByText("Saved.").waitFor();
  await page.reload();
  await settled(page);
  assert.deepEqual([await templates.isChecked(), await page.getByRole("checkbox", { name: /^Shared experiments/ }).isChecked()], [false, true]);
  await accessible(page);
  await fits(page);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByRole("dialog", { name: "Disconnect #ml-experiments?" }).getByRole("button", { name: "Disconnect" }).click();
  await page.getByLabel("Webhook address").waitFor();
});

journey("c5_2b a channel of one's own opens the column of Slack in how one is told", async (page) => {
  await signUp(page, `Readers ${crypto.randomUUID().slice(0, 8)}`, person("Olga Owner"));
  await page.goto("/notifications");
  await alive(page);
  const mentions = page.getByRole("checkbox", { name: "Somebody mentions me: by Slack" });
  assert.ok(await mentions.isDisabled());
  await connect(page, "@olga");
  await until(async () => [await mentions.isEnabled(), await mentions.isChecked()], [true, true]);
  await mentions.click();
  await page.getByText("Saved.").waitFor();
  await page.reload();
  await settled(page);
  assert.ok(!(await mentions.isChecked()));
  await accessible(page);
  await fits(page);
});
