// The browser's half of `make bench`: the built app in a real Chromium, driven by real input.
// Used by scripts/bench.mjs.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { chromium } from '@playwright/test';

export const median = (values) => quantile(values, 0.5);
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  if (!sorted.length) return NaN;
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const view = { width: 1600, height: 900 };

export function system() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = (process.env.PATH ?? '').split(':').flatMap((folder) => names.map((name) => path.join(folder, name))).find((file) => fs.existsSync(file));
  return found ?? '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
}

/// The app served by `make serve`'s own server, at this port or one of the next.
export async function serve(wanted = 8790) {
  const child = spawn(process.execPath, ['scripts/serve.mjs', '--port', String(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((done, failed) => {
    child.stdout.on('data', (text) => {
      const found = /localhost:(\d+)/.exec(String(text));
      if (found) done(Number(found[1]));
    });
    child.on('exit', () => failed(new Error('the server stopped')));
  });
  return { port, address: `http://localhost:${port}/`, stop: () => child.kill() };
}

/// A browser with a profile of its own, so that what the app stores is stored on disk.
export async function launch(out) {
  const profile = fs.mkdtempSync(path.join(out, 'profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: system(),
    headless: true,
    viewport: view,
    args: ['--no-sandbox', '--disable-background-networking', '--enable-precise-memory-info', '--disable-renderer-backgrounding'],
  });
  await context.addInitScript(watch);
  return { context, close: async () => { await context.close(); fs.rmSync(profile, { recursive: true, force: true }); } };
}

/// Runs in the page before anything else: notes when things happen there. Times are ms since navigation.
function watch() {
  const bench = { ready: null, armed: null, first: null, pixels: null, overview: null, taskFrom: null, taskTo: null };
  globalThis.bench = bench;
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(...given) {
      super(...given);
      const note = (event) => {
        if (event.data === 'ready') {
          bench.ready = performance.now();
          this.removeEventListener('message', note);
        }
      };
      this.addEventListener('message', note);
    }
  };
  // Drawing is only listened to between `arm` and the end of what is waited for.
  const proto = CanvasRenderingContext2D.prototype;
  const { lineTo, stroke, clip, clearRect } = proto;
  let points = 0;
  const hatched = new WeakSet();
  const disarm = () => Object.assign(proto, { lineTo, stroke, clip, clearRect });
  bench.arm = () => {
    Object.assign(bench, { armed: performance.now(), first: null, pixels: null, overview: null, taskFrom: null, taskTo: null });
    points = 0;
    proto.lineTo = function (x, y) { points += 1; return lineTo.call(this, x, y); };
    proto.clip = function () { hatched.add(this.canvas); return clip.apply(this); };
    proto.clearRect = function (...rect) { hatched.delete(this.canvas); return clearRect.apply(this, rect); };
    proto.stroke = function () {
      const result = stroke.apply(this);
      const { canvas } = this;
      if (points > 200 && canvas.parentElement?.classList.contains('layers') && canvas.parentElement.children[1] === canvas) {
        if (canvas.closest('#scope') && bench.first === null) {
          bench.first = -1;
          // The time of the picture is when the frame that holds it has been handed over.
          requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
              bench.first = performance.now();
              const { data } = this.getImageData(0, 0, canvas.width, canvas.height);
              bench.pixels = 0;
              for (let at = 3; at < data.length; at += 4) bench.pixels += data[at] > 0;
            };
            channel.port2.postMessage(null);
          });
        }
        if (canvas.closest('.overview') && !hatched.has(canvas) && bench.overview === null) bench.overview = performance.now();
      }
      points = 0;
      return result;
    };
  };
  bench.disarm = disarm;
  addEventListener('change', (event) => { if (event.target.type === 'file') bench.arm(); }, true);
  new MutationObserver(() => {
    const task = document.querySelector('.task') !== null;
    if (task && bench.taskFrom === null) bench.taskFrom = performance.now();
    if (!task && bench.taskFrom !== null && bench.taskTo === null) bench.taskTo = performance.now();
    if (task) bench.taskTo = null;
  }).observe(document, { childList: true, subtree: true });
}

