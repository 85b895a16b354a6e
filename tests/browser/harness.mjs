// What every scenario has: a browser, a page with a fresh profile, and a record of what a page must never do. One line of JSON per
// scenario goes to standard output; the test in Rust reads it. No scenario is here.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these scripts are run by the test program \`browser\``);
  return value;
};

const modules = createRequire(`${need("CODEBANK_TEST_NODE_MODULES")}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

/** Where the faces are: `http://host:port`. */
export const origin = need("CODEBANK_TEST_FACES");
/** A folder for what is downloaded or drawn. */
export const folder = need("CODEBANK_TEST_FOLDER");
/** The demo cards, by the first digit of their documented test numbers. */
const cards = JSON.parse(need("CODEBANK_TEST_CARDS"));
const card = (number) => cards.find((candidate) => candidate.number === number);
export const usual = card("4111111111111111");
export const blocked = card("4242424242424242");
export const small = card("5555555555554444");

/** Generous: other work may have the processors. What has to be quick is measured where it is. */
const PATIENCE = 20_000;

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const ENGLISH = { locale: "en-US" };
export const PORTUGUESE = { locale: "pt-BR" };
export const DESKTOP = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 360, height: 740 } };

/** A browser's window as one reader has it. Everything that no page may do is collected, and told at the end. */
export async function reader(browser, options = {}) {
  const context = await browser.newContext({
    baseURL: origin, acceptDownloads: true, reducedMotion: "reduce", ...ENGLISH, ...DESKTOP, ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const faults = [];
  const expected = new Set();
  const watch = (page) => {
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const status = /status of (\d+)/.exec(message.text())?.[1];
      if (!expected.has(Number(status))) faults.push(`console: ${message.text()} at ${message.location().url}`);
    });
    page.on("pageerror", (error) => faults.push(`script: ${error}`));
  };
  context.on("page", watch);
  context.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith(`${origin}/`) && !to.startsWith("data:")) faults.push(`another origin: ${to}`);
  });
  return {
    context,
    page: await context.newPage(),
    /** Such answers are meant, and the browser may mention them. */
    expect: (...statuses) => statuses.forEach((status) => expected.add(status)),
    faults,
  };
}

const scenarios = [];

/** `body` gets what `reader` makes, and the browser. */
export function scenario(name, options, body) {
  scenarios.push({ name, options, body });
}

/** Runs all scenarios of a file, one after the other: each has cookies of its own, all have the same bank. */
export async function run() {
  const browser = await chromium.launch({ executablePath: need("CODEBANK_TEST_CHROMIUM"), args: FLAGS });
  const only = process.env.CODEBANK_TEST_SCENARIO;
  for (const { name, options, body } of scenarios.filter((one) => !only || one.name.includes(only))) {
    const began = Date.now();
    const window = await reader(browser, options);
    let why = "";
    try {
      await body({ ...window, browser });
      assert.deepEqual(window.faults, [], "no page may do this");
    } catch (error) {
      why = `${error.stack ?? error}\n  at ${window.page.url()}\n${await seen(window.page)}`;
    }
    await window.context.close();
    const verdict = { scenario: name, passed: why === "", why, milliseconds: Date.now() - began };
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
  }
  await browser.close();
}

/** What a person would have seen when it failed. */
async function seen(page) {
  return page.locator("body").innerText({ timeout: 1_000 }).catch(() => "(no page)");
}

/** Fails with everything that axe finds on the page. */
export async function accessible(page, where) {
  // Not by a script element: the pages' own policy forbids those that are not the server's.
  await page.evaluate(`${axe}; undefined`);
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  }));
  const told = found.violations.map((violation) =>
    `${violation.id}: ${violation.help}\n${violation.nodes.map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}`);
  assert.deepEqual(told, [], `axe on ${where}`);
}

/** Fails if the page is wider than the window. */
export async function fits(page, where) {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > room + 1);
    const scrolls = document.documentElement.scrollWidth > room;
    return scrolls ? [`${document.documentElement.scrollWidth} of ${room}`, ...over.slice(-3).map((one) => one.outerHTML.slice(0, 160))] : [];
  });
  assert.deepEqual(wide, [], `${where} scrolls sideways`);
}
