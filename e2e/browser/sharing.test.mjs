// Who works in which project, as an owner and a colleague see it beside each other.
import assert from "node:assert/strict";
import { alive, journey, settled, expected, until } from "./journey.mjs";
import { accept, invite, person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

/** An owner with a project that holds an experiment with a run, and a viewer. Answers their pages' ids. */
async function team(page, other) {
  const [owner, colleague] = [person("Olga Owner"), person("Vera Viewer")];
  await signUp(page, "Sharers", owner);
  await invite(page, colleague.email, "Viewer");
  await accept(other, colleague);
  await page.goto("/new-project");
  await page.getByLabel("Name").fill("Fraud");
  await Promise.all([page.waitForURL(/\/experiments$/), page.getByRole("button", { name: "Create the project" }).click()]);
  await settled(page);
  await page.getByRole("button", { name: "New experiment" }).click();
  const dialog = page.getByRole("dialog", { name: "New experiment" });
  await dialog.getByLabel("Name").fill("Cards");
  await dialog.getByRole("button", { name: "Create experiment" }).click();
  await page.getByRole("heading", { level: 1, name: "Cards" }).waitFor();
  const experiment = new URL(page.url()).pathname;
  const script = client(await token(page), "fraud");
  const run = await script.run(experiment.split("exp_")[1], "candidate", { metrics: { auc: 0.9 } });
  return { owner, colleague, experiment, run };
}

/** Opens the page of the project by the menu in the rail. */
async function openProject(page) {
  await page.goto("/projects");
  await alive(page);
  await page.getByRole("link", { name: "Fraud", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Fraud" }).waitFor();
}

journey("c5_2a c5_2d a project is restricted, shared, and given to a member", async (page, complaints, somebody) => {
  const other = await somebody();
  const { colleague, experiment, run } = await team(page, other);
  await other.goto(experiment);
  await other.getByRole("heading", { level: 1, name: "Cards" }).waitFor();
  assert.equal(await other.getByRole("button", { name: "More for this experiment" }).count(), 0, "a viewer changes nothing");

  await openProject(page);
  await page.getByRole("button", { name: "Restrict to members" }).click();
  await page.getByRole("dialog", { name: /^Restrict Fraud/ }).getByRole("button", { name: "Restrict the project" }).click();
  await page.getByText("Fraud is for its members only.").waitFor();
  await page.getByText("Restricted", { exact: true }).waitFor();
  await other.goto(experiment);
  await other.getByText(/There is no experiment|not found/i).first().waitFor();
  await expected(complaints, 404);
  await other.goto("/experiments");
  assert.equal(await other.getByText("Cards").count(), 0);

  // Shared, the whole team reads it.
  await page.goto(experiment);
  await alive(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Share" });
  await dialog.getByText("The members of Fraud, owners and admins.").waitFor();
  await dialog.getByRole("checkbox", { name: /The whole team may read it/ }).check();
  await page.getByText("Everybody may read Cards.").waitFor();
  await page.keyboard.press("Escape");
  await other.goto(experiment);
  await other.getByRole("link", { name: "candidate" }).first().click();
  await other.waitForURL(new RegExp(run));
  await other.getByRole("heading", { level: 1, name: "candidate" }).waitFor();
  assert.equal(await other.getByRole("button", { name: "Rename" }).count(), 0);
  await openProject(page);
  await page.getByRole("button", { name: "Stop sharing" }).click();
  await page.getByText("Cards is for those who have its project.").waitFor();
  await page.getByText("No experiment is shared").waitFor();

  // With a role in it, the viewer works in it.
  await page.getByLabel("Member", { exact: true }).selectOption({ label: `Vera Viewer · ${colleague.email}` });
  await page.getByLabel("Role here", { exact: true }).selectOption({ label: "Data scientist" });
  await page.getByRole("button", { name: "Add to the project" }).click();
  await page.getByText("Vera Viewer works in this project from now on.").waitFor();
  await page.getByRole("table", { name: "Members of the project" }).getByText("Vera Viewer", { exact: true }).waitFor();
  await other.goto(`/runs/${run}`);
  await other.getByRole("button", { name: "Rename" }).waitFor();

  // And without it again not.
  await page.getByRole("button", { name: "Remove Vera Viewer from the project" }).click();
  await page.getByRole("dialog", { name: /^Remove Vera Viewer/ }).getByRole("button", { name: "Remove from the project" }).click();
  await page.getByText("Vera Viewer has no role of their own here any more.").waitFor();
  await other.goto(`/runs/${run}`);
  await other.getByText(/not found|There is no run/i).first().waitFor();
  await expected(complaints, 404);
});

journey("c7_1b c7_1d why a member may not is explained, and what was decided is logged", async (page, complaints, somebody) => {
  const { colleague } = await team(page, await somebody());
  await page.goto("/members");
  await alive(page);
  await page.getByRole("button", { name: "More for Vera Viewer" }).click();
  await Promise.all([page.waitForURL(/\/members\/check/), page.getByRole("button", { name: "What may they do?" }).click()]);
  await alive(page);
  await page.getByLabel("Wants to").selectOption({ label: "Log, rename, remove runs" });
  await page.getByLabel("In the project").selectOption({ label: "Fraud" });
  await Promise.all([page.waitForURL(/permission=runs/), page.getByRole("button", { name: "Check" }).click()]);
  await page.getByText("None of the roles of Vera Viewer includes runs:write.").waitFor();
  await page.getByText(/Give Vera Viewer one of these roles, in Fraud or everywhere: .*Data scientist/).waitFor();
  assert.equal(await page.locator("select[name=member] option:checked").innerText(), `Vera Viewer · ${colleague.email}`);

  // Decisions are written every five seconds.
  const seen = page.getByRole("table", { name: "Decisions" }).getByText("members:write").first();
  for (let tries = 0; tries < 20 && (await seen.count()) === 0; tries++) {
    await page.goto("/audit/access?permission=members");
    await alive(page);
  }
  await seen.waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
  assert.equal(file.suggestedFilename(), "access-log.csv");
});

journey("c7_1a a role of the organization's own is made, changed and removed", async (page) => {
  await signUp(page, "Roles", person("Olga Owner"));
  await page.goto("/members/roles");
  await alive(page);
  await page.getByRole("button", { name: "New role" }).click();
  const dialog = page.getByRole("dialog", { name: "New role" });
  await dialog.getByLabel("Name", { exact: true }).fill("Model reviewer");
  await dialog.getByLabel("What it is for").fill("Looks at models");
  await dialog.getByRole("checkbox", { name: "See models and versions" }).check();
  await dialog.getByRole("button", { name: "Create the role" }).click();
  await page.getByText("The role Model reviewer can be given from now on.").waitFor();
  await page.getByRole("button", { name: "Change the role Model reviewer" }).click();
  const change = page.getByRole("dialog", { name: "Change the role Model reviewer" });
  await until(() => change.getByRole("checkbox", { name: "See experiments" }).isChecked(), true, "what it needs came with it: that");
  await change.getByLabel("Name", { exact: true }).fill("Owner");
  await change.getByRole("button", { name: "Change the role" }).click();
  await change.getByText("A role of this name exists.").waitFor();
  await change.getByLabel("Name", { exact: true }).fill("Model judge");
  await change.getByRole("button", { name: "Change the role" }).click();
  await page.getByText("Model judge allows this from now on.").waitFor();
  await page.goto("/members");
  await alive(page);
  await page.getByRole("button", { name: "Invite a member" }).click();
  await page.getByRole("dialog", { name: "Invite a member" }).getByLabel("Role").selectOption({ label: "Model judge" });
  await page.getByRole("dialog", { name: "Invite a member" }).getByText("Looks at models").waitFor();
  await page.goto("/members/roles");
  await alive(page);
  await page.getByRole("button", { name: "Remove the role Model judge" }).click();
  await page.getByRole("dialog", { name: /^Remove the role/ }).getByRole("button", { name: "Remove the role" }).click();
  await page.getByText("The role Model judge was removed.").waitFor();
});

journey("c5_2d whoever has a link reads the experiment without an account, until it is revoked", async (page, complaints, somebody) => {
  const { experiment } = await team(page, await somebody());
  const visitor = await somebody();
  await page.goto(experiment);
  await alive(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Share" });
  await dialog.getByLabel("For whom").fill("The card schemes");
  await dialog.getByLabel("Expires after").selectOption({ label: "7 days" });
  await dialog.getByRole("button", { name: "Make a link" }).click();
  await dialog.getByText("Copy the link now.").waitFor();
  const [address] = (await dialog.innerText()).match(/https?:\/\/\S+\/shared\/[\w-]{43}/);
  await dialog.getByText("The card schemes").waitFor();

  await visitor.goto(address);
  await alive(visitor);
  await visitor.getByRole("heading", { level: 1, name: "Cards" }).waitFor();
  await visitor.getByText("Shared by Sharers").waitFor();
  assert.equal(await visitor.getByRole("button", { name: /Share|New|Rename|More/ }).count(), 0, "there is nothing to press");
  await Promise.all([visitor.waitForURL(/sort=-?metrics\.auc/), visitor.getByRole("table", { name: "Runs" }).getByRole("link", { name: "auc" }).click()]);
  await visitor.getByRole("link", { name: "candidate" }).click();
  await visitor.getByRole("heading", { level: 1, name: "candidate" }).waitFor();
  await visitor.getByText("0.9").first().waitFor();
  await visitor.getByRole("link", { name: "All runs" }).click();
  await visitor.getByRole("heading", { level: 1, name: "Cards" }).waitFor();

  await dialog.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("The link for The card schemes is revoked.").waitFor();
  await visitor.goto(address);
  await visitor.getByText(/expired or was revoked/).waitFor();
  await expected(complaints, 404);
});
