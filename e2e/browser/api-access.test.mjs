// The page for BI tools and scripts, from the token it leads to, over the queries it offers, to GraphiQL; and the client that its readers have.
import assert from "node:assert/strict";
import { GraphQLClient } from "graphql-request";
import { accessible, alive, connection, fits, journey, signIn, until, url } from "./journey.mjs";
import { experiment, run } from "./tracking.mjs";

/** An experiment with runs. */
async function filled(count) {
  const id = await experiment(`bi ${Date.now()} ${Math.random()}`);
  for (let n = 0; n < count; n++) await run(id, `run ${n}`, { params: { lr: `0.${n}` }, metrics: { auc: n / 10 } });
  return id;
}

const TABLE = `query ($of: [ID!]!, $after: String) {
  runTable(experiments: $of, columns: ["run_name", "metrics.auc"], orderBy: ["metrics.auc ASC"], first: 2, after: $after) {
    rows
    pageInfo { endCursor hasNextPage }
  }
}`;

journey("a token made on the way reads every page through graphql-request, and changes nothing", async (page) => {
  const id = await filled(5);
  await signIn(page);
  await page.goto(`/api-access?experiment=${id}`);
  await alive(page);
  await page.getByRole("link", { name: "Create a read token" }).click();
  const dialog = page.getByRole("dialog", { name: "Create a token" });
  await dialog.waitFor();
  await until(() => dialog.getByRole("textbox", { name: "Name" }).inputValue(), "BI");
  await until(() => dialog.getByRole("radio", { name: /^Only what I choose/ }).isChecked(), true);
  await until(() => dialog.getByRole("checkbox", { checked: true }).count(), 2);
  await accessible(page, { within: "dialog[open]" });
  await dialog.getByRole("button", { name: "Create the token" }).click();
  const secret = (await page.getByRole("region", { name: "The new token" }).locator(".secret code").innerText()).trim();

  const client = new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${secret}` } });
  const rows = [];
  for (let after = null, more = true; more; ) {
    const { runTable } = await client.request(TABLE, { of: [id], after });
    rows.push(...runTable.rows);
    ({ endCursor: after, hasNextPage: more } = runTable.pageInfo);
  }
  assert.deepEqual(rows, [0, 1, 2, 3, 4].map((n) => ({ run_name: `run ${n}`, "metrics.auc": n / 10 })));
  await assert.rejects(client.request('mutation { createExperiment(name: "by BI") { id } }'), /experiments:write/);
});

journey("the queries of the page name the reader's own address, experiment and keys", async (page) => {
  const [one, two] = [await filled(1), await filled(1)];
  await signIn(page);
  await page.goto(`/api-access?experiment=${one}`);
  await alive(page);
  const codes = async () => (await page.locator("figure.code pre").allInnerTexts()).join("\n");
  const text = await codes();
  for (const part of [`exp_${one}`, url, "metrics.auc", "params.lr", "Parquet.Document", "pandas.read_parquet"]) assert.ok(text.includes(part), part);
  await accessible(page);
  await fits(page);
  // Another choice is in the queries at once.
  await page.getByLabel("Queries for the experiment").selectOption(`exp_${two}`);
  await page.getByText(`exp_${two}`).first().waitFor();
  await until(codes, (text) => !text.includes(one), "the queries");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "csv" }).click()]);
  assert.match(download.suggestedFilename(), /^runs-\d{4}-\d\d-\d\d\.csv$/);
});

journey("GraphiQL runs a query as the signed-in member under a strict policy", async (page) => {
  await signIn(page);
  await page.goto("/api-access");
  await alive(page);
  await page.getByRole("link", { name: "Open GraphiQL" }).click();
  await page.waitForURL(`${url}/graphiql`);
  await page.locator(".graphiql-query-editor .CodeMirror").first().waitFor();
  await page.waitForLoadState("networkidle");
  await page.locator(".graphiql-query-editor .CodeMirror").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText("{ viewer { email } }");
  await page.getByRole("button", { name: /^Execute query/ }).click();
  await page.locator(".result-window").getByText(connection.email).waitFor();
  await accessible(page);
  // The schema's own descriptions, and nothing that was loaded from elsewhere.
  await page.getByRole("button", { name: /Documentation Explorer/ }).first().click();
  await page.getByText("What can be asked.").or(page.getByText("Root Types")).first().waitFor();
  const elsewhere = await page.evaluate((own) => performance.getEntriesByType("resource").filter(({ name }) => !name.startsWith(own) && !name.startsWith("data:")).map(({ name }) => name), url);
  assert.deepEqual(elsewhere, []);
});

for (const colorScheme of ["light", "dark"]) journey(`GraphiQL follows the ${colorScheme} theme`, { colorScheme }, async (page) => {
  await signIn(page);
  await page.goto("/graphiql");
  await page.locator(".graphiql-container").waitFor();
  // It chooses its theme when it is drawn already.
  await until(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor), (lightness) => lightness.match(/\d+/g)[0] < 128 === (colorScheme === "dark"), "the background");
});
