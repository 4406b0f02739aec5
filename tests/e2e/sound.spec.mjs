// Sound: what leaves the audio thread is captured and compared with the stored samples.
import { HEARD, heardSample } from './fixtures.mjs';
import { expect, open, opened, openRecording, range, scope, tapLoudspeaker, test } from './support.mjs';

const play = (page) => page.locator('#play');

const captured = (page) => page.evaluate(() => ({ rate: globalThis.rate, values: Array.from(globalThis.heard) }));

/** The stored signal as a loudspeaker gets it: without what lies below 20 Hz. */
function expected(fs, hz = 20) {
  const keep = Math.exp((-2 * Math.PI * hz) / fs);
  let level = heardSample(0);
  return Array.from({ length: fs * HEARD.seconds }, (_, k) => {
    const raw = heardSample(k);
    level = raw + (level - raw) * keep;
    return raw - level;
  });
}

function correlation(a, b) {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, k) => { ab += value * b[k]; aa += value * value; bb += b[k] * b[k]; });
  return ab / Math.sqrt(aa * bb);
}

/** Where `part` lies in `whole`: the shift with the best correlation. */
function place(whole, part) {
  let best = [-1, 0];
  for (let shift = 0; shift + part.length <= whole.length; shift++) {
    // A glance at every 16th sample finds the neighbourhood.
    let [ab, aa, bb] = [0, 0, 0];
    for (let k = 0; k < part.length; k += 16) { ab += part[k] * whole[shift + k]; aa += part[k] ** 2; bb += whole[shift + k] ** 2; }
    const r = ab / Math.sqrt(aa * bb || 1);
    if (r > best[0]) best = [r, shift];
  }
  return best[1];
}

test('the loudspeaker gets the stored samples, one by one, with the trace in step', async ({ page }) => {
  await tapLoudspeaker(page);
  await openRecording(page, 'heard.csv');
  await scope(page).focus();
  await page.keyboard.press('Space');
  await expect(play(page)).toContainText('Stop');
  await expect(page.locator('.sound .at')).toContainText('of 3.00 s');
  // To the end, where it stops by itself.
  await expect(play(page)).toContainText('Play', { timeout: 15_000 });
  await page.waitForTimeout(400);
  const { rate, values } = await captured(page);
  expect(rate).toBe(HEARD.fs);
  const whole = expected(HEARD.fs);
  // The first fifth of a second fades in; from there on nothing may be missing, repeated or bent.
  const first = values.findIndex((value) => value !== 0);
  const skip = HEARD.fs / 5;
  const part = values.slice(first + skip, first + skip + 2.5 * HEARD.fs);
  const at = place(whole, part.slice(0, 8000));
  expect(Math.abs(at - skip)).toBeLessThan(HEARD.fs / 100);
  expect(correlation(part, whole.slice(at, at + part.length))).toBeGreaterThan(0.99999);
});

test('half speed plays every sample in twice the time', async ({ page }) => {
  await tapLoudspeaker(page);
  await openRecording(page, 'heard.csv');
  await page.getByRole('button', { name: 'half speed' }).click();
  await play(page).click();
  await page.waitForTimeout(1500);
  await play(page).click();
  const { values } = await captured(page);
  const first = values.findIndex((value) => value !== 0);
  const raw = values.slice(first + 8000, first + 16_000).filter((_, k) => k % 2 === 0);
  const odd = values.slice(first + 8000, first + 16_000).filter((_, k) => k % 2 === 1);
  // 20 Hz of what is heard are 40 Hz of what is stored.
  const whole = expected(HEARD.fs, 40);
  const best = Math.max(...[raw, odd].map((part) => { const at = place(whole, part); return correlation(part, whole.slice(at, at + part.length)); }));
  expect(best).toBeGreaterThan(0.999);
});

test('mute, volume, loop and the cursor do what they say', async ({ page }) => {
  await tapLoudspeaker(page);
  await openRecording(page, 'heard.csv');
  // From the cursor.
  const box = await scope(page).boundingBox();
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2);
  await play(page).click();
  await expect(page.locator('.sound .at')).toContainText(/^(1\.[5-9]|2\.)/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('u');
  await expect(page.getByRole('button', { name: /^Mute/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.sound .sub')).toHaveText('sound off');
  await page.waitForTimeout(500);
  const quiet = (await captured(page)).values.slice(-2048);
  expect(Math.max(...quiet.map(Math.abs))).toBeLessThan(0.02);
  await page.keyboard.press('u');
  await page.getByLabel('Volume').fill('40');
  await expect(page.getByLabel('Volume')).toHaveAttribute('aria-valuetext', /loudest at/);
  // It has come to its end by now, or soon does.
  await expect(play(page)).toContainText('Play');
  // Zoomed to a part, the loop stays in it.
  await page.keyboard.press('0');
  for (let k = 0; k < 3; k++) await page.getByRole('button', { name: 'Closer' }).click();
  const before = await range(page);
  const { from, to } = before;
  await page.getByRole('button', { name: 'Loop' }).click();
  await play(page).click();
  for (let k = 0; k < 6; k++) {
    await page.waitForTimeout(200);
    const at = parseFloat(await page.locator('.sound .at').textContent());
    expect(at).toBeGreaterThan(from - 0.02);
    expect(at).toBeLessThan(to + 0.02);
  }
  expect(await range(page)).toEqual(before);
  await page.keyboard.press('Space');
  await expect(play(page)).toContainText('Play');
});

test('a slow signal says why it cannot be heard', async ({ page }) => {
  await page.goto('./');
  await open(page, 'norate.csv');
  await page.getByLabel('Sampling rate, Hz').fill('200');
  await page.getByRole('dialog').getByRole('button', { name: 'Open', exact: true }).click();
  await opened(page);
  await expect(play(page)).toBeDisabled();
  await expect(page.locator('.sound .sub')).toContainText('Sampled at 200 Hz');
});
