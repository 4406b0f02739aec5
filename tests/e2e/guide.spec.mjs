// Guided nerve conduction on a simulated patient, by the keyboard alone: from the choice of a nerve to a
// velocity in the table, with the stimulator behind its interlock.
import AxeBuilder from '@axe-core/playwright';
import { dialog, expect, opened, table, test } from './support.mjs';

const guide = (page) => page.locator('#guide');
const stimulator = (page) => page.locator('#stimulator');
const stage = (page, name) => expect(stimulator(page)).toHaveAttribute('data-stage', name, { timeout: 10_000 });
const sweeps = (page, n) => expect(guide(page)).toHaveAttribute('data-sweeps', String(n), { timeout: 10_000 });

async function record(page, condition) {
  await page.goto('./');
  await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: condition }).click();
  await opened(page);
  await expect(page.locator('#live-status')).toHaveAttribute('data-stage', 'streaming');
}

/** Goes to an element by Tab, or back. */
async function tab(page, target, key = 'Tab') {
  for (let k = 0; k < 12; k += 1) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error('not reached by the keyboard');
}

/** Chooses a study; the first time the stimulator's switch is set on the way. */
async function choose(page, typed, allow) {
  await page.keyboard.press('F2');
  await expect(dialog(page)).toBeVisible();
  await expect(page.getByRole('option').first()).toBeVisible();
  await page.keyboard.type(typed);
  if (allow) {
    await expect(page.locator('#allow-stimulator')).not.toBeChecked();
    await tab(page, page.locator('#allow-stimulator'));
    await page.keyboard.press(' ');
    await expect(page.locator('#allow-stimulator')).toBeChecked();
    await tab(page, page.getByRole('combobox', { name: 'What to examine' }), 'Shift+Tab');
  }
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toHaveCount(0);
}

/** Types a current, repeats it, and waits until it is armed. */
async function arm(page, ma) {
  await page.keyboard.press('o');
  await expect(page.locator('#stim-current')).toBeFocused();
  await page.locator('#stim-current').press('Control+a');
  await page.keyboard.type(ma);
  await page.keyboard.press('Enter');
  await expect(page.locator('#stim-repeat')).toBeFocused();
  await page.keyboard.type(ma);
  await page.keyboard.press('Enter');
  await stage(page, 'ARMED');
}

/** Stimulates with rising current until the response no longer grows. */
async function supramaximal(page) {
  await arm(page, '10');
  for (let n = 1; n < 10; n += 1) {
    await page.keyboard.press('Enter');
    await sweeps(page, n);
    if (/supramaximal: no growth/.test(await guide(page).innerText())) return n;
    const ma = 10 + 5 * n;
    await page.keyboard.press('Shift+W');
    await expect(stimulator(page)).toContainText(`set ${ma} mA`);
    await stage(page, 'ARMED');
  }
  throw new Error(`never supramaximal: ${await guide(page).innerText()}`);
}

/** Cells beyond their limit. */
const flags = (page) => table(page).locator('td.out');
/** The first velocity of the table, m/s. */
const velocity = async (page) => Number((await table(page).innerText()).replace(/[\d.]+ mA/g, '').match(/\b([345678]\d\.\d)\b/)?.[1]);

/** A series: armed at 20 mA by two steps up, given once. */
async function series(page, n) {
  await arm(page, '10');
  for (const ma of [15, 20]) {
    await page.keyboard.press('Shift+W');
    await expect(stimulator(page)).toContainText(`set ${ma} mA`);
    await stage(page, 'ARMED');
  }
  await page.keyboard.press('Enter');
  await expect(guide(page)).toHaveAttribute('data-sweeps', String(n), { timeout: 25_000 });
}

