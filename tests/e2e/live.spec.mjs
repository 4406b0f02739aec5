// A live recording without hardware: the simulated patient speaks the open protocol through the same
// decoder, log and views as an amplifier.
import AxeBuilder from '@axe-core/playwright';
import { expect, opened, scope, test } from './support.mjs';

const status = (page) => page.locator('#live-status');
const samples = async (page) => Number(await status(page).getAttribute('data-samples'));
const right = async (page) => Number(await scope(page).getAttribute('data-to-s'));

async function record(page, condition = 'Fibrillating muscle') {
  await page.goto('./');
  await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: condition }).click();
  await opened(page);
  await expect(status(page)).toHaveAttribute('data-stage', 'streaming');
}

test('a simulated patient is recorded, frozen, run on, marked, ended, and opens again after a reload', async ({ page }) => {
  await record(page);
  const before = await samples(page);
  await expect.poll(() => samples(page)).toBeGreaterThan(before + 48_000);
  // Effort by key; the traces run: the right edge is where the newest sample is.
  await page.keyboard.press('F8');
  await expect(page.getByRole('button', { name: /^Slight/ })).toHaveAttribute('aria-pressed', 'true');
  const edge = await right(page);
  await expect.poll(() => right(page)).toBeGreaterThan(edge + 0.5);
  // Frozen: the view stands while samples come.
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: /^Run/ })).toBeVisible();
  const frozen = [await right(page), await samples(page)];
  await expect.poll(() => samples(page)).toBeGreaterThan(frozen[1] + 24_000);
  expect(await right(page)).toBe(frozen[0]);
  // Scrolling back looks at what was recorded; a mark is put at this moment.
  await page.keyboard.press('ArrowLeft');
  expect(await right(page)).toBeLessThan(frozen[0]);
  await page.keyboard.press('Insert');
  await expect(page.locator('.annotations')).toContainText('Mark');
  await page.keyboard.press(' ');
  await expect.poll(() => right(page)).toBeGreaterThan(frozen[0]);
  await expect(status(page)).toHaveAttribute('data-lost', '0');
  await expect(status(page)).toContainText('nothing lost');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);

  await page.locator('#live-end').click();
  await expect(status(page)).toHaveCount(0);
  const length = await page.locator('.inspect').getByText(/^\d.*s$/).first().textContent();
  // The study stays, is analysed like any other, and comes back from its raw log.
  await page.reload();
  await opened(page);
  await expect(page.locator('.annotations')).toContainText('Mark');
  await expect(page.locator('.inspect').getByText(length, { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: /^Rest|^Activity at rest/ }).first().click();
  await expect(page.locator('.verdict')).not.toBeEmpty({ timeout: 30_000 });
  // And it is listed on the first page.
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  await expect(page.getByRole('region', { name: 'Studies in this browser' }).first()).toContainText('Recording of');
});

test('a recording whose page was closed is offered and whole', async ({ page, context, faults }) => {
  await record(page, 'Healthy');
  await expect.poll(() => samples(page)).toBeGreaterThan(96_000);
  const recorded = await samples(page);
  await page.close({ runBeforeUnload: false });
  const next = await context.newPage();
  next.on('pageerror', (error) => faults.push(String(error)));
  await next.goto('./');
  const rescued = next.locator('.note.rescued');
  await expect(rescued).toContainText('has been rescued');
  await rescued.getByRole('button', { name: 'Open it' }).click();
  await opened(next);
  const rows = next.getByRole('table').filter({ hasText: 'Needle' }).first();
  await expect(rows).toBeVisible();
  const duration = await next.evaluate(async () => {
    document.dispatchEvent(new Event('myoscope-json'));
    await new Promise((done) => setTimeout(done, 300));
    return JSON.parse(document.documentElement.getAttribute('data-info-json'));
  });
  const text = JSON.stringify(duration);
  const counts = [...text.matchAll(/"n(?:_samples)?":(\d+)/g)].map((match) => Number(match[1]));
  // But for the last half second.
  expect(Math.max(...counts)).toBeGreaterThan(recorded - 24_000);
});

test('without serial ports the page says which browsers have them', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'serial', { value: undefined }));
  await page.goto('./');
  await page.locator('#connect').click();
  await expect(page.locator('.note.doubt')).toContainText('Firefox from version 151');
});

test('sweeps follow the newest discharges, by level, window and free running, and are frozen', async ({ page }) => {
  await record(page);
  const bar = page.getByRole('group', { name: 'Triggered sweeps', exact: true });
  const words = bar.getByRole('status');
  await page.keyboard.press('F8');
  await page.keyboard.press('r');
  await expect(words).toContainText(/newest \d+ of \d+ in \d+ s, passing 100/, { timeout: 20_000 });
  await bar.getByLabel('to', { exact: true }).fill('20');
  await bar.getByLabel('to', { exact: true }).press('Tab');
  // A second level below the first is refused.
  await expect(bar.getByLabel('to', { exact: true })).toHaveValue('');
  await bar.getByLabel('to', { exact: true }).fill('5000');
  await bar.getByLabel('to', { exact: true }).press('Tab');
  await expect(words).toContainText(/passing 100 .*but not 5/);
  await bar.getByRole('button', { name: 'Free running' }).click();
  await expect(words).toContainText('following each other');
  await scope(page).focus();
  const before = await samples(page);
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: /^Run/ })).toBeVisible();
  await page.keyboard.press('PageUp');
  await expect(words).toContainText(/21 to \d+ back of \d+/);
  await expect.poll(() => samples(page)).toBeGreaterThan(before);
  await page.locator('#live-end').click();
  await expect(words).toContainText(/1 to 20 of \d+ sweeps/);
});