async function renderers(context) {
  const cdp = await context.browser()?.newBrowserCDPSession?.() ?? null;
  if (!cdp) return [];
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  await cdp.detach();
  return processInfo.filter((info) => info.type === 'renderer').map((info) => info.id);
}

function memory(pid) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const mb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN) * 1024 / 1e6;
    return { rss: mb('VmRSS'), peak: mb('VmHWM'), anon: mb('RssAnon') };
  } catch {
    return null;
  }
}

/// The process that shows a page: the renderer whose memory grew last is not a safe guess, so the
/// page is asked to make itself known by its share of processor time.
async function rendererOf(context, page) {
  const pids = await renderers(context);
  const ticks = (pid) => {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  if (!fs.existsSync('/proc/self/stat')) return null;
  const before = pids.map(ticks);
  await page.evaluate(() => { const end = performance.now() + 300; while (performance.now() < end); });
  const spent = pids.map((pid, k) => ticks(pid) - before[k]);
  return pids[spent.indexOf(Math.max(...spent))] ?? null;
}

export const until = (page, test, timeout = 300_000) => page.waitForFunction(test, null, { timeout, polling: 50 });

/// First load: bytes over the wire, time until files can be opened.
export async function load(out, rounds) {
  const server = await serve();
  let bytes = 0;
  const proxy = net.createServer((client) => {
    const upstream = net.connect(server.port, 'localhost');
    upstream.on('data', (part) => { bytes += part.length; });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => { client.destroy(); upstream.destroy(); });
  });
  await new Promise((done) => proxy.listen(0, 'localhost', done));
  const result = { interactive_ms: [], again_ms: [] };
  try {
    for (let round = 0; round < rounds; round++) {
      const { context, close } = await launch(out);
      const page = await context.newPage();
      const interactive = async () => {
        await until(page, () => globalThis.bench?.ready && [...document.querySelectorAll('button')].some((button) => /Open/.test(button.textContent) && !button.disabled));
        return page.evaluate(() => globalThis.bench.ready);
      };
      if (round === 0) {
        // Through a counting relay; the service worker stays away until interactive is counted.
        await page.goto(`http://localhost:${proxy.address().port}/`);
        await interactive();
        result.bytes = bytes;
        await sleep(4000);
        result.bytes_offline = bytes;
      }
      await page.goto(server.address);
      result.interactive_ms.push(await interactive());
      await sleep(1500);
      await page.reload();
      result.again_ms.push(await interactive());
      await close();
    }
  } finally {
    proxy.close();
    server.stop();
  }
  return result;
}

/// How long each analysis of the demo's needle EMG takes, ms: from the key to the whole answer.
export async function needle(out, rounds) {
  const server = await serve();
  const { context, close } = await launch(out);
  try {
    const times = {};
    for (let round = 0; round < rounds; round++) {
      const page = await context.newPage();
      await page.goto(`${server.address}?demo=needle`);
      await page.waitForSelector('html[data-opened]');
      await sleep(1500);
      for (const [key, name] of [['1', 'rest'], ['2', 'units'], ['3', 'pattern'], ['4', 'jitter'], ['5', 'surface']]) {
        const from = performance.now();
        await page.keyboard.press(key);
        await until(page, () => document.querySelector('.verdict') && ![...document.querySelectorAll('.inspect [role=status]')].length);
        (times[name] ??= []).push(performance.now() - from);
      }
      await page.close();
    }
    return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, median(ms)]));
  } finally {
    await close();
    server.stop();
  }
}

