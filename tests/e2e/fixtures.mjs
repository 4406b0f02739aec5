// Recordings that the tests open. All are made here or lie in tests/golden; other containers of
// the same samples come from the command line's own `export`.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const FOLDER = path.resolve('test-results/fixtures');
export const golden = (name) => path.resolve('tests/golden', name);
export const fixture = (name) => path.join(FOLDER, name);

/** The command line program: the one that `cargo test` has built, or a release build. */
export function program() {
  const built = [process.env.MYOSCOPE_BIN, 'target/debug/myoscope', 'target/release/myoscope']
    .filter((name) => name && fs.existsSync(name))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  if (!built.length) throw new Error('there is no myoscope program: run `cargo build` first');
  return path.resolve(process.env.MYOSCOPE_BIN ?? built[0]);
}

/** JSON lines that the command line prints about a file, run in the file's folder as a person would. */
export function commandLine(command, file, ...options) {
  const name = path.basename(file);
  const out = execFileSync(program(), [command, '--json', ...options, name], { cwd: path.dirname(file), encoding: 'utf8', maxBuffer: 1 << 28 });
  return out.trim().split('\n').map((line) => JSON.parse(line));
}

/** Rate of the spike recording, and where its spikes are. */
export const SPIKE = { fs: 2000, seconds: 4, at: [0.7, 2.25], uv: 1000 };

/** A motor study: wrist, elbow and axilla, 20 kHz, stimulus 5 ms after the first sample. */
export const MOTOR = { fs: 20_000, n: 1000, stimulusMs: 5, delayMs: [3, 7.05, 9.1], sites: ['Wrist', 'Elbow', 'Axilla'] };

function response(delayMs, k) {
  const t = k / 20 - MOTOR.stimulusMs - delayMs;
  // Negative up as amplifiers store it: the response is a positive number here.
  const value = t >= 0 && t < 14 ? 5000 * Math.sin((Math.PI * t) / 6) * Math.exp(-t / 10) : 0;
  const artefact = k >= 100 && k < 106 ? 1500 * (1 - (k - 100) / 6) : 0;
  return Math.round((value + artefact + ((k * 7919) % 7) * 0.6) * 2);
}

function motor(folder) {
  const { n, fs: rate, sites, delayMs } = MOTOR;
  const data = Buffer.alloc(n * sites.length * 2);
  for (let k = 0; k < n; k++) delayMs.forEach((delay, c) => data.writeInt16LE(response(delay, k), (k * sites.length + c) * 2));
  fs.writeFileSync(path.join(folder, 'motor.dat'), data);
  const lines = sites.map((site) => `motor.dat 16 2/uV 16 0 0 0 0 ${site}`);
  fs.writeFileSync(path.join(folder, 'motor.hea'), `motor ${sites.length} ${rate} ${n}\n${lines.join('\n')}\n`);
  fs.writeFileSync(path.join(folder, 'motor.meta.json'), JSON.stringify({ kind: 'motor', nerve: 'Median', stim_ms: MOTOR.stimulusMs, sites }));
}

function spike(folder) {
  const rows = [];
  for (let k = 0; k < SPIKE.fs * SPIKE.seconds; k++) {
    const t = k / SPIKE.fs;
    rows.push(`${t},${SPIKE.at.some((at) => Math.round(at * SPIKE.fs) === k) ? SPIKE.uv : 0}`);
  }
  fs.writeFileSync(path.join(folder, 'spike.csv'), `time (s),EMG (uV)\n${rows.join('\n')}\n`);
}

/** Two muscles, 20 s at 2 kHz, a burst every second, 20 uV of mains on the first. */
function two(folder) {
  const rows = [];
  for (let k = 0; k < 40_000; k++) {
    const t = k / 2000;
    const burst = Math.max(0, Math.sin(Math.PI * t)) * 200 * Math.sin(2 * Math.PI * 83 * t + Math.sin(t * 7));
    rows.push(`${t},${(burst + 20 * Math.sin(2 * Math.PI * 50 * t)).toFixed(3)},${(burst * 0.3).toFixed(3)},${(Math.sin(t) * 4).toFixed(4)}`);
  }
  fs.writeFileSync(path.join(folder, 'two.csv'), `time (s),Biceps (uV),Triceps (uV),Force (N)\n${rows.join('\n')}\n`);
}

/** Needle EMG in shape: 3 s of potentials at 16 kHz, never twice the same, for the ear. */
export const HEARD = { fs: 16_000, seconds: 3 };
export function heardSample(k) {
  const t = k / HEARD.fs;
  return 400 * Math.exp(-((t * 11) % 1) * 9) * Math.sin(2 * Math.PI * (300 + 400 * t) * t) + 30 * Math.sin(2 * Math.PI * 61.3 * t * t);
}

function heard(folder) {
  const n = HEARD.fs * HEARD.seconds;
  const rows = Array.from({ length: n }, (_, k) => `${k / HEARD.fs},${heardSample(k).toFixed(2)}`);
  fs.writeFileSync(path.join(folder, 'heard.csv'), `time (s),Needle (uV)\n${rows.join('\n')}\n`);
}

export function makeFixtures() {
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(path.join(FOLDER, 'folder/inner'), { recursive: true });
  motor(FOLDER);
  spike(FOLDER);
  two(FOLDER);
  heard(FOLDER);
  fs.writeFileSync(fixture('notes.txt'), 'Dear colleague,\nplease find enclosed the recording.\n');
  const rows = Array.from({ length: 200 }, (_, k) => `${(100 * Math.sin(k / 5)).toFixed(2)},${k % 7}`);
  fs.writeFileSync(fixture('norate.csv'), `APB (uV),ADM (uV)\n${rows.join('\n')}\n`);
  const convert = (from, to) => execFileSync(program(), ['export', fixture(from), '-o', fixture(to)], { stdio: ['ignore', 'ignore', 'pipe'] });
  for (const extension of ['edf', 'bdf', 'wav', 'hea']) convert('two.csv', `two.${extension}`);
  convert('spike.csv', 'spike.edf');
  const whole = fs.readFileSync(fixture('two.edf'));
  fs.writeFileSync(fixture('cut.edf'), whole.subarray(0, Math.floor(whole.length * 0.6)));
  for (const name of ['motor.hea', 'motor.dat', 'motor.meta.json']) fs.copyFileSync(fixture(name), path.join(FOLDER, 'folder/inner', name));
}
