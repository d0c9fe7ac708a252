import { accessible, alive, journey, signIn } from "./journey.mjs";

for (const colorScheme of ["light", "dark"]) {
  journey(`the account page is accessible in the ${colorScheme} theme`, { colorScheme }, async (page) => {
    await signIn(page);
    await page.goto("/account");
    await alive(page);
    await accessible(page);
  });
}

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

journey("the list of models is accessible", async (page) => {
  await signIn(page);
  await page.goto("/models");
  await alive(page);
  await accessible(page);
});
