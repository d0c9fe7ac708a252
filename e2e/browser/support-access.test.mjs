// The operator's support, as an owner and the operator see it beside each other.
import assert from "node:assert/strict";
import { accessible, alive, expected, fits, journey, possible, until } from "./journey.mjs";
import { operate, person, signUp } from "./people.mjs";

const OPERATOR = "Sam Support <sam@operator.example>";

/** Opens support access on the page of the organization; answers the organization's short name. */
async function open(page) {
  await page.goto("/organization");
  await alive(page);
  await page.getByLabel("What it is for").fill("Curves stay empty");
  await page.getByLabel("Ends after").selectOption({ label: "4 hours" });
  await page.getByRole("button", { name: "Open support access" }).click();
  await page.getByRole("button", { name: "End support access" }).waitFor();
  await page.getByText("Nobody entered by it.").waitFor();
  return (await page.locator(".rail .organization .names small").textContent()).trim();
}

journey("t19: support looks while an owner lets them, below a banner, and is out when the owner ends it", async (page, complaints, somebody) => {
  const other = await somebody();
  const owner = person("Olga Owner");
  await signUp(page, "Northwind", owner);
  await page.goto("/organization");
  await alive(page);
  await page.getByText("Whoever operates this installation").waitFor();
  const slug = await open(page);
  await accessible(page);

  const told = operate("support", "enter", "--organization", slug, "--operator", OPERATOR);
  const address = new URL(told.split("\n")[0]);
  await other.goto(address.pathname + address.search);
  await accessible(other);
  await Promise.all([other.waitForURL(/\/$/), other.getByRole("button", { name: "Begin" }).click()]);
  const banner = other.getByRole("form", { name: "Support access" });
  await banner.getByText(`Support access: ${OPERATOR}`).waitFor();
  await banner.getByText(owner.email).waitFor();
  await other.goto("/experiments");
  await alive(other);
  await banner.waitFor();
  await accessible(other);
  await fits(other);
  assert.equal(await other.getByRole("button", { name: "New experiment" }).count(), 0, "they change nothing");

  // The way out is on every page, and the grant stands: they come back by another address.
  await Promise.all([other.waitForURL(/\/sign-in/), banner.getByRole("button", { name: "End" }).click()]);
  await other.goto(address.pathname + address.search);
  await other.getByRole("button", { name: "Begin" }).click();
  await other.getByText("This address was opened before").waitFor();
  await expected(complaints, 422);
  const second = new URL(operate("support", "enter", "--organization", slug, "--operator", OPERATOR).split("\n")[0]);
  await other.goto(second.pathname + second.search);
  await Promise.all([other.waitForURL(/\/$/), other.getByRole("button", { name: "Begin" }).click()]);
  await banner.waitFor();

  await page.goto("/organization");
  await alive(page);
  await until(() => page.getByText(`${OPERATOR} entered`).count(), 2, "each time is listed");
  await page.getByRole("button", { name: "End support access" }).click();
  await page.getByText("Support access has ended.").waitFor();
  await page.getByRole("button", { name: "Open support access" }).waitFor();
  // A page that listens may have found out by itself.
  await other.goto("/experiments");
  await other.waitForURL(/\/sign-in/);
  possible(complaints, 401);
  assert.throws(() => operate("support", "enter", "--organization", slug, "--operator", OPERATOR), /has not opened support access/);
});
