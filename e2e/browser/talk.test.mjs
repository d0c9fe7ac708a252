// Colleagues talk about a run: what one writes the other sees without reloading, on the chart too.
import assert from "node:assert/strict";
import { accessible, fits, journey, settled, signIn } from "./journey.mjs";
import { accept, invite, person, signUp, token } from "./people.mjs";
import { client, experiment, run } from "./tracking.mjs";

/** An organization with an owner, a colleague, and a run with a curve. */
async function team(page, somebody) {
  const [owner, colleague] = [person("Olga Owner"), person("Carl Colleague")];
  await signUp(page, `Talkers ${crypto.randomUUID().slice(0, 8)}`, owner);
  await invite(page, colleague.email, "Data scientist");
  const other = await somebody();
  await accept(other, colleague);
  const tracking = client(await token(page));
  const run = await tracking.run(await tracking.experiment("Discussed"), "amber-owl", { params: { lr: 0.1 }, end: false });
  await tracking.curves(run, 100, { loss: (step) => 1 / (step + 1) });
  await tracking.end(run);
  return { owner, colleague, other, run };
}

const card = (page) => page.locator("#discussion");

journey("c5_2b a comment, its answer and its resolution reach the other page without reloading", async (page, _, somebody) => {
  const { other, run } = await team(page, somebody);
  // The streams open a moment after the pages.
  const streams = [];
  for (const reader of [page, other]) {
    streams.push(reader.waitForResponse((answer) => answer.url().includes("/graphql/stream") && answer.url().includes(run)));
    await reader.goto(`/runs/${run}`);
    await settled(reader);
  }
  await Promise.all(streams);
  await card(page).getByLabel("Say something").fill("Why does it **flatten**? @");
  const offer = page.getByRole("option", { name: /Carl Colleague/ });
  await card(page).getByLabel("Say something").press("End");
  await card(page).getByLabel("Say something").pressSequentially("Carl");
  await offer.click();
  await card(page).getByRole("button", { name: "Comment", exact: true }).click();
  const said = card(other).locator(".said", { hasText: "Why does it flatten?" });
  await said.waitFor();
  assert.equal(await said.locator("strong").innerText(), "flatten");
  assert.equal(await said.locator(".mention").innerText(), "@Carl Colleague");
  await other.getByRole("button", { name: "Notifications, 1 unread" }).waitFor();
  await card(other).getByRole("button", { name: "Reply" }).click();
  await card(other).getByLabel("Reply").fill("The schedule ends there.");
  await card(other).getByLabel("Reply").press("Control+Enter");
  await card(page).getByText("The schedule ends there.").waitFor();
  await card(page).getByRole("button", { name: "React" }).last().click();
  await page.getByRole("button", { name: "Thumbs up" }).last().click();
  await card(other).getByRole("button", { name: "Thumbs up: Olga Owner" }).waitFor();
  await card(page).getByRole("button", { name: "Resolve" }).click();
  await card(other).getByText("Resolved by Olga Owner").waitFor();
});

journey("c5_2b what is said about an experiment reaches whoever reads its discussion", async (page, _, somebody) => {
  const { other } = await team(page, somebody);
  await page.goto("/experiments");
  const address = await page.getByRole("link", { name: "Discussed", exact: true }).getAttribute("href");
  const streams = [];
  for (const reader of [page, other]) {
    streams.push(reader.waitForResponse((answer) => answer.url().includes("/graphql/stream") && answer.url().includes(address.split("/").pop())));
    await reader.goto(`${address}/discussion`);
    await settled(reader);
  }
  await Promise.all(streams);
  await card(page).getByLabel("Say something").fill("Shall we go on with **these**?");
  await card(page).getByRole("button", { name: "Comment", exact: true }).click();
  const said = card(other).locator(".said", { hasText: "Shall we go on with these?" });
  await said.waitFor();
  await card(other).getByRole("button", { name: "Reply" }).click();
  await card(other).getByLabel("Reply").fill("Until Friday.");
  await card(other).getByLabel("Reply").press("Control+Enter");
  await card(page).getByText("Until Friday.").waitFor();
  await card(page).getByRole("button", { name: "Resolve" }).click();
  await card(other).getByText("Resolved by Olga Owner").waitFor();
  await accessible(other);
  await fits(other);
});