test('a hand by keys: median and ulnar, motor, sensory and F waves, show carpal tunnel syndrome', async ({ page }) => {
  test.setTimeout(240_000);
  await record(page, 'Carpal tunnel syndrome');
  await choose(page, 'r med apb', true);
  await stage(page, 'ready');
  await supramaximal(page);
  // The limits stand beside the sweep that counts, the largest.
  const flagged = table(page).locator('tr', { has: page.locator('td.out') });
  await expect(flagged).toHaveCount(1);
  await expect(flagged).toContainText('mA, 0.2 ms');
  await expect(flagged.locator('th')).not.toContainText('Wrist 1');
  // Temperature by its key.
  await page.keyboard.press('t');
  await expect(page.getByLabel('Skin temperature')).toBeFocused();
  await page.keyboard.type('33.5');
  await page.keyboard.press('Enter');
  await expect(page.locator('#temperature')).toHaveValue('33.5');
  await page.locator('#scope').focus();

  await choose(page, 'r median digit 2', false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Median sensory (Digit 2)');
  await stage(page, 'ready');
  await series(page, 10);
  // At the distance of the study, and slow.
  await expect(page.locator('#distance-0')).toHaveValue('140');
  await expect.poll(() => velocity(page)).toBeLessThan(46);
  await expect(table(page)).toContainText('average of 10');
  await expect(flags(page).first()).toContainText('H*');

  await choose(page, 'r median f waves', false);
  await stage(page, 'ready');
  await series(page, 10);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('R Median F waves');

  await choose(page, 'r ulnar adm', false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Ulnar motor (ADM)');
  await stage(page, 'ready');
  await supramaximal(page);
  await expect(table(page)).toContainText('\u2264 3.7');
  await expect(flags(page)).toHaveCount(0);
  await choose(page, 'r ulnar digit 5', false);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Ulnar sensory (Digit 5)');
  await stage(page, 'ready');
  await series(page, 10);
  await expect.poll(() => velocity(page)).toBeGreaterThan(50);
  await expect(flags(page)).toHaveCount(0);

  // Ended: the study has the five tests with what they showed.
  await page.locator('#live-end').click();
  await expect(guide(page)).toHaveCount(0);
  const tests = page.locator('.tree .ti').filter({ hasText: /APB|ADM|Digit/ });
  await expect(tests).toHaveCount(5);
  await tests.filter({ hasText: 'Digit 2' }).click();
  await expect(flags(page).first()).toContainText('H*');
});

test('exercise is counted down, impedances are said', async ({ page }) => {
  test.setTimeout(120_000);
  await record(page, 'Healthy');
  await page.keyboard.press('Shift+I');
  await expect(page.locator('#impedances')).toContainText(/E1 4\.\d+ k\u03a9, good/, { timeout: 10_000 });
  await page.keyboard.press('Shift+I');
  await expect(page.locator('#impedances')).toHaveCount(0);
  await choose(page, 'r median repetitive', true);
  await stage(page, 'ready');
  await page.keyboard.press('e');
  await expect(page.locator('#exercise')).toContainText(/exercise: \d+ s to go/);
  await expect(guide(page)).toHaveAttribute('data-site', '1');
  await expect(page.locator('#exercise')).toContainText('this train is due', { timeout: 20_000 });
  await page.keyboard.press('F3');
  await expect(page.locator('#exercise')).toContainText(/this train is due in \d+ s/);
});

test('a motor study by keys: nerve, stimulator, supramaximal, next site, distance, velocity', async ({ page }) => {
  test.setTimeout(150_000);
  await record(page, 'Carpal tunnel syndrome');
  await choose(page, 'r med apb', true);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Median motor (APB)');
  await stage(page, 'ready');
  await supramaximal(page);
  await expect(stimulator(page)).toContainText(/delivered \d+\.\d mA/);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);

  // The next site: the stimulator is at rest again, and its first current is low.
  await page.keyboard.press('F3');
  await expect(guide(page)).toHaveAttribute('data-site', '1');
  await stage(page, 'ready');
  await sweeps(page, 0);
  await supramaximal(page);
  await page.keyboard.press('d');
  await expect(page.locator('#distance-1')).toBeFocused();
  await page.keyboard.type('220');
  await page.keyboard.press('Enter');
  await expect.poll(() => velocity(page)).toBeGreaterThan(45);
  // Above the limit of 4.5 ms at the wrist.
  await expect(flags(page).first()).toContainText('H*');
  const before = await table(page).innerText();

  // Escape disarms at once; so does leaving the window.
  await stage(page, 'ARMED');
  await page.locator('#scope').focus();
  await page.keyboard.press('Escape');
  await stage(page, 'ready');
  await expect(stimulator(page)).toContainText('Disarmed: Escape.');
  await arm(page, '8');
  await page.evaluate(() => window.dispatchEvent(new Event('blur')));
  await stage(page, 'ready');
  await expect(stimulator(page)).toContainText('the window lost the keyboard');

  // Ended, reloaded: the same test with the same values.
  await page.locator('#live-end').click();
  await expect(guide(page)).toHaveCount(0);
  await page.reload();
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Median motor (APB)');
  await expect.poll(async () => (await table(page).innerText()).replace(/\s+/g, ' ')).toBe(before.replace(/\s+/g, ' '));
});

test('the stimulator stays off until it is switched on, and refuses what is beyond its step', async ({ page }) => {
  await record(page, 'Healthy');
  await choose(page, 'l median f waves', false);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('L Median F waves');
  await stage(page, 'off');
  await page.keyboard.press('Enter');
  await expect(page.locator('#stim-current')).toHaveCount(0);
  await sweeps(page, 0);
  // Switched on; it stays so in this browser.
  await page.keyboard.press('F2');
  await page.locator('#allow-stimulator').check();
  await page.keyboard.press('Escape');
  await stage(page, 'ready');
  await page.keyboard.press('o');
  await page.keyboard.type('30');
  await page.keyboard.press('Enter');
  await expect(stimulator(page)).toContainText('rises by at most 10 mA at once');
  await stage(page, 'ready');
  // A nerve that the patient has not: what there is instead.
  await page.locator('#scope').focus();
  await choose(page, 'l facial', false);
  await expect(page.getByText('There are, motor:')).toBeVisible();
});
