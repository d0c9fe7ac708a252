import assert from "node:assert/strict";
import { alive, journey, signIn, until } from "./journey.mjs";
import { curves, end, experiment, run } from "./tracking.mjs";

const STEPS = 4000;

/** A run whose three charts hold more points than a screen shows. */
async function long(page) {
  const id = await run(await experiment(`zoom ${Date.now()}`), "long", { end: false });
  const noise = (step) => Math.sin(step * 12.9898) * 0.05;
  await curves(id, STEPS, { train_loss: (step) => 1 / (1 + step / 400) + noise(step), val_loss: (step) => 1.1 / (1 + step / 500), auc: (step) => 0.9 - 0.4 / (1 + step / 300) });
  await end(id);
  await signIn(page);
  await page.goto(`/runs/${id}/metrics`);
  await alive(page);
  return page.getByRole("application", { name: /^Line chart of loss\./ });
}

const notes = (page) => page.locator(".chart .notes").allInnerTexts();
/** How many points a note says are shown, of how many. */
const counts = async (page) => (await notes(page)).map((note) => note.match(/^(.+) of (.+) points/).slice(1).map((number) => Number(number.replace(/\D/g, ""))));
/** Two charts, no longer as thin as they came with the page. */
const whole = (counts) => counts.length === 2 && counts.every(([shown]) => shown > 400);
const ticks = (page) => page.locator(".chart").last().locator("svg.frame text").allInnerTexts();

journey("a drag on a chart of a real run brings more of its points, on all charts at once", async (page) => {
  const chart = await long(page);
  const all = await until(() => counts(page), whole);
  assert.ok(all.every(([shown, total]) => shown < total && total % STEPS === 0), `thinned at first: ${all}`);
  const before = await ticks(page);

  const frame = await chart.boundingBox();
  const at = (part) => [frame.x + frame.width * part, frame.y + 60];
  await page.mouse.move(...at(0.4));
  await page.mouse.down();
  await page.mouse.move(...at(0.55), { steps: 4 });
  const asked = page.waitForRequest((request) => request.url().endsWith("/graphql") && request.postDataJSON().query.includes("RunSeries") && request.postDataJSON().variables.fromStep !== null);
  await page.mouse.up();
  const { fromStep, toStep, points } = (await asked).postDataJSON().variables;
  assert.ok(Math.abs(fromStep - STEPS * 0.4) < 40 && Math.abs(toStep - STEPS * 0.55) < 40, `${fromStep} to ${toStep}`);
  assert.ok(points > 600, "more resolution than before");
  // Six hundred steps of each line fit: nothing is left out any more.
  await until(() => notes(page), (notes) => notes.length === 0);
  await until(() => ticks(page), (now) => now.join() !== before.join(), "the axes of the other chart");
  await until(() => page.locator(".chart").getByRole("button", { name: "Show all steps" }).count(), 2);

  await page.mouse.dblclick(...at(0.5));
  await until(() => counts(page), (counts) => counts.join() === all.join());
  await until(() => ticks(page), before);
  await until(() => page.getByRole("button", { name: "Show all steps" }).count(), 0);
});

journey("a chart is read and zoomed by keys", async (page) => {
  const chart = await long(page);
  const all = await until(() => counts(page), whole);
  await chart.focus();
  for (const key of ["Home", "Shift+ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  await until(() => chart.locator("[aria-live]").innerText(), (words) => /^step \d[\d\s]*: train [\d.]+, val [\d.]+$/.test(words));
  for (let times = 0; times < 3; times += 1) await page.keyboard.press("+");
  await until(() => notes(page), (notes) => notes.length === 0);
  await page.keyboard.press("0");
  await until(() => counts(page), (counts) => counts.join() === all.join());
});

journey("a smooth line is made by the server of all points, also of a part that is looked at", async (page) => {
  const chart = await long(page);
  await until(() => counts(page), whole);
  const smoothed = (part) => page.waitForResponse(async (response) => {
    const { query = "", variables } = response.request().postDataJSON() ?? {};
    return query.includes("RunSeries") && variables.smoothing === 0.9 && (variables.fromStep !== null) === part;
  });
  for (const part of [false, true]) {
    const answered = smoothed(part);
    if (part) {
      await chart.focus();
      await page.keyboard.press("+");
    } else await page.getByLabel("Smoothing").fill("0.9");
    const { data } = await (await answered).json();
    for (const { values, smoothed, steps } of data.run.series) assert.ok(smoothed.length === values.length && steps.length > 100, `${smoothed.length} of ${values.length}`);
  }
  await page.locator(".lines .raw").first().waitFor();
});
