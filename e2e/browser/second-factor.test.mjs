// A second factor from its set-up to the day it is turned off, by plain forms: also without scripts.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { accessible, journey } from "./journey.mjs";
import { person, signUp } from "./people.mjs";

/** What an authenticator app shows so many steps from now (RFC 6238). */
function code(secret, steps = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

for (const javaScriptEnabled of [true, false]) {
  journey(`a second factor is set up, asked for and turned off ${javaScriptEnabled ? "with" : "without"} scripts`, { javaScriptEnabled }, async (page) => {
    const owner = person("Olga Owner");
    await signUp(page, `Northwind ${crypto.randomUUID().slice(0, 8)}`, owner);
    await page.goto("/account");
    await page.getByRole("link", { name: "Set up" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    const secret = await page.locator(".scan .secret code").getAttribute("title");
    if (javaScriptEnabled) await accessible(page);
    await page.getByLabel("Code", { exact: true }).fill(code(secret));
    await page.getByLabel("Password", { exact: true }).fill(owner.password);
    await page.getByRole("button", { name: "Turn it on" }).click();
    // The link stands below them.
    await page.getByRole("link", { name: "I have kept them" }).waitFor();
    const codes = await page.getByRole("list", { name: "Recovery codes" }).locator("code").allInnerTexts();
    assert.equal(codes.length, 10);
    if (javaScriptEnabled) await accessible(page);
    await page.getByRole("link", { name: "I have kept them" }).click();
    await page.getByText("10 recovery codes are left").waitFor();

    const signIn = async (given) => {
      await page.context().clearCookies();
      await page.goto("/sign-in");
      await page.getByLabel("E-mail").fill(owner.email);
      await page.getByLabel("Password", { exact: true }).fill(owner.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "One more step" }).waitFor();
      if (javaScriptEnabled) await accessible(page);
      await page.getByLabel("Code", { exact: true }).fill(given);
      await Promise.all([page.waitForURL((address) => address.pathname === "/"), page.getByRole("button", { name: "Sign in" }).click()]);
    };
    await signIn(code(secret, 1));
    await signIn(codes[0]);

    await page.goto("/account/second-factor");
    await page.getByLabel("Password or code").fill(codes[1]);
    await page.getByRole("button", { name: "Turn it off" }).click();
    await page.getByText("your password alone signs you in").waitFor();
  });
}
