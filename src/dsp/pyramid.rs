//! Minimum and maximum of a signal at every zoom: what a trace is drawn from when many samples
//! fall on one pixel.
//!
//! Level 0 holds the extremes of every 256 samples, each further level those of two buckets of the
//! one below. **Cost**: 8 bytes per 256 samples for level 0, as much again for all other levels:
//! 1/16 byte a sample. Built by pushing blocks of any length at memory speed. **NaN** are left out;
//! a bucket of nothing but NaN is NaN. Values are kept as `f32`.
//!
//! Stored form, little-endian: magic `MYOPYRMD`, version u32, samples in a bucket u32, samples u64,
//! finished u8, number of level 0 buckets u64, that many (min, max) f32 pairs, the extremes of the
//! unfinished bucket (two f32), FNV-1a 64 of everything before. Higher levels are rebuilt.

/// Samples in a bucket of level 0.
pub const BUCKET: usize = 256;

const MAGIC: &[u8; 8] = b"MYOPYRMD";
const VERSION: u32 = 1;
const HEAD: usize = 8 + 4 + 4 + 8 + 1 + 8;

/// A sample type that can be pushed.
pub trait Value: Copy {
    /// As stored.
    fn to_f32(self) -> f32;
}

impl Value for f64 {
    fn to_f32(self) -> f32 {
        self as f32
    }
}

impl Value for f32 {
    fn to_f32(self) -> f32 {
        self
    }
}

/// Extremes of nothing: the neutral element of [`join`].
const NONE: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];

fn join(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    // A comparison with NaN is false, so NaN never gets in.
    [if b[0] < a[0] { b[0] } else { a[0] }, if b[1] > a[1] { b[1] } else { a[1] }]
}

fn extremes<T: Value>(x: &[T]) -> [f32; 2] {
    // Measured: 32 lanes are twice as fast as 16 or 8 for f32 and no slower for f64.
    const LANES: usize = if cfg!(target_arch = "wasm32") { 16 } else { 32 };
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for k in 0..LANES {
            let v = block[k].to_f32();
            low[k] = if v < low[k] { v } else { low[k] };
            high[k] = if v > high[k] { v } else { high[k] };
        }
    }
    // Halving keeps the last steps in vector registers as well.
    let mut width = LANES / 2;
    while width > 0 {
        for k in 0..width {
            low[k] = if low[k + width] < low[k] { low[k + width] } else { low[k] };
            high[k] = if high[k + width] > high[k] { high[k + width] } else { high[k] };
        }
        width /= 2;
    }
    rest.iter().map(|v| v.to_f32()).map(|v| [v, v]).fold([low[0], high[0]], join)
}

/// As shown: nothing becomes NaN.
fn shown(e: [f32; 2]) -> [f32; 2] {
    if e[0] > e[1] { [f32::NAN; 2] } else { e }
}

/// Extremes of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Pyramid {
    /// Interleaved minima and maxima of the complete buckets of each level.
    levels: Vec<Vec<f32>>,
    open: [f32; 2],
    samples: u64,
    finished: bool,
}

impl Default for Pyramid {
    fn default() -> Self {
        Self::new()
    }
}

impl Pyramid {
    /// An empty pyramid.
    pub fn new() -> Self {
        Self { levels: vec![Vec::new()], open: NONE, samples: 0, finished: false }
    }

    /// An empty pyramid with room for `samples`: growing step by step takes up to twice the memory.
    pub fn with_capacity(samples: u64) -> Self {
        let mut levels = Vec::new();
        let mut buckets = usize::try_from(samples.div_ceil(BUCKET as u64)).unwrap_or(usize::MAX);
        // What a damaged header promises is not reserved.
        while buckets > 0 && buckets <= 1 << 24 {
            levels.push(Vec::with_capacity(2 * buckets));
            buckets = if buckets == 1 { 0 } else { buckets.div_ceil(2) };
        }
        if levels.is_empty() {
            levels.push(Vec::new());
        }
        Self { levels, ..Self::new() }
    }

    /// Appends samples. Does nothing after [`Pyramid::finish`].
    pub fn push<T: Value>(&mut self, mut x: &[T]) {
        if self.finished {
            return;
        }
        while !x.is_empty() {
            let room = BUCKET - (self.samples % BUCKET as u64) as usize;
            let (now, later) = x.split_at(room.min(x.len()));
            self.open = join(self.open, extremes(now));
            self.samples += now.len() as u64;
            x = later;
            if now.len() == room {
                let full = std::mem::replace(&mut self.open, NONE);
                self.append(full);
            }
        }
    }

