// What is saved: pictures, tables, recordings; and what is shared between tabs and sessions.
import fs from 'node:fs';
import { commandLine, fixture } from './fixtures.mjs';
import { cell, dialog, expect, open, opened, openMotor, openRecording, range, scope, table, test, value } from './support.mjs';

/** Presses a button of the export dialog and returns what was downloaded: name and bytes. */
async function save(page, name) {
  await page.keyboard.press('Control+e');
  const [download] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('button', { name }).click()]);
  await expect(dialog(page)).toHaveCount(0);
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
}

/** Whether the page's own parser takes it as SVG; the words and lines in it. */
const readSvg = (page, text) => page.evaluate((text) => {
  const document = new DOMParser().parseFromString(text, 'image/svg+xml');
  return {
    root: document.documentElement.nodeName,
    error: document.querySelector('parsererror')?.textContent ?? '',
    width: Number.parseFloat(document.documentElement.getAttribute('width')),
    words: [...document.querySelectorAll('text')].map((element) => element.textContent.trim()),
    lines: document.querySelectorAll('path, polyline, line').length,
    active: document.querySelectorAll('script, foreignObject, image').length,
  };
}, text);

test('a recording in view as SVG, PNG and CSV', async ({ page }) => {
  await openRecording(page, 'spike.edf');
  const view = await range(page);
  const svg = await save(page, 'Picture (SVG)');
  expect(svg.name).toBe('myoscope.svg');
  const read = await readSvg(page, svg.bytes.toString());
  expect(read).toMatchObject({ root: 'svg', error: '', width: view.width, active: 0 });
  expect(read.words.join(' ')).toContain('EMG');
  expect(read.lines).toBeGreaterThan(5);

  const png = await save(page, 'Picture (PNG)');
  expect(png.name).toBe('myoscope.png');
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
  expect([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)]).toEqual([view.width, view.height]);

  // Only what is in view.
  await scope(page).focus();
  await page.keyboard.press('+');
  await expect.poll(async () => (await range(page)).from).toBe(1);
  const csv = await save(page, 'Values (CSV)');
  const [head, ...rows] = csv.bytes.toString().trim().split('\n');
  expect(head).toContain('EMG');
  const times = rows.map((row) => Number(row.split(',')[0]));
  expect(times[0]).toBeCloseTo(1, 3);
  expect(times.at(-1)).toBeGreaterThan(2.99);
  expect(times.at(-1)).toBeLessThanOrEqual(3.001);
  const peak = rows.map((row) => Number(row.split(',')[1])).reduce((best, v, k, all) => (Math.abs(v) > Math.abs(all[best]) ? k : best), 0);
  expect(times[peak]).toBeCloseTo(2.25, 4);
});

test('sweeps as SVG, and their table as CSV with a moved marker', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect(cell(page, 0, 'Latency')).toHaveClass(/person/);
  const svg = await readSvg(page, (await save(page, 'Picture (SVG)')).bytes.toString());
  expect(svg).toMatchObject({ root: 'svg', error: '' });
  for (const word of ['Wrist', 'Elbow', 'Axilla']) expect(svg.words.join(' ')).toContain(word);
  const csv = (await save(page, 'Values (CSV)')).bytes.toString().trim().split('\n');
  expect(csv).toHaveLength(4);
  const onset = Number(csv[1].split(',')[csv[0].split(',').indexOf('onset (ms)')]);
  expect(onset).toBeCloseTo(await value(page, 0, 'Latency'), 2);
});

