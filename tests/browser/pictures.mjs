// Draws the pictures of the README into the folder: the main pages after a few purchases, one of them dark, one on a phone.

import { DESKTOP, ENGLISH, PHONE, PORTUGUESE, folder, blocked, run, scenario, small, usual } from "./harness.mjs";
import { buy, charged, putInCart, signIn, typeCard } from "./steps.mjs";

const BOUGHT = ["dom-casmurro", "iracema", "dom-casmurro"];

const draw = (page, name) => page.screenshot({ path: `${folder}/${name}.png` });

scenario("the pages of a newcomer's first minute", { ...ENGLISH, ...DESKTOP, colorScheme: "light" }, async ({ page }) => {
  await page.goto("/shop");
  await draw(page, "shop");
  for (const slug of BOUGHT) await buy(page, slug, usual);
  await buy(page, "iracema", blocked);
  await putInCart(page, "dom-casmurro");
  await page.goto("/shop/checkout");
  await typeCard(page, small, { code: "" });
  await draw(page, "checkout");
  await signIn(page, usual);
  await charged(page, "Dom Casmurro", 2);
  await draw(page, "statement");
  await page.goto("/activity");
  await draw(page, "activity");
  await page.goto("/operations");
  await page.waitForLoadState("networkidle");
  await draw(page, "operations");
});

scenario("dark, in Portuguese", { ...PORTUGUESE, ...DESKTOP, colorScheme: "dark" }, async ({ page }) => {
  await signIn(page, usual);
  await draw(page, "statement-dark");
});

scenario("on a phone, in Portuguese", { ...PORTUGUESE, ...PHONE, colorScheme: "light" }, async ({ page }) => {
  await signIn(page, usual);
  await draw(page, "statement-phone");
});

await run();
