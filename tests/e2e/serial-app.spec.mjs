// Recording from devices through real serial ports: what the app keeps is what the devices sent, number
// by number; what was lost is counted and marked.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DEVICES, launching, test } from './rig.mjs';
import { dialog, expect, watch } from './support.mjs';

const status = (page) => page.locator('#live-status');
const told = async (page, name) => (await status(page).getAttribute(`data-${name}`)) ?? '';

/** The app, with a person's choice of port made for them: the first one that passes the filters, of `pickVendor` where that is set. */
async function start(page) {
  await page.addInitScript(() => {
    navigator.serial.requestPort = async (options) => {
      const ports = await navigator.serial.getPorts();
      const passes = (port, { usbVendorId, usbProductId }) => {
        const info = port.getInfo();
        return info.usbVendorId === usbVendorId && (usbProductId === undefined || info.usbProductId === usbProductId);
      };
      const wanted = (port) => window.pickVendor === undefined || port.getInfo().usbVendorId === window.pickVendor;
      const found = ports.filter(wanted).find((port) => !options?.filters?.length || options.filters.some((filter) => passes(port, filter)));
      if (!found) throw new DOMException('No port selected by the user.', 'NotFoundError');
      return found;
    };
  });
  await page.goto('./');
}

async function connect(page) {
  await expect.poll(() => page.evaluate(async () => (await navigator.serial.getPorts()).length)).toBeGreaterThan(0);
  await page.locator('#connect').click();
  // Else what the app says of it is the failure.
  await expect.poll(() => told(page, 'stage'), { timeout: 25_000 }).toMatch(/streaming|failed/);
  expect(await page.locator('.live .ports .port:not(.on)').allInnerTexts()).toEqual([]);
}

const recorded = (page, samples, timeout = 15_000) =>
  expect.poll(async () => Number(await told(page, 'samples')), { timeout }).toBeGreaterThanOrEqual(samples);

async function endAndSave(page) {
  await page.locator('#live-end').click();
  await expect(page.locator('#live-end')).toHaveCount(0);
  return save(page);
}

/** Samples of the recording in view as CSV: times in seconds, and rows of values. */
async function save(page) {
  await page.keyboard.press('Control+e');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog(page).getByRole('button', { name: /^CSV, the/ }).click(),
  ]);
  const lines = fs.readFileSync(await download.path(), 'utf8').trim().split('\n');
  const [, ...rows] = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(','));
  return { times: rows.map(([time]) => Number(time)), rows: rows.map((row) => row.slice(1).map(Number)) };
}

/** Where in what was sent the recording begins: its first row is like no other. */
const begins = (sent, row, scale) => sent.findIndex((values) => row.every((value, c) => Math.round(value / scale) === values[c]));

/** First row that is not what was sent, or -1. */
const differs = (rows, sent, from, scale) => rows.findIndex((row, k) => row.some((value, c) => Math.abs(value / scale - sent[from + k]?.[c]) > 0.01 || sent[from + k] === undefined));

const CYTON_UV = 4.5e6 / 24 / 8_388_607;
const EXACT = [
  // device, samples that are waited for, channels, unit of a count, samples at its start that may be missing
  ['cyton', 600, 8, CYTON_UV, 0],
  ['cyton-daisy', 300, 16, CYTON_UV, 0],
  ['chords', 1200, 6, 1, 0],
  ['spikerbox', 25_000, 1, 1, 40_000],
  ['bitalino', 2500, 6, 1, 0],
  ['hackeeg', 20_000, 8, CYTON_UV, 0],
  ['text', 1200, 2, 1, 4000],
  ['ranvier', 60_000, 8, 0.02, 0],
];

const UNFIT = {
  cyton: ['65 Hz bandwidth: not for diagnosis'],
  'cyton-daisy': ['not for diagnosis'],
  chords: ['not for diagnosis', 'not calibrated'],
  text: ['not for diagnosis', 'not calibrated'],
};

for (const [device, wanted, channels, scale, skipped] of EXACT) {
  test(`${device} is recognised and recorded exactly`, async ({ page, rig }) => {
    await start(page);
    await rig.plug('a', device);
    await connect(page);
    await recorded(page, wanted);
    expect(await told(page, 'lost')).toBe('0');
    // What it is not fit for stands beside the traces.
    for (const words of UNFIT[device] ?? []) await expect(page.locator('.live .port .fit')).toContainText(words);
    const { rows } = await endAndSave(page);
    expect(rows.length).toBeGreaterThanOrEqual(wanted);
    expect(rows[0].slice(0, channels)).toHaveLength(channels);
    const signals = rows.map((row) => row.slice(0, channels));
    const sent = await rig.values('a', 0, rows.length + skipped);
    const from = begins(sent, signals[0], scale);
    expect(from, 'what was recorded first').toBeGreaterThanOrEqual(0);
    expect(from, 'samples missing at the start').toBeLessThanOrEqual(skipped);
    expect(differs(signals, sent, from, scale), 'first sample that is not what was sent').toBe(-1);
    await expect.poll(async () => (await rig.stats('a')).open).toBe(false);
  });
}

