//! Onset and end of contractions.
//!
//! Coarse: the root mean square over 50 ms of the signal above 20 Hz against that of rest (the
//! lowest part of the recording), at three times its level. Fine: around each coarse edge the
//! sample at which rest (its own mean and variance, measured beside the edge) gives way to the
//! contraction with the highest likelihood, both normal with zero mean (the approximated
//! generalised likelihood ratio of Staude and Wolf, Med Eng Phys 1999;21:449-467, with known
//! variances). Unlike a threshold on a smoothed signal that has no lag.

use crate::analysis::needle::pieces::{samples, usable};
use crate::dsp::iir::{Band, Stream, butter};
use crate::dsp::robust;

/// Movement and drift lie below, Hz.
const HIGHPASS_HZ: f64 = 20.0;
/// Length of a bin, seconds, and bins that the envelope is taken over.
const BIN_S: f64 = 0.001;
const ENVELOPE: usize = 50;
/// Share of the recording, percent, that is surely rest when there is rest at all; levels up to
/// this many times that one are rest.
const LOWEST_PCT: f64 = 5.0;
const REST: f64 = 2.0;
/// A contraction has at least this many times the level of rest.
const ABOVE_REST: f64 = 3.0;
/// Shortest contraction and shortest pause, bins.
const SHORTEST: usize = 100;
/// How far an edge may be from the coarse one, seconds, and what rest is measured over.
const NEAR_S: f64 = 0.1;
const REST_S: f64 = 0.3;
/// Points of the envelope's chart.
const CHART: usize = 1500;

/// Power of the signal in bins.
pub struct Power {
    /// Samples passed.
    pub at: usize,
    bin: usize,
    filter: Stream,
    piece: Vec<f64>,
    sum: f64,
    valid: usize,
    inside: usize,
    bins: Vec<f64>,
}

impl Power {
    /// Empty; `None` when the rate is too low for EMG.
    pub fn new(fs_hz: f64) -> Option<Self> {
        let sections = butter(2, Band::Highpass(HIGHPASS_HZ), fs_hz).ok()?;
        let filter = Stream::new(sections, true);
        Some(Self { at: 0, bin: samples(BIN_S, fs_hz), filter, piece: Vec::new(), sum: 0.0, valid: 0, inside: 0, bins: Vec::new() })
    }

    /// Takes the next samples.
    pub fn pass(&mut self, uv: &[f64]) {
        self.piece.clear();
        self.piece.extend(uv.iter().map(|&v| if usable(v) { v } else { f64::NAN }));
        self.filter.process(&mut self.piece);
        for v in &self.piece {
            if v.is_finite() {
                self.sum += v * v;
                self.valid += 1;
            }
            self.inside += 1;
            if self.inside == self.bin {
                self.bins.push(if self.valid > 0 { self.sum / self.valid as f64 } else { f64::NAN });
                (self.sum, self.valid, self.inside) = (0.0, 0, 0);
            }
        }
        self.at += uv.len();
    }
}

/// What was found.
pub struct Contractions {
    /// From and to, samples.
    pub spans: Vec<[usize; 2]>,
    /// Root mean square of rest, microvolts.
    pub rest_uv: f64,
    /// One contraction without rest.
    pub sustained: bool,
    /// Times in seconds and root mean square in microvolts, thinned.
    pub envelope: Vec<[f64; 2]>,
}

/// Root mean square over [`ENVELOPE`] bins around each; NaN where all are missing.
fn envelope(bins: &[f64]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u32)];
    let mut last = (0.0, 0u32);
    for bin in bins {
        if bin.is_finite() {
            last = (last.0 + bin, last.1 + 1);
        }
        sums.push(last);
    }
    (0..bins.len())
        .map(|k| {
            let (from, to) = (sums[k.saturating_sub(ENVELOPE / 2)], sums[(k + ENVELOPE / 2).min(bins.len())]);
            // Differences of sums may fall below zero by rounding.
            if to.1 > from.1 { ((to.0 - from.0).max(0.0) / f64::from(to.1 - from.1)).sqrt() } else { f64::NAN }
        })
        .collect()
}

