import assert from "node:assert/strict";
import { alive, journey, signIn } from "./journey.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

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
