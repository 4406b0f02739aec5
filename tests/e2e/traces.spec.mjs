// The views of traces: zoom, pan, arrangement, cursors, filters, lanes, annotations, idleness.
import fs from 'node:fs';
import { SPIKE, commandLine, fixture } from './fixtures.mjs';
import { dialog, drawn, expect, json, open, opened, openMotor, openRecording, pxOf, range, reading, scope, test } from './support.mjs';
import { MARKS, TRACES, fingerprint, inkInColumn } from './pictures.mjs';

const lanes = (page) => page.getByRole('region', { name: 'Lanes' });
const lane = (page, row) => lanes(page).locator('tbody tr').nth(row);
const inspector = (page) => page.getByRole('complementary', { name: 'Inspector' });

/** A point of the view in page coordinates. */
async function at(page, x, y) {
  const box = await scope(page).boundingBox();
  return [box.x + x, box.y + y];
}

async function clickAt(page, time, y = 40, modifiers = []) {
  await scope(page).click({ position: { x: pxOf(await range(page), time), y }, modifiers });
}

test('the wheel zooms around the pointer, with Shift it pans, with Alt it magnifies', async ({ page }) => {
  await openRecording(page, 'two.edf');
  const before = await range(page);
  const x = 300;
  const fixed = before.from + (x / before.width) * (before.to - before.from);
  await page.mouse.move(...(await at(page, x, 100)));
  await page.mouse.wheel(0, -300);
  await expect.poll(async () => (await range(page)).to - (await range(page)).from).toBeLessThan(6);
  const near = await range(page);
  expect(near.from + (x / near.width) * (near.to - near.from)).toBeCloseTo(fixed, 3);
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 200);
  await page.keyboard.up('Shift');
  await expect.poll(async () => (await range(page)).from).not.toBe(near.from);
  expect((await range(page)).to - (await range(page)).from).toBeCloseTo(near.to - near.from, 9);
  const gain = await lane(page, 0).innerText();
  await page.keyboard.down('Alt');
  await page.mouse.wheel(0, -100);
  await page.keyboard.up('Alt');
  await expect(lane(page, 0)).not.toHaveText(gain);
});

test('dragging pans, and never past the ends', async ({ page }) => {
  await openRecording(page, 'two.edf');
  const before = await range(page);
  await page.mouse.move(...(await at(page, 500, 100)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, 300, 100)), { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await range(page)).from).toBeCloseTo((200 / before.width) * 10, 1);
  await page.mouse.move(...(await at(page, 100, 100)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, 700, 100)), { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await range(page)).from).toBe(0);
  await expect(inspector(page), 'a drag places no cursor').toContainText('Click into the trace');
});

test('keys scroll, zoom, magnify and turn the view', async ({ page }) => {
  await openRecording(page, 'two.edf');
  await scope(page).focus();
  const press = async (key, from, span) => {
    await page.keyboard.press(key);
    await expect.poll(async () => (await range(page)).from, key).toBeCloseTo(from, 6);
    expect((await range(page)).to - (await range(page)).from, key).toBeCloseTo(span, 6);
  };
  await press('ArrowRight', 1, 10);
  await press('ArrowLeft', 0, 10);
  await press('Shift+ArrowRight', 10, 10);
  await press('Home', 0, 10);
  await press('End', 10, 10);
  await press('+', 12.5, 5);
  await press('-', 10, 10);
  await press('0', 0, 20);
  await expect(lane(page, 0)).toHaveClass(/sel/);
  await page.keyboard.press('PageDown');
  await expect(lane(page, 1)).toHaveClass(/sel/);
  const [first, second] = [await lane(page, 0).innerText(), await lane(page, 1).innerText()];
  await page.keyboard.press('ArrowUp');
  await expect(lane(page, 1)).not.toHaveText(second);
  await expect(lane(page, 0)).toHaveText(first, { useInnerText: true });
  await page.keyboard.press('Shift+ArrowDown');
  await expect(lane(page, 0)).not.toHaveText(first, { useInnerText: true });
});

