//! What a train of discharges shows: its firing and its mean potential.
//!
//! Regularity is judged from each interval against the next one (median of the logarithm of their
//! ratio, scaled to the coefficient of variation of independent normal intervals), so that neither
//! a slow change of rate nor single missed discharges count as irregular; compare the local
//! measures of Holt et al., J Neurophysiol 1996;75:1806.

use super::cluster::median_shape;
use super::events::around;
use super::trains::Train;
use crate::dsp::robust::{median, percentile};

/// Mean potentials are taken from so many ms before the moment to so many after.
const POTENTIAL_MS: [f64; 2] = [8.0, 24.0];
/// At most so many discharges make the mean potential.
const AVERAGED: usize = 120;
/// Part of the peak-to-peak amplitude that counts as beyond the baseline.
const FLOOR_PART: f64 = 0.08;
/// Of large potentials less: this, microvolts.
const FLOOR_UV: f64 = 30.0;
/// Times the noise of the mean potential that does.
const FLOOR_NOISE: f64 = 3.0;
/// The median of |ln(I2/I1)| of independent normal intervals is so many times their coefficient of
/// variation.
const LOG_RATIO_PER_CV: f64 = 0.954;
/// Groups of discharges are told apart by gaps so many times the interval inside.
const BURST_GAP: f64 = 2.5;
/// Longest interval inside a burst, s.
const BURST_INTERVAL_S: f64 = 0.06;

/// Which way a potential begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPhase {
    /// Downwards: the impulse comes from elsewhere.
    Positive,
    /// Upwards: it begins here, at an end plate.
    Negative,
    /// Too small to tell.
    Unclear,
}

/// The mean potential, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Peak to peak, microvolts.
    pub amp_uv: f64,
    /// From the train's moment to the largest deflection, ms.
    pub main_ms: f64,
    /// Duration above the floor, ms.
    pub duration_ms: f64,
    /// First deflection.
    pub first: FirstPhase,
    /// Largest positive deflection over the largest negative one.
    pub positive_to_negative: f64,
    /// Width at half height of the negative phase over that of the positive phase before it.
    pub negative_width_ratio: f64,
    /// Mean from 3 to 7 ms after the positive peak, as part of the amplitude; above 0 negative.
    pub late_negativity: f64,
    /// Peaks of either sign that stand out by a tenth of the amplitude.
    pub peaks: usize,
    /// Largest value from 8 to 5 ms before and from 18 to 24 ms after, as part of the amplitude.
    pub surroundings: f64,
    /// Floor over amplitude: small potentials in noise are measured less well.
    pub floor_part: f64,
    /// The potential, microvolts, at the rate of the input.
    pub potential_uv: Vec<f64>,
}

/// How a train fires.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Firing {
    /// Discharges.
    pub n: usize,
    /// From the first to the last, s.
    pub span_s: f64,
    /// Rate from the median interval, Hz.
    pub rate_hz: f64,
    /// Local irregularity, comparable to a coefficient of variation.
    pub cv: f64,
    /// Highest over lowest rate inside runs, smoothed (90th over 10th percentile).
    pub rate_range: f64,
    /// The same of the size of discharges.
    pub size_range: f64,
    /// Discharges against those that the rate makes expect over the whole time.
    pub evenness: f64,
    /// Discharges in the longest run.
    pub longest_run: usize,
    /// Part of the discharges in bursts of two and more.
    pub in_bursts: f64,
    /// Bursts.
    pub bursts: usize,
    /// Discharges in a burst, median.
    pub per_burst: f64,
    /// Rate inside bursts, Hz.
    pub burst_rate_hz: f64,
    /// Bursts a second.
    pub bursts_hz: f64,
    /// Irregularity of the intervals between bursts.
    pub burst_cv: f64,
    /// Part of the neighbouring intervals that agree within a fifth.
    pub steady: f64,
}

fn log_ratio(intervals: &[f64]) -> Vec<f64> {
    intervals.windows(2).map(|w| (w[1] / w[0]).ln().abs()).filter(|v| v.is_finite()).collect()
}

