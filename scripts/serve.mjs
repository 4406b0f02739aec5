// Serves dist/ on localhost with the headers that a real host should send (see docs/hosting.md).
//   node scripts/serve.mjs [--port 8080] [--dir dist] [--also a folder searched for what is not in dist] [--stand-in]
import http from 'node:http';
import sirv from 'sirv';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const first = Number(option('port', process.env.PORT ?? 8080));
const settings = {
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
};
const folders = [option('dir', 'dist'), option('also')].filter(Boolean).map((folder) => sirv(folder, settings));
// For tests: '/stand-in/PORT-...' goes to the program on that port of this machine.
const standIn = process.argv.includes('--stand-in');
function pass(request, response) {
  const port = Number.parseInt(request.url.split('/')[2], 10);
  const { method, url: path, headers } = request;
  const onward = http.request({ host: 'localhost', port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers).flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
const server = http.createServer((request, response) => {
  if (standIn && request.url.startsWith('/stand-in/')) return pass(request, response);
  const missing = () => {
    response.statusCode = 404;
    response.end('Not found\n');
  };
  folders.reduceRight((next, files) => () => files(request, response, next), missing)();
});
let port = first;
server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE' || port >= first + 20) throw error;
  server.listen(++port, 'localhost');
});
server.on('listening', () => {
  console.log(`\n  Myoscope is at  http://localhost:${port}/?demo\n  without the demo study:  http://localhost:${port}/\n  Ctrl+C stops it.\n`);
});
server.listen(port, 'localhost');
