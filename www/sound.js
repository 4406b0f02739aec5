// Plays signals on the audio thread, so that drawing never makes them crackle: stored ones ('Sound') and
// one that is being recorded ('Ear'). Values are scaled by 'gain' to full scale 1; slow drift below 20 Hz
// is taken out, and what exceeds 0.8 is bent softly instead of clipped.
const CHUNK = 8192;
const AHEAD = 4;
const TOLD_S = 1 / 60;

// The signal at a moment between samples: Catmull-Rom through the four nearest of `value`; undefined
// where one of them is.
function between(value, at) {
  const k = Math.floor(at);
  const f = at - k;
  const b = value(k);
  if (f === 0 || b === undefined) return b;
  const [a, c, d] = [value(k - 1), value(k + 1), value(k + 2)];
  if (a === undefined || c === undefined || d === undefined) return undefined;
  return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
}

// From values of the signal to what the loudspeaker gets.
class Shaper {
  constructor() {
    Object.assign(this, { gain: 0, target: 0, level: NaN });
    this.corner(sampleRate);
  }

  corner(hz) {
    this.keep = Math.exp((-2 * Math.PI * 20) / hz);
  }

  fade() {
    this.gain += (this.target - this.gain) * 0.002;
  }

  shape(raw) {
    if (Number.isNaN(this.level)) this.level = raw;
    this.level = raw + (this.level - raw) * this.keep;
    const y = (raw - this.level) * this.gain;
    const size = Math.abs(y);
    return size <= 0.8 ? y : Math.sign(y) * (0.8 + 0.2 * Math.tanh((size - 0.8) / 0.2));
  }
}