test('a recording in every other format holds the same samples', async ({ page }) => {
  await openRecording(page, 'two.edf');
  const [original] = commandLine('info', fixture('two.edf'));
  for (const [button, file] of [[/^BDF/, 'two.bdf'], [/^WAV/, 'two.wav'], [/^CSV, the/, 'two.csv']]) {
    const { name, bytes } = await save(page, button);
    expect(name).toBe(file);
    const folder = fixture(`saved-${process.pid}`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(`${folder}/${name}`, bytes);
    const [info] = commandLine('info', `${folder}/${name}`);
    expect(info.channels.map((channel) => [channel.name, channel.n])).toEqual(original.channels.map((channel) => [channel.name, channel.n]));
    info.channels.forEach((channel, k) => {
      const width = original.channels[k].max - original.channels[k].min;
      expect(Math.abs(channel.max - original.channels[k].max), `${name} ${channel.name}`).toBeLessThan(width / 60_000);
    });
  }
});

test('a DICOM object holds the same, and opens again in the page with its test', async ({ page }) => {
  await openMotor(page);
  const latency = await value(page, 0, 'Latency');
  const { name, bytes } = await save(page, /^DICOM/);
  expect(name).toBe('motor.dcm');
  expect(bytes.subarray(128, 132).toString()).toBe('DICM');
  const folder = fixture(`saved-${process.pid}`);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${folder}/${name}`, bytes);
  const [info] = commandLine('info', `${folder}/${name}`);
  const [original] = commandLine('info', fixture('motor.hea'));
  expect(info.channels.map((channel) => [channel.name, channel.n, channel.min, channel.max])).toEqual(original.channels.map((channel) => [channel.name, channel.n, channel.min, channel.max]));
  await page.goto('./');
  await open(page, `${folder}/${name}`);
  await opened(page);
  await expect(table(page).locator('table.nerve tbody tr')).toHaveCount(3);
  expect(await value(page, 0, 'Latency')).toBe(latency);
});

test('all values of a study as one CSV', async ({ page }) => {
  await openMotor(page);
  const latency = await value(page, 0, 'Latency');
  const { name, bytes } = await save(page, 'Every value (CSV)');
  expect(name).toBe('values.csv');
  const [head, ...rows] = bytes.toString().trim().split('\n');
  const columns = head.split(',');
  expect(columns).toEqual(expect.arrayContaining(['part', 'measure', 'value', 'unit', 'automatic', 'set_by', 'limit', 'source', 'method']));
  const onsets = rows.map((row) => row.split(',')).filter((cells) => cells[0] === 'response' && cells[columns.indexOf('measure')] === 'onset latency');
  expect(Number(onsets[0][columns.indexOf('value')])).toBeCloseTo(latency, 1);
});

test('a study as a FHIR bundle: the report and an observation for every value', async ({ page }) => {
  await openMotor(page);
  const latency = await value(page, 0, 'Latency');
  const { name, bytes } = await save(page, 'FHIR (JSON)');
  expect(name).toMatch(/\.fhir\.json$/);
  const resources = JSON.parse(bytes).entry.map(({ resource }) => resource);
  const [report] = resources.filter(({ resourceType }) => resourceType === 'DiagnosticReport');
  const observations = resources.filter(({ resourceType }) => resourceType === 'Observation');
  expect(report.result).toHaveLength(observations.length);
  expect(Buffer.from(report.presentedForm[0].data, 'base64').toString()).toContain('<!doctype html>');
  const [onset] = observations.filter(({ code }) => code.coding[0].display === 'onset latency');
  expect([onset.valueQuantity.code, onset.valueQuantity.value]).toEqual(['ms', expect.closeTo(latency, 1)]);
});

test('a WFDB record is saved as its three files', async ({ page }) => {
  await openRecording(page, 'two.edf');
  await page.keyboard.press('Control+e');
  const names = [];
  page.on('download', (download) => names.push(download.suggestedFilename()));
  await dialog(page).getByRole('button', { name: /^WFDB/ }).click();
  await expect.poll(() => names.sort().join(' ')).toMatch(/^two\.dat two\.hea$/);
});

test('two tabs on one study: each shows its own edits, the last one written is kept', async ({ page, context }) => {
  await openMotor(page);
  const other = await context.newPage();
  await openMotor(other);
  await scope(page).focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect(cell(page, 0, 'Latency')).toHaveClass(/person/);
  await expect(page.locator('.chip')).toContainText('Stored here');
  await other.locator('#distance-1').fill('200');
  await other.locator('#distance-1').press('Enter');
  await expect(other.locator('.chip')).toContainText('Stored here');
  await expect(cell(other, 1, 'Velocity')).toHaveText(/^\d/);
  // Neither tab was changed behind its reader's back.
  await expect(cell(page, 0, 'Latency')).toHaveClass(/person/);
  await expect(cell(other, 0, 'Latency')).not.toHaveClass(/person/);
  await page.reload();
  await open(page, 'motor.hea', 'motor.dat', 'motor.meta.json');
  await opened(page);
  await expect(page.locator('#distance-1')).toHaveValue('200');
});

test('the theme goes from paper to scope to high contrast and is kept', async ({ page }) => {
  await openMotor(page);
  const ground = () => page.locator('#scope canvas').first().evaluate((canvas) => [...canvas.getContext('2d').getImageData(2, 2, 1, 1).data]);
  await expect.poll(ground).toEqual([255, 255, 255, 255]);
  await page.keyboard.press('F6');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'scope');
  await expect.poll(ground).toEqual([7, 9, 11, 255]);
  await page.keyboard.press('F6');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'contrast');
  await expect.poll(ground).toEqual([255, 255, 255, 255]);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'contrast');
  await page.getByRole('button', { name: /Paper/ }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'paper');
});

test('the list of keys opens with ? and closes with Esc', async ({ page }) => {
  await openMotor(page);
  await scope(page).focus();
  await page.keyboard.press('?');
  await expect(dialog(page)).toContainText('Superimposed'.toLowerCase());
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(table(page).locator('.person'), 'keys do not reach through a dialog').toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  await expect(cell(page, 0, 'Latency'), 'and reach the traces again').toHaveClass(/person/);
});
