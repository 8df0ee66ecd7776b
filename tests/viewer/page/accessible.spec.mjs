// What axe-core finds in a view: names of controls, roles, headings, contrast.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, goTo, test, views } from './viewing.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test.describe.configure({ timeout: 120_000 });
test.use({ bypassCSP: true });  // axe is put into the page

async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`));
}

for (const colorScheme of ['light', 'dark']) {
  for (const [name, more] of [['redis', {}], ['traced', { baseline: 'before', other: 'after' }]]) {
    test.describe(colorScheme, () => {
      test.use({ colorScheme });
      test(`axe finds nothing wrong in any view of ${name}`, async ({ page, open }) => {
        await open(name, more);
        for (const view of [...views, 'check']) {
          await goTo(page, `#/${view}`);
          expect(await violations(page), view).toEqual([]);
        }
      });
    });
  }
}
