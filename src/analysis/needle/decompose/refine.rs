//! Templates from the discharges placed: what is left at each plus its own potential, aligned to a
//! fraction of a sample, averaged without the extremes that overlaps leave.
//!
//! With the others subtracted this is a step of the joint least-squares solution for all templates.
//! **Cost**: two selections among `discharges * len` values.

use std::collections::BTreeMap;

use crate::dsp::robust::{percentile_mut, trimmed_mean_mut};

use super::template::{Layout, PHASES, Template, split};

/// Part of the values left out at each end of the average.
const TRIM: f64 = 0.2;
/// Discharges on each side that a size is smoothed over.
const SMOOTH: usize = 5;
/// Bounds of sizes.
const SIZES: (f64, f64) = (0.7, 1.4);

/// The signal at one discharge without the others, on the template's samples.
fn own(residual: &[f64], template: &Template, tick: i64, gain: f64, layout: Layout, out: &mut Vec<f64>) {
    let (at, phase) = split(tick);
    let t = phase as f64 / PHASES as f64;
    // Four-point Lagrange weights for the fraction, once a discharge.
    let w = [
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    ];
    let first = at - layout.pre as i64;
    let get = |i: i64| usize::try_from(i).ok().and_then(|i| residual.get(i)).copied().unwrap_or(0.0);
    out.clear();
    out.extend(template.wave.iter().enumerate().map(|(i, h)| {
        let s = first + i as i64;
        gain * h + w[0] * get(s - 1) + w[1] * get(s) + w[2] * get(s + 1) + w[3] * get(s + 2)
    }));
}

/// Aligned potentials of all discharges of a unit, the others taken away.
pub fn aligned(residual: &[f64], template: &Template, train: &BTreeMap<i64, f64>, layout: Layout) -> Vec<Vec<f64>> {
    train
        .iter()
        .map(|(&tick, &gain)| {
            let mut wave = Vec::new();
            own(residual, template, tick, gain, layout, &mut wave);
            wave
        })
        .collect()
}

/// The template of these discharges with its spread and sizes. The extremum is moved back to its
/// place; the shift in ticks is returned with it.
pub fn refined(residual: &[f64], template: &Template, train: &BTreeMap<i64, f64>, layout: Layout, noise: f64) -> (Template, i64) {
    let waves = aligned(residual, template, train, layout);
    let mut column = Vec::with_capacity(waves.len());
    let mut wave: Vec<f64> = (0..layout.len)
        .map(|i| {
            column.clear();
            column.extend(waves.iter().zip(train.values()).map(|(w, g)| w[i] / g));
            let mean = trimmed_mean_mut(&mut column, TRIM);
            if mean.is_finite() { mean } else { 0.0 }
        })
        .collect();
    // Beyond its support a template holds noise only, which would cost every discharge.
    let error = (noise / waves.len().max(1) as f64).sqrt();
    let keep = support(&wave, 3.0 * error, layout.pre);
    for (i, v) in wave.iter_mut().enumerate() {
        if i < keep.0 || i > keep.1 {
            *v = 0.0;
        }
    }
    let peak = wave.iter().enumerate().fold((layout.pre, 0.0_f64), |m, (i, v)| if v.abs() > m.1 { (i, v.abs()) } else { m }).0;
    let shift = if peak.abs_diff(layout.pre) > 1 { peak as i64 - layout.pre as i64 } else { 0 };
    if shift != 0 {
        let old = wave.clone();
        for (i, v) in wave.iter_mut().enumerate() {
            *v = usize::try_from(i as i64 + shift).ok().and_then(|s| old.get(s)).copied().unwrap_or(0.0);
        }
    }
    let mut new = Template::new(wave);
    let mut spread = vec![0.0; layout.len];
    for (i, s) in spread.iter_mut().enumerate() {
        let Some(from) = usize::try_from(i as i64 + shift).ok().filter(|f| *f < layout.len) else { continue };
        column.clear();
        column.extend(waves.iter().zip(train.values()).map(|(w, g)| (w[from] / g - new.wave[i]).abs()));
        let sd = crate::dsp::robust::SIGMA_PER_MAD * percentile_mut(&mut column, 50.0);
        *s = (sd * sd - noise).max(0.0);
    }
    if waves.len() >= 8 {
        new.set_spread(spread);
    }
    new.gains = gains(&waves, train, &new, shift);
    (new, shift * PHASES)
}

/// First and last sample that stand out, starting from the extremum and allowing quiet stretches
/// of a fifth of the template.
fn support(wave: &[f64], limit: f64, pre: usize) -> (usize, usize) {
    let gap = wave.len() / 5;
    let (mut from, mut to) = (pre.min(wave.len().saturating_sub(1)), pre.min(wave.len().saturating_sub(1)));
    for i in (0..from).rev() {
        if wave[i].abs() > limit {
            from = i;
        } else if from - i > gap {
            break;
        }
    }
    for (i, v) in wave.iter().enumerate().skip(to + 1) {
        if v.abs() > limit {
            to = i;
        } else if i - to > gap {
            break;
        }
    }
    (from.saturating_sub(2), (to + 2).min(wave.len().saturating_sub(1)))
}

/// Sizes of the discharges against the template: running medians.
fn gains(waves: &[Vec<f64>], train: &BTreeMap<i64, f64>, template: &Template, shift: i64) -> Vec<(i64, f64)> {
    let sizes: Vec<f64> = waves.iter().map(|w| super::template::overlap(&template.wave, w, shift) / template.energy.max(1e-12)).collect();
    if sizes.len() < 2 * SMOOTH {
        return Vec::new();
    }
    let mut near = Vec::new();
    train
        .keys()
        .enumerate()
        .map(|(i, tick)| {
            near.clear();
            near.extend_from_slice(&sizes[i.saturating_sub(SMOOTH)..(i + SMOOTH + 1).min(sizes.len())]);
            // Twice the mean of the middle half: less noisy than the median, as deaf to overlaps.
            near.sort_unstable_by(f64::total_cmp);
            let cut = near.len() / 4;
            let kept = &near[cut..near.len() - cut];
            let mean = kept.iter().sum::<f64>() / kept.len().max(1) as f64;
            (tick + shift * PHASES, mean.clamp(SIZES.0, SIZES.1))
        })
        .collect()
}
