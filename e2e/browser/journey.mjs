// What every browser journey stands on: a real Chromium, the first organization's owner, and no patience with errors.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import test, { after } from "node:test";
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { chromium } from "playwright-core";

/** Where Assay runs. */
export const url = process.env.ASSAY_TEST_URL;
/** { url, organization, email, password, token } of the first organization. */
export const connection = JSON.parse(readFileSync(process.env.ASSAY_TEST_CONNECTION, "utf8"));

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browsers = {};
/** A browser; one that `returns` keeps the pages that were left alive, to show them again on the way back, as people's browsers do and the whole of Chromium does. */
const launch = async (returns = false) =>
  (browsers[returns] ??= await chromium.launch({
    executablePath: returns ? process.env.ASSAY_TEST_WHOLE_CHROMIUM : process.env.ASSAY_TEST_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ignoreDefaultArgs: returns ? ["--disable-back-forward-cache"] : [],
  }));
after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

/**
 * A test with a page of its own in a browser profile of its own. It fails on any console error, uncaught exception or
 * answer of 500 and above, whatever `body` looks at. Nothing on the page moves by itself: what Playwright finds moving it scrolls
 * about until it stands still, and what hangs on it goes elsewhere under the pointer. `options` are those of a new browser context, and `returns` of the
 * browser. `body` may ask for more people: `somebody()` is a page in one more profile, watched as the first one is.
 */
export function journey(name, options, body = options) {
  const { returns, ...own } = body === options ? {} : options;
  test(name, { timeout: 120_000 }, async () => {
    const contexts = [];
    const complaints = [];
    const somebody = async () => {
      const context = await (await launch(returns)).newContext({ baseURL: url, reducedMotion: "reduce", ...own });
      contexts.push(context);
      return watched(context, complaints);
    };
    try {
      await body(await somebody(), complaints, somebody);
      assert.deepEqual(complaints, []);
    } finally {
      for (const context of contexts) await context.close();
    }
  });
}

/** A new page, whose errors are noted in `complaints`. */
async function watched(context, complaints) {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.addInitScript(noteShifts);
  await page.addInitScript(noteAnswers);
  page.on("console", (message) => message.type() === "error" && complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`exception: ${error.stack ?? error}`));
  page.on("response", (response) => response.status() >= 500 && complaints.push(`${response.status()} ${response.url()}`));
  return page;
}

/** What the browser itself logs of an answer with a status. */
const logged = (status) => new RegExp(`^console: Failed to load resource: the server responded with a status of ${status} \\([^()]*\\)$`);

/**
 * Takes out of the complaints what the browser itself logs of answers with a status that the journey asked for, and fails
 * unless there are exactly so many. Every other complaint stays one.
 */
export async function expected(complaints, status, times = 1) {
  const words = logged(status);
  const found = () => complaints.filter((complaint) => words.test(complaint)).length;
  // The browser logs an answer a moment after it gave it to the page.
  for (let tries = 0; tries < 50 && found() < times; tries++) await new Promise((go) => setTimeout(go, 100));
  assert.equal(found(), times, `answers of ${status}; complaints:\n${complaints.join("\n")}`);
  possible(complaints, status);
}

/** Takes those out of the complaints, if there are any: what a page asks for that is left in this moment may be refused still, or not be asked. */
export function possible(complaints, status) {
  const words = logged(status);
  complaints.splice(0, complaints.length, ...complaints.filter((complaint) => !words.test(complaint)));
}

/** Signs in by the form, as a person does; by default as the first organization's owner. */
export async function signInByForm(page, { email, password } = connection) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await Promise.all([page.waitForURL((address) => address.pathname !== "/sign-in"), page.getByRole("button", { name: "Sign in" }).click()]);
}

const session = `${process.env.ASSAY_TEST_CONNECTION}.session`;

/** Cookies of one session of the owner that all journeys share: ten sign-ins a quarter of an hour are what an account may. */
async function cookies() {
  for (let tries = 0; tries < 300; tries++) {
    if (existsSync(session)) return JSON.parse(readFileSync(session, "utf8"));
    try {
      mkdirSync(`${session}.lock`);
    } catch {
      await new Promise((go) => setTimeout(go, 100)); // another journey is signing in
      continue;
    }
    const context = await (await launch()).newContext({ baseURL: url });
    const complaints = [];
    await signInByForm(await watched(context, complaints));
    assert.deepEqual(complaints, [], "while signing in");
    writeFileSync(`${session}.new`, JSON.stringify(await context.cookies()));
    renameSync(`${session}.new`, session);
    await context.close();
  }
  throw new Error("nobody could sign in");
}

