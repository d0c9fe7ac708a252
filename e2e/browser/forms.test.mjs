// Every form says what the server would, when a field is left, and takes it back while it is put right.
import assert from "node:assert/strict";
import { alive, journey, signIn } from "./journey.mjs";
import { experiment, run } from "./tracking.mjs";

const EMPTIED = "";
const NAME = "Enter a name.";
const EMAIL = "Enter an e-mail address like name@example.com.";

/** Label, what is typed, what is said, and what puts it right. */
const FORMS = {
  "/sign-up": [
    ["Organization", EMPTIED, NAME, "Northwind"],
    ["Your name", "x".repeat(121), "Use at most 120 characters.", "Ada"],
    ["E-mail", "ada@", EMAIL, "ada@example.com"],
    ["Password", "aaaaaaaaaaaa", "Use more than one character repeated.", "correct horse battery"],
  ],
  "/sign-in": [
    ["E-mail", "ada", EMAIL, "ada@example.com"],
    ["Password", EMPTIED, "Fill in this field.", "x"],
  ],
};

const INSIDE = {
  "/access": [["Mail domains that may enter", "example.com\nnot_a_domain", "Enter domains like example.com, one a line.", "example.com, example.org"]],
  "/access/single-sign-on": [
    ["Name", EMPTIED, NAME, "Okta"],
    ["Issuer", EMPTIED, "Enter the provider's address: https://login.example.com", "https://login.example.com"],
    ["Client id", "x".repeat(501), "Enter the client id that the provider gave this application.", "assay"],
    ["Client secret", EMPTIED, "Enter the client secret that the provider gave this application.", "secret"],
    ["Groups and roles", "ml = viewer\nops", "Line 2: write the group, an equals sign, and the role.", "ml = viewer"],
    ["Groups and roles", "ml = owner", "No provider makes owners. An owner makes them, under Members.", ""],
    [/^Claim that holds groups/, "x".repeat(501), "Enter the name of the claim.", ""],
  ],
  "/import": [["Address", "mlflow.example.com", /^This is not an address of a web server\./, "https://mlflow.example.com"]],
  "/new-organization": [["Name", "  ", NAME, "Northwind"]],
};

async function check(page, [label, wrong, says, right]) {
  const field = typeof label === "string" ? page.getByLabel(label, { exact: true }) : page.getByLabel(label);
  const said = page.locator(".error").getByText(says, { exact: true });
  await field.focus();
  await field.blur();
  assert.equal(await said.count(), 0, `${label}: told off before anything was typed`);
  await field.fill("x");
  await field.fill(wrong);
  assert.equal(await said.count(), 0, `${label}: told off while typing`);
  await field.blur();
  await said.waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.equal(await field.inputValue(), wrong);
  await field.fill(right);
  await said.waitFor({ state: "detached" });
}

async function all(page, forms) {
  for (const [path, fields] of Object.entries(forms)) {
    await page.goto(path);
    await alive(page);
    for (const field of fields) await check(page, field);
  }
}

journey("the forms to come in by check with the server's rules when a field is left", (page) => all(page, FORMS));

journey("the forms inside check with the server's rules when a field is left", async (page) => {
  await signIn(page);
  await all(page, INSIDE);
});

journey("names have the server's limits, and a comment is refused before it is sent", async (page) => {
  const id = await experiment(`limits ${Date.now()}`);
  const run_id = await run(id, "limits");
  await signIn(page);
  for (const [path, most] of [[`/experiments/${id}`, 500], [`/runs/${run_id}`, 250]]) {
    await page.goto(path);
    await alive(page);
    if (most === 500) await page.getByRole("button", { name: "More for this experiment" }).click();
    await page.getByRole("button", { name: "Rename" }).click();
    const dialog = page.getByRole("dialog", { name: /^Rename/ });
    await check(dialog, ["Name", "x".repeat(most + 1), `Use at most ${most} characters.`, "y"]);
    const name = `${Date.now()} `.padEnd(most, "n");
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
  }
  await check(page, ["Say something", "x".repeat(10_001), /^A comment holds at most 10000 characters\./, "Why?"]);
});
