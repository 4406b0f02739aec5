// Serves dist/ on localhost with the headers that a real host should send (see docs/hosting.md).
//   node scripts/serve.mjs [--port 8080] [--dir dist]
import http from 'node:http';
import sirv from 'sirv';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const first = Number(option('port', process.env.PORT ?? 8080));
const files = sirv(option('dir', 'dist'), {
  brotli: true,
  gzip: true,
  etag: true,
  setHeaders(response, pathname) {
    // Names with a content hash never change; everything else is asked for again.
    const forever = /-[0-9a-f]{12,16}[./_]/.test(pathname);
    response.setHeader('Cache-Control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Content-Security-Policy', "frame-ancestors 'none'");
  },
});
const server = http.createServer((request, response) => files(request, response, () => {
  response.statusCode = 404;
  response.end('Not found\n');
}));
let port = first;
server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE' || port >= first + 20) throw error;
  server.listen(++port, 'localhost');
});
server.on('listening', () => {
  console.log(`\n  Myoscope is at  http://localhost:${port}/?demo\n  without the demo study:  http://localhost:${port}/\n  Ctrl+C stops it.\n`);
});
server.listen(port, 'localhost');
