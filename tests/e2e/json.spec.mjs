// The page and the command line say the same about the same file, to the last digit.
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, fixture, golden } from './fixtures.mjs';
import { expect, json, open, opened, scope, test } from './support.mjs';

/** Golden inputs that open without a question. */
function goldenFiles() {
  const files = [];
  for (const format of ['edf', 'bdf', 'wav', 'csv']) {
    for (const name of fs.readdirSync(golden(format))) {
      const folder = golden(`${format}/${name}`);
      const expected = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8'));
      const inputs = fs.readdirSync(folder).filter((file) => file.startsWith('input')).map((file) => path.join(folder, file));
      inputs.sort((a, b) => a.length - b.length);
      if (!expected.error) files.push(inputs);
    }
  }
  return files;
}

/** Faults between two values. */
function differences(a, b, at = '') {
  if (a && b && typeof a === 'object' && typeof b === 'object') {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], `${at}/${key}`));
  }
  return a === b ? [] : [`${at}: ${JSON.stringify(a)} in the page, ${JSON.stringify(b)} on the command line`];
}

function same(page, command, found, file, options = []) {
  const [line] = commandLine(command, file, ...options);
  expect(Object.keys(found), `order of ${command} of ${file}`).toEqual(Object.keys(line));
  expect(differences(found, line), `${command} of ${file}`).toEqual([]);
}

test('golden recordings of EDF, BDF, WAV and text', async ({ page }) => {
  await page.goto('./');
  const all = goldenFiles();
  expect(all.length).toBeGreaterThan(18);
  for (const files of all) {
    await open(page, ...files);
    await opened(page);
    same(page, 'info', await json(page, 'info'), files[0]);
    same(page, 'measure', await json(page, 'measure'), files[0]);
  }
});

test('golden recordings of WFDB, segments included', async ({ page }) => {
  await page.goto('./');
  const needs = { f16: ['f16.dat', 'f16.atr', 'f16.qrs'], fixed: ['sega.hea', 'sega.dat', 'segb.hea', 'segb.dat'], variable: ['varlayout.hea', 'sega.hea', 'sega.dat', 'segb.hea', 'segb.dat'] };
  for (const name of ['f8', 'f16', 'f24', 'f32', 'f61', 'f80', 'f160', 'f212', 'f310', 'f311', 'multi212', 'skewed', 'offset', 'fixed', 'variable']) {
    const file = golden(`wfdb/${name}.hea`);
    await open(page, file, ...(needs[name] ?? [`${name}.dat`]).map((other) => golden(`wfdb/${other}`)));
    await opened(page);
    same(page, 'info', await json(page, 'info'), file);
  }
});

test('the comparison finds what differs', async () => {
  const [line] = commandLine('measure', fixture('motor.hea'));
  const other = structuredClone(line);
  other.sweeps[1].onset_ms += 1e-9;
  delete other.sweeps[2].quality;
  expect(differences(other, line)).toHaveLength(2);
});

test('a motor study: every latency, amplitude and area', async ({ page }) => {
  await page.goto('./');
  await open(page, 'motor.hea', 'motor.dat', 'motor.meta.json');
  await opened(page);
  const measured = await json(page, 'measure');
  expect(measured.sweeps.map((sweep) => sweep.present)).toEqual([true, true, true]);
  same(page, 'measure', measured, fixture('motor.hea'));
  same(page, 'info', await json(page, 'info'), fixture('motor.hea'));
});

test('golden studies of every kind but motor conduction', async ({ page }) => {
  await page.goto('./');
  const studies = fs.readdirSync(golden('nerve'));
  expect(studies.length).toBeGreaterThan(8);
  for (const name of studies) {
    const folder = golden(`nerve/${name}`);
    const { file: main } = JSON.parse(fs.readFileSync(path.join(folder, 'case.json'), 'utf8'));
    const others = fs.readdirSync(folder).filter((file) => !['case.json', 'expected.json', main].includes(file));
    await open(page, ...[main, ...others].map((file) => path.join(folder, file)));
    // Points that were tracked have no traces: the scope stays hidden.
    await expect(page.locator('html')).toHaveAttribute('data-opened', /./);
    same(page, 'measure', await json(page, 'measure'), path.join(folder, main));
  }
});

const TASKS = { rest: '1', units: '2', pattern: '3', jitter: '4', surface: '5' };

test('golden signals of every analysis', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto('./');
  for (const [task, key] of Object.entries(TASKS)) {
    const name = task === 'pattern' ? 'interference' : task;
    const file = golden(`needle/${name}/${name}.hea`);
    await open(page, file, golden(`needle/${name}/${name}.dat`));
    await opened(page);
    await scope(page).focus();
    await page.keyboard.press(key);
    await expect(page.locator('.verdict')).toContainText(/./, { timeout: 60_000 });
    await expect(page.getByText('Going on')).toHaveCount(0, { timeout: 60_000 });
    const analysed = await json(page, 'analyse');
    expect(analysed.activity.done).toBe(true);
    same(page, 'analyse', analysed, file, ['--task', task]);
  }
});
