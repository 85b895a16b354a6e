// A shopper: buys, is declined, mistypes, sends twice, tampers. What the bank charged is looked up on the statement.

import assert from "node:assert/strict";

import { PHONE, PORTUGUESE, blocked, fits, run, scenario, small, usual } from "./harness.mjs";
import { buy, charged, linesOf, orders, path, pay, putInCart, says, signIn, tabTo, typeCard } from "./steps.mjs";

scenario("a purchase appears on the statement in a second window by itself", {}, async ({ page, context }) => {
  await signIn(page, usual);
  await page.evaluate(() => { globalThis.neverReloaded = true; });
  const line = page.locator("#live tbody tr", { hasText: "Dom Casmurro" });
  assert.equal(await line.count(), 0);

  const shop = await context.newPage();
  await buy(shop, "dom-casmurro", usual);
  await line.waitFor({ timeout: 10_000 });
  assert.match(await line.innerText(), /Armazém Aroeira[\s\S]*39\.90/);
  assert.ok(await page.evaluate(() => globalThis.neverReloaded), "the statement was not loaded again");

  await says(shop, "Thank you, it is paid", "39.90");
  await shop.getByRole("link", { name: "See it on my statement" }).click();
  await shop.waitForURL("**/statements**");
  assert.equal(await shop.locator("#live tbody tr", { hasText: "Dom Casmurro" }).count(), 1, "straight after checkout");
});

const DECLINES = [
  ["a wrong security code", usual, { code: usual.code === "000" ? "001" : "000" }, "did not recognize the card", "security code"],
  ["a wrong expiry", usual, { expiry: "11/34" }, "did not recognize the card", "expiry"],
  ["a card of no bank", usual, { number: "378282246310005", code: "1234" }, "did not recognize the card", "another card"],
  ["a blocked card", blocked, {}, "This card is blocked", "Unblock it at your bank"],
  ["more than the limit", small, {}, "above what is left of the card’s limit", "Take something out"],
];

scenario("every decline says what the shopper can do, charges nothing and keeps the cart", {}, async ({ page }) => {
  await putInCart(page, "panela-de-ferro");
  for (const [what, card, changed, told, advice] of DECLINES) {
    await pay(page, card, changed);
    await says(page, "The payment was declined", "Nothing was charged", told, advice);
    assert.equal(await page.locator("header .count").innerText(), "1", `the cart after ${what}`);
    await page.getByRole("link", { name: "Try another card" }).click();
    await page.waitForURL("**/shop/checkout");
  }
  assert.equal((await orders(page)).length, DECLINES.length);
  for (const card of [usual, small]) {
    await signIn(page, card);
    assert.equal(await linesOf(page, "Panela"), 0);
    assert.equal(await linesOf(page, "pot"), 0);
  }
  // The cardholder is told the bank's reasons, apart from what is charged.
  await page.goto("/activity");
  await says(page, "Declined", "above the available limit");
  await signIn(page, usual);
  await page.goto("/activity");
  await says(page, "The card was blocked");
});

const MISTYPED = [
  [{ number: "4111 1111 1111 1112" }, "This is not a card number"],
  [{ number: "4111" }, "A card number has 13 to 19 digits"],
  [{ number: "" }, "Enter the card number"],
  [{ expiry: "01/20" }, "This card has expired"],
  [{ expiry: "13/35" }, "Enter the month and the year"],
  [{ code: "1" }, "The code has 3 digits"],
  [{ name: " " }, "Enter the name on the card"],
];

scenario("a mistyped card is shown beside its field, and its secrets do not come back", {}, async ({ page, expect }) => {
  expect(422);
  await putInCart(page, "iracema");
  for (const [changed, told] of MISTYPED) {
    await page.goto("/shop/checkout");
    await typeCard(page, usual, changed);
    await page.locator("#pay").click();
    await page.getByRole("alert").waitFor();
    await says(page, "Nothing was charged", told);
    assert.equal(await page.locator("#name").inputValue(), (changed.name ?? "M DE ASSIS").trim());
    assert.equal(await page.locator("#expiry").inputValue(), changed.expiry ?? usual.expiry);
    assert.equal(await page.locator("#number").inputValue(), "");
    assert.equal(await page.locator("#security-code").inputValue(), "");
    assert.ok(!(await page.content()).includes("1111111"), "no card number on the page");
  }
  assert.deepEqual(await orders(page), [], "nothing was ordered");
});

