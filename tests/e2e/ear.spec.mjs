// The sound of a recording that runs: the audio thread's code on a clock of its own, and the whole path
// from the simulated patient to the loudspeaker.
import { listen } from './ear.mjs';
import { expect, opened, scope, tapLoudspeaker, test } from './support.mjs';

/** Hz: blocks of the audio thread, 128 samples, are 5 ms. */
const FS = 24_000;
const sine = (hz, uv = 0.5, fs = FS) => (k) => uv * Math.sin((2 * Math.PI * hz * k) / fs);

/** Numbers from 0 to 1, always the same. */
function chance(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
}

/** Frequency by zero crossings, Hz; largest second difference; stretches of silence; largest value. */
function heard(values, rate) {
  let [crossings, first, last, bend, silent, most] = [0, 0, 0, 0, 0, 0];
  for (let i = 2; i < values.length; i++) {
    bend = Math.max(bend, Math.abs(values[i] - 2 * values[i - 1] + values[i - 2]));
    if (values[i] === 0 && values[i - 1] === 0) silent += 1;
    most = Math.max(most, Math.abs(values[i]));
    if (values[i - 1] < 0 && values[i] >= 0) {
      last = i - values[i] / (values[i] - values[i - 1]);
      if (crossings === 0) first = last;
      crossings += 1;
    }
  }
  return { hz: ((crossings - 1) / (last - first)) * rate, bend, silent, most };
}

for (const ppm of [200, -200]) {
  test(`ten minutes of an amplifier whose clock is ${ppm} parts in a million off: no gap, no click, the right pitch`, async () => {
    test.setTimeout(120_000);
    const random = chance(7);
    const late = Array.from({ length: 76_000 }, () => 6 * random());
    const { values, told } = listen({ fs_hz: FS, rate_hz: FS, ppm, seconds: 600, signal: sine(330), late_ms: (k) => late[k] });
    const all = heard(values.subarray(FS), FS);
    expect(all.silent).toBe(0);
    // As bent as a sine of this pitch is, and no more.
    expect(all.bend).toBeLessThan(1.02 * 0.5 * ((2 * Math.PI * 330) / FS) ** 2);
    expect(Math.abs(all.hz / (330 * (1 + ppm * 1e-6)) - 1)).toBeLessThan(2e-4);
    expect(all.most).toBeGreaterThan(0.48);
    expect(all.most).toBeLessThan(0.51);
    expect(told.at(-1).ran_out).toBe(0);
    expect(Math.max(...told.slice(8).map(({ delay }) => delay))).toBeLessThan(45);
    expect(Math.abs(told.at(-1).ppm - ppm)).toBeLessThan(80);
  });
}

test('about a stimulus nothing is heard, and it begins and ends without a click', async () => {
  const at = [8000, 12_000, 12_040];
  // The artefact is a hundred times the signal.
  const signal = (k) => sine(330, 0.3)(k) + (at.some((stimulus) => k >= stimulus && k < stimulus + 16) ? 30 : 0);
  const { values } = listen({ fs_hz: FS, rate_hz: FS, seconds: 3, signal, stimuli: at });
  const { most, bend } = heard(values.subarray(4000), FS);
  expect(most).toBeLessThan(0.35);
  // The corners of a fade over 2 ms; a cut would bend it by its height.
  expect(bend).toBeLessThan(0.01);
  const quiet = [...values.subarray(4000)].filter((value) => Math.abs(value) < 1e-6).length;
  expect(quiet).toBeGreaterThan(0.006 * FS * 2);
  expect(quiet).toBeLessThan(0.05 * FS);
});

test('behind a gap the sound goes on without a click', async () => {
  // Half a period is missing: the signal steps by its whole height.
  const signal = (k) => (k < 10_000 ? 0.4 : -0.4) * Math.cos((2 * Math.PI * 100 * (k - 10_000)) / FS);
  const { values } = listen({ fs_hz: FS, rate_hz: FS, seconds: 2.5, signal, seams: [10_000] });
  const { bend, silent } = heard(values.subarray(4000), FS);
  expect(silent).toBe(0);
  expect(bend).toBeLessThan(0.03);
  const unmarked = listen({ fs_hz: FS, rate_hz: FS, seconds: 2.5, signal });
  expect(heard(unmarked.values.subarray(4000), FS).bend).toBeGreaterThan(0.5);
});

