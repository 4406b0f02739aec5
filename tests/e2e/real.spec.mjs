// Real recordings, where MYOSCOPE_DATA names their folder: the page says what the command line says.
import fs from 'node:fs';
import path from 'node:path';
import { commandLine } from './fixtures.mjs';
import { dialog, expect, json, open, opened, test } from './support.mjs';

const folder = process.env.MYOSCOPE_DATA;

/** Main file, companions, and the rate where nothing states one. */
const RECORDINGS = [
  { files: ['pyedflib-tests/test_generator.edf'] },
  { files: ['pyedflib-tests/test_generator.bdf'] },
  { files: ['stagpoint-edf/Discontinuous2.edf'] },
  { files: ['bids-emg/sub-01_task-jumping_recording-bipolar_emg.edf'] },
  { files: ['emglab-r00108/R00108.hea', 'emglab-r00108/R00108.dat'] },
  { files: ['physionet-emgdb/emg_neuropathy.hea', 'physionet-emgdb/emg_neuropathy.dat'] },
  { files: ['byb-spikertools/BYB_Recording_2022-01-13_13.18.29.wav', 'byb-spikertools/BYB_Recording_2022-01-13_13.18.29-events.txt'] },
  { files: ['emgflow/sample_data_01.csv'] },
  { files: ['biosppy/emg.txt'], rate: '1000' },
];

test.describe('real recordings', () => {
  test.skip(!folder, 'MYOSCOPE_DATA is not set');

  for (const { files, rate } of RECORDINGS) {
    test(files[0], async ({ page }) => {
      const paths = files.map((name) => path.resolve(folder, name));
      for (const file of paths) expect(fs.existsSync(file), `${file} is missing`).toBe(true);
      await page.goto('./');
      await open(page, ...paths);
      const options = [];
      if (rate) {
        await dialog(page).getByLabel('Sampling rate, Hz').fill(rate);
        const unit = await dialog(page).getByLabel('Unit of the values').inputValue();
        await dialog(page).getByRole('button', { name: 'Open', exact: true }).click();
        options.push('--rate', rate, ...(unit ? ['--unit', unit] : []));
      }
      await opened(page);
      expect(await json(page, 'info')).toEqual(commandLine('info', paths[0], ...options)[0]);
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
});
