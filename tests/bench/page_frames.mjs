// How long the viewer's page holds the browser up while a flame graph of 100,000 stacks is moved and zoomed.
//   tests/viewer/page/run BUILD --script tests/bench/page_frames.mjs
import { chromium } from '@playwright/test';
import { launchOptions } from './playwright.config.mjs';
import { recording, serve, settled } from './viewing.mjs';

/** How long frames and tasks were while `act` ran. */
async function measured(page, act) {
  await page.evaluate(() => {
    window.intervals = [];
    let last = performance.now();
    const tick = (now) => {
      window.intervals.push(now - last);
      last = now;
      window.nextFrame = requestAnimationFrame(tick);
    };
    window.nextFrame = requestAnimationFrame((now) => {
      last = now;
      window.nextFrame = requestAnimationFrame(tick);
    });
    window.longTasks = [];
    window.watcher = new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.longTasks.push(entry.duration)));
    window.watcher.observe({ type: 'longtask' });
  });
  await act();
  return page.evaluate(() => {
    cancelAnimationFrame(window.nextFrame);
    window.watcher.disconnect();
    const frames = window.intervals.sort((a, b) => b - a);
    return { frames: frames.length, longest: frames[0], median: frames[frames.length >> 1], tasks: window.longTasks };
  });
}

function print(what, { frames, longest, median, tasks }) {
  console.log(`${what}: ${frames} frames, median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms; ` +
    `tasks over 50 ms: ${tasks.length === 0 ? 'none' : tasks.map((task) => `${task.toFixed(0)} ms`).join(', ')}`);
}

const served = await serve(recording('large'));
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(`${served.address}#/flame`);
  await settled(page);
  const graph = page.locator('.flame-scroll');
  const area = await graph.boundingBox();
  for (let round = 1; round <= 3; ++round) {
    await graph.focus();
    for (let i = 0; i < 6; ++i) await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(500);
    print(`moved, round ${round}`, await measured(page, async () => {
      for (let i = 0; i < 6; ++i) await page.keyboard.press('+');
      await page.mouse.move(area.x + area.width * 0.8, area.y + 200);
      await page.mouse.down();
      await page.mouse.move(area.x + area.width * 0.1, area.y + 60, { steps: 60 });
      await page.mouse.up();
      for (let i = 0; i < 30; ++i) await page.mouse.wheel(0, 40);
    }));
    print(`zoomed, round ${round}`, await measured(page, async () => {
      for (let i = 0; i < 6; ++i) {
        await graph.focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.waitForTimeout(300);
        await page.keyboard.press('Backspace');
        await page.waitForTimeout(300);
      }
    }));
  }
} finally {
  await browser.close();
  served.end();
}
