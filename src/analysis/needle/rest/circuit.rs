//! Discharges that come as steadily as from a machine, taken out of the signal as a whole cycle.
//!
//! A complex repetitive discharge is a circuit of fibres: all of its cycle comes back each time, so
//! the median over its cycles is the circuit alone, however many others discharge meanwhile. Without
//! that cycle the others are seen as in a quiet record. (Averaging over a known period against what
//! has another one: comb filtering, Nehorai and Porat, IEEE Trans ASSP 1986;34:1124; the median
//! instead of the mean because what overlaps is large and rare. Stability of the circuit: Trontelj
//! and Stålberg, J Neurol Neurosurg Psychiatry 1983;46:310.)
//!
//! **NaN**: as of the working signal. **Cost**: `n` of one shape's discharges in search, the cycles
//! times four for taking them out.

use super::cluster::median_shape;
use super::events::around;
use super::features::firing;
use super::resolve::Placed;
use crate::dsp::robust::{SIGMA_PER_MAD, mad, median};

/// Cycles that are looked for, s: 150 to 5 Hz.
const CYCLE_S: [f64; 2] = [1.0 / 150.0, 1.0 / 5.0];
/// Fewest cycles.
const LEAST: usize = 20;
/// Most that intervals vary (local irregularity).
const STEADY: f64 = 0.009;
/// So many may be missing in a row, and this part must be there.
const MOST_MISSING: usize = 3;
const FILLED: f64 = 0.6;
/// A discharge comes so near to where it is expected: a part of the cycle, and s.
const NEAR_PART: f64 = 0.02;
const NEAR_S: f64 = 0.0003;
/// So many discharges may lie in what was found as one cycle, when its parts are alike (product of
/// both against the larger's energy).
const MOST_REPEATS: u32 = 8;
const REPEATED: f64 = 0.8;
/// The cycle must stand out of the noise so many times.
const LOUD: f64 = 4.5;
/// A cycle of less than this size did not come.
const LEAST_SIZE: f64 = 0.4;

/// A steady train with its cycle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circuit {
    /// Moments, s.
    pub times_s: Vec<f64>,
    /// Size of each, against the mean one.
    sizes: Vec<f64>,
    /// Largest deflection, microvolts of the working signal.
    pub peak_uv: f64,
    /// Shapes that came in its rhythm.
    pub parts: usize,
    /// Length of the cycle, s.
    cycle_s: f64,
}

/// A run of discharges at a steady interval.
#[derive(Debug, Clone)]
struct Run {
    at: Vec<f64>,
    cycle: f64,
    weight: f64,
}

/// Circuits among discharges placed in the working signal `x` at `fs_hz` with noise `sigma_uv`, of
/// units with these peaks; the largest first.
pub fn find(placed: &[Placed], peaks_uv: &[f64], x: &[f64], fs_hz: f64, sigma_uv: f64) -> Vec<Circuit> {
    let mut moments: Vec<Vec<f64>> = vec![Vec::new(); peaks_uv.len()];
    for p in placed {
        if let Some(of_unit) = moments.get_mut(p.unit) {
            of_unit.push(p.at);
        }
    }
    let mut runs: Vec<Run> = Vec::new();
    for (of_unit, peak_uv) in moments.iter_mut().zip(peaks_uv) {
        of_unit.sort_unstable_by(f64::total_cmp);
        for run in steady_runs(of_unit, fs_hz) {
            let weight = peak_uv * (run.at.len() as f64).sqrt();
            runs.push(Run { weight, ..run });
        }
    }
    runs.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut found: Vec<Circuit> = Vec::new();
    for run in runs {
        let times_s: Vec<f64> = run.at.iter().map(|m| m / fs_hz).collect();
        if let Some(known) = found.iter_mut().find(|known| known.owns(&times_s)) {
            known.parts += 1;
        } else {
            found.extend(circuit(&run, x, fs_hz, sigma_uv).filter(|new| !found.iter().any(|known| known.owns(&new.times_s))));
        }
    }
    found
}