/// Opens a large file through the file input; twice, the second time with what the first left in
/// the browser's storage.
export async function big(out, file, log) {
  const server = await serve();
  const { context, close } = await launch(out);
  const size = fs.statSync(file).size;
  try {
    const page = await context.newPage();
    await page.goto(server.address);
    await until(page, () => globalThis.bench?.ready);
    await sleep(1000);
    const pid = await rendererOf(context, page);
    const idle = pid && memory(pid);
    let anon = 0;
    const sampler = setInterval(() => { anon = Math.max(anon, (pid && memory(pid)?.anon) || 0); }, 40);
    const open = async () => {
      await page.setInputFiles('#file-input', file);
      await until(page, () => globalThis.bench.first > 0);
      const { armed, first, pixels } = await page.evaluate(() => globalThis.bench);
      if (!(pixels > 500)) throw new Error('the first picture is empty');
      return first - armed;
    };
    const first = await open();
    log(`first picture ${first.toFixed(0)} ms`);
    // Going elsewhere while the overview is being built: press on the overview strip.
    const jumps = [];
    const strip = await page.locator('.overview').boundingBox();
    for (const share of [0.3, 0.85, 0.5, 0.15, 0.7]) {
      await page.evaluate(() => { addEventListener('pointerdown', () => globalThis.bench.again(), { capture: true, once: true }); });
      await page.evaluate(() => { globalThis.bench.again = () => { const { taskFrom, taskTo } = globalThis.bench; globalThis.bench.arm(); Object.assign(globalThis.bench, { taskFrom, taskTo }); }; });
      await page.mouse.click(strip.x + strip.width * share, strip.y + strip.height / 2);
      await until(page, () => globalThis.bench.first > 0);
      jumps.push(await page.evaluate(() => globalThis.bench.first - globalThis.bench.armed));
      if (!await page.evaluate(() => document.querySelector('.task') !== null)) break;
      await sleep(100);
    }
    await until(page, () => globalThis.bench.taskTo !== null && document.querySelector('.task') === null);
    const { taskFrom, taskTo } = await page.evaluate(() => globalThis.bench);
    const built = (taskTo - taskFrom) / 1e3;
    log(`overview after ${built.toFixed(1)} s`);
    clearInterval(sampler);
    const peak = pid && memory(pid).peak;
    await sleep(3000);
    await page.reload();
    await until(page, () => globalThis.bench?.ready);
    await sleep(500);
    const second = await open();
    await until(page, () => globalThis.bench.overview !== null, 30_000);
    const overview = await page.evaluate(() => globalThis.bench.overview - globalThis.bench.armed);
    return {
      mb: size / 1e6, first_ms: first, jumps_ms: jumps, overview_s: built, mb_s: size / 1e6 / built,
      rss_idle_mb: idle?.rss ?? null, rss_peak_mb: peak, anon_idle_mb: idle?.anon ?? null, anon_peak_mb: anon || null,
      second_first_ms: second, second_overview_ms: overview,
    };
  } finally {
    await close();
    server.stop();
  }
}

