// A study as one file: what leaves is shown before, and it opens as the same study elsewhere.
import fs from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { execFileSync } from 'node:child_process';
import { program } from './fixtures.mjs';
import { dialog, expect, opened, test } from './support.mjs';

async function share(page) {
  await page.keyboard.press('Control+e');
  await dialog(page).getByRole('button', { name: /Study file/ }).click();
  await expect(dialog(page).getByRole('heading', { name: 'Study file' })).toBeVisible();
}

async function saved(page, path) {
  const [download] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('button', { name: 'Save study file' }).click()]);
  await download.saveAs(path);
  await expect(dialog(page)).toHaveCount(0);
  return download.suggestedFilename();
}

test('a study with a person\'s work goes into one file and is the same study in another browser', async ({ page, browser, baseURL }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('textbox', { name: /conclusion/i }).fill('Read by hand: L5 is not it.');
  await page.getByRole('textbox', { name: /conclusion/i }).blur();
  await share(page);
  const told = dialog(page).getByRole('region', { name: 'What tells who was examined' });
  await expect(told).toContainText('DEMO');
  await expect(dialog(page).getByRole('list', { name: 'Free text' })).toContainText('Read by hand');
  const axe = await new AxeBuilder({ page }).include('.dialog').disableRules(['color-contrast-enhanced']).analyze();
  expect(axe.violations.map((found) => found.id)).toEqual([]);
  const path = test.info().outputPath('study.myo');
  expect(await saved(page, path)).toMatch(/\.myo$/);
  expect(execFileSync(program(), ['verify', path]).toString()).toContain('whole');

  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await other.goto('./');
  await other.setInputFiles('input[type=file]:not([webkitdirectory])', path);
  await opened(other);
  await other.getByRole('button', { name: 'Conclusion' }).click();
  await expect(other.getByRole('textbox', { name: /conclusion/i })).toHaveValue('Read by hand: L5 is not it.');
  await expect(other.locator('body')).toContainText('DEMO');
  await context.close();
});

test('without names nothing that was not ticked leaves', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('textbox', { name: /conclusion/i }).fill('Mrs Example: L5.');
  await page.getByRole('textbox', { name: /conclusion/i }).blur();
  await share(page);
  await dialog(page).getByLabel('Without names').check();
  const told = dialog(page).getByRole('region', { name: 'What tells who was examined' });
  await expect(told.getByRole('row', { name: /Number/ })).toContainText('left out');
  await dialog(page).getByLabel(/Mrs Example/).uncheck();
  await dialog(page).getByLabel('Days later by').fill('x');
  await dialog(page).getByLabel('Days later by').blur();
  await expect(dialog(page).getByRole('alert')).toContainText('no whole number');
  await dialog(page).getByLabel('Days later by').fill('-3');
  await dialog(page).getByLabel('Days later by').blur();
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
  const path = test.info().outputPath('study.myo');
  expect(await saved(page, path)).toBe('study.myo');
  const parts = test.info().outputPath('parts');
  execFileSync(program(), ['unpack', path, '-o', parts]);
  const all = fs.readdirSync(parts, { recursive: true }).map(String).filter((name) => fs.statSync(`${parts}/${name}`).isFile());
  expect(all.length).toBeGreaterThan(6);
  for (const name of all) {
    const text = fs.readFileSync(`${parts}/${name}`).toString('latin1');
    expect(text.includes('DEMO') || text.includes('Mrs Example'), name).toBe(false);
  }
});
