// Every study type as a person meets it: its traces or charts, its tables, its doubts.
import { commandLine, golden } from './fixtures.mjs';
import { cell, expect, json, opened, scope, table, test } from './support.mjs';

const demo = async (page, id) => {
  await page.goto(`./?demo=${id}`);
  await opened(page);
};
const results = (page, title) => table(page).getByRole('table', { name: title });
const chart = (page, words) => page.getByRole('group', { name: 'Charts' }).getByRole('img', { name: words });

test('sensory conduction: averages, limits, single sweeps, a sweep left out and taken in', async ({ page }) => {
  await demo(page, 'sensory');
  await expect(cell(page, 0, 'Stimulated at')).toHaveText('Wrist (average of 11)');
  await expect(page.getByText(/1 of 12 sweeps left out of the average/)).toBeVisible();
  await scope(page).focus();
  await page.keyboard.press('a');
  await expect(table(page).locator('table.nerve tbody tr')).toHaveCount(12);
  await expect(table(page).locator('table.nerve tbody tr.ref')).toHaveCount(1);
  // A good one is left out, and the average is made of ten.
  await page.keyboard.press('PageDown');
  await page.keyboard.press('x');
  await expect(table(page).locator('table.nerve tbody tr.ref')).toHaveCount(2);
  await page.keyboard.press('a');
  await expect(cell(page, 0, 'Stimulated at')).toHaveText('Wrist (average of 10)');
  await page.keyboard.press('Control+z');
  await expect(cell(page, 0, 'Stimulated at')).toHaveText('Wrist (average of 11)');
});

test('a marker of an average is moved and stays', async ({ page }) => {
  await demo(page, 'sensory');
  const latency = async () => Number.parseFloat(await cell(page, 0, 'Latency').innerText());
  await expect.poll(latency).toBeGreaterThan(2);
  const before = await latency();
  await scope(page).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(latency).toBeGreaterThan(before);
  await expect(page.locator('.chip')).toContainText('Stored here');
  const moved = await latency();
  await page.reload();
  await opened(page);
  await expect.poll(latency).toBeCloseTo(moved, 2);
});

test('comparison studies and the Combined Sensory Index of the hand', async ({ page }) => {
  await demo(page, 'sensory');
  await page.getByRole('button', { name: 'Comparisons' }).click();
  const together = page.getByRole('region', { name: 'Comparisons' });
  await expect(together.getByRole('row', { name: /R Combined Sensory Index/ })).toContainText(/2\.\d\d\*/);
  await expect(together.getByRole('row', { name: /R Ring finger/ })).toBeVisible();
  await expect(together).toContainText('not re-read');
});

test('a CMAP scan is counted, charted and needs no recording', async ({ page }) => {
  await page.goto('./?demo=scan');
  await expect(page.locator('html')).toHaveAttribute('data-opened', /./);
  await expect(chart(page, /CMAP scan/)).toBeVisible();
  await expect(results(page, 'CMAP scan').getByRole('row', { name: /Found/ })).toContainText(/\d+/);
  await expect(scope(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Raster' })).toHaveCount(0);
});

test('MUNIX shows its power law and the epochs that it used', async ({ page }) => {
  await demo(page, 'munix');
  await expect(chart(page, /Ideal-case motor unit count/)).toBeVisible();
  await expect(results(page, 'MUNIX').getByRole('row', { name: /^MUNIX \d/ })).toContainText(/of 18/);
  await expect(results(page, 'Epochs').locator('tbody tr')).toHaveCount(18);
});

test('a table is exported as it is shown', async ({ page }) => {
  await demo(page, 'munix');
  await expect(results(page, 'MUNIX')).toBeVisible();
  await page.keyboard.press('Control+e');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Values (CSV)' }).click();
  const stream = await (await download).createReadStream();
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(text).toMatch(/MUSIX \(.V\)/);
  expect(text.split('\n').length).toBeGreaterThan(20);
});

test('stimuli of a BrainVision recording are sweeps', async ({ page }) => {
  await page.goto('./');
  const files = ['small.vhdr', 'small.eeg', 'small.vmrk'].map((name) => golden(`brainvision/${name}`));
  await page.locator('#file-input').setInputFiles(files);
  await opened(page);
  await expect(page.getByRole('navigation', { name: 'Examination' })).toContainText('Sweeps');
  const [theirs] = commandLine('measure', files[0]);
  const { file: _, ...ours } = await json(page, 'measure');
  const { file: __, ...expected } = theirs;
  expect(ours).toEqual(expected);
});
