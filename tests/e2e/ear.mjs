// The audio thread's code without a browser: `www/sound.js` run as it is, block by block, on a clock of
// its own.
import fs from 'node:fs';
import vm from 'node:vm';

/** The processors of `www/sound.js` at a sampling rate; `now` gives the time of day, ms. */
export function processors(sampleRate, now) {
  const found = {};
  class AudioWorkletProcessor {
    port = { postMessage: (said) => this.said?.(said), onmessage: null };
  }
  const context = vm.createContext({
    sampleRate,
    AudioWorkletProcessor,
    registerProcessor: (name, kind) => { found[name] = kind; },
    Date: { now },
  });
  vm.runInContext(fs.readFileSync(new URL('../../www/sound.js', import.meta.url), 'utf8'), context);
  return found;
}

/**
 * What the loudspeaker gets of a recording that runs, heard for `seconds`.
 * `signal(k)`: sample k of the amplifier; `ppm`: how much faster its clock runs; deliveries come every
 * `every_ms` but for what `late_ms(k)` says; `stimuli`, `gaps`: samples; a gap leaves `lost` samples out.
 */
export function listen({ fs_hz, rate_hz = 48_000, ppm = 0, seconds, signal, every_ms = 8, late_ms = () => 0, stimuli = [], seams = [], gain = 1, keep = true }) {
  let now = 0;
  const { 'myoscope-ear': Ear } = processors(rate_hz, () => now);
  const ear = new Ear();
  const told = [];
  ear.said = (said) => told.push({ now, ...said });
  const port = { close() {} };
  ear.feed({ port });
  ear.loudness({ gain });
  ear.shaper.gain = gain;
  const true_hz = fs_hz * (1 + ppm * 1e-6);
  const block = 128;
  const out = new Float32Array(block);
  const all = keep ? new Float32Array(Math.ceil((seconds * rate_hz) / block) * block) : null;
  const blocks = [];
  let [sent, delivery, due] = [0, 0, every_ms];
  for (let b = 0; b * block < seconds * rate_hz; b++) {
    now = (b * block * 1000) / rate_hz;
    while (due + late_ms(delivery) <= now) {
      const end = Math.floor((due / 1000) * true_hz);
      const values = new Float32Array(end - sent);
      for (let k = 0; k < values.length; k++) values[k] = signal(sent + k);
      const inside = (list) => list.filter((at) => at >= sent && at < end);
      port.onmessage({ data: { fs: fs_hz, first: sent, values, seams: inside(seams), stimuli: inside(stimuli), arrived: due } });
      sent = end;
      delivery += 1;
      due += every_ms;
    }
    out.fill(0);
    ear.process([], [[out]]);
    if (keep) all.set(out, b * block);
    else blocks.push(...(b % 1000 === 0 ? [out.slice()] : []));
  }
  return { values: all, blocks, told, ear };
}
