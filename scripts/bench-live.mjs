// What a running recording costs in a real browser: an amplifier of 8 channels, 48 kHz and 24 bits behind a
// real serial port (tests/e2e/rig.mjs), in the built app. Used by scripts/bench.mjs.
import fs from 'node:fs';
import { chromium } from '@playwright/test';
import { Rig, launching, prepareRig } from '../tests/e2e/rig.mjs';
import { quantile, serve, system } from './bench-browser.mjs';

/// A port that the browser's policy of the rig names; those behind it are not.
const PORT = 47_119;
const WATCH_MS = 20_000;
/// Clock ticks of the system in a second, as in /proc/*/stat.
const TICKS = 100;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/// Processor seconds of each thread of the processes below this one: { renderer thread: seconds }.
function threads() {
  const processes = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parent = {};
  for (const pid of processes) {
    try {
      parent[pid] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1];
    } catch {
      // It has ended.
    }
  }
  const ours = (pid) => pid === String(process.pid) || (parent[pid] !== undefined && ours(parent[pid]));
  const found = {};
  for (const pid of processes.filter((pid) => pid !== String(process.pid) && ours(pid))) {
    try {
      if (!fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) continue;
      for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
        const stat = fs.readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
        const [, name, rest] = /\((.*)\) (.*)/.exec(stat);
        const fields = rest.split(' ');
        const kind = task === pid ? 'page' : name.startsWith('DedicatedWorker') ? 'worker' : name.startsWith('AudioWorklet') ? 'sound' : 'other';
        found[`${pid}/${task}/${kind}`] = (Number(fields[11]) + Number(fields[12])) / TICKS;
      }
    } catch {
      // It has ended.
    }
  }
  return found;
}

/// Shares of a core, %, of the page's main thread and of each worker, the busiest first.
async function shares(ms) {
  const [before, begun] = [threads(), performance.now()];
  await sleep(ms);
  const after = threads();
  const seconds = (performance.now() - begun) / 1000;
  const of = (kind) => Object.entries(after)
    .filter(([name]) => name.endsWith(kind))
    .map(([name, used]) => (100 * (used - (before[name] ?? 0))) / seconds)
    .sort((a, b) => b - a);
  return { page: of('/page')[0], workers: of('/worker').slice(0, 2), sound: of('/sound')[0] ?? 0 };
}

/// Runs in the page: notes when frames begin and when traces are drawn, ms since the epoch.
function watch() {
  navigator.serial.requestPort = async () => (await navigator.serial.getPorts())[0];
  const bench = { frames: [], drawn: [] };
  globalThis.bench = bench;
  const frame = () => {
    bench.frames.push(performance.now());
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (...given) {
    bench.drawn.push(performance.timeOrigin + performance.now());
    return stroke.apply(this, given);
  };
}

/// Intervals of frames, and shares of a core, over some seconds.
async function cost(page) {
  await page.evaluate(() => { bench.frames.length = 0; bench.drawn.length = 0; });
  const used = await shares(WATCH_MS);
  const frames = await page.evaluate(() => bench.frames);
  const intervals = frames.slice(1).map((at, k) => at - frames[k]);
  return { ...used, frame_ms: { median: quantile(intervals, 0.5), p99: quantile(intervals, 0.99) } };
}

/// The recording as it runs, without filters and with a band-pass in every lane.
export async function live() {
  const server = await serve(PORT);
  const leave = prepareRig(server.address);
  if (process.env.MYOSCOPE_NO_RIG) throw new Error(process.env.MYOSCOPE_NO_RIG);
  const rig = await Rig.start();
  const browser = await chromium.launch(launching({ executablePath: system(), args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] }, rig));
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(watch);
    await page.goto(server.address);
    await rig.plug('a', 'ranvier');
    await page.waitForFunction(async () => (await navigator.serial.getPorts()).length > 0);
    await page.locator('#connect').click();
    const told = (name) => page.locator('#live-status').getAttribute(`data-${name}`);
    const until = async (what, ms = 30_000) => {
      for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) if (await what()) return;
      throw new Error('the recording does not run');
    };
    await until(async () => (await told('stage')) === 'streaming');
    await until(async () => Number(await told('samples')) > 5 * 48_000);
    const plain = await cost(page);
    const sound_ms = [];
    for (let k = 0; k < 20; k++, await sleep(250)) {
      const found = /(\d+) ms behind/.exec((await page.locator('.sound .sub').allInnerTexts()).join(' '));
      if (found) sound_ms.push(Number(found[1]));
    }
    // The same with a band-pass in every lane.
    await page.keyboard.press('f');
    await page.getByRole('dialog').getByLabel('High-pass, Hz').fill('20');
    await page.getByRole('dialog').getByLabel('Low-pass, Hz').fill('10000');
    await page.getByRole('dialog').getByRole('button', { name: 'All lanes' }).click();
    await sleep(2000);
    const filtered = await cost(page);
    // A device that says nothing for a while, then goes on: from its next bytes to the traces.
    const pixel_ms = [];
    for (let k = 0; k < 20; k++) {
      await sleep(300 + 37 * k);
      await rig.ask('stall', 'a', { ms: 300 });
      const due = Date.now() + 300;
      await sleep(600);
      const drawn = await page.evaluate((due) => bench.drawn.find((at) => at >= due - 5), due);
      if (drawn) pixel_ms.push(drawn - due);
    }
    return { plain, filtered, pixel_ms, sound_ms, lost: await told('lost'), samples: Number(await told('samples')) };
  } finally {
    await browser.close();
    await rig.stop();
    leave();
    server.stop();
  }
}