/// Runs of moments (samples, in order) that follow each other at a steady interval.
fn steady_runs(moments: &[f64], fs_hz: f64) -> Vec<Run> {
    let [shortest, longest] = CYCLE_S.map(|s| s * fs_hz);
    let mut found = Vec::new();
    let n = moments.len();
    // The last run that was followed through a discharge: its cycle is not tried again from there.
    let mut tried = vec![0.0_f64; n];
    let mut free = vec![true; n];
    for i in 0..n {
        for j in i + 1..n.min(i + 4) {
            let cycle = moments[j] - moments[i];
            if cycle > longest {
                break;
            }
            if cycle < shortest || !free[i] || !free[j] || (tried[i] > 0.0 && (cycle / tried[i]).ln().abs() < NEAR_PART) {
                continue;
            }
            let (run, cycle) = follow(moments, i, j, &free, fs_hz);
            run.iter().for_each(|k| tried[*k] = cycle);
            let at: Vec<f64> = run.iter().map(|k| moments[*k]).collect();
            let span = at.last().unwrap_or(&0.0) - at.first().unwrap_or(&0.0);
            let times_s: Vec<f64> = at.iter().map(|m| m / fs_hz).collect();
            let steady = || firing(&times_s, &vec![1.0; times_s.len()]).cv < STEADY;
            if at.len() >= LEAST && at.len() as f64 > FILLED * (span / cycle) && steady() {
                run.iter().for_each(|k| free[*k] = false);
                found.push(Run { at, cycle, weight: 0.0 });
            }
        }
    }
    found
}

/// Indices of discharges that go on at the interval of `i` and `j`, and the interval.
fn follow(moments: &[f64], i: usize, j: usize, free: &[bool], fs_hz: f64) -> (Vec<usize>, f64) {
    let mut cycle = moments[j] - moments[i];
    let mut run = vec![i, j];
    let mut last = j;
    'on: loop {
        for missing in 0..=MOST_MISSING {
            let steps = (missing + 1) as f64;
            let expected = moments[last] + steps * cycle;
            let reach = steps * NEAR_PART * cycle + NEAR_S * fs_hz;
            let from = moments.partition_point(|m| *m < expected - reach);
            let near = (from..moments.len()).take_while(|k| moments[*k] <= expected + reach).filter(|k| free[*k] && *k > last);
            let Some(next) = near.min_by(|a, b| (moments[*a] - expected).abs().total_cmp(&(moments[*b] - expected).abs())) else {
                continue;
            };
            cycle += 0.2 * ((moments[next] - moments[last]) / steps - cycle);
            run.push(next);
            last = next;
            continue 'on;
        }
        return (run, cycle);
    }
}

/// The circuit of a run: what was missed is put in, moments are moved onto the cycle.
fn circuit(run: &Run, x: &[f64], fs_hz: f64, sigma_uv: f64) -> Option<Circuit> {
    let steps: Vec<f64> = run.at.windows(2).map(|w| w[1] - w[0]).collect();
    let cycle = median(&steps.iter().copied().filter(|d| *d < 1.5 * run.cycle).collect::<Vec<_>>());
    let cycle = cycle / repeats(x, &run.at, cycle, CYCLE_S[0] * fs_hz);
    if !(cycle.is_finite() && cycle > 4.0) {
        return None;
    }
    let mut moments: Vec<f64> = Vec::new();
    for (at, step) in run.at.iter().zip(&steps) {
        let several = (step / cycle).round().max(1.0);
        moments.extend((0..several as usize).map(|k| at + step * k as f64 / several));
    }
    moments.extend(run.at.last());
    let ends = |m: &f64| *m > 0.5 * cycle && *m < x.len() as f64 - 1.0 - 0.5 * cycle;
    // Both ways on, as long as the cycle comes.
    let first = Cycle::new(x, &moments, cycle);
    if first.peak_uv < LOUD * sigma_uv {
        return None;
    }
    for forward in [true, false] {
        while let Some(at) = if forward { moments.last() } else { moments.first() }.copied() {
            let at = if forward { at + cycle } else { at - cycle };
            if !ends(&at) || first.likeness(x, at) < 0.6 {
                break;
            }
            let at = at + first.shift(x, at);
            if forward { moments.push(at) } else { moments.insert(0, at) }
        }
    }
    let mut held = first;
    for _ in 0..2 {
        let most = NEAR_S * fs_hz;
        moments.iter_mut().for_each(|m| *m += held.shift(x, *m).clamp(-most, most));
        moments.dedup_by(|later, earlier| *later - *earlier < 0.5 * cycle);
        held = Cycle::new(x, &moments, cycle);
    }
    let sizes: Vec<f64> = moments.iter().map(|m| held.size(x, *m)).collect();
    let (times_s, sizes) = moments.iter().zip(sizes).filter(|(_, size)| *size > LEAST_SIZE).map(|(m, size)| (m / fs_hz, size)).unzip();
    let found = Circuit { times_s, sizes, peak_uv: held.peak_uv, parts: 1, cycle_s: cycle / fs_hz };
    (found.times_s.len() >= LEAST && firing(&found.times_s, &found.sizes).cv < STEADY).then_some(found)
}

