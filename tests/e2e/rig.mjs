// The rig behind tests of real serial ports: a program with amplifiers in software (examples/serial_rig),
// a library that shows their pseudo-terminals to the browser as USB ports (tests/rig/udev.c), and the
// browser's policy that lets our pages use ports without a person's choice.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { plugged, standIn, unplugged } from './stand-in.mjs';
import { test as base } from './support.mjs';

/** Ports of the server of the tests that the policy names: a few, for runs side by side. */
export const PORTS = Array.from({ length: 10 }, (_, k) => 47_110 + k);

/** Whether the pages of these tests have a stand-in for serial ports. */
export const STANDS_IN = () => process.env.MYOSCOPE_SERIAL === 'stand-in';

const LIBRARY = 'target/rig/libudev.so.1';
const POLICY = '/etc/chromium/policies/managed/myoscope-serial-tests.json';
/** A file for each run that needs the policy, and `made` where one of them wrote it. */
const RUNS = path.join(os.tmpdir(), 'myoscope-serial-tests');
const policy = `${JSON.stringify({ SerialAllowAllPortsForUrls: PORTS.map((port) => `http://localhost:${port}`) }, null, 2)}\n`;

const program = () => {
  const target = process.env.MYOSCOPE_BIN ? path.dirname(process.env.MYOSCOPE_BIN) : 'target/debug';
  return path.resolve(target, 'examples/serial_rig');
};

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Writes the policy unless it is there; returns what takes it away again if no other run needs it. */
function allowPorts() {
  const there = fs.existsSync(POLICY) ? fs.readFileSync(POLICY, 'utf8') : undefined;
  if (there !== undefined && there !== policy) throw new Error(`${POLICY} says something else`);
  fs.mkdirSync(RUNS, { recursive: true });
  const own = path.join(RUNS, String(process.pid));
  const made = path.join(RUNS, 'made');
  if (there === undefined) {
    const folders = fs.mkdirSync(path.dirname(POLICY), { recursive: true });
    fs.writeFileSync(POLICY, policy);
    fs.writeFileSync(made, folders ?? '');
  }
  fs.writeFileSync(own, '');
  return () => {
    fs.rmSync(own, { force: true });
    const others = fs.readdirSync(RUNS).filter((name) => /^\d+$/.test(name) && alive(Number(name)));
    if (others.length || !fs.existsSync(made)) return;
    const folders = fs.readFileSync(made, 'utf8');
    fs.rmSync(POLICY, { force: true });
    // Folders that were made for it go as well, while they are empty.
    for (let at = path.dirname(POLICY); folders && at.startsWith(folders); at = path.dirname(at)) {
      if (fs.readdirSync(at).length) break;
      fs.rmdirSync(at);
    }
    fs.rmSync(RUNS, { recursive: true, force: true });
  };
}