/** Makes the page's browser one in which the owner has signed in, and opens the first page. */
export async function signIn(page) {
  await page.context().addCookies(await cookies());
  await page.goto("/");
}

/** For how long, in ms, a page that is alive has asked for nothing. */
const QUIET = 500;

/**
 * Waits until the page is alive, not only readable, and has what it asked for. The browser alone says too little: while a slow machine
 * compiles the app its network is idle too, and of what a page asks for later on it says nothing.
 */
export const alive = (page) => Promise.all([page.waitForLoadState("networkidle"), page.waitForFunction(isQuiet, QUIET, { polling: 50 })]);

/** Waits until the page is interactive, and until it has its charts where it has some: those are asked for afterwards. */
export const settled = (page) => (/^\/runs\/[^/]+(\/metrics)?$/.test(new URL(page.url()).pathname) ? alive(page) : page.waitForSelector("html[data-ready]"));

/**
 * Fails when axe finds anything on the page as it is now. `rules` turns single rules off, `within` looks at a part of the page
 * only, `only` by some rules only.
 */
export async function accessible(page, { rules = {}, within, only } = {}) {
  const options = { resultTypes: ["violations"], rules: { "target-size": { enabled: true }, ...rules } };
  const wanted = JSON.stringify(only ? { resultTypes: ["violations"], runOnly: only } : options);
  // By the debugger's way in, because the page's own policy rightly refuses foreign scripts.
  const found = await page.evaluate(`window.axe ?? (() => {${axeSource}})(); axe.run(${JSON.stringify(within) ?? "document"}, ${wanted})`);
  const told = found.violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.target.join(" ")).join("\n    ")}`);
  assert.deepEqual(told, [], `axe on ${page.url()}`);
}

/** Fails when the page is wider than its window. */
export const fits = async (page) =>
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${page.url()} sticks out`);

/** Waits until what is read is what is wanted, or passes as such; answers it. For what follows a press or a key, and not at once. */
export async function until(read, wanted, what = "it") {
  const fits = typeof wanted === "function" ? wanted : (found) => isDeepStrictEqual(found, wanted);
  for (const deadline = Date.now() + 15_000; ; await new Promise((go) => setTimeout(go, 50))) {
    const found = await read();
    if (fits(found)) return found;
    if (Date.now() > deadline) assert.fail(`${what} stayed ${JSON.stringify(found)}${typeof wanted === "function" ? "" : `, and not ${JSON.stringify(wanted)}`}`);
  }
}

/** How far the parts of a page may move that nobody moved: the sum of its layout shifts. */
const SHIFT_MAX = 0.01;

/** Notes every layout shift from the first picture of the page on, with the elements that moved. */
const noteShifts = () => {
  window.shifts = [];
  const said = (node) => node?.nodeType === 1 ? `${node.tagName.toLowerCase()}.${node.className}` : String(node?.nodeName);
  const at = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const moved = ({ node, previousRect, currentRect }) => `${said(node)} from ${at(previousRect)} to ${at(currentRect)}`;
  const note = (entry) => entry.hadRecentInput || window.shifts.push({ by: entry.value, at: Math.round(entry.startTime), of: entry.sources.map(moved) });
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: "layout-shift", buffered: true });
};

/** Notes what the page asks for and has no answer to yet, and when the last answer came. */
const noteAnswers = () => {
  const { fetch } = window;
  const asked = (window.asked = { open: 0, since: 0 });
  const answered = () => ([asked.open, asked.since] = [asked.open - 1, performance.now()]);
  window.fetch = (...what) => {
    asked.open += 1;
    const answer = fetch(...what);
    answer.then(answered, answered);
    return answer;
  };
};

/** Whether the app is here, and all answers have been for so many ms. */
const isQuiet = (ms) => {
  if (!document.documentElement?.hasAttribute("data-ready")) return false;
  window.asked.ready ??= performance.now();
  return window.asked.open === 0 && performance.now() - Math.max(window.asked.ready, window.asked.since) > ms;
};

/** Fails when the page, which has come to rest, jumped on its way there. */
export async function steady(page) {
  const shifts = await page.evaluate(() => window.shifts);
  const sum = shifts.reduce((sum, { by }) => sum + by, 0);
  assert.ok(sum < SHIFT_MAX, `${page.url()} jumped by ${sum.toFixed(3)}: ${JSON.stringify(shifts)}`);
}
