import { expect, goTo, recording, report, settled, test } from './viewing.mjs';

const fields = async (page) => page.locator('.field span').allInnerTexts();

test('a view offers the filters that its report takes', async ({ page, open }) => {
  await open('sections');
  for (const [view, names] of [['growth', ['Function', 'Module']], ['releases', ['Function', 'Module']],
    ['hotspots', ['Function', 'Module', 'Thread', 'Section']], ['leaks', ['Function', 'Module', 'Thread', 'Section']]]) {
    await goTo(page, `#/${view}`);
    if (await page.locator('.filters details:not([open])').count()) await page.locator('summary', { hasText: 'Filter' }).click();
    expect(await fields(page), view).toEqual(names);
  }
});

test('threads and sections are chosen among those of the recording', async ({ page, open }) => {
  await open('sections', { hash: '#/leaks' });
  await settled(page);
  await page.locator('summary', { hasText: 'Filter' }).click();
  const [section] = report('sections', recording('sections'));
  await expect(page.locator(`datalist option[value="${section.section}"]`)).toHaveCount(1);
  const thread = await page.locator('#filter-thread + datalist option').first().getAttribute('value');
  for (const filter of [`section=${encodeURIComponent(section.section)}`, `thread=${encodeURIComponent(thread)}`]) {
    await goTo(page, `#/leaks?${filter}`);
    await expect(page.locator('.problem'), filter).toHaveCount(0);
    await expect(page.locator('.notes').first()).toContainText('The leak check looked at the whole program');
  }
});
