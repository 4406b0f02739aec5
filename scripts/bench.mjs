// make bench: how fast Myoscope is, as ratios measured side by side in one run.
//
//   node scripts/bench.mjs                all parts
//   ONLY=edf,wasm node scripts/bench.mjs  some of: edf wfdb dsp wasm load needle big pan live
//   KEEP=1                                keep the generated files (about 6 GB) under out/bench
//   ROUNDS=5                              rounds of the interleaved parts (default 3)
//
// Prints a table and writes out/bench/results.json. Every part alternates between the two sides;
// figures are medians. What a part needs is installed below .tools/ and node_modules/.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..'));
const out = 'out/bench';
const parts = (process.env.ONLY || 'edf,wfdb,dsp,wasm,load,needle,big,pan,live').split(',').map((part) => part.trim());
const rounds = Number(process.env.ROUNDS ?? 3);
const program = 'target/release/examples/bench';
const quiet = { ...process.env, RUSTFLAGS: undefined };
delete quiet.RUSTFLAGS;

const run = (command, args, options = {}) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30, env: quiet, stdio: ['ignore', 'pipe', 'inherit'], ...options });
const show = (command, args) => run(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const ensure = (...what) => show('scripts/ensure.sh', what);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const wants = (...names) => names.some((name) => parts.includes(name));
const results = { cores: os.cpus().length, cpu: os.cpus()[0]?.model, loadavg: os.loadavg()[0] };
const say = (text) => console.log(text);
const times = (value) => `${value.toFixed(value < 10 ? 2 : 1)}x`;
const goal = (met) => (met ? 'aim met' : 'aim MISSED');

function make(...names) {
  const missing = names.filter((name) => !fs.existsSync(path.join(out, name)));
  if (missing.length) run(program, ['make', out, ...missing]);
  return names.map((name) => path.join(out, name));
}

function drop(...files) {
  if (!process.env.KEEP) for (const file of files) fs.rmSync(file, { force: true });
}

function python() {
  const own = path.join('.tools', 'bench-venv', 'bin', 'python');
  const stamp = path.join('.tools', 'bench-venv', 'ready');
  if (!fs.existsSync(stamp)) {
    say('bench: making a Python environment with numpy, scipy, wfdb, pyedflib and edfio in .tools/');
    show(process.env.PYTHON ?? 'python3', ['-m', 'venv', path.join('.tools', 'bench-venv')]);
    show(own, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'numpy', 'scipy', 'wfdb', 'pyedflib', 'edfio']);
    fs.writeFileSync(stamp, '');
  }
  return own;
}
const peer = (...args) => JSON.parse(run(python(), ['scripts/bench_peers.py', ...args]));
// numpy asks the kernel for huge pages for its arrays; the same is asked for ours.
const ours = (...args) => JSON.parse(run(program, args, { env: { ...quiet, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } }));

function readers(name, files, peers) {
  const size = fs.statSync(files.at(-1)).size / 1e6;
  const seconds = { ours: [], stream: [] };
  const sums = new Set();
  for (let round = 0; round < rounds; round++) {
    const mine = ours('read', ...files);
    seconds.ours.push(...mine.seconds);
    seconds.stream.push(...mine.stream);
    sums.add(mine.sum);
    for (const other of peers) {
      const got = peer(other, files[0]);
      (seconds[other] ??= []).push(...got.seconds);
      sums.add(got.sum);
    }
  }
  if (sums.size !== 1) throw new Error(`${name}: the readers do not agree: ${[...sums].join(', ')}`);
  const speed = Object.fromEntries(Object.entries(seconds).map(([key, list]) => [key, size / median(list)]));
  say(`\n${name}, ${size.toFixed(0)} MB to float64 arrays; all results equal`);
  say(`  Myoscope                ${speed.ours.toFixed(0)} MB/s (as a stream in bounded memory ${speed.stream.toFixed(0)} MB/s)`);
  for (const other of peers) say(`  ${other.padEnd(22)}  ${speed[other].toFixed(0)} MB/s: Myoscope is ${times(speed.ours / speed[other])} as fast, as a stream ${times(speed.stream / speed[other])}`);
  return { mb: size, mb_s: speed };
}

function wasmKernels() {
  const folder = path.join(out, 'wasm');
  fs.mkdirSync(folder, { recursive: true });
  show('cargo', ['build', '--quiet', '--release', '--target', 'wasm32-unknown-unknown', '--example', 'bench']);
  show('wasm-bindgen', ['--target', 'nodejs', '--out-dir', folder, 'target/wasm32-unknown-unknown/release/examples/bench.wasm']);
  const wasm = path.join(folder, 'bench_bg.wasm');
  // The optimiser and the level that Trunk gives the worker.
  const features = ['simd', 'bulk-memory', 'bulk-memory-opt', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'];
  show('wasm-opt', ['-O3', ...features.map((name) => `--enable-${name}`), wasm, '-o', wasm]);
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}\n');
  fs.writeFileSync(path.join(folder, 'run.cjs'), "require('./bench.js'); console.log(globalThis.myoscopeBench);\n");
  return () => JSON.parse(run(process.execPath, [path.join(folder, 'run.cjs')]));
}

