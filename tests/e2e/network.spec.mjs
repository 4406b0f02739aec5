// What crosses the network: little, from one host, once.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { dialog, expect, openMotor, opened, scope, test } from './support.mjs';

/** Compressed sizes, bytes. */
const BUDGET = { all: 2_750_000, app: 800_000, worker: 1_930_000 };

test('the first load is small', async ({ page }) => {
  const sizes = new Map();
  page.on('response', (response) => {
    // What the service worker fetches for later is the same again.
    if (response.request().serviceWorker()) return;
    sizes.set(new URL(response.url()).pathname, response);
  });
  await page.goto('./?demo');
  await opened(page);
  let all = 0;
  const wasm = {};
  for (const [address, response] of sizes) {
    const headers = await response.allHeaders();
    // The icon of a tab may come without headers: then as much as it is on disk.
    const size = Number(headers['content-length'] ?? fs.statSync(`dist${address}`).size);
    expect(size, `${address} has a length`).toBeGreaterThan(0);
    if (/\.(wasm|js|css)$/.test(address)) expect(headers['content-encoding'], address).toBe('br');
    if (address.endsWith('.wasm')) wasm[address.includes('worker') ? 'worker' : 'app'] = size;
    all += size;
  }
  test.info().annotations.push({ type: 'size', description: JSON.stringify({ all, ...wasm }) });
  console.log(`first load: ${all} bytes compressed, app ${wasm.app}, worker ${wasm.worker}`);
  expect(wasm.app).toBeGreaterThan(10_000);
  expect(wasm.worker).toBeGreaterThan(10_000);
  expect(all).toBeLessThan(BUDGET.all);
  expect(wasm.app).toBeLessThan(BUDGET.app);
  expect(wasm.worker).toBeLessThan(BUDGET.worker);
});

test('the policy is strict and holds', async ({ page, faults }) => {
  await page.goto('./');
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  for (const part of ["default-src 'none'", "connect-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "base-uri 'self'", "form-action 'none'"]) {
    expect(policy).toContain(part);
  }
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
  expect(await page.locator('script:not([src])').count()).toBe(0);
  expect(faults).toEqual([]);
  // It is enforced: each of these is refused and reported.
  const refused = await page.evaluate(async () => {
    const seen = [];
    addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    await fetch('https://example.invalid/').catch(() => {});
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    const image = new Image();
    image.src = 'https://example.invalid/pixel.png';
    await new Promise((done) => setTimeout(done, 300));
    return { seen, ran: window.ran ?? false };
  });
  expect(refused.ran).toBe(false);
  expect(refused.seen).toEqual(expect.arrayContaining(['connect-src', 'script-src-elem', 'img-src']));
  // The watch of all other tests would have seen it.
  expect(faults.some((fault) => fault.startsWith('policy: '))).toBe(true);
  faults.length = 0;
});

test('after the first load the app works without a network', async ({ page, context }) => {
  await page.goto('./');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  });
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  await openMotor(page);
  await page.keyboard.press('Control+e');
  await expect(dialog(page)).toBeVisible();
  // A link to the demo is the same page.
  await page.goto('./?demo=needle');
  await opened(page);
  await context.setOffline(false);
});

test('the app can be installed', async ({ page, request }) => {
  await page.goto('./');
  const manifest = await (await request.get(await page.locator('link[rel=manifest]').evaluate((link) => link.href))).json();
  expect(manifest).toMatchObject({ name: expect.stringContaining('Myoscope'), display: 'standalone' });
  expect(manifest.start_url).toMatch(/^\.\/?/);
  expect(manifest.icons.map((icon) => icon.sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
  for (const icon of manifest.icons) expect((await request.get(icon.src)).ok(), icon.src).toBe(true);
});

/** A plain server of a folder that may change while it runs. */
async function serveFolder(root) {
  const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', svg: 'image/svg+xml', png: 'image/png', webmanifest: 'application/manifest+json' };
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname;
    const file = path.join(root, name === '/' ? 'index.html' : name);
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': types[file.split('.').at(-1)] ?? 'application/octet-stream', 'Cache-Control': 'no-cache' });
    response.end(fs.readFileSync(file));
  });
  await new Promise((ready) => server.listen(0, 'localhost', ready));
  return { server, address: `http://localhost:${server.address().port}/` };
}

test('a new build is offered and taken over only when the person says so', async ({ page, faults }, info) => {
  const root = info.outputPath('dist');
  fs.cpSync('dist', root, { recursive: true });
  const { server, address } = await serveFolder(root);
  const build = () => page.locator('meta[name=myoscope-build]').getAttribute('content');
  try {
    await page.goto(address);
    const old = await build();
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
    });
    await expect(page.getByText('A new version is ready')).toHaveCount(0);
    const fresh = [...old].reverse().join('');
    for (const name of ['index.html', 'sw.js']) {
      fs.writeFileSync(path.join(root, name), fs.readFileSync(path.join(root, name), 'utf8').replaceAll(old, fresh));
    }
    await page.goto(`${address}?demo`);
    await opened(page);
    expect(await build(), 'the old build goes on').toBe(old);
    await expect(page.getByText('A new version is ready')).toBeVisible();
    await scope(page).focus();
    await page.getByRole('button', { name: 'Restart with it' }).click();
    await expect.poll(async () => build().catch(() => old)).toBe(fresh);
    await opened(page);
    await expect.poll(() => page.evaluate(() => caches.keys())).toEqual([`myoscope-${fresh}`]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  // This test has a host of its own.
  expect(faults.filter((fault) => !fault.startsWith(`request to ${address}`))).toEqual([]);
  faults.length = 0;
});
