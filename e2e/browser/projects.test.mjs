import assert from "node:assert/strict";
import { accessible, alive, fits, journey, settled } from "./journey.mjs";
import { person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

const chooser = (page) => page.getByRole("button", { name: /Choose the project/ });

/** Chooses by the menu in the rail. */
async function choose(page, name) {
  await chooser(page).click();
  await Promise.all([page.waitForNavigation(), page.locator("#projects").getByRole("button", { name, exact: true }).click()]);
}

/** Makes a project by the form that the menu leads to; the page ends on its experiments. */
async function create(page, name) {
  await chooser(page).click();
  await page.locator("#projects").getByRole("link", { name: "New project" }).click();
  await page.waitForURL(/\/new-project$/);
  await page.getByLabel("Name").fill(name);
  await Promise.all([page.waitForURL(/\/experiments$/), page.getByRole("button", { name: "Create the project" }).click()]);
  assert.match(await page.locator(".rail .project").textContent(), new RegExp(name));
}

const names = (page) => page.getByRole("table").first().locator("tbody th .name").allInnerTexts();

/** Makes an experiment in the project that is chosen. */
async function experiment(page, name) {
  await page.goto("/experiments");
  await settled(page);
  await page.getByRole("button", { name: "New experiment" }).click();
  const dialog = page.getByRole("dialog", { name: "New experiment" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create experiment" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

journey("two projects each list only their own, and the choice holds over pages", async (page) => {
  await signUp(page, "Shelves", person("Ada"));
  await settled(page);
  for (const name of ["Fraud", "Churn"]) {
    await create(page, name);
    await experiment(page, `${name} baseline`);
    // An empty experiment teaches scripts the way into the project.
    await page.getByText(`mlflow.set_workspace("${name.toLowerCase()}")`).first().waitFor();
  }
  const script = client(await token(page));
  await script.run(await script.experiment("elsewhere"), "a run");

  await page.goto("/experiments");
  assert.deepEqual(await names(page), ["Churn baseline"], "the last that was made is chosen");
  await settled(page);
  await accessible(page);
  await choose(page, "Fraud");
  assert.equal(new URL(page.url()).pathname, "/experiments");
  assert.deepEqual(await names(page), ["Fraud baseline"]);
  assert.equal(await page.locator(".facts").getByText("Project Fraud").count(), 1);

  await alive(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill("baseline");
  await page.getByRole("option", { name: /Fraud baseline/ }).waitFor();
  assert.equal(await page.getByRole("option", { name: /Churn baseline/ }).count(), 0);
  await page.keyboard.press("Escape");

  // The overview of a project without runs teaches how to begin in it.
  await page.goto("/");
  await page.getByText('mlflow.set_workspace("fraud")').waitFor();
  await settled(page);
  await choose(page, "All projects");
  await page.getByRole("table", { name: "Recent runs" }).getByText("a run").waitFor();
  await page.goto("/experiments");
  assert.deepEqual((await names(page)).filter((name) => name !== "Default").sort(), ["Churn baseline", "Fraud baseline", "elsewhere"]);
});

journey("a project is made and chosen by keys alone", async (page) => {
  await signUp(page, "Keys", person("Ada"));
  await alive(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("new project");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/new-project$/);
  await page.getByLabel("Name").focus();
  await page.keyboard.type("Fraud");
  await Promise.all([page.waitForURL(/\/experiments$/), page.keyboard.press("Enter")]);
  await alive(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("show project: all");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  assert.match(await chooser(page).innerText(), /All projects/);
});

journey("on a phone and without scripts the project is chosen too", { viewport: { width: 390, height: 844 }, javaScriptEnabled: false }, async (page) => {
  await signUp(page, "Plain", person("Ada"));
  await page.goto("/experiments");
  await page.getByRole("button", { name: "Menu" }).click();
  await create(page, "Fraud");
  await page.getByRole("heading", { name: "No experiments yet" }).waitFor();
  await fits(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await choose(page, "All projects");
  assert.deepEqual(await names(page), ["Default"]);
});
