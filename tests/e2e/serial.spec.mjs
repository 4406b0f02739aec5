// Real serial ports, without the app: what the browser itself does with the ports of the rig. The app
// relies on each of these.
import { DEVICES, STANDS_IN, test as rigged } from './rig.mjs';
import { expect } from './support.mjs';

/** A page of our origin with nothing of the app in it. */
const test = rigged.extend({
  page: async ({ page }, use, info) => {
    info.skip(STANDS_IN(), 'these are about the ports of the browser itself');
    await page.route('**/rig.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>rig</title>' }));
    await page.goto('./rig.html');
    await use(page);
  },
});

/** Waits until the page sees so many ports. */
const see = (page, count) => expect.poll(() => page.evaluate(async () => (await navigator.serial.getPorts()).length)).toBe(count);

test('ports are seen with their USB numbers, come and go', async ({ page, rig }) => {
  await see(page, 0);
  await page.evaluate(() => {
    window.told = [];
    navigator.serial.addEventListener('connect', () => window.told.push('connect'));
    navigator.serial.addEventListener('disconnect', () => window.told.push('disconnect'));
  });
  await rig.plug('a', 'echo');
  await rig.plug('b', 'ranvier');
  await see(page, 2);
  const ids = await page.evaluate(async () => (await navigator.serial.getPorts()).map((port) => port.getInfo().usbVendorId).sort());
  expect(ids).toEqual([DEVICES.echo.vendor, DEVICES.ranvier.vendor].sort());
  await rig.ask('unplug', 'a');
  await see(page, 1);
  await expect.poll(() => page.evaluate(() => window.told)).toEqual(['connect', 'connect', 'disconnect']);
});

test('every byte comes back as it was written, and modem lines are seen', async ({ page, rig }) => {
  await rig.plug('a', 'echo');
  await see(page, 1);
  const got = await page.evaluate(async () => {
    const [port] = await navigator.serial.getPorts();
    await port.open({ baudRate: 115_200, bufferSize: 4 << 20 });
    const [writer, reader] = [port.writable.getWriter(), port.readable.getReader()];
    const sent = Uint8Array.from({ length: 65_536 }, (_, k) => (k ^ (k >> 8)) & 255);
    writer.write(sent);
    const heard = [];
    while (heard.length < sent.length) heard.push(...(await reader.read()).value);
    await port.setSignals({ dataTerminalReady: false });
    const signals = await port.getSignals();
    await reader.cancel();
    reader.releaseLock();
    await writer.close();
    await port.close();
    return { wrong: heard.findIndex((byte, k) => byte !== sent[k]), length: heard.length, signals };
  });
  expect(got).toMatchObject({ wrong: -1, length: 65_536, signals: { clearToSend: true, dataCarrierDetect: true, dataSetReady: true } });
  const { lines, open } = await rig.stats('a');
  expect(lines & 2, 'data terminal ready').toBe(0);
  await expect.poll(async () => (await rig.stats('a')).open, `open before: ${open}`).toBe(false);
});

test('unplugging ends the reader with NetworkError; plugged in again it is another port', async ({ page, rig }) => {
  await rig.plug('a', 'echo');
  await see(page, 1);
  const lost = page.evaluate(async () => {
    [window.first] = await navigator.serial.getPorts();
    await window.first.open({ baudRate: 115_200 });
    const reader = window.first.readable.getReader();
    window.reading = true;
    const error = await reader.read().then(() => 'read', (error) => error.name);
    reader.releaseLock();
    return { error, readable: window.first.readable };
  });
  await expect.poll(() => page.evaluate(() => window.reading)).toBe(true);
  await rig.ask('unplug', 'a');
  expect(await lost).toEqual({ error: 'NetworkError', readable: null });
  await see(page, 0);
  await rig.plug('a', 'echo');
  await see(page, 1);
  const again = await page.evaluate(async () => {
    await window.first.close();
    const [port] = await navigator.serial.getPorts();
    await port.open({ baudRate: 115_200 });
    await port.writable.getWriter().write(Uint8Array.of(7));
    return { other: port !== window.first, byte: (await port.readable.getReader().read()).value[0] };
  });
  expect(again).toEqual({ other: true, byte: 7 });
});

for (const [fault, error] of [['break', 'BreakError'], ['parity', 'ParityError'], ['eio', 'UnknownError']]) {
  test(`${fault} on the line ends the reader, and the next one reads on`, async ({ page, rig }) => {
    await rig.plug('a', 'echo');
    await see(page, 1);
    await page.evaluate(async () => {
      [window.port] = await navigator.serial.getPorts();
      await window.port.open({ baudRate: 115_200, parity: 'even' });
      window.writer = window.port.writable.getWriter();
    });
    await rig.ask('inject', 'a', { fault });
    const got = await page.evaluate(async () => {
      const reader = window.port.readable.getReader();
      let error = '';
      await window.writer.write(Uint8Array.of(1));
      while (!error) await reader.read().catch((why) => (error = why.name));
      reader.releaseLock();
      const next = window.port.readable.getReader();
      await window.writer.write(Uint8Array.of(2));
      for (;;) {
        const { value } = await next.read();
        if (value.includes(2)) return error;
      }
    });
    expect(got).toBe(error);
  });
}

test('1.2 MB a second for 5 s come whole to a worker while the page is busy', async ({ page, rig }) => {
  await rig.plug('a', 'bytes');
  await see(page, 1);
  const got = await page.evaluate(async (total) => {
    const source = `onmessage = async ({ data: total }) => {
      const [port] = await navigator.serial.getPorts();
      await port.open({ baudRate: 115200, bufferSize: 4 << 20 });
      const [writer, reader] = [port.writable.getWriter(), port.readable.getReader()];
      await writer.write(new TextEncoder().encode('g'));
      let at = 0, wrong = 0;
      while (at < total) {
        const { value } = await reader.read();
        for (const byte of value) { wrong += byte !== (Math.imul((at ^ (at >>> 8)) & 255, 167) & 255); at += 1; }
      }
      await writer.write(new TextEncoder().encode('s'));
      postMessage({ at, wrong });
    };`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const done = new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    worker.postMessage(total);
    let result;
    done.then((data) => (result = data));
    while (!result) {
      const until = performance.now() + 200;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve));
    }
    return result;
  }, 6_000_000);
  expect(got.wrong).toBe(0);
  expect(got.at).toBeGreaterThanOrEqual(6_000_000);
});
