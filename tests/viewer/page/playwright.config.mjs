import { defineConfig } from '@playwright/test';

export const launchOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
};

export default defineConfig({
  testDir: '.',
  timeout: 120_000,
  workers: 2,
  fullyParallel: true,
  reporter: 'line',
  // A busy machine may hold anything up once; what fails twice is wrong.
  retries: process.env.CI ? 1 : 0,
  testIgnore: process.env.HEAPSCRIBE_SCREENSHOTS ? [] : ['screenshots.spec.mjs'],
  use: {
    browserName: 'chromium',
    launchOptions,
    viewport: { width: 1280, height: 860 },
  },
});
