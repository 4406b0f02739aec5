// Markers: dragged, stepped, taken back, kept; and what follows from them.
import { MOTOR } from './fixtures.mjs';
import { cell, dialog, drawn, expect, json, open, opened, openMotor, pxOf, range, scope, table, test, value } from './support.mjs';
import { ringCentre } from './pictures.mjs';

const SAMPLE_MS = 1000 / MOTOR.fs;

/** Where the flag of the selected marker is on the page. */
async function flag(page) {
  await expect.poll(() => ringCentre(page)).not.toBeNull();
  const [ring, box] = [await ringCentre(page), await scope(page).boundingBox()];
  return { x: box.x + ring.x, y: box.y + ring.y };
}

async function stored(page) {
  await expect(page.locator('.chip')).toContainText('Stored here');
}

test('the flag stands where the latency says', async ({ page }) => {
  await openMotor(page);
  const [ring, view] = [await flag(page), await range(page)];
  const box = await scope(page).boundingBox();
  const [sweep] = (await json(page, 'measure')).sweeps;
  expect(Math.abs(ring.x - box.x - pxOf(view, sweep.onset_ms / 1000))).toBeLessThan(1);
});

test('a mouse drags a marker and the values follow at once', async ({ page }) => {
  await openMotor(page);
  const view = await range(page);
  const before = await value(page, 0, 'Latency');
  const from = await flag(page);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 20, from.y, { steps: 4 });
  await expect(cell(page, 0, 'Latency'), 'the button is still down').not.toHaveText(before.toFixed(2));
  await page.mouse.move(from.x + 50, from.y, { steps: 4 });
  await page.mouse.up();
  const moved = before + (50 / view.width) * (view.to - view.from) * 1000;
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(moved, 0);
  expect(Math.abs((await value(page, 0, 'Latency')) - moved)).toBeLessThan(2 * SAMPLE_MS + 0.01);
  // Drawn and listed as a person's, with the automatic place beside it.
  await expect(cell(page, 0, 'Latency')).toHaveClass(/person/);
  await expect(page.getByText('placed by a person', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('table', { name: 'The selected marker' }).getByRole('row', { name: /Automatic/ })).toContainText(`${before.toFixed(2)} ms`);
  // One drag is one step back.
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(cell(page, 0, 'Latency')).toHaveText(before.toFixed(2));
  await expect(page.getByRole('button', { name: 'Undo' })).toBeDisabled();
});

test('arrow keys move one sample, Shift ten, Backspace takes it back', async ({ page }) => {
  await openMotor(page);
  const before = await value(page, 0, 'Latency');
  await scope(page).focus();
  await page.keyboard.press('ArrowRight');
  // The first step goes to a sample: an automatic onset may lie between two.
  const first = Math.round((before + MOTOR.stimulusMs) / SAMPLE_MS + 1) * SAMPLE_MS - MOTOR.stimulusMs;
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(first, 2);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(first + SAMPLE_MS, 2);
  await page.keyboard.press('Shift+ArrowLeft');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(first - 9 * SAMPLE_MS, 2);
  await page.keyboard.press('Backspace');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(before, 2);
  await expect(cell(page, 0, 'Latency')).not.toHaveClass(/person/);
});

test('keys faster than the answers lose no step', async ({ page }) => {
  await openMotor(page);
  const before = await value(page, 0, 'Latency');
  await scope(page).focus();
  await page.keyboard.press('ArrowRight');
  const first = Math.round((before + MOTOR.stimulusMs) / SAMPLE_MS + 1) * SAMPLE_MS - MOTOR.stimulusMs;
  for (let k = 0; k < 40; k++) await page.keyboard.press('ArrowRight');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(first + 40 * SAMPLE_MS, 2);
  await stored(page);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(first + 39 * SAMPLE_MS, 2);
});

test('undo and redo go through every step, and a new step ends redo', async ({ page }) => {
  await openMotor(page);
  const values = [await value(page, 0, 'Latency')];
  await scope(page).focus();
  for (let k = 0; k < 3; k++) {
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => value(page, 0, 'Latency')).not.toBe(values.at(-1));
    values.push(await value(page, 0, 'Latency'));
  }
  for (let k = 2; k >= 0; k--) {
    await page.keyboard.press('Control+z');
    await expect.poll(() => value(page, 0, 'Latency')).toBe(values[k]);
  }
  await page.keyboard.press('Control+y');
  await expect.poll(() => value(page, 0, 'Latency')).toBe(values[1]);
  await page.keyboard.press('Control+Shift+z');
  await expect.poll(() => value(page, 0, 'Latency')).toBe(values[2]);
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('button', { name: 'Redo' })).toBeDisabled();
});

test('Tab, numbers and Page Down choose marker and site; Y copies the set', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  const head = page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { level: 2 }).first();
  await expect(head).toHaveText(/^Onset, wrist$/i);
  await page.keyboard.press('Tab');
  await expect(head).toHaveText(/^Negative peak, wrist$/i);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('PageDown');
  await expect(head).toHaveText(/^Onset, elbow$/i);
  await page.keyboard.press('3');
  await expect(head).toHaveText(/end.*elbow/i);
  await page.keyboard.press('1');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(cell(page, 1, 'Latency')).toHaveClass(/person/);
  const elbow = await value(page, 1, 'Latency');
  await page.keyboard.press('y');
  await expect(head).toHaveText(/^Onset, axilla$/i);
  await expect.poll(() => value(page, 2, 'Latency')).toBe(elbow);
});

