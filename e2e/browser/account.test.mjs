import assert from "node:assert/strict";
import { alive, journey, signIn, until } from "./journey.mjs";

journey("a name is changed and stands in the rail at once", async (page) => {
  await signIn(page);
  await page.goto("/account");
  await alive(page);
  const field = page.getByLabel("Name", { exact: true });
  const before = await field.inputValue();
  for (const name of ["Ada Lovelace", before]) {
    await field.fill(name);
    await page.getByRole("button", { name: "Save the name" }).click();
    await page.locator(".rail .me").filter({ hasText: name }).waitFor();
  }
});

journey("shortcuts of a single key are turned off, and those with a modifier stay", async (page) => {
  await signIn(page);
  await page.goto("/account");
  await alive(page);
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await page.keyboard.press("?");
  await help.waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  const keys = page.getByRole("group", { name: "Shortcuts of a single key" });
  await keys.getByRole("button", { name: "Off" }).click();
  for (const again of [false, true]) {
    if (again) await page.reload();
    await alive(page);
    await until(() => keys.getByRole("button", { name: "Off" }).getAttribute("aria-pressed"), "true");
    await page.locator("h1").click();
    await page.keyboard.press("?");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Search or jump to" }).waitFor();
    assert.equal(await help.isVisible(), false, "a single key did something");
    await page.keyboard.press("Escape");
  }
});
