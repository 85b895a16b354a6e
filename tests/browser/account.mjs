// A cardholder: reads, searches, exports, blocks. Purchases are made in the shop first.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PORTUGUESE, folder, run, scenario, small, usual } from "./harness.mjs";
import { buy, charged, linesOf, main, pay, putInCart, says, signIn } from "./steps.mjs";

const LAST_FOUR = usual.number.slice(-4);

scenario("a card that its holder blocks is refused in the shop until it is unblocked", {}, async ({ page }) => {
  await signIn(page, usual);
  await page.goto("/cards");
  await page.getByRole("button", { name: `Block card ${LAST_FOUR}` }).click();
  await page.getByRole("button", { name: `Unblock card ${LAST_FOUR}` }).waitFor();
  await buy(page, "o-cortico", usual);
  await says(page, "The payment was declined", "This card is blocked", "Nothing was charged");
  assert.equal(await linesOf(page, "34.90"), 0);
  await page.goto("/cards");
  await page.getByRole("button", { name: `Unblock card ${LAST_FOUR}` }).click();
  await page.getByRole("button", { name: `Block card ${LAST_FOUR}` }).waitFor();
  await pay(page, usual);
  await says(page, "Thank you, it is paid");
  await charged(page, "34.90");
});

scenario("a card that another window blocked already is told so", {}, async ({ page, context, expect }) => {
  expect(409);
  await signIn(page, small);
  const four = small.number.slice(-4);
  const other = await context.newPage();
  for (const window of [page, other]) await window.goto("/cards");
  for (const window of [page, other]) {
    await window.getByRole("button", { name: `Block card ${four}` }).click();
    await window.waitForLoadState();
  }
  await says(other, "The card has changed meanwhile");
  await page.goto("/cards");
  await page.getByRole("button", { name: `Unblock card ${four}` }).click();
  await page.getByRole("button", { name: `Block card ${four}` }).waitFor();
});

/** The text of a PDF as `pdftotext` reads it. */
const read = (file) => execFileSync(process.env.CODEBANK_TEST_PDFTOTEXT, ["-layout", file, "-"], { encoding: "utf8" });

/** What a click on this link saves. */
async function saved(page, name) {
  const arrives = page.waitForEvent("download");
  await page.getByRole("link", { name, exact: true }).click();
  const download = await arrives;
  const file = join(folder, `${Date.now()}-${download.suggestedFilename()}`);
  await download.saveAs(file);
  return file;
}

for (const [language, options, words] of [
  ["English", {}, ["39.90", "189.00", "Dom Casmurro", "Armazém Aroeira"]],
  ["Portuguese", PORTUGUESE, ["39,90", "189,00", "Dom Casmurro", "Armazém Aroeira"]],
]) {
  scenario(`the statement as a PDF says in ${language} what the page says`, options, async ({ page }) => {
    await signIn(page, usual);
    for (const [slug, amount] of [["dom-casmurro", words[0]], ["moedor-manual", words[1]]]) {
      if (await linesOf(page, amount) === 0) await buy(page, slug, usual);
      await charged(page, amount);
    }
    const total = await page.locator(".summary .amount").innerText();
    const file = await saved(page, "PDF");
    assert.equal(readFileSync(file).subarray(0, 5).toString(), "%PDF-");
    const text = read(file);
    const flat = text.replace(/\s+/g, " ");
    for (const expected of [...words, total.replace(/\s+/g, " "), LAST_FOUR]) assert.ok(flat.includes(expected), `${expected} is not in:\n${text}`);
    assert.ok(!text.replace(/\D/g, "").includes(usual.number), "no card number in the file");
  });
}

scenario("the lines as CSV add up to the page's total", {}, async ({ page }) => {
  await signIn(page, usual);
  await buy(page, "caderno-pautado", usual);
  await charged(page, "27.90");
  const total = (await page.locator(".summary .amount").innerText()).replace(/\D/g, "");
  const rows = readFileSync(await saved(page, "CSV"), "utf8").trim().split("\r\n").slice(1);
  const cents = rows.map((row) => Number(row.split(",").at(-2).replace(".", ""))).reduce((sum, one) => sum + one, 0);
  assert.equal(String(cents), total);
  assert.equal(rows.length, await page.locator("#live tbody tr").count());
});

scenario("the statement is searched, and every line says why", {}, async ({ page }) => {
  await signIn(page, usual);
  await buy(page, "grampeador", usual);
  await buy(page, "vaso-de-barro", usual);
  await charged(page, "Vaso de barro");
  const lines = page.locator("#live tbody tr");
  const all = await lines.count();
  const description = (await lines.first().locator(".muted.block").innerText()).trim();
  await page.locator("#search").fill(description);
  await page.locator("#search").press("Enter");
  await page.waitForURL("**search=**");
  assert.ok(await lines.count() >= 1 && await lines.count() < all, description);
  await page.locator("#search").fill("no such purchase");
  await page.locator("#search").press("Enter");
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  await page.getByRole("main").getByRole("link", { name: "Show everything" }).first().click();
  await lines.first().getByRole("link").click();
  await page.waitForURL("**/activity/*");
  await says(page, "Approved and charged", "What the bank recorded", "What it was decided on");
});

scenario("what is declined is on the timeline with its reason, and not on the statement", {}, async ({ page }) => {
  await signIn(page, small);
  await putInCart(page, "cadeira-de-balanco");
  await pay(page, small);
  await page.goto("/activity");
  const declined = page.locator("#live li", { hasText: "Declined" }).first();
  assert.match(await declined.innerText(), /above the available limit/);
  await declined.getByRole("link").click();
  await says(page, "Nothing was charged");
  assert.equal(await linesOf(page, "1,290.00"), 0);
});

scenario("nobody sees another account by its link, and unknown pages are designed", {}, async ({ page, expect }) => {
  expect(403, 404, 400);
  await signIn(page, usual);
  await page.goto(`/statements?account=${small.account}`);
  assert.ok(!(await main(page)).includes("300.00"), "nothing of the other account");
  for (const where of ["/statements/1999-01", "/statements/not-a-cycle", "/activity/999999", "/no-such-page", "/shop/products/no-such-thing", "/shop/orders/no-such-order"]) {
    const answer = await page.goto(where);
    assert.ok([400, 404].includes(answer.status()), `${where}: ${answer.status()}`);
    await page.locator(".problem").waitFor();
    assert.ok(await page.locator(".problem .button").count() >= 1, `${where} says where to go`);
  }
});

await run();