fs.mkdirSync(out, { recursive: true });
ensure('rust', 'cc', 'node', 'npm');
say('bench: building');
show('cargo', ['build', '--quiet', '--release', '--example', 'bench']);

if (wants('edf')) {
  const [file] = make('decode.plain.edf');
  results.edf = readers('EDF, 8 channels of 10 kHz', [file], ['edfio', 'pyedflib']);
  say(`  at least twice as fast as edfio: ${goal(results.edf.mb_s.ours >= 2 * results.edf.mb_s.edfio)}`);
  drop(file);
}
if (wants('wfdb')) {
  const [header] = make('decode.hea');
  const data = header.replace('.hea', '.dat');
  results.wfdb = readers('WFDB format 16, 8 channels of 10 kHz', [header, data], ['wfdb']);
  drop(header, data);
}
if (wants('dsp', 'wasm')) {
  const wasm = wants('wasm') ? (ensure('wasm', 'wasm-bindgen'), wasmKernels()) : null;
  const names = ['edf', 'pyramid', 'fft', 'sosfiltfilt', 'motor', 'sweeps', 'units_slight', 'units_moderate', 'units_strong'];
  const seconds = { native: {}, wasm: {}, numpy: {} };
  const take = (side, got) => Object.entries(got).forEach(([key, list]) => Array.isArray(list) && (seconds[side][key] ??= []).push(...list));
  for (let round = 0; round < rounds; round++) {
    take('native', JSON.parse(run(program, ['kernels'])));
    if (wasm) take('wasm', wasm());
    if (wants('dsp')) take('numpy', peer('numpy'));
  }
  const at = (side, key) => median(seconds[side][key]);
  if (wants('dsp')) {
    say('\nSignal processing against numpy and scipy');
    const fft = at('numpy', 'fft') / at('native', 'fft');
    const filter = at('numpy', 'sosfiltfilt') / at('native', 'sosfiltfilt');
    say(`  FFT of 4096 real points         ${(at('native', 'fft') / 200 * 1e6).toFixed(1)} us, numpy.fft.rfft ${(at('numpy', 'fft') / 200 * 1e6).toFixed(1)} us: ${times(fft)} as fast`);
    say(`  zero-phase band-pass, 1e6       ${(at('native', 'sosfiltfilt') * 1e3).toFixed(1)} ms, scipy.signal.sosfiltfilt ${(at('numpy', 'sosfiltfilt') * 1e3).toFixed(1)} ms: ${times(filter)} as fast`);
    results.dsp = { fft_ratio: fft, sosfiltfilt_ratio: filter, native: { fft: at('native', 'fft'), sosfiltfilt: at('native', 'sosfiltfilt') } };
  }
  if (wasm) {
    say('\nWebAssembly against native code (time in wasm / time in native; below 1.3 is the aim)');
    results.wasm = {};
    for (const key of names) {
      const ratio = at('wasm', key) / at('native', key);
      results.wasm[key] = { ratio, native_ms: at('native', key) * 1e3, wasm_ms: at('wasm', key) * 1e3 };
      say(`  ${key.padEnd(14)} ${(at('wasm', key) * 1e3).toFixed(2).padStart(8)} ms / ${(at('native', key) * 1e3).toFixed(2).padStart(8)} ms = ${ratio.toFixed(2)}  ${goal(ratio <= 1.3)}`);
    }
    const needle = [['slight', 1.5], ['moderate', 1.5], ['strong', 5]];
    for (const [effort, aim] of needle) say(`  10 s of needle EMG at ${effort} effort in under ${aim} s in wasm: ${goal(at('wasm', `units_${effort}`) < aim)}`);
    say(`  1,000 motor sweeps of 1,000 points marked in under 0.1 s in wasm: ${goal(at('wasm', 'sweeps') < 0.1)}`);
  }
}
if (wants('load', 'needle', 'big', 'pan', 'live')) {
  ensure('chromium');
  show('make', ['--no-print-directory', '-s', 'dist/index.html']);
  const browser = await import('./bench-browser.mjs');
  const log = (text) => say(`  ${text}`);
  if (wants('load')) {
    say('\nFirst load (localhost, empty cache)');
    const got = await browser.load(out, rounds);
    results.load = got;
    const ready = browser.median(got.interactive_ms);
    say(`  ${(got.bytes / 1e3).toFixed(0)} kB over the wire until files can be opened (headers included): ${goal(got.bytes < 900e3)}; ${(got.bytes_offline / 1e3).toFixed(0)} kB with the copy for offline use`);
    say(`  ready to open files after ${ready.toFixed(0)} ms: ${goal(ready < 1000)}; on the second visit ${browser.median(got.again_ms).toFixed(0)} ms`);
  }
  if (wants('needle')) {
    say('\nAnalyses of 20 s of needle EMG in the page, one thread of wasm: from the key to the whole answer');
    results.needle = await browser.needle(out, rounds);
    for (const [name, ms] of Object.entries(results.needle)) say(`  ${name.padEnd(8)} ${ms.toFixed(0)} ms`);
  }
  if (wants('big')) {
    results.big = {};
    for (const name of ['two.plain.edf', 'two.edf']) {
      const [file] = make(name);
      say(`\nOpening ${name === 'two.edf' ? 'EDF+C with 20,000 annotations' : 'plain EDF'} of ${(fs.statSync(file).size / 1e9).toFixed(2)} GB (in the system's file cache)`);
      const got = await browser.big(out, file, () => {});
      results.big[name] = got;
      say(`  first picture ${got.first_ms.toFixed(0)} ms: ${goal(got.first_ms < 1000)}`);
      if (got.rss_peak_mb) say(`  renderer: resident ${got.rss_peak_mb.toFixed(0)} MB at its highest (${got.rss_idle_mb.toFixed(0)} before opening): ${goal(got.rss_peak_mb < 300)}; of it anonymous ${got.anon_peak_mb.toFixed(0)} MB (${got.anon_idle_mb.toFixed(0)} before)`);
      say(`  overview of everything ${got.overview_s.toFixed(1)} s, ${got.mb_s.toFixed(0)} MB/s; going elsewhere meanwhile: picture after ${browser.median(got.jumps_ms).toFixed(0)} ms (longest ${Math.max(...got.jumps_ms).toFixed(0)})`);
      say(`  second opening: first picture ${got.second_first_ms.toFixed(0)} ms, overview complete ${got.second_overview_ms.toFixed(0)} ms`);
      drop(file);
    }
  }
  if (wants('pan')) {
    const [file] = make('hour.plain.edf');
    const columns = run(program, ['columns', file, '120'], { encoding: 'buffer' });
    say('\nPanning 16 lanes of an hour at 10 kHz');
    const got = await browser.pan(out, file, columns, rounds, 5, log);
    results.pan = got;
    const line = (name, one) => say(`  ${name.padEnd(26)} frames ${one.interval.median.toFixed(1)} / ${one.interval.p99.toFixed(1)}, main thread ${one.tasks.median.toFixed(1)} / ${one.tasks.p99.toFixed(1)}, script ${one.script.median.toFixed(1)} / ${one.script.p99.toFixed(1)} ms (median / 99 %)`);
    line('drag, 10 s in view', got.drag);
    line('wheel, 10 s in view', got.wheel);
    line(`drag, ${got.wide_s.toFixed(0)} s in view`, got.wide);
    line('uPlot, drag, 10 s', got.uplot);
    say(`  main thread against uPlot: ${(got.drag.tasks.median / got.uplot.tasks.median).toFixed(2)} of its time in the median, ${(got.drag.tasks.p99 / got.uplot.tasks.p99).toFixed(2)} at 99 %`);
    say(`  99th percentile of frames under 16.7 ms: ${goal(got.drag.interval.p99 < 16.75)}; main thread under 16.7 ms: ${goal(got.drag.tasks.p99 < 16.7)}`);
    drop(file);
  }
  if (wants('live')) {
    say('\nA recording of 8 channels, 48 kHz, 24 bits through a real serial port (20 s each; plain JS decodes at 1.9 % of a core)');
    const { live } = await import('./bench-live.mjs');
    const got = await live();
    results.live = got;
    for (const [name, one] of [['no filters', got.plain], ['band-pass in 8 lanes', got.filtered]]) {
      const workers = one.workers.map((share) => share.toFixed(1)).join(' and ');
      say(`  ${name.padEnd(22)} workers ${workers} % of a core, page ${one.page.toFixed(1)} %; frames ${one.frame_ms.median.toFixed(1)} / ${one.frame_ms.p99.toFixed(1)} ms (median / 99 %): ${goal(one.frame_ms.p99 < 16.75)}`);
    }
    const delay = (all) => `${browser.median(all).toFixed(0)} ms, 90 % below ${browser.quantile(all, 0.9).toFixed(0)}`;
    say(`  from the device's bytes to drawn traces ${delay(got.pixel_ms)} (${got.pixel_ms.length} times): ${goal(browser.median(got.pixel_ms) < 50)}`);
    say(`  sound behind the device ${delay(got.sound_ms)}: ${goal(browser.median(got.sound_ms) < 60)}`);
    say(`  samples lost ${got.lost} of ${got.samples}: ${goal(got.lost === '0')}`);
  }
}
fs.writeFileSync(path.join(out, 'results.json'), JSON.stringify(results, null, 1) + '\n');
say(`\nall numbers: ${out}/results.json (${results.cores} cores, load ${results.loadavg.toFixed(1)} at the start)`);
