// Precaches one build whole, so that the app works offline after its first load. A new build is
// fetched in the background and takes over only when the person says so (message 'take-over').
const BUILD = '__BUILD__';
const FILES = ['__FILES__'];
const CACHE = `myoscope-${BUILD}`;

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    // 'reload' goes past the HTTP cache: a stale file of an older build must not slip in. A name
    // that carries a hash cannot be stale; the page has just fetched it.
    const hashed = /-[0-9a-f]{12,16}[./_]/;
    await cache.addAll(FILES.map((name) => new Request(name, { cache: hashed.test(name) ? 'default' : 'reload' })));
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('myoscope-') && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    const page = event.request.mode === 'navigate' ? './' : event.request;
    const kept = await cache.match(page, { ignoreSearch: event.request.mode === 'navigate' });
    if (kept) return kept;
    const fetched = await fetch(event.request);
    // What makes PDFs comes when it is first wanted; it is of this build, for its name is in the page.
    if (fetched.ok && /\/pdf-[0-9a-f]{12}\//.test(url.pathname)) await cache.put(event.request, fetched.clone());
    return fetched;
  })());
});
