import { expect, settled, test } from './viewing.mjs';

test('g and a letter goes to a view, and the heading gets the focus', async ({ page, open }) => {
  await open('leaky');
  for (const [letter, title] of [['h', 'Hotspots'], ['l', 'Leaks'], ['f', 'Flame graph'], ['s', 'Sizes']]) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await expect(page.locator('h1')).toHaveText(title);
    await expect(page.locator('h1')).toBeFocused();
  }
});

test('? shows the keys, Escape closes them, / searches', async ({ page, open }) => {
  await open('leaky', { hash: '#/hotspots' });
  await settled(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('/');
  await expect(page.locator('#search')).toBeFocused();
  await page.keyboard.type('nothing has this name');
  await expect(page.locator('.table-foot')).toContainText('None of');
});

test('arrows walk through a table and open its rows', async ({ page, open }) => {
  await open('growing', { hash: '#/hotspots' });
  await settled(page);
  const rows = page.locator('.disclose');
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(rows.nth(1)).toHaveAttribute('aria-expanded', 'true');
  await expect(page.locator('tr.detail .stack li').first()).toBeVisible();
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('End');
  await expect(rows.last()).toBeFocused();
});

test('the flame graph is walked, zoomed and narrowed by keys', async ({ page, open }) => {
  await open('leaky', { hash: '#/flame' });
  await settled(page);
  await page.locator('.flame-scroll').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.details h2')).toHaveText('_start');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.locator('.trail')).toContainText('__libc_start_main_impl');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('f');
  await expect(page.locator('.chip')).toContainText('__libc_start_main_impl');
});

test('the skip link leads to the report', async ({ page, open }) => {
  await open('leaky');
  await page.keyboard.press('Tab');
  await expect(page.locator('.skip')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('h1')).toBeFocused();
});

test('headings, captions and landmarks are there', async ({ page, open }) => {
  await open('leaky', { hash: '#/leaks' });
  await settled(page);
  expect(await page.locator('main').count()).toBe(1);
  expect(await page.locator('nav[aria-label]').count()).toBe(1);
  expect(await page.locator('h1').count()).toBe(1);
  expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
  expect(await page.locator('button:not([aria-label])').evaluateAll((all) => all.filter((one) => !one.innerText.trim()).length)).toBe(0);
});
