// The answer: from tests and muscles to a conclusion with its evidence, and the reader's own words.
import { golden } from './fixtures.mjs';
import { expect, opened, test } from './support.mjs';

const page_of = (page) => page.getByRole('region', { name: 'Conclusion' });

test('a study is concluded, and its evidence leads to the test', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  const card = page_of(page).locator('article');
  await expect(card).toHaveCount(1);
  await expect(card).toContainText('Fibular neuropathy at the fibular head');
  await expect(card).toContainText('left; moderate; conduction block');
  await expect(card).toContainText('unverified');
  await expect(page_of(page)).toContainText('time since onset not given');
  await expect(page_of(page).getByRole('group', { name: 'Left leg' }).locator('svg')).toContainText('lesion: Fibular head');
  // The rule opens with its words and where it is from.
  await card.getByRole('button', { name: /^Common fibular neuropathy/ }).first().click();
  await expect(card.locator('.row')).toContainText('amp drop BFH');
  await expect(card.locator('.row')).toContainText('recalled, not read again in the source');
  await card.getByRole('button', { name: /amplitude falls/ }).click();
  await expect(page.getByRole('heading', { name: /Fibular|fibular/ }).first()).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Examination' }).locator('[aria-current]')).toContainText('Fibular');
});

test('by keys: the page, since when, own words that stay after a reload', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  // It is the last entry of the list.
  for (let k = 0; k < 8; k++) await page.keyboard.press('Control+]');
  await expect(page_of(page)).toBeVisible();
  await page.keyboard.press('i');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('First symptom, weeks ago').fill('2');
  await page.keyboard.press('Enter');
  await expect(page_of(page)).toContainText('14 days since onset');
  await page_of(page).getByRole('textbox').fill('Block at the fibular head; repeat in three weeks.');
  await page.keyboard.press('Tab');
  await expect(page.getByText(/Stored here/)).toBeVisible();
  await page.reload();
  await opened(page);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await expect(page_of(page).getByRole('textbox')).toHaveValue('Block at the fibular head; repeat in three weeks.');
  await expect(page_of(page)).toContainText('14 days since onset');
  await page_of(page).getByRole('button', { name: 'Take the draft over' }).click();
  await expect(page_of(page).getByRole('textbox')).toHaveValue(/^Fibular neuropathy at the fibular head: left; moderate/);
});

test('an earlier study that is open as well is set beside the one in view', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await page.locator('#file-input').setInputFiles(golden('study/median.edf'));
  await expect(page.getByText('median.edf').first()).toBeVisible();
  await page.getByRole('button', { name: 'Conclusion' }).click();
  const shown = page.getByRole('region', { name: 'Conclusion', exact: true });
  await shown.getByLabel('Earlier study', { exact: true }).selectOption({ index: 1 });
  await expect(shown.getByText('No value is in both studies.')).toBeVisible();
  await expect(shown.getByRole('region', { name: 'Conclusions that changed' })).toContainText('Fibular neuropathy');
  await expect(shown).toContainText(/number is not the same|does not say who was examined/);
  await shown.getByLabel('Earlier study', { exact: true }).selectOption('');
  await expect(shown.getByText('No value is in both studies.')).toHaveCount(0);
});
