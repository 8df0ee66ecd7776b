import { expect, goTo, recording, report, settled, test } from './viewing.mjs';

test('a leak check that was asked for says to which moment it belongs', async ({ page, open }) => {
  await open('asked', { hash: '#/leaks' });
  await settled(page);
  const check = report('summary', recording('asked')).leak_check;
  expect(check.at_end).toBe(false);
  const moment = check.seconds < 1 ? `${(check.seconds * 1000).toFixed(1)} ms` : `${check.seconds.toFixed(2)} s`;
  await expect(page.locator('.notes').last()).toContainText(`As of ${moment}, when it was asked for`);
  await goTo(page, '#/overview');
  await expect(page.locator('.figures > div', { hasText: 'Lost' }).first()).toContainText(`as of ${moment}`);
  await open('leaky', { hash: '#/leaks' });
  await settled(page);
  await expect(page.locator('main')).not.toContainText('when it was asked for');
});
