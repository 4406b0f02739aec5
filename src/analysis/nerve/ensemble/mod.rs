//! The sweeps of one site behind their direct response, taken apart together.
//!
//! Behind the M wave every sweep of a site is the same tail of that wave, plus a background of its
//! own (level, drift, mains, the shock's discharge), plus what is looked for: late responses that
//! come and go. The three are separated in turns. The background is a robust regression of each
//! sweep (Tukey's biweight; Huber and Ronchetti, Robust Statistics, 2009), mains by its cost. The
//! tail is found by agreement: in windows of 3 ms the largest group of sweeps that equal each
//! other within noise gives it; where no group is large enough it is bridged by a sum of
//! exponentials (an amplifier's and an electrode's way back to zero) fitted to the rest. Late
//! responses are what then stands out of the noise.
//!
//! Contract: samples that are not finite count as the tail (they show nothing). Times are ms after
//! the stimulus. Cost: about 50 ms for 30 sweeps of 60 ms at 20 kHz.

mod flatten;
mod tail;

pub use flatten::flatten;

use super::train::Together;
use crate::analysis::linear::{Normal, dot};
use crate::dsp::robust::{self, SIGMA_PER_MAD, median, percentile};
use tail::{agree, bridged, exponentials, quick};

/// Width of the bins that everything slow is fitted in, ms.
const BIN_MS: f64 = 0.25;
/// Time constants: of the shock's discharge, and of the tail, ms.
const DISCHARGE_MS: [f64; 4] = [1.2, 2.0, 3.2, 5.2];
const HARMONICS: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
const FIXED: usize = 2 + DISCHARGE_MS.len();
const COLUMNS: usize = FIXED + 2 * HARMONICS.len();
const ROUNDS: usize = 6;
/// A late response begins where the smoothed sweep exceeds this many times its noise, and reaches
/// as far as it exceeds the smaller number.
const HOT: f64 = 4.5;
const WARM: f64 = 1.5;

/// Sweeps taken apart.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// Sweeps less background, uV: tail and late responses.
    pub flat_uv: Vec<Vec<f64>>,
    /// The common tail, uV.
    pub tail_uv: Vec<f64>,
    /// The tail as a sum of exponentials, uV: without waves that all sweeps share; zero before
    /// `smooth_ms`.
    pub bridge_uv: Vec<f64>,
    /// Sweeps less background and tail, uV: late responses and noise.
    pub late_uv: Vec<Vec<f64>>,
    /// Stretches of every sweep that stand out of the noise, as sample ranges.
    pub events: Vec<Vec<[usize; 2]>>,
    /// Share of sweeps that agree on the tail, by sample.
    pub agreement: Vec<f64>,
    /// Noise of a sample, uV rms.
    pub noise_uv: f64,
    /// Noise of an average over 0.25 ms, uV rms.
    pub bin_noise_uv: f64,
    /// Mains found, Hz.
    pub mains_hz: Option<f64>,
    /// Where the tail begins, and from where on it is smooth, ms.
    pub from_ms: f64,
    /// From here on the tail is bridged by exponentials where sweeps disagree, ms.
    pub smooth_ms: f64,
}

/// Averages of `per` samples from `offset` on.
fn binned(x: &[f64], per: usize, offset: usize) -> Vec<f64> {
    let mean = |c: &[f64]| {
        let (mut sum, mut n) = (0.0, 0.0);
        for v in c.iter().filter(|v| v.is_finite()) {
            sum += v;
            n += 1.0;
        }
        if n > 0.0 { sum / n } else { f64::NAN }
    };
    x.get(offset..).unwrap_or(&[]).chunks_exact(per).map(mean).collect()
}

/// Moving average over `width` samples; sums only what is finite.
pub fn smoothed(x: &[f64], width: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(x.len() + 1);
    let (mut sum, mut n) = (0.0, 0_u32);
    sums.push((0.0, 0));
    for v in x {
        if v.is_finite() {
            sum += v;
            n += 1;
        }
        sums.push((sum, n));
    }
    (0..x.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(width / 2), (i + width - width / 2).min(x.len()));
            let n = sums[b].1 - sums[a].1;
            if n > 0 { (sums[b].0 - sums[a].0) / f64::from(n) } else { f64::NAN }
        })
        .collect()
}

