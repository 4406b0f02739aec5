// Acquiring apart from analysing: two workers, of which either may be busy or gone without the recording
// being lost.
import fs from 'node:fs';
import { dialog, expect, opened, tapLoudspeaker, test } from './support.mjs';

const RATE = 48_000;
const status = (page) => page.locator('#live-status');
const samples = async (page) => Number(await status(page).getAttribute('data-samples'));
const notes = (page) => page.locator('.note');

async function record(page, condition = 'Healthy') {
  await page.goto('./');
  await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: condition }).click();
  await opened(page);
  await expect(status(page)).toHaveAttribute('data-stage', 'streaming');
}

/** Workers of the page by what they do. */
async function workers(page) {
  const named = await Promise.all(page.workers().map(async (worker) => [(await worker.evaluate(() => self.name)).split('-')[0], worker]));
  return Object.fromEntries(named);
}

/** It ends like one whose memory ran out: without a word. */
const kill = (worker) => worker.evaluate(() => self.close());

/** Samples of the first channel of the study in view. */
async function stored(page) {
  const info = await page.evaluate(async () => {
    document.documentElement.removeAttribute('data-info-json');
    document.dispatchEvent(new Event('myoscope-json'));
    while (!document.documentElement.hasAttribute('data-info-json')) await new Promise((done) => setTimeout(done, 50));
    return document.documentElement.getAttribute('data-info-json');
  });
  return Math.max(...[...info.matchAll(/"n(?:_samples)?":(\d+)/g)].map((match) => Number(match[1])));
}

test('the worker that acquires is started by the first recording, and kept for the next', async ({ page }) => {
  await page.goto('./');
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  await expect.poll(async () => Object.keys(await workers(page))).toEqual(['engine']);
  for (let n = 0; n < 2; n += 1) {
    await record(page);
    expect(Object.keys(await workers(page)).sort()).toEqual(['acquire', 'engine']);
    await page.locator('#live-end').click();
    await expect(status(page)).toHaveCount(0);
    await page.getByRole('button', { name: 'Myoscope, home' }).click();
    await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: 'Healthy' }).click();
    await expect(status(page)).toHaveAttribute('data-stage', 'streaming');
    expect(page.workers()).toHaveLength(2);
    await page.locator('#live-end').click();
    await expect(status(page)).toHaveCount(0);
  }
});

test.describe('in real time', () => {
  // On a machine that is busy with other things a heartbeat may be late for that.
  test.describe.configure({ retries: 2 });

  test('while the engine is busy for seconds the stimulator stays armed, the sound does not break, nothing is lost', async ({ page }) => {
    test.setTimeout(90_000);
    await tapLoudspeaker(page);
    await record(page);
    await page.keyboard.press('F2');
    await expect(page.getByRole('option').first()).toBeVisible();
    await page.keyboard.type('r med apb');
    await page.locator('#allow-stimulator').check();
    await page.getByRole('combobox', { name: 'What to examine' }).press('Enter');
    await expect(dialog(page)).toHaveCount(0);
    const stimulator = page.locator('#stimulator');
    await expect(stimulator).toHaveAttribute('data-stage', 'ready');
    await page.locator('#stim-current').fill('8');
    await page.locator('#stim-current').press('Enter');
    await page.locator('#stim-repeat').fill('8');
    await page.locator('#stim-repeat').press('Enter');
    await expect(stimulator).toHaveAttribute('data-stage', 'ARMED');
    // The needle's lane is heard.
    await page.locator('.tree').getByRole('button', { name: /^Simulated patient/ }).click();
    const sound = page.locator('.sound .sub');
    await expect(sound).toHaveText(/^\d+ ms behind$/);
    await page.keyboard.press('F8');
    await page.waitForTimeout(1500);

    const { engine } = await workers(page);
    const BUSY_MS = 5000;
    const before = await samples(page);
    const busy = engine.evaluate((ms) => { const end = performance.now() + ms; while (performance.now() < end); }, BUSY_MS);
    const stages = new Set();
    const end = Date.now() + BUSY_MS - 500;
    let fired = false;
    while (Date.now() < end) {
      const said = await stimulator.innerText();
      stages.add(said.match(/Disarmed:.*/)?.[0] ?? (await stimulator.getAttribute('data-stage')));
      if (!fired && Date.now() > end - 3000) {
        fired = true;
        await page.locator('#scope').focus();
        await page.keyboard.press('Enter');
      }
      await page.waitForTimeout(100);
    }
    const held = await samples(page);
    const heard = await page.evaluate(() => globalThis.heard.slice(-Math.round(3 * globalThis.rate)));
    await busy;
    expect([...stages]).toEqual(['ARMED']);
    expect(held - before, 'the engine took in nothing meanwhile').toBeLessThan(RATE);
    // An amplifier always has noise: silence is a break. What is left of those is the machine's own load.
    const silent = heard.filter((value, k) => value === 0 && heard[k - 1] === 0).length;
    console.log(`silent ${((100 * silent) / heard.length).toFixed(2)} % of 3 s`);
    expect(silent / heard.length).toBeLessThan(0.05);
    await expect(sound).toHaveText(/^\d+ ms behind$/);
    // All of it comes, and the stimulus of meanwhile is a sweep.
    await expect.poll(() => samples(page)).toBeGreaterThan(before + (BUSY_MS / 1000) * RATE);
    await expect(page.locator('#guide')).toHaveAttribute('data-sweeps', '1');
    await expect(status(page)).toHaveAttribute('data-lost', '0');
    await page.locator('#live-end').click();
    await expect(status(page)).toHaveCount(0);
    const live = await stored(page);
    await page.reload();
    await opened(page);
    expect(await stored(page), 'its raw log').toBe(live);
  });
});

