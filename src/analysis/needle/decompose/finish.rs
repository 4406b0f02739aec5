//! From trains to what is shown: which are credible, how sure each discharge is, what is left.

use crate::model::needle::{Decomposition, Discharge, FiringPattern, UnitTrain, Unresolved, Verdict};

use super::firing::{firing, regularity};
use super::placement::Placement;
use super::template::PHASES;
use super::window::{Unit, Window};
use super::{Options, Settled, Whole, revise, signal, wide};

/// Fewest discharges of a train that is shown, voluntary and at rest.
const SHOWN: [usize; 2] = [10, 5];
/// Lowest rate over the time a voluntary unit is active, 1/s.
const SLOWEST_HZ: f64 = 2.5;
/// Regularity that a voluntary train must have, nats an interval, and altogether.
const REGULAR: (f64, f64) = (0.0, 6.0);
/// The same from a rate that voluntary units hardly sustain, 1/s.
const REGULAR_WHEN_FAST: f64 = 0.4;
const FAST_HZ: f64 = 35.0;
/// From here on a train is probably several small units, the less sure the faster it is, 1/s; no less
/// sure than this part.
const SEVERAL_HZ: [f64; 2] = [35.0, 45.0];
const SEVERAL: f64 = 0.2;
/// Log-likelihoods are divided by this before they become a chance: the model is not exact.
const TEMPER: f64 = 3.0;
/// What is left counts as unresolved from so many standard deviations of the noise.
const UNRESOLVED_SIGMAS: f64 = 6.0;
/// Most unresolved peaks listed.
const LISTED: usize = 5000;

/// Adds the discharges of `from` to those of `to`.
pub(super) fn join(to: &mut Whole, from: &Whole) {
    let mut all: Vec<(f64, f64)> = to.times_s.iter().copied().zip(to.confidences.iter().copied()).collect();
    all.extend(from.times_s.iter().copied().zip(from.confidences.iter().copied()));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    to.times_s = all.iter().map(|v| v.0).collect();
    to.confidences = all.iter().map(|v| v.1).collect();
}

/// The trains that one would show, the largest potential first.
pub(super) fn credible(mut wholes: Vec<Whole>, options: Options) -> Vec<Whole> {
    wholes.sort_by(|a, b| b.template.energy.total_cmp(&a.template.energy));
    let microseconds = |w: &Whole| -> Vec<i64> { w.times_s.iter().map(|t| (t * 1e6 * PHASES as f64) as i64).collect() };
    let mut kept: Vec<Whole> = Vec::new();
    let mut kept_times: Vec<Vec<i64>> = Vec::new();
    for whole in wholes {
        let n = whole.times_s.len();
        let times = microseconds(&whole);
        if n < SHOWN[usize::from(!options.voluntary)] || kept_times.iter().any(|larger| revise::locked(&times, larger, 1e6)) {
            continue;
        }
        if options.voluntary {
            let span = whole.times_s.last().copied().unwrap_or(0.0) - whole.times_s.first().copied().unwrap_or(0.0);
            let regular = regularity(&whole.times_s);
            // A fast train must be a regular one.
            let least = if n as f64 > FAST_HZ * span { REGULAR_WHEN_FAST } else { REGULAR.0 };
            if (n as f64) < SLOWEST_HZ * span || regular < (least * n as f64).max(REGULAR.1) {
                continue;
            }
        }
        kept.push(whole);
        kept_times.push(times);
    }
    kept
}

/// Chance that the discharge of `unit` at `tick` is its, against the best other explanation.
pub(super) fn confidence(placement: &mut Placement, unit: usize, tick: i64) -> f64 {
    let Some(&gain) = placement.trains[unit].get(&tick) else { return 0.0 };
    placement.lift(unit, tick);
    let at = tick.div_euclid(PHASES);
    let near = |k: usize| -> f64 {
        let c = &placement.correlations[k];
        let from = usize::try_from(at - 4).unwrap_or(0).min(c.len());
        let to = usize::try_from(at + 6).unwrap_or(0).min(c.len());
        c[from..to].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    };
    // One variance for all explanations: how well this unit's discharges are explained at best.
    let variance = placement.variance_for(unit, at);
    let worth = |k: usize, gain: f64| {
        let explains = 2.0 * gain * near(k) - gain * gain * placement.templates[k].energy;
        explains / (2.0 * variance) + placement.log_odds(k, tick)
    };
    let own = worth(unit, gain);
    let other = (0..placement.templates.len())
        .filter(|&k| k != unit && placement.free(k, tick))
        .map(|k| worth(k, placement.templates[k].gain(tick)))
        .fold(0.0, f64::max);
    placement.place(unit, tick, gain);
    if !own.is_finite() {
        return 0.0;
    }
    1.0 / (1.0 + (-(own - other) / TEMPER).clamp(-50.0, 50.0).exp())
}

