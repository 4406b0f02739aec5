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
/// Energy of the difference of two discharges of one unit, at most, as part of their own, and the same
/// for a discharge and the average: usually, and strictly.
const LIMITS: [[f64; 2]; 2] = [[0.16, 0.12], [0.08, 0.06]];
/// Rows of comparisons in one go.
const ROWS: usize = 120;

struct Peak {
    at: usize,
    wave: Vec<f64>,
    energy: f64,
}

/// Largest of the products of two waves over lags of a few samples, refined by a parabola, and its lag.
fn best_lag(a: &[f64], b: &[f64], reach: i64) -> (f64, f64) {
    let product = |lag: i64| super::template::overlap(a, b, lag);
    let (c, lag) = super::template::best_overlap(a, b, reach);
    let at = lag as f64;
    if lag <= -reach || lag >= reach {
        return (c, at);
    }
    let (l, r) = (product(lag - 1), product(lag + 1));
    let bend = l - 2.0 * c + r;
    if bend >= 0.0 {
        return (c, at);
    }
    let shift = (0.5 * (l - r) / bend).clamp(-0.5, 0.5);
    (c - 0.25 * (l - r) * shift, at + shift)
}

fn peaks(x: &[f64], fs_hz: f64, sigma: f64) -> Vec<Peak> {
    let half = (0.0012 * fs_hz).round().max(3.0) as usize;
    let mut found = super::signal::peaks(x, PEAK_SIGMAS * sigma, fs_hz);
    found.retain(|at| *at >= half && at + half < x.len());
    found.sort_by(|a, b| x[*b].abs().total_cmp(&x[*a].abs()).then(a.cmp(b)));
    found.truncate(MOST);
    found.sort_unstable();
    found
        .into_iter()
        .map(|at| {
            let wave = x[at - half..=at + half].to_vec();
            let energy = wave.iter().map(|v| v * v).sum();
            Peak { at, wave, energy }
        })
        .collect()
}

/// Average of the signal around positions (in samples) with the extent of templates; the median of
/// each sample, which a few overlaps do not move.
pub(super) fn average(x: &[f64], positions: &[f64], layout: Layout) -> Vec<f64> {
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

/// Two potentials that one unit may have made.
fn alike(a: &Peak, b: &Peak, noise: f64, reach: i64, limit: f64) -> bool {
    let mean = 0.5 * (a.energy + b.energy);
    // What can no longer be alike at any lag.
    if (a.energy.sqrt() - b.energy.sqrt()).powi(2) - 2.0 * noise > limit * mean {
        return false;
    }
    let (product, _) = best_lag(&a.wave, &b.wave, reach);
    2.0 * mean - 2.0 * product - 2.0 * noise < limit * mean
}

/// The search in one signal, in pieces.
pub struct Discovery {
    peaks: Vec<Peak>,
    near: Vec<Vec<usize>>,
    noise: f64,
    reach: i64,
    limits: [f64; 2],
    done: usize,
}

impl Discovery {
    /// Peaks of `x`, whose noise has this standard deviation.
    pub fn new(x: &[f64], fs_hz: f64, sigma: f64, strict: bool) -> Self {
        let peaks = peaks(x, fs_hz, sigma);
        let width = peaks.first().map_or(0, |p| p.wave.len()) as f64;
        let reach = (0.0003 * fs_hz).round().max(2.0) as i64;
        Self {
            near: vec![Vec::new(); peaks.len()],
            peaks,
            noise: sigma * sigma * width,
            reach,
            limits: LIMITS[usize::from(strict)],
            done: 0,
        }
    }

    /// Compares some peaks with all later ones. False when all are compared.
    pub fn compare(&mut self) -> bool {
        let n = self.peaks.len();
        for i in self.done..(self.done + ROWS).min(n) {
            for j in i + 1..n {
                if alike(&self.peaks[i], &self.peaks[j], self.noise, self.reach, self.limits[0]) {
                    self.near[i].push(j);
                    self.near[j].push(i);
                }
            }
        }
        self.done += ROWS;
        self.done < n
    }

    /// Templates of potentials that occur at least `least` times in `x`, at most `most` of them.
    pub fn seeds(&self, x: &[f64], layout: Layout, least: usize, most: usize) -> Vec<Vec<f64>> {
        let (peaks, noise, reach) = (&self.peaks, self.noise, self.reach);
        let n = peaks.len();
        let width = peaks.first().map_or(1, |p| p.wave.len()) as f64;
        let mut free = vec![true; n];
        let mut seeds = Vec::new();
        while seeds.len() < most {
            let count = |i: usize| self.near[i].iter().filter(|&&j| free[j]).count();
            let densest = (0..n).filter(|&i| free[i]).map(|i| (i, count(i))).max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
            let Some((seed, _)) = densest.filter(|d| d.1 + 1 >= least) else { break };
            let mut reference = peaks[seed].wave.clone();
            let mut positions = Vec::new();
            for pass in 0..2 {
                let energy: f64 = reference.iter().map(|v| v * v).sum();
                positions.clear();
                let mut taken = Vec::new();
                for (i, p) in peaks.iter().enumerate().filter(|(i, _)| free[*i]) {
                    let (product, lag) = best_lag(&reference, &p.wave, reach);
                    let slack = if pass == 0 { 2.0 * noise } else { noise * (1.0 + 2.0 * (2.0 / width).sqrt()) };
                    let limit = self.limits[pass];
                    if energy + p.energy - 2.0 * product - slack < limit * energy {
                        positions.push(p.at as f64 + lag);
                        taken.push(i);
                    }
                }
                if pass == 0 {
                    let narrow = Layout { pre: reference.len() / 2, len: reference.len() };
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
}