test('the worker that acquires is killed: the page says so, the recording stays, and the next one runs', async ({ page }) => {
  await record(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(2 * RATE);
  const { acquire } = await workers(page);
  const before = await samples(page);
  await kill(acquire);
  await expect(notes(page).filter({ hasText: 'The recording has stopped' })).toBeVisible();
  await expect(status(page)).toHaveCount(0);
  const shown = await stored(page);
  expect(shown).toBeGreaterThanOrEqual(before);
  await page.reload();
  await opened(page);
  // The file has what was shown but for the last half second.
  expect(await stored(page)).toBeGreaterThan(shown - RATE / 2);
  await expect(notes(page).filter({ hasText: 'was not ended' })).toBeVisible();
  await record(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(RATE);
  // Without a reload as well.
  const again = (await workers(page)).acquire;
  await kill(again);
  await expect(notes(page).filter({ hasText: 'The recording has stopped' })).toBeVisible();
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: 'Healthy' }).click();
  await expect(status(page)).toHaveAttribute('data-stage', 'streaming');
  await expect.poll(() => samples(page)).toBeGreaterThan(RATE);
});

test('the worker that reads and draws is killed: the recording goes on, and is whole at the next start', async ({ page }) => {
  await record(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(RATE);
  await kill((await workers(page)).engine);
  await expect(notes(page).filter({ hasText: 'The recording goes on and is stored' })).toBeVisible();
  const bytes = async () => Number((await status(page).textContent()).match(/([\d.]+) MB stored here/)?.[1]);
  await expect.poll(bytes).toBeGreaterThan(1);
  const before = await bytes();
  await expect.poll(bytes).toBeGreaterThan(before + 0.5);
  await expect(status(page)).toHaveAttribute('data-stage', 'streaming');
  const stored_mb = await bytes();
  await page.locator('#live-end').click();
  await expect(status(page)).toHaveCount(0);
  await page.goto('./');
  await page.locator('.note.rescued').getByRole('button', { name: 'Open it' }).click();
  await opened(page);
  // Frames of 48 samples of two channels and three bytes each, and what belongs to a frame.
  expect((await stored(page)) * 6).toBeGreaterThan(stored_mb * 0.8e6);
  await expect(notes(page).filter({ hasText: 'was not ended' })).toHaveCount(0);
});

test('a full disk: the recording goes on in memory and says so, is stored when there is room, and can be exported', async ({ page, context, baseURL }) => {
  test.setTimeout(90_000);
  const devtools = await context.newCDPSession(page);
  const origin = new URL(baseURL).origin;
  const quota = (quotaSize) => devtools.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize ? { quotaSize } : {}) });
  const usage = async () => (await devtools.send('Storage.getUsageAndQuota', { origin })).usage;
  await record(page);
  await quota((await usage()) + 100_000);
  await expect(status(page)).toContainText('not stored: the disk is full', { timeout: 30_000 });
  await expect(notes(page).filter({ hasText: 'goes on in memory' })).toBeVisible();
  const before = await samples(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(before + RATE);
  await expect(status(page)).toHaveAttribute('data-lost', '0');
  // Room again: what waited is stored.
  await quota();
  await expect(status(page)).toContainText('MB stored here');
  await expect(notes(page).filter({ hasText: 'room on the disk again' })).toBeVisible();
  await expect(notes(page).filter({ hasText: 'goes on in memory' })).toHaveCount(0);
  await page.locator('#live-end').click();
  await expect(status(page)).toHaveCount(0);
  const whole = await stored(page);
  await page.reload();
  await opened(page);
  expect(await stored(page), 'its raw log').toBe(whole);

  // It stays full: the end of the recording says so, and what is in memory is exported.
  await record(page);
  await quota((await usage()) + 100_000);
  await expect(status(page)).toContainText('not stored: the disk is full', { timeout: 30_000 });
  const full = await samples(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(full + RATE);
  await page.locator('#live-end').click();
  await expect(notes(page).filter({ hasText: 'in memory only' })).toBeVisible();
  const n = await stored(page);
  await page.keyboard.press('Control+e');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog(page).getByRole('button', { name: /^CSV, the/ }).click(),
  ]);
  const rows = fs.readFileSync(await download.path(), 'utf8').split('\n').filter((line) => /^\d/.test(line));
  expect(rows).toHaveLength(n);
});
