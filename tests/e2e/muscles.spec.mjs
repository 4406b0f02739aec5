// The table of muscles: filled from analyses and by keys.
import AxeBuilder from '@axe-core/playwright';
import fs from 'node:fs';
import { commandLine, fixture } from './fixtures.mjs';
import { dialog, expect, json, openRecording, opened, test } from './support.mjs';

async function openDemo(page) {
  await page.goto('./?demo=needle');
  await opened(page);
}

test.describe('the table of muscles', () => {
  const grid = (page) => page.getByRole('grid', { name: /Needle EMG/ });
  const row = (page, name) => grid(page).getByRole('row', { name: new RegExp(name) });
  // Side, muscle, nerve, roots, then the columns of findings.
  const COLUMNS = ['side', 'muscle', 'nerve', 'roots', 'insertional', 'fib', 'psw', 'fasc', 'other', 'amp', 'dur', 'poly', 'recruitment', 'pattern', 'comment'];
  const cell = (page, name, column) => row(page, name).locator('td, th').nth(COLUMNS.indexOf(column));
  const add = async (page, typed) => {
    await page.keyboard.press('m');
    await expect(page.getByRole('dialog', { name: 'Which muscle?' })).toBeVisible();
    await page.keyboard.type(typed);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  };

  test('by keyboard alone: analysed, entered, typed, undone, loaded again', async ({ page }) => {
    await openDemo(page);
    await page.keyboard.press('2');
    await expect(page.getByRole('button', { name: /^Enter in table/ })).toBeVisible({ timeout: 60_000 });
    await page.keyboard.press('e');
    await expect(page.getByRole('option', { name: /Tibialis anterior/ })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Left', exact: true })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('1');
    await expect(page.getByRole('button', { name: 'L Tibialis anterior' })).toBeVisible();
    await page.locator('#scope').focus();
    await page.keyboard.press('t');
    await expect(row(page, 'Tibialis anterior')).toBeVisible();
    await expect(cell(page, 'Tibialis anterior', 'roots')).toHaveText('L5 (L4)');
    // No age: the mean stands there without a limit. With one it is judged.
    await expect(cell(page, 'Tibialis anterior', 'dur')).toContainText('ms');
    await page.keyboard.press('i');
    await page.getByLabel(/Age/).fill('45');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(cell(page, 'Tibialis anterior', 'dur')).toContainText('limit 11.9 to 15.9 ms');
    await expect(cell(page, 'Tibialis anterior', 'dur').locator('.unv')).toHaveCount(1);
    await expect(page.getByRole('region', { name: 'Motor unit potentials' }).locator('caption')).toContainText('5 of 20');
    // Muscles by what one types, at the speed of typing.
    await add(page, 'r vmo');
    await expect(row(page, 'Vastus medialis')).toBeVisible();
    await page.keyboard.press('a');
    await expect(cell(page, 'Vastus medialis', 'pattern')).toContainText('full');
    await expect(cell(page, 'Vastus medialis', 'side')).toHaveText('R');
    await add(page, 'l peroneus longus');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('2');
    await page.keyboard.press('Tab');
    await page.keyboard.type('3-+');
    await expect(cell(page, 'Fibularis .peroneus. longus', 'fib')).toContainText('2+*');
    await expect(cell(page, 'Fibularis .peroneus. longus', 'psw')).toContainText('3+*');
    await expect(cell(page, 'Fibularis .peroneus. longus', 'fib')).toHaveClass(/out/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('c');
    await expect(cell(page, 'Fibularis .peroneus. longus', 'other')).toContainText('CRD');
    for (const key of ['End', 'Enter']) await page.keyboard.press(key);
    await page.keyboard.type('painful');
    await page.keyboard.press('Enter');
    await expect(cell(page, 'Fibularis .peroneus. longus', 'comment')).toContainText('painful');
    await page.keyboard.press('x');
    await expect(grid(page).getByRole('row', { name: /Fibularis .peroneus. longus/ })).toHaveCount(2);
    await page.keyboard.press('Control+z');
    await expect(grid(page).getByRole('row', { name: /Fibularis .peroneus. longus/ })).toHaveCount(1);
    await page.keyboard.press('Control+y');
    await expect(grid(page).getByRole('row')).toHaveCount(5);
    await expect(page.getByText(/^Stored here/)).toBeVisible();
    const text = await grid(page).innerText();
    await page.reload();
    await opened(page);
    await page.keyboard.press('t');
    await expect(grid(page).getByRole('row')).toHaveCount(5);
    expect(await grid(page).innerText()).toBe(text);
  });

  test('a finding leads back to its stretch, and a typed value stays', async ({ page }) => {
    await openDemo(page);
    await page.keyboard.press('3');
    await expect(page.getByRole('button', { name: /^Enter in table/ })).toBeVisible({ timeout: 60_000 });
    await page.keyboard.press('e');
    await expect(page.getByRole('option')).not.toHaveCount(0);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.getByRole('navigation', { name: 'Examination' }).getByRole('button', { name: /Table of muscles/ }).click();
    const pattern = cell(page, 'Tibialis anterior', 'pattern');
    const found = (await pattern.locator('.v').innerText()).split(/\W/)[0];
    await pattern.click();
    await page.keyboard.press('s');
    await expect(pattern).toContainText('single unit*');
    await expect(pattern).toContainText(`analysis: ${found}`);
    await page.keyboard.press('Delete');
    await expect(pattern).toContainText(found);
    await pattern.getByRole('button', { name: /^Go to Interference/ }).click();
    await expect(page.getByRole('button', { name: 'Interference pattern' })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator('.verdict')).toContainText('turns/s', { timeout: 60_000 });
    await expect(page.getByRole('button', { name: 'L Tibialis anterior' })).toBeVisible();
  });

  test('saved as CSV and as JSON, which the command line prints as the page does', async ({ page }, info) => {
    await openRecording(page, 'two.edf');
    await page.keyboard.press('t');
    await add(page, 'l ta');
    await page.keyboard.press('a');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('3');
    await expect(cell(page, 'Tibialis anterior', 'fib')).toContainText('3+*');
    const save = async (name) => {
      await page.keyboard.press('Control+e');
      const [download] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('button', { name }).click()]);
      const file = info.outputPath(download.suggestedFilename());
      await download.saveAs(file);
      return file;
    };
    const csv = fs.readFileSync(await save('Values (CSV)'), 'utf8');
    expect(csv).toContain('Needle EMG');
    expect(csv).toMatch(/Tibialis anterior,L,Deep fibular,L5 \(L4\),normal,3\+\*,0,0,none,normal/);
    const file = await save('Table (JSON)');
    const [line] = commandLine('measure', fixture('two.edf'), '--needle', file);
    expect(line.needle).toEqual((await json(page, 'measure')).needle);
    expect(line.needle.rows[0].cells[1].value).toBe('3+');
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing in ${colorScheme}, on a phone as well`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await openDemo(page);
      await page.keyboard.press('t');
      await add(page, 'l ta');
      await page.keyboard.press('a');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('2');
      await expect(cell(page, 'Tibialis anterior', 'fib')).toContainText('2+*');
      const faults = async () => (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].any[0]?.message}`);
      expect(await faults()).toEqual([]);
      await page.keyboard.press('m');
      await expect(page.getByRole('option').first()).toBeVisible();
      expect(await faults()).toEqual([]);
      await page.keyboard.press('Escape');
      await page.setViewportSize({ width: 390, height: 844 });
      await cell(page, 'Tibialis anterior', 'psw').click();
      await page.getByRole('complementary', { name: 'Inspector' }).getByRole('button', { name: /^1\+/ }).click();
      await expect(cell(page, 'Tibialis anterior', 'psw')).toContainText('1+*');
      expect(await faults()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    });
  }
});
