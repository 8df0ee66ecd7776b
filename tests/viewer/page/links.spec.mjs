import { bytes, expect, goTo, recording, report, settled, test } from './viewing.mjs';

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

test('a window drawn in the timeline filters the reports that take it, and is marked in the others', async ({ page, open }) => {
  await open('growing', { hash: '#/timeline' });
  await settled(page);
  const area = await page.locator('.u-over').boundingBox();
  await page.mouse.move(area.x + area.width * 0.3, area.y + 80);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.6, area.y + 90, { steps: 5 });
  await page.mouse.up();
  await expect(page.locator('.chip')).toHaveCount(2);
  expect(await page.evaluate(() => location.hash)).toMatch(/from=\d+(\.\d+)?s&to=\d+(\.\d+)?s/);
  const link = await page.evaluate(() => location.hash);
  const { from, to } = Object.fromEntries(new URLSearchParams(link.split('?')[1]));
  for (const view of ['hotspots', 'peak']) {
    await goTo(page, link.replace('timeline', view));
    const all = report(view, recording('growing'));
    const rows = report(view, recording('growing'), '--from', from, '--to', to);
    expect(rows).not.toEqual(all);
    await expect(page.locator('tbody th').first()).toContainText(rows[0].file.replace(/.*\//, ''));
    await expect(page.locator('tbody tr').first()).toContainText(bytes(view === 'peak' ? rows[0].peak_bytes : rows[0].bytes));
  }
  await goTo(page, link.replace('timeline', 'flame'));
  await expect(page.locator('.problem')).toHaveCount(0);
  const tree = report('hotspots', recording('growing'), '--tree', 'top-down', '--from', from, '--to', to);
  await expect(page.locator('.details .big')).toHaveText(bytes(tree.reduce((sum, row) => sum + row.bytes, 0)));
  await goTo(page, link.replace('timeline', 'temporary'));
  await expect(page.locator('.problem')).toHaveCount(0);
  await expect(page.locator('.chip.idle')).toHaveCount(2);
  await page.getByRole('button', { name: 'Drop all' }).click();
  await expect(page.locator('.chip')).toHaveCount(0);
});

test('the back button returns to the view before', async ({ page, open }) => {
  await open('leaky');
  await page.locator('nav a', { hasText: 'Peak' }).click();
  await expect(page.locator('h1')).toHaveText('Peak');
  await page.goBack();
  await expect(page.locator('h1')).toHaveText('Overview');
});
