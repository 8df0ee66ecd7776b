import { bytes, expect, goTo, recording, report, settled, test, views } from './viewing.mjs';

const window = 'from=2s&to=4s';
const following = ['flame', 'hotspots', 'peak', 'source', 'leaks', 'diff'];

test('a time window is followed or marked, and never an error', async ({ page, open }) => {
  await open('growing');
  for (const view of [...views, 'hotspots?by=temporary', 'flame?by=temporary']) {
    await goTo(page, `#/${view}${view.includes('?') ? '&' : '?'}${window}`);
    // Events need a run with --trace, and a question in SQL has no filters.
    if (view !== 'trace') await expect(page.locator('.problem'), view).toHaveCount(0);
    const followed = [...following, 'timeline', 'trace'].includes(view);
    await expect(page.locator('.chip.idle'), view).toHaveCount(followed ? 0 : 2);
  }
  await goTo(page, `#/timeline?${window}`);
  for (const title of ['Flame graph', 'Hotspots', 'Peak', 'Source', 'Leaks', 'Difference']) {
    await expect(page.locator('.lead')).toContainText(title);
  }
  await expect(page.locator('.lead')).not.toContainText('Temporary');
});

test('the words are those of the window', async ({ page, open }) => {
  await open('growing', { hash: `#/peak?${window}` });
  await settled(page);
  await expect(page.locator('.lead')).toContainText('highest moment of that time');
  await expect(page.locator('main')).not.toContainText('of the peak');
  await goTo(page, `#/hotspots?${window}`);
  await expect(page.locator('tbody tr').first().locator('td').last()).toHaveText('–');
  await goTo(page, `#/leaks?${window}`);
  const [most] = report('leaks', recording('growing'), '--from', '2s', '--to', '4s');
  await expect(page.locator('tbody tr').first()).toContainText(bytes(most.live_bytes));
  await expect(page.locator('.verdict')).toContainText('at the end of that time');
});

test('Difference takes the window for its moments, unless it has its own', async ({ page, open }) => {
  await open('growing', { hash: `#/diff?${window}` });
  await settled(page);
  const form = page.getByRole('form', { name: 'Moments' });
  await expect(form.getByLabel('From')).toHaveValue('2s');
  await expect(form.getByLabel('To')).toHaveValue('4s');
  const [most] = report('diff', recording('growing'), '--from', '2s', '--to', '4s', '--by', 'live', '--group', 'function');
  await expect(page.locator('tbody tr').first()).toContainText(bytes(most.new));
  await form.getByLabel('To').fill('3s');
  await page.keyboard.press('Enter');
  await settled(page);
  await expect(page.locator('.chip.idle')).toHaveCount(2);
});

test('a window is turned the right way round, and what is no time is named', async ({ page, open }) => {
  await open('growing', { hash: '#/timeline' });
  await settled(page);
  const form = page.getByRole('form', { name: 'Time window' });
  await form.getByLabel('From').fill('4');
  await form.getByLabel('To').fill('2');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/from=2s&to=4s/);
  await expect(page.locator('.verdict')).toContainText('From 2.00 s to 4.00 s');
  await form.getByLabel('From').fill('abc');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toContainText('“abc” is no time');
  await expect(page).toHaveURL(/from=2s&to=4s/);
});