/// Values at `t` of the columns of a slow background: level, drift, one exponential each of
/// `decays_ms` in units of what is left of it at `from_ms`, sines and cosines of the mains.
fn background_row<const N: usize>(t: f64, mains_hz: Option<f64>, half: f64, decays_ms: &[f64], from_ms: f64) -> [f64; N] {
    let mut out = [0.0; N];
    let fixed = 2 + decays_ms.len();
    out[0] = 1.0;
    out[1] = t / half - 1.0;
    if t > 0.0 {
        for (column, tau) in out[2..].iter_mut().zip(decays_ms) {
            *column = (-(t - from_ms) / tau).exp();
        }
    }
    if let Some(hz) = mains_hz {
        for (pair, h) in out[fixed..].chunks_exact_mut(2).zip(HARMONICS) {
            let (s, c) = (t * 1e-3 * hz * h * std::f64::consts::TAU).sin_cos();
            pair.copy_from_slice(&[s, c]);
        }
    }
    out
}

fn row(t: f64, mains_hz: Option<f64>, half: f64) -> [f64; COLUMNS] {
    background_row(t, mains_hz, half, &DISCHARGE_MS, 8.0)
}

/// Precisions of the background's columns in units of the noise of a bin.
fn priors(mains: bool, sigma: f64) -> [f64; COLUMNS] {
    let weak = |sd: f64| (sigma / sd).powi(2);
    let mut out = [1.0; COLUMNS];
    out[0] = 1e-6;
    out[1] = weak(3.0);
    out[2..FIXED].fill(weak(60.0));
    if mains {
        for (pair, sd) in out[FIXED..].chunks_exact_mut(2).zip([30.0, 5.0, 10.0, 6.0]) {
            pair.fill(weak(sd));
        }
    }
    out
}

/// Robust regression of one sweep's bins; the coefficients and the robust cost.
fn background(rows: &[[f64; COLUMNS]], y: &[f64], usable: &[bool], prior: &[f64; COLUMNS], sigma: f64) -> Option<(Vec<f64>, f64)> {
    let mut weights: Vec<f64> = usable.iter().map(|u| f64::from(u8::from(*u))).collect();
    let mut found = None;
    for _ in 0..8 {
        let mut normal = Normal::new(COLUMNS);
        for ((row, &v), &w) in rows.iter().zip(y).zip(&weights) {
            if w > 0.0 {
                normal.add(row, v, w);
            }
        }
        let solution = normal.solve(prior)?;
        let errors: Vec<f64> = rows.iter().zip(y).map(|(row, v)| (v - dot(row, &solution.coefficients)).abs()).collect();
        let used: Vec<f64> = errors.iter().zip(usable).filter(|(_, u)| **u).map(|(e, _)| *e).collect();
        let scale = (SIGMA_PER_MAD * median(&used)).max(sigma);
        for ((w, e), u) in weights.iter_mut().zip(&errors).zip(usable) {
            let r = (e / (4.0 * scale)).min(1.0);
            *w = if *u && e.is_finite() { (1.0 - r * r).powi(2) } else { 0.0 };
        }
        let cost = used.iter().filter(|e| e.is_finite()).map(|e| (e / (2.0 * sigma)).powi(2).min(4.0)).sum();
        found = Some((solution.coefficients, cost));
    }
    found
}

/// Bins and what is fixed about them.
struct Bins {
    time: Vec<f64>,
    rows: [Vec<[f64; COLUMNS]>; 3],
    y: Vec<Vec<f64>>,
    per_ms: f64,
    per: usize,
    offset: usize,
    half: f64,
}

