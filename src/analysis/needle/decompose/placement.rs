//! Discharges placed in the working signal: what they leave, and where the next one fits best.
//!
//! Subtracting a discharge of unit k at t with factor g lowers the squared residual by
//! `2 g C - g^2 E`, C the correlation of the residual with the template, E the template's energy
//! (matching pursuit in continuous time: McGill 2002). Divided by twice the variance it is a log
//! likelihood, to which the firing pattern adds its log-odds. **Cost**: a transform a unit and 400
//! samples for the correlations, then `units * 2 len` additions a discharge.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use crate::dsp::fft::{Complex64, RealFft};

use super::firing::Expectation;
use super::template::{Cross, Layout, PHASES, Template, split};

/// Length of the transforms.
const BLOCK: usize = 1024;
/// A discharge is as exact in time as this, s: turns an intensity into a chance.
const RESOLUTION_S: f64 = 1.5e-4;
/// A discharge has at least this part of its template's size, more or less by noise.
const SMALLEST: f64 = 0.62;
/// And at most.
const LARGEST: f64 = 1.6;
/// Correlations below this part of the energy are not looked at.
const LEAST_CORRELATION: f64 = 0.4;

/// A place where a unit may have discharged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Unit.
    pub unit: usize,
    /// When.
    pub tick: i64,
    /// Factor.
    pub gain: f64,
    /// What it explains less what its improbability costs, uV^2.
    pub worth: f64,
}

struct Entry {
    worth: f64,
    unit: usize,
    at: usize,
    correlation: f64,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then(other.unit.cmp(&self.unit)).then(other.at.cmp(&self.at))
    }
}

/// The signal, what is placed in it, and what is left.
pub struct Placement {
    /// Units.
    pub templates: Vec<Template>,
    /// Extent of templates.
    pub layout: Layout,
    /// Signal less all placed discharges, uV.
    pub residual: Vec<f64>,
    /// Correlation of the residual with each template.
    pub correlations: Vec<Vec<f64>>,
    /// Variance that placed discharges bring, uV^2 a sample.
    pub variance: Vec<f64>,
    /// Placed discharges of each unit: tick to factor.
    pub trains: Vec<BTreeMap<i64, f64>>,
    /// What firing says, a unit.
    pub expected: Vec<Expectation>,
    /// Variance of the noise, uV^2.
    pub noise: f64,
    /// Shortest interval, ticks.
    pub shortest: i64,
    pub(super) cross: Cross,
    log_resolution: f64,
    heap: BinaryHeap<Entry>,
}

impl Placement {
    /// Nothing placed yet in `signal`.
    pub fn new(signal: &[f64], templates: Vec<Template>, expected: Vec<Expectation>, layout: Layout, sigma: f64, shortest: i64) -> Self {
        let correlations = correlate(signal, &templates, layout);
        Self {
            layout,
            residual: signal.to_vec(),
            correlations,
            variance: vec![0.0; signal.len()],
            trains: vec![BTreeMap::new(); templates.len()],
            cross: Cross::new(&templates),
            templates,
            expected,
            noise: sigma * sigma,
            shortest,
            log_resolution: RESOLUTION_S.ln(),
            heap: BinaryHeap::new(),
        }
    }

    /// Variance at a place as unit `k`'s template sees it, its own spread included.
    pub fn variance_for(&self, k: usize, at: i64) -> f64 {
        let template = &self.templates[k];
        let first = at - self.layout.pre as i64;
        let skip = usize::try_from(-first).unwrap_or(0);
        let wave = template.wave.get(skip..).unwrap_or_default();
        let variance = usize::try_from(first.max(0)).ok().and_then(|from| self.variance.get(from..)).unwrap_or_default();
        let sum: f64 = wave.iter().zip(variance).map(|(h, v)| h * h * v).sum();
        self.noise + template.own_spread + sum / template.energy.max(1e-12)
    }

    /// Log-odds of a discharge of unit `k` at a tick before the signal is looked at.
    pub fn log_odds(&self, k: usize, tick: i64) -> f64 {
        self.expected.get(k).map_or(0.0, |e| e.at(tick)) + self.log_resolution
    }

    /// Whether the size of a discharge is within the bounds of its unit.
    pub fn size_fits(&self, k: usize, correlation: f64, gain: f64, variance: f64) -> bool {
        let energy = self.templates[k].energy;
        let size = correlation / (gain * energy).max(1e-12);
        let doubt = 2.5 * (variance / energy.max(1e-12)).sqrt() / gain.max(0.1);
        size > (SMALLEST.min(1.0 - doubt)).max(0.45) && size < LARGEST.max(1.0 + doubt)
    }

    /// The candidate at a local maximum of a correlation.
    fn entry(&self, k: usize, at: usize, v: f64) -> Option<Entry> {
        let template = &self.templates[k];
        let tick = at as i64 * PHASES;
        let gain = template.gain(tick);
        let variance = self.variance_for(k, at as i64);
        if !self.size_fits(k, v, gain, variance) {
            return None;
        }
        let worth = 2.0 * gain * v - gain * gain * template.energy + 2.0 * variance * self.log_odds(k, tick);
        (worth > 0.0).then_some(Entry { worth, unit: k, at, correlation: v })
    }

