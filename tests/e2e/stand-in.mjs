// The other end of tests/e2e/served/stand-in.js: pseudo-terminals of the rig for pages without real ports.
//   MYOSCOPE_SERIAL=stand-in npx playwright test e2e/serial-app
import fs from 'node:fs';
import http from 'node:http';
import { ReadStream } from 'node:tty';

/** After so long without a reader a port counts as left. */
const GONE_MS = 100;

/** Of each rig: ports by number, and who listens for events. */
const rigs = new Map();
let next = 1;
let server = null;

const rigOf = (name) => {
  if (!rigs.has(name)) rigs.set(name, { ports: new Map(), listeners: new Set() });
  return rigs.get(name);
};

const outside = ({ id, vendor, product }) => ({ id: String(id), vendor, product });

function tell(rig, what, port) {
  for (const listener of rig.listeners) listener.write(`${JSON.stringify({ what, port: outside(port) })}\n`);
}

export function plugged(rig, port, node, { vendor, product }) {
  const found = { id: next++, name: port, node, vendor, product, tty: null };
  rigOf(rig).ports.set(String(found.id), found);
  tell(rigOf(rig), 'connect', found);
}

export function unplugged(rig, name) {
  for (const [id, port] of rigOf(rig).ports) {
    if (port.name !== name) continue;
    rigOf(rig).ports.delete(id);
    close(port);
    tell(rigOf(rig), 'disconnect', port);
  }
}

function close(port) {
  port.response?.destroy();
  if (port.tty) {
    port.tty.destroy();
    // The stream has opened the terminal once more for itself.
    fs.closeSync(port.fd);
  }
  [port.tty, port.response] = [null, null];
}

function open(port) {
  close(port);
  const fd = fs.openSync(port.node, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
  port.fd = fd;
  port.tty = new ReadStream(fd);
  port.tty.setRawMode(true);
  port.tty.pause();
  // What a page reads ends as a device that is lost.
  port.tty.on('error', () => close(port));
  port.tty.on('end', () => close(port));
  port.tty.on('data', (bytes) => {
    if (port.response && !port.response.write(bytes)) {
      port.tty.pause();
      port.response.once('drain', () => port.tty?.resume());
    }
  });
}

async function answer(request, response) {
  const [, , rigName, what, id] = request.url.split('/');
  const rig = rigOf(rigName);
  const port = rig.ports.get(id);
  const end = (status, body = '') => response.writeHead(status).end(body);
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (what === 'ports') return end(200, JSON.stringify([...rig.ports.values()].map(outside)));
  if (what === 'events') {
    response.writeHead(200, { 'Content-Type': 'text/plain' }).flushHeaders();
    rig.listeners.add(response);
    response.on('close', () => rig.listeners.delete(response));
    return;
  }
  if (!port) return end(404);
  if (what === 'open') open(port);
  else if (what === 'close') close(port);
  else if (what === 'write' && port.tty) fs.writeSync(port.fd, Buffer.concat(chunks));
  else if (what === 'read' && port.tty) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).flushHeaders();
    port.response = response;
    response.on('close', () => {
      if (port.response !== response) return;
      port.response = null;
      port.tty?.pause();
      // A page that reads no more and does not close has ended, as a port of the browser's own would.
      setTimeout(() => port.response || close(port), GONE_MS).unref();
    });
    port.tty.resume();
    return;
  } else return end(409);
  end(200);
}

/** Starts it, for all rigs of this process; its port. */
export async function standIn() {
  if (!server) {
    server = http.createServer((request, response) => {
      answer(request, response).catch(() => response.headersSent || response.writeHead(500).end());
    });
    await new Promise((resolve) => server.listen(0, 'localhost', resolve));
    server.unref();
  }
  return server.address().port;
}