/// Firing of a train; `times_s` in order, `sizes_uv` as many.
pub fn firing(times_s: &[f64], sizes_uv: &[f64]) -> Firing {
    let n = times_s.len();
    let mut out = Firing { n, cv: f64::NAN, burst_cv: f64::NAN, rate_hz: f64::NAN, rate_range: 1.0, size_range: 1.0, ..Firing::default() };
    let (Some(first), Some(last)) = (times_s.first(), times_s.last()) else { return out };
    out.span_s = last - first;
    let intervals: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    let usual = median(&intervals);
    if !(usual.is_finite() && usual > 0.0) {
        return out;
    }
    out.rate_hz = 1.0 / usual;
    out.evenness = (n as f64 - 1.0) * usual / out.span_s.max(usual);
    let ratios = log_ratio(&intervals);
    out.cv = median(&ratios) / LOG_RATIO_PER_CV;
    out.steady = ratios.iter().filter(|r| **r < 0.2).count() as f64 / ratios.len().max(1) as f64;
    // Runs end where the interval is far longer than its neighbours'.
    let local = crate::dsp::robust::running_median(&intervals, 9);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut start = 0;
    for (k, (d, m)) in intervals.iter().zip(&local).enumerate() {
        if *d > 3.5 * m && *d > 0.05 {
            runs.push((start, k));
            start = k + 1;
        }
    }
    runs.push((start, n - 1));
    out.longest_run = runs.iter().map(|(a, b)| b - a + 1).max().unwrap_or(0);
    let (mut rates, mut sizes) = (Vec::new(), Vec::new());
    for (a, b) in runs.iter().filter(|(a, b)| b - a >= 8) {
        // Medians of five: a missed discharge does not show.
        rates.extend(intervals[*a..*b].windows(5).map(|w| 1.0 / median(w)));
        sizes.extend(sizes_uv[*a..=*b].windows(5).map(median));
    }
    let range = |v: &[f64]| if v.len() < 4 { 1.0 } else { percentile(v, 90.0) / percentile(v, 10.0).max(1e-9) };
    (out.rate_range, out.size_range) = (range(&rates), range(&sizes));
    bursts(times_s, &intervals, &mut out);
    out
}

/// Groups of discharges with gaps between them.
fn bursts(times_s: &[f64], intervals: &[f64], out: &mut Firing) {
    let short: Vec<f64> = intervals.iter().copied().filter(|d| *d < BURST_INTERVAL_S).collect();
    if short.len() < 2 {
        return;
    }
    let limit = (BURST_GAP * median(&short)).min(2.0 * BURST_INTERVAL_S);
    let (mut starts, mut counts) = (vec![times_s[0]], vec![1.0_f64]);
    for (d, t) in intervals.iter().zip(&times_s[1..]) {
        if *d <= limit {
            if let Some(count) = counts.last_mut() {
                *count += 1.0;
            }
        } else {
            starts.push(*t);
            counts.push(1.0);
        }
    }
    let grouped: Vec<(f64, f64)> = starts.iter().copied().zip(counts.iter().copied()).filter(|(_, c)| *c >= 2.0).collect();
    out.bursts = grouped.len();
    let sizes: Vec<f64> = grouped.iter().map(|(_, c)| *c).collect();
    out.in_bursts = sizes.iter().sum::<f64>() / times_s.len() as f64;
    out.per_burst = median(&sizes);
    out.burst_rate_hz = 1.0 / median(&short);
    let gaps: Vec<f64> = grouped.windows(2).map(|w| w[1].0 - w[0].0).collect();
    out.bursts_hz = 1.0 / median(&gaps);
    out.burst_cv = median(&log_ratio(&gaps)) / LOG_RATIO_PER_CV;
}

/// The mean potential of a train in the input `x` at `fs_hz`; `others_s` are moments of discharges of
/// other trains, in order: discharges that none of these comes near are preferred.
pub fn shape(x: &[f64], fs_hz: f64, train: &Train, others_s: &[f64], noise_uv: f64) -> Option<Shape> {
    let alone = |t: f64| {
        let i = others_s.partition_point(|o| *o < t - 0.015);
        others_s.get(i).is_none_or(|o| *o > t + 0.012)
    };
    let mut chosen: Vec<f64> = train.times_s.iter().copied().filter(|t| alone(*t)).collect();
    if chosen.len() < 5.min(train.times_s.len()) {
        chosen.clone_from(&train.times_s);
    }
    let every = chosen.len().div_ceil(AVERAGED).max(1);
    let [before, after] = POTENTIAL_MS.map(|ms| (ms * 1e-3 * fs_hz).round() as usize);
    let rest = (3.0e-3 * fs_hz) as usize;
    let pieces: Vec<Vec<f64>> = chosen
        .iter()
        .step_by(every)
        .map(|t| {
            let mut piece = around(x, t * fs_hz, before, after);
            let level = median(&piece[..rest.min(piece.len())]);
            piece.iter_mut().for_each(|v| *v = if v.is_finite() && level.is_finite() { *v - level } else { 0.0 });
            piece
        })
        .collect();
    let noise = noise_uv / (pieces.len() as f64).sqrt();
    let potential = median_shape(pieces.iter().map(Vec::as_slice));
    measured(potential, before, fs_hz, noise, super::trains::usual_interval(&train.times_s))
}