test('a device that nobody knows is described, recorded exactly, and offered at the next start', async ({ page, rig }) => {
  await start(page);
  await rig.plug('a', 'generic');
  await page.locator('#describe').click();
  const form = dialog(page);
  await form.getByLabel('Name').fill('Our board');
  await form.getByLabel('Header').fill('A5 5');
  await form.getByRole('button', { name: 'Keep' }).click();
  await expect(form.getByRole('alert')).toContainText('hexadecimal');
  await form.getByLabel('Header').fill('A5 5A');
  await form.getByLabel('Counter').selectOption('1');
  await form.getByLabel('Values in a frame').fill('4');
  await form.getByLabel('Each is').selectOption('i16');
  await form.getByLabel('Footer').fill('0A');
  await form.getByRole('button', { name: 'Keep' }).click();
  await expect(form).toHaveCount(0);
  await expect(page.locator('.device select')).toHaveValue('=Our board');
  await connect(page);
  await recorded(page, 2000);
  expect(await told(page, 'lost')).toBe('0');
  const { rows } = await endAndSave(page);
  const sent = await rig.values('a', 0, rows.length + 4000);
  const from = begins(sent, rows[0].slice(0, 4), 1);
  expect(from).toBeGreaterThanOrEqual(0);
  expect(differs(rows.map((row) => row.slice(0, 4)), sent, from, 1)).toBe(-1);
  // The next start needs no choice of a port.
  await expect.poll(async () => (await rig.stats('a')).open).toBe(false);
  await page.goto('./');
  await page.locator('#connect-last').click();
  await expect.poll(() => told(page, 'stage'), { timeout: 25_000 }).toBe('streaming');
  await recorded(page, 500);
  expect(await told(page, 'lost')).toBe('0');
});

test('lost and damaged frames are counted exactly, and are gaps where they were', async ({ page, rig }) => {
  await start(page);
  await rig.plug('a', 'ranvier');
  await connect(page);
  await rig.ask('drop', 'a', { frames: 8, every: 100 });
  await rig.ask('corrupt', 'a', { frames: 5, every: 70 });
  await expect.poll(async () => (await rig.stats('a')).faults_left).toBe(0);
  const [run] = (await rig.stats('a')).runs;
  expect([run.dropped.length, run.corrupted.length]).toEqual([8, 5]);
  await expect.poll(() => told(page, 'lost')).toBe(String(13 * 48));
  await recorded(page, (await rig.stats('a')).runs[0].samples + 4800);
  const { times, rows } = await endAndSave(page);
  const places = times.map((time) => Math.round((time - times[0]) * 48_000));
  const sent = await rig.values('a', 0, places.at(-1) + 1);
  expect(rows.findIndex((row, k) => row.some((value, c) => Math.abs(value / 0.02 - sent[places[k]][c]) > 0.01))).toBe(-1);
  const there = new Set(places);
  const missing = sent.map((_, k) => k).filter((k) => !there.has(k));
  const lost = [...run.dropped, ...run.corrupted].sort((a, b) => a - b);
  expect(missing).toEqual(lost.flatMap((frame) => Array.from({ length: 48 }, (_, k) => frame * 48 + k)));
});

test('unplugged and plugged in again the recording goes on, with a gap', async ({ page, rig }) => {
  await start(page);
  await rig.plug('a', 'cyton');
  await connect(page);
  await recorded(page, 500);
  await rig.unplug('a');
  await expect.poll(() => told(page, 'stage')).toBe('lost');
  const before = Number(await told(page, 'samples'));
  await page.waitForTimeout(1500);
  await rig.plug('a', 'cyton');
  await expect.poll(() => told(page, 'stage'), { timeout: 20_000 }).toBe('streaming');
  await recorded(page, before + 500);
  const { times, rows } = await endAndSave(page);
  const jumps = times.flatMap((time, k) => (k > 0 && time - times[k - 1] > 1.5 / 250 ? [k] : []));
  expect(jumps).toHaveLength(1);
  const gap = times[jumps[0]] - times[jumps[0] - 1];
  expect(gap).toBeGreaterThan(1.5);
  expect(gap).toBeLessThan(20);
  // Each plugging in is a device that begins anew with the same values.
  const sent = await rig.values('a', 0, rows.length);
  const signals = rows.map((row) => row.slice(0, 8));
  expect(jumps[0]).toBeGreaterThanOrEqual(500);
  expect(differs(signals.slice(0, jumps[0]), sent, 0, CYTON_UV)).toBe(-1);
  expect(rows.length - jumps[0]).toBeGreaterThanOrEqual(400);
  expect(differs(signals.slice(jumps[0]), sent, 0, CYTON_UV)).toBe(-1);
});