/// Frames while something is dragged: intervals between frames and the main thread's time in each.
async function frames(context, page, act) {
  const cdp = await context.newCDPSession(page);
  const events = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await page.evaluate(() => {
    globalThis.stamps = [];
    const tick = (at) => { globalThis.stamps?.push(at); if (globalThis.stamps) requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  });
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'] } });
  await act(cdp);
  const done = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
  await cdp.send('Tracing.end');
  await done;
  const stamps = await page.evaluate(() => { const { stamps } = globalThis; globalThis.stamps = null; return stamps; });
  await cdp.detach();
  return { intervals: stamps.slice(1).map((at, k) => at - stamps[k]), ...mainThread(events) };
}

/// Milliseconds of the page's main thread in each frame: all tasks, and script alone.
function mainThread(events) {
  const ticks = events.filter((event) => event.name === 'FireAnimationFrame');
  const threads = new Map();
  for (const event of ticks) threads.set(`${event.pid}/${event.tid}`, (threads.get(`${event.pid}/${event.tid}`) ?? 0) + 1);
  const main = [...threads].sort((a, b) => b[1] - a[1])[0]?.[0];
  const own = events.filter((event) => `${event.pid}/${event.tid}` === main && event.ph === 'X' && event.dur !== undefined);
  const union = (names) => {
    const spans = own.filter((event) => names.includes(event.name)).map((event) => [event.ts, event.ts + event.dur]).sort((a, b) => a[0] - b[0]);
    const out = [];
    for (const span of spans) {
      if (out.length && span[0] <= out.at(-1)[1]) out.at(-1)[1] = Math.max(out.at(-1)[1], span[1]);
      else out.push([...span]);
    }
    return out;
  };
  const starts = [...new Set(ticks.filter((event) => `${event.pid}/${event.tid}` === main).map((event) => event.ts))].sort((a, b) => a - b);
  const perFrame = (spans) => {
    const sums = new Array(Math.max(starts.length - 1, 0)).fill(0);
    let frame = 0;
    for (const [from, to] of spans) {
      while (frame < sums.length && starts[frame + 1] <= from) frame += 1;
      if (frame < sums.length && from >= starts[frame]) sums[frame] += (to - from) / 1e3;
    }
    return sums;
  };
  return { tasks: perFrame(union(['RunTask'])), script: perFrame(union(['FunctionCall', 'EventDispatch', 'FireAnimationFrame', 'RunMicrotasks', 'EvaluateScript'])) };
}

/// Strokes with the button held, always to the left, so that there is always something new.
async function drag(cdp, box, seconds) {
  const [y, right, length] = [box.y + box.height / 2, box.x + box.width * 0.9, box.width * 0.75];
  const mouse = (type, x, extra) => cdp.send('Input.dispatchMouseEvent', { type, x, y, ...extra });
  const begun = performance.now();
  while (performance.now() - begun < seconds * 1e3) {
    await mouse('mousePressed', right, { button: 'left', clickCount: 1 });
    const from = performance.now();
    for (;;) {
      const share = (performance.now() - from) / 1000;
      if (share > 1) break;
      await Promise.all([mouse('mouseMoved', right - length * share, { button: 'left', buttons: 1 }), sleep(7)]);
    }
    await mouse('mouseReleased', right - length, { button: 'left', clickCount: 1 });
    await mouse('mouseMoved', right, {});
  }
}

/// A touchpad that is swept sideways.
async function wheel(cdp, box, seconds) {
  const begun = performance.now();
  while (performance.now() - begun < seconds * 1e3) {
    const event = { type: 'mouseWheel', x: box.x + box.width / 2, y: box.y + box.height / 2, deltaX: 12, deltaY: 0 };
    await Promise.all([cdp.send('Input.dispatchMouseEvent', event), sleep(14)]);
  }
}

const summary = ({ intervals, tasks, script }) => {
  const both = (values) => ({ median: quantile(values, 0.5), p99: quantile(values, 0.99) });
  return { frames: intervals.length, interval: both(intervals), tasks: both(tasks), script: both(script) };
};

/// Panning over sixteen lanes, ours and uPlot's in turn, in the same browser.
export async function pan(out, file, columns, rounds, seconds, log) {
  const server = await serve();
  const { context, close } = await launch(out);
  const results = { drag: [], wheel: [], wide: [], uplot: [] };
  try {
    const ours = await context.newPage();
    await ours.goto(server.address);
    await until(ours, () => globalThis.bench?.ready);
    await ours.setInputFiles('#file-input', file);
    await until(ours, () => globalThis.bench.first > 0);
    await until(ours, () => globalThis.bench.taskTo !== null && document.querySelector('.task') === null);
    await ours.evaluate(() => globalThis.bench.disarm());
    const box = await ours.locator('#scope').boundingBox();
    log(`16 lanes on ${box.width.toFixed(0)} x ${box.height.toFixed(0)} px`);
    const theirs = await context.newPage();
    await uplot(theirs, columns, box);
    const from = () => ours.evaluate(() => Number(document.querySelector('#scope').dataset.fromS));
    for (let round = 0; round < rounds; round++) {
      await ours.bringToFront();
      const before = await from();
      results.drag.push(await frames(context, ours, (cdp) => drag(cdp, box, seconds)));
      results.wheel.push(await frames(context, ours, (cdp) => wheel(cdp, box, seconds)));
      if (!(await from() > before + 5)) throw new Error('the view was not panned');
      await theirs.bringToFront();
      results.uplot.push(await frames(context, theirs, (cdp) => drag(cdp, { x: 0, y: 0, width: box.width, height: box.height }, seconds)));
      const moved = await theirs.evaluate(() => globalThis.chart.scales.x.min);
      if (!(moved > 5)) throw new Error('uPlot was not panned');
    }
    // A minute over the width: drawn from the pyramid.
    await ours.bringToFront();
    await ours.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let k = 0; k < 7; k++) { await ours.mouse.wheel(0, 100); await sleep(60); }
    await sleep(1000);
    const span = await ours.evaluate(() => { const { fromS, toS } = document.querySelector('#scope').dataset; return toS - fromS; });
    results.wide.push(await frames(context, ours, (cdp) => drag(cdp, box, seconds)));
    const join = (list) => summary(Object.fromEntries(['intervals', 'tasks', 'script'].map((key) => [key, list.flatMap((one) => one[key])])));
    const each = (list) => list.map(summary);
    return {
      width: box.width, height: box.height, wide_s: span,
      drag: join(results.drag), wheel: join(results.wheel), wide: join(results.wide), uplot: join(results.uplot),
      rounds: { drag: each(results.drag), uplot: each(results.uplot) },
    };
  } finally {
    await close();
    server.stop();
  }
}

