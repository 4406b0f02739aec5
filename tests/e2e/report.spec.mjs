// The report in the page: each depth, without names, its files, and how it is read aloud.
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { execFileSync } from 'node:child_process';
import { golden, program } from './fixtures.mjs';
import { dialog, expect, opened, test } from './support.mjs';

const paper = (page) => dialog(page).getByRole('region', { name: 'Report' });

test('the report opens from the conclusion, in each depth, and is saved as it is shown', async ({ page, browser }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  await expect(paper(page).getByRole('heading', { level: 1 })).toContainText('Fibular neuropathy at the fibular head, left, moderate');
  await expect(paper(page)).toContainText('DEMO');
  await expect(paper(page).getByRole('img', { name: /Nerve map, left leg/ }).first()).toBeVisible();
  const axe = await new AxeBuilder({ page }).include('.dialog').disableRules(['color-contrast-enhanced', 'landmark-no-duplicate-main', 'landmark-main-is-top-level']).analyze();
  expect(axe.violations.map((found) => found.id)).toEqual([]);
  // A style sheet that did not apply would leave the paper as dark as the page.
  expect(await paper(page).locator('.sheet').evaluate((sheet) => getComputedStyle(sheet).backgroundColor)).toBe('rgb(255, 255, 255)');

  await dialog(page).getByRole('button', { name: 'Full report' }).click();
  await expect(paper(page).getByRole('table', { name: 'Motor conduction' })).toBeVisible();
  const saved = page.waitForEvent('download');
  await dialog(page).getByRole('button', { name: 'Save HTML' }).click();
  const path = test.info().outputPath('report.html');
  await (await saved).saveAs(path);
  const shown = await paper(page).locator('.sheet').evaluate((sheet) => sheet.textContent.replace(/\s+/g, ' ').trim());
  // As whoever gets it opens it: from the disk, in a browser that has never seen the page.
  const other = await browser.newContext();
  const alone = await other.newPage();
  const faults = [];
  alone.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  alone.on('request', (request) => request.url().startsWith('http') && faults.push(request.url()));
  await alone.goto(pathToFileURL(path).href);
  const file = await alone.locator('.sheet').evaluate((sheet) => sheet.textContent.replace(/\s+/g, ' ').trim());
  expect(await alone.evaluate(() => document.compatMode)).toBe('CSS1Compat');
  expect(await alone.locator('.sheet').evaluate((sheet) => getComputedStyle(sheet).backgroundColor)).toBe('rgb(255, 255, 255)');
  expect(faults).toEqual([]);
  await other.close();
  expect(file).toBe(shown);

  await dialog(page).getByLabel('Without names').check();
  await expect(paper(page)).not.toContainText('DEMO');
  const text = page.waitForEvent('download');
  await dialog(page).getByRole('button', { name: 'Save text' }).click();
  const lines = fs.readFileSync(await (await text).path(), 'utf8').split('\n');
  expect(lines.some((line) => line.includes('DEMO'))).toBe(false);
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(78);

  await dialog(page).getByRole('button', { name: 'For the patient' }).click();
  await expect(paper(page)).toContainText('The nerve that lifts the foot');
});

test('the reader\'s own text is what the report says', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByLabel('Your conclusion').fill('Block at the knee <b>left</b>.');
  await page.getByLabel('Your conclusion').blur();
  await page.keyboard.press('Control+e');
  await dialog(page).getByRole('button', { name: 'Summary' }).click();
  await expect(paper(page).getByRole('heading', { level: 1 })).toHaveText('Block at the knee <b>left</b>.');
  await expect(paper(page)).not.toContainText('Fibular neuropathy');
});

/** Opens the report and saves it by a button: name and bytes. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('button', { name: button }).click()]);
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
}

test('a PDF is made in the page as the command line makes it, also without a network from the second one on', async ({ page, context }) => {
  const fetched = [];
  page.on('response', (response) => /pdf-/.test(response.url()) && fetched.push(response.url()));
  await page.goto('./');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  });
  await page.locator('#file-input').setInputFiles(golden('study/median.edf'));
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  await dialog(page).getByRole('button', { name: 'Full report' }).click();
  expect(fetched, 'not before it is wanted').toEqual([]);

  // What was never fetched cannot be had without a network, and that is said.
  await context.setOffline(true);
  await dialog(page).getByRole('button', { name: 'Save PDF' }).click();
  await expect(page.getByText('No PDF was made.')).toBeAttached();
  await context.setOffline(false);

  const pdf = await saved(page, 'Save PDF');
  const path = test.info().outputPath('report.pdf');
  execFileSync(program(), ['report', golden('study/median.edf'), '--depth', 'full', '-o', path]);
  expect(pdf.name).toBe('report-full.pdf');
  expect(pdf.bytes.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.bytes.equals(fs.readFileSync(path)), 'the same bytes').toBe(true);

  await context.setOffline(true);
  await page.reload();
  await page.locator('#file-input').setInputFiles(golden('study/median.edf'));
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  const dicom = await saved(page, 'Save DICOM');
  expect(dicom.name).toBe('report-summary.dcm');
  expect(dicom.bytes.subarray(128, 132).toString()).toBe('DICM');
  await context.setOffline(false);
});
