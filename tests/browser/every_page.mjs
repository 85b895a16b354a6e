// Every page, in both languages, light and dark, on a desk and on a phone: axe finds nothing, nothing scrolls sideways, nothing is
// complained of on the console, nothing is asked of another origin. And what the first page costs.

import assert from "node:assert/strict";

import { DESKTOP, ENGLISH, PHONE, PORTUGUESE, accessible, blocked, fits, reader, run, scenario, small, usual } from "./harness.mjs";
import { pay, putInCart, signIn } from "./steps.mjs";

const FIRST_PAGE_BYTES_MAX = 60_000;

const LIGHT = { colorScheme: "light" };
const DARK = { colorScheme: "dark" };

/** Opens all pages, one after the other, and calls `look` on each. */
async function everyPage({ page, expect }, look) {
  expect(403, 404, 422);
  const at = async (where) => {
    await page.goto(where);
    await look(page, where);
  };
  for (const where of ["/", "/sign-in", "/shop", "/shop?q=caf%C3%A9", "/shop?q=zzzz", "/shop/cart", "/shop/orders", "/no-such-page"]) await at(where);
  await at("/shop/products/dom-casmurro");
  await putInCart(page, "dom-casmurro");
  await look(page, "a cart with something in it");
  await at("/shop/checkout");
  await page.locator("#pay").click();
  await page.getByRole("alert").waitFor();
  await look(page, "a checkout with faults");
  await pay(page, blocked);
  await look(page, "a declined order");
  await pay(page, usual);
  await look(page, "a paid order");
  await at("/shop/orders");
  await signIn(page, usual);
  await look(page, "the statement");
  await at("/statements?search=zzzz");
  await page.goto("/statements");
  await page.locator("#live tbody a").first().click();
  await page.waitForURL("**/activity/*");
  await look(page, "why");
  for (const where of ["/activity", "/activity?show=declined", "/cards", `/statements?account=${small.account}`, "/statements/1999-01", "/sign-in", "/operations"]) await at(where);
}

for (const [name, options] of [
  ["in English, light, on a desk", { ...ENGLISH, ...LIGHT, ...DESKTOP }],
  ["in Portuguese, dark, on a desk", { ...PORTUGUESE, ...DARK, ...DESKTOP }],
  ["in English, dark, on a phone", { ...ENGLISH, ...DARK, ...PHONE }],
  ["in Portuguese, light, on a phone", { ...PORTUGUESE, ...LIGHT, ...PHONE }],
]) {
  scenario(`axe finds nothing on any page ${name}`, options, async (window) => {
    const found = [];
    await everyPage(window, async (page, where) => {
      for (const check of [accessible, fits]) await check(page, where).catch((error) => found.push(error.message));
    });
    assert.equal(found.join("\n\n"), "");
  });
}

scenario("dark is dark and light is light", {}, async ({ browser }) => {
  const shade = async (options) => {
    const { context, page } = await reader(browser, options);
    await page.goto("/");
    const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await context.close();
    return Math.max(...colour.match(/[\d.]+/g).slice(0, 3).map(Number));
  };
  assert.ok(await shade(LIGHT) > 200);
  assert.ok(await shade(DARK) < 80);
});

scenario("the first page is small", {}, async ({ browser }) => {
  for (const where of ["/", "/shop"]) {
    const { context, page } = await reader(browser, DESKTOP);
    const wire = await context.newCDPSession(page);
    let bytes = 0;
    wire.on("Network.loadingFinished", (done) => { bytes += done.encodedDataLength; });
    await wire.send("Network.enable");
    await page.goto(where, { waitUntil: "networkidle" });
    await context.close();
    assert.ok(bytes > 1_000 && bytes < FIRST_PAGE_BYTES_MAX, `${where}: ${bytes} bytes`);
  }
});

await run();
