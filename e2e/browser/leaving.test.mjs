// What is left in a browser that somebody signed out of, for who sits down before it next.
import assert from "node:assert/strict";
import { alive, journey } from "./journey.mjs";
import { person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

/** Signs up, walks through pages by their links and signs out; answers how often there is to go back, and the words that nobody may read any more. */
async function leave(page) {
  const words = ["Secret Turbines", "secret-experiment", "secret-run", "Olga Owner"];
  await signUp(page, words[0], person(words[3]));
  const { experiment, run } = client(await token(page));
  const id = await experiment(words[1]);
  await run(id, words[2], { metrics: { auc: 0.9 } });
  await page.goto("/experiments");
  await alive(page);
  await page.getByRole("link", { name: words[1] }).click();
  await page.getByRole("link", { name: words[2] }).click();
  await page.getByRole("heading", { level: 1, name: words[2] }).waitFor();
  await page.goto("/members");
  await alive(page);
  await page.locator(".rail .me").click();
  await page.locator("#me").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  return { back: 4, words };
}

for (const returns of [false, true]) {
  const browser = returns ? "a browser that keeps left pages alive" : "a browser that asks again";
  journey(`t68: after signing out the way back shows nothing of the organization, in ${browser}`, { returns }, async (page) => {
    const { back, words } = await leave(page);
    // What a page was is looked at from its first moment on, not only when it has come to rest.
    await page.addInitScript((words) => {
      addEventListener("pageshow", (event) => event.persisted && console.error(`shown again as it was left: ${location.pathname}`));
      const look = () => words.forEach((word) => document.documentElement?.innerText.includes(word) && console.error(`${word} at ${location.pathname}`));
      new MutationObserver(look).observe(document, { childList: true, subtree: true });
    }, words);
    for (let steps = 0; steps < back; steps++) {
      await page.goBack();
      await page.waitForURL("**/sign-in**");
      await alive(page);
      const text = await page.locator("html").innerText();
      for (const word of words) assert.ok(!text.includes(word), `${word} at ${page.url()}`);
    }
    // Nor by the way forward, nor by an address from the history.
    await page.goForward();
    await page.waitForURL("**/sign-in**");
  });
}

journey("t68: that browser does keep a page that nobody signed out of", { returns: true }, async (page) => {
  await page.goto("/sign-in");
  // One that still waits for its app is not kept.
  await alive(page);
  await page.evaluate(() => (window.left = true));
  await page.goto("about:blank");
  await page.goBack({ waitUntil: "commit" });
  assert.equal(await page.evaluate(() => window.left), true);
});