/** Builds what is missing. Where the rig's terminals cannot be the browser's ports, a stand-in for those takes their place. */
export function prepareRig(url) {
  delete process.env.MYOSCOPE_NO_RIG;
  if (process.platform !== 'linux') {
    process.env.MYOSCOPE_NO_RIG = 'pseudo-terminals of the rig are those of Linux';
    console.warn(`tests of serial ports are skipped: ${process.env.MYOSCOPE_NO_RIG}`);
    return () => {};
  }
  if (!fs.existsSync(program())) execFileSync('cargo', ['build', '--quiet', '--example', 'serial_rig'], { stdio: 'inherit' });
  if (process.env.MYOSCOPE_SERIAL === 'stand-in') return () => {};
  try {
    if (!PORTS.includes(Number(new URL(url).port))) throw new Error(`the ports ${PORTS[0]} to ${PORTS.at(-1)} are all taken`);
    if (!/\sserial$/m.test(fs.readFileSync('/proc/tty/drivers', 'utf8'))) throw new Error('no driver in /proc/tty/drivers is one of serial ports');
    try {
      execFileSync('make', ['--no-print-directory', LIBRARY], { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      throw new Error(`the library cannot be compiled: ${String(error.stderr ?? error.message).trim().split('\n').at(-1)}`);
    }
    return allowPorts();
  } catch (error) {
    const why = error.code === 'EACCES' || error.code === 'EROFS' ? `the browser's policy cannot be written: ${error.message}` : error.message;
    process.env.MYOSCOPE_SERIAL = 'stand-in';
    console.warn(`serial ports are a stand-in, the browser's own are not tested: ${why}`);
    return () => {};
  }
}

/** The program, and one question at a time to it. */
export class Rig {
  static async start() {
    const rig = new Rig();
    rig.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rig-'));
    rig.socket = path.join(rig.folder, 'bus');
    rig.process = spawn(program(), [rig.socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: rig.process.stdout })[Symbol.asyncIterator]();
    rig.next = async () => JSON.parse((await lines.next()).value ?? '{"error":"the rig has ended"}');
    rig.turn = Promise.resolve();
    const ready = await rig.next();
    if (!ready.ok) throw new Error(`the rig does not start: ${ready.error}`);
    if (STANDS_IN()) rig.name = `${await standIn()}-${path.basename(rig.folder)}`;
    return rig;
  }

  /** What the browser's surroundings must be. */
  get env() {
    return STANDS_IN() ? process.env : { ...process.env, LD_PRELOAD: path.resolve(LIBRARY), MYOSCOPE_RIG: this.socket };
  }

  /** A command of examples/serial_rig/wire.rs. */
  ask(what, port, rest = {}) {
    const answer = this.turn.then(async () => {
      this.process.stdin.write(`${JSON.stringify({ do: what, port, ...rest })}\n`);
      const said = await this.next();
      if (said.error) throw new Error(`${what} ${port}: ${said.error}`);
      return said;
    });
    this.turn = answer.catch(() => {});
    return answer;
  }

  async plug(port, device, usb = DEVICES[device]) {
    const said = await this.ask('plug', port, { device, ...usb });
    if (STANDS_IN()) plugged(this.name, port, said.node, usb);
    return said;
  }

  async unplug(port) {
    if (STANDS_IN()) unplugged(this.name, port);
    return this.ask('unplug', port);
  }

  /** Puts the stand-in into pages of a context, where it is used. */
  async into(context) {
    if (!STANDS_IN()) return context;
    await context.addInitScript((name) => (globalThis.standInRig = name), this.name);
    await context.addInitScript({ path: 'tests/e2e/served/stand-in.js' });
    return context;
  }

  stats(port) {
    return this.ask('stats', port);
  }

  /** Values of samples `from` to `from + count`, a row a sample. */
  async values(port, from, count) {
    const { channels } = await this.stats(port);
    const step = Math.floor(1_000_000 / channels);
    const rows = [];
    for (let at = from; at < from + count; at += step) {
      const piece = await this.ask('values', port, { from: at, count: Math.min(step, from + count - at) });
      for (const row of piece.rows) rows.push(row);
    }
    return rows;
  }

  async stop() {
    this.process.stdin.end();
    await new Promise((resolve) => (this.process.exitCode === null ? this.process.once('exit', resolve) : resolve()));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** USB numbers that the devices have in life. */
export const DEVICES = {
  cyton: { vendor: 0x0403, product: 0x6015, serial: 'DM00Q0QN' },
  'cyton-daisy': { vendor: 0x0403, product: 0x6015, serial: 'DM00Q0QP' },
  chords: { vendor: 0x2341, product: 0x0069 },
  spikerbox: { vendor: 0x2341, product: 0x0043 },
  bitalino: { vendor: 0x0403, product: 0x6001 },
  hackeeg: { vendor: 0x2341, product: 0x003e },
  text: { vendor: 0x2341, product: 0x0043 },
  generic: { vendor: 0x10c4, product: 0xea60 },
  ranvier: { vendor: 0x1209, product: 0x0001 },
  echo: { vendor: 0x0403, product: 0x6001 },
  bytes: { vendor: 0x1209, product: 0x0002 },
};

/** How a browser on the rig is launched. */
export const launching = (launchOptions, rig) => ({ ...launchOptions, env: rig.env });

/** Tests with a rig, and a browser of their own that sees its ports. */
export const test = base.extend({
  serial: [process.env.MYOSCOPE_SERIAL ?? '', { option: true, scope: 'worker' }],
  rig: async ({ serial }, use, info) => {
    if (serial) process.env.MYOSCOPE_SERIAL = serial;
    info.skip(!!process.env.MYOSCOPE_NO_RIG, process.env.MYOSCOPE_NO_RIG);
    const rig = await Rig.start();
    await use(rig);
    await rig.stop();
  },
  context: async ({ rig, playwright, launchOptions, baseURL, viewport, locale, colorScheme }, use) => {
    const browser = await playwright.chromium.launch(launching(launchOptions, rig));
    const context = await browser.newContext({ baseURL, viewport, locale, colorScheme });
    await use(await rig.into(context));
    await browser.close();
  },
});
