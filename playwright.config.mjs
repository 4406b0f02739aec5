// Browser tests: the built app in dist/, served by scripts/serve.mjs, in the Chromium of the system.
//   npx playwright test            (after `make dist/index.html` and `cargo build`)
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { defineConfig } from '@playwright/test';

/** The browser: CHROMIUM, or the first one found on PATH. */
function chromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one.
    }
  }
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  if (fs.existsSync(mac)) return mac;
  throw new Error('Chromium is missing: install it, or set CHROMIUM to its path');
}

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '*.spec.mjs',
  globalSetup: './tests/e2e/serve.mjs',
  outputDir: 'test-results/artifacts',
  reporter: [['list'], ['json', { outputFile: 'test-results/browser.json' }]],
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // A busy machine may starve a page of its clock. What passes only at the second try is named in
  // the summary of scripts/test.sh; what fails twice fails.
  retries: process.env.CI ? 1 : 0,
  timeout: 40_000,
  projects: [
    { name: 'chromium' },
    // Some of the same on the stand-in for serial ports, which takes over where those cannot be.
    { name: 'stand-in', testMatch: 'serial-app.spec.mjs', grep: /cyton is|unplugged|lost and damaged|killed/, use: { serial: 'stand-in' } },
  ],
  expect: { timeout: 10_000 },
  use: {
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    locale: 'en-GB',
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: chromium(),
      args: [
        '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    },
  },
});
