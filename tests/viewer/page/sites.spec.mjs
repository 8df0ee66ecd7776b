import { expect, goTo, recording, report, settled, test, textReport } from './viewing.mjs';

test('sites of one function are told apart by their callers', async ({ page, open }) => {
  await open('compiler', { hash: '#/hotspots' });
  await settled(page);
  const callers = [...textReport('hotspots', recording('compiler')).matchAll(/site \d+: .*\n\s+← (\S+)/g)].map((match) => match[1]);
  expect(callers.length).toBeGreaterThan(3);
  for (const i of [0, 1, 2]) await expect(page.locator('tbody tr').nth(i).locator('.callers')).toContainText(callers[i]);
  for (const view of ['peak', 'temporary', 'leaks']) {
    await goTo(page, `#/${view}`);
    await expect(page.locator('tbody .callers').first(), view).toBeVisible();
  }
});

test('a finding leads to the row with its figure', async ({ page, open }) => {
  await open('compiler');
  await settled(page);
  const { findings } = report('summary', recording('compiler'));
  for (const finding of findings.filter(({ kind }) => ['temporary', 'most_calls', 'peak_holder'].includes(kind))) {
    const figure = /(?:makes|held) ([\d.,]+)/.exec(finding.sentence)[1];
    await goTo(page, '#/overview');
    await page.locator('.findings a', { hasText: finding.sentence.slice(0, 40) }).click();
    await settled(page);
    await expect(page.locator('tbody tr').first(), finding.sentence).toContainText(figure);
  }
});

test('sites are added up by function where the command does so', async ({ page, open }) => {
  await open('compiler');
  for (const view of ['leaks', 'peak', 'temporary']) {
    await goTo(page, `#/${view}`);
    await page.getByLabel('Function', { exact: true }).check();
    await settled(page);
    const [first] = report(view, recording('compiler'), '--group', 'function', '--limit', '1');
    await expect(page.locator('.table tbody tr').first(), view).toContainText(first.function.slice(0, 20).replace(/[<(].*/, ''));
    await expect(page.locator('.problem')).toHaveCount(0);
  }
});

test('a search says over which rows it went, and leads to all', async ({ page, open }) => {
  await open('large', { hash: '#/hotspots' });
  await settled(page);
  const rare = report('hotspots', recording('large'), '--group', 'function', '--limit', '0').at(-1).function;
  await page.locator('#search').fill(rare);
  await expect(page.locator('.table-foot')).toContainText('of the first 100 rows');
  await page.getByRole('button', { name: 'Search all places' }).click();
  await settled(page);
  await expect(page.locator('.chip')).toContainText('Function');
  await expect(page.locator('tbody tr').first()).toBeVisible();
  await page.locator('.chip button').click();
  await settled(page);
  await page.getByRole('button', { name: 'Show 20 more' }).click();
  for (let i = 0; i < 3; ++i) await page.getByRole('button', { name: 'Show 20 more' }).click();
  await page.getByRole('button', { name: 'Load more rows' }).click();
  await settled(page);
  await expect(page.locator('.table-foot')).toContainText('of the first 500 rows');
});