journey("c5_2b a comment that is begun before the app is there is kept, and sent", async (page) => {
  const early = await run(await experiment(`early ${Date.now()}`), "early", { metrics: { loss: 1 } });
  await signIn(page);
  let go;
  const gone = new Promise((resolve) => (go = resolve));
  await page.route("**/*.wasm", (route) => gone.then(() => route.continue()));
  await page.goto(`/runs/${early}`);
  await card(page).getByLabel("Say something").fill("It was quick to begin with.");
  go();
  await settled(page);
  assert.equal(await card(page).getByLabel("Say something").inputValue(), "It was quick to begin with.");
  await card(page).getByRole("button", { name: "Comment", exact: true }).click();
  await card(page).locator(".said", { hasText: "It was quick to begin with." }).waitFor();
});

journey("c5_2b a comment on a point stands on the chart and leads to its thread", async (page, _, somebody) => {
  const { other, run } = await team(page, somebody);
  await page.goto(`/runs/${run}`);
  await settled(page);
  await page.getByRole("button", { name: "Comment on loss" }).click();
  const dialog = page.getByRole("dialog", { name: "Comment on loss" });
  await dialog.getByLabel("Step").fill("40");
  await dialog.getByLabel("What happened here").fill("The rate was halved.");
  await dialog.getByRole("button", { name: "Comment", exact: true }).click();
  await page.getByText("The comment stands on the chart").waitFor();
  await other.goto(`/runs/${run}`);
  await settled(other);
  await card(other).getByText("loss \u00B7 step 40").waitFor();
  const flag = other.getByRole("link", { name: /Comment at step 40\. Olga Owner: The rate was halved\./ });
  await flag.waitFor();
  await flag.click();
  await other.waitForURL(/#thr_/);
});

for (const colorScheme of ["light", "dark"]) {
  journey(`c5_2b a discussion and notifications are accessible in the ${colorScheme} theme, on a phone too`, { colorScheme }, async (page, _, somebody) => {
    const { other, run, colleague } = await team(page, somebody);
    await page.goto(`/runs/${run}`);
    await settled(page);
    await card(page).getByLabel("Say something").fill(`@${colleague.email} a list:\n\n- one\n- \`two\`\n\n> quoted\n\n\`\`\`\ncode\n\`\`\``);
    await card(page).getByRole("button", { name: "Comment", exact: true }).click();
    await card(page).locator(".said li").first().waitFor();
    await accessible(page);
    await other.goto("/notifications");
    await settled(other);
    await other.getByText("Olga Owner mentioned you on amber-owl").filter({ visible: true }).first().waitFor();
    await accessible(other);
    await other.getByRole("main").getByRole("button", { name: "Mark all as read" }).click();
    await other.getByText("Nothing unread").waitFor();
    for (const reader of [page, other]) {
      await reader.setViewportSize({ width: 390, height: 844 });
      await fits(reader);
    }
  });
}

journey("c5_2b an author edits and removes a comment; what is refused stays in the field", async (page, _, somebody) => {
  const { run } = await team(page, somebody);
  await page.goto(`/runs/${run}`);
  await settled(page);
  const field = card(page).getByLabel("Say something");
  await field.fill("x".repeat(10_001));
  await card(page).getByRole("button", { name: "Comment", exact: true }).click();
  await card(page).getByText("A comment holds at most 10000 characters.").waitFor();
  assert.equal((await field.inputValue()).length, 10_001);
  await field.fill("First words");
  await card(page).getByRole("button", { name: "Comment", exact: true }).click();
  await card(page).getByText("First words").waitFor();
  await card(page).getByRole("button", { name: "More for the comment of Olga Owner" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await card(page).getByLabel("Edit the comment").fill("Second words");
  await card(page).getByRole("button", { name: "Save" }).click();
  await card(page).getByText("Second words").waitFor();
  await card(page).getByText("edited").waitFor();
  await card(page).getByRole("button", { name: "More for the comment of Olga Owner" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("button", { name: "Remove comment" }).click();
  await card(page).getByText("Nothing said yet.").waitFor();
});
