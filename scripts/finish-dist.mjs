// Finishes what Trunk built: no inline script, a strict Content-Security-Policy, a worker folder
// named by content, the service worker's precache list, and compressed copies.
// Runs as Trunk's post_build hook (TRUNK_STAGING_DIR) or on a folder given as argument.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const root = process.env.TRUNK_STAGING_DIR ?? process.argv[2];
if (!root) throw new Error('finish-dist: give the folder to finish');
const file = (name) => path.join(root, name);
const hash = (...parts) => parts.reduce((h, part) => h.update(part), createHash('sha256')).digest('hex').slice(0, 12);

let html = fs.readFileSync(file('index.html'), 'utf8');

// 1. Trunk's start script becomes a file, so that script-src needs no exception.
html = html.replace(/<script type="module">([\s\S]*?)<\/script>/g, (_, code) => {
  const name = `boot-${hash(code)}.js`;
  fs.writeFileSync(file(name), code.trim() + '\n');
  return `<script type="module" src="./${name}"></script>`;
});

// 2. Trunk does not hash worker files. In a folder named by content, page and worker cannot mismatch.
const settle = (program) => {
  const parts = [`${program}.js`, `${program}_bg.wasm`, `${program}_loader.js`];
  const folder = `${program}-${hash(...parts.map((name) => fs.readFileSync(file(name))))}`;
  fs.mkdirSync(file(folder), { recursive: true });
  for (const name of parts) fs.renameSync(file(name), path.join(root, folder, name));
  return `./${folder}/${program}_loader.js`;
};
const worker = settle('worker');
const pdf = settle('pdf');

// The player of the audio thread is named by content as well.
const sound = `sound-${hash(fs.readFileSync(file('sound.js')))}.js`;
fs.renameSync(file('sound.js'), file(sound));

const files = fs.readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'index.html')
  .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)).split(path.sep).join('/'))
  .filter((name) => !/\.(br|gz|map)$/.test(name) && name !== 'sw.js')
  .sort();
const build = hash(html, ...files.map((name) => fs.readFileSync(file(name))));

// 3. Policy and facts for the page.
export const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
  + "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'";
html = html.replace('<!-- csp -->', `<meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="myoscope-build" content="${build}" />
    <meta name="myoscope-worker" content="${worker}" />
    <meta name="myoscope-pdf" content="${pdf}" />
    <meta name="myoscope-sound" content="./${sound}" />`);
if (/<script(?![^>]*\bsrc=)/.test(html)) throw new Error('finish-dist: an inline script is left in index.html');
fs.writeFileSync(file('index.html'), html);

// 4. Service worker.
// What makes PDFs is fetched when the first one is asked for, and kept from then on.
const early = files.filter((name) => !name.startsWith('pdf-'));
const source = fs.readFileSync('www/sw.js', 'utf8');
fs.writeFileSync(file('sw.js'), source.replace("'__BUILD__'", JSON.stringify(build)).replace("['__FILES__']", JSON.stringify(['./', ...early.map((name) => `./${name}`)])));

// 5. Compressed copies for servers that hand them out as they are.
for (const name of [...files, 'index.html', 'sw.js']) {
  if (!/\.(js|css|wasm|html|svg|webmanifest)$/.test(name)) continue;
  const bytes = fs.readFileSync(file(name));
  fs.writeFileSync(file(`${name}.br`), zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  fs.writeFileSync(file(`${name}.gz`), zlib.gzipSync(bytes, { level: 9 }));
}
console.log(`build ${build}`);
