import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, goTo, heapscribe, recording, report, sample, serve, settled, test } from './viewing.mjs';

test('a running program is followed without losing the place', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'heapscribe-live-'));
  const database = join(folder, 'live.db');
  const program = spawn(heapscribe, ['run', '--quiet', '-o', database, '--', sample('leaking_server'), '20'], { stdio: 'ignore' });
  const ended = new Promise((done) => program.on('exit', done));
  await new Promise((done) => setTimeout(done, 2500));
  const served = await serve(database);
  try {
    await page.setViewportSize({ width: 1280, height: 500 });
    await page.goto(`${served.address}#/leaks`);
    await settled(page);
    const { pid } = report('summary', database);
    await expect(page.locator('.notes').first()).toContainText(`heapscribe ctl ${pid} leaks asks for one now`);
    execFileSync(heapscribe, ['ctl', String(pid), 'leaks']);
    await expect(page.locator('.notes').first()).toContainText('They stand still', { timeout: 15_000 });
    await expect(page.locator('main')).not.toContainText('figures so far');
    await goTo(page, '#/diff');
    await expect(page.locator('.problem')).toHaveCount(0);
    await expect(page.getByLabel('To', { exact: true })).toHaveValue('exit');
    await goTo(page, '#/overview');
    await expect(page.locator('main')).not.toContainText('Nothing was allocated');
    await goTo(page, '#/hotspots');
    await settled(page);
    await expect(page.locator('.live-badge')).toBeVisible();
    await page.locator('.disclose').first().click();
    await page.locator('.disclose').nth(1).focus();
    await page.evaluate(() => scrollTo(0, 150));
    const first = page.locator('tbody td').first();
    const before = await first.innerText();
    await expect(first).not.toHaveText(before, { timeout: 10_000 });
    expect(await page.evaluate(() => scrollY)).toBe(150);
    await expect(page.locator('.disclose').nth(1)).toBeFocused();
    await expect(page.locator('tr.detail')).toHaveCount(1);
    await ended;
    await expect(page.locator('.live-badge')).toHaveCount(0, { timeout: 15_000 });
    await expect(page.locator('.ended-badge')).toContainText('ended: exited with status 0');
    await expect(page.locator('.ended-badge')).toBeInViewport();
    await expect(page.locator('.announcer')).toContainText('The program has ended');
  } finally {
    served.end();
    program.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a page whose server is gone says what to do', async ({ page }) => {
  const served = await serve(recording('leaky'));
  await page.goto(served.address);
  await settled(page);
  const ended = new Promise((done) => page.on('requestfailed', done));
  served.end();
  await page.waitForTimeout(500);
  await goTo(page, '#/peak');
  await ended;
  await expect(page.locator('.problem')).toContainText('open the address that it prints');
});
