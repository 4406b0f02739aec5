//! Measures of excitability from the points of a recording.
//!
//! Definitions: Kiernan et al., Muscle Nerve 2000;23:399 (rheobase, strength-duration time constant,
//! refractory period, super- and subexcitability, electrotonus, slopes of the current-threshold
//! relation), Bostock et al., Muscle Nerve 1998;21:137. Details that the papers leave open (points at
//! every ms, running means of 21 ms, three neighbours) are those that reproduce the figures which
//! files of the reference program carry, to their last digit or two.
//!
//! A measure whose points are missing is `None`. Points that are no numbers do not count.

use crate::model::{Electrotonus, Excitability};

/// The polarizing current begins at this delay in stored recordings, ms.
pub(super) const POLARIZED_MS: f64 = 10.0;
/// Length of the running mean of electrotonus, points of 1 ms.
const RUNNING: usize = 21;

/// One measure.
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// Name under which files state it.
    pub(super) stated: &'static str,
    pub(super) of: fn(&Excitability) -> Option<f64>,
}

const fn measure(name: &'static str, unit: &'static str, stated: &'static str, of: fn(&Excitability) -> Option<f64>) -> Measure {
    Measure { name, unit, stated, of }
}

/// All measures in the order in which they are shown.
pub(super) const ALL: &[Measure] = &[
    measure("Peak response", "mV", "Peak response", |e| e.max_cmap.iter().max_by(|a, b| a[0].total_cmp(&b[0])).map(|max| max[1] * 1e-3)),
    measure("Stimulus for 50 % of the response", "mA", "Stimulus for 50% max response", |e| at(&e.stimulus_response, 50.0)),
    measure("Rheobase", "mA", "Rheobase", |e| weiss(e).map(|law| law.0)),
    measure("Strength-duration time constant", "ms", "Strength-duration time constant", |e| weiss(e).map(|law| law.1)),
    measure("TEd (10\u{2013}20 ms)", "%", "TEd(10-20ms)", |e| mean(&electrotonus(e, 40.0)?, 10, 20)),
    measure("TEd (peak)", "%", "TEd(peak)", ted_peak),
    measure("TEd (40\u{2013}60 ms)", "%", "TEd(40-60ms)", |e| mean(&electrotonus(e, 40.0)?, 40, 60)),
    measure("TEd (90\u{2013}100 ms)", "%", "TEd(90-100ms)", ted_late),
    measure("TEd (undershoot)", "%", "TEd(undershoot)", |e| running(&electrotonus(e, 40.0)?, 101, 200, -1.0)),
    measure("S2 accommodation", "%", "S2 accommodation", |e| Some(ted_peak(e)? - ted_late(e)?)),
    measure("Accommodation half-time", "ms", "Accommodation half-time", half_time),
    measure("TEd20 (peak)", "%", "TEd20(peak)", |e| running(&electrotonus(e, 20.0)?, 0, 99, 1.0)),
    measure("TEh (10\u{2013}20 ms)", "%", "TEh(10-20ms)", |e| mean(&electrotonus(e, -40.0)?, 10, 20)),
    measure("TEh (20\u{2013}40 ms)", "%", "TEh(20-40ms)", |e| mean(&electrotonus(e, -40.0)?, 20, 40)),
    measure("TEh (90\u{2013}100 ms)", "%", "TEh(90-100ms)", |e| mean(&electrotonus(e, -40.0)?, 90, 99)),
    measure("TEh (overshoot)", "%", "TEh(overshoot)", |e| running(&electrotonus(e, -40.0)?, 101, 200, 1.0)),
    measure("TEh (slope 101\u{2013}140 ms)", "%/ms", "TEh(slope 101-140ms)", |e| slope(&electrotonus(e, -40.0)?, 101, 140)),
    measure("Relative refractory period", "ms", "RRP", refractory),
    measure("Superexcitability", "%", "Superexcitability", |e| three(&e.recovery_cycle, -1.0, 0.0, 30.0)),
    measure("Superexcitability at 5 ms", "%", "Superexcitability at 5 ms", |e| at_log(&e.recovery_cycle, 5.0)),
    measure("Superexcitability at 7 ms", "%", "Superexcitability at 7 ms", |e| at_log(&e.recovery_cycle, 7.0)),
    measure("Subexcitability", "%", "Subexcitability", |e| three(&e.recovery_cycle, 1.0, 15.0, f64::MAX)),
    measure("Resting I/V slope", "", "Resting I/V slope", |e| {
        iv_slopes(e).into_iter().find(|(current, _)| current.abs() < 1e-6).map(|(_, slope)| slope)
    }),
    measure("Minimum I/V slope", "", "Minimum I/V slope", |e| iv_slopes(e).into_iter().map(|(_, slope)| slope).reduce(f64::min)),
    measure("Hyperpolarizing I/V slope", "", "Hyperpol. I/V slope", |e| {
        let slopes = iv_slopes(e).into_iter().filter(|(current, _)| *current < -50.0);
        slopes.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, slope)| slope)
    }),
];

fn valid(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    points.iter().copied().filter(|point| point.iter().all(|value| value.is_finite())).collect()
}

/// Value at `x` between neighbouring points whose first coordinate rises; `None` beyond them.
fn at(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let points = valid(points);
    let pair = points.windows(2).find(|w| w[0][0] <= x && x <= w[1][0] && w[1][0] > w[0][0])?;
    Some(pair[0][1] + (pair[1][1] - pair[0][1]) * (x - pair[0][0]) / (pair[1][0] - pair[0][0]))
}

