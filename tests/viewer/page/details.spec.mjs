import { bytes, expect, goTo, recording, report, settled, test } from './viewing.mjs';

test('of two recordings it is said which one is shown', async ({ page, open }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await open('before', { other: 'after' });
  await settled(page);
  await expect(page.locator('.which')).toContainText(recording('before'));
  await expect(page.locator('.which')).toContainText(`heapscribe view ${recording('after')}`);
  const menu = await page.locator('nav').boundingBox();
  expect(menu.y + menu.height, 'the menu scrolls within the window').toBeLessThanOrEqual(800);
  await goTo(page, '#/diff?look=graph');
  await expect(page.locator('.which')).toHaveCount(0);
  await expect(page.locator('.legend')).toContainText('has the keys');
  await page.locator('summary', { hasText: 'The same as a table' }).click();
  await expect(page.getByRole('button', { name: 'main', exact: true }).first()).toBeVisible();
});

test('the curve of a short run reaches its peak', async ({ page, open }) => {
  await open('leaky');
  await settled(page);
  const { peak_bytes: peak } = report('summary', recording('leaky'));
  await expect(page.locator('.chart')).toHaveAttribute('aria-label', new RegExp(`at most ${bytes(peak)}`));
});

test('the flame graph shows its focus, copies what is selected, and keeps its scale in the address', async ({ page, open }) => {
  const address = await open('leaky', { hash: '#/flame' });
  await settled(page);
  await page.keyboard.press('Tab');
  await page.locator('.flame-scroll').focus();
  expect(await page.locator('.flame').evaluate((graph) => getComputedStyle(graph).outlineStyle)).toBe('solid');
  await page.keyboard.press('c');
  await expect(page.locator('.copied')).toContainText('Select a frame first');
  for (const key of ['+', '+', '+']) await page.keyboard.press(key);
  await expect(page).toHaveURL(/span=/);
  const link = await page.evaluate(() => location.hash);
  const picture = await page.locator('.flame-scroll').screenshot();
  await page.goto('about:blank');
  await page.goto(address + link);
  await settled(page);
  await page.locator('.flame-scroll').focus();
  await page.waitForTimeout(500);
  expect((await page.locator('.flame-scroll').screenshot()).equals(picture)).toBe(true);
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  await expect(page).not.toHaveURL(/span=/);
});

test('there is no advice about a stack that was not recorded', async ({ page, open }) => {
  await open('counted', { hash: '#/temporary' });
  await settled(page);
  await expect(page.locator('main')).not.toContainText('Begin with');
  await goTo(page, '#/diff?b=exit');
  await expect(page.locator('main')).not.toContainText(/Look first at|Most went from/);
});

test('an opened snapshot comes into sight with the focus, and they stand in the order of time', async ({ page, open }) => {
  await open('growing', { hash: '#/snapshots' });
  await settled(page);
  const seconds = await page.locator('.table').first().locator('tbody tr td:nth-child(2)').allInnerTexts();
  const times = seconds.map((text) => Number.parseFloat(text) / (text.endsWith('ms') ? 1000 : 1));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  await page.locator('button.opens-below').first().click();
  await expect(page.locator('#held-title')).toBeFocused();
  await expect(page.locator('#held-title')).toBeInViewport();
});

test('what leads somewhere looks like it', async ({ page, open }) => {
  await open('growing', { hash: '#/hotspots' });
  await settled(page);
  await page.locator('.disclose').first().click();
  for (const link of [page.locator('.stack li > a').first(), page.locator('.stack a.source-place').first()]) {
    expect(await link.evaluate((one) => getComputedStyle(one).textDecorationLine)).toBe('underline');
  }
});

test('headings of tables have names, and levels of headings follow each other', async ({ page, open }) => {
  await open('leaky', { hash: '#/sizes' });
  await settled(page);
  const names = await page.locator('thead button').allInnerTexts();
  expect(names.filter((name) => !name.trim())).toEqual([]);
  await goTo(page, '#/hotspots');
  await page.locator('.disclose').first().click();
  const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.filter((one) => one.closest('main')).map((one) => Number(one.tagName[1])));
  levels.forEach((level, i) => expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1));
  await goTo(page, '#/flame');
  await expect(page.locator('p[aria-label]')).toHaveCount(0);
});

test('the focus stays on the page, and changes are read out', async ({ page, open }) => {
  await open('growing', { hash: '#/hotspots?function=Session' });
  await settled(page);
  await page.locator('.chip button').click();
  await expect(page.locator('.filters summary')).toBeFocused();
  await expect(page.locator('.announcer')).toHaveText('No filter');
  await page.locator('#search').fill('session');
  await expect(page.locator('.announcer')).toContainText('rows contain session');
  await page.keyboard.press('Escape');
  await expect(page.locator('h1')).toBeFocused();
  await goTo(page, '#/timeline?from=1s&to=2s');
  await page.getByRole('button', { name: 'Drop it' }).click();
  await expect(page.getByLabel('From, in seconds')).toBeFocused();
  await goTo(page, '#/growth');
  await expect(page.locator('.sparkline').first()).toHaveAttribute('aria-label', /at the start, at most .* at the end/);
});

test('a program that allocates nothing gets no advice', async ({ page, open }) => {
  await open('idle', { hash: '#/hotspots' });
  await settled(page);
  expect(report('summary', recording('idle')).allocations).toBe(0);
  await expect(page.locator('.empty')).toHaveText('Nothing was allocated.');
  await goTo(page, '#/source');
  await expect(page.locator('.empty')).toHaveText('Nothing was allocated.');
  await goTo(page, '#/pauses');
  await expect(page.locator('.verdict')).toContainText(/Nothing (in the allocator )?held the program up/i);
});

test('an estimate of pauses says of what', async ({ page, open }) => {
  await open('redis', { hash: '#/pauses' });
  await settled(page);
  for (const kind of report('pauses', recording('redis')).kinds) {
    if (kind.seen < kind.events) await expect(page.locator('.table').first()).toContainText('seen; the rest is extrapolated');
  }
  await expect(page.locator('main')).not.toContainText('Bounds');
});
