// A median and an ulnar study as the examiner does them: two EDF+ files dropped, the studies
// confirmed, distances and temperature typed, markers stepped, all by keyboard; the table is read.
import { golden } from './fixtures.mjs';
import { cell, dialog, drop, expect, json, opened, scope, table, test, value } from './support.mjs';

const FILES = ['median.edf', 'ulnar.edf'].map((name) => golden(`study/${name}`));

async function arm(page) {
  await page.goto('./');
  await drop(page, page.locator('main.home'), FILES);
  await opened(page);
  await expect(table(page).locator('table.nerve tbody tr')).toHaveCount(2);
}

/** Types distances from the selected site on; Enter goes to the next site. */
async function distances(page, list) {
  await scope(page).focus();
  await page.keyboard.press('d');
  for (const mm of list) {
    await page.keyboard.type(String(mm));
    await page.keyboard.press('Enter');
  }
  await expect(scope(page)).toBeFocused();
}

test('median and ulnar studies by keyboard alone', async ({ page }) => {
  await arm(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Median motor (APB)');
  await expect(page.getByText('taken for Median motor to APB (G confirms)')).toBeVisible();

  // The study is confirmed by Enter; its limits are beside the values.
  await scope(page).focus();
  await page.keyboard.press('g');
  await expect(dialog(page).getByRole('button', { name: /Median motor to APB/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByText('taken for')).toHaveCount(0);
  await expect(cell(page, 0, 'Latency limit')).toHaveText('\u2264 4.5');
  await expect(cell(page, 0, 'Latency')).toContainText('H*');
  await expect(cell(page, 0, 'Amplitude')).not.toContainText('*');

  // Distances, then the velocity with its limit.
  await distances(page, [80, 230]);
  await expect.poll(() => value(page, 1, 'Velocity')).toBeGreaterThan(50);
  expect(await value(page, 1, 'Velocity')).toBeLessThan(62);
  await expect(cell(page, 1, 'Velocity limit')).toHaveText('\u2265 49');
  await expect(page.getByText(/Residual latency \d\.\d\d ms\. Terminal latency index 0\.\d\d\./)).toBeVisible();

  // A cold hand is said.
  await page.locator('#temperature').focus();
  await page.keyboard.type('29.5');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/Skin 29\.5 .C is cold/)).toBeVisible();

  // The onset of the elbow one sample later: slower at once.
  const before = await value(page, 1, 'Velocity');
  await scope(page).focus();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => value(page, 1, 'Velocity')).toBeLessThan(before);
  await page.keyboard.press('Backspace');
  await expect.poll(() => value(page, 1, 'Velocity')).toBeCloseTo(before, 1);

  // The ulnar nerve: slowed across the elbow, and nothing else.
  await page.keyboard.press('Control+]');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('R Ulnar motor (ADM)');
  await expect(table(page).locator('table.nerve tbody tr')).toHaveCount(3);
  await page.keyboard.press('g');
  await page.keyboard.press('1');
  await expect(dialog(page)).toHaveCount(0);
  await distances(page, [80, 220, 100]);
  await expect.poll(() => value(page, 1, 'Velocity')).toBeGreaterThan(50);
  await expect.poll(() => value(page, 2, 'Velocity')).toBeLessThan(45);
  await expect(cell(page, 2, 'Velocity')).toContainText('L*');
  await expect(cell(page, 1, 'Velocity')).not.toContainText('*');
  await expect(cell(page, 0, 'Latency')).not.toContainText('*');
});

test('a distance of 8 for 80 mm is doubted', async ({ page }) => {
  await arm(page);
  await distances(page, [80, 23]); // 23 cm
  await expect(cell(page, 1, 'Quality')).toContainText('?');
  await expect(table(page).getByText(/was it measured in cm/)).toBeAttached();
});

test('the other nerve is laid behind by keys, at the same scale', async ({ page }) => {
  await arm(page);
  await scope(page).focus();
  await page.keyboard.press('c');
  await dialog(page).getByRole('button', { name: /R Ulnar motor/ }).press('Enter');
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'Compared with R Ulnar' })).toBeAttached();
  await page.keyboard.press('c');
  await expect(dialog(page)).toHaveCount(0);
});

test('age and sex choose the stratum of a limit, marked where it is not verified', async ({ page }) => {
  await arm(page);
  await scope(page).focus();
  await page.keyboard.press('i');
  await dialog(page).getByLabel('Age, years').fill('62');
  await dialog(page).getByLabel('Sex').selectOption('F');
  await dialog(page).getByRole('button', { name: 'Done' }).press('Enter');
  await expect(cell(page, 0, 'Latency limit')).toHaveText('\u2264 4.4');
  await expect(cell(page, 0, 'Latency limit').locator('.unv')).toBeVisible();
});

test('what the page measures is what the command line measures', async ({ page }) => {
  await arm(page);
  const page_ = await json(page, 'measure');
  expect(page_.tests.map((of) => of.title)).toEqual(['R Median motor (APB)', 'R Ulnar motor (ADM)']);
  expect(page_.sweeps).toHaveLength(5);
});
