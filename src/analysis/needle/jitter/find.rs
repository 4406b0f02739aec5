//! Discharges and the potentials in them.
//!
//! Spikes that stand out of the noise are grouped into discharges; these are laid over each other
//! by correlation with their median, and spikes that come back at the same place are one fibre's
//! potential. A discharge without the potential that triggers, and a potential missing in a
//! discharge (blocking), are therefore told apart.

use std::f64::consts::PI;

use crate::analysis::needle::pieces::samples;
use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::dsp::peaks::{PeakOptions, find_peaks};
use crate::dsp::robust;

/// Slow activity of distant fibres is taken out below this (500 Hz or more: Sanders et al., Clin
/// Neurophysiol 2019;130:1417-1439), Hz.
const HIGHPASS_HZ: f64 = 500.0;
/// Spikes are this many times the noise's standard deviation, and this share of the large ones.
const OUT_OF_NOISE: f64 = 8.0;
const OF_LARGE: f64 = 0.2;
/// Least distance of two spikes, seconds.
const APART_S: f64 = 0.0003;
/// A pause that ends a discharge, seconds; potentials of one motor unit rarely spread further.
const PAUSE_S: f64 = 0.008;
/// Where a lone spike may be either of two potentials alike, it counts as the first: the one that a
/// person would trigger on. So much weighs that.
const FIRST: f64 = 1.03;
/// What is laid over each other: before and after the first spike, seconds, and how far it is moved.
const BEFORE_S: f64 = 0.0015;
const AFTER_S: f64 = 0.008;
const MOVE_S: f64 = 0.005;
/// Spread of a potential's place that the search assumes, and where it is looked for, seconds.
const SPREAD_S: f64 = 0.00008;
const NEAR_S: f64 = 0.00035;
/// A potential comes back in at least this share of discharges.
const COMES_BACK: f64 = 0.25;
/// Potentials followed, and discharges used.
const MOST_POTENTIALS: usize = 6;
/// Discharges used; four times what a study asks for.
pub const MOST_DISCHARGES: usize = 400;
/// Passes of laying over each other, and of assigning spikes to potentials.
const PASSES: usize = 4;
const ASSIGNMENTS: usize = 3;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The signal, filtered, with spikes upward, microvolts; 0 where none is valid.
    pub uv: Vec<f64>,
    /// Standard deviation of its noise, microvolts.
    pub noise_uv: f64,
    /// Place of each discharge, in samples.
    pub at: Vec<usize>,
    /// Mean place of each potential against that, in samples, ascending.
    pub places: Vec<f64>,
    /// Sample of each potential in each discharge: `spikes[discharge][potential]`.
    pub spikes: Vec<Vec<Option<usize>>>,
    /// Whether more discharges were seen than are used.
    pub cut: bool,
}

