// The table of runs under the hands of somebody who works with it: keyboard, columns, facets, rows that come by themselves.
import assert from "node:assert/strict";
import { accessible, alive, fits, journey, signIn, until } from "./journey.mjs";
import { client, experiment, run } from "./tracking.mjs";

const fresh = (what) => `${what} ${Date.now()}`;
const names = (page) => page.locator("tbody th .name").allInnerTexts();
const selected = (page) => page.locator("tbody tr[aria-selected=true]").count();
const head = (page, key) => page.locator(`thead [data-key="${key}"]`);

/** Opens the table of a new experiment with runs of the given names, the first one on top. */
async function table(page, what, all, options = () => ({})) {
  const id = await experiment(fresh(what));
  for (const name of [...all].reverse()) await run(id, name, options(name));
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await page.waitForSelector("html[data-ready]");
  return id;
}

journey("Enter presses what has the focus, and opens the row only without it", async (page) => {
  const id = await table(page, "enter", ["a", "b", "c"]);
  for (const key of ["j", "x"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Remove", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("1 run was removed.").waitFor();
  assert.equal(new URL(page.url()).pathname, `/experiments/${id}`, "no run was opened");
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "a", exact: true }).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("link", { name: "Experiments", exact: true }).first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/experiments$/);
  await page.goBack();
  await page.waitForURL(new RegExp(id));
  // The address is there before the table.
  await page.getByRole("link", { name: "a", exact: true }).waitFor();
  await page.locator("h1").click();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\//);
});

journey("rows are selected with shift by the keyboard, and C compares or says what is missing", async (page) => {
  await table(page, "keys", ["a", "b", "c", "d", "e"]);
  await page.keyboard.press("c");
  await page.getByText("Select runs first").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).getByText("Compare the selected runs").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor({ state: "hidden" });
  await page.keyboard.press("j");
  for (let times = 0; times < 3; times++) await page.keyboard.press("Shift+J");
  await until(() => selected(page), 4);
  await page.keyboard.press("Shift+K");
  await until(() => selected(page), 3, "back towards where it began: the selection");
  await page.keyboard.press("Escape");
  await until(() => selected(page), 0);
  for (const key of ["j", "x", "j", "j", "Shift+X"]) await page.keyboard.press(key);
  await until(() => selected(page), 3);
  await page.keyboard.press("c");
  await page.waitForURL(/\/compare/);
});

journey("people are walked with the keyboard, and Enter opens the menu of one", async (page) => {
  await signIn(page);
  await page.goto("/members");
  await page.waitForSelector("html[data-ready]");
  await page.locator(".pager .hint").filter({ hasText: "menu" }).waitFor();
  await page.keyboard.press("j");
  await page.locator("tbody tr.here").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("[id^=menu-mem]:popover-open").getByRole("button", { name: "Change roles" }).waitFor();
});

journey("more rows are loaded once however often it is asked, and not into another list", async (page) => {
  await table(page, "more", Array.from({ length: 40 }, (_, at) => `r${at}`), () => ({ metrics: { auc: 0.5 } }));
  // Answers come late: there is time to press twice.
  let held = [];
  let hold = true;
  await page.route("**/graphql", async (route) => {
    if (hold) await new Promise((go) => held.push(go));
    await route.continue();
  });
  const release = () => {
    for (const go of held.splice(0)) go();
  };
  const more = page.getByRole("link", { name: "Load more" });
  await more.dblclick();
  await page.locator(".sheet[aria-busy=true]").waitFor();
  await until(() => more.getAttribute("aria-disabled"), "true");
  hold = false;
  release();
  await page.locator("tbody th .name").nth(39).waitFor();
  const links = await page.locator("tbody th .name").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  assert.deepEqual([links.length, new Set(links).size], [40, 40]);
  await until(() => page.locator(".sheet[aria-busy]").count(), 0);

  await page.reload();
  await page.waitForSelector("html[data-ready]");
  hold = true;
  await more.click();
  await page.getByRole("columnheader", { name: "Run", exact: true }).getByRole("link").click();
  await page.locator(".sheet[aria-busy=true]").waitFor();
  hold = false;
  release();
  await page.locator(".sheet:not([aria-busy])").waitFor();
  // Until every answer is here.
  await alive(page);
  assert.equal((await names(page)).length, 23, "late rows of the old order are dropped");
});

