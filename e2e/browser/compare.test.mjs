import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessible, alive, fits, journey, settled, signIn, steady, until } from "./journey.mjs";
import { curves, experiment, run } from "./tracking.mjs";

/** An experiment with two optimizers, three seeds each, whose curves differ. */
async function trainings(name) {
  const id = await experiment(`${name} ${Date.now()}`);
  for (const [at, optimizer] of ["adam", "sgd"].entries()) {
    for (let seed = 0; seed < 3; seed++) {
      const auc = 0.9 - 0.05 * at + seed * 0.002;
      const run_id = await run(id, `${optimizer} ${seed}`, { params: { optimizer, seed, epochs: 5 }, metrics: { val_auc: auc, latency_ms: 10 - 3 * at + seed * 0.1 }, end: false });
      await curves(run_id, 30, { val_auc: (step) => (step === 29 ? auc : auc - 0.4 * Math.exp(-step / 6)) });
    }
  }
  return id;
}

const grouped = (id) => `/compare?e1=${id}&f1=params.optimizer+%3D+%27sgd%27&n1=sgd&e2=${id}&f2=params.optimizer+%3D+%27adam%27&n2=adam&metric=val_auc`;

journey("c5_3a c5_3c two filters are compared: findings, tests, differences first", async (page) => {
  const id = await trainings("filters");
  await signIn(page);
  await page.goto(grouped(id));
  await settled(page);
  await page.getByRole("heading", { level: 1, name: "sgd against adam" }).waitFor();
  await page.getByText(/adam is 0\.05 better than sgd on val_auc/).waitFor();
  const tests = page.getByRole("region", { name: "Tests of every two groups" });
  await tests.getByText("p < 0.001").first().waitFor();
  const params = page.getByRole("region", { name: "Params of the groups" });
  assert.equal(await params.locator("tbody th code").first().textContent(), "optimizer");
  await accessible(page);
  await fits(page);
});

journey("c5_3b what is pointed at in one chart is lit in all, and each can be saved", async (page) => {
  const id = await trainings("charts");
  await signIn(page);
  await page.goto(grouped(id));
  await settled(page);
  const figures = page.locator(".figure");
  await figures.filter({ hasText: "val_auc: over its steps" }).locator(".marks path").first().waitFor();
  // The curves come after the rest of the page, and push nothing away from under a pointer.
  await steady(page);
  const dot = page.locator('.figure .marks g[data-g="1"]:not([data-run=""]) circle').first();
  await dot.hover();
  const own = await dot.locator("..").getAttribute("data-run");
  await page.locator(`.figure [data-run="${own}"].lit path`).first().waitFor({ state: "attached" });
  assert.ok((await figures.count()) >= 7);
  for (const [kind, begins] of [["CSV", "group,"], ["SVG", "<svg"], ["PNG", "\x89PNG"]]) {
    await page.getByRole("region", { name: "Metrics of the groups" }).scrollIntoViewIfNeeded();
    const figure = figures.filter({ hasText: "val_auc: spread" });
    await figure.getByRole("button", { name: "Save this chart" }).click();
    const choice = figure.getByRole("button", { name: kind, exact: true });
    await choice.waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), choice.click()]);
    // Pressed while the menu is still open, its button would close it.
    await choice.waitFor({ state: "hidden" });
    assert.ok(readFileSync(await download.path(), "latin1").startsWith(begins), kind);
  }
});

journey("c5_3b a chart is read by keys, and what is read is lit in all", async (page) => {
  const id = await trainings("keys");
  await signIn(page);
  await page.goto(grouped(id));
  await settled(page);
  const bars = page.getByRole("application", { name: /^val_auc: means\./ });
  await bars.focus();
  await page.keyboard.press("ArrowRight");
  const said = bars.locator("[aria-live]");
  await until(() => said.innerText(), (words) => words.startsWith("sgd"));
  // The same group steps forward in the other charts too.
  await page.locator('.figure:not(:has(:focus)) [data-g="0"].lit').first().waitFor({ state: "attached" });
  await until(() => page.locator('.figure [data-g="1"].lit').count(), 0);
  await page.keyboard.press("End");
  await until(() => said.innerText(), (words) => words.startsWith("adam"));
  await page.locator('.figure:not(:has(:focus)) [data-g="1"].lit').first().waitFor({ state: "attached" });
  await accessible(page);
  await page.keyboard.press("Escape");
  await page.locator(".figure .lit").first().waitFor({ state: "detached" });
  await until(() => said.innerText(), "");
  // A run in the scatter by name.
  await page.getByRole("application", { name: /^val_auc by / }).press("ArrowRight");
  await until(() => page.getByRole("application", { name: /^val_auc by / }).locator("[aria-live]").innerText(), (words) => /(adam|sgd) \d/.test(words));
});

