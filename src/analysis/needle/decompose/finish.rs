//! From trains to what is shown: which are credible, how sure each discharge is, what is left.

use crate::model::needle::{AveragedPotential, Decomposition, Discharge, FiringPattern, UnitTrain, Unresolved, Verdict};

use super::firing::{firing, regularity};
use super::placement::Placement;
use super::template::{PHASES, Template};
use super::window::{Unit, Window};
use super::{Options, Place, Settled, Whole, revise, signal, wide};

/// Fewest discharges of a train that is shown, voluntary and at rest.
const SHOWN: [usize; 2] = [10, 5];
/// Lowest rate over the time a voluntary unit is active, 1/s.
const SLOWEST_HZ: f64 = 2.5;
/// Longer intervals are pauses, and count as this, s.
const PAUSE_S: f64 = 1.5;
/// Regularity that a voluntary train must have, nats an interval, and altogether.
const REGULAR: (f64, f64) = (0.0, 6.0);
/// The same from a rate that voluntary units hardly sustain, 1/s.
const REGULAR_WHEN_FAST: f64 = 0.4;
const FAST_HZ: f64 = 35.0;
/// From here on a train is probably several small units, the less sure the faster it is, 1/s; no less
/// sure than this part.
const SEVERAL_HZ: [f64; 2] = [35.0, 45.0];
const SEVERAL: f64 = 0.2;
/// Fewest discharges that may fill another train, the distance from that one's that they keep, s, the
/// lag up to which potentials are compared, s, the energy of their difference at most as part of the smaller, and
/// the gain in the firing's log-likelihood for each, nats.
const FILLING: usize = 8;
const APART_S: f64 = 0.015;
const ALIGNED_S: f64 = 0.0015;
const RELATED: f64 = 1.0;
const FILLED: f64 = 0.8;
/// Log-likelihoods are divided by this before they become a chance: the model is not exact.
const TEMPER: f64 = 3.0;
/// What is left counts as unresolved from so many standard deviations of the noise.
pub(super) const UNRESOLVED_SIGMAS: f64 = 6.0;
/// A train that may be relied on, however much else there is.
const SURE: f64 = 0.8;
/// Most unresolved peaks listed.
pub(super) const LISTED: usize = 5000;

impl Whole {
    /// A unit without discharges.
    pub(super) fn new(template: Template) -> Self {
        Self { times_s: Vec::new(), confidences: Vec::new(), template, energy: 0.0 }
    }

    /// Discharges in order of time.
    pub(super) fn in_order(&mut self) {
        let mut all: Vec<(f64, f64)> = self.times_s.iter().copied().zip(self.confidences.iter().copied()).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.times_s = all.iter().map(|v| v.0).collect();
        self.confidences = all.iter().map(|v| v.1).collect();
    }

    /// Time that it is active, s: a pause counts little.
    fn active_s(&self) -> f64 {
        self.times_s.windows(2).map(|w| (w[1] - w[0]).min(PAUSE_S)).sum()
    }
}

/// Trains of one unit that has two shapes (a fibre that blocks, a needle that moves, an average that
/// lost members) made one: the smaller one's discharges fill what the larger one's leave out so well
/// that a train of both is more regular by far than chance allows. Potentials that have little in
/// common stay apart.
pub(super) fn joined(mut wholes: Vec<Whole>, fs_hz: f64) -> Vec<Whole> {
    let reach = (ALIGNED_S * fs_hz) as i64;
    wholes.sort_by(|a, b| b.times_s.len().cmp(&a.times_s.len()).then(b.template.energy.total_cmp(&a.template.energy)));
    let mut at = 0;
    while at < wholes.len() {
        let mut other = at + 1;
        while other < wholes.len() {
            let (a, b) = (&wholes[at], &wholes[other]);
            if let Some(times) = fills(a, b, reach, fs_hz) {
                let b = wholes.remove(other);
                let a = &mut wholes[at];
                a.confidences.extend(&b.confidences);
                a.energy += b.energy;
                a.times_s.extend(times);
                a.in_order();
                other = at + 1;
            } else {
                other += 1;
            }
        }
        at += 1;
    }
    wholes
}

