// Pictures for people to look at, in HEAPSCRIBE_SCREENSHOTS; they are not compared, and without that not made.
import { join } from 'node:path';
import { folder, goTo, settled, test, views } from './viewing.mjs';

test.describe.configure({ timeout: 240_000 });

const closer = ['timeline?from=2s&to=4s', 'hotspots?from=2s&to=4s', 'temporary?from=2s&to=4s', 'source?file=leaking_server.cpp&line=29',
  'diff?look=graph', 'growth?open=5', 'flame?tree=bottom-up&by=live&root=below'];
const names = (process.env.HEAPSCRIBE_RECORDINGS ?? 'growing redis freeing compiler leaky killed sampled sections pooled counted empty lossy wide before').split(' ');

for (const name of names) {
  for (const width of [1280, 800]) {
    for (const colorScheme of ['light', 'dark']) {
      test.describe(`${name}, ${width} pixels, ${colorScheme}`, () => {
        test.use({ viewport: { width, height: 900 }, colorScheme });
        test('pictures of all views', async ({ page, open }) => {
          await open(name, name === 'before' ? { other: 'after' } : {});
          const list = name === 'before' ? ['diff', 'diff?look=graph', 'compare']
              : name === 'wide' ? ['source', `source?file=${encodeURIComponent(join(folder, 'wide.cpp'))}`] : name === 'growing' ? [...views, ...closer] : views;
          for (const view of list) {
            await goTo(page, `#/${view}`);
            await settled(page);
            await page.waitForTimeout(250);
            // Beside long lines the figures must stay.
            if (name === 'wide') await page.locator('.table-scroll').evaluate((scroll) => { scroll.scrollLeft = 400; });
            const file = `${name}-${view.replace(/file=[^&]*%2F/, 'file=').replace(/\W+/g, '-')}-${width}-${colorScheme}.png`;
            await page.screenshot({ path: join(process.env.HEAPSCRIBE_SCREENSHOTS, file), fullPage: true });
          }
        });
      });
    }
  }
}