/// Looks for discharges in `x` (microvolts, NaN where missing). `None` when the signal is too
/// coarsely sampled, too short, or nothing comes back in it.
pub fn find(x: &[f64], fs_hz: f64) -> Option<Found> {
    let offset = robust::median(x);
    let centred: Vec<f64> = x.iter().map(|v| v - offset).collect();
    let mut uv = sosfiltfilt(&butter(1, Band::Highpass(HIGHPASS_HZ), fs_hz).ok()?, &centred);
    uv.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
    let size: Vec<f64> = uv.iter().map(|v| v.abs()).collect();
    let noise_uv = robust::median(&size) * robust::SIGMA_PER_MAD;
    // The sharp phase of a single fibre's potential is its largest: it shall point upward.
    if uv.iter().map(|v| v * v * v).sum::<f64>() < 0.0 {
        uv.iter_mut().for_each(|v| *v = -*v);
    }
    let options = PeakOptions { height: Some(OUT_OF_NOISE * noise_uv), distance: Some(samples(APART_S, fs_hz)), prominence: None };
    let mut spikes = find_peaks(&uv, &options);
    let heights: Vec<f64> = spikes.iter().map(|spike| spike.height).collect();
    let large = robust::percentile(&heights, 90.0);
    spikes.retain(|spike| spike.height > 0.0 && spike.height >= OF_LARGE * large);

    let (before, after, most) = (samples(BEFORE_S, fs_hz), samples(AFTER_S, fs_hz), samples(MOVE_S, fs_hz));
    let pause = samples(PAUSE_S, fs_hz);
    let inside = |first: usize| first >= before + most && first + after + most < uv.len();
    let indices: Vec<usize> = spikes.iter().map(|spike| spike.index).collect();
    let mut groups: Vec<&[usize]> = indices.chunk_by(|a, b| b - a <= pause).filter(|group| inside(group[0])).collect();
    let cut = groups.len() > MOST_DISCHARGES;
    groups.truncate(MOST_DISCHARGES);
    if groups.len() < 3 {
        return None;
    }
    let at = overlay(&uv, &groups, before, after, most);
    let places = places(&groups, &at, fs_hz);
    if places.is_empty() {
        return None;
    }
    let (at, spikes) = assign(&uv, &groups, at, &places, fs_hz);
    Some(Found { noise_uv, at, places, spikes, cut, uv })
}

/// Moves each discharge to where it agrees best with the median of all.
fn overlay(uv: &[f64], groups: &[&[usize]], before: usize, after: usize, most: usize) -> Vec<usize> {
    let mut at: Vec<usize> = groups.iter().map(|group| group[0]).collect();
    let mut reference = median_at(uv, &at, before, after);
    for _ in 0..PASSES {
        for (zero, group) in at.iter_mut().zip(groups) {
            let first = group[0] - before - most;
            let stretch = &uv[first..(first + 2 * most + reference.len()).min(uv.len())];
            let agreement = |lag: usize| stretch[lag..].iter().zip(&reference).map(|(a, b)| a * b).sum::<f64>();
            let best = (0..=2 * most).map(|lag| (lag, agreement(lag))).max_by(|a, b| a.1.total_cmp(&b.1));
            *zero = first + before + best.map_or(most, |(lag, _)| lag);
        }
        reference = median_at(uv, &at, before, after);
    }
    at
}

/// Which spike is which potential, and the place of each discharge that follows.
///
/// Laying over each other fails where a potential is blocked and another comes at the same
/// distance. So every way to bring a spike onto a place is tried, and the one kept whose potentials
/// explain most of the signal: the sum over places of what the median shape takes from the power.
fn assign(uv: &[f64], groups: &[&[usize]], mut at: Vec<usize>, places: &[f64], fs_hz: f64) -> (Vec<usize>, Vec<Vec<Option<usize>>>) {
    let near = NEAR_S * fs_hz;
    let half = samples(NEAR_S, fs_hz);
    let match_at = |group: &[usize], zero: f64| -> Vec<Option<usize>> {
        let distance = |spike: usize, place: f64| (spike as f64 - zero - place).abs();
        let nearest = |&place: &f64| group.iter().copied().min_by(|&a, &b| distance(a, place).total_cmp(&distance(b, place)));
        places.iter().map(|place| nearest(place).filter(|&spike| distance(spike, *place) < near)).collect()
    };
    let mut spikes: Vec<Vec<Option<usize>>> = groups.iter().zip(&at).map(|(group, &zero)| match_at(group, zero as f64)).collect();
    for _ in 0..ASSIGNMENTS {
        let shapes: Vec<Vec<f64>> = (0..places.len())
            .map(|potential| {
                let there: Vec<usize> = spikes.iter().filter_map(|spikes| spikes[potential]).collect();
                median_at(uv, &there, half, half + 1)
            })
            .collect();
        let explained = |spike: usize, shape: &[f64]| -> f64 {
            let piece = uv.get(spike.saturating_sub(half)..).unwrap_or_default();
            piece.iter().zip(shape).map(|(v, s)| (2.0 * v - s) * s).sum::<f64>().max(0.0)
        };
        for ((group, zero), spikes) in groups.iter().zip(&mut at).zip(&mut spikes) {
            let gain = |matched: &[Option<usize>]| -> f64 {
                let sum: f64 = matched.iter().zip(&shapes).filter_map(|(spike, shape)| Some(explained((*spike)?, shape))).sum();
                if matched.first().is_some_and(Option::is_some) { FIRST * sum } else { sum }
            };
            let mut best = (gain(spikes), *zero as f64, std::mem::take(spikes));
            for &spike in group.iter().take(2 * MOST_POTENTIALS) {
                for place in places {
                    let start = spike as f64 - place;
                    let matched = match_at(group, start);
                    // Jitter of the spike that is tried: the mean of those matched is the better place.
                    let offsets = matched.iter().zip(places).filter_map(|(spike, place)| Some((*spike)? as f64 - place));
                    let (sum, n) = offsets.fold((0.0, 0.0), |(sum, n), offset| (sum + offset, n + 1.0));
                    let start = if n > 0.0 { sum / n } else { start };
                    let matched = match_at(group, start);
                    let gain = gain(&matched);
                    if gain > best.0 {
                        best = (gain, start, matched);
                    }
                }
            }
            (*zero, *spikes) = (best.1.round().max(0.0) as usize, best.2);
        }
    }
    (at, spikes)
}

