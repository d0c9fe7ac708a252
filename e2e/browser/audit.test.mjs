import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { alive, connection, journey, signIn } from "./journey.mjs";

journey("entries are filtered by the address, opened, verified and exported", async (page) => {
  await signIn(page);
  await page.goto("/audit");
  await alive(page);
  await page.getByLabel("Action").fill("session.create");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL((address) => address.searchParams.get("action") === "session.create");
  await page.getByRole("link", { name: "Clear" }).waitFor();
  const rows = page.getByRole("table", { name: "Audit entries" }).locator("tbody tr");
  await rows.filter({ hasNotText: "session.create" }).first().waitFor({ state: "detached" });
  await rows.first().getByRole("link").click();
  await page.waitForURL((address) => address.searchParams.has("entry"));
  await page.getByText("Request", { exact: true }).waitFor();

  await alive(page);
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText(/^All .* entr(y|ies) fit\./).waitFor();

  const arriving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const lines = readFileSync(await (await arriving).path(), "utf8").trim().split("\r\n");
  assert.ok(lines[0].startsWith("sequence,at,actor,"));
  assert.ok(lines.length > 1 && lines.slice(1).every((line) => line.includes(",session.create,")));
});

journey("the audit log is filtered by the days of the reader", { timezoneId: "America/St_Johns" }, async (page) => {
  await signIn(page);
  await page.goto("/audit");
  await alive(page);
  await page.getByText(/^From UTC−[23]:30$/).waitFor();
  await page.getByLabel(/^From/).fill("2026-07-01");
  await page.getByLabel(/^To/).fill("2026-12-01");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL((address) => address.searchParams.get("from") === "2026-07-01-02:30" && address.searchParams.get("to") === "2026-12-01-03:30");
  assert.equal(await page.getByLabel(/^From/).inputValue(), "2026-07-01");
});

journey("the audit log is filtered without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await signIn(page);
  await page.goto("/audit");
  await page.getByLabel("Actor").fill(connection.email);
  await page.getByLabel("Outcome").selectOption("done");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL((address) => address.searchParams.get("actor") === connection.email);
  assert.equal(await page.getByLabel("Actor").inputValue(), connection.email);
  await page.getByRole("table", { name: "Audit entries" }).locator("tbody tr").first().waitFor();
});

journey("an entry is shown by its number wherever in the log it stands, and an absent one is said to be absent", { javaScriptEnabled: false }, async (page) => {
  await signIn(page);
  await page.goto("/audit?entry=1&action=session.create");
  await page.getByText("Request", { exact: true }).waitFor();
  await page.goto("/audit?entry=999999999");
  await page.getByText(/^There is no entry 999.999.999\.$/).waitFor();
});

journey("c7_1d every kind of act is offered to filter by, and a noun finds whatever was done to it", async (page) => {
  await signIn(page);
  await page.goto("/audit");
  const offers = page.locator("#audit-actions option");
  await offers.first().waitFor({ state: "attached" });
  const offered = await offers.evaluateAll((all) => all.map((one) => one.value));
  for (const name of ["second_factor", "service_account.create_token", "link", "template", "thread.start", "import", "registered_model", "model_version.transition"])
    assert.ok(offered.includes(name), name);
  await page.getByLabel("Action").fill("session");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL((address) => address.searchParams.get("action") === "session");
  const rows = page.getByRole("table", { name: "Audit entries" }).locator("tbody tr");
  await rows.filter({ hasNotText: "session." }).first().waitFor({ state: "detached" });
  assert.ok(await rows.count());
});
