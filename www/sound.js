// Plays a stored signal on the audio thread, so that drawing never makes it crackle.
//
// The page gives chunks of samples as they are asked for ('need'), and is told where the sound is
// ('at', in samples of the signal). Where a chunk is late the sound waits for it and goes on with
// the next sample: nothing is skipped. Values are scaled by 'gain' to full scale 1; slow drift below
// 20 Hz is taken out, and what exceeds 0.8 is bent softly instead of clipped.
const CHUNK = 8192;
const AHEAD = 4;
const TOLD_S = 1 / 60;

class Sound extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunks = new Map();
    this.asked = new Set();
    this.playing = false;
    this.gain = 0;
    this.level = 0;
    this.target = 0;
    this.since = 0;
    this.port.onmessage = ({ data }) => this[data.act](data);
  }

  // Begins at a sample: `step` signal samples a frame, up to `end`, or round and round in `loop`.
  play({ at, end, loop, step, hz }) {
    Object.assign(this, { at, end, loop: loop || null, step, playing: true, level: NaN });
    this.keep = Math.exp((-2 * Math.PI * 20) / (hz || sampleRate));
    this.ask();
  }

  stop() {
    this.playing = false;
  }

  step_to({ step }) {
    this.step = step;
  }

  loudness({ gain }) {
    this.target = gain;
  }

  chunk({ index, values }) {
    this.asked.delete(index);
    this.chunks.set(index, values);
  }

  forget() {
    this.playing = false;
    this.chunks.clear();
    this.asked.clear();
  }

  ask() {
    const wanted = new Set();
    const want = (from, n) => {
      for (let k = 0; k < n; k++) if ((from + k) * CHUNK < this.end) wanted.add(from + k);
    };
    const now = Math.floor(Math.max(0, this.at - 1) / CHUNK);
    want(now, AHEAD);
    if (this.loop) want(Math.floor(Math.max(0, this.loop[0] - 1) / CHUNK), 2);
    for (const index of this.chunks.keys()) if (!wanted.has(index)) this.chunks.delete(index);
    const need = [...wanted].filter((index) => !this.chunks.has(index) && !this.asked.has(index));
    need.forEach((index) => this.asked.add(index));
    if (need.length) this.port.postMessage({ need });
  }

  // Sample `k`; undefined while its chunk is not here. Missing samples are silent.
  value(k) {
    if (k < 0 || k >= this.end) return 0;
    const chunk = this.chunks.get(Math.floor(k / CHUNK));
    if (!chunk) return undefined;
    const value = chunk[k % CHUNK];
    return Number.isFinite(value) ? value : 0;
  }

  // The signal at a moment between samples: Catmull-Rom through the four nearest.
  between(at) {
    const k = Math.floor(at);
    const f = at - k;
    const b = this.value(k);
    if (f === 0 || b === undefined) return b;
    const [a, c, d] = [this.value(k - 1), this.value(k + 1), this.value(k + 2)];
    if (a === undefined || c === undefined || d === undefined) return undefined;
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
  }

  process(_, [[out]]) {
    let waits = false;
    for (let i = 0; i < out.length; i++) {
      this.gain += (this.target - this.gain) * 0.002;
      const raw = this.playing ? this.between(this.at) : 0;
      if (raw === undefined) {
        waits = true;
        out.fill(0, i);
        break;
      }
      if (!this.playing) continue;
      if (Number.isNaN(this.level)) this.level = raw;
      this.level = raw + (this.level - raw) * this.keep;
      const y = (raw - this.level) * this.gain;
      const size = Math.abs(y);
      out[i] = size <= 0.8 ? y : Math.sign(y) * (0.8 + 0.2 * Math.tanh((size - 0.8) / 0.2));
      this.at += this.step;
      if (this.loop && this.at >= this.loop[1]) this.at = this.loop[0] + ((this.at - this.loop[1]) % Math.max(1, this.loop[1] - this.loop[0]));
      else if (this.at >= this.end) {
        this.playing = false;
        this.port.postMessage({ at: this.end, ended: true });
      }
    }
    if (this.playing) {
      this.since += out.length / sampleRate;
      if (this.since >= TOLD_S) {
        this.since = 0;
        this.ask();
        this.port.postMessage({ at: this.at, waits });
      }
    }
    return true;
  }
}

registerProcessor('myoscope-sound', Sound);
