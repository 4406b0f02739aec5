// Makes dist/myoscope.html out of a finished dist/: the whole app in one file that opens by a
// double click, without a server. Styles and scripts are inline and named by hash in the policy,
// both WebAssembly modules are inside (gzip, base64), the worker starts from a Blob address.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const root = process.argv[2] ?? 'dist';
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const packed = (name) => zlib.gzipSync(fs.readFileSync(path.join(root, name)), { level: 9 }).toString('base64');
const html = read('index.html');
const find = (pattern) => {
  const found = pattern.exec(html);
  if (!found) throw new Error(`single-file: index.html holds nothing like ${pattern}`);
  return found[1];
};
const app = find(/modulepreload" href="\.\/([^"]+)"/);
const folder = path.dirname(find(/myoscope-worker" content="\.\/([^"]+)"/));
const sound = read(find(/myoscope-sound" content="\.\/([^"]+)"/));
const styles = [...html.matchAll(/<link rel="stylesheet" href="\.\/([^"]+)"[^>]*>/g)].map((found) => read(found[1])).join('\n');

// wasm-bindgen's module as a plain piece of code: what it exports stays within it.
const glue = (name) => read(name).replace(/^export \{[^}]*\};?\s*$/gm, '').replace(/^export (?=class|function|const)/gm, '')
  .replaceAll('import.meta.url', '"about:blank"');
const unpack = `const unpack = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
};`;
// From the disk, Chromium starts only classic workers from a Blob address: no top-level await.
const worker = `(async () => {\n${glue(`${folder}/worker.js`)}\n${unpack}\nawait __wbg_init({ module_or_path: await unpack('${packed(`${folder}/worker_bg.wasm`)}') });\n})();\n`;
const code = `const work = new Blob([${JSON.stringify(worker).replaceAll('</', '<\\/')}], { type: 'text/javascript' });
document.querySelector('meta[name=myoscope-worker]').content = URL.createObjectURL(work);
const player = new Blob([${JSON.stringify(sound).replaceAll('</', '<\\/')}], { type: 'text/javascript' });
document.querySelector('meta[name=myoscope-sound]').content = URL.createObjectURL(player);
globalThis.Worker = class extends globalThis.Worker { constructor(address) { super(address); } };
${glue(app).replaceAll('</', '<\\/')}
${unpack}
await __wbg_init({ module_or_path: await unpack('${packed(app.replace(/\.js$/, '_bg.wasm'))}') });
`;
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = `default-src 'none'; script-src ${hash(code)} 'wasm-unsafe-eval' blob:; style-src ${hash(styles)}; img-src data: blob:; `
  + "worker-src blob:; base-uri 'none'; form-action 'none'";
const icon = `data:image/svg+xml;base64,${Buffer.from(read('icon.svg')).toString('base64')}`;
const meta = (name) => html.match(new RegExp(`<meta name="${name}"[^>]*>`, 'g'))?.join('\n') ?? '';
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
${meta('viewport')}
${meta('description')}
${meta('theme-color')}
<meta name="myoscope-worker" content="">
<meta name="myoscope-sound" content="">
<title>Myoscope</title>
<link rel="icon" href="${icon}">
<style>${styles}</style>
</head>
<body>
<noscript>Myoscope is a program that runs in this page: it needs JavaScript and WebAssembly.</noscript>
<script type="module">${code}</script>
</body>
</html>
`;
fs.writeFileSync(path.join(root, 'myoscope.html'), page);
console.log(`${path.join(root, 'myoscope.html')}: ${(page.length / 1e6).toFixed(1)} MB, opens by a double click`);
