// What a shopper and a cardholder do, in the words of the scenarios. Everything is found as a person finds it: by label, role or text.

import assert from "node:assert/strict";

import { origin } from "./harness.mjs";

/** Chooses the cardholder of this card's account. */
export async function signIn(page, card) {
  await page.goto("/sign-in");
  const form = page.locator("form", { has: page.locator(`input[name=account][value="${card.account}"]`) });
  await form.getByRole("button").click();
  await page.waitForURL("**/statements**");
}

export async function putInCart(page, slug, quantity = 1) {
  await page.goto(`/shop/products/${slug}`);
  if (quantity !== 1) await page.locator("#quantity").fill(String(quantity));
  await page.locator("form.buy button").click();
  await page.waitForURL("**/shop/cart");
}

/** Types the card; `changed` overrides what is printed on it. */
export async function typeCard(page, card, changed = {}) {
  const typed = { ...card, name: "M DE ASSIS", ...changed };
  await page.locator("#number").fill(typed.number);
  await page.locator("#name").fill(typed.name);
  await page.locator("#expiry").fill(typed.expiry);
  await page.locator("#security-code").fill(typed.code);
}

export async function pay(page, card, changed) {
  await page.goto("/shop/checkout");
  await typeCard(page, card, changed);
  await page.locator("#pay").click();
  await page.waitForURL("**/shop/orders/*");
}

export async function buy(page, slug, card, changed) {
  await putInCart(page, slug);
  await pay(page, card, changed);
}

/** The orders of this browser, newest first, as their page shows them. */
export async function orders(page) {
  await page.goto("/shop/orders");
  return page.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, " ")));
}

const lines = (page, description) => page.locator("#live tbody tr", { hasText: description });

/** How often the open statement has this purchase at this moment. */
export async function linesOf(page, description) {
  await page.goto("/statements");
  return lines(page, description).count();
}

/** Leaves the page at the open statement, which has this purchase so often: it follows the bank's answer by moments. */
export async function charged(page, description, times = 1) {
  await page.goto("/statements");
  await lines(page, description).nth(times - 1).waitFor();
  assert.equal(await lines(page, description).count(), times, description);
}

/** Whatever the page says in its main part. */
export const main = (page) => page.locator("main").innerText();

export async function says(page, ...texts) {
  const text = await main(page);
  for (const words of texts) assert.ok(text.includes(words), `${JSON.stringify(words)} is not on ${page.url()}:\n${text}`);
}

/** Tab until the wanted thing has the focus; fails where a focus cannot be seen. */
export async function tabTo(page, wanted) {
  for (let step = 0; step < 150; step += 1) {
    await page.keyboard.press("Tab");
    const shown = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      const place = document.activeElement.getBoundingClientRect();
      const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return { ring: ring || style.boxShadow !== "none", seen: place.bottom > 0 && place.top < innerHeight, html: document.activeElement.outerHTML.slice(0, 200) };
    });
    assert.ok(shown.ring && shown.seen, `the focus cannot be seen: ${shown.html}`);
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
  }
  assert.fail(`Tab does not reach ${wanted}`);
}

export const path = (page) => page.url().slice(origin.length);
