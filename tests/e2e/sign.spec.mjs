// Why a report was asked for, and signing it: asked, shown, frozen, amended, found again.
import AxeBuilder from '@axe-core/playwright';
import { dialog, expect, opened, scope, test } from './support.mjs';

const paper = (page) => dialog(page).getByRole('region', { name: 'Report' });
const rules = ['color-contrast-enhanced', 'landmark-no-duplicate-main', 'landmark-main-is-top-level'];

async function clean(page) {
  const axe = await new AxeBuilder({ page }).include('.dialog').disableRules(rules).analyze();
  expect(axe.violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

const look = async (page, name) => {
  if (process.env.MYOSCOPE_LOOK) await page.screenshot({ path: `${process.env.MYOSCOPE_LOOK}/${name}.png` });
};

test('question and patient are asked, and stand in the report', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await scope(page).focus();
  await page.keyboard.press('i');
  await dialog(page).getByLabel('Weight, kg').fill('81');
  await dialog(page).getByLabel('Dominant hand').selectOption('right');
  await dialog(page).getByLabel('Question to the test').fill('Foot drop <left>: where?');
  await dialog(page).getByLabel('Medication that matters').fill('Apixaban');
  await clean(page);
  await look(page, 'person');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  await expect(paper(page)).toContainText('Question: Foot drop <left>: where?');
  await expect(paper(page)).toContainText('81 kg');
  await dialog(page).getByRole('button', { name: 'Full report' }).click();
  await expect(paper(page)).toContainText('Medication that matters: Apixaban');
});

test('a report is signed, stays, and is amended', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  const report = () => page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  const own = page.getByLabel('Your conclusion');
  await own.fill('First reading.');
  await own.blur();
  await report();
  const state = dialog(page).getByRole('status');
  await expect(state).toHaveText('Draft: not signed.');
  await dialog(page).getByRole('button', { name: 'Sign \u2026' }).click();
  await dialog(page).getByRole('button', { name: 'Sign', exact: true }).click();
  await expect(dialog(page).getByRole('alert')).toHaveText('A report is signed with a name.');
  await dialog(page).getByLabel('Name', { exact: true }).fill('A. Reader');
  await dialog(page).getByLabel('Title or role').fill('Neurologist');
  await clean(page);
  await look(page, 'sign');
  await dialog(page).getByRole('button', { name: 'Sign', exact: true }).click();
  await expect(state).toContainText('Signed by A. Reader on ');
  await expect(paper(page)).toContainText('Signed by A. Reader, Neurologist on ');
  await expect(dialog(page).getByText(/SHA-256 of the HTML file: [0-9a-f]{64}/)).toBeVisible();
  await look(page, 'signed');
  await page.keyboard.press('Escape');

  await own.fill('Second reading.');
  await own.blur();
  await report();
  await expect(state).toContainText('The study was changed since then');
  await expect(paper(page)).toContainText('Draft of the study as it stands. Version 1 was signed by A. Reader');
  await dialog(page).getByRole('button', { name: 'Amend \u2026' }).click();
  await dialog(page).getByLabel('What was changed, and why').fill('The first was a slip.');
  await clean(page);
  await dialog(page).getByRole('button', { name: 'Sign the amendment' }).click();
  await expect(paper(page)).toContainText('Amended report, version 2');
  await look(page, 'amended');
  await dialog(page).getByLabel('Version').selectOption({ index: 2 });
  await expect(paper(page).getByRole('heading', { level: 1 })).toHaveText('First reading.');
  await expect(state).toContainText('An earlier version.');
});

test('a letterhead is dropped, stands on reports, and is kept', async ({ page }) => {
  await page.goto('./');
  const panel = page.getByRole('region', { name: 'Letterhead of reports' });
  const give = (text) => page.locator('#file-input').setInputFiles({ name: 'ours.toml', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await give('[text]\nclosing = "{pateint}"\n');
  await expect(page.getByText('{pateint} is no placeholder')).toBeVisible();
  await expect(panel).toContainText('Reports carry no letterhead');
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  await give(`[clinic]\nname = "Clinic of Nerves"\nlines = ["Street 1", "Town"]\nlogo = "data:image/png;base64,${dot}"\n[text]\nclosing = "With regards, of {number}"\n`);
  await expect(panel).toContainText('Clinic of Nerves: its letterhead');
  await look(page, 'home');
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await page.getByRole('region', { name: 'Conclusion' }).getByRole('button', { name: 'Report' }).click();
  await expect(paper(page).locator('.letterhead')).toContainText('Clinic of Nerves');
  await expect(paper(page)).toContainText('With regards, of DEMO');
  expect(await paper(page).locator('.letterhead img').evaluate((image) => image.decode().then(() => image.naturalWidth))).toBe(1);
  await clean(page);
});
