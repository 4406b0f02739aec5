// How far the sound of a recording that runs is behind, and what share of that is whose: from the arrival of
// samples to the audio thread (ours), and from there to the loudspeaker (the output device's, as the browser says).
//   node scripts/sound-delay.mjs [--url http://localhost:8080/] [--seconds 20]      (the app served there)
import { chromium } from '@playwright/test';
import config from '../playwright.config.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const seconds = Number(option('seconds', 20));
const { executablePath, args } = config.use.launchOptions;
const browser = await chromium.launch({ executablePath, args: [...args, '--autoplay-policy=no-user-gesture-required'] });
const page = await browser.newPage();
await page.addInitScript(() => {
  globalThis.told = [];
  const Node = AudioWorkletNode;
  globalThis.AudioWorkletNode = class extends Node {
    constructor(context, name, ...rest) {
      super(context, name, ...rest);
      if (name !== 'myoscope-ear') return;
      this.port.addEventListener('message', ({ data }) => {
        globalThis.told.push({ ...data, base_ms: context.baseLatency * 1e3, output_ms: context.outputLatency * 1e3 });
      });
    }
  };
});
await page.goto(option('url', 'http://localhost:8080/'));
await page.getByRole('region', { name: 'Simulated patient' }).getByRole('button', { name: 'Healthy' }).click();
await page.waitForFunction(() => globalThis.told.some(({ running }) => running));
await page.waitForTimeout(1000 * seconds);
const told = await page.evaluate(() => globalThis.told);
const spread = (name) => {
  const values = told.filter(({ running }) => running).map((of) => of[name]).filter(Number.isFinite).sort((a, b) => a - b);
  const at = (part) => values[Math.floor(part * (values.length - 1))]?.toFixed(1);
  return `${at(0.5)} ms (5 % ${at(0.05)}, 95 % ${at(0.95)})`;
};
console.log(`arrival to audio thread   ${spread('delay')}`);
console.log(`block of the context      ${spread('base_ms')}`);
console.log(`audio thread to output    ${spread('output_ms')}`);
console.log(`ran out ${told.at(-1)?.ran_out ?? 0} times, left out ${told.at(-1)?.left_out ?? 0} times in ${seconds} s`);
await browser.close();