/// Measures a mean potential whose discharge is at sample `centre`.
fn measured(potential: Vec<f64>, centre: usize, fs_hz: f64, noise_uv: f64, interval_s: f64) -> Option<Shape> {
    let ms = |n: usize| n as f64 / fs_hz * 1e3;
    let samples = |ms: f64| (ms * 1e-3 * fs_hz).round() as usize;
    let smooth: Vec<f64> = {
        // 0.2 ms: noise of single samples makes no phase.
        let half = samples(0.1);
        (0..potential.len())
            .map(|i| {
                let piece = &potential[i.saturating_sub(half)..(i + half + 1).min(potential.len())];
                piece.iter().sum::<f64>() / piece.len() as f64
            })
            .collect()
    };
    // The next discharge of a fast train is no part of this one.
    let reach = (interval_s * fs_hz).max(1.0) as usize;
    let (from, to) =
        (centre.saturating_sub(samples(6.0).min(reach * 2 / 5)), (centre + samples(20.0).min(reach * 3 / 5)).min(smooth.len()));
    let near = smooth.get(from..to).filter(|w| !w.is_empty())?;
    let core = smooth.get(centre.saturating_sub(samples(4.0)).max(from)..(centre + samples(4.0)).min(to))?;
    let (low, high) = core.iter().fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
    let amp = high - low;
    if !(amp.is_finite() && amp > 0.0) {
        return None;
    }
    let floor = f64::max((FLOOR_PART * amp).min(FLOOR_UV), FLOOR_NOISE * noise_uv);
    let peak = centre - from;
    let beyond: Vec<bool> = near.iter().map(|v| v.abs() > floor).collect();
    // From the discharge outwards, over pauses of up to 1.5 ms.
    let outward = |steps: &mut dyn Iterator<Item = usize>| {
        let (mut end, mut pause) = (peak, 0);
        for i in steps {
            if beyond.get(i).copied().unwrap_or(false) {
                (end, pause) = (i, 0);
            } else {
                pause += 1;
                if pause > samples(1.5) {
                    break;
                }
            }
        }
        end
    };
    let start = outward(&mut (0..=peak).rev());
    let end = outward(&mut (peak..near.len()));
    let sign_at = |i: usize| near.get(i).copied().unwrap_or(0.0);
    // The first phase that reaches a tenth of the amplitude.
    let mut first = FirstPhase::Unclear;
    let enough = f64::max(0.10 * amp, 1.2 * floor);
    for i in start..=end {
        if sign_at(i).abs() >= enough {
            first = if sign_at(i) > 0.0 { FirstPhase::Negative } else { FirstPhase::Positive };
            break;
        }
    }
    let bottom = (start..=end).min_by(|a, b| sign_at(*a).total_cmp(&sign_at(*b))).unwrap_or(peak);
    let top = (bottom..=end.max(bottom)).max_by(|a, b| sign_at(*a).total_cmp(&sign_at(*b))).unwrap_or(peak);
    let width = |at: usize| {
        let half = 0.5 * sign_at(at);
        let inside = |i: usize| sign_at(i) * half.signum() > half.abs();
        let a = (start..at).rev().take_while(|i| inside(*i)).count();
        let b = (at..=end).take_while(|i| inside(*i)).count();
        (a + b).max(1) as f64
    };
    let (a, b) = ((bottom + samples(3.0)).min(near.len()), (bottom + samples(7.0)).min(near.len()));
    let late = if b > a { near[a..b].iter().sum::<f64>() / (b - a) as f64 / amp } else { 0.0 };
    let mut peaks = 0;
    let (mut turn, mut rising) = (sign_at(start), true);
    for i in start..=end {
        let v = sign_at(i);
        let prominent = f64::max(0.10 * amp, 1.5 * floor);
        if (rising && v > turn) || (!rising && v < turn) {
            turn = v;
        } else if (v - turn).abs() > prominent {
            peaks += 1;
            rising = !rising;
            turn = v;
        }
    }
    let apart = |a: f64, b: f64| {
        let at = |ms: f64| (centre as f64 + ms * 1e-3 * fs_hz).max(0.0) as usize;
        let piece = smooth.get(at(a)..at(b).min(smooth.len())).unwrap_or_default();
        piece.iter().fold(0.0_f64, |m, v| m.max(v.abs()))
    };
    let surroundings = f64::max(apart(-8.0, -5.0), apart(18.0, 24.0)) / amp;
    let most = samples(9.0).min(reach / 2);
    let main = (centre.saturating_sub(most)..(centre + most).min(smooth.len()))
        .max_by(|a, b| smooth[*a].abs().total_cmp(&smooth[*b].abs()))
        .unwrap_or(centre);
    Some(Shape {
        main_ms: (main as f64 - centre as f64) / fs_hz * 1e3,
        surroundings,
        amp_uv: amp,
        duration_ms: ms(end.saturating_sub(start)),
        first,
        positive_to_negative: -low / high.max(1e-3 * amp),
        negative_width_ratio: width(top) / width(bottom),
        late_negativity: late,
        peaks,
        floor_part: floor / amp,
        potential_uv: potential,
    })
}
