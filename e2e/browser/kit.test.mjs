import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { journey } from "./journey.mjs";

/** Opens the gallery and waits until it is interactive. */
async function open(page, path = "/kit") {
  await page.goto(path);
  await page.waitForSelector("html[data-ready]");
}

journey("the kit is readable without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await page.goto("/kit");
  assert.equal(await page.getByRole("row").count() > 14, true);
  assert.ok((await page.locator(".lines .line").count()) >= 10, "the curves are drawn by the server");
  await page.getByRole("button", { name: "Run actions" }).click();
  assert.ok(await page.getByRole("button", { name: "Rename" }).last().isVisible(), "menus open by the browser alone");
});

journey("the palette reaches pages by typing", async (page) => {
  await open(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill("audit");
  assert.equal(await page.locator("#palette [aria-selected=true]").innerText().then((text) => text.split("\n")[0]), "Audit log");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.keyboard.press("?");
  assert.ok(await page.getByRole("dialog", { name: "Keyboard shortcuts" }).getByText("Next row").isVisible());
});

journey("a table sorts by its address, and rows are selected with shift and with X", async (page) => {
  await open(page);
  const names = () => page.locator("#tables tbody th .name").allInnerTexts();
  const before = await names();
  await page.getByRole("columnheader", { name: "log_loss" }).getByRole("link").click();
  await page.waitForURL(/sort=-log_loss$/);
  assert.notDeepEqual(await names(), before);
  assert.equal(await page.locator("#tables th[aria-sort]").getAttribute("aria-sort"), "descending");
  const boxes = page.locator("#tables tbody .check");
  await boxes.nth(1).click();
  await boxes.nth(4).click({ modifiers: ["Shift"] });
  assert.equal(await page.locator("#tables tr[aria-selected=true]").count(), 4);
  await page.locator("h1").click();
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  assert.equal(await page.locator("#tables tr[aria-selected=true]").count(), 3, "X on a selected row lets it go");
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  assert.equal(await page.locator("#tables th[aria-sort]").innerText(), "log_loss", "a reload keeps the order");
});

journey("a chart tells its values, zooms by a drag and comes back", async (page) => {
  await open(page);
  const chart = page.getByRole("application", { name: /Line chart of loss\./ });
  await chart.scrollIntoViewIfNeeded();
  const frame = await chart.boundingBox();
  const at = (part) => [frame.x + frame.width * part, frame.y + 60];
  await page.mouse.move(...at(0.3));
  assert.match(await page.locator(".tip").innerText(), /step 300\s+train\s+0\.\d+\s+validation\s+0\.\d+/);
  await page.mouse.down();
  await page.mouse.move(...at(0.6), { steps: 4 });
  await page.mouse.up();
  assert.equal(await page.getByRole("button", { name: "Show all steps" }).count() >= 4, true, "charts of a page zoom together");
  assert.ok(await page.getByText("800 of").isVisible(), "a zoom asks for more resolution");
  // The numbers behind it are those in view, and the file has them all.
  const values = page.getByRole("dialog", { name: "Values of loss" });
  const rows = async () => {
    await page.getByRole("button", { name: "Values of loss", exact: true }).click();
    return [await values.getByRole("row").count(), await values.locator("tbody th").first().innerText()];
  };
  const [, from] = await rows();
  assert.ok(Number(from.replaceAll(/\D/g, "")) >= 295, `steps before the view are not in the table: ${from}`);
  const [download] = await Promise.all([page.waitForEvent("download"), values.getByRole("button", { name: "Save as CSV" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");
  assert.equal(lines[0], "step,line,value,logged");
  assert.ok(Number(lines[1].split(",")[0]) >= 295 && Number(lines.at(-1).split(",")[0]) <= 605, lines.at(-1));
  await page.keyboard.press("Escape");
  await page.mouse.dblclick(...at(0.5));
  assert.equal(await page.getByRole("button", { name: "Show all steps" }).count(), 0);
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.match(await chart.locator("[aria-live]").innerText(), /^step \d+: train [\d.]+, validation [\d.]+$/);
  await page.getByRole("button", { name: "Values of loss", exact: true }).click();
  assert.ok((await page.getByRole("dialog", { name: "Values of loss" }).getByRole("row").count()) > 100);
});

journey("forms check with the server's rules on leaving a field", async (page) => {
  await open(page);
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("short");
  await password.blur();
  assert.ok(await page.getByText("Use at least 12 characters.").isVisible());
  await password.fill("long enough now");
  assert.equal(await page.getByText("Use at least 12 characters.").count(), 0, "put right while typing");
});

journey("what is destroyed is named first, and can be taken back", async (page) => {
  await open(page);
  await page.getByRole("button", { name: "Remove the experiment" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove Card-not-present scoring?" });
  const confirm = dialog.getByRole("button", { name: "Remove experiment" });
  assert.ok(await confirm.isDisabled());
  await page.keyboard.type("Card-not-present scoring");
  assert.ok(await confirm.isEnabled(), "the field has the focus, and the name was typed");
  await confirm.click();
  await page.getByRole("button", { name: "Toast with undo" }).click();
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("status").getByText("The run is back.").waitFor();
});

journey("an undo is not pushed out by later news, and no news leaves while somebody points at it or has the focus there", async (page) => {
  await page.clock.install();
  await open(page);
  await page.getByRole("button", { name: "Toast with undo" }).click();
  for (let news = 0; news < 4; news++) await page.getByRole("button", { name: "Toast of a failure" }).click();
  const toasts = page.getByRole("status").locator(".toast");
  const undo = page.getByRole("status").getByRole("button", { name: "Undo" });
  assert.deepEqual([await toasts.count(), await undo.count()], [3, 1]);
  await undo.hover();
  await page.clock.runFor(30_000);
  assert.equal(await toasts.count(), 3, "pointed at");
  await undo.focus();
  await page.mouse.move(0, 0);
  await page.clock.runFor(30_000);
  assert.equal(await toasts.count(), 3, "with the focus");
  await undo.blur();
  await page.clock.runFor(11_000);
  assert.equal(await toasts.count(), 0, "left alone");
});

journey("the theme changes at once and stays", async (page) => {
  await open(page);
  await page.getByRole("button", { name: /Your account/ }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.reload();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});