test.describe('with fingers', () => {
  test.use({ hasTouch: true });

  test('a pinch zooms, both views', async ({ page }) => {
    const pinch = async () => {
      const client = await page.context().newCDPSession(page);
      const [x, y] = await at(page, 350, 120);
      const touch = (type, spread) => client.send('Input.dispatchTouchEvent', { type, touchPoints: spread ? [{ x: x - spread, y, id: 1 }, { x: x + spread, y, id: 2 }] : [] });
      await touch('touchStart', 40);
      for (const spread of [50, 60, 70, 80, 100, 120]) await touch('touchMove', spread);
      await touch('touchEnd');
    };
    await openRecording(page, 'two.edf');
    const before = await range(page);
    await pinch();
    await expect.poll(async () => ((await range(page)).to - (await range(page)).from) / (before.to - before.from)).toBeCloseTo(1 / 3, 1);
    expect(await page.evaluate(() => visualViewport.scale), 'the page itself is not zoomed').toBe(1);
    await openMotor(page);
    const sweep = await range(page);
    await pinch();
    await expect.poll(async () => ((await range(page)).to - (await range(page)).from) / (sweep.to - sweep.from)).toBeCloseTo(1 / 3, 1);
  });
});

test('the overview strip goes where it is pressed', async ({ page }) => {
  await openRecording(page, 'two.edf');
  const strip = page.locator('.overview');
  const { width } = await strip.boundingBox();
  await strip.click({ position: { x: width * 0.75, y: 20 } });
  await expect.poll(async () => (await range(page)).from).toBeCloseTo(10, 1);
  await strip.click({ position: { x: width * 0.4, y: 20 } });
  await expect.poll(async () => (await range(page)).from).toBeCloseTo(3, 1);
});

test('cursors by click and Shift+click read time, value, difference and frequency; P finds the peak', async ({ page }) => {
  await openRecording(page, 'spike.edf');
  await clickAt(page, 0.72);
  await clickAt(page, 2.25, 40, ['Shift']);
  const seconds = async (name) => Number.parseFloat((await reading(page, name).first().innerText()).replace(',', '.'));
  await expect.poll(() => seconds('A')).toBeCloseTo(0.72, 2);
  await expect.poll(() => seconds('B')).toBeCloseTo(2.25, 2);
  // B was placed last: it goes to its peak, then A to the other.
  await page.keyboard.press('p');
  await expect.poll(() => seconds('B')).toBe(SPIKE.at[1]);
  await expect(reading(page, 'B').nth(1)).toContainText(/^(1 mV|1000 µV|1,000 µV)$/);
  await page.keyboard.press('a');
  await page.keyboard.press('p');
  await expect.poll(() => seconds('A')).toBe(SPIKE.at[0]);
  const difference = SPIKE.at[1] - SPIKE.at[0];
  await expect(reading(page, 'B − A').first()).toHaveText(/^1\.55 s$/);
  await expect(reading(page, '1 / (B − A)').first()).toHaveText(new RegExp(`^${(1 / difference).toFixed(4).slice(0, 5)}\\d* Hz$`));
  // One sample, then ten.
  await page.keyboard.press('.');
  await expect(reading(page, 'A').nth(1)).toHaveText(/^0 /);
  await expect.poll(() => seconds('A')).toBeCloseTo(SPIKE.at[0] + 1 / SPIKE.fs, 4);
  await page.keyboard.press('Shift+,');
  await expect.poll(() => seconds('A')).toBeCloseTo(SPIKE.at[0] - 9 / SPIKE.fs, 4);
  // The table shows the same values in each lane.
  await page.keyboard.press('p');
  await expect(lane(page, 0)).toContainText(/1 mV|1000 µV|1,000 µV/);
  await page.keyboard.press('Escape');
  await expect(inspector(page)).toContainText('Click into the trace');
});

