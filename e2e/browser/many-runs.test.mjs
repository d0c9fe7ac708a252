// An experiment with more runs than are asked for at once: the table loads on, moves while it is long, and is worked on as a whole.
import assert from "node:assert/strict";
import { accessible, alive, fits, journey, signIn, until } from "./journey.mjs";
import { client, experiment } from "./tracking.mjs";

const MANY = 320;
/** Runs that are made at a time. */
const TOGETHER = 16;

const { mlflow } = client();
const begun = Date.now() - 3_600_000;
const begin = (experiment_id, at) => mlflow("runs/create", { experiment_id, run_name: `r${at}`, start_time: begun + at * 1000, tags: [] });

/** An experiment with many runs, the one of the highest number on top. */
async function many(name) {
  const id = await experiment(`${name} ${Date.now()}`);
  for (let from = 0; from < MANY; from += TOGETHER) await Promise.all(Array.from({ length: TOGETHER }, (_, at) => begin(id, from + at)));
  return id;
}

const sheet = (page) => page.locator(".sheet");
const rowcount = (page) => page.locator(".sheet table").getAttribute("aria-rowcount");
const pager = (page) => page.locator(".pager > span").first();
const toEnd = (page) => sheet(page).evaluate((sheet) => sheet.scrollTo(0, sheet.scrollHeight));
const link = (page, name) => page.getByRole("link", { name, exact: true });

/** Opens the table and scrolls until all rows are there. */
async function whole(page, id) {
  await page.goto(`/experiments/${id}`);
  await alive(page);
  const asked = [];
  page.on("request", (request) => request.url().endsWith("/graphql") && request.postData()?.includes("ExperimentRuns") && asked.push(request.postDataJSON().variables));
  await toEnd(page);
  await until(() => rowcount(page), "224");
  await toEnd(page);
  await until(() => rowcount(page), String(MANY + 1));
  await toEnd(page);
  await link(page, "r0").waitFor();
  const further = asked.filter(({ after }) => after);
  assert.deepEqual(further.map(({ first }) => first), [200, 200], "as many as the server gives");
}

journey("of many runs all come while one scrolls, and the table goes on while it is long", async (page) => {
  const id = await many("long");
  await signIn(page);
  await whole(page, id);
  await accessible(page);
  await fits(page);
  // What is looked at stays where it is while a run comes above it.
  const place = () => link(page, "r0").evaluate((link) => Math.round(link.getBoundingClientRect().top));
  const before = await place();
  await begin(id, MANY);
  await until(() => rowcount(page), String(MANY + 2), "the rows");
  await until(() => place(), before, "the last row");
  await sheet(page).evaluate((sheet) => sheet.scrollTo(0, 0));
  await link(page, `r${MANY}`).waitFor();
});

journey("in another order a long table says what is new, and loads it when it is asked to", async (page) => {
  const id = await many("ordered");
  await signIn(page);
  await page.goto(`/experiments/${id}?sort=name`);
  await alive(page);
  for (const rows of ["224", String(MANY + 1)]) {
    await toEnd(page);
    await until(() => rowcount(page), rows);
  }
  await begin(id, MANY);
  const reload = page.getByRole("button", { name: "1 new run: reload" });
  await reload.waitFor();
  assert.equal(await rowcount(page), String(MANY + 1), "no row moved");
  await reload.click();
  await until(() => pager(page).innerText(), `23 of ${MANY + 1} runs`);
  await reload.waitFor({ state: "detached" });
});

journey("all runs that match are tagged, removed and brought back, loaded or not", async (page) => {
  const id = await many("at once");
  await signIn(page);
  await page.goto(`/experiments/${id}`);
  await alive(page);
  await page.getByRole("checkbox", { name: "Select all rows" }).click();
  await page.getByText("23 runs selected").waitFor();
  await page.getByRole("button", { name: `Select all ${MANY} runs`, exact: true }).click();
  await page.getByText(`${MANY} runs selected`).waitFor();
  // Only so many can be named in an address; the button says it.
  const compare = page.getByRole("link", { name: "Compare the first 50" });
  assert.equal(new URL(await compare.getAttribute("href"), page.url()).searchParams.getAll("run").length, 50);
  await page.getByText("A comparison names at most 50 runs.").waitFor();
  assert.match(await page.getByRole("link", { name: "Compare all that are listed" }).getAttribute("href"), new RegExp(`^/compare\\?e1=exp_`));
  await accessible(page);
  await fits(page);

  await page.getByRole("button", { name: "Tag", exact: true }).click();
  const tagging = page.getByRole("dialog", { name: `Tag ${MANY} runs` });
  await tagging.getByLabel("Key").fill("team");
  await tagging.getByLabel("Value").fill("fraud");
  await tagging.getByRole("button", { name: "Set the tag" }).click();
  await page.getByText(`Tag team was set on ${MANY} runs.`).waitFor();

  // By a filter: what does not match stays.
  const { run } = await begin(id, MANY);
  await page.goto(`/experiments/${id}?filter=${encodeURIComponent("tags.team = 'fraud'")}`);
  await alive(page);
  await page.getByRole("checkbox", { name: "Select all rows" }).click();
  await page.getByRole("button", { name: `Select all ${MANY} runs that match this filter` }).click();
  await page.getByText(`${MANY} runs selected`).waitFor();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  const asking = page.getByRole("dialog", { name: `Remove ${MANY} runs?` });
  await accessible(page, { within: "dialog[open]" });
  await asking.getByRole("button", { name: `Remove ${MANY} runs` }).click();
  await page.getByText(`${MANY} runs were removed.`).waitFor();
  await page.getByRole("heading", { name: "No run fits the filter" }).waitFor();
  const left = await mlflow("runs/search", { experiment_ids: [id], max_results: 10 });
  assert.deepEqual(left.runs.map(({ info }) => info.run_id), [run.info.run_id]);

  await page.getByRole("button", { name: "Undo" }).click();
  await until(() => pager(page).innerText(), `23 of ${MANY} runs`);
});
