import { expect, goTo, settled, test } from './viewing.mjs';

test('a link restores filter, order, search and opened rows', async ({ page, open }) => {
  const address = await open('growing', { hash: '#/hotspots' });
  await settled(page);
  await page.locator('summary', { hasText: 'Filter' }).click();
  await page.getByLabel('Function', { exact: false }).first().fill('SessionTable');
  await page.keyboard.press('Enter');
  await settled(page);
  await page.getByRole('button', { name: 'Allocations' }).click();
  await settled(page);
  await page.locator('.disclose').first().click();
  await page.locator('#search').fill('session');
  const link = await page.evaluate(() => location.hash);
  const text = await page.locator('tbody').innerText();

  await page.goto('about:blank');
  await page.goto(address + link);
  await settled(page);
  await expect(page.locator('.chip')).toContainText('SessionTable');
  await expect(page.locator('th[aria-sort]')).toHaveText(/Allocations/);
  await expect(page.locator('tr.detail')).toHaveCount(1);
  await expect(page.locator('#search')).toHaveValue('session');
  expect(await page.locator('tbody').innerText()).toBe(text);
});

test('a link restores the zoom and the selection of the flame graph', async ({ page, open }) => {
  const address = await open('leaky', { hash: '#/flame' });
  await settled(page);
  await page.locator('.flame-scroll').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter', 'ArrowDown']) await page.keyboard.press(key);
  const name = await page.locator('.details h2').innerText();
  const trail = await page.locator('.trail').innerText();
  const link = await page.evaluate(() => location.hash);
  expect(link).toContain('zoom=');
  await page.goto('about:blank');
  await page.goto(address + link);
  await settled(page);
  await expect(page.locator('.details h2')).toHaveText(name);
  expect(await page.locator('.trail').innerText()).toBe(trail);
});

test('a window drawn in the timeline goes into the filters, and a report that refuses it can drop it', async ({ page, open }) => {
  await open('growing', { hash: '#/timeline' });
  await settled(page);
  const area = await page.locator('.u-over').boundingBox();
  await page.mouse.move(area.x + area.width * 0.3, area.y + 80);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.6, area.y + 90, { steps: 5 });
  await page.mouse.up();
  await expect(page.locator('.chip')).toHaveCount(2);
  expect(await page.evaluate(() => location.hash)).toMatch(/from=\d+(\.\d+)?s&to=\d+(\.\d+)?s/);
  await goTo(page, (await page.evaluate(() => location.hash)).replace('timeline', 'hotspots'));
  const drop = page.getByRole('button', { name: 'Drop the time window' });
  if (await drop.count()) {
    await expect(page.locator('.problem')).toContainText('--from');
    await drop.click();
    await settled(page);
  }
  await expect(page.locator('tbody tr').first()).toBeVisible();
});

test('the back button returns to the view before', async ({ page, open }) => {
  await open('leaky');
  await page.locator('nav a', { hasText: 'Peak' }).click();
  await expect(page.locator('h1')).toHaveText('Peak');
  await page.goBack();
  await expect(page.locator('h1')).toHaveText('Overview');
});