test('cursors measure within a sweep', async ({ page }) => {
  await openMotor(page);
  await clickAt(page, 0.01, 20);
  await clickAt(page, 0.02, 20, ['Shift']);
  const ms = async (name) => Number.parseFloat(await reading(page, name).first().innerText());
  await expect.poll(() => ms('A')).toBeCloseTo(10, 0);
  await expect.poll(() => ms('B')).toBeCloseTo(20, 0);
  expect(await ms('B − A')).toBeCloseTo((await ms('B')) - (await ms('A')), 1);
});

test('raster, superimposed and cascade arrange the same sweeps', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  const view = await range(page);
  // Long after the responses every sweep is a flat line.
  const quiet = async () => (await inkInColumn(page, TRACES, pxOf(view, 0.025))).map(([from, to]) => (from + to) / 2);
  await expect.poll(async () => (await quiet()).length).toBe(3);
  const raster = await quiet();
  expect(raster[1] - raster[0]).toBeGreaterThan(60);
  await page.keyboard.press('s');
  await expect(page.getByRole('button', { name: 'Superimposed' })).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(async () => (await quiet()).length).toBe(1);
  await page.keyboard.press('k');
  await expect.poll(async () => (await quiet()).length).toBe(3);
  const cascade = await quiet();
  expect(cascade[1] - cascade[0]).toBeGreaterThan(5);
  expect(cascade[2] - cascade[0]).toBeLessThan(raster[1] - raster[0]);
  await page.getByRole('button', { name: 'Raster' }).click();
  await expect.poll(quiet).toEqual(raster);
});

test('the switch turns negative up into positive up', async ({ page }) => {
  await openRecording(page, 'spike.edf');
  const reach = async () => {
    const view = await range(page);
    const runs = (await Promise.all([-1, 0, 1].map((by) => inkInColumn(page, TRACES, pxOf(view, SPIKE.at[0]) + by)))).flat();
    return [Math.min(...runs.map((run) => run[0])), Math.max(...runs.map((run) => run[1]))];
  };
  const quietRuns = await inkInColumn(page, TRACES, pxOf(await range(page), 1.5));
  const zero = (quietRuns[0][0] + quietRuns[0][1]) / 2;
  const before = await reach();
  const button = page.getByRole('button', { name: 'Negative up' });
  await expect(button).toHaveAttribute('aria-pressed', 'true');
  expect(before[1] - zero, 'a positive spike points down').toBeGreaterThan(20);
  await button.click();
  await expect(button).toHaveAttribute('aria-pressed', 'false');
  await expect(page.locator('.vh .sub')).toContainText('positive up');
  await drawn(page);
  const after = await reach();
  expect(Math.abs(zero - after[0] - (before[1] - zero)), 'as far up as it was down').toBeLessThanOrEqual(2);
});

