// Cold visits to a run table: every visit has a browser context of its own, so nothing is cached.
// Reads {url, path, times, signIn?} from standard input, writes a list of {paint, rows, readable, bytes, requests}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { chromium } = createRequire(`${process.env.BENCH_MODULES}/package.json`)("playwright-core");
const task = JSON.parse(readFileSync(0, "utf8"));

// A run shows as a link to it; the table is there when ten of them are.
const ROWS = 10;
const watch = (rows) => {
  const look = () => {
    const links = new Set([...document.querySelectorAll('a[href*="/runs/"]')].map((link) => link.getAttribute("href")).filter((href) => /\/runs\/[a-z_]*[0-9a-f]{32}/.test(href)));
    if (links.size >= rows) window.benchRows = performance.now();
    else requestAnimationFrame(look);
  };
  look();
};

async function visit(browser, storageState) {
  const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(watch, ROWS);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  let requests = 0;
  const remote = new Set(); // not those that are inside the page, as data:
  network.on("Network.requestWillBeSent", (event) => { if (event.request.url.startsWith("http")) remote.add(event.requestId); });
  network.on("Network.loadingFinished", (event) => {
    if (!remote.has(event.requestId)) return;
    bytes += event.encodedDataLength;
    requests += 1;
  });
  await page.goto(task.url + task.path, { waitUntil: "commit", timeout: 60_000 });
  await page.waitForFunction(() => window.benchRows, undefined, { timeout: 50_000 });
  await page.waitForLoadState("networkidle", { timeout: 10_000 }).catch(() => {});
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  const rows = await page.evaluate(() => window.benchRows);
  if (process.env.BENCH_SCREENSHOT) await page.screenshot({ path: process.env.BENCH_SCREENSHOT });
  await context.close();
  return { paint, rows, readable: Math.max(paint, rows), bytes, requests };
}

async function signIn(browser) {
  if (!task.signIn) return undefined;
  const context = await browser.newContext();
  const reply = await context.request.post(`${task.url}/sign-in`, { form: task.signIn, headers: { Origin: task.url }, maxRedirects: 0 });
  if (reply.status() >= 400) throw new Error(`signing in was answered with ${reply.status()}`);
  const state = await context.storageState();
  await context.close();
  return state;
}

const browser = await chromium.launch({ executablePath: process.env.BENCH_CHROMIUM, args: ["--no-sandbox"] });
try {
  const state = await signIn(browser);
  const found = [];
  for (let time = 0; time < task.times; time += 1) found.push(await visit(browser, state));
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
