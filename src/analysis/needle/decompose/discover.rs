//! Potentials that recur in a signal: the seeds of templates.
//!
//! Peaks above the noise are cut out and compared with one another at their best lag, to a
//! fraction of a sample. The potential with the most others alike is the seed of a template, the
//! average of what resembles it; its members go, and the next densest follows. Two potentials are
//! alike when the energy of their difference, less what noise brings, is a small part of their
//! own. **Cost**: `MOST^2 / 2` comparisons of 2.4 ms at nine lags.

use crate::dsp::resample::cubic_at;

use super::template::Layout;

/// Most peaks compared at once: the largest.
const MOST: usize = 700;
/// A peak stands out by so many standard deviations of the noise.
const PEAK_SIGMAS: f64 = 4.5;
/// Energy of the difference of two discharges of one unit, at most, as part of their own.
const ALIKE: f64 = 0.16;
/// The same for a discharge and the average.
const BELONGS: f64 = 0.12;

struct Peak {
    at: usize,
    wave: Vec<f64>,
    energy: f64,
}

/// Largest of the products of two waves over lags of a few samples, refined by a parabola, and its lag.
fn best_lag(a: &[f64], b: &[f64], reach: i64) -> (f64, f64) {
    let products: Vec<f64> = (-reach..=reach).map(|lag| super::template::overlap(a, b, lag)).collect();
    let (best, _) = products.iter().enumerate().fold((0, f64::NEG_INFINITY), |m, (i, &v)| if v > m.1 { (i, v) } else { m });
    let at = best as f64 - reach as f64;
    if best == 0 || best + 1 == products.len() {
        return (products[best], at);
    }
    let (l, c, r) = (products[best - 1], products[best], products[best + 1]);
    let bend = l - 2.0 * c + r;
    if bend >= 0.0 {
        return (c, at);
    }
    let shift = (0.5 * (l - r) / bend).clamp(-0.5, 0.5);
    (c - 0.25 * (l - r) * shift, at + shift)
}

fn peaks(x: &[f64], fs_hz: f64, sigma: f64) -> Vec<Peak> {
    let apart = (0.001 * fs_hz).round().max(2.0) as usize;
    let half = (0.0012 * fs_hz).round().max(3.0) as usize;
    let limit = PEAK_SIGMAS * sigma;
    let mut found = Vec::new();
    let mut at = half;
    while at + half < x.len() {
        let v = x[at].abs();
        if v > limit && x[at - apart.min(at)..at].iter().all(|w| w.abs() < v) && x[at + 1..=(at + apart).min(x.len() - 1)].iter().all(|w| w.abs() <= v) {
            found.push((v, at));
            at += apart;
        }
        at += 1;
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(MOST);
    found.sort_by_key(|p| p.1);
    found
        .into_iter()
        .map(|(_, at)| {
            let wave = x[at - half..=at + half].to_vec();
            let energy = wave.iter().map(|v| v * v).sum();
            Peak { at, wave, energy }
        })
        .collect()
}

/// Average of the signal around positions (in samples) with the extent of templates; the median of
/// each sample, which a few overlaps do not move.
fn average(x: &[f64], positions: &[f64], layout: Layout) -> Vec<f64> {
    let mut column = Vec::with_capacity(positions.len());
    (0..layout.len)
        .map(|i| {
            column.clear();
            column.extend(positions.iter().map(|p| cubic_at(x, p + i as f64 - layout.pre as f64)).filter(|v| v.is_finite()));
            let m = crate::dsp::robust::percentile_mut(&mut column, 50.0);
            if m.is_finite() { m } else { 0.0 }
        })
        .collect()
}

/// Templates of potentials that occur at least `least` times in `x`, at most `most` of them.
pub fn discover(x: &[f64], fs_hz: f64, sigma: f64, layout: Layout, least: usize, most: usize) -> Vec<Vec<f64>> {
    let peaks = peaks(x, fs_hz, sigma);
    let n = peaks.len();
    let width = peaks.first().map_or(0, |p| p.wave.len()) as f64;
    let noise = sigma * sigma * width;
    let reach = (0.0003 * fs_hz).round().max(2.0) as i64;
    let alike = |a: &Peak, b: &Peak| {
        let mean = 0.5 * (a.energy + b.energy);
        // What can no longer be alike at any lag.
        if (a.energy.sqrt() - b.energy.sqrt()).powi(2) - 2.0 * noise > ALIKE * mean {
            return false;
        }
        let (product, _) = best_lag(&a.wave, &b.wave, reach);
        2.0 * mean - 2.0 * product - 2.0 * noise < ALIKE * mean
    };
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); n];
    for i in 0..n {
        for j in i + 1..n {
            if alike(&peaks[i], &peaks[j]) {
                near[i].push(j);
                near[j].push(i);
            }
        }
    }
    let mut free = vec![true; n];
    let mut seeds = Vec::new();
    while seeds.len() < most {
        let count = |i: usize| near[i].iter().filter(|&&j| free[j]).count();
        let Some((seed, members)) =
            (0..n).filter(|&i| free[i]).map(|i| (i, count(i))).max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
        else {
            break;
        };
        if members + 1 < least {
            break;
        }
        let mut reference = peaks[seed].wave.clone();
        let mut positions = Vec::new();
        for pass in 0..2 {
            let energy: f64 = reference.iter().map(|v| v * v).sum();
            positions.clear();
            let mut taken = Vec::new();
            for (i, p) in peaks.iter().enumerate().filter(|(i, _)| free[*i]) {
                let (product, lag) = best_lag(&reference, &p.wave, reach);
                let slack = if pass == 0 { 2.0 * noise } else { noise * (1.0 + 2.0 * (2.0 / width).sqrt()) };
                let limit = if pass == 0 { ALIKE } else { BELONGS };
                if energy + p.energy - 2.0 * product - slack < limit * energy {
                    positions.push(p.at as f64 + lag);
                    taken.push(i);
                }
            }
            if pass == 0 {
                let half = reference.len() / 2;
                let narrow = Layout { pre: half, len: reference.len() };
                reference = average(x, &positions, narrow);
            } else {
                for i in taken {
                    free[i] = false;
                }
            }
        }
        free[seed] = false;
        if positions.len() >= least {
            seeds.push(average(x, &positions, layout));
        }
    }
    seeds
}
