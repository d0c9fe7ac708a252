// Somebody goes on before the page is there, again and again, while code and answers are slow to come: whatever they leave, the app goes on.
import assert from "node:assert/strict";
import test from "node:test";
import { alive, journey } from "./journey.mjs";
import { fill } from "./organization.mjs";

const MINUTE = 60_000;
let filled;

/** Numbers from 0 to 1, the same for a seed each time (ISO C's example of `rand`). */
function numbers(seed) {
  return () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) / 2 ** 31;
}

/** Clicks one of the page's links within the app, as `draw` says; answers where it leads. In the page. */
const follow = (draw) => {
  const within = (link) => link.origin === location.origin && link.target !== "_blank" && link.rel !== "external" && !link.hasAttribute("download");
  const links = [...document.querySelectorAll("main a[href], nav a[href]")].filter((link) => within(link) && link.checkVisibility());
  const link = links[Math.floor(draw * links.length)];
  link?.click();
  return link ? link.pathname + link.search : "nothing";
};

const wander = (seed) => async (page, complaints, somebody) => {
  const draw = numbers(seed);
  filled ??= await fill(await somebody(), await somebody());
  await page.context().addCookies(filled.cookies);
  await page.route(/\/pkg\/|\/graphql$/, async (route) => {
    await new Promise((come) => setTimeout(come, draw() * 500));
    await route.continue().catch(() => {}); // the page may be left
  });
  await page.goto("/");
  await alive(page);
  const trail = [];
  const thrown = () => complaints.filter((complaint) => complaint.startsWith("exception"));
  for (const end = Date.now() + MINUTE; Date.now() < end && thrown().length === 0; ) {
    trail.push(draw() < 0.1 && trail.length > 20 ? await page.evaluate(() => (history.back(), "back")) : await page.evaluate(follow, draw()));
    await new Promise((look) => setTimeout(look, draw() * draw() * 1500));
  }
  assert.deepEqual(thrown(), [], trail.slice(-10).join(" > "));
  assert.ok(new Set(trail).size > 20, `went only to ${[...new Set(trail)].join(" ")}`);
};

for (const seed of [1, 2, 3, 4]) {
  const name = `whoever goes on before a page is there never stops the app, on way ${seed}`;
  if (process.env.ASSAY_TEST_LONG) journey(name, { viewport: { width: 1440, height: 900 } }, wander(seed));
  else test(name, { skip: "a minute each" }, () => {});
}
