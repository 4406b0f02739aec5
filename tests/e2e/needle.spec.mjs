// Needle EMG: motor units found in a recording, shown, listened to.
import { expect, opened, range, scope, test } from './support.mjs';

async function openDemo(page) {
  await page.goto('./?demo=needle');
  await opened(page);
}

const cards = (page) => page.getByRole('complementary', { name: 'Inspector' }).locator('.event');
const analysis = (page) => page.getByRole('region', { name: 'Analysis' });

test('motor units are found, listed with their potentials, and gone again', async ({ page }) => {
  await openDemo(page);
  await page.getByRole('button', { name: /^Motor units/ }).click();
  await expect(page.getByRole('button', { name: /^Motor units/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.verdict')).toContainText('motor units', { timeout: 60_000 });
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  // Five units fire in it.
  await expect(page.locator('.verdict')).toContainText('5 motor units');
  await expect(cards(page)).toHaveCount(5);
  await expect(cards(page).first()).toContainText(/Hz, intervals vary/);
  const table = analysis(page).locator('table').first();
  await expect(table.locator('tbody tr')).toHaveCount(6);
  await expect(table.locator('thead')).toContainText('Duration');
  await expect(page.getByRole('group', { name: 'Charts' }).locator('.chart')).toHaveCount(2);
  // Again: back to the recording alone.
  await page.getByRole('button', { name: /^Motor units/ }).click();
  await expect(cards(page)).toHaveCount(0);
  await expect(analysis(page)).toHaveCount(0);
});

test('by keys: analysed between the cursors, trains one by one, one heard alone', async ({ page }) => {
  await openDemo(page);
  const box = await scope(page).boundingBox();
  await page.mouse.click(box.x + box.width * 0.55, box.y + 60);
  await page.keyboard.down('Shift');
  await page.mouse.click(box.x + box.width * 0.95, box.y + 60);
  await page.keyboard.up('Shift');
  await page.keyboard.press('2');
  await expect(page.getByRole('heading', { name: /^Motor units 5\.\d+ s to 9\.\d+ s/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  await expect(cards(page).first()).toBeVisible();
  await scope(page).focus();
  await page.keyboard.press('Tab');
  await expect(cards(page).first()).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('h');
  await expect(page.getByRole('button', { name: /^Train alone/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('#play')).toContainText('Stop');
  await expect(page.locator('.sound .at')).toContainText('of 20.00 s');
  await page.keyboard.press('Space');
  await expect(page.locator('#play')).toContainText('Play');
});

test('a train out of view is gone to', async ({ page }) => {
  await openDemo(page);
  await page.keyboard.press('2');
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  await expect(cards(page)).toHaveCount(5);
  for (let k = 0; k < 5; k++) await page.getByRole('button', { name: 'Closer' }).click();
  await page.keyboard.press('Home');
  expect((await range(page)).to).toBeLessThan(5);
  await cards(page).first().click();
  await expect.poll(async () => (await range(page)).to).toBeGreaterThan(5);
});

for (const [key, name, verdict, tables] of [
  ['1', 'Activity at rest', /not at rest/, 1],
  ['3', 'Interference pattern', /turns\/s/, 1],
  ['4', 'Jitter', /No pair/, 0],
  ['5', 'Surface EMG', /contraction/, 1],
]) {
  test(`key ${key} asks for ${name}`, async ({ page }) => {
    await openDemo(page);
    await page.keyboard.press(key);
    await expect(page.getByRole('button', { name })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator('.verdict')).toContainText(verdict, { timeout: 60_000 });
    await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
    expect(await analysis(page).locator('table').count()).toBeGreaterThanOrEqual(tables);
    await page.keyboard.press(key);
    await expect(page.locator('.verdict')).toHaveCount(0);
  });
}

const sweeps = (page) => page.getByRole('group', { name: 'Triggered sweeps', exact: true });

test('the lane as sweeps where it passes a level, by keys', async ({ page }) => {
  await openDemo(page);
  await page.keyboard.press('r');
  await expect(sweeps(page)).toContainText(/1 to 20 of \d+ sweeps, passing 500 µV/);
  const found = async () => Number((await sweeps(page).locator('.sub').textContent()).match(/of (\d+)/)[1]);
  const high = await found();
  await page.getByLabel('Level', { exact: true }).fill('200');
  await page.keyboard.press('Enter');
  await expect(sweeps(page)).toContainText('passing 200 µV');
  expect(await found()).toBeGreaterThan(high);
  await scope(page).focus();
  await page.keyboard.press('PageDown');
  await expect(sweeps(page)).toContainText(/21 to 40 of/);
  await page.keyboard.press('.');
  await expect(sweeps(page)).toContainText(/1 to 20 of \d+ sweeps, passing 225 µV/);
  // The second sweep in the signal, with the cursor on it.
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(sweeps(page)).toHaveCount(0);
  const { from, to } = await range(page);
  expect((from + to) / 2).toBeGreaterThan(5);
  await expect(page.locator('.values')).toContainText('µV');
});

test('the sweeps of a train, superimposed', async ({ page }) => {
  await openDemo(page);
  await page.keyboard.press('2');
  await expect(page.locator('.verdict')).toContainText('account for the activity', { timeout: 60_000 });
  await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
  const times = Number((await cards(page).nth(2).textContent()).match(/(\d+) times/)[1]);
  await cards(page).nth(2).click();
  await page.getByRole('button', { name: /^Superimposed/ }).click();
  await expect(sweeps(page)).toContainText(`of ${times} sweeps, around discharges of MU C`);
  await expect(page.getByRole('img', { name: /sweeps, around discharges of MU C/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sweeps(page)).toHaveCount(0);
});

test('a spectrogram lies under the lanes and follows the view', async ({ page }) => {
  await openDemo(page);
  // Share of pixels in the strip that are not the ground's.
  const filled = () => page.evaluate(() => {
    const canvas = document.querySelectorAll('#scope canvas')[1];
    const [top, bottom] = [Math.round(canvas.height * 0.72), Math.round(canvas.height * 0.93)];
    const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, bottom - top);
    let coloured = 0;
    for (let k = 0; k < data.length; k += 4) coloured += data[k + 3] > 0 && data[k] < 235 ? 1 : 0;
    return coloured / (data.length / 4);
  });
  await page.keyboard.press('w');
  await expect(page.getByRole('img', { name: /Spectrogram of Needle L tib ant below/ })).toBeVisible();
  await expect.poll(filled).toBeGreaterThan(0.02);
  const first = await filled();
  await page.keyboard.press('End');
  await expect.poll(filled).toBeGreaterThan(first * 1.3);
  await page.keyboard.press('w');
  await expect(page.getByRole('img', { name: /Spectrogram/ })).toHaveCount(0);
});