/// The same on a logarithmic first axis.
fn at_log(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let logs: Vec<[f64; 2]> = points.iter().filter(|p| p[0] > 0.0).map(|p| [p[0].ln(), p[1]]).collect();
    at(&logs, x.ln())
}

/// Least squares line: slope and value at zero.
fn line(points: &[[f64; 2]]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|p| p[0]).sum::<f64>() / n, points.iter().map(|p| p[1]).sum::<f64>() / n);
    let sxx = points.iter().map(|p| (p[0] - mx) * (p[0] - mx)).sum::<f64>();
    let slope = points.iter().map(|p| (p[0] - mx) * (p[1] - my)).sum::<f64>() / sxx;
    (points.len() >= 2 && sxx > 1e-12).then_some((slope, my - slope * mx))
}

/// Rheobase (mA) and strength-duration time constant (ms) by the law of Weiss: threshold charge is
/// the rheobase times the sum of pulse duration and time constant.
pub(super) fn weiss(e: &Excitability) -> Option<(f64, f64)> {
    let charge: Vec<[f64; 2]> = valid(&e.charge_duration).into_iter().map(|[ms, ma]| [ms, ms * ma]).collect();
    let (rheobase, at_zero) = line(&charge)?;
    (rheobase > 0.0).then(|| (rheobase, at_zero / rheobase))
}

/// Threshold reduction of the electrotonus with this polarizing current: delay after its beginning
/// (ms) and reduction (percent).
fn electrotonus(e: &Excitability, current_pct: f64) -> Option<Vec<[f64; 2]>> {
    let found = e.threshold_electrotonus.iter().find(|te: &&Electrotonus| (te.current_pct() - current_pct).abs() < 2.0)?;
    Some(valid(&found.points.iter().map(|[ms, _, reduction]| [ms - POLARIZED_MS, *reduction]).collect::<Vec<_>>()))
}

/// Values at every ms from `from` to `to`, both included.
fn each_ms(points: &[[f64; 2]], from: i32, to: i32) -> Option<Vec<f64>> {
    (from..=to).map(|ms| at(points, f64::from(ms))).collect()
}

fn mean(points: &[[f64; 2]], from: i32, to: i32) -> Option<f64> {
    let values = each_ms(points, from, to)?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// Extreme (upward for `sign` 1) of the running mean of 21 ms between two delays.
fn running(points: &[[f64; 2]], from: i32, to: i32, sign: f64) -> Option<f64> {
    let values = each_ms(points, from, to)?;
    let means = values.windows(RUNNING).map(|w| sign * w.iter().sum::<f64>() / w.len() as f64);
    means.reduce(f64::max).map(|extreme| sign * extreme)
}

fn slope(points: &[[f64; 2]], from: i32, to: i32) -> Option<f64> {
    let values = each_ms(points, from, to)?;
    let points: Vec<[f64; 2]> = values.iter().enumerate().map(|(ms, value)| [ms as f64, *value]).collect();
    line(&points).map(|line| line.0)
}

fn ted_peak(e: &Excitability) -> Option<f64> {
    running(&electrotonus(e, 40.0)?, 0, 99, 1.0)
}

fn ted_late(e: &Excitability) -> Option<f64> {
    mean(&electrotonus(e, 40.0)?, 90, 99)
}

/// Delay at which the reduction has fallen half of the way from its peak to its late value.
fn half_time(e: &Excitability) -> Option<f64> {
    let points = electrotonus(e, 40.0)?;
    let half = 0.5 * (ted_peak(e)? + ted_late(e)?);
    let peak = points.iter().max_by(|a, b| a[1].total_cmp(&b[1]))?[0];
    let falling = points.windows(2).find(|w| w[0][0] >= peak && w[0][1] >= half && w[1][1] < half)?;
    Some(falling[0][0] + (half - falling[0][1]) / (falling[1][1] - falling[0][1]) * (falling[1][0] - falling[0][0]))
}

/// Interval at which the threshold comes back to its resting value, on a logarithmic axis.
fn refractory(e: &Excitability) -> Option<f64> {
    let points = valid(&e.recovery_cycle);
    let pair = points.windows(2).find(|w| w[0][1] > 0.0 && w[1][1] <= 0.0 && w[0][0] > 0.0 && w[1][0] > w[0][0])?;
    let part = pair[0][1] / (pair[0][1] - pair[1][1]);
    Some(pair[0][0] * (pair[1][0] / pair[0][0]).powf(part))
}

/// Extreme mean of three neighbours whose middle lies between two intervals, ms.
fn three(points: &[[f64; 2]], sign: f64, from_ms: f64, to_ms: f64) -> Option<f64> {
    let points = valid(points);
    let middle = |w: &&[[f64; 2]]| (from_ms..=to_ms).contains(&w[1][0]);
    let means = points.windows(3).filter(middle).map(|w| sign * (w[0][1] + w[1][1] + w[2][1]) / 3.0);
    means.reduce(f64::max).map(|extreme| sign * extreme)
}

/// Slope of current over threshold reduction about each point but the ends.
fn iv_slopes(e: &Excitability) -> Vec<(f64, f64)> {
    let points = valid(&e.current_threshold);
    let slopes = points.windows(3).map(|w| (w[1][0], (w[2][0] - w[0][0]) / (w[2][1] - w[0][1])));
    slopes.filter(|(_, slope)| slope.is_finite()).collect()
}
