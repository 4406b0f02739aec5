// Real recordings, where MYOSCOPE_DATA names their folder: the page says what the command line says.
import fs from 'node:fs';
import path from 'node:path';
import { commandLine } from './fixtures.mjs';
import { expect, json, open, opened, test } from './support.mjs';

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
});
