// Values of nerves typed at the keyboard, in a study without a recording.
import AxeBuilder from '@axe-core/playwright';
import { dialog, expect, test } from './support.mjs';

test('a study is typed from paper by keyboard alone, concluded from, and kept', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Type values instead' }).click();
  await dialog(page).getByLabel('Name').fill('Doe Jane');
  await page.keyboard.press('Enter');
  await expect(page.locator('body')).toContainText('Doe Jane');

  const choose = async (words, side) => {
    await page.getByRole('button', { name: /Type values/ }).click();
    await dialog(page).getByRole('button', { name: side }).click();
    await dialog(page).getByLabel('Nerve, muscle or kind').fill(words);
    await dialog(page).getByLabel('Nerve, muscle or kind').press('Enter');
    await expect(dialog(page)).toHaveCount(0);
    await expect(page.getByLabel(/Latency, .*, in ms/).first()).toBeFocused();
  };
  await choose('median motor apb', 'Right');
  // Latency, amplitude, duration of the wrist; Enter goes on.
  for (const value of ['5,6', '6.1', '']) {
    await page.keyboard.type(value);
    await page.keyboard.press('Enter');
  }
  const latency = page.getByLabel('Latency, Wrist, in ms');
  await expect(latency).toHaveValue('5.6');
  await expect(page.getByRole('row', { name: /^Wrist/ })).toContainText('H*');
  await page.getByLabel(/^Latency, (Elbow|Antecubital)/).fill('9.7');
  await page.getByLabel(/^Latency, (Elbow|Antecubital)/).press('Enter');
  await page.getByLabel(/^Distance to the next more distal site, (Elbow|Antecubital)/).fill('220');
  await page.getByLabel(/^Distance to the next more distal site, (Elbow|Antecubital)/).press('Enter');
  await expect(page.getByLabel(/^Velocity, (Elbow|Antecubital)/)).toHaveAttribute('placeholder', '53.7');
  await latency.fill('fast');
  await latency.press('Enter');
  await expect(page.getByRole('region', { name: 'Messages' })).toContainText("'fast' is no number of ms");
  await expect(latency).toHaveValue('5.6');

  await choose('median sensory digit 2', 'Right');
  for (const value of ['3.9', '4.6', '9']) {
    await page.keyboard.type(value);
    await page.keyboard.press('Enter');
  }
  await choose('ulnar sensory', 'Right');
  for (const value of ['2.5', '3.2', '22']) {
    await page.keyboard.type(value);
    await page.keyboard.press('Enter');
  }
  const axe = await new AxeBuilder({ page }).disableRules(['color-contrast-enhanced', 'region']).analyze();
  expect(axe.violations.map((found) => `${found.id}: ${found.nodes[0].html.slice(0, 120)}`)).toEqual([]);
  await page.getByRole('button', { name: 'Conclusion' }).click();
  await expect(page.getByRole('region', { name: 'Conclusion' })).toContainText(/carpal tunnel/i);

  // Kept in this browser: after a reload everything is there.
  await page.waitForFunction(() => !document.body.innerText.includes('Storing'));
  await page.goto('./');
  await page.getByRole('button', { name: /study-\d/ }).first().click();
  await page.getByRole('button', { name: 'Median (APB)' }).click();
  await expect(page.getByLabel('Latency, Wrist, in ms')).toHaveValue('5.6');
  await page.getByRole('checkbox', { name: 'No response, Wrist' }).check();
  await page.keyboard.press('Control+z');
  await expect(page.getByRole('checkbox', { name: 'No response, Wrist' })).not.toBeChecked();
  await page.getByRole('button', { name: 'Remove this test' }).click();
  await expect(page.getByRole('button', { name: 'Median (APB)' })).toHaveCount(0);
});
