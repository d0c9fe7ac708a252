import assert from "node:assert/strict";
import { accessible, alive, fits, journey, settled, signIn } from "./journey.mjs";
import { alias, curves, end, experiment, model, run, upload, version } from "./tracking.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Content with long names, as teams give them. */
async function filled() {
  const name = `card-not-present-scoring-with-device-fingerprints-${Date.now()}`;
  const id = await experiment(name, { team: "fraud", quarter: "2026-Q4" });
  const params = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`gradient_boosting_parameter_${at}`, `value_${at}_`.repeat(6)]));
  const run_id = await run(id, `${name}-candidate`, { params, tags: { "a rather long key of a tag": "x".repeat(120) }, end: false });
  await curves(run_id, 50, { train_loss: (step) => 1 / (1 + step), val_loss: (step) => 1.2 / (1 + step), "validation_area_under_the_precision_recall_curve": (step) => step / 50 });
  await end(run_id);
  await upload(run_id, "tables/importance.csv", `feature,gain,${"wide_column,".repeat(12)}last\namount,0.5,${"1,".repeat(12)}2\n`);
  await upload(run_id, "model/MLmodel", "flavors: {}\n");
  await model(name, { description: "Scores card payments within 40 ms, with the fingerprint of the device." });
  await alias(name, "champion", await version(name, run_id, "model"));
  return { id, run_id, name };
}

/** The page's own main action can be pressed where it is. */
async function reachable(page) {
  const primary = page.locator(":is(.head, .door, .begin) .primary").first();
  if ((await primary.count()) === 0) return;
  await primary.click({ trial: true });
  const box = await primary.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= phone.viewport.width && box.height >= 24, page.url());
}

// The colours are those of the wide page, where axe judges them; on every page here that would be most of the time.
const RULES = { "color-contrast": { enabled: false } };

async function pass(page, path) {
  await page.goto(path);
  await settled(page);
  await fits(page);
  await reachable(page);
  await accessible(page, RULES);
}

journey("every page fits a phone", phone, async (page) => {
  const { id, run_id, name } = await filled();
  await signIn(page);
  const inside = ["/", "/experiments", `/experiments/${id}`, "/models", `/models/${name}`, "/members", "/members/invitations", "/members/roles", "/access", "/access/single-sign-on", "/tokens", "/audit", "/audit?entry=1", "/account"];
  const ofRun = ["", "/metrics", "/artifacts?path=tables/importance.csv"].map((tab) => `/runs/${run_id}${tab}`);
  for (const path of [...inside, ...ofRun]) await pass(page, path);
});

journey("every door fits a phone", phone, async (page) => {
  for (const path of ["/sign-in", "/sign-up", "/sign-up?sent=1", "/forgot-password", "/reset-password?token=x", "/invitation?token=x", "/confirm?token=x", "/sso", "/sso?problem=no-access"]) await pass(page, path);
});

journey("on a phone the rail is a sheet that closes on arrival", phone, async (page) => {
  await signIn(page);
  await alive(page);
  const rail = page.getByRole("navigation", { name: "Main" });
  assert.ok(await rail.isHidden());
  await page.getByRole("button", { name: "Menu" }).tap();
  await rail.getByRole("link", { name: "Members" }).tap();
  await page.waitForURL("**/members");
  await page.getByRole("heading", { level: 1, name: "Members" }).waitFor();
  await rail.waitFor({ state: "hidden" });
});