journey("the filter offers names, then operators", async (page) => {
  await table(page, "offers", ["low", "high"], (name) => ({ metrics: { auc: name === "low" ? 0.1 : 0.9 }, params: { model: "gbdt" } }));
  assert.equal(await page.locator("td.best").getAttribute("title"), "Best of those shown");
  const field = page.getByRole("combobox", { name: "Filter runs" });
  const offers = page.locator("#offers [role=option]");
  await field.focus();
  await page.keyboard.type("au");
  await page.keyboard.press("Tab");
  await until(() => field.inputValue(), "metrics.auc ");
  await until(() => offers.allInnerTexts(), ["=", "!=", ">", ">=", "<", "<="]);
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await until(() => field.inputValue(), "metrics.auc > ");
  await page.keyboard.type("0.5 and mod");
  await page.keyboard.press("Tab");
  await until(() => offers.allInnerTexts(), ["=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"]);
  await page.keyboard.type("is");
  for (const key of ["ArrowDown", "Tab", "Enter"]) await page.keyboard.press(key);
  await page.waitForURL(/filter=/);
  await page.getByText("1 of 2", { exact: true }).waitFor();
  await until(() => names(page), ["high"]);
});

journey("columns are moved and made wider, for the member and not for the browser", async (page, _, somebody) => {
  const id = await table(page, "columns", ["one", "two"], () => ({ metrics: { auc: 0.9, loss: 0.1 }, params: { model: "gbdt" } }));
  const keys = (page) => page.locator("thead [data-key]").evaluateAll((all) => all.map((one) => one.dataset.key));
  const width = async (page, key) => Math.round((await head(page, key).boundingBox()).width);
  const wide = (page, key, width) => page.waitForFunction(([key, width]) => Math.round(document.querySelector(`thead [data-key="${key}"]`).getBoundingClientRect().width) === width, [key, width]);
  const kept = (page) => page.waitForResponse((answer) => answer.url().endsWith("/graphql") && answer.request().postData()?.includes("SetPreference"));
  assert.deepEqual(await keys(page), ["name", "status", "started", "duration", "metrics.auc", "metrics.loss", "params.model"]);

  // By the keyboard on a head, which keeps the focus.
  let written = kept(page);
  await head(page, "metrics.loss").getByRole("link").focus();
  await page.keyboard.press("Control+Shift+ArrowLeft");
  await page.waitForFunction(() => document.activeElement?.closest("th")?.dataset.key === "metrics.loss" && document.querySelectorAll("thead [data-key]")[4].dataset.key === "metrics.loss");
  await written;
  // By the chooser, which works without the app too.
  await page.getByRole("button", { name: "Columns" }).click();
  written = kept(page);
  await page.getByRole("button", { name: "Move Duration left" }).click();
  await page.waitForFunction(() => document.querySelectorAll("thead [data-key]")[2].dataset.key === "duration");
  await written;
  await page.keyboard.press("Escape");
  const order = ["name", "status", "duration", "started", "metrics.loss", "metrics.auc", "params.model"];
  await until(() => keys(page), order);

  // Wider with the arrow keys, narrower with the pointer.
  const grip = page.getByRole("separator", { name: "Width of auc" });
  const before = await width(page, "metrics.auc");
  written = kept(page);
  await grip.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await wide(page, "metrics.auc", before + 32);
  await written;
  const box = await page.getByRole("separator", { name: "Width of State" }).boundingBox();
  const status = await width(page, "status");
  written = kept(page);
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 44, box.y + 10, { steps: 3 });
  await page.mouse.up();
  await wide(page, "status", status + 40);
  await written;
  await accessible(page);

  // Another browser of the same member has them as the page arrives, before any script.
  const other = await somebody();
  await signIn(other);
  await other.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({ type: "layout-shift", buffered: true });
  });
  const answer = await other.goto(`/experiments/${id}`);
  assert.ok((await answer.text()).includes(`<col width="${before + 32}"`), "the widths come with the page");
  await other.waitForSelector("html[data-ready]");
  assert.deepEqual(await keys(other), order);
  assert.equal(await width(other, "metrics.auc"), before + 32);
  await alive(other);
  assert.ok((await other.evaluate(() => window.shift)) < 0.01, "nothing jumps");

  // A colleague's link is looked at and keeps nothing.
  await other.goto(`/experiments/${id}?columns=params.model`);
  await other.waitForSelector("html[data-ready]");
  assert.deepEqual(await keys(other), ["name", "params.model"]);
  await other.goto(`/experiments/${id}`);
  assert.deepEqual(await keys(other), order);

  // As at first.
  await alive(other);
  await other.getByRole("button", { name: "Columns" }).click();
  written = kept(other);
  await other.getByRole("link", { name: "As at first" }).click();
  await written;
  await other.goto(`/experiments/${id}`);
  assert.deepEqual(await keys(other), ["name", "status", "started", "duration", "metrics.auc", "metrics.loss", "params.model"]);
});

