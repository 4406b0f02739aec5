// What the tests share: a page that is watched for what must never happen, and a few ways of doing
// what a person does.
import { test as base, expect } from '@playwright/test';
import { fixture } from './fixtures.mjs';

export { expect };

/** The page's own faults: requests to other hosts, breaches of the policy, errors in the console. */
export const test = base.extend({
  baseURL: async ({}, use) => use(process.env.MYOSCOPE_URL),
  faults: async ({}, use) => use([]),
  page: async ({ page, faults }, use) => {
    watch(page, faults);
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await use(page);
    expect(faults, 'requests to other hosts, breaches of the policy, errors of the page').toEqual([]);
  },
});

export function watch(page, faults) {
  const home = process.env.MYOSCOPE_URL;
  page.context().on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(home) && !/^(data|blob):/.test(url)) faults.push(`request to ${url}`);
  });
  page.on('console', (message) => {
    // Offline, a browser complains itself about what it cannot fetch.
    if (message.type() === 'error' && !/ERR_INTERNET_DISCONNECTED|net::ERR_FAILED/.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
}

export const scope = (page) => page.locator('#scope');
export const table = (page) => page.getByRole('region', { name: 'Measurements' });
export const dialog = (page) => page.getByRole('dialog');

/** Waits until the engine has told everything about what was opened last, and it is drawn. */
export async function opened(page) {
  await expect(page.locator('html')).toHaveAttribute('data-opened', /./);
  await expect(scope(page)).toBeVisible();
}

/** Opens files by the real file input. */
export async function open(page, ...files) {
  await forget(page);
  await page.locator('#file-input').setInputFiles(files.map((name) => (name.startsWith('/') ? name : fixture(name))));
}

/** Drops real files, as the browser gets them from a desktop. */
export async function drop(page, target, paths) {
  const box = await target.boundingBox();
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await client.send('Input.dispatchDragEvent', { type, x: box.x + box.width / 2, y: box.y + box.height / 2, data });
  }
}

/** Forgets what was told of an earlier recording, so that `opened` waits for the next. */
export async function forget(page) {
  await page.evaluate(() => ['data-opened', 'data-info-json', 'data-measure-json', 'data-analyse-json'].forEach((name) => document.documentElement.removeAttribute(name)));
}

export const openMotor = async (page) => {
  await page.goto('./');
  await open(page, 'motor.hea', 'motor.dat', 'motor.meta.json');
  await opened(page);
  await expect(table(page).locator('table.nerve tbody tr')).toHaveCount(3);
};

export const openRecording = async (page, name) => {
  await page.goto('./');
  await open(page, name);
  await opened(page);
};

/** `info`, `measure` or (of the analysis in view, once it is done) `analyse` JSON; the page makes it when it is asked to. */
export async function json(page, name) {
  await page.evaluate(() => document.dispatchEvent(new CustomEvent('myoscope-json')));
  await expect(page.locator('html')).toHaveAttribute(`data-${name}-json`, /./);
  return JSON.parse(await page.locator('html').getAttribute(`data-${name}-json`));
}

/** Number in a cell of the table of nerve conduction, by row and heading. */
export async function value(page, row, heading) {
  const text = await cell(page, row, heading).innerText();
  return Number.parseFloat(text);
}

const COLUMNS = ['Stimulated at', 'Latency', 'Latency limit', 'Neg. peak', 'Amplitude', 'Amplitude limit', 'Relative', 'Duration', 'Area', 'Segment', 'Distance', 'Difference', 'Velocity', 'Velocity limit', 'Quality'];

export function cell(page, row, heading) {
  const at = COLUMNS.indexOf(heading);
  if (at < 0) throw new Error(`there is no column ${heading}`);
  return table(page).locator('table.nerve tbody tr').nth(row).locator('th, td').nth(at);
}

/** Stretch in view, seconds, and the width over which it is drawn. */
export const range = (page) => scope(page).evaluate((element) => ({
  from: Number(element.dataset.fromS), to: Number(element.dataset.toS), width: element.clientWidth, height: element.clientHeight,
}));

/** x in CSS pixels of a moment, within the view of traces. */
export const pxOf = ({ from, to, width }, time) => ((time - from) / (to - from)) * width;

/** Two frames: what was asked for is drawn by then. */
export const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Cells of a row of the table of cursors: time, value. */
export const reading = (page, name) => page.getByRole('table', { name: 'Cursor readings' })
  .locator('tr').filter({ has: page.getByRole('rowheader', { name, exact: true }) }).getByRole('cell');

/** Listens to what the page sends to the loudspeaker, from before it makes its first sound: in the audio
 * thread, where nothing is lost however busy the page is. */
export async function tapLoudspeaker(page) {
  await page.addInitScript(() => {
    globalThis.heard = [];
    const addModule = Worklet.prototype.addModule;
    Worklet.prototype.addModule = async function (...args) {
      await addModule.call(this, new URL('./tap.js', location.href).href);
      return addModule.apply(this, args);
    };
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (to, ...rest) {
      if (this instanceof AudioWorkletNode && to instanceof AudioDestinationNode) {
        globalThis.rate = this.context.sampleRate;
        const tap = new AudioWorkletNode(this.context, 'tap');
        tap.port.onmessage = ({ data }) => globalThis.heard.push(...data);
        connect.call(this, tap);
        connect.call(tap, to);
        globalThis.tap = tap; // or it would be collected
      }
      return connect.call(this, to, ...rest);
    };
  });
}