/// Waves that most sweeps share (A waves).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Common {
    /// Those that there are are left in the tail, to be found there.
    Kept,
    /// There are none.
    Absent,
    /// There is one between these times, ms, subtracted as well as it is known: what is left of it
    /// is the same in all sweeps, and goes with the tail.
    Between([f64; 2]),
}

impl Common {
    fn holds(self, t: f64) -> bool {
        matches!(self, Self::Between([from, to]) if t >= from && t < to)
    }
}

const MAINS_HZ: [Option<f64>; 3] = [None, Some(50.0), Some(60.0)];

impl Bins {
    fn count(&self, ms: f64) -> usize {
        ((ms * self.per_ms).round() as usize).max(1)
    }
}

/// Takes the sweeps apart behind `from_ms` (the direct response's positive peak or later);
/// from `smooth_ms` on what remains of it decays smoothly, but for `common` waves. `None` when less
/// than 8 ms remain or there is no noise to measure anything by.
pub fn separate(all: &Together, from_ms: f64, smooth_ms: f64, common: Common) -> Option<Ensemble> {
    let waves = common == Common::Kept;
    let (n, len) = (all.uv.len(), all.len());
    let last = all.time(len.checked_sub(1)?);
    if last < smooth_ms + 8.0 || n == 0 {
        return None;
    }
    let bins = Bins::new(all)?;
    let (per, offset, half) = (bins.per, bins.offset, bins.half);
    let m = bins.time.len();
    let behind: Vec<bool> = bins.time.iter().map(|t| *t >= from_ms).collect();
    let usable: Vec<bool> = bins.time.iter().map(|t| *t >= from_ms || *t < -0.15).collect();
    let smooth: Vec<bool> = bins.time.iter().map(|t| *t >= smooth_ms).collect();
    let shared: Vec<bool> = bins.time.iter().map(|t| common.holds(*t)).collect();
    let sigma = noise(&bins, smooth_ms)?;

    let mut flat: Vec<Vec<f64>> = bins.y.clone();
    for (f, y) in flat.iter_mut().zip(&bins.y) {
        let before: Vec<f64> = y.iter().zip(&bins.time).filter(|(_, t)| **t < -0.15).map(|(v, _)| *v).collect();
        let level = median(if before.is_empty() { y } else { &before });
        f.iter_mut().for_each(|v| *v -= level);
    }
    let mut tail = medians(&flat);
    let mut masked = vec![vec![false; m]; n];
    let (mut coefficients, mut mains) = (vec![vec![0.0; COLUMNS]; n], 0);
    let (mut spread, mut agreement) = (sigma, vec![0.0; m]);
    let mut hot_noise;
    let mut stiff_ms = last;
    let mut last_bridge = vec![0.0; m];
    for round in 0..ROUNDS {
        let rest: Vec<Vec<f64>> =
            bins.y.iter().map(|y| y.iter().zip(&tail).zip(&behind).map(|((v, t), b)| if *b { v - t } else { *v }).collect()).collect();
        let allowed: Vec<Vec<bool>> = masked.iter().map(|mask| usable.iter().zip(mask).map(|(u, m)| *u && !m).collect()).collect();
        if round < 3 {
            let cost = |kind: usize| -> f64 {
                let prior = priors(kind > 0, sigma);
                // A column costs what it would explain of noise alone.
                let price = if kind > 0 { 8.0 * n as f64 } else { 0.0 };
                price + (0..n).filter_map(|q| background(&bins.rows[kind], &rest[q], &allowed[q], &prior, sigma)).map(|f| f.1).sum::<f64>()
            };
            let costs = [0, 1, 2].map(cost);
            mains = (0..3).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0);
        }
        let prior = priors(mains > 0, sigma);
        for q in 0..n {
            if let Some((c, _)) = background(&bins.rows[mains], &rest[q], &allowed[q], &prior, sigma) {
                for ((f, y), row) in flat[q].iter_mut().zip(&bins.y[q]).zip(&bins.rows[mains]) {
                    *f = y - dot(row, &c);
                }
                coefficients[q] = c;
            }
        }
        let quick = quick(&bins, &flat, &smooth, &shared);
        let (agreed, weight) = agree(&bins, &flat, spread, &quick, &smooth, waves);
        let bridge = exponentials(&bins, &agreed, &weight, &smooth, smooth_ms, sigma, n);
        last_bridge.clone_from(&bridge);
        let calm = (0..m).find(|i| quick.iter().any(|quick| !quick[*i])).unwrap_or(m);
        let stiff: Vec<bool> = (0..m).map(|i| !waves && i >= calm && !shared[i]).collect();
        tail = bridged(&bins, &agreed, &weight, &bridge, &smooth, &medians(&flat), &stiff);
        stiff_ms = if waves { last } else { bins.time.get(calm).copied().unwrap_or(last) };
        agreement = weight.iter().map(|w| w / n as f64).collect();
        // Noise from what no late response covers.
        let quiet = |late: &dyn Fn(usize) -> Vec<f64>| {
            let mut values = Vec::new();
            for (q, mask) in masked.iter().enumerate() {
                let late = late(q);
                values.extend((0..m).filter(|&i| behind[i] && !mask[i] && late[i].is_finite()).map(|i| late[i].abs()));
            }
            SIGMA_PER_MAD * median(&values)
        };
        let late = |q: usize| -> Vec<f64> { flat[q].iter().zip(&tail).map(|(f, t)| f - t).collect() };
        let pair = bins.count(0.5);
        let raw = quiet(&late);
        let smooth_noise = quiet(&|q| smoothed(&late(q), pair));
        spread = if raw.is_finite() { raw.max(sigma / 1.5) } else { sigma };
        hot_noise = (if smooth_noise.is_finite() { smooth_noise } else { sigma }).max(sigma / (1.5 * (pair as f64).sqrt()));
        for (q, mask) in masked.iter_mut().enumerate() {
            *mask = standing_out(&smoothed(&late(q), pair), &behind, hot_noise, &bins);
        }
    }
    Some(finish(
        all,
        &bins,
        &Found {
            per,
            offset,
            half,
            mains,
            coefficients,
            tail,
            bridge: last_bridge,
            agreement,
            masked,
            spread,
            from_ms,
            smooth_ms,
            stiff_ms,
            common,
        },
    ))
}