test('a filter changes what is drawn and said at the trace, not the data', async ({ page }) => {
  await openRecording(page, 'two.csv');
  await scope(page).focus();
  await drawn(page);
  const before = await fingerprint(page, TRACES);
  await page.keyboard.press('f');
  await expect(dialog(page)).toContainText('Biceps');
  await dialog(page).getByLabel('High-pass, Hz').fill('abc');
  await dialog(page).getByRole('button', { name: 'This lane' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('not a number');
  await dialog(page).getByLabel('High-pass, Hz').fill('20');
  await dialog(page).getByLabel('Low-pass, Hz').fill('500');
  await dialog(page).getByLabel('Mains').selectOption('subtract-50');
  await dialog(page).getByRole('button', { name: 'This lane' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(lane(page, 0)).toContainText('20');
  await expect(lane(page, 0)).toContainText('500');
  await expect(lane(page, 1)).toContainText('none');
  await expect.poll(() => fingerprint(page, TRACES)).not.toBe(before);
  // The recording, saved with the filter on, is what it was.
  const [download] = await Promise.all([page.waitForEvent('download'), (async () => {
    await page.keyboard.press('Control+e');
    await dialog(page).getByRole('button', { name: /CSV, the whole/ }).click();
  })()]);
  const saved = fixture(`filtered-${process.pid}-${Date.now()}.csv`);
  await download.saveAs(saved);
  expect(commandLine('info', saved)[0].channels).toEqual(commandLine('info', fixture('two.csv'))[0].channels);
  await page.keyboard.press('Control+z');
  await expect(lane(page, 0)).toContainText('none');
  await expect.poll(() => fingerprint(page, TRACES)).toBe(before);
});

test('lanes are hidden, renamed, moved and subtracted', async ({ page }) => {
  await openRecording(page, 'two.csv');
  await scope(page).focus();
  await page.keyboard.press('l');
  await dialog(page).getByLabel('Show Triceps').uncheck();
  await expect(lanes(page).locator('tbody th')).toHaveText(['Biceps', 'Force']);
  await expect(lanes(page)).toContainText('1 hidden');
  await dialog(page).getByLabel('Name of Force').fill('Grip');
  await dialog(page).getByLabel('Name of Force').blur();
  await expect(lanes(page).locator('tbody th')).toHaveText(['Biceps', 'Grip']);
  await dialog(page).getByRole('button', { name: 'Move Grip up' }).click();
  await dialog(page).getByRole('button', { name: 'Move Grip up' }).click();
  await expect(lanes(page).locator('tbody th')).toHaveText(['Grip', 'Biceps']);
  await dialog(page).getByRole('button', { name: 'Second lane of Biceps' }).click();
  await expect(lanes(page).locator('tbody tr')).toHaveCount(3);
  await dialog(page).getByLabel(/Subtract from Biceps/).first().selectOption('− Triceps');
  await expect(lanes(page).locator('tbody th').nth(1)).toHaveText(/Biceps.*Triceps/);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  // The difference is that of the samples under the cursor.
  await clickAt(page, 0.5, (await range(page)).height / 2);
  const time = Number.parseFloat(await reading(page, 'A').first().innerText());
  const number = async (row) => {
    const text = await lane(page, row).locator('td').nth(3).innerText();
    const scale = text.includes('mV') ? 1000 : text.includes('nV') ? 0.001 : 1;
    return Number.parseFloat(text.replace('−', '-')) * scale;
  };
  await expect.poll(() => number(1)).not.toBeNaN();
  const rows = fs.readFileSync(fixture('two.csv'), 'utf8').trim().split('\n').slice(1);
  const near = [-1, 0, 1].map((by) => rows[Math.round(time * 2000) + by].split(',').map(Number));
  const minus = await number(1);
  expect(near.some((row) => Math.abs(row[1] - row[2] - minus) < Math.abs(minus) * 0.01 + 0.1), `${minus} at ${time}`).toBe(true);
  for (let k = 0; k < 6; k++) await page.keyboard.press('Control+z');
  await expect(lanes(page).locator('tbody th')).toHaveText(['Biceps', 'Triceps', 'Force']);
});

test('annotations are added, changed, removed and saved with the recording', async ({ page }) => {
  await openRecording(page, 'two.edf');
  await clickAt(page, 2.5);
  await page.keyboard.press('n');
  await dialog(page).getByRole('button', { name: 'Add' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('text is missing');
  await dialog(page).getByLabel('Text').fill('first try');
  await dialog(page).getByLabel('Onset, s').fill('2.5');
  await dialog(page).getByLabel('Duration, s').fill('0.25');
  await page.keyboard.press('Enter');
  const list = inspector(page).getByRole('list').getByRole('listitem');
  await expect(list).toHaveCount(1);
  await expect(list).toContainText('first try');
  await page.getByRole('button', { name: 'Edit annotation first try' }).click();
  await dialog(page).getByLabel('Text').fill('Fibrillation, Bürste');
  await dialog(page).getByRole('button', { name: 'Change' }).click();
  await expect(list).toContainText('Fibrillation, Bürste');
  await page.keyboard.press('n');
  await dialog(page).getByLabel('Text').fill('to be removed');
  await dialog(page).getByRole('button', { name: /Add|Change/ }).click();
  await expect(list).toHaveCount(2);
  await page.getByRole('button', { name: 'Edit annotation to be removed' }).click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await expect(list).toHaveCount(1);
  await page.keyboard.press('Control+z');
  await expect(list).toHaveCount(2);
  await page.keyboard.press('Control+y');
  await expect(list).toHaveCount(1);
  const [download] = await Promise.all([page.waitForEvent('download'), (async () => {
    await page.keyboard.press('Control+e');
    await dialog(page).getByRole('button', { name: /^EDF/ }).click();
  })()]);
  const saved = fixture(`annotated-${process.pid}-${Date.now()}.edf`);
  await download.saveAs(saved);
  const [info] = commandLine('info', saved);
  expect(info.annotations).toEqual([{ onset_s: 2.5, duration_s: 0.25, text: 'Fibrillation, Bürste' }]);
  expect(info.channels).toEqual(commandLine('info', fixture('two.edf'))[0].channels);
  // Opened again, it is there.
  await open(page, saved);
  await opened(page);
  await expect(list).toContainText('Fibrillation, Bürste');
  expect((await json(page, 'info')).annotations).toHaveLength(1);
});

test('sweeps are made around annotations', async ({ page }) => {
  await openRecording(page, 'spike.edf');
  await scope(page).focus();
  await page.keyboard.press('m');
  await dialog(page).getByLabel(/Stimulus, ms/).fill('5');
  await dialog(page).getByRole('button', { name: 'Make sweeps' }).click();
  await expect(page.getByRole('region', { name: 'Measurements' }).locator('tbody tr')).toHaveCount(1);
  await page.keyboard.press('Control+z');
  await expect(lanes(page)).toBeVisible();
});

test('nothing is drawn while nothing happens', async ({ page }) => {
  await page.addInitScript(() => {
    window.strokes = 0;
    for (const prototype of [CanvasRenderingContext2D.prototype, HTMLCanvasElement.prototype]) {
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const { value, set } = Object.getOwnPropertyDescriptor(prototype, name);
        if (typeof value === 'function' && !/^get|constructor|measureText/.test(name)) {
          prototype[name] = function (...args) {
            window.strokes += 1;
            return value.apply(this, args);
          };
        } else if (set && /width|height/.test(name)) {
          const { get } = Object.getOwnPropertyDescriptor(prototype, name);
          Object.defineProperty(prototype, name, { get, set(value) { window.strokes += 1; set.call(this, value); } });
        }
      }
    }
  });
  const idle = async (what) => {
    // Settled: the same count twice, 300 ms apart.
    await expect.poll(async () => {
      const count = await page.evaluate(() => window.strokes);
      await page.waitForTimeout(300);
      return (await page.evaluate(() => window.strokes)) - count;
    }).toBe(0);
    const before = await page.evaluate(() => window.strokes);
    expect(before, `${what} was drawn at all`).toBeGreaterThan(20);
    await page.waitForTimeout(1000);
    expect(await page.evaluate(() => window.strokes), `${what} is still`).toBe(before);
  };
  await openRecording(page, 'two.edf');
  await idle('a recording');
  const before = await page.evaluate(() => window.strokes);
  await page.keyboard.press('v');
  await expect.poll(() => page.evaluate(() => window.strokes)).toBeGreaterThan(before);
  await open(page, 'motor.hea', 'motor.dat', 'motor.meta.json');
  await opened(page);
  await idle('a set of sweeps');
});

test('every layer is as large as the screen has pixels', async ({ page }) => {
  await openRecording(page, 'two.edf');
  for (const layer of [0, TRACES, MARKS]) {
    const size = await page.locator('#scope canvas').nth(layer).evaluate((canvas) => [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight, devicePixelRatio]);
    expect(size[0]).toBeCloseTo(size[2], 2);
    expect(size[1]).toBeCloseTo(size[2], 2);
  }
});