    /// Adds a bucket to level 0 and what it completes above.
    fn append(&mut self, bucket: [f32; 2]) {
        let mut bucket = shown(bucket);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let values = &mut self.levels[level];
            values.extend(bucket);
            let n = values.len();
            if !n.is_multiple_of(4) {
                break;
            }
            let pair = join(join(NONE, [values[n - 4], values[n - 3]]), [values[n - 2], values[n - 1]]);
            bucket = shown(pair);
        }
    }

    /// Declares the signal complete: the last, shorter buckets of every level are closed.
    pub fn finish(&mut self) {
        if self.finished {
            return;
        }
        self.finished = true;
        if !self.samples.is_multiple_of(BUCKET as u64) {
            let open = self.open;
            self.append(open);
        }
        let mut level = 0;
        while self.levels[level].len() > 2 {
            let below = self.levels[level].len() / 2;
            if self.levels.len() == level + 1 {
                self.levels.push(Vec::new());
            }
            let done = self.levels[level + 1].len() / 2;
            if done < below.div_ceil(2) {
                let rest = self.levels[level][4 * done..].chunks_exact(2).map(|pair| [pair[0], pair[1]]).fold(NONE, join);
                self.levels[level + 1].extend(shown(rest));
            }
            level += 1;
        }
    }

    /// How many samples were pushed: it is complete up to here.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether [`Pyramid::finish`] was called.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Number of levels that hold at least one bucket.
    pub fn levels(&self) -> usize {
        self.levels.iter().filter(|level| !level.is_empty()).count()
    }

    /// Samples in one bucket of `level`.
    pub fn bucket(level: usize) -> u64 {
        (BUCKET as u64).checked_shl(u32::try_from(level).unwrap_or(u32::MAX)).unwrap_or(u64::MAX)
    }

    /// Number of buckets that `level` holds now.
    pub fn buckets(&self, level: usize) -> usize {
        self.levels.get(level).map_or(0, |values| values.len() / 2)
    }

    /// The coarsest level whose buckets are no longer than `samples`; `None` when even level 0 is
    /// too coarse and the samples themselves have to be drawn.
    pub fn level_for(&self, samples: f64) -> Option<usize> {
        (0..self.levels()).rev().find(|&level| Self::bucket(level) as f64 <= samples)
    }

    /// Up to `n` buckets of `level` from `first` on, minima and maxima interleaved; fewer where
    /// the level ends.
    pub fn columns(&self, level: usize, first: usize, n: usize) -> &[f32] {
        let values = self.levels.get(level).map_or(&[][..], Vec::as_slice);
        let from = first.saturating_mul(2).min(values.len());
        let to = first.saturating_add(n).saturating_mul(2).min(values.len());
        &values[from..to]
    }

    /// Smallest and largest value of everything pushed so far; NaN when there is none.
    pub fn extremes(&self) -> [f32; 2] {
        let open = if self.finished { NONE } else { self.open };
        shown(self.levels[0].chunks_exact(2).map(|pair| [pair[0], pair[1]]).fold(open, join))
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let level = &self.levels[0];
        let mut out = Vec::with_capacity(HEAD + 4 * level.len() + 16);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend((BUCKET as u32).to_le_bytes());
        out.extend(self.samples.to_le_bytes());
        out.push(u8::from(self.finished));
        out.extend((level.len() as u64 / 2).to_le_bytes());
        for v in level.iter().chain(&self.open) {
            out.extend(v.to_le_bytes());
        }
        let sum = fnv1a(&out);
        out.extend(sum.to_le_bytes());
        out
    }

    /// Reads the stored form; `None` when it is damaged, of another version, or inconsistent.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        if body.len() < HEAD + 8 || !body.starts_with(MAGIC) || fnv1a(body) != u64::from_le_bytes(*sum) {
            return None;
        }
        let u32_at = |at: usize| body.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let u64_at = |at: usize| body.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let samples = u64_at(16)?;
        let finished = body[24] == 1;
        let count = u64_at(25)?;
        let (bucket, partial) = (BUCKET as u64, samples % BUCKET as u64 != 0);
        let expected = samples / bucket + u64::from(finished && partial);
        let stored = (body.len() - HEAD) as u64;
        if u32_at(8)? != VERSION || u32_at(12)? != BUCKET as u32 || count != expected || stored.checked_sub(8)? != count.checked_mul(8)? {
            return None;
        }
        let mut pairs = body[HEAD..].chunks_exact(8).map(|pair| {
            let value = |at: usize| f32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
            [value(0), value(4)]
        });
        let mut pyramid = Self::with_capacity(samples);
        // A finished last bucket is closed by `finish` below, so that odd ends propagate alike.
        let whole = samples / bucket;
        for pair in pairs.by_ref().take(usize::try_from(whole).ok()?) {
            pyramid.append(join(NONE, pair));
        }
        pyramid.samples = samples;
        pyramid.open = join(NONE, pairs.next_back().unwrap_or(NONE));
        if finished {
            pyramid.finish();
        }
        Some(pyramid)
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}