/// Median over stretches around `at`.
fn median_at(uv: &[f64], at: &[usize], before: usize, after: usize) -> Vec<f64> {
    let mut column = Vec::with_capacity(at.len());
    (0..before + after)
        .map(|k| {
            column.clear();
            column.extend(at.iter().filter_map(|&zero| uv.get((zero + k).checked_sub(before)?)));
            robust::percentile_mut(&mut column, 50.0)
        })
        .collect()
}

/// Places at which spikes come back: maxima of their smoothed density.
fn places(groups: &[&[usize]], at: &[usize], fs_hz: f64) -> Vec<f64> {
    let offsets: Vec<f64> =
        groups.iter().zip(at).flat_map(|(group, &zero)| group.iter().map(move |&spike| (spike as f64 - zero as f64) / fs_hz)).collect();
    let step_s = SPREAD_S / 8.0;
    let (from_s, to_s) = (-MOVE_S - PAUSE_S, 2.0 * PAUSE_S + MOVE_S);
    let n = ((to_s - from_s) / step_s) as usize;
    let mut density = vec![0.0; n];
    let reach = 4.0 * SPREAD_S;
    for offset in offsets {
        let first = ((offset - reach - from_s) / step_s).ceil().max(0.0) as usize;
        let last = ((offset + reach - from_s) / step_s).floor().max(0.0) as usize;
        for (k, sum) in density.iter_mut().enumerate().take((last + 1).min(n)).skip(first) {
            let z = (from_s + k as f64 * step_s - offset) / SPREAD_S;
            *sum += (-0.5 * z * z).exp();
        }
    }
    // A potential with the jitter of a severe disorder is wider than the kernel; its top is lower.
    let wide = (2.0 * PI).sqrt() * SPREAD_S / ((2.0 * PI) * (SPREAD_S * SPREAD_S + 1e-8)).sqrt();
    let options = PeakOptions {
        height: Some(COMES_BACK * wide * groups.len() as f64),
        distance: Some((APART_S / step_s) as usize),
        prominence: None,
    };
    let mut peaks = find_peaks(&density, &options);
    peaks.sort_by(|a, b| b.height.total_cmp(&a.height));
    peaks.truncate(MOST_POTENTIALS);
    let mut out: Vec<f64> = peaks.into_iter().map(|peak| (from_s + peak.index as f64 * step_s) * fs_hz).collect();
    out.sort_by(f64::total_cmp);
    out
}
