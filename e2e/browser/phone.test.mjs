import assert from "node:assert/strict";
import { alive, journey, signIn } from "./journey.mjs";
import { experiment, run } from "./tracking.mjs";

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

journey("on a phone no row menu lies over a column, and each is at the end of its row", phone, async (page) => {
  const id = await experiment(`narrow ${Date.now()}`);
  await run(id, "candidate", { metrics: { auc: 0.9, loss: 0.1 }, params: { model: "gbdt" } });
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await alive(page);
  // At the right edge of what is in sight stands a column, although the table goes on.
  const edge = await page.evaluate(() => {
    const sheet = document.querySelector(".sheet");
    const [frame, row] = [sheet, sheet.querySelector("tbody tr")].map((one) => one.getBoundingClientRect());
    return { beyond: sheet.scrollWidth - sheet.clientWidth, seen: document.elementFromPoint(frame.right - 20, row.top + row.height / 2).closest("td").className };
  });
  assert.ok(edge.beyond > 60, `the table is no wider than the phone: ${edge.beyond}`);
  assert.notEqual(edge.seen, "more");
  const menu = page.getByRole("button", { name: "More for candidate" });
  await menu.scrollIntoViewIfNeeded();
  await menu.tap();
  await page.locator("#run-menu").getByRole("link", { name: "Open" }).waitFor();
});