test('what comes late is waited for in silence, then the newest is heard: the delay stays short', async () => {
  // Half a second without deliveries, then all at once.
  const late = (k) => (k > 150 && k < 213 ? (213 - k) * 8 : 0);
  const { values, told } = listen({ fs_hz: FS, rate_hz: FS, seconds: 6, signal: sine(200, 0.4), late_ms: late });
  const { bend, silent } = heard(values.subarray(4000), FS);
  expect(silent).toBeGreaterThan(0.3 * FS);
  expect(bend).toBeLessThan(0.05);
  const last = told.at(-1);
  expect([last.ran_out, last.running]).toEqual([1, true]);
  expect(last.delay).toBeLessThan(60);
});

test('as much waits as bursts need: they are soon heard without gaps, and the delay falls when they are over', async () => {
  test.setTimeout(60_000);
  // For 45 s what comes is 30 ms late every 5 s, then no more.
  const late = (k) => (k < 5600 && k % 625 < 4 ? (4 - (k % 625)) * 8 : 0);
  const { told } = listen({ fs_hz: FS, rate_hz: FS, seconds: 120, signal: sine(200), late_ms: late, keep: false });
  const at = (second) => told.find(({ now }) => now >= second * 1000);
  expect(at(25).ran_out).toBeGreaterThan(0);
  expect(told.at(-1).ran_out).toBe(at(25).ran_out);
  expect(at(44).delay).toBeGreaterThan(25);
  expect(at(115).delay).toBeLessThan(20);
});

test('what is too loud is bent, never clipped', async () => {
  const { values } = listen({ fs_hz: FS, rate_hz: FS, seconds: 1.5, signal: sine(100, 20) });
  const { most } = heard(values.subarray(4000), FS);
  expect(most).toBeLessThanOrEqual(1);
  expect(most).toBeGreaterThan(0.99);
});

test('a recording that runs is heard as it comes, muted by key, played back when frozen', async ({ page }) => {
  await tapLoudspeaker(page);
  await page.goto('./');
  await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: 'Healthy' }).click();
  await opened(page);
  const state = page.locator('.sound .sub');
  await expect(state).toHaveText(/^\d+ ms behind$/);
  await page.keyboard.press('F8');
  const lately = (seconds) => page.evaluate((n) => globalThis.heard.slice(-Math.round(n * globalThis.rate)), seconds);
  const loud = async () => Math.max(...(await lately(0.5)).map(Math.abs));
  await expect.poll(loud).toBeGreaterThan(0.1);
  // The loudspeaker gets what is stored: the recording holds the same stretch.
  await page.waitForTimeout(1500);
  const { rate, values } = await page.evaluate(() => ({ rate: globalThis.rate, values: globalThis.heard.slice(-globalThis.rate) }));
  await page.keyboard.press('u');
  await expect(state).toHaveText('sound off');
  await expect.poll(loud).toBeLessThan(0.01);
  await page.keyboard.press('u');
  await expect.poll(loud).toBeGreaterThan(0.1);
  // Frozen, it is heard on; a passage takes its place.
  await page.keyboard.press(' ');
  await expect(state).toHaveText(/behind$/);
  await page.locator('#play').click();
  await expect(page.locator('#play')).toContainText('Stop');
  await expect(page.locator('.sound .at')).toContainText(' of ');
  await scope(page).focus();
  await page.keyboard.press(' ');
  await expect(page.locator('#play')).toHaveCount(0);
  await expect(state).toHaveText(/behind$/);
  // Impulses of a motor unit, some a second, over a quiet ground.
  const most = Math.max(...values.map(Math.abs));
  const peaks = values.filter((value, k) => value > 0.5 * most && value >= (values[k - 1] ?? 0) && value > (values[k + 1] ?? 0));
  expect(peaks.length).toBeGreaterThan(2);
  expect(values.length).toBe(Math.round(rate));
  expect(values.every(Number.isFinite)).toBe(true);
});
