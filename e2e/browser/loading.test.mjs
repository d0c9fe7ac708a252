import assert from "node:assert/strict";
import { alive, journey, settled, signIn } from "./journey.mjs";
import { curves, experiment, run } from "./tracking.mjs";

/** What a page asks for beside its subject. */
const BESIDE = /\b(similar|threads)\b/;

/** Holds back every answer of the API until it is let go; then what stands beside the subject comes last. */
async function hold(page) {
  let go;
  const gone = new Promise((resolve) => (go = resolve));
  await page.route("**/graphql", async (route) => {
    await gone;
    if (BESIDE.test(route.request().postData() ?? "")) await new Promise((late) => setTimeout(late, 300));
    await route.continue();
  });
  return go;
}

/** Where an element begins. Found and measured in one go: a skeleton that another one follows would be measured when it is gone. */
const top = async (page, selector) => {
  const found = await page.waitForFunction((selector) => document.querySelector(selector)?.getBoundingClientRect().top, selector);
  return Math.round(await found.jsonValue());
};

for (const { name, link, part, real } of [
  { name: "a run", link: "slow one", part: ".skeleton .tabs", real: "main .tabs:not(.skeleton *)" },
  { name: "a list", link: "Models", part: ".skeleton .rows", real: "main .state, main .sheet" },
]) {
  journey(`${name} that is slow to come is drawn in grey after 150 ms, in its own shape`, async (page) => {
    const id = await experiment(`slow ${Date.now()}`);
    const run_id = await run(id, "slow one", { metrics: { loss: 1 }, end: false });
    await curves(run_id, 20, { loss: (step) => 1 / (step + 1) });
    await signIn(page);
    await page.goto(`/experiments/${id}`);
    await settled(page);
    await page.evaluate(() => {
      window.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({ type: "layout-shift" });
    });
    const go = await hold(page);
    await page.getByRole("link", { name: link, exact: true }).click();
    const [early, late] = await page.evaluate(async () => {
      // The code of the page may come first: then one skeleton follows another.
      let skeleton, animation;
      while (!animation) {
        await new Promise(requestAnimationFrame);
        skeleton = document.querySelector("main .skeleton");
        animation = skeleton?.getAnimations()[0];
      }
      return [100, 250].map((ms) => {
        animation.pause();
        animation.currentTime = ms;
        return Number(getComputedStyle(skeleton).opacity);
      });
    });
    assert.deepEqual([early, late], [0, 1]);
    const grey = await top(page, part);
    go();
    await page.locator(real).first().waitFor();
    assert.ok(Math.abs((await top(page, real)) - grey) <= 2, "what comes stands where it was drawn");
    assert.ok((await page.evaluate(() => window.shift)) < 0.01);
  });
}

journey("the window's title is the name of the page that is shown, however slow code and answers are to come", async (page) => {
  const title = `titled ${Date.now()}`;
  await run(await experiment(title), "the titled run", { metrics: { loss: 1 } });
  await signIn(page);
  await alive(page);
  const late = (ms) => async (route) => {
    await new Promise((come) => setTimeout(come, ms));
    await route.continue().catch(() => {}); // the page may be left
  };
  await page.route("**/pkg/**", late(600));
  await page.route("**/graphql", late(300));
  const [main, rail] = [page.getByRole("main"), page.getByRole("navigation", { name: "Main" })];
  for (const [within, name] of [
    ...["Templates", "Models", "Members", "API tokens", "Audit log", "Experiments"].map((name) => [rail, name]),
    [main, title],
    [main, "the titled run"],
    ...["Models", "Templates", "Experiments"].map((name) => [rail, name]),
    [main, title],
  ]) {
    await within.getByRole("link", { name, exact: true }).first().click();
    await main.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.waitForFunction(() => document.title === `${document.querySelector("main h1").innerText.trim()} \u00B7 Assay`);
  }
});

journey("a page may be left before it is there, and while what was begun on it is under way", async (page) => {
  const id = await experiment(`left ${Date.now()}`);
  await run(id, "the run that nobody waits for", { metrics: { loss: 1 } });
  const [main, rail] = [page.getByRole("main"), page.getByRole("navigation", { name: "Main" })];
  const visit = async (name) => {
    await rail.getByRole("link", { name, exact: true }).click();
    await main.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  };
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await alive(page);
  // At first its code is on the way too, then only what it shows.
  for (let time = 0; time < 2; time++) {
    const release = await hold(page);
    await main.getByRole("link", { name: "the run that nobody waits for" }).click();
    await page.locator("main .skeleton").first().waitFor();
    await rail.getByRole("link", { name: "Members", exact: true }).click();
    release();
    await main.getByRole("heading", { level: 1, name: "Members", exact: true }).waitFor();
    await alive(page);
    await page.unroute("**/graphql");
    await page.evaluate(() => history.go(-2));
    await main.getByRole("link", { name: "the run that nobody waits for" }).waitFor();
  }

  await visit("API tokens");
  await main.getByRole("button", { name: "Create a token" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Create a token" });
  await dialog.getByRole("textbox", { name: "Name" }).fill(`left ${Date.now()}`);
  const release = await hold(page);
  await dialog.getByRole("button", { name: "Create the token" }).click();
  await page.goBack();
  const created = page.waitForResponse((answer) => answer.request().postData()?.includes("CreateToken") ?? false);
  release();
  assert.equal((await created).status(), 200);
  await main.getByRole("link", { name: "the run that nobody waits for" }).waitFor();
  await alive(page);

  await main.getByRole("link", { name: /^Discussion/ }).click();
  await page.locator("#discussion").getByLabel("Say something").pressSequentially("@a");
  for (const name of ["Models", "Templates", "Members"]) await visit(name);
});

/** Most bytes that a cold visit of the run table may transfer; infra/bench holds it to the same. */
const COLD_MAX = 700_000;

/** Adds up what a page transfers from now on, headers included. */
async function transfer(page) {
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  const [sum, remote] = [{ bytes: 0, files: [] }, new Map()];
  network.on("Network.requestWillBeSent", ({ requestId, request }) => request.url.startsWith("http") && remote.set(requestId, request.url));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!remote.has(requestId)) return;
    sum.bytes += encodedDataLength;
    sum.files.push(`${encodedDataLength} ${remote.get(requestId)}`);
  });
  return sum;
}

journey("a cold visit of the run table transfers less than 700 kB", async (page, complaints, somebody) => {
  const id = await experiment(`cold ${Date.now()}`);
  const ten = (what) => Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`${what}_${at}`, at + 0.5]));
  for (let at = 0; at < 30; at++) await run(id, `run ${at}`, { params: ten("param"), metrics: ten("metric") });
  await signIn(page);
  // The other browser has the session, and nothing in its cache.
  const cold = await somebody();
  await cold.context().addCookies(await page.context().cookies());
  const sum = await transfer(cold);
  await cold.goto(`/experiments/${id}`);
  await cold.getByRole("link", { name: "run 29", exact: true }).waitFor();
  await alive(cold);
  const told = [`${sum.bytes} bytes`, ...sum.files].join("\n");
  assert.ok(sum.files.some((file) => file.endsWith(".wasm")) && sum.files.some((file) => file.endsWith(".woff2")), told);
  assert.ok(sum.bytes < COLD_MAX, told);
});
