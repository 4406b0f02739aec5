// Real recordings, where MYOSCOPE_DATA names their folder: the page says what the command line says.
import fs from 'node:fs';
import path from 'node:path';
import { commandLine } from './fixtures.mjs';
import { expect, json, open, opened, scope, test } from './support.mjs';

const folder = process.env.MYOSCOPE_DATA;

/** Main file, then its companions. */
const RECORDINGS = [
  ['pyedflib-tests/test_generator.edf'],
  ['pyedflib-tests/test_generator.bdf'],
  ['stagpoint-edf/Discontinuous2.edf'],
  ['bids-emg/sub-01_task-jumping_recording-bipolar_emg.edf'],
  ['emglab-r00108/R00108.hea', 'emglab-r00108/R00108.dat'],
  ['physionet-emgdb/emg_neuropathy.hea', 'physionet-emgdb/emg_neuropathy.dat'],
  ['byb-spikertools/BYB_Recording_2022-01-13_13.18.29.wav', 'byb-spikertools/BYB_Recording_2022-01-13_13.18.29-events.txt'],
  ['emgflow/sample_data_01.csv'],
  ['biosppy/emg.txt'],
  ['pyomeca-c3d/analogs.csv'],
];

test.describe('real recordings', () => {
  test.skip(!folder, 'MYOSCOPE_DATA is not set');

  for (const files of RECORDINGS) {
    test(files[0], async ({ page }) => {
      const paths = files.map((name) => path.resolve(folder, name));
      for (const file of paths) expect(fs.existsSync(file), `${file} is missing`).toBe(true);
      await page.goto('./');
      await open(page, ...paths);
      await opened(page);
      expect(await json(page, 'info')).toEqual(commandLine('info', paths[0])[0]);
    });
  }

  test('a folder of segments', async ({ page }) => {
    const root = path.resolve(folder, 'wfdb-samples/multi-segment');
    const headers = fs.readdirSync(root, { recursive: true }).filter((name) => name.endsWith('.hea'));
    const main = headers.find((name) => /^\S+\/\d+/.test(fs.readFileSync(path.join(root, name), 'utf8')));
    expect(main, 'a header of several segments').toBeTruthy();
    await page.goto('./');
    await page.locator('#folder-input').setInputFiles(path.dirname(path.join(root, main)));
    await opened(page);
    expect(await json(page, 'info')).toEqual(commandLine('info', path.join(root, main))[0]);
  });

  test('a needle recording is taken apart, a train is changed, it is heard, and saved with its scale', async ({ page }) => {
    test.setTimeout(180_000);
    const paths = ['emglab-r00108/R00108.hea', 'emglab-r00108/R00108.dat'].map((name) => path.resolve(folder, name));
    for (const file of paths) expect(fs.existsSync(file), `${file} is missing`).toBe(true);
    await page.goto('./');
    await open(page, ...paths);
    await opened(page);
    await scope(page).focus();
    await page.keyboard.press('2');
    await expect(page.locator('.verdict')).toContainText('motor units', { timeout: 120_000 });
    await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 120_000 });
    // Seven units stand out of it (annotated by an expert).
    const cards = page.getByRole('complementary', { name: 'Inspector' }).locator('.event');
    const found = await cards.count();
    expect(found).toBeGreaterThanOrEqual(7);
    const rates = (await cards.allInnerTexts()).map((words) => Number(words.match(/([\d.]+) Hz/)?.[1])).filter(Number.isFinite);
    expect(rates.length).toBeGreaterThanOrEqual(7);
    expect(Math.min(...rates)).toBeGreaterThan(2);
    expect(Math.max(...rates)).toBeLessThan(40);
    // The smallest is taken out, and comes back.
    await cards.last().click();
    await page.keyboard.press('Shift+Delete');
    await expect(cards).toHaveCount(found - 1, { timeout: 60_000 });
    await expect(page.locator('.verdict')).toContainText(/changed by hand|motor units/);
    await page.keyboard.press('Control+z');
    await expect(cards).toHaveCount(found, { timeout: 60_000 });
    // One train is heard alone.
    await cards.first().click();
    await scope(page).focus();
    await page.keyboard.press('h');
    await expect(page.locator('#play')).toContainText('Stop');
    await expect.poll(async () => Number((await page.locator('.sound .at').textContent()).match(/[\d.]+/)?.[0] ?? 0)).toBeGreaterThan(0.3);
    await page.keyboard.press('Space');
    // And the signal is saved as it is stored, with what a step is in volts.
    await page.keyboard.press('Control+e');
    const download = page.waitForEvent('download');
    await page.getByRole('dialog').getByRole('button', { name: /WAV/ }).first().click();
    const saved = fs.readFileSync(await (await download).path());
    expect(saved.subarray(0, 4).toString()).toMatch(/RIFF|RF64/);
    expect(saved.includes(Buffer.from('uV')) || saved.includes(Buffer.from('mV'))).toBe(true);
  });
});