impl Window {
    /// What this stretch leaves, of its part between the two times.
    pub(super) fn settle(&mut self, start_s: f64, from_s: f64, to_s: f64) -> Settled {
        let sigma = self.sigma();
        let (signal, residual, variance, fs_hz) = self.signals();
        let inside = |at: &usize| {
            let t = start_s + *at as f64 / fs_hz;
            t >= from_s && t < to_s
        };
        // Discharges vary; what that leaves is not another unit's.
        let stands = |at: &usize| residual[*at].abs() > UNRESOLVED_SIGMAS * (sigma * sigma + variance[*at].max(0.0)).sqrt();
        let unresolved: Vec<Unresolved> = signal::peaks(residual, UNRESOLVED_SIGMAS * sigma, fs_hz)
            .into_iter()
            .filter(|at| inside(at) && stands(at))
            .map(|at| Unresolved { at_s: start_s + at as f64 / fs_hz, amp_uv: residual[at].abs() })
            .collect();
        let block = (0.01 * fs_hz).max(1.0) as usize;
        let power = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64;
        let mut quiet: Vec<f64> = signal.chunks(block).map(power).filter(|p| *p > 0.0).collect();
        let floor = crate::dsp::robust::percentile_mut(&mut quiet, 5.0);
        let all = power(signal);
        Settled {
            energy: (all - if floor.is_finite() { floor } else { 0.0 }).max(0.0) * signal.len() as f64,
            noise: sigma,
            seconds: to_s - from_s,
            rms: all.sqrt(),
            unresolved_count: unresolved.len(),
            peaks: signal::peaks(signal, UNRESOLVED_SIGMAS * sigma, fs_hz).len(),
            unresolved,
        }
    }

    /// As [`Self::settle`] for a stretch in progress.
    pub(super) fn provisional(&self, seconds: f64) -> Settled {
        let (signal, _, _, _) = self.signals();
        let rms = (signal.iter().map(|v| v * v).sum::<f64>() / signal.len().max(1) as f64).sqrt();
        Settled { noise: self.sigma(), seconds, rms, ..Settled::default() }
    }

    /// A stretch with given trains (ticks in order), which stay as they are: unit `i` has id `i`.
    pub(super) fn fixed(signal: Vec<f64>, fs_hz: f64, trains: Vec<Vec<i64>>) -> Self {
        let units = trains
            .into_iter()
            .enumerate()
            .filter(|(_, train)| !train.is_empty())
            .map(|(id, train)| Unit { train, ..Unit::new(id, super::template::Template::new(Vec::new())) })
            .collect();
        let mut window = Self::new(signal, fs_hz, Options::default(), Vec::new(), 0);
        window.impose(units);
        window
    }
}

fn verdict(trains: usize, settled: &[Settled], explained: f64) -> Verdict {
    let seconds: f64 = settled.iter().map(|s| s.seconds).sum();
    let peaks: usize = settled.iter().map(|s| s.peaks).sum();
    let left: usize = settled.iter().map(|s| s.unresolved_count).sum();
    if seconds < 0.3 {
        Verdict::TooShort
    } else if trains == 0 && (peaks as f64) < 0.5 * seconds + 1.0 {
        Verdict::Quiet
    } else if explained < 0.4 && peaks as f64 > 20.0 * seconds {
        Verdict::Dense
    } else if trains == 0 {
        Verdict::NothingRecurs
    } else if explained < 0.8 || left as f64 > 3.0 * seconds {
        Verdict::Partial
    } else {
        Verdict::Complete
    }
}

/// How likely a train of this rate, 1/s, is one unit under voluntary drive: 1 down to [`SEVERAL`].
fn one_unit(rate_hz: f64) -> f64 {
    let [from, to] = SEVERAL_HZ;
    if rate_hz.is_nan() { 1.0 } else { 1.0 - (1.0 - SEVERAL) * ((rate_hz - from) / (to - from)).clamp(0.0, 1.0) }
}

/// Everything that is shown of these trains.
pub(super) fn decomposition(uv: &[f64], fs_hz: f64, wholes: &[Whole], settled: &[Settled]) -> Decomposition {
    let seconds: f64 = settled.iter().map(|s| s.seconds).sum();
    let weighted = |value: &dyn Fn(&Settled) -> f64| settled.iter().map(|s| value(s) * s.seconds).sum::<f64>() / seconds.max(1e-9);
    let rms = weighted(&|s| s.rms * s.rms).sqrt();
    let times: Vec<&[f64]> = wholes.iter().map(|w| w.times_s.as_slice()).collect();
    let potentials = wide::potentials(uv, fs_hz, &times);
    let trains: Vec<UnitTrain> = wholes
        .iter()
        .zip(potentials)
        .map(|(whole, potential)| {
            let n = whole.times_s.len();
            let pattern = firing(&whole.times_s).map(|f| FiringPattern {
                mean_interval_s: f.mean_s,
                cv: f.cv,
                regularity: regularity(&whole.times_s) / n.max(1) as f64,
            });
            let mean = whole.confidences.iter().sum::<f64>() / n.max(1) as f64;
            let regular = pattern.map_or(0.0, |p| (p.regularity / 0.8).clamp(0.0, 1.0));
            let peak = whole.template.wave.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            UnitTrain {
                discharges: whole
                    .times_s
                    .iter()
                    .zip(&whole.confidences)
                    .map(|(&at_s, &confidence)| Discharge { at_s, confidence })
                    .collect(),
                confidence: mean * (0.3 + 0.7 * regular) * pattern.map_or(1.0, |p| one_unit(1.0 / p.mean_interval_s)),
                firing: pattern,
                potential,
                prominence: if rms > 0.0 { peak / rms } else { 0.0 },
            }
        })
        .collect();
    let energy: f64 = settled.iter().map(|s| s.energy).sum();
    let own: f64 = wholes.iter().zip(&trains).map(|(w, t)| t.confidence * w.template.energy * w.times_s.len() as f64).sum();
    let explained = if energy > 0.0 { (own / energy).clamp(0.0, 1.0) } else { 0.0 };
    let count = settled.iter().map(|s| s.unresolved_count).sum();
    let shown = trains.iter().filter(|t| !t.discharges.is_empty()).count();
    Decomposition {
        trains,
        unresolved: settled.iter().flat_map(|s| s.unresolved.iter().copied()).take(LISTED).collect(),
        unresolved_count: count,
        noise_uv: weighted(&|s| s.noise),
        explained,
        verdict: verdict(shown, settled, explained),
    }
}
