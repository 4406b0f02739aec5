// Opens dist/myoscope.html from the disk in Chromium: the demo must be drawn, a file must open,
// nothing may be asked of the network.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, until } from './bench-browser.mjs';

const file = path.resolve(process.argv[2] ?? 'dist/myoscope.html');
fs.mkdirSync('out', { recursive: true });
const { context, close } = await launch('out');
const problems = [];
try {
  const page = await context.newPage();
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => { if (!/^(file|blob|data):/.test(request.url())) problems.push(`asked for ${request.url()}`); });
  await page.goto(pathToFileURL(file).href);
  await until(page, () => globalThis.bench?.ready, 20_000);
  await page.evaluate(() => globalThis.bench.arm());
  await page.getByRole('button', { name: 'Needle EMG' }).click();
  await until(page, () => globalThis.bench.pixels > 500, 20_000);
  const text = path.resolve('out/single.csv');
  fs.writeFileSync(text, `time (s),EMG (uV)\n${Array.from({ length: 4000 }, (_, k) => `${(k / 10000).toFixed(4)},${(100 * Math.sin(k / 20)).toFixed(3)}`).join('\n')}\n`);
  await page.setInputFiles('#file-input', text);
  await page.getByText('single.csv').first().waitFor({ timeout: 20_000 });
  fs.rmSync(text);
  const notices = await page.locator('.note.abn').allTextContents();
  problems.push(...notices);
} catch (error) {
  problems.push(...await context.pages().at(-1).locator('.note').allTextContents());
  problems.push(String(error));
} finally {
  await close();
}
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${file}: demo drawn, file opened, no request`);