    fn scan(&mut self, k: usize, from: usize, to: usize) {
        let (from, to) = (from.max(1), to.min(self.residual.len().saturating_sub(1)));
        let limit = LEAST_CORRELATION * self.templates[k].energy;
        let Some(values) = self.correlations[k].get(from - 1..to + 1) else { return };
        let found: Vec<Entry> = values
            .windows(3)
            .enumerate()
            .filter(|(_, w)| w[1] > limit && w[1] >= w[0] && w[1] > w[2])
            .filter_map(|(i, w)| self.entry(k, from + i, w[1]))
            .collect();
        self.heap.extend(found);
    }

    /// Whether unit `k` may discharge at `tick` beside what is placed.
    pub fn free(&self, k: usize, tick: i64) -> bool {
        self.trains[k].range(tick - self.shortest + 1..tick + self.shortest).next().is_none()
    }

    /// Adds (`sign` 1) or takes back (-1) a discharge in residual and correlations.
    fn put(&mut self, k: usize, tick: i64, gain: f64, sign: f64) {
        let (at, phase) = split(tick);
        let n = self.residual.len() as i64;
        let (len, pre) = (self.layout.len as i64, self.layout.pre as i64);
        let first = at - pre;
        let template = &self.templates[k];
        for (i, (h, s)) in template.later[phase].iter().zip(&template.spread).enumerate() {
            let place = first + i as i64;
            if place >= 0 && place < n {
                self.residual[place as usize] -= sign * gain * h;
                self.variance[place as usize] += sign * s;
            }
        }
        let (from, to) = ((at - len + 1).max(0), (at + len).min(n));
        for (j, c) in self.correlations.iter_mut().enumerate() {
            let row = self.cross.row(j, k, phase);
            let skip = (from - (at - len + 1)) as usize;
            if from < to && skip < row.len() {
                for (c, x) in c[from as usize..to as usize].iter_mut().zip(&row[skip..]) {
                    *c -= sign * gain * x;
                }
            }
        }
    }

    /// Places a discharge.
    pub fn place(&mut self, k: usize, tick: i64, gain: f64) {
        if self.trains[k].insert(tick, gain).is_none() {
            self.put(k, tick, gain, 1.0);
        }
    }

    /// Takes a discharge back.
    pub fn lift(&mut self, k: usize, tick: i64) {
        if let Some(gain) = self.trains[k].remove(&tick) {
            self.put(k, tick, gain, -1.0);
        }
    }

    /// Looks for candidates everywhere; before [`Self::peel`].
    pub fn prepare(&mut self) {
        self.heap.clear();
        for k in 0..self.templates.len() {
            self.scan(k, 0, self.residual.len());
        }
    }

    /// Places the best candidate, again and again, at most `most` times. False when none is left.
    pub fn peel(&mut self, most: usize) -> bool {
        let mut placed = 0;
        while placed < most {
            let Some(entry) = self.heap.pop() else { return false };
            let c = &self.correlations[entry.unit];
            if (c[entry.at] - entry.correlation).abs() > 1e-9 * entry.correlation.abs() {
                continue;
            }
            let (tick, _) = refine(c, entry.at);
            if !self.free(entry.unit, tick) {
                continue;
            }
            let gain = self.templates[entry.unit].gain(tick);
            self.place(entry.unit, tick, gain);
            placed += 1;
            let len = self.layout.len;
            for k in 0..self.templates.len() {
                self.scan(k, (entry.at + 1).saturating_sub(len), entry.at + len);
            }
        }
        true
    }
}

/// The tick of the maximum of a correlation whose largest sample is `at`, and its value.
pub fn refine(c: &[f64], at: usize) -> (i64, f64) {
    let base = at as i64 * PHASES;
    let (Some(l), Some(r)) = (at.checked_sub(1).and_then(|i| c.get(i)), c.get(at + 1)) else { return (base, c[at]) };
    let v = c[at];
    let bend = l - 2.0 * v + r;
    if bend >= 0.0 {
        return (base, v);
    }
    let shift = (0.5 * (l - r) / bend).clamp(-0.5, 0.5);
    (base + (shift * PHASES as f64).round() as i64, v - 0.25 * (l - r) * shift)
}

/// Correlation of a signal with each template, by blocks in the frequency domain.
fn correlate(x: &[f64], templates: &[Template], layout: Layout) -> Vec<Vec<f64>> {
    let mut fft = RealFft::new();
    let block = BLOCK.max((4 * layout.len).next_power_of_two());
    let hop = block - layout.len + 1;
    let spectra: Vec<Vec<Complex64>> = templates
        .iter()
        .map(|t| {
            let mut wave = t.wave.clone();
            wave.resize(block, 0.0);
            fft.forward(&wave).iter().map(|c| c.conj()).collect()
        })
        .collect();
    let mut out = vec![vec![0.0; x.len()]; templates.len()];
    let mut piece = vec![0.0; block];
    let mut start = -(layout.pre as i64);
    while start < x.len() as i64 {
        for (i, v) in piece.iter_mut().enumerate() {
            *v = usize::try_from(start + i as i64).ok().and_then(|s| x.get(s)).copied().unwrap_or(0.0);
        }
        let bins = fft.forward(&piece).to_vec();
        for (out, spectrum) in out.iter_mut().zip(&spectra) {
            let product: Vec<Complex64> = bins.iter().zip(spectrum).map(|(a, b)| a * b).collect();
            let c = fft.inverse(&product, block);
            // c[i] is the sum over m of h[m] x[start + i + m]: the extremum lies at start + i + pre.
            for (i, v) in c.iter().take(hop).enumerate() {
                if let Some(slot) = usize::try_from(start + i as i64 + layout.pre as i64).ok().and_then(|s| out.get_mut(s)) {
                    *slot = *v;
                }
            }
        }
        start += hop as i64;
    }
    out
}
