// Opening: by the file input, by drop, several files, folders, tables without a rate, refusals.
import { commandLine, fixture, golden } from './fixtures.mjs';
import { dialog, expect, forget, json, open, opened, openRecording, range, scope, table, test, drop } from './support.mjs';

for (const extension of ['edf', 'bdf', 'wav', 'csv']) {
  test(`a person opens ${extension} by the file input and sees its lanes`, async ({ page }) => {
    await openRecording(page, `two.${extension}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`two.${extension}`);
    const lanes = page.getByRole('region', { name: 'Lanes' }).locator('tbody tr');
    await expect(lanes).toHaveCount(3);
    await expect(lanes.first()).toContainText('2 kHz');
    expect((await range(page)).to).toBeCloseTo(10, 6);
    const [line] = commandLine('info', fixture(`two.${extension}`));
    expect(line.channels).toHaveLength(3);
    expect(await json(page, 'info')).toEqual(line);
  });
}

test('a header with its signal file and sidecar is one motor study', async ({ page }) => {
  await page.goto('./');
  await open(page, 'motor.dat', 'motor.meta.json', 'motor.hea');
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Median motor');
  await expect(table(page).locator('tbody th')).toHaveText(['Wrist', 'Elbow', 'Axilla']);
});

test('a header without its signal file says what is missing', async ({ page }) => {
  await page.goto('./');
  await open(page, 'motor.hea');
  await expect(page.locator('.note.abn')).toContainText('motor.hea was not opened');
  await expect(page.locator('.note.abn')).toContainText('motor.dat');
});

test('the open button asks for files', async ({ page }) => {
  await page.goto('./');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Open files' }).click()]);
  expect(chooser.isMultiple()).toBe(true);
  await chooser.setFiles(fixture('two.edf'));
  await opened(page);
});

test('a folder is opened with what lies below it', async ({ page }) => {
  await page.goto('./');
  await page.locator('#folder-input').setInputFiles(fixture('folder'));
  await opened(page);
  await expect(table(page).locator('tbody tr')).toHaveCount(3);
});

test('files are dropped together on the first page', async ({ page }) => {
  await page.goto('./');
  await drop(page, page.locator('main.home'), ['motor.hea', 'motor.dat', 'motor.meta.json'].map(fixture));
  await opened(page);
  await expect(table(page).locator('tbody tr')).toHaveCount(3);
});

test('a folder is dropped, and a file onto an open study', async ({ page }) => {
  await page.goto('./');
  await drop(page, page.locator('main.home'), [fixture('folder')]);
  await opened(page);
  await expect(table(page).locator('tbody tr')).toHaveCount(3);
  await forget(page);
  await drop(page, scope(page), [fixture('spike.edf')]);
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('spike.edf');
});

test('files of a script-made transfer are taken too', async ({ page }) => {
  await page.goto('./');
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['time (s),EMG (uV)\n' + Array.from({ length: 50 }, (_, k) => `${k / 1000},${k % 5}`).join('\n')], 'made.csv'));
    return transfer;
  });
  await page.locator('main.home').dispatchEvent('drop', { dataTransfer: transfer });
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('made.csv');
});

test('a table without a rate is shown and asked about', async ({ page }) => {
  await page.goto('./');
  await open(page, 'norate.csv');
  await expect(dialog(page)).toContainText('norate.csv');
  await expect(dialog(page).getByRole('columnheader')).toHaveText(['APB (uV)', 'ADM (uV)']);
  await expect(dialog(page).locator('tbody tr')).toHaveCount(6);
  const rate = dialog(page).getByLabel('Sampling rate, Hz');
  await rate.fill('');
  await dialog(page).getByRole('button', { name: 'Open', exact: true }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('sampling rate is needed');
  await rate.fill('fast');
  await dialog(page).getByRole('button', { name: 'Open', exact: true }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('not a number');
  await rate.fill('500');
  await dialog(page).getByRole('button', { name: 'Open', exact: true }).click();
  await opened(page);
  await expect(dialog(page)).toHaveCount(0);
  expect((await range(page)).to).toBeCloseTo(0.4, 6);
  expect(await json(page, 'info')).toEqual(commandLine('info', fixture('norate.csv'), '--rate', '500', '--unit', 'uV')[0]);
});

test('a text that was read is read differently', async ({ page }) => {
  await openRecording(page, 'two.csv');
  expect((await range(page)).to).toBeCloseTo(10, 6);
  await page.getByRole('button', { name: 'Read differently' }).click();
  const rate = dialog(page).getByLabel('Sampling rate, Hz');
  await expect(rate).toHaveValue('2000');
  await forget(page);
  await rate.fill('1000');
  await dialog(page).getByRole('button', { name: 'Open', exact: true }).click();
  await opened(page);
  const lanes = page.getByRole('region', { name: 'Lanes' }).locator('tbody tr');
  await expect(lanes.first()).toContainText('1 kHz');
  expect((await json(page, 'info')).channels[0].fs_hz).toBe(1000);
});

test('what is no recording is refused in words, and the page goes on', async ({ page }) => {
  await page.goto('./');
  await open(page, 'notes.txt');
  await expect(page.locator('.note.abn')).toContainText('notes.txt was not opened');
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  await open(page, golden('edf/refused_header_cut/input.edf'));
  await expect(page.locator('.note.abn')).toContainText('input.edf was not opened');
  await open(page, 'spike.edf');
  await opened(page);
  await expect(page.locator('.note.abn')).toHaveCount(0);
});

test('a file cut short is opened with a warning that can be dismissed', async ({ page }) => {
  await openRecording(page, 'cut.edf');
  const note = page.locator('.note.doubt');
  await expect(note.first()).toContainText('cut.edf');
  expect((await json(page, 'info')).warnings.length).toBeGreaterThan(0);
  const count = await note.count();
  await note.first().getByRole('button', { name: 'Dismiss' }).click();
  await expect(note).toHaveCount(count - 1);
});

test('broken header fields are named with their byte', async ({ page }) => {
  await openRecording(page, golden('edf/broken_fields/input.edf'));
  await expect(page.locator('.note.doubt').first()).toContainText(/byte \d+/);
});

test('the demo opens by its address', async ({ page }) => {
  await page.goto('./?demo');
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('motor');
  await expect(table(page).locator('tbody th')).toHaveText(['Wrist', 'Elbow']);
  await expect(table(page).locator('tbody td.n').first()).toHaveText(/^\d\.\d\d$/);
  await page.goto('./?demo=needle');
  await opened(page);
  await expect(page.getByRole('region', { name: 'Lanes' }).locator('tbody tr').first()).toBeVisible();
});

test('both demos open by their buttons, and home lists what is open', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Motor nerve conduction' }).click();
  await opened(page);
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  await forget(page);
  await page.getByRole('button', { name: 'Needle EMG' }).click();
  await opened(page);
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  const list = page.getByRole('region', { name: 'Open now' }).getByRole('button');
  await expect(list).toHaveCount(2);
  await list.first().click();
  await expect(table(page).locator('tbody tr')).toHaveCount(2);
});

test('what was opened is kept in this browser, opens again after a reload, and can be removed', async ({ page }) => {
  await openRecording(page, 'spike.edf');
  await scope(page).focus();
  await page.keyboard.press('n');
  await dialog(page).getByLabel('Text').fill('kept');
  await page.keyboard.press('Enter');
  await expect(page.locator('.chip')).toContainText('Stored here');
  await page.goto('./');
  const kept = page.getByRole('region', { name: 'Studies in this browser' }).first();
  await kept.getByRole('button', { name: 'spike.edf', exact: true }).click();
  await opened(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('spike.edf');
  await expect(page.getByRole('complementary', { name: 'Inspector' }).getByRole('listitem')).toContainText('kept');
  expect((await json(page, 'info')).channels).toEqual(commandLine('info', fixture('spike.edf'))[0].channels);
  await page.getByRole('button', { name: 'Myoscope, home' }).click();
  await page.getByRole('button', { name: 'Remove spike.edf' }).click();
  await expect(page.getByRole('region', { name: 'Studies in this browser' })).toHaveCount(0);
  // Removed with its edits.
  await page.reload();
  await open(page, 'spike.edf');
  await opened(page);
  await expect(page.getByRole('complementary', { name: 'Inspector' }).getByRole('listitem')).toHaveCount(0);
});