journey("a column is made wider while runs come in", async (page) => {
  const id = await table(page, "dragged", ["one"], () => ({ metrics: { auc: 0.9 }, params: { model: "gbdt" } }));
  await alive(page);
  const width = async () => Math.round((await head(page, "metrics.auc").boundingBox()).width);
  const before = await width();
  const box = await page.getByRole("separator", { name: "Width of auc" }).boundingBox();
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await run(id, "two", { metrics: { auc: 0.8 }, params: { model: "gbdt" } });
  await until(() => names(page), ["two", "one"]);
  await page.mouse.move(box.x + 44, box.y + 10, { steps: 3 });
  await page.mouse.up();
  await until(width, before + 40);
});

journey("a width that was set the moment before somebody leaves is kept", async (page) => {
  const id = await table(page, "leaving", ["one"], () => ({ metrics: { auc: 0.9 }, params: { model: "gbdt" } }));
  await alive(page);
  const wider = async () => {
    const before = Math.round((await head(page, "metrics.auc").boundingBox()).width);
    await page.getByRole("separator", { name: "Width of auc" }).press("ArrowRight");
    return `<col width="${before + 16}"`;
  };
  const html = async () => (await page.request.get(`/experiments/${id}`)).text();
  // Within the app, and out of it.
  let wanted = await wider();
  await page.getByRole("link", { name: "Experiments", exact: true }).first().click();
  await until(html, (text) => text.includes(wanted), "the page");
  await page.goto(`/experiments/${id}`);
  await alive(page);
  wanted = await wider();
  await page.goto("about:blank");
  await until(html, (text) => text.includes(wanted), "the page");
});

journey("without scripts columns are moved, taken away and brought back by a form", { javaScriptEnabled: false }, async (page) => {
  const id = await experiment(fresh("plain"));
  await run(id, "one", { metrics: { auc: 0.9 } });
  await signIn(page);
  await page.goto(`/experiments/${id}?columns=status&columns=metrics.auc&sort=-metrics.auc`);
  const press = async (name) => {
    await page.getByRole("button", { name: "Columns" }).click();
    await Promise.all([page.waitForNavigation(), page.locator("#columns").getByRole("button", { name, exact: true }).click()]);
    assert.equal(await page.locator("thead th[aria-sort]").getAttribute("data-key"), "metrics.auc", "the order stays");
    return page.locator("thead [data-key]").evaluateAll((all) => all.map((one) => one.dataset.key));
  };
  assert.deepEqual(await press("Move auc left"), ["name", "metrics.auc", "status"]);
  assert.deepEqual(await press("State"), ["name", "metrics.auc"]);
  assert.deepEqual(await press("Duration"), ["name", "metrics.auc", "duration"]);
});