/// Times of `b` for one train with `a`, when they are one unit's.
fn fills(a: &Whole, b: &Whole, reach: i64, fs_hz: f64) -> Option<Vec<f64>> {
    let n = b.times_s.len();
    let (from, to) = (*a.times_s.first()?, *a.times_s.last()?);
    let beside = b.times_s.iter().filter(|t| {
        let i = a.times_s.partition_point(|v| v < t);
        let near = |v: Option<&f64>| v.is_some_and(|v| (v - **t).abs() < APART_S);
        near(a.times_s.get(i)) || near(i.checked_sub(1).and_then(|i| a.times_s.get(i)))
    });
    let inside = b.times_s.iter().filter(|t| **t > from && **t < to).count();
    if n < FILLING || inside * 2 < n || beside.count() * 10 > n {
        return None;
    }
    let (difference, lag) = revise::difference(&a.template, &b.template, reach);
    if difference > RELATED {
        return None;
    }
    let shift_s = lag as f64 / PHASES as f64 / fs_hz;
    let times: Vec<f64> = b.times_s.iter().map(|t| t + shift_s).collect();
    let mut both: Vec<f64> = a.times_s.iter().chain(&times).copied().collect();
    both.sort_by(f64::total_cmp);
    let gain = regularity(&both) - regularity(&a.times_s) - regularity(&b.times_s).max(0.0);
    (gain > FILLED * n as f64).then_some(times)
}