// A stored signal. The page gives chunks of samples as they are asked for ('need'), and is told where the
// sound is ('at', in samples of the signal). Where a chunk is late the sound waits for it and goes on with
// the next sample: nothing is skipped.
class Sound extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunks = new Map();
    this.asked = new Set();
    this.playing = false;
    this.shaper = new Shaper();
    this.value = this.value.bind(this);
    this.since = 0;
    this.port.onmessage = ({ data }) => this[data.act](data);
  }

  // Begins at a sample: `step` signal samples a frame, up to `end`, or round and round in `loop`.
  play({ at, end, loop, step, hz }) {
    Object.assign(this, { at, end, loop: loop || null, step, playing: true });
    this.shaper.level = NaN;
    this.shaper.corner(hz || sampleRate);
    this.ask();
  }

  stop() {
    this.playing = false;
  }

  step_to({ step }) {
    this.step = step;
  }

  loudness({ gain }) {
    this.shaper.target = gain;
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

  process(_, [[out]]) {
    let waits = false;
    for (let i = 0; i < out.length; i++) {
      this.shaper.fade();
      const raw = this.playing ? between(this.value, this.at) : 0;
      if (raw === undefined) {
        waits = true;
        out.fill(0, i);
        break;
      }
      if (!this.playing) continue;
      out[i] = this.shaper.shape(raw);
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

// Samples that wait at the beginning; at the least and at the most, where they come in bursts, seconds.
const FIRST_S = 0.018;
const WAIT_S = [0.01, 0.1];
// As many wait as the deepest dip below their mean has needed lately, and this, seconds.
const SPARE_S = 0.003;
// A dip is remembered for one to two times so long, seconds.
const LATELY_S = 10;
// By how much it grows when they ran out, and how slowly it falls again, seconds and seconds a second.
const MORE_S = 0.006;
const LESS_S = 0.002;
// Waiting longer than this beyond it is too late: what lies between is left out.
const LATE_S = 0.12;
// How fast what waits is brought to its measure: this part of its error a second; a clock that is 200 parts
// in a million off leaves 2 ms. Never more than half a per cent, a tenth of a semitone.
const CORRECT = 0.1;
const MOST = 0.005;
// What waits comes and goes with each delivery; this is its mean over so long, seconds.
const MEAN_S = 0.5;
// Around a stimulus nothing is heard, seconds before and after; every fade, seconds.
const MUTE_S = [0.001, 0.005];
const FADE_S = 0.002;
// A step at a seam dies away in so long, seconds.
const SEAM_S = 0.004;
const EAR_TOLD_S = 0.25;
const RING = 1 << 17;

// A signal that is being recorded, from a port ('feed'): { fs, first, values, seams, stimuli, arrived }. It is
// played as soon as it may be without running out, at the speed at which it comes, whatever the clocks of
// amplifier and sound card say.
class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.shaper = new Shaper();
    this.ring = new Float32Array(RING);
    this.value = (k) => (k < this.end - RING || k >= this.end ? undefined : this.ring[k % RING]);
    this.port.onmessage = ({ data }) => this[data.act](data);
    this.forget();
  }

  feed({ port }) {
    this.source?.close();
    this.source = port;
    port.onmessage = ({ data }) => this.take(data);
  }

  loudness({ gain }) {
    this.shaper.target = gain;
  }

  forget() {
    Object.assign(this, { at: 0, end: 0, fs: 0, running: false, open: 0, waits: NaN, wait: FIRST_S, step: 0, told: 0, ran_out: 0, left_out: 0 });
    Object.assign(this, { jump: 0, mutes: [], stamps: [], delay: NaN, dips: [FIRST_S - SPARE_S, 0], looked: 0 });
    this.shaper.level = NaN;
  }

  take({ fs, first, values, seams, stimuli, arrived }) {
    if (fs !== this.fs || first < this.end || first - this.end > RING) {
      this.forget();
      Object.assign(this, { fs, at: first, end: first });
    }
    // What was left out on the way is a seam as well; its place is what was there last.
    const last = () => this.ring[(this.end + RING - 1) % RING];
    const cuts = new Set(first > this.end ? [first, ...seams] : seams);
    while (this.end < first) {
      this.ring[this.end % RING] = last();
      this.end += 1;
    }
    const dies = 1 - 1 / (SEAM_S * fs);
    for (const value of values) {
      const now = Number.isFinite(value) ? value : 0;
      // Behind a seam it begins where it was, and finds its own level again.
      if (cuts.has(this.end)) this.jump = last() - now;
      this.ring[this.end++ % RING] = now + this.jump;
      this.jump *= dies;
    }
    for (const at of stimuli) this.mutes.push([at - MUTE_S[0] * fs, at + MUTE_S[1] * fs]);
    this.stamps.push([this.end, arrived]);
  }

  // How loud at sample `at`, 0 to 1: silent about stimuli.
  openness(at) {
    let open = 1;
    for (const [from, to] of this.mutes) {
      const away = Math.max(from - at, at - to, 0) / (FADE_S * this.fs);
      open = Math.min(open, away);
    }
    while (this.mutes.length && this.mutes[0][1] + FADE_S * this.fs < at) this.mutes.shift();
    return open;
  }

  // Where it should be after a block, and how fast.
  steer(n) {
    const waits = (this.end - this.at) / this.fs;
    this.step ||= this.fs / sampleRate;
    if (!this.running) {
      this.running = this.fs > 0 && waits >= this.wait;
      if (!this.running) return;
      // Out of silence it begins with the newest.
      this.at = this.end - this.wait * this.fs;
      this.waits = this.wait;
      this.shaper.level = NaN;
      return;
    }
    if (waits > this.wait + LATE_S) {
      // Faded out first, then on from where it should be.
      this.leaving = true;
      if (this.open === 0) {
        this.leaving = false;
        this.left_out += 1;
        this.at = this.end - this.wait * this.fs;
        this.waits = this.wait;
        this.shaper.level = NaN;
      }
    } else this.leaving = false;
    const seconds = n / sampleRate;
    this.waits += (waits - this.waits) * Math.min(1, seconds / MEAN_S);
    this.follow(this.waits - (waits - seconds - FADE_S), seconds);
    const correct = Math.max(-MOST, Math.min(MOST, (this.waits - this.wait) * CORRECT));
    this.step = (this.fs / sampleRate) * (1 + correct);
  }

  // Brings what should wait to what is needed: at once where it is more, slowly where it is less. `dip` is by
  // how much less than the mean was left behind a block.
  follow(dip, seconds) {
    this.dips[1] = Math.max(this.dips[1], dip);
    this.looked += seconds;
    if (this.looked >= LATELY_S) {
      this.looked = 0;
      this.dips = [this.dips[1], 0];
    }
    const needed = Math.max(WAIT_S[0], Math.min(WAIT_S[1], Math.max(...this.dips) + SPARE_S));
    this.wait = Math.max(needed, this.wait - LESS_S * seconds);
  }

  process(_, [[out]]) {
    this.steer(out.length);
    const fade = 1 / (FADE_S * sampleRate);
    for (let i = 0; i < out.length; i++) {
      this.shaper.fade();
      // As much is left as a fade takes: then it is over, without a click.
      const left = this.running ? this.end - 3 - this.at : 0;
      if (this.running && left < 1) {
        this.running = false;
        this.ran_out += 1;
        this.wait = Math.min(WAIT_S[1], this.wait + MORE_S);
      }
      const wanted = this.running && !this.leaving ? Math.min(1, left / (FADE_S * this.fs)) : 0;
      this.open += Math.max(-fade, Math.min(fade, wanted - this.open));
      if (!this.running) {
        this.open = 0;
        continue;
      }
      const loud = this.open * this.openness(this.at);
      // What is not heard must not move the level of what follows.
      if (loud > 0) out[i] = this.shaper.shape(between(this.value, this.at) ?? this.shaper.level) * loud;
      this.at += this.step;
    }
    // When the newest sample that is heard now had come.
    while (this.stamps.length && this.stamps[0][0] <= this.at) this.delay = Date.now() - this.stamps.shift()[1];
    this.told += out.length / sampleRate;
    if (this.told >= EAR_TOLD_S) {
      this.told = 0;
      const { running, delay, ran_out, left_out, step, fs } = this;
      this.port.postMessage({ running, delay, ran_out, left_out, ppm: fs ? ((step * sampleRate) / fs - 1) * 1e6 : 0 });
    }
    return true;
  }
}

registerProcessor('myoscope-sound', Sound);
registerProcessor('myoscope-ear', Ear);