journey("a row has a menu: it is renamed, its id taken along, compared, removed and brought back", async (page) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await table(page, "menu", ["a", "b"]);
  const open = async (name) => {
    await page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) }).hover();
    await page.getByRole("button", { name: `More for ${name}` }).click();
  };
  const menu = page.locator("#run-menu");
  await open("a");
  await accessible(page);
  await menu.getByRole("button", { name: "Rename" }).click();
  const renaming = page.getByRole("dialog", { name: "Rename run" });
  await until(() => renaming.getByLabel("Name").inputValue(), "a");
  await renaming.getByLabel("Name").fill("again");
  await renaming.getByRole("button", { name: "Rename run" }).click();
  await page.getByRole("link", { name: "again", exact: true }).waitFor();

  await open("again");
  await menu.getByRole("button", { name: "Copy id" }).click();
  const id = await until(() => page.evaluate(() => navigator.clipboard.readText()), (text) => /^run_[0-9a-f]{32}$/.test(text), "the clipboard");

  await open("again");
  await menu.getByRole("button", { name: "Remove" }).click();
  await page.getByText("1 run was removed.").waitFor();
  await until(() => names(page), ["b"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "again", exact: true }).waitFor();

  await page.getByRole("checkbox", { name: "Select b" }).click();
  await open("again");
  await menu.getByRole("link", { name: "Compare with selected" }).click();
  await page.waitForURL((address) => address.pathname === "/compare" && address.search.includes(id));
});

journey("facets change the text of the filter and the rows", async (page) => {
  await table(page, "facets", ["done", "other", "going"], (name) => ({ end: name !== "going", params: { model: name === "other" ? "mlp" : "gbdt" } }));
  const field = page.getByRole("combobox", { name: "Filter runs" });
  await page.getByRole("button", { name: "Filters", exact: true }).click();
  const facets = page.locator("#facets");
  await facets.getByRole("link", { name: /^finished\s*2$/ }).waitFor();
  await accessible(page);
  await facets.getByRole("link", { name: "finished" }).click();
  await page.getByText("2 of 3", { exact: true }).waitFor();
  await until(() => field.inputValue(), "attributes.status = 'FINISHED'");
  await until(() => names(page), ["done", "other"]);
  await facets.getByRole("link", { name: "mlp" }).click();
  await page.getByText("1 of 3", { exact: true }).waitFor();
  await until(() => field.inputValue(), "attributes.status = 'FINISHED' and params.model = 'mlp'");
  await facets.getByRole("link", { name: "gbdt" }).click();
  await page.getByRole("link", { name: "done" }).waitFor();
  await until(() => field.inputValue(), "attributes.status = 'FINISHED' and params.model = 'gbdt'");
  await facets.getByRole("link", { name: "gbdt" }).click();
  await until(() => field.inputValue(), "attributes.status = 'FINISHED'");
  await facets.getByRole("link", { name: "finished" }).click();
  await page.getByRole("link", { name: "going" }).waitFor();
  await until(() => field.inputValue(), "");
});

