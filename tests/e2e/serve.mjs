// Serves dist/ for all tests on a free port and makes the recordings that they open.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { makeFixtures } from './fixtures.mjs';
import { PORTS, prepareRig } from './rig.mjs';

const free = (wanted) => new Promise((resolve, reject) => {
  const probe = net.createServer();
  probe.once('error', reject);
  probe.listen(wanted, 'localhost', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

/** A port on which pages may use serial ports; any other where all of those are taken. */
async function freePort() {
  for (const port of PORTS) {
    const found = await free(port).catch(() => 0);
    if (found) return found;
  }
  return free(0);
}

export default async function serve() {
  if (!fs.existsSync('dist/index.html')) throw new Error('there is no dist/: run `make dist/index.html` first');
  makeFixtures();
  const server = spawn(process.execPath, ['scripts/serve.mjs', '--port', String(await freePort()), '--also', 'tests/e2e/served', '--stand-in'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.env.MYOSCOPE_URL = await new Promise((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (data) => {
      said += data;
      const address = said.match(/http:\/\/localhost:\d+\//);
      if (address) resolve(address[0]);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  const leaveRig = prepareRig(process.env.MYOSCOPE_URL);
  return () => {
    leaveRig();
    server.kill();
  };
}
