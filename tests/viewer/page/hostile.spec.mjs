import { expect, goTo, settled, test, views } from './viewing.mjs';

for (const asFile of [false, true]) {
  test(`names are text, ${asFile ? 'in one file' : 'served'}`, async ({ page, open }) => {
    await open('hostile', { asFile });
    for (const view of views) {
      await goTo(page, `#/${view}`);
      const opened = page.locator('.disclose');
      if (await opened.count()) await opened.first().click();
      expect(await page.evaluate(() => window.hurt), view).toBeUndefined();
      expect(await page.locator('main img, main b, main script').count(), view).toBe(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} fits the window`).toBe(true);
      expect(await page.evaluate(() => document.body.innerText.length), `${view} stays short`).toBeLessThan(200_000);
    }
    await expect(page.locator('.program').first()).toHaveText('<b onclick=x>prog');
  });
}

test('a search with signs of expressions finds their text', async ({ page, open }) => {
  await open('hostile', { hash: '#/flame' });
  await settled(page);
  await page.locator('#search').fill('<img src=x');
  await expect(page.locator('.matched')).toContainText('%');
});