test('a moved marker survives another analysis, a reload and the same file under another name', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  const automatic = await value(page, 1, 'Latency');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => value(page, 1, 'Latency')).not.toBe(automatic);
  const moved = await value(page, 1, 'Latency');
  // Another kind of test analyses the sweeps again.
  await page.keyboard.press('t');
  await dialog(page).getByLabel('Kind').selectOption('Not stated');
  await dialog(page).getByLabel('Skin temperature').fill('31,5');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('.vh .sub')).toContainText('31.5');
  await expect.poll(() => value(page, 1, 'Latency')).toBe(moved);
  await expect(cell(page, 1, 'Latency')).toHaveClass(/person/);
  await stored(page);
  await page.reload();
  await open(page, 'motor.hea', 'motor.dat', 'motor.meta.json');
  await opened(page);
  await expect(page.locator('.note.live')).toContainText('earlier edits');
  await expect.poll(() => value(page, 1, 'Latency')).toBe(moved);
  await expect(cell(page, 1, 'Latency')).toHaveClass(/person/);
  // The automatic value is untouched: the measurements of the file itself are what they were.
  const [, sweep] = (await json(page, 'measure')).sweeps;
  expect(sweep.onset_ms).toBeCloseTo(automatic, 2);
});

test('a typed distance gives a velocity, also with a comma, and a word is refused', async ({ page }) => {
  await openMotor(page);
  const difference = await value(page, 1, 'Difference');
  await scope(page).focus();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('d');
  const field = page.locator('#distance-1');
  await expect(field).toBeFocused();
  await field.fill('222,5');
  await field.press('Enter');
  await expect.poll(() => value(page, 1, 'Velocity')).toBeCloseTo(222.5 / difference, 0);
  await expect(field).toHaveClass(/person/);
  // A moved onset changes it at once.
  const velocity = await value(page, 1, 'Velocity');
  await scope(page).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => value(page, 1, 'Velocity')).toBeLessThan(velocity);
  await page.locator('#distance-2').fill('far');
  await page.locator('#distance-2').press('Enter');
  await expect(page.locator('.note.abn')).toContainText('Distance not taken');
  await expect(page.locator('#distance-2')).toHaveValue('');
});

test('no response is declared and taken back', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  await page.keyboard.press('n');
  await expect(table(page).locator('tbody tr').first()).toContainText('no response');
  await page.keyboard.press('n');
  await expect(cell(page, 0, 'Latency')).toHaveText(/^\d/);
});

test('without a mouse: from the first page to a moved marker', async ({ page }) => {
  await page.goto('./');
  await expect(page.getByRole('button', { name: 'Open files' })).toBeVisible();
  let chooser;
  // A browser that has just started may swallow the first key.
  await expect(async () => {
    const shown = page.waitForEvent('filechooser', { timeout: 2000 });
    await page.keyboard.press('Control+o');
    chooser = await shown;
  }).toPass();
  await chooser.setFiles(['motor.hea', 'motor.dat', 'motor.meta.json'].map((name) => `test-results/fixtures/${name}`));
  await opened(page);
  await expect(table(page).locator('tbody tr')).toHaveCount(3);
  const before = await value(page, 0, 'Latency');
  let focused = '';
  for (let k = 0; k < 40 && focused !== 'scope'; k++) {
    await page.keyboard.press('Tab');
    focused = await page.evaluate(() => document.activeElement?.id);
  }
  expect(focused, 'Tab comes to the traces').toBe('scope');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => value(page, 0, 'Latency')).toBeCloseTo(before + 10 * SAMPLE_MS, 1);
  // The keyboard is not caught there.
  for (let k = 0; k < 8 && (await page.evaluate(() => document.activeElement?.id)) === 'scope'; k++) await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.id)).not.toBe('scope');
});

test.describe('with a finger', () => {
  test.use({ hasTouch: true });

  test('a marker is dragged', async ({ page }) => {
    await openMotor(page);
    const [before, from, view] = [await value(page, 0, 'Latency'), await flag(page), await range(page)];
    const client = await page.context().newCDPSession(page);
    const touch = (type, x, y) => client.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined ? [] : [{ x, y, id: 1 }] });
    // A finger is not exact: it comes down 12 px beside the flag.
    await touch('touchStart', from.x + 8, from.y + 9);
    for (let k = 1; k <= 5; k++) await touch('touchMove', from.x + 8 + k * 8, from.y + 9);
    await touch('touchEnd');
    const moved = before + (40 / view.width) * (view.to - view.from) * 1000;
    await expect.poll(async () => Math.abs((await value(page, 0, 'Latency')) - moved)).toBeLessThan(2 * SAMPLE_MS + 0.01);
    await drawn(page);
  });
});
