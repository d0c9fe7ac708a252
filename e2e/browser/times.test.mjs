// Times are told in the reader's zone, wherever the server stands.
import assert from "node:assert/strict";
import { alive, journey, signIn } from "./journey.mjs";
import { experiment, run } from "./tracking.mjs";

const ZONE = "Asia/Kolkata";
const MINUTES = 330;

/** Every time on the page says on hover what the clock on the reader's wall said. */
async function local(page) {
  const times = page.locator("main time:visible");
  await times.first().waitFor();
  const found = await times.evaluateAll((all) => all.map((time) => [time.dateTime, time.title]));
  for (const [at, title] of found) {
    const wall = new Date(Date.parse(at) + MINUTES * 60_000).toISOString().slice(11, 19);
    assert.ok(title.includes(`${wall} UTC+5:30`), `${at}: ${title}`);
  }
}

journey("a run and the audit log tell times in the reader's zone", { timezoneId: ZONE }, async (page) => {
  const id = await run(await experiment(`zone ${Date.now()}`), "zone");
  await signIn(page);
  for (const path of [`/runs/${id}`, "/audit"]) {
    await page.goto(path);
    await alive(page);
    await local(page);
  }
  // The log's days are those of its export: the filter says so.
  assert.equal(await page.getByLabel(/UTC/).count(), 2);
});