/// How often the cycle repeats itself inside: of a circuit only each second or third discharge may
/// have been found.
fn repeats(x: &[f64], moments: &[f64], cycle: f64, shortest: f64) -> f64 {
    let twice = |k: &f64| {
        let part = cycle / k;
        let here = Cycle::new(x, moments, part);
        let next = Cycle::new(x, &moments.iter().map(|m| m + part).collect::<Vec<_>>(), part);
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (own, other) = (sum(&here.shape, &here.shape), sum(&next.shape, &next.shape));
        let most = own.max(other);
        most > 0.0 && sum(&here.shape, &next.shape) > REPEATED * most
    };
    (2..=MOST_REPEATS).rev().map(f64::from).filter(|k| cycle / k >= shortest).find(twice).unwrap_or(1.0)
}

/// The median cycle, its moment in the middle.
struct Cycle {
    shape: Vec<f64>,
    slope: Vec<f64>,
    half: usize,
    peak_uv: f64,
}

impl Cycle {
    fn new(x: &[f64], moments: &[f64], cycle: f64) -> Self {
        let half = (0.5 * cycle) as usize;
        let pieces: Vec<Vec<f64>> = moments.iter().map(|m| around(x, *m, half, half)).collect();
        let mut shape = median_shape(pieces.iter().map(Vec::as_slice));
        // A constant is no part of it.
        let level = median(&shape);
        shape.iter_mut().for_each(|v| *v -= if level.is_finite() { level } else { 0.0 });
        let at = |i: usize| shape.get(i).copied().unwrap_or(0.0);
        let slope = (0..shape.len()).map(|i| 0.5 * (at(i + 1) - at(i.saturating_sub(1)))).collect();
        let peak_uv = shape.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        Self { shape, slope, half, peak_uv }
    }

    /// Where the signal is that of the cycle: what differs by more is something else.
    fn own(&self, piece: &[f64]) -> Vec<bool> {
        let off: Vec<f64> = piece.iter().zip(&self.shape).map(|(x, s)| x - s).collect();
        let most = 4.0 * SIGMA_PER_MAD * mad(&off) + 0.3 * self.peak_uv;
        off.iter().map(|d| d.abs() <= most).collect()
    }

    fn likeness(&self, x: &[f64], at: f64) -> f64 {
        let piece = around(x, at, self.half, self.half);
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        sum(&piece, &self.shape) / (sum(&piece, &piece) * sum(&self.shape, &self.shape)).sqrt().max(1e-12)
    }

    /// Samples by which the cycle at `at` comes later (least squares along its slope, twice).
    fn shift(&self, x: &[f64], at: f64) -> f64 {
        let mut moved = 0.0;
        for _ in 0..2 {
            let piece = around(x, at + moved, self.half, self.half);
            let own = self.own(&piece);
            let (mut up, mut down) = (0.0, 1e-12);
            for (((x, s), d), own) in piece.iter().zip(&self.shape).zip(&self.slope).zip(&own) {
                if *own {
                    up += (x - s) * d;
                    down += d * d;
                }
            }
            moved -= (up / down).clamp(-1.5, 1.5);
        }
        moved
    }

