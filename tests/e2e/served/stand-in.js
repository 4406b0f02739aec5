// A stand-in for navigator.serial where the rig's pseudo-terminals cannot be the browser's own ports. It keeps
// the contract of the specification as far as the app leans on it: a new port object for each plugging in,
// streams that end in errors by name, a writable that outlives its reader, connect and disconnect events. Bytes
// go to and from the same devices in software, by tests/e2e/stand-in.mjs.
(() => {
  const rig = globalThis.standInRig ?? new URL(globalThis.location.href).searchParams.get('rig');
  const ask = (what, id = '', body = undefined, signal = undefined) => fetch(`/stand-in/${rig}/${what}/${id}`, { method: 'POST', body, signal });
  const lost = () => new DOMException('The device has been lost.', 'NetworkError');
  const known = new Map();

  class SerialPort extends EventTarget {
    #id; #usb; #open = false; #there = true; #readable = null; #writable = null;

    constructor(id, usb) {
      super();
      this.#id = id;
      this.#usb = usb;
    }

    get connected() {
      return this.#there;
    }

    getInfo() {
      return { usbVendorId: this.#usb.vendor, usbProductId: this.#usb.product };
    }

    get readable() {
      if (this.#open && this.#there && !this.#readable) this.#readable = this.#reading();
      return this.#open && this.#there ? this.#readable : null;
    }

    get writable() {
      if (this.#open && this.#there && !this.#writable) this.#writable = this.#writing();
      return this.#open ? this.#writable : null;
    }

    async open({ baudRate }) {
      if (this.#open) throw new DOMException('The port is already open.', 'InvalidStateError');
      if (!(baudRate > 0)) throw new TypeError('baudRate must be positive.');
      const answer = this.#there ? await ask('open', this.#id) : { ok: false };
      if (!answer.ok) throw new DOMException('Failed to open serial port.', 'NetworkError');
      this.#open = true;
    }

    async close() {
      if (!this.#open) throw new DOMException('The port is already closed.', 'InvalidStateError');
      if (this.#readable?.locked || this.#writable?.locked) throw new TypeError('Cannot cancel a locked stream');
      await this.#readable?.cancel().catch(() => {});
      this.#open = false;
      [this.#readable, this.#writable] = [null, null];
      await ask('close', this.#id).catch(() => {});
    }

    async setSignals() {}

    async getSignals() {
      return { dataCarrierDetect: false, clearToSend: false, ringIndicator: false, dataSetReady: false };
    }

    async forget() {
      if (this.#open) await this.close();
    }

    #reading() {
      const stop = new AbortController();
      let reader;
      const done = () => (this.#readable = null);
      return new ReadableStream({
        start: async () => {
          reader = (await ask('read', this.#id, undefined, stop.signal)).body.getReader();
        },
        pull: async (controller) => {
          try {
            const { value, done: ended } = await reader.read();
            if (ended) throw lost();
            controller.enqueue(value);
          } catch {
            done();
            controller.error(lost());
          }
        },
        cancel: () => {
          done();
          stop.abort();
        },
      });
    }

    #writing() {
      return new WritableStream({
        write: async (chunk, controller) => {
          if (!(await ask('write', this.#id, chunk).catch(() => ({}))).ok) controller.error(lost());
        },
        close: () => (this.#writable = null),
        abort: () => (this.#writable = null),
      });
    }

    unplugged() {
      this.#there = false;
    }
  }

  class Serial extends EventTarget {
    async getPorts() {
      const ports = await (await ask('ports')).json();
      return ports.map((port) => this.port(port));
    }

    async requestPort() {
      const [port] = await this.getPorts();
      if (!port) throw new DOMException('No port selected by the user.', 'NotFoundError');
      return port;
    }

    port({ id, vendor, product }) {
      if (!known.has(id)) known.set(id, new SerialPort(id, { vendor, product }));
      return known.get(id);
    }

    async listen() {
      const reader = (await ask('events')).body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const lines = (text + value).split('\n');
        text = lines.pop();
        for (const { what, port } of lines.filter(Boolean).map((line) => JSON.parse(line))) {
          if (what === 'disconnect') this.port(port).unplugged();
          this.dispatchEvent(new Event(what));
        }
      }
    }
  }

  const serial = new Serial();
  Object.assign(globalThis, { Serial, SerialPort });
  Object.defineProperty(navigator, 'serial', { value: serial, configurable: true });
  serial.listen().catch(() => {});
  if (typeof Window === 'undefined') return;
  // Workers of the page get it before their own program.
  const RealWorker = globalThis.Worker;
  globalThis.Worker = class extends RealWorker {
    constructor(address, options) {
      const program = new URL(address, document.baseURI).href;
      super(`/stand-in-worker.js?${new URLSearchParams({ rig, program })}`, options);
    }
  };
})();