journey("an open table moves: a run appears, ends, and what the reader does is left alone", async (page) => {
  const { end, log } = client();
  const id = await experiment(fresh("live"));
  await signIn(page);
  const heard = page.waitForRequest((request) => request.url().includes("/graphql/stream") && request.url().includes(id));
  await page.goto(`/experiments/${id}`);
  await page.getByRole("heading", { name: "No runs yet" }).waitFor();
  await heard;
  const first = await run(id, "first", { end: false });
  await page.getByRole("link", { name: "first" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await run(id, "second");
  await page.getByRole("link", { name: "second" }).waitFor();
  await until(() => names(page), ["second", "first"]);
  await until(() => page.locator("tr.here[aria-selected=true]").filter({ hasText: "first" }).count(), 1, "the keyboard and the selection on their run");
  await log(first, { auc: 0.75 }, 1);
  await page.getByRole("columnheader", { name: "auc" }).waitFor();
  await end(first);
  await page.getByRole("row").filter({ hasText: "first" }).getByText("finished").waitFor();
  await until(() => selected(page), 1);
});

journey("of a thousand rows only those in sight are there, and the keyboard reaches all", async (page) => {
  await page.goto("/kit?rows=1000");
  await page.waitForSelector("html[data-ready]");
  const body = page.locator("#tables tbody");
  assert.equal(await page.locator("#tables table").getAttribute("aria-rowcount"), "1001");
  assert.ok((await body.locator("tr").count()) < 120);
  await page.locator("h1").click();
  for (let times = 0; times < 400; times++) await page.keyboard.press("j");
  assert.ok((await body.locator("tr").count()) < 120);
  const here = body.locator("tr.here");
  await until(() => here.getAttribute("aria-rowindex"), "401");
  // In sight, below the head, once the sheet has followed.
  await page.waitForFunction(() => {
    const [row, sheet] = [document.querySelector("#tables tr.here"), document.querySelector("#tables .sheet")].map((one) => one.getBoundingClientRect());
    return row.top >= sheet.top + 35 && row.bottom <= sheet.bottom + 1 && row.bottom <= innerHeight + 1;
  });
  await page.keyboard.press("x");
  await until(() => here.getAttribute("aria-selected"), "true");
  await page.locator("#tables .sheet").evaluate((sheet) => (sheet.scrollTop = sheet.scrollHeight));
  await body.locator('tr[aria-rowindex="1001"]').waitFor();
  await accessible(page);
  await fits(page);
});

journey("selected runs are tagged at once, and what they have in common groups them", async (page) => {
  const lr = { a: 1, b: 2, c: 4 };
  const id = await table(page, "groups", ["a", "b", "c"], (name) => ({ params: { model: name === "c" ? "net" : "tree" }, metrics: { auc: lr[name] } }));
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Tag", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Tag 2 runs" });
  await dialog.getByLabel("Key").fill("team");
  await dialog.getByLabel("Value").fill("fraud");
  await accessible(page, { within: "dialog[open]" });
  await dialog.getByRole("button", { name: "Set the tag" }).click();
  await page.getByText("Tag team was set on 2 runs.").waitFor();
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.locator("#grouping").getByRole("link", { name: "model", exact: true }).click();
  const rows = page.getByRole("region", { name: "Groups of runs" }).locator("tbody tr");
  await rows.nth(1).waitFor();
  const said = async () => (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  await until(said, ["tree 2 1.5 1 to 2", "net 1 4"]);
  await accessible(page);
  await fits(page);
  // Without the app the same stands there.
  const html = await (await page.request.get(`/experiments/${id}?group=params.model&group=tags.team`)).text();
  assert.match(html, /fraud/);
  await page.getByRole("link", { name: "tree", exact: true }).click();
  await page.getByRole("link", { name: "a", exact: true }).waitFor();
  await page.getByRole("link", { name: "c", exact: true }).waitFor({ state: "detached" });
  await until(async () => (await names(page)).sort(), ["a", "b"]);
});

journey("all rows of the table leave as a file, in its order and with its filter", async (page) => {
  await table(page, "export", ["a", "b", "c"], (name) => ({ params: { model: name }, metrics: { auc: name === "b" ? 2 : 1 } }));
  await page.goto(`${page.url()}?filter=${encodeURIComponent("metrics.auc > 0")}&sort=-metrics.auc&columns=metrics.auc&columns=params.model`);
  await page.waitForSelector("html[data-ready]");
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#export").getByRole("link", { name: "CSV", exact: true }).click()]);
  const { readFileSync } = await import("node:fs");
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");
  assert.equal(lines[0], "run_id,run_name,metrics.auc,params.model");
  assert.deepEqual(lines.slice(1).map((line) => line.split(",").slice(1).join(",")).slice(0, 1), ["b,2.0,b"]);
  assert.equal(lines.length, 4);
});