    fn size(&self, x: &[f64], at: f64) -> f64 {
        let piece = around(x, at, self.half, self.half);
        let own = self.own(&piece);
        let (mut up, mut down) = (0.0, 1e-12);
        for ((x, s), own) in piece.iter().zip(&self.shape).zip(&own) {
            if *own {
                up += x * s;
                down += s * s;
            }
        }
        up / down
    }
}

impl Circuit {
    /// Sizes of its discharges, microvolts.
    pub fn sizes_uv(&self) -> Vec<f64> {
        self.sizes.iter().map(|size| size * self.peak_uv).collect()
    }

    /// Takes it out of `x` at `fs_hz`.
    pub fn take_out(&self, x: &mut [f64], fs_hz: f64) {
        let moments: Vec<f64> = self.times_s.iter().map(|t| t * fs_hz).collect();
        let held = Cycle::new(x, &moments, self.cycle_s * fs_hz);
        let half = held.half as f64;
        for (k, (at, size)) in moments.iter().zip(&self.sizes).enumerate() {
            // Up to the middle between two, which are never quite one cycle apart.
            let before = k.checked_sub(1).and_then(|k| moments.get(k)).map_or(half, |m| (0.5 * (at - m)).min(half + 1.0));
            let after = moments.get(k + 1).map_or(half, |m| (0.5 * (m - at)).min(half + 1.0));
            let (from, to) = ((at - before).ceil().max(0.0), at + after);
            let mut i = from;
            while i < to {
                if let Some(x) = x.get_mut(i as usize) {
                    let place = (i - at + half).clamp(0.0, held.shape.len() as f64 - 1.0);
                    *x -= size.min(1.5) * crate::dsp::resample::cubic_at(&held.shape, place);
                }
                i += 1.0;
            }
        }
    }

    /// Raises `raised` to how far what is left of it in `x` at `fs_hz` goes beyond the noise `sigma_uv`,
    /// for each place of the cycle.
    pub fn raise(&self, x: &[f64], fs_hz: f64, sigma_uv: f64, raised: &mut [f32]) {
        let moments: Vec<f64> = self.times_s.iter().map(|t| t * fs_hz).collect();
        let reach = (0.5 * self.cycle_s * fs_hz) as usize;
        let half = reach as f64;
        let pieces: Vec<Vec<f64>> = moments.iter().map(|m| around(x, *m, reach, reach)).collect();
        for place in 0..=2 * reach {
            let column: Vec<f64> = pieces.iter().filter_map(|piece| piece.get(place).copied()).collect();
            let beyond = (LOUD * (SIGMA_PER_MAD * mad(&column) - sigma_uv)).max(0.0) as f32;
            for at in &moments {
                let i = (at - half).round() + place as f64;
                if i >= 0.0
                    && let Some(raised) = raised.get_mut(i as usize)
                {
                    *raised = raised.max(beyond);
                }
            }
        }
    }

    /// Whether most of a train's discharges during this one come at one place of its cycle: what was
    /// left of it.
    pub fn owns(&self, times_s: &[f64]) -> bool {
        let (Some(first), Some(last)) = (self.times_s.first(), self.times_s.last()) else { return false };
        let mut lags: Vec<f64> = times_s
            .iter()
            .filter(|t| (*first - self.cycle_s..=*last + self.cycle_s).contains(*t))
            .map(|t| {
                let k = self.times_s.partition_point(|s| s <= t);
                k.checked_sub(1).and_then(|k| self.times_s.get(k)).map_or(t - first + self.cycle_s, |s| t - s)
            })
            .collect();
        if lags.len() * 2 < times_s.len() || lags.len() < 3 {
            return false;
        }
        lags.sort_unstable_by(f64::total_cmp);
        let most = lags.iter().enumerate().map(|(i, lag)| lags[i..].partition_point(|l| *l <= lag + 2.0 * NEAR_S)).max().unwrap_or(0);
        let chance = lags.len() as f64 * 2.0 * NEAR_S / self.cycle_s;
        most * 10 >= lags.len() * 6 && most as f64 > 2.0 * chance + 1.5
    }
}
