// Every page of the app, once: it is accessible in both themes and on a phone, fits its window, and nothing on it jumps.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { accessible, alive, expected, fits, journey, steady } from "./journey.mjs";
import { fill } from "./organization.mjs";
import { DOORS, REST, WORK, addressOf } from "./pages.mjs";

const wide = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let filled;

/** Opens each address as the owner of the filled organization, with `look` at each when it has come to rest. */
async function visit(page, complaints, somebody, pages, look) {
  if (pages !== DOORS) {
    filled ??= await fill(await somebody(), await somebody());
    await page.context().addCookies(filled.cookies);
  }
  const wrong = [];
  for (const { path, status = 200, ...rest } of pages) {
    const address = addressOf(path, filled);
    const answer = await page.goto(address);
    await alive(page);
    const checks = [
      () => assert.equal(answer.status(), status, address),
      () => status === 200 || expected(complaints, status),
      () => steady(page),
      () => fits(page),
      () => look({ answer, ...rest }),
    ];
    // Each page tells all that is wrong with it, and the next one is looked at all the same.
    for (const check of checks) await Promise.resolve().then(check).catch((failed) => wrong.push(`${path}: ${failed.message}`));
  }
  assert.ok(wrong.length === 0, wrong.join("\n\n"));
}

/** What axe finds in either theme. Of the dark one only its colours are new; they change at once, since nothing moves. */
async function inBothThemes(page) {
  await accessible(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await accessible(page, { only: ["color-contrast"] });
  await page.emulateMedia({ colorScheme: "light" });
}

async function close(page) {
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "hidden" });
  // The next key is for the page, and not for what had the focus in the dialog.
  await page.waitForFunction(() => !document.activeElement?.closest("dialog"));
}

/** The page's own main action can be pressed where it is. */
async function reachable(page) {
  const primary = page.locator(":is(.head, .door, .begin) .primary").first();
  if ((await primary.count()) === 0) return;
  await primary.click({ trial: true });
  const box = await primary.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= phone.viewport.width && box.height >= 24, page.url());
}

for (const [what, pages] of Object.entries({ "to come in by": DOORS, "of experiments and runs": WORK, "of the organization": REST })) {
  journey(`every page ${what} is accessible, fits and is steady`, wide, async (page, complaints, somebody) => {
    await visit(page, complaints, somebody, pages, async ({ answer, list, dialogs = [] }) => {
      const { length } = await answer.body();
      await inBothThemes(page);
      assert.ok(!list || length < list, `${length} bytes of HTML`);
      for (const name of dialogs) {
        await page.getByRole("main").getByRole("button", { name, exact: true }).first().click();
        await page.locator("dialog[open]").waitFor();
        await accessible(page, { within: "dialog[open]" });
        await close(page);
      }
    });
  });

  // The colours are those of the wide page.
  journey(`every page ${what} fits a phone and is steady on it`, phone, async (page, complaints, somebody) => {
    await visit(page, complaints, somebody, pages, async () => {
      await reachable(page);
      await accessible(page, { rules: { "color-contrast": { enabled: false } } });
    });
  });
}

for (const colorScheme of ["light", "dark"]) journey(`the palette and the help are accessible in the ${colorScheme} theme`, { ...wide, colorScheme }, async (page, complaints, somebody) => {
  await visit(page, complaints, somebody, [{ path: "/experiments" }], async () => {
    for (const [keys, name] of [["Control+k", "Search or jump to"], ["?", "Keyboard shortcuts"]]) {
      await page.keyboard.press(keys);
      await page.getByRole("dialog", { name }).waitFor();
      await accessible(page, { within: "dialog[open]" });
      await close(page);
    }
  });
});

/** The paths of the app's routes, as its source has them. */
function routes() {
  const source = readFileSync(new URL("../../app/src/lib.rs", import.meta.url), "utf8");
  const [found, parents] = [[], []];
  for (const [, parent, route, end] of source.matchAll(/<ParentRoute path=path!\("([^"]*)"\)|<Route path=path!\("([^"]*)"\)|(<\/ParentRoute>)/g)) {
    if (end) parents.pop();
    else if (route === undefined) parents.push(parent);
    else found.push(parents.join("") + route);
  }
  return found;
}

test("every route of the app is visited", () => {
  const all = routes();
  assert.ok(all.length > 30 && all.includes("/runs/:id/metrics"), all.join(" "));
  const pattern = (route) => new RegExp(`^${route.replace(/\/:\w+/g, "/[^/]+").replace(/\*\w+$/, ".*")}$`);
  const visited = [...DOORS, ...WORK, ...REST].map(({ path }) => all.find((route) => pattern(route).test(path.split("?")[0])));
  assert.deepEqual(all.filter((route) => !visited.includes(route)), [], "no visit");
});
