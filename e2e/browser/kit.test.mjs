import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { journey, until } from "./journey.mjs";

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
  // Menus open by the browser alone.
  await page.getByRole("button", { name: "Rename" }).last().waitFor();
});

journey("the palette reaches pages by typing", async (page) => {
  await open(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill("audit");
  await until(() => page.locator("#palette [aria-selected=true]").innerText().then((text) => text.split("\n")[0]), "Audit log");
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).getByText("Next row").waitFor();
});

journey("a table sorts by its address, and rows are selected with shift and with X", async (page) => {
  await open(page);
  const names = () => page.locator("#tables tbody th .name").allInnerTexts();
  const before = await names();
  await page.getByRole("columnheader", { name: "log_loss" }).getByRole("link").click();
  await page.waitForURL(/sort=-log_loss$/);
  await until(names, (now) => now.join() !== before.join(), "the order");
  await until(() => page.locator("#tables th[aria-sort]").getAttribute("aria-sort"), "descending");
  const boxes = page.locator("#tables tbody .check");
  await boxes.nth(1).click();
  await boxes.nth(4).click({ modifiers: ["Shift"] });
  await until(() => page.locator("#tables tr[aria-selected=true]").count(), 4);
  await page.locator("h1").click();
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  await until(() => page.locator("#tables tr[aria-selected=true]").count(), 3, "X on a selected row lets it go: it");
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
  await until(() => page.locator(".tip").innerText(), (words) => /step 300\s+train\s+0\.\d+\s+validation\s+0\.\d+/.test(words));
  await page.mouse.down();
  await page.mouse.move(...at(0.6), { steps: 4 });
  await page.mouse.up();
  await until(() => page.getByRole("button", { name: "Show all steps" }).count(), (count) => count >= 4, "charts of a page zoom together: they");
  // A zoom asks for more resolution.
  await page.getByText("800 of").waitFor();
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
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.mouse.dblclick(...at(0.5));
  await until(() => page.getByRole("button", { name: "Show all steps" }).count(), 0);
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await until(() => chart.locator("[aria-live]").innerText(), (words) => /^step \d+: train [\d.]+, validation [\d.]+$/.test(words));
  await page.getByRole("button", { name: "Values of loss", exact: true }).click();
  await until(() => page.getByRole("dialog", { name: "Values of loss" }).getByRole("row").count(), (count) => count > 100);
});

journey("a threshold stands inside its chart, is read aloud and saved with it; the reader sets their own", async (page) => {
  await open(page);
  const chart = page.getByRole("application", { name: /^Line chart of loss\. Held against target 0\.25/ });
  await chart.scrollIntoViewIfNeeded();
  const dialog = page.getByRole("dialog", { name: "Thresholds of loss" });
  const ask = () => page.getByRole("button", { name: "Thresholds of loss", exact: true }).click();
  const levels = () => chart.locator("text.threshold").allTextContents();
  assert.deepEqual(await levels(), ["target 0.25"]);
  await ask();
  const add = dialog.getByRole("button", { name: "Add threshold" });
  await dialog.locator("input:focus").waitFor();
  assert.ok(await add.isDisabled());
  await page.keyboard.type("2,5");
  await add.click();
  await until(levels, ["target 0.25", "threshold 2.5"]);
  // The scale has grown to it.
  const [height, ...places] = await chart.locator("svg.frame").evaluate((frame) => [frame.clientHeight, ...[...frame.querySelectorAll("line.threshold")].map((line) => line.y1.baseVal.value)]);
  assert.ok(places.length === 2 && places.every((y) => y > 0 && y < height - 22), `${places} of ${height}`);
  await page.getByRole("application", { name: /^Line chart of loss\. Held against target 0\.25, threshold 2\.5\./ }).waitFor();
  await ask();
  await dialog.getByRole("button", { name: "Remove threshold 2.5" }).click();
  await until(levels, ["target 0.25"]);
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });

  const figure = page.locator(".figure", { hasText: "Lines over each other" });
  await figure.getByRole("application", { name: /Held against target 0\.6/ }).waitFor();
  await figure.getByRole("button", { name: "Save this chart" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), figure.getByRole("button", { name: "SVG", exact: true }).click()]);
  const file = readFileSync(await download.path(), "utf8");
  assert.ok(/<line class="threshold"[^>]*><text class="threshold"[^>]*>target 0\.6</.test(file), file.slice(0, 400));
});

journey("a name that is refused stays in its field, with the reason", async (page) => {
  await open(page);
  await page.getByRole("button", { name: "Name an experiment" }).click();
  const dialog = page.getByRole("dialog", { name: "New experiment" });
  const name = dialog.getByLabel("Name");
  await name.fill("Card-not-present scoring");
  await dialog.getByRole("button", { name: "Create experiment" }).click();
  await dialog.getByText("An experiment of this name is there already.").waitFor();
  assert.equal(await name.inputValue(), "Card-not-present scoring");
  await name.fill("Chargebacks");
  await dialog.getByRole("button", { name: "Create experiment" }).click();
  await page.getByRole("status").getByText("Chargebacks was created.").waitFor();
});

journey("forms check with the server's rules on leaving a field", async (page) => {
  await open(page);
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("short");
  await password.blur();
  await page.getByText("Use at least 12 characters.").waitFor();
  await password.fill("long enough now");
  await until(() => page.getByText("Use at least 12 characters.").count(), 0, "put right while typing: it");
});

journey("what is destroyed is named first, and can be taken back", async (page) => {
  await open(page);
  await page.getByRole("button", { name: "Remove the experiment" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove Card-not-present scoring?" });
  const confirm = dialog.getByRole("button", { name: "Remove experiment" });
  assert.ok(await confirm.isDisabled());
  // The field has the focus by itself.
  await dialog.locator("input:focus").waitFor();
  await page.keyboard.type("Card-not-present scoring");
  await until(() => confirm.isEnabled(), true);
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
  await until(async () => [await toasts.count(), await undo.count()], [3, 1]);
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
  await until(() => page.locator("html").getAttribute("data-theme"), "dark");
  await page.reload();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});