journey("runs are picked in the table and compared with C, and the address can be shared", async (page, _, somebody) => {
  const id = await trainings("picked");
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await settled(page);
  await page.getByLabel("Select adam 0").click();
  await page.getByLabel("Select sgd 0").click();
  await page.keyboard.press("c");
  await page.waitForURL(/\/compare\?run=/);
  await page.getByText("One value in a group says nothing of chance").first().waitFor();
  const other = await somebody();
  await signIn(other);
  await other.goto(page.url());
  await other.getByText("One value in a group says nothing of chance").first().waitFor();
});

journey("a comparison is chosen by form, saved, found again and removed", async (page) => {
  const id = await trainings("saved");
  const name = `kept ${Date.now()}`;
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await settled(page);
  await page.getByRole("link", { name: "Compare" }).click();
  await page.getByRole("link", { name: "The last 30 days against the 30 before" }).waitFor();
  await alive(page);
  await page.getByLabel("Filter of group 1").fill("params.optimizer = 'sgd'");
  await page.getByLabel("Experiment of group 2").selectOption(await page.getByLabel("Experiment of group 1").inputValue());
  await page.getByLabel("Filter of group 2").fill("params.optimizer = 'adam'");
  await page.locator(".choose form").getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(/f2=/);
  await settled(page);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Save this comparison" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Save comparison" }).click();
  await page.getByText(`${name} is saved.`).waitFor();
  await page.goto("/compare");
  await settled(page);
  await accessible(page);
  const line = page.locator(".saved li").filter({ hasText: name });
  await line.getByRole("link", { name }).click();
  await page.getByText(/is 0\.05 better than/).waitFor();
  await page.goto("/compare");
  await settled(page);
  await line.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove comparison" }).click();
  await line.waitFor({ state: "detached" });
});

journey("c5_3d a report is downloaded in each format", async (page) => {
  const id = await trainings("reports");
  await signIn(page);
  await page.goto(grouped(id));
  await settled(page);
  for (const [name, begins] of [["PDF", "%PDF-1.4"], ["HTML", "<!DOCTYPE html>"], ["Markdown", "# sgd against adam"], ["CSV", "metric,"]]) {
    await page.getByRole("button", { name: "Report" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#report").getByRole("link", { name }).click()]);
    assert.ok(readFileSync(await download.path(), "latin1").startsWith(begins), name);
    await page.keyboard.press("Escape");
  }
  assert.equal(await page.locator("#report").getByText("The PDF shows only Latin characters").count(), 0);
});

journey("c5_3d the menu says when a PDF cannot show all names", async (page) => {
  const id = await experiment(`other letters ${Date.now()}`);
  for (const model of ["木", "林"]) await run(id, model, { params: { model }, metrics: { auc: 0.5 } });
  await signIn(page);
  await page.goto(`/compare?e1=${id}&f1=${encodeURIComponent("params.model = '木'")}&e2=${id}&f2=${encodeURIComponent("params.model = '林'")}`);
  await settled(page);
  await page.getByRole("button", { name: "Report" }).click();
  await page.locator("#report").getByText("The PDF shows only Latin characters").waitFor();
  await accessible(page);
});

journey("a phone and a dark room show the comparison too", { viewport: { width: 390, height: 800 }, colorScheme: "dark" }, async (page) => {
  const id = await trainings("phone");
  await signIn(page);
  await page.goto(grouped(id));
  await settled(page);
  await page.getByText(/adam is 0\.05 better than sgd/).waitFor();
  await fits(page);
  await accessible(page);
});

journey("c5_3b a part of the curves is looked at by a drag and by keys, and all of them again", async (page) => {
  const id = await trainings("zoom");
  await signIn(page);
  await page.goto(grouped(id));
  await alive(page);
  const curves = page.getByRole("application", { name: /^val_auc: over its steps\./ });
  await curves.locator("path").first().waitFor();
  const ticks = () => curves.locator(".marks > text").allTextContents();
  const asked = () => page.waitForRequest((request) => request.url().endsWith("/graphql") && request.postDataJSON().query.includes("RunCurves") && request.postDataJSON().variables.fromStep !== null);
  const all = await ticks();
  const pane = curves.locator(".pane");
  await pane.scrollIntoViewIfNeeded();
  const frame = await pane.boundingBox();
  const at = (part) => [frame.x + frame.width * part, frame.y + 90];
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.75), { steps: 4 });
  await until(() => pane.locator(".selection").count(), 1);
  let request = asked();
  await page.mouse.up();
  const { fromStep, toStep } = (await request).postDataJSON().variables;
  assert.ok(fromStep >= 13 && toStep <= 23 && fromStep < toStep, `${fromStep} to ${toStep}`);
  await until(ticks, (now) => now.join() !== all.join(), "the axes");
  await accessible(page);
  await page.mouse.dblclick(...at(0.5));
  await until(ticks, all);

  await curves.focus();
  request = asked();
  await page.keyboard.press("+");
  await request;
  await page.getByRole("button", { name: "Show all steps" }).click();
  await until(ticks, all);
  await until(() => page.getByRole("button", { name: "Show all steps" }).count(), 0);
});