/// Noise of a bin, from third differences where the sweeps are smooth.
fn noise(bins: &Bins, smooth_ms: f64) -> Option<f64> {
    let first = bins.time.iter().position(|t| *t >= smooth_ms)?;
    let mut all = Vec::new();
    for y in &bins.y {
        all.extend(y[first..].windows(4).map(|w| (w[3] - 3.0 * w[2] + 3.0 * w[1] - w[0]).abs() / 20.0_f64.sqrt()));
    }
    let sigma = 1.5 * SIGMA_PER_MAD * median(&all);
    (sigma.is_finite() && sigma > 0.0).then_some(sigma)
}

fn medians(flat: &[Vec<f64>]) -> Vec<f64> {
    robust::medians(flat).into_iter().map(|value| if value.is_finite() { value } else { 0.0 }).collect()
}

/// Which bins belong to something that stands out.
fn standing_out(late: &[f64], behind: &[bool], noise: f64, bins: &Bins) -> Vec<bool> {
    let m = late.len();
    let mut mask = vec![false; m];
    let warm = |i: usize| behind[i] && late[i].abs() > WARM * noise;
    let (before, after) = (bins.count(1.0), bins.count(2.0));
    let mut i = 0;
    while i < m {
        if !(behind[i] && late[i].abs() > HOT * noise) || mask[i] {
            i += 1;
            continue;
        }
        let (mut a, mut gap) = (i, 0);
        while a > 0 && gap < before {
            a -= 1;
            gap = if warm(a) { 0 } else { gap + 1 };
        }
        let (mut b, mut gap) = (i, 0);
        while b + 1 < m && gap < after {
            b += 1;
            gap = if warm(b) { 0 } else { gap + 1 };
        }
        mask[a..=b].fill(true);
        i = b + 1;
    }
    mask
}

