import { expect, settled, test } from './viewing.mjs';

test('100,000 stacks: the flame graph is moved and scaled', async ({ page, open }) => {
  await open('large', { hash: '#/flame' });
  await settled(page);
  const graph = page.locator('.flame-scroll');
  const area = await graph.boundingBox();
  await page.mouse.move(area.x + area.width * 0.8, area.y + 200);
  const still = await graph.screenshot();
  await graph.focus();
  for (let i = 0; i < 6; ++i) await page.keyboard.press('+');
  await page.waitForTimeout(500);
  const scaled = await graph.screenshot();
  expect(scaled.equals(still)).toBe(false);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.1, area.y + 60, { steps: 10 });
  await page.mouse.up();
  await page.waitForTimeout(500);
  expect((await graph.screenshot()).equals(scaled)).toBe(false);
});

test('100,000 rows: a table stays short and asks for more when told to', async ({ page, open }) => {
  await open('large', { hash: '#/hotspots' });
  await settled(page);
  await expect(page.locator('tbody tr')).toHaveCount(20);
  await page.getByRole('button', { name: 'Show 20 more' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(40);
  await expect(page.locator('.table-foot')).toContainText('40 of the first 100 rows');
});
