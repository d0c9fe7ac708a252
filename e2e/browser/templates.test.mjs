import assert from "node:assert/strict";
import { accessible, alive, journey, settled, signIn, until } from "./journey.mjs";
import { experiment, run, upload } from "./tracking.mjs";

journey("c5_2c a run becomes a template, and what is started from it is listed while one looks on", async (page) => {
  const [name, group] = [`best ${Date.now()}`, await experiment(`templates ${Date.now()}`)];
  const id = await run(group, name, { params: { depth: 3, optimizer: "adam" }, metrics: { accuracy: 0.94 } });
  await signIn(page);
  await page.goto(`/runs/${id}`);
  await alive(page);
  await page.getByRole("button", { name: "More for this run" }).click();
  await page.getByRole("button", { name: "Mark as template" }).click();
  const dialog = page.getByRole("dialog", { name: "Mark as template" });
  await dialog.getByLabel("Name").waitFor();
  await until(() => dialog.getByLabel("Name").inputValue(), name);
  await accessible(page, { within: "dialog[open]" });
  await dialog.getByLabel("What it is good for").fill("Small data, few features.");
  await dialog.getByRole("button", { name: "Mark as template" }).click();
  await page.getByText(`${name} is a template now.`).waitFor();
  await page.getByRole("main").getByRole("link", { name, exact: true }).click();

  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByText("Small data, few features.").waitFor();
  const code = page.getByRole("figure").filter({ hasText: "log_params" });
  assert.match(await code.innerText(), /"depth": 3,\s+"optimizer": "adam",/);
  await page.getByLabel("depth").fill("4");
  await code.getByText("4", { exact: true }).waitFor();
  await accessible(page);

  // Whoever opens the address finds it as the server made it, alive.
  await page.reload();
  await settled(page);
  await page.getByLabel("depth").fill("5");
  await code.getByText("5", { exact: true }).waitFor();
  // A colleague's training begins with the code that stands there.
  const template = new URL(page.url()).pathname.split("/").pop();
  await alive(page);
  await run(group, "started by a colleague", { params: { depth: 5 }, tags: { "assay.template": template } });
  await page.getByRole("link", { name: "started by a colleague" }).waitFor();
  assert.equal(await page.getByLabel("depth").inputValue(), "5", "what was typed stays");
  await page.getByText("1 run started from it").waitFor();

  // Under another name, and away and back.
  await page.getByRole("button", { name: "Edit" }).click();
  const edit = page.getByRole("dialog", { name: "Edit template" });
  await edit.getByLabel("Name").fill(`${name} v2`);
  await edit.getByRole("button", { name: "Save template" }).click();
  await page.getByRole("heading", { level: 1, name: `${name} v2` }).waitFor();
  await page.getByRole("button", { name: "More for this template" }).click();
  await page.getByRole("button", { name: "Remove template" }).click();
  await page.getByText("This template was removed.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("This template was removed.").waitFor({ state: "hidden" });
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Templates" }).click();
  await page.getByRole("link", { name: `${name} v2` }).waitFor();
  await accessible(page);
});

journey("c5_2c an experiment becomes a template, and another one is started from it with its tags", async (page) => {
  const name = `blueprint ${Date.now()}`;
  const origin = await experiment(name, { team: "fraud" });
  await run(origin, "worse", { params: { depth: 3 }, metrics: { accuracy: 0.9 } });
  await run(origin, "the best one", { params: { depth: 4 }, metrics: { accuracy: 0.94 } });
  await signIn(page);
  await page.goto(`/experiments/${origin}`);
  await alive(page);
  await page.getByRole("button", { name: "More for this experiment" }).click();
  await page.getByRole("button", { name: "Mark as template" }).click();
  const dialog = page.getByRole("dialog", { name: "Mark as template" });
  await dialog.getByLabel("Name").waitFor();
  await until(() => dialog.getByLabel("Name").inputValue(), name);
  await dialog.getByLabel("What it is good for").fill("How we look at fraud.");
  await dialog.getByRole("button", { name: "Mark as template" }).click();
  await page.getByText(`${name} is a template now.`).waitFor();
  await page.getByRole("main").getByRole("link", { name, exact: true }).click();

  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByText("How we look at fraud.").waitFor();
  await page.getByRole("link", { name: "the best one" }).waitFor();
  await accessible(page);
  // Whoever opens the address finds it as the server made it, alive; a name that is taken is said beside the field, and what was typed stays.
  await page.reload();
  await settled(page);
  await alive(page);
  const field = page.getByRole("textbox", { name: "Name", exact: true });
  await field.fill(name);
  await page.getByRole("button", { name: "Start experiment" }).click();
  await page.getByText("already exists").waitFor();
  assert.equal(await field.inputValue(), name);
  await field.fill(`${name} again`);
  await page.getByRole("button", { name: "Start experiment" }).click();
  await page.getByRole("heading", { level: 1, name: `${name} again` }).waitFor();
  await page.getByText("team: fraud").waitFor();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Templates" }).click();
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByText("1 experiment started from it").waitFor();
  await page.getByRole("link", { name: `${name} again` }).waitFor();
  await accessible(page);
});

journey("c5_1d a run says how it is run again, and what is missing", async (page) => {
  const tags = {
    "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567", "mlflow.source.git.branch": "main", "mlflow.source.git.repoURL": "https://git.example.com/team/churn.git",
    "assay.environment": "1", "assay.environment.python": "3.12.4", "assay.environment.dirty": "true", "assay.environment.pushed": "true", "assay.environment.directory": ".",
    "assay.environment.command": JSON.stringify(["train.py", "--label", "$(rm -rf ~)"]),
  };
  const id = await run(await experiment(`reproduce ${Date.now()}`), "with its environment", { tags });
  const lock = "# Python 3.12.4\nmlflow==3.17.2\nnumpy==2.4.6\n";
  await upload(id, "environment/requirements.txt", lock);
  await upload(id, "environment/uncommitted.diff", "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1,2 @@\n-TREES = 3\n+TREES = 11\n+DEPTH = 2\n");
  await signIn(page);
  await page.goto(`/runs/${id}`);
  await alive(page);
  await page.getByRole("navigation", { name: "Parts of the run" }).getByRole("link", { name: "Reproduce" }).click();
  await page.getByText("Everything is known.").waitFor();
  const script = page.getByRole("figure").filter({ hasText: "git clone" });
  assert.ok((await script.innerText()).includes("exec \"$python\" 'train.py' '--label' '$(rm -rf ~)'"));
  // The changes come after the script.
  await page.getByText("+2 \u22121").waitFor();
  await until(() => page.locator(".diff .in").count(), 2);
  await until(() => page.locator(".diff .out").count(), 1);
  const arriving = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download reproduce.sh" }).click();
  assert.equal((await arriving).suggestedFilename(), "reproduce.sh");
  await accessible(page);

  const bare = await run(await experiment(`bare ${Date.now()}`), "with nothing");
  await page.goto(`/runs/${bare}/reproduce`);
  await settled(page);
  await page.getByText("Not everything is known.").waitFor();
  await page.getByText("assay_environment.capture()").first().waitFor();
  const module = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the module" }).click();
  assert.equal((await module).suggestedFilename(), "assay_environment.py");
  await accessible(page);
});
