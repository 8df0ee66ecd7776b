import { expect, settled, test } from './viewing.mjs';

// Retries: whoever else uses the machine can hold a frame up.
test.describe.configure({ mode: 'serial', retries: 2 });

/** How long frames and tasks were while `act` ran. */
async function longestFrame(page, act) {
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.frameRequest = requestAnimationFrame(tick);
    };
    window.frameRequest = requestAnimationFrame((now) => {
      last = now;
      window.frameRequest = requestAnimationFrame(tick);
    });
    window.longTasks = [];
    window.watcher = new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.longTasks.push(entry.duration)));
    window.watcher.observe({ type: 'longtask' });
  });
  await act();
  return page.evaluate(() => {
    cancelAnimationFrame(window.frameRequest);
    window.watcher.disconnect();
    const frames = window.frames_.sort((a, b) => b - a);
    return { frames: frames.length, longest: frames[0], median: frames[frames.length >> 1], longTasks: window.longTasks };
  });
}

test('100,000 stacks: no work of more than 50 ms while the flame graph is moved or zoomed', async ({ page, open }) => {
  await open('large', { hash: '#/flame' });
  await settled(page);
  const graph = page.locator('.flame-scroll');
  const area = await graph.boundingBox();
  await graph.focus();
  for (let i = 0; i < 6; ++i) await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(500);
  const still = await graph.screenshot();
  const moved = await longestFrame(page, async () => {
    for (let i = 0; i < 6; ++i) await page.keyboard.press('+');
    await page.mouse.move(area.x + area.width * 0.8, area.y + 200);
    await page.mouse.down();
    await page.mouse.move(area.x + area.width * 0.1, area.y + 60, { steps: 60 });
    await page.mouse.up();
    for (let i = 0; i < 30; ++i) await page.mouse.wheel(0, 40);
  });
  expect((await graph.screenshot()).equals(still)).toBe(false);
  const zoomed = await longestFrame(page, async () => {
    for (let i = 0; i < 6; ++i) {
      await graph.focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(300);
      await page.keyboard.press('Backspace');
      await page.waitForTimeout(300);
    }
  });
  test.info().annotations.push({ type: 'frames', description: JSON.stringify({ moved, zoomed }) });
  expect(moved.longTasks).toEqual([]);
  expect(zoomed.longTasks).toEqual([]);
});

test('100,000 rows: a table stays short and asks for more when told to', async ({ page, open }) => {
  await open('large', { hash: '#/hotspots' });
  await settled(page);
  await expect(page.locator('tbody tr')).toHaveCount(20);
  await page.getByRole('button', { name: 'Show 20 more' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(40);
  await expect(page.locator('.table-foot')).toContainText('or more');
});