/// Contractions of a recording; `None` when it is shorter than one.
pub fn find(power: &Power, uv: &[f64], fs_hz: f64) -> Option<Contractions> {
    let envelope = envelope(&power.bins);
    if envelope.iter().filter(|v| v.is_finite()).count() < SHORTEST {
        return None;
    }
    let lowest = robust::percentile(&envelope, LOWEST_PCT);
    let quiet: Vec<f64> = envelope.iter().copied().filter(|&v| v <= REST * lowest).collect();
    let rest_uv = robust::median(&quiet);
    let level = ABOVE_REST * rest_uv;
    let mut coarse: Vec<[usize; 2]> = Vec::new();
    for (k, &v) in envelope.iter().enumerate() {
        if v > level {
            match coarse.last_mut() {
                Some(last) if k - last[1] <= SHORTEST => last[1] = k + 1,
                _ => coarse.push([k, k + 1]),
            }
        }
    }
    coarse.retain(|span| span[1] - span[0] >= SHORTEST);
    let every = envelope.len().div_ceil(CHART);
    let bin_s = power.bin as f64 / fs_hz;
    // The highest of each stretch, so that no burst is lost between points.
    let points = envelope.chunks(every).enumerate().map(|(k, part)| {
        let top = part.iter().copied().filter(|v| v.is_finite()).fold(f64::NAN, f64::max);
        [((k * every) as f64 + 0.5 * part.len() as f64) * bin_s, top]
    });
    let points = points.collect();
    if coarse.is_empty() {
        let sustained = rest_uv > 0.0;
        let whole = longest_run(uv);
        let spans = if sustained && whole[1] - whole[0] >= SHORTEST * power.bin { vec![whole] } else { Vec::new() };
        return Some(Contractions { sustained: !spans.is_empty(), spans, rest_uv, envelope: points });
    }
    let coarse: Vec<[usize; 2]> = coarse.into_iter().map(|span| span.map(|k| (k * power.bin).min(uv.len()))).collect();
    let edges = Edges { uv, fs_hz, rest_uv };
    let spans = (0..coarse.len()).map(|k| {
        let [on, off] = coarse[k];
        let (before, after) = (k.checked_sub(1).map_or(0, |k| coarse[k][1]), coarse.get(k + 1).map_or(uv.len(), |next| next[0]));
        let middle = on.midpoint(off);
        [edges.fine(on, before, middle, false), edges.fine(off, after, middle, true)]
    });
    let spans = spans.filter(|span| span[0] < span[1]).collect();
    Some(Contractions { spans, rest_uv, sustained: false, envelope: points })
}

/// The longest run of usable samples.
fn longest_run(uv: &[f64]) -> [usize; 2] {
    let (mut best, mut from) = ([0, 0], 0);
    for (k, &v) in uv.iter().enumerate() {
        if !usable(v) {
            from = k + 1;
        } else if k + 1 - from > best[1] - best[0] {
            best = [from, k + 1];
        }
    }
    best
}

struct Edges<'a> {
    uv: &'a [f64],
    fs_hz: f64,
    rest_uv: f64,
}

impl Edges<'_> {
    /// The edge near `coarse`: rest lies on the side of `outer` (the neighbouring contraction or an end of the
    /// recording), the contraction on that of `middle`. With `end`, time runs backward.
    fn fine(&self, coarse: usize, outer: usize, middle: usize, end: bool) -> usize {
        let near = samples(NEAR_S, self.fs_hz);
        let long = samples(REST_S, self.fs_hz);
        // The nearer half of a pause belongs to this edge.
        let half = outer.midpoint(coarse);
        let (from, to) = if end {
            (middle.max(coarse.saturating_sub(near)), half.min(coarse + near))
        } else {
            (half.max(coarse.saturating_sub(near)), middle.min(coarse + near))
        };
        let (rest, active) = if end {
            ((coarse + near / 2).min(outer)..(coarse + near / 2 + long).min(outer), from.saturating_sub(near).max(middle)..from + near / 2)
        } else {
            (
                coarse.saturating_sub(near / 2 + long).max(outer)..coarse.saturating_sub(near / 2).max(outer),
                to.saturating_sub(near / 2)..(to + near).min(middle.max(to)),
            )
        };
        let part = |range: std::ops::Range<usize>| -> Vec<f64> {
            self.uv.get(range).unwrap_or_default().iter().copied().filter(|v| usable(*v)).collect()
        };
        let (rest, active) = (part(rest), part(active));
        let offset = if rest.len() >= near / 4 { robust::median(&rest) } else { robust::median(&part(from..to)) };
        let variance = |values: &[f64]| values.iter().map(|v| (v - offset).powi(2)).sum::<f64>() / values.len() as f64;
        let quiet = if rest.len() >= near / 4 { variance(&rest) } else { self.rest_uv.powi(2) };
        let loud = variance(&active);
        // Rest that is exactly silent has no likelihood; a thousandth of the contraction will do.
        let quiet = quiet.max(1e-6 * loud);
        if !(loud > quiet && offset.is_finite()) {
            return coarse;
        }
        let gain = |v: f64| {
            let square = (v - offset).powi(2);
            if usable(v) { 0.5 * (quiet / loud).ln() + 0.5 * square * (1.0 / quiet - 1.0 / loud) } else { 0.0 }
        };
        // Sum of what speaks for the contraction from each sample to the far side of the window.
        let (mut sum, mut best) = (0.0, (0.0, if end { from } else { to }));
        let window = self.uv.get(from..to).unwrap_or_default();
        let mut take = |k: usize, v: f64, edge: usize| {
            sum += gain(v);
            if k == 0 || sum > best.0 {
                best = (sum, edge);
            }
        };
        if end {
            window.iter().enumerate().for_each(|(k, &v)| take(k, v, from + k + 1));
        } else {
            window.iter().rev().enumerate().for_each(|(k, &v)| take(k, v, to - k - 1));
        }
        best.1
    }
}
