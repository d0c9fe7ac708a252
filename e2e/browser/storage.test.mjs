// How much an organization stores, and making room.
import { alive, journey, until } from "./journey.mjs";
import { person, signUp, token } from "./people.mjs";
import { client } from "./tracking.mjs";

journey("t25 making room deletes earlier versions for good, and what is used is seen to go down", async (page) => {
  await signUp(page, `Roomy ${crypto.randomUUID().slice(0, 8)}`, person("Rosa Roomy"));
  const { experiment, run, upload } = client(await token(page));
  const id = await run(await experiment("versions"), "with versions");
  for (const letter of ["a", "b", "c"]) await upload(id, "weights.txt", letter.repeat(2000));
  await page.goto("/organization");
  await alive(page);
  const storage = page.getByRole("main");
  await storage.getByText("6.0 kB used, without a limit").waitFor();
  const ask = page.getByRole("dialog", { name: "Delete these files for good?" });
  await storage.getByRole("button", { name: "Make room" }).click();
  await ask.waitFor();
  await page.keyboard.press("Escape");
  await ask.waitFor({ state: "hidden" });
  await storage.getByRole("button", { name: "Make room" }).click();
  await ask.getByRole("button", { name: "Delete for good" }).click();
  await storage.getByText("2.0 kB used, without a limit").waitFor();

  // What is shown of the run is what it was.
  await page.goto(`/runs/${id}/artifacts?path=weights.txt`);
  const preview = page.getByRole("region", { name: "Preview" });
  await preview.getByText("c".repeat(50)).waitFor();
  await until(() => preview.getByText("versions").count(), 0);
});