test('two devices are recorded at once', async ({ page, rig }) => {
  await start(page);
  await rig.plug('a', 'cyton');
  await connect(page);
  await rig.plug('b', 'ranvier');
  await expect.poll(() => page.evaluate(async () => (await navigator.serial.getPorts()).length)).toBe(2);
  await page.evaluate((vendor) => (window.pickVendor = vendor), DEVICES.ranvier.vendor);
  await page.getByRole('button', { name: 'Add device' }).click();
  await expect.poll(() => told(page, 'stage'), { timeout: 20_000 }).toBe('streaming streaming');
  const before = Number(await told(page, 'samples'));
  await recorded(page, before + 500);
  expect(await told(page, 'lost')).toBe('0');
  expect((await rig.stats('b')).runs).toHaveLength(1);
  // The first recording is the first device's, untouched by the other.
  const { rows } = await endAndSave(page);
  const sent = await rig.values('a', 0, rows.length);
  expect(differs(rows.map((row) => row.slice(0, 8)), sent, 0, CYTON_UV)).toBe(-1);
  for (const port of ['a', 'b']) await expect.poll(async () => (await rig.stats(port)).open).toBe(false);
});

test('a device that stops for two seconds and then sends all at once loses nothing', async ({ page, rig }) => {
  await start(page);
  await rig.plug('a', 'ranvier');
  await connect(page);
  await rig.ask('stall', 'a', { ms: 2000 });
  await page.waitForTimeout(2000);
  await recorded(page, (await rig.stats('a')).runs[0].samples + 48_000);
  expect(await told(page, 'lost')).toBe('0');
});

test('8 channels of 48 kHz and 24 bits for a minute while the page is busy: nothing is lost', async ({ page, rig }) => {
  test.setTimeout(150_000);
  await start(page);
  await rig.plug('a', 'ranvier');
  await connect(page);
  await page.evaluate(async () => {
    const end = performance.now() + 60_000;
    while (performance.now() < end) {
      const until = performance.now() + 300;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await recorded(page, 60 * 48_000, 20_000);
  expect(await told(page, 'lost')).toBe('0');
  const [run] = (await rig.stats('a')).runs;
  expect(run.samples - Number(await told(page, 'samples')), 'what was sent is recorded within two seconds').toBeLessThan(96_000);
});

/** Processes of a browser with this profile that are not children of another one of it. */
function browsersOf(profile) {
  const ours = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => {
    try {
      return { pid: Number(name), words: fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') };
    } catch {
      return { pid: 0, words: [] };
    }
  });
  return ours.filter(({ words }) => words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='))).map(({ pid }) => pid);
}

test('a browser that is killed while recording offers the recording at the next start', async ({ playwright, rig, launchOptions, baseURL, viewport }) => {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'rig-profile-'));
  const launch = async () => rig.into(await playwright.chromium.launchPersistentContext(profile, { ...launching(launchOptions, rig), baseURL, viewport }));
  const faults = [];
  let context = await launch();
  try {
    let page = await context.newPage();
    await start(page);
    await rig.plug('a', 'chords');
    await connect(page);
    await recorded(page, 2000);
    const pids = browsersOf(profile);
    expect(pids.length).toBeGreaterThan(0);
    const closed = context.waitForEvent('close');
    pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
    await closed;
    await expect.poll(async () => (await rig.stats('a')).open).toBe(false);
    const { runs, rate_hz: rate } = await rig.stats('a');
    const heard = runs.at(-1).samples - runs.at(-1).unheard;
    context = await launch();
    page = await context.newPage();
    watch(page, faults);
    await start(page);
    await page.getByRole('button', { name: 'Open it' }).click();
    await expect(page.locator('#scope')).toBeVisible();
    const { rows } = await save(page);
    expect(rows.length).toBeGreaterThan(heard - rate * 0.5);
    const sent = await rig.values('a', 0, rows.length);
    expect(differs(rows.map((row) => row.slice(0, 6)), sent, 0, 1)).toBe(-1);
    expect(faults).toEqual([]);
  } finally {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
});
