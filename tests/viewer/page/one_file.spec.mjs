import { bytes, expect, goTo, recording, report, settled, test } from './viewing.mjs';

test('findings and frames of one file lead to what it holds', async ({ page, open }) => {
  await open('growing', { asFile: true });
  await settled(page);
  await expect(page.locator('.left-out')).toContainText('the first 100 rows');
  const links = await page.locator('.findings a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) {
    await goTo(page, link);
    await expect(page.locator('.problem'), link).toHaveCount(0);
    await expect(page.locator('tbody tr').first(), link).toBeVisible();
  }
  await goTo(page, '#/hotspots');
  await page.locator('.disclose').first().click();
  for (const link of [page.locator('tr.detail .stack li a').first(), page.getByRole('link', { name: 'Flame graph of this function' })]) {
    await goTo(page, await link.getAttribute('href'));
    await expect(page.locator('.problem')).toHaveCount(0);
    await expect(page.locator('.matched')).toContainText('%');
    await page.goBack();
    await settled(page);
  }
});

test('one file offers nothing that it cannot do', async ({ page, open }) => {
  await open('growing', { asFile: true, hash: '#/timeline' });
  await settled(page);
  await expect(page.locator('main')).not.toContainText('Draw over the graph');
  await expect(page.getByRole('form', { name: 'Time window' })).toHaveCount(0);
  await goTo(page, '#/snapshots');
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  for (const name of await page.locator('tbody button.link').allInnerTexts()) {
    await page.getByRole('button', { name, exact: true }).click();
    await settled(page);
    await expect(page.locator('.problem')).toHaveCount(0);
  }
  await goTo(page, '#/flame?sel=nothing');
  await expect(page.getByRole('button', { name: 'Only this function' })).toHaveCount(0);
  await goTo(page, '#/hotspots?function=main&from=1s');
  await expect(page.locator('.problem')).toHaveCount(0);
  await expect(page.locator('.chip.idle')).toHaveCount(2);
});

test('one file says of how many rows it holds the first', async ({ page, open }) => {
  await open('compiler', { asFile: true, hash: '#/hotspots' });
  await settled(page);
  expect(report('hotspots', recording('compiler')).length).toBeGreaterThan(100);
  await expect(page.locator('.table-foot')).toContainText('20 of the first 100 rows; this file holds no more');
  await goTo(page, '#/flame?tree=bottom-up');
  const { allocated_bytes: all } = report('summary', recording('compiler'));
  await expect(page.locator('.trail')).toContainText(`of ${bytes(all)}: the smallest branches are left out`);
  const [most] = report('hotspots', recording('compiler'), '--tree', 'bottom-up', '--limit', '150');
  await page.locator('.flame-scroll').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.details .big')).toHaveText(`${bytes(most.bytes)} ${(100 * most.share).toFixed(1)} %`);
});