struct Found {
    per: usize,
    offset: usize,
    half: f64,
    mains: usize,
    coefficients: Vec<Vec<f64>>,
    tail: Vec<f64>,
    bridge: Vec<f64>,
    agreement: Vec<f64>,
    masked: Vec<Vec<bool>>,
    spread: f64,
    from_ms: f64,
    smooth_ms: f64,
    stiff_ms: f64,
    common: Common,
}

/// From bins back to samples.
fn finish(all: &Together, bins: &Bins, found: &Found) -> Ensemble {
    let (n, len) = (all.uv.len(), all.len());
    let m = bins.time.len();
    let bin = |i: usize| (i.saturating_sub(found.offset) / found.per).min(m - 1);
    let rows: Vec<[f64; COLUMNS]> = (0..len).map(|i| row(all.time(i), MAINS_HZ[found.mains], found.half)).collect();
    let flat: Vec<Vec<f64>> =
        all.uv.iter().zip(&found.coefficients).map(|(uv, c)| uv.iter().zip(&rows).map(|(v, row)| v - dot(row, c)).collect()).collect();
    // Between the middles of the bins.
    let between = |values: &[f64], i: usize| {
        let at = (i as f64 - found.offset as f64 - 0.5 * (found.per - 1) as f64) / found.per as f64;
        let at = at.clamp(0.0, (m - 1) as f64);
        let low = (at as usize).min(m.saturating_sub(2));
        values[low] + (at - low as f64) * (values[(low + 1).min(m - 1)] - values[low])
    };
    let mut column = Vec::with_capacity(n);
    let tail: Vec<f64> = (0..len)
        .map(|i| {
            let b = bin(i);
            column.clear();
            column.extend((0..n).filter(|q| !found.masked[*q][b] && flat[*q][i].is_finite()).map(|q| flat[q][i]));
            if column.len() >= 3 && (all.time(i) < found.stiff_ms || found.common.holds(all.time(i))) {
                return column.iter().sum::<f64>() / column.len() as f64;
            }
            if all.time(i) < found.smooth_ms {
                column.clear();
                column.extend(flat.iter().map(|f| f[i]));
                let value = median(&column);
                return if value.is_finite() { value } else { 0.0 };
            }
            between(&found.tail, i)
        })
        .collect();
    let late: Vec<Vec<f64>> =
        flat.iter().map(|f| f.iter().zip(&tail).map(|(f, t)| if f.is_finite() { f - t } else { 0.0 }).collect()).collect();
    let events = found
        .masked
        .iter()
        .map(|mask| {
            let mut out: Vec<[usize; 2]> = Vec::new();
            for i in (0..m).filter(|i| mask[*i]) {
                let (a, b) = (found.offset + i * found.per, (found.offset + (i + 1) * found.per).min(len));
                match out.last_mut() {
                    Some(last) if last[1] >= a => last[1] = b,
                    _ => out.push([a, b]),
                }
            }
            out
        })
        .collect();
    let mut quiet = Vec::new();
    for (late, mask) in late.iter().zip(&found.masked) {
        quiet.extend((all.index(found.smooth_ms)..len).filter(|i| !mask[bin(*i)]).map(|i| late[i].abs()));
    }
    let noise = SIGMA_PER_MAD * percentile(&quiet, 50.0);
    Ensemble {
        flat_uv: flat,
        tail_uv: tail,
        bridge_uv: (0..len).map(|i| between(&found.bridge, i)).collect(),
        late_uv: late,
        events,
        agreement: (0..len).map(|i| found.agreement[bin(i)]).collect(),
        noise_uv: if noise.is_finite() { noise.max(found.spread) } else { found.spread },
        bin_noise_uv: found.spread,
        mains_hz: MAINS_HZ[found.mains],
        from_ms: found.from_ms,
        smooth_ms: found.smooth_ms,
    }
}
