// Serves dist/ for all tests on a free port and makes the recordings that they open.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { makeFixtures } from './fixtures.mjs';

const freePort = () => new Promise((resolve, reject) => {
  const probe = net.createServer();
  probe.once('error', reject);
  probe.listen(0, 'localhost', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

export default async function serve() {
  if (!fs.existsSync('dist/index.html')) throw new Error('there is no dist/: run `make dist/index.html` first');
  makeFixtures();
  const server = spawn(process.execPath, ['scripts/serve.mjs', '--port', String(await freePort())], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.env.MYOSCOPE_URL = await new Promise((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (data) => {
      said += data;
      const address = said.match(/http:\/\/localhost:\d+\//);
      if (address) resolve(address[0]);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  return () => void server.kill();
}