/// Part of the energy of a window that trains explain which fire as units do. `settled` is what it
/// leaves.
pub(super) fn credit(wholes: &[Whole], settled: &Settled) -> f64 {
    let sure = |w: &Whole| (regularity(&w.times_s) / w.times_s.len().max(1) as f64 / 0.8).clamp(0.0, 1.0);
    let regular: f64 = wholes.iter().map(|w| sure(w) * w.energy).sum();
    if settled.energy > 0.0 { regular / settled.energy } else { 0.0 }
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
            let span = whole.active_s();
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
    /// What this stretch leaves, of its part that counts.
    pub(super) fn settle(&self, place: Place) -> Settled {
        let sigma = self.sigma();
        let (signal, residual, variance, fs_hz) = self.signals();
        let time_s = |at: usize| place.start_s + at as f64 / fs_hz;
        let inside = |at: &usize| place.counts(time_s(*at));
        // Discharges vary; what that leaves is not another unit's.
        let stands = |at: &usize| residual[*at].abs() > UNRESOLVED_SIGMAS * (sigma * sigma + variance[*at].max(0.0)).sqrt();
        let unresolved: Vec<Unresolved> = signal::peaks(residual, UNRESOLVED_SIGMAS * sigma, fs_hz)
            .into_iter()
            .filter(|at| inside(at) && stands(at))
            .map(|at| Unresolved { at_s: time_s(at), amp_uv: residual[at].abs() })
            .collect();
        let block = (0.01 * fs_hz).max(1.0) as usize;
        let power = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64;
        let mut quiet: Vec<f64> = signal.chunks(block).map(power).filter(|p| *p > 0.0).collect();
        let floor = crate::dsp::robust::percentile_mut(&mut quiet, 5.0);
        let all = power(signal);
        let seconds = place.to_s - place.from_s;
        Settled {
            energy: (all - if floor.is_finite() { floor } else { 0.0 }).max(0.0) * seconds * fs_hz,
            noise: sigma,
            seconds,
            rms: all.sqrt(),
            unresolved_count: unresolved.len(),
            peaks: signal::peaks(signal, UNRESOLVED_SIGMAS * sigma, fs_hz).into_iter().filter(|at| inside(at)).count(),
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
            .map(|(id, train)| Unit { train, ..Unit::new(id, Template::new(Vec::new())) })
            .collect();
        let mut window = Self::new(signal, fs_hz, Options::default(), false);
        window.impose(units);
        window
    }
}

/// `sure` is the confidence of the surest train.
pub(super) fn verdict(trains: usize, sure: f64, seconds: f64, peaks: usize, left: usize, explained: f64) -> Verdict {
    if seconds < 0.3 {
        Verdict::TooShort
    } else if trains == 0 && (peaks as f64) < 0.5 * seconds + 1.0 {
        Verdict::Quiet
    } else if explained < 0.4 && sure < SURE && peaks as f64 > 20.0 * seconds {
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

/// Root mean square of the working signal, uV.
pub(super) fn rms(settled: &[Settled]) -> f64 {
    let seconds: f64 = settled.iter().map(|s| s.seconds).sum();
    (settled.iter().map(|s| s.rms * s.rms * s.seconds).sum::<f64>() / seconds.max(1e-9)).sqrt()
}

/// One train as it is shown, in a signal whose working signal has this root mean square, uV.
pub(super) fn train(whole: &Whole, potential: AveragedPotential, rms: f64) -> UnitTrain {
    let n = whole.times_s.len();
    let pattern = firing(&whole.times_s).map(|f| FiringPattern {
        mean_interval_s: f.mean_s,
        cv: f.cv,
        regularity: regularity(&whole.times_s) / n.max(1) as f64,
    });
    let mean = whole.confidences.iter().sum::<f64>() / n.max(1) as f64;
    let regular = pattern.map_or(0.0, |p| (p.regularity / 0.8).clamp(0.0, 1.0));
    let peak = whole.template.wave.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let discharges = whole.times_s.iter().zip(&whole.confidences);
    UnitTrain {
        discharges: discharges.map(|(&at_s, &confidence)| Discharge { at_s, confidence }).collect(),
        confidence: mean * (0.3 + 0.7 * regular) * pattern.map_or(1.0, |p| one_unit(1.0 / p.mean_interval_s)),
        firing: pattern,
        potential,
        prominence: if rms > 0.0 { peak / rms } else { 0.0 },
    }
}

/// Everything that is shown of these trains.
pub(super) fn decomposition(uv: &[f64], fs_hz: f64, wholes: &[Whole], settled: &[Settled]) -> Decomposition {
    let seconds: f64 = settled.iter().map(|s| s.seconds).sum();
    let weighted = |value: &dyn Fn(&Settled) -> f64| settled.iter().map(|s| value(s) * s.seconds).sum::<f64>() / seconds.max(1e-9);
    let rms = rms(settled);
    let times: Vec<&[f64]> = wholes.iter().map(|w| w.times_s.as_slice()).collect();
    let potentials = wide::potentials(uv, fs_hz, &times);
    let trains: Vec<UnitTrain> = wholes.iter().zip(potentials).map(|(whole, potential)| train(whole, potential, rms)).collect();
    let energy: f64 = settled.iter().map(|s| s.energy).sum();
    let own: f64 = wholes.iter().zip(&trains).map(|(w, t)| t.confidence * w.energy).sum();
    let explained = if energy > 0.0 { (own / energy).clamp(0.0, 1.0) } else { 0.0 };
    let count = settled.iter().map(|s| s.unresolved_count).sum();
    let peaks = settled.iter().map(|s| s.peaks).sum();
    let sure = trains.iter().map(|t| t.confidence).fold(0.0, f64::max);
    let shown = trains.iter().filter(|t| !t.discharges.is_empty()).count();
    Decomposition {
        trains,
        unresolved: settled.iter().flat_map(|s| s.unresolved.iter().copied()).take(LISTED).collect(),
        unresolved_count: count,
        noise_uv: weighted(&|s| s.noise),
        explained,
        verdict: verdict(shown, sure, seconds, peaks, count, explained),
    }
}
