// Pictures for people to look at, in screenshots/; they are not compared.
import { goTo, settled, test, views } from './viewing.mjs';

for (const width of [1280, 800]) {
  for (const colorScheme of ['light', 'dark']) {
    test.describe(`${width} pixels, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 900 }, colorScheme });
      test('pictures of all views', async ({ page, open }) => {
        await open('growing');
        for (const view of views) {
          await goTo(page, `#/${view}`);
          await settled(page);
          await page.waitForTimeout(250);
          await page.screenshot({ path: `screenshots/${view}-${width}-${colorScheme}.png`, fullPage: true });
        }
      });
    });
  }
}