scenario("the fields help while they are typed in", {}, async ({ page }) => {
  await putInCart(page, "iracema");
  await page.goto("/shop/checkout");
  await page.locator("#number").pressSequentially("4111111111111112");
  assert.equal(await page.locator("#number").inputValue(), "4111 1111 1111 1112");
  await page.locator("#expiry").pressSequentially("120");
  assert.equal(await page.locator("#expiry").inputValue(), "12/0");
  await says(page, "A digit is wrong");
  await page.locator("#number").fill("");
  await page.locator("#number").pressSequentially("4111111111111111");
  assert.equal(await page.locator("#number-error").innerText(), "");
});

scenario("everything of a purchase is done by keyboard", {}, async ({ page }) => {
  const go = async (wanted) => {
    await tabTo(page, wanted);
    await page.keyboard.press("Enter");
  };
  await page.goto("/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#content", "first comes the way past the header");
  await page.keyboard.press("Enter");
  await go(page.getByRole("main").getByRole("link", { name: "Go to the shop" }));
  await page.waitForURL("**/shop");
  await go(page.getByRole("link", { name: "Iracema" }));
  await page.waitForURL("**/iracema");
  await go(page.getByRole("button", { name: "Add to cart" }));
  await page.waitForURL("**/shop/cart");
  await go(page.getByRole("link", { name: "Go to checkout" }));
  await page.waitForURL("**/shop/checkout");
  for (const [label, text] of [["Card number", usual.number], ["Name on the card", "M DE ASSIS"], ["Expiry (MM/YY)", usual.expiry.replace("/", "")], ["Security code (CVV)", usual.code]]) {
    await tabTo(page, page.getByLabel(label));
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
  await page.waitForURL("**/shop/orders/*");
  await says(page, "Thank you, it is paid");
  await go(page.getByRole("link", { name: "See it on my statement" }));
  await page.getByRole("heading", { name: "Who are you today?" }).waitFor();
  await go(page.locator("form", { hasText: "Your purchase is here" }).getByRole("button"));
  await page.waitForURL("**/statements**");
  assert.equal(await page.locator("#live tbody tr", { hasText: "Iracema" }).count(), 1);
});

scenario("everything works without scripts", { javaScriptEnabled: false }, async ({ page }) => {
  await buy(page, "trena", usual);
  await says(page, "Thank you, it is paid");
  await page.getByRole("link", { name: "See it on my statement" }).click();
  await page.locator("form", { hasText: "Your purchase is here" }).getByRole("button").click();
  await page.waitForURL("**/statements**");
  assert.equal(await page.locator("#live tbody tr", { hasText: "32.90" }).count(), 1);
  await page.goto("/cards");
  await page.getByRole("button", { name: `Block card ${usual.number.slice(-4)}` }).click();
  await says(page, "Blocked");
  await page.getByRole("button", { name: `Unblock card ${usual.number.slice(-4)}` }).click();
  await page.waitForURL("**/cards**");
  await page.getByRole("button", { name: "Português" }).click();
  await says(page, "Cartões");
});

scenario("a purchase on a phone, in Portuguese, never scrolls sideways", { ...PHONE, ...PORTUGUESE }, async ({ page }) => {
  await page.goto("/shop");
  await fits(page, "the shop");
  await page.getByRole("link", { name: "Caneca esmaltada" }).click();
  await page.waitForURL("**/caneca-esmaltada");
  await fits(page, "the product");
  await page.getByRole("button", { name: "Adicionar ao carrinho" }).click();
  await page.waitForURL("**/shop/cart");
  await fits(page, "the cart");
  await page.getByRole("link", { name: "Ir para o pagamento" }).click();
  await page.waitForURL("**/shop/checkout");
  await fits(page, "the checkout");
  await typeCard(page, usual);
  await page.locator("#pay").click();
  await page.waitForURL("**/shop/orders/*");
  await says(page, "Obrigado, está pago");
  assert.match(await page.locator("main").innerText(), /R\$\s44,90/);
  await fits(page, "the order");
});

scenario("sent twice, from two windows or after going back, an order is one order", {}, async ({ page, context }) => {
  await signIn(page, usual);
  await putInCart(page, "tesoura");
  await page.goto("/shop/checkout");
  await typeCard(page, usual);
  await page.locator("#pay").dblclick();
  await page.waitForURL("**/shop/orders/*");
  const order = path(page);

  // With the cart empty there may be nothing to check out any more: then the shop leads to the cart.
  await page.goBack();
  if (await page.locator("#pay").count()) {
    await typeCard(page, usual);
    await page.locator("#pay").click();
    await page.waitForURL("**/shop/**");
  }
  assert.equal((await orders(page)).length, 1, "after going back");

  await putInCart(page, "tesoura");
  const other = await context.newPage();
  for (const window of [page, other]) {
    await window.goto("/shop/checkout");
    await typeCard(window, usual);
  }
  await Promise.all([page, other].map((window) => window.locator("#pay").click()));
  for (const window of [page, other]) await window.waitForURL("**/shop/orders/*");
  assert.equal(path(page), path(other), "two windows, one order");
  assert.notEqual(path(page), order);
  assert.equal((await orders(page)).length, 2);
  await charged(page, "24.90", 2); // each order once
});

scenario("loading the order's page again orders nothing", {}, async ({ page }) => {
  await buy(page, "regua-de-madeira", usual);
  await page.reload();
  await page.reload();
  await says(page, "Thank you, it is paid");
  assert.equal((await orders(page)).length, 1, "reloading the order's page sends nothing");
});

scenario("a form that was tampered with orders nothing", {}, async ({ page, expect }) => {
  expect(400, 403, 409);
  await putInCart(page, "almofada");
  const tampered = [
    ["order", (field) => { field.value = field.value.replace(/^./, (first) => (first === "A" ? "B" : "A")); }],
    ["order", (field) => { field.value = ""; }],
    ["csrf", (field) => { field.value = "x"; }],
    ["csrf", (field) => { field.remove(); }],
  ];
  for (const [name, change] of tampered) {
    await page.goto("/shop/checkout");
    await typeCard(page, usual);
    await page.locator(`#checkout input[name=${name}]`).evaluate(change);
    const answer = page.waitForResponse((response) => response.request().method() === "POST");
    await page.locator("#pay").click();
    const status = (await answer).status();
    assert.ok([400, 403].includes(status), `${name}: ${status}`);
    await page.locator(".problem").waitFor();
  }
  // A price of the browser's own making is not looked at.
  await page.goto("/shop/checkout");
  await typeCard(page, usual);
  await page.locator("#checkout").evaluate((form) => {
    for (const name of ["price", "total", "amount"]) form.insertAdjacentHTML("beforeend", `<input type="hidden" name="${name}" value="1">`);
  });
  await page.locator("#pay").click();
  await page.waitForURL("**/shop/orders/*");
  await says(page, "64.90");
  assert.equal((await orders(page)).length, 1);
});

scenario("the reader's language is the browser's until another is chosen", PORTUGUESE, async ({ page }) => {
  for (const [where, heading] of [["/shop", "Loja"], ["/sign-in", "Quem é você hoje?"], ["/", "Titulares para experimentar"]]) {
    await page.goto(where);
    assert.equal(await page.locator("html").getAttribute("lang"), "pt-BR");
    assert.ok((await page.locator("body").innerText()).includes(heading), where);
  }
  await page.goto("/shop/products/trena");
  assert.match(await page.locator("main").innerText(), /R\$\s32,90/);
  await page.getByRole("button", { name: "English" }).click();
  await page.waitForURL("**/trena");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await says(page, "32.90", "Add to cart");
  await page.goto("/");
  await says(page, "Cardholders to try");
});

await run();
