// Draws one Vega or Vega-Lite specification headless, as Kibana's panels are drawn, with the answers already in it.
//
// Standard input: the specification. Standard output: {"svg", "rows"}: the drawing, and the data as its marks saw them.
// CODEBANK_TEST_NODE_MODULES says where vega and vega-lite are. Whatever Vega warns of is an error here, but for an axis without an
// extent: so it is where there is nothing to show.

'use strict';

const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const load = createRequire(join(process.env.CODEBANK_TEST_NODE_MODULES, 'x'));
const vega = load('vega');

function fail(...words) {
  throw new Error(words.join(' '));
}

function warn(...words) {
  if (!words.join(' ').includes('Infinite extent')) fail(...words);
}

async function main() {
  let spec = JSON.parse(readFileSync(0, 'utf8'));
  // Kibana's own settings are taken out before Vega sees the rest.
  delete spec.config.kibana;
  if (spec.$schema.includes('/vega-lite/')) {
    const logger = { warn: fail, error: fail, info: () => logger, debug: () => logger, level: () => logger };
    // Kibana gives a panel's size to the specification.
    const sized = { width: 600, height: 300, autosize: { type: 'fit', contains: 'padding' }, ...spec };
    spec = load('vega-lite').compile(sized, { logger }).spec;
  }
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  view.logger({ warn, error: fail, info: () => {}, debug: () => {}, level: () => 0 });
  const svg = await view.toSVG();
  // The last data set is the one that all transformations led to.
  const rows = view.data(spec.data[spec.data.length - 1].name);
  process.stdout.write(JSON.stringify({ svg, rows }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
