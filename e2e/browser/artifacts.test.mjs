import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessible, alive, journey, signIn } from "./journey.mjs";
import { experiment, run, upload } from "./tracking.mjs";

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
const NOTES = "# What was tried\n\nTwo depths, one seed.\n";

journey("files of a run are looked into and downloaded", async (page) => {
  const id = await run(await experiment(`files ${Date.now()}`), "with files");
  const files = { "notes.md": NOTES, "tables/importance.csv": ",feature,gain\n0,amount,0.5\n1,hour,0.25\n", "plots/roc.png": PIXEL, "tables/best.json": '{"depth":6,"lr":[0.1,0.30]}' };
  for (const [path, content] of Object.entries(files)) await upload(id, path, content);
  await signIn(page);
  await page.goto(`/runs/${id}/artifacts`);
  await alive(page);
  const tree = page.getByRole("navigation", { name: "Files" });
  const preview = page.getByRole("region", { name: "Preview" });

  await tree.getByRole("link", { name: "notes.md" }).click();
  await preview.getByText("Two depths, one seed.").waitFor();
  const arriving = page.waitForEvent("download");
  await preview.getByRole("link", { name: "Download" }).click();
  const download = await arriving;
  assert.equal(download.suggestedFilename(), "notes.md");
  assert.equal(readFileSync(await download.path(), "utf8"), NOTES);

  await tree.getByRole("link", { name: "tables" }).click();
  await tree.getByRole("link", { name: "importance.csv" }).click();
  await preview.getByRole("columnheader", { name: "gain" }).waitFor();
  assert.deepEqual(await preview.locator("tbody tr").first().locator("td").allInnerTexts(), ["0", "amount", "0.5"]);
  await preview.getByText("The first 2 rows").waitFor();
  await accessible(page);

  await tree.getByRole("link", { name: "best.json" }).click();
  await preview.getByText('"depth": 6').waitFor();
  assert.ok((await preview.locator("pre").innerText()).includes("0.30"), "numbers stay as they were written");

  await tree.getByRole("link", { name: "plots" }).click();
  await tree.getByRole("link", { name: "roc.png" }).click();
  const picture = preview.getByRole("img", { name: "roc.png" });
  await picture.waitFor();
  await page.waitForFunction((picture) => picture.complete && picture.naturalWidth === 1, await picture.elementHandle());
  await accessible(page);

  // The choice stands in the address, and is there for who opens it.
  await page.reload();
  await picture.waitFor();
  assert.equal(await tree.locator("[aria-current]").innerText().then((text) => text.split("\n")[0]), "roc.png");
});

journey("the palette finds a run by its name and opens it", async (page) => {
  const name = `needle ${Date.now()}`;
  await run(await experiment(`haystack ${Date.now()}`), name);
  await signIn(page);
  await alive(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or jump to" }).fill(name);
  await page.getByRole("option", { name }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.locator("dialog[open]").waitFor({ state: "detached" });
});

journey("what a file held before is looked into and downloaded", async (page) => {
  const id = await run(await experiment(`versions ${Date.now()}`), "with versions");
  for (const content of ["a first try\n", "a second try\n", "the last word\n"]) await upload(id, "notes.md", content);
  await upload(id, "alone.md", "only this\n");
  await signIn(page);
  await page.goto(`/runs/${id}/artifacts?path=notes.md`);
  await alive(page);
  const preview = page.getByRole("region", { name: "Preview" });
  await preview.getByText("the last word").waitFor();
  await preview.getByText("3 versions").click();
  await accessible(page);
  await preview.getByRole("link", { name: "Version 1" }).click();
  await preview.getByText("a first try").waitFor();
  await preview.getByText("Version 1 is shown, not the current one.").waitFor();
  const arriving = page.waitForEvent("download");
  await preview.getByRole("link", { name: "Download" }).click();
  assert.equal(readFileSync(await (await arriving).path(), "utf8"), "a first try\n");

  // The choice stands in the address, and is over with another file.
  await page.reload();
  await preview.getByText("a first try").waitFor();
  await page.getByRole("navigation", { name: "Files" }).getByRole("link", { name: "alone.md" }).click();
  await preview.getByText("only this").waitFor();
  assert.equal(await preview.getByText("versions").count(), 0);
  assert.ok(!page.url().includes("version="), page.url());
});
