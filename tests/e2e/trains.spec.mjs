// Trains of discharges changed by a person: keys, pointer, touch; undone; there again after a reload.
import AxeBuilder from '@axe-core/playwright';
import { expect, opened, pxOf, range, scope, test } from './support.mjs';

const inspector = (page) => page.getByRole('complementary', { name: 'Inspector' });
const cards = (page) => inspector(page).locator('.event');
const panel = (page) => page.getByRole('region', { name: 'Selected train' });
const rows = (page) => page.getByRole('region', { name: 'Analysis' }).locator('table').first().locator('tbody tr');
const undo = (page) => page.getByRole('button', { name: /Undo/ });
const marks = (page) => page.getByRole('table', { name: /^Marks of the averaged potential/ });
const mark = async (page, name) => Number.parseFloat(await marks(page).locator('tr', { hasText: name }).locator('td').first().innerText());
const potential = (page) => page.locator('#potential');
const choice = (page) => page.locator('#chosen-discharge');

/** Analyses and waits for the trains. */
async function decompose(page, trains) {
  await scope(page).focus();
  await page.keyboard.press('2');
  await expect(page.locator('.verdict')).toContainText('motor units', { timeout: 60_000 });
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  await expect(cards(page)).toHaveCount(trains);
}

async function openDemo(page) {
  await page.goto('./?demo=needle');
  await opened(page);
  await decompose(page, 5);
}

/** Discharges of the train of a card. */
const count = async (page, card) => Number((await cards(page).nth(card).innerText()).match(/(\d+) times/)[1]);

test('merged, undone, split, a discharge deleted and added by keys, a mark moved, all there after a reload', async ({ page }) => {
  test.setTimeout(120_000);
  await openDemo(page);
  const [first, second] = [await count(page, 0), await count(page, 1)];
  await scope(page).focus();
  await page.keyboard.press('Tab');
  await expect(panel(page)).toContainText('Edit MU A');

  // The other train by C, then merged.
  await page.keyboard.press('c');
  await expect(page.locator('#train-other')).toHaveValue('1');
  await page.keyboard.press('g');
  await expect(cards(page)).toHaveCount(4, { timeout: 30_000 });
  await expect(cards(page).first()).toContainText('by hand');
  expect(await count(page, 0)).toBeGreaterThan(Math.max(first, second));
  await expect(rows(page)).toHaveCount(5);
  await expect(undo(page)).toHaveAttribute('title', 'Undo: merge trains');
  await page.keyboard.press('Control+z');
  await expect(cards(page)).toHaveCount(5, { timeout: 30_000 });
  expect([await count(page, 0), await count(page, 1)]).toEqual([first, second]);
  await expect(cards(page).first()).not.toContainText('by hand');

  // Merged again and split by shape: the two units come apart.
  await page.keyboard.press('Control+y');
  await expect(cards(page)).toHaveCount(4, { timeout: 30_000 });
  await page.keyboard.press('z');
  await expect(cards(page)).toHaveCount(5, { timeout: 30_000 });
  const halves = [await count(page, 0), await count(page, 1)];
  for (const [found, wanted] of [[Math.max(...halves), Math.max(first, second)], [Math.min(...halves), Math.min(first, second)]]) {
    expect(Math.abs(found - wanted)).toBeLessThan(0.08 * wanted);
  }

  // A single discharge away and back, by keys alone.
  const before = await count(page, 0);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(choice(page)).toContainText(/Discharge at \d+\.\d{3} s/);
  const where = (await choice(page).innerText()).match(/at ([\d.]+) s/)[1];
  await page.keyboard.press('Delete');
  await expect(cards(page).first()).toContainText(`${before - 1} times`, { timeout: 30_000 });
  await page.keyboard.press('d');
  await expect(cards(page).first()).toContainText(`${before} times`, { timeout: 30_000 });
  await page.keyboard.press('Shift+J');
  await page.keyboard.press('j');
  await expect(choice(page)).toContainText(where.slice(0, -1));

  // The end of the potential ten samples later, by keys.
  const end = await mark(page, 'End');
  const found = await rows(page).first().locator('td').nth(4).innerText();
  await page.keyboard.press('Shift+P');
  await expect(potential(page)).toBeFocused();
  await page.keyboard.press('3');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => mark(page, 'End')).toBeCloseTo(end + 0.4, 1);
  await expect(marks(page).locator('td.person')).toHaveCount(1);
  // The mark is shown at once, what follows from it when the engine has answered.
  await expect(rows(page).first().locator('td').nth(4)).not.toHaveText(found);
  const duration = await rows(page).first().locator('td').nth(4).innerText();

  await expect(page.locator('.chip')).toContainText('Stored here');
  await page.reload();
  await opened(page);
  await decompose(page, 5);
  await expect(page.getByText('As a person left them.')).toBeVisible();
  expect([await count(page, 0), await count(page, 1)]).toEqual(halves);
  await expect(rows(page).first().locator('td').nth(4)).toHaveText(duration);
  await cards(page).first().click();
  expect(await mark(page, 'End')).toBeCloseTo(end + 0.4, 1);
  await expect(marks(page).locator('td.person')).toHaveCount(1);

  // And without all that again; that can be undone as well.
  await page.getByRole('button', { name: /^Analyse anew/ }).click();
  await expect(page.getByText('As a person left them.')).toHaveCount(0, { timeout: 60_000 });
  await expect(cards(page).first()).toContainText(`${first} times`, { timeout: 60_000 });
  await page.keyboard.press('Control+z');
  await expect(page.getByText('As a person left them.')).toBeVisible({ timeout: 30_000 });
});