/// uPlot with the same columns at the same size: one chart, sixteen series, panned by the pointer.
async function uplot(page, columns, box) {
  await page.setContent('<!doctype html><style>body{margin:0}</style><div id="chart"></div>');
  await page.addStyleTag({ path: 'node_modules/uplot/dist/uPlot.min.css' });
  await page.addScriptTag({ path: 'node_modules/uplot/dist/uPlot.iife.min.js' });
  const size = { width: Math.round(box.width), height: Math.round(box.height) };
  await page.evaluate(({ base64, size, lanes, columnS, spanS }) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const values = new Float32Array(bytes.buffer);
    const n = values.length / lanes;
    const x = Float64Array.from({ length: n }, (_, k) => (k / 2) * columnS);
    const data = [x];
    for (let lane = 0; lane < lanes; lane++) data.push(Float32Array.from(values.subarray(lane * n, (lane + 1) * n), (v) => v / 2000 + lanes - lane));
    const series = [{}].concat(Array.from({ length: lanes }, (_, k) => ({ label: `EMG ${k + 1}`, stroke: '#1a2430', width: 1, points: { show: false } })));
    const chart = new globalThis.uPlot({
      ...size, series, legend: { show: false }, cursor: { show: false }, pxAlign: 1,
      scales: { x: { time: false, min: 0, max: spanS }, y: { range: [0, lanes + 1] } },
      axes: [{}, { show: false }],
    }, data, document.querySelector('#chart'));
    globalThis.chart = chart;
    let last = null;
    addEventListener('pointerdown', (event) => { last = event.clientX; });
    addEventListener('pointerup', () => { last = null; });
    addEventListener('pointermove', (event) => {
      if (last === null) return;
      const by = (last - event.clientX) * spanS / chart.bbox.width * devicePixelRatio;
      last = event.clientX;
      const min = (chart.scales.x.min + by) % (x.at(-1) - spanS);
      chart.setScale('x', { min, max: min + spanS });
    });
  }, { base64: columns.toString('base64'), size, lanes: 16, columnS: 32 / 10_000, spanS: 10 });
}
