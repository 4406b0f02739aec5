// The app in a Firefox as it is installed, over WebDriver BiDi: the second engine of browsers that has
// serial ports (from version 151).
//   scripts/test.sh firefox            (FIREFOX=path chooses one)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { commandLine, fixture } from '../e2e/fixtures.mjs';
import serve from '../e2e/serve.mjs';

/** FIREFOX, or the first one found on PATH. */
function firefox() {
  if (process.env.FIREFOX) return process.env.FIREFOX;
  for (const name of ['firefox', 'firefox-esr']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('Firefox is missing: install it, or set FIREFOX to its path');
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'myoscope-firefox-'));
const faults = [];
let leave = () => {};
let browser = null;

async function start() {
  browser = await puppeteer.launch({ browser: 'firefox', executablePath: firefox(), headless: true, userDataDir: profile });
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(process.env.MYOSCOPE_URL);
  return page;
}

/** Waits until `look`, run in the page, gives something. */
const seen = (page, look, ...given) => page.waitForFunction(look, { timeout: 30_000, polling: 100 }, ...given).then((found) => found.jsonValue());
const opened = (page) => seen(page, () => document.documentElement.dataset.opened);
const samples = (page) => page.$eval('#live-status', (status) => Number(status.dataset.samples));
const button = (page, words) => page.locator(`::-p-aria([role="button"][name="${words}"])`);

before(async () => {
  leave = await serve();
});

after(async () => {
  await browser?.close().catch(() => {});
  leave();
  fs.rmSync(profile, { recursive: true, force: true });
});

test('a recording is read and measured to the last digit as on the command line', { timeout: 90_000 }, async () => {
  const page = await start();
  const input = await page.waitForSelector('#file-input');
  await input.uploadFile(...['motor.hea', 'motor.dat', 'motor.meta.json'].map(fixture));
  await opened(page);
  for (const command of ['info', 'measure']) {
    const name = `data-${command}-json`;
    const text = await seen(page, (name) => {
      document.dispatchEvent(new CustomEvent('myoscope-json'));
      return document.documentElement.getAttribute(name);
    }, name);
    const [line] = commandLine(command, fixture('motor.hea'));
    assert.deepEqual(JSON.parse(text), line, command);
  }
  assert.deepEqual(faults, []);
  await browser.close();
});

test('serial ports are there, and the simulated patient is recorded; a killed browser loses half a second at most', { timeout: 120_000 }, async () => {
  let page = await start();
  assert.equal(await page.evaluate(() => typeof navigator.serial?.requestPort), 'function');
  await page.waitForSelector('#connect');
  await button(page, 'Healthy').click();
  await opened(page);
  await seen(page, () => document.querySelector('#live-status')?.dataset.stage === 'streaming');
  await seen(page, () => Number(document.querySelector('#live-status').dataset.samples) > 96_000);
  assert.equal(await page.$eval('#live-status', (status) => status.dataset.lost), '0');
  const recorded = await samples(page);
  const process = browser.process();
  const gone = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGKILL');
  await gone;

  page = await start();
  await seen(page, () => /has been rescued/.test(document.querySelector('.note.rescued')?.textContent ?? ''));
  await button(page, 'Open it').click();
  await opened(page);
  const text = await seen(page, () => {
    document.dispatchEvent(new CustomEvent('myoscope-json'));
    return document.documentElement.getAttribute('data-info-json');
  });
  const counts = [...text.matchAll(/"n(?:_samples)?":(\d+)/g)].map((match) => Number(match[1]));
  assert.ok(Math.max(...counts) > recorded - 24_000, `${Math.max(...counts)} of ${recorded} samples`);
  assert.deepEqual(faults, []);
});