test('by pointer: a discharge chosen and moved to a new train, the pencil, a mark dragged', async ({ page }) => {
  test.setTimeout(120_000);
  await openDemo(page);
  const box = await scope(page).boundingBox();
  await cards(page).nth(1).click();
  await page.getByRole('button', { name: 'Closer' }).click();
  // A discharge in view is chosen by keys to know where it is; then a click on its tick chooses it as well.
  await scope(page).focus();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const at = Number((await choice(page).innerText()).match(/at ([\d.]+) s/)[1]);
  await page.keyboard.press('Shift+J');
  const x = box.x + pxOf(await range(page), at);
  // Rows are below the lanes: six of 19 px above the axis of 24 px.
  const y = box.y + box.height - 24 - 19 * 4.5;
  await page.mouse.click(x, y);
  await expect(choice(page)).toContainText(`at ${at.toFixed(3)} s`);
  const before = await count(page, 1);
  await page.getByRole('button', { name: /^Move there/ }).click();
  await expect(cards(page)).toHaveCount(6, { timeout: 30_000 });
  expect(await count(page, 1)).toBe(before - 1);
  await expect(cards(page).nth(5)).toContainText('once');

  // With the pencil one click deletes the next discharge, another near its place adds it again.
  await page.keyboard.press('Control+z');
  await expect(cards(page)).toHaveCount(5, { timeout: 60_000 });
  await page.getByRole('button', { name: /^Pencil/ }).click();
  await page.mouse.click(x, y);
  await expect(cards(page).nth(1)).toContainText(`${before - 1} times`, { timeout: 30_000 });
  await page.mouse.click(x, y);
  await expect(cards(page).nth(1)).toContainText(`${before} times`, { timeout: 30_000 });

  // A flag is dragged; the table follows; undo takes the whole drag back.
  const end = await mark(page, 'End');
  const duration = rows(page).nth(1).locator('td').nth(4);
  const old = await duration.innerText();
  const chart = await potential(page).boundingBox();
  const flag = await flagOf(page, end, chart);
  await page.mouse.move(...flag);
  await page.mouse.down();
  await page.mouse.move(flag[0] + 12, flag[1], { steps: 4 });
  await page.mouse.move(flag[0] + 25, flag[1], { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => mark(page, 'End')).toBeGreaterThan(end + 0.5);
  await expect(duration).not.toHaveText(old, { timeout: 30_000 });
  await page.keyboard.press('Control+z');
  await expect.poll(() => mark(page, 'End')).toBeCloseTo(end, 2);
  await expect(duration).toHaveText(old);
  const axe = await new AxeBuilder({ page }).analyze();
  expect(axe.violations.map((v) => `${v.id}: ${v.nodes[0].target}`)).toEqual([]);
});

/** Where the flag of the end is: found by its number's square, a press there chooses the mark. */
async function flagOf(page, end, chart) {
  for (let x = chart.x + 60; x < chart.x + chart.width - 14; x += 8) {
    for (let y = chart.y + 60; y < chart.y + chart.height - 45; y += 12) {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.up();
      if (await marks(page).locator('tr.sel', { hasText: 'End' }).count()) return [x, y];
    }
  }
  throw new Error(`no flag at ${end} ms`);
}

test('a discharge that was not resolved becomes a train, and goes to another one', async ({ page }) => {
  await openDemo(page);
  await scope(page).focus();
  await page.keyboard.press('Shift+Tab');
  await expect(panel(page)).toContainText('Edit Not resolved');
  await page.keyboard.press('j');
  await expect(choice(page)).toContainText(/Discharge at/);
  await page.keyboard.press('o');
  await expect(cards(page)).toHaveCount(6, { timeout: 30_000 });
  await expect(cards(page).nth(5)).toContainText('MU F');
  await expect(cards(page).nth(5)).toContainText('once');
  // It is selected, and merged with the first by the list.
  await expect(panel(page)).toContainText('Edit MU F');
  await page.locator('#train-other').selectOption({ label: 'MU A' });
  await page.getByRole('button', { name: /^Merge/ }).click();
  await expect(cards(page)).toHaveCount(5, { timeout: 30_000 });
  // Closing the analysis leaves the way back to its trains.
  await page.getByRole('button', { name: /^Motor units/ }).click();
  await page.getByRole('button', { name: /motor units, 0.00 s to 20.00 s/ }).click();
  await expect(page.getByText('As a person left them.')).toBeVisible({ timeout: 30_000 });
});

test('a train at rest gets another class and keeps it', async ({ page }) => {
  await page.goto('./?demo=needle');
  await opened(page);
  await page.keyboard.press('1');
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  await expect(cards(page).first()).toBeVisible();
  await scope(page).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+C');
  await expect(page.locator('#train-class')).toBeFocused();
  await page.locator('#train-class').selectOption({ label: 'Fasciculation' });
  const named = cards(page).filter({ hasText: 'named by a person' });
  await expect(named).toHaveCount(1);
  await expect(named).toContainText('Fasc');
  await page.keyboard.press('Control+z');
  await expect(named).toHaveCount(0);
});

test.describe('by touch', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  test('a train is split and its potential shown', async ({ page }) => {
    test.setTimeout(90_000);
    await page.goto('./?demo=needle');
    await opened(page);
    await page.getByRole('button', { name: /^Motor units/ }).tap();
    await expect(page.locator('.verdict')).toContainText('motor units', { timeout: 60_000 });
    await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
    await cards(page).first().tap();
    await expect(potential(page)).toBeVisible();
    await panel(page).getByRole('button', { name: /^Split/ }).tap();
    await expect(cards(page)).toHaveCount(6, { timeout: 30_000 });
    const small = await panel(page).locator('button').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 44).length);
    expect(small).toBe(0);
  });
});
