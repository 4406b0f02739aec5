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

use super::train::Together;
use crate::analysis::linear::{Banded, Normal, dot};
use crate::dsp::robust::{SIGMA_PER_MAD, median, percentile};

/// Width of the bins that everything slow is fitted in, ms.
const BIN_MS: f64 = 0.25;
/// Time constants: of the shock's discharge, and of the tail, ms.
const DISCHARGE_MS: [f64; 4] = [1.2, 2.0, 3.2, 5.2];
const TAIL_MS: [f64; 4] = [3.0, 7.0, 14.0, 28.0];
const HARMONICS: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
const FIXED: usize = 2 + DISCHARGE_MS.len();
const COLUMNS: usize = FIXED + 2 * HARMONICS.len();
const ROUNDS: usize = 6;
/// Windows of agreement: width and step, ms; the share of sweeps that settles the tail.
const WINDOW_MS: f64 = 3.0;
const HOP_MS: f64 = 1.0;
const AGREED: f64 = 0.45;
/// Something quick is a second difference of averages over half a millisecond, 1.5 ms apart, of this
/// many times its noise; it is followed by its slow end.
const QUICK: f64 = 3.3;
const QUICK_BEFORE_MS: f64 = 3.0;
const QUICK_AFTER_MS: f64 = 12.0;
/// Where waves are looked for the tail follows nothing quicker than this, Hz, for one calm sweep.
const STIFF_HZ: f64 = 90.0;
/// How far values of the bridge reach to either side, ms.
const BRIDGE_MS: f64 = 3.0;
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

fn row(t: f64, mains_hz: Option<f64>, half: f64) -> [f64; COLUMNS] {
    let mut out = [0.0; COLUMNS];
    out[0] = 1.0;
    out[1] = t / half - 1.0;
    if t > 0.0 {
        for (column, tau) in out[2..].iter_mut().zip(DISCHARGE_MS) {
            // In units of what is left of it at 8 ms.
            *column = (-(t - 8.0) / tau).exp();
        }
    }
    if let Some(hz) = mains_hz {
        for (pair, h) in out[FIXED..].chunks_exact_mut(2).zip(HARMONICS) {
            let (s, c) = (t * 1e-3 * hz * h * std::f64::consts::TAU).sin_cos();
            pair.copy_from_slice(&[s, c]);
        }
    }
    out
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
}

const MAINS_HZ: [Option<f64>; 3] = [None, Some(50.0), Some(60.0)];

impl Bins {
    fn count(&self, ms: f64) -> usize {
        ((ms * self.per_ms).round() as usize).max(1)
    }
}

/// Takes the sweeps apart behind `from_ms` (the direct response's positive peak or later);
/// from `smooth_ms` on what remains of it decays smoothly. `waves`: waves that most sweeps share
/// (A waves) are left in the tail, to be found there. `None` when less than 8 ms remain or
/// there is no noise to measure anything by.
pub fn separate(all: &Together, from_ms: f64, smooth_ms: f64, waves: bool) -> Option<Ensemble> {
    let (n, len) = (all.uv.len(), all.len());
    let last = all.time(len.checked_sub(1)?);
    if last < smooth_ms + 8.0 || n == 0 {
        return None;
    }
    let per = ((BIN_MS * all.per_ms).round() as usize).max(1);
    let offset = ((-all.first_ms * all.per_ms).round() as usize) % per;
    let time: Vec<f64> = (0..(len - offset) / per).map(|i| all.time(offset + i * per) + 0.5 * (per - 1) as f64 / all.per_ms).collect();
    let half = 0.5 * last.max(1.0);
    let rows = MAINS_HZ.map(|hz| time.iter().map(|t| row(*t, hz, half)).collect::<Vec<_>>());
    let bins = Bins { rows, y: all.uv.iter().map(|uv| binned(uv, per, offset)).collect(), per_ms: all.per_ms / per as f64, time };
    let m = bins.time.len();
    let behind: Vec<bool> = bins.time.iter().map(|t| *t >= from_ms).collect();
    let usable: Vec<bool> = bins.time.iter().map(|t| *t >= from_ms || *t < -0.15).collect();
    let smooth: Vec<bool> = bins.time.iter().map(|t| *t >= smooth_ms).collect();
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
    let mut hot_noise = sigma;
    let mut stiff_ms = last;
    let mut dbg_bridge = vec![0.0; m];
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
        let quick = quick(&bins, &flat, &smooth);
        let (agreed, weight) = agree(&bins, &flat, spread, &quick, &smooth, waves);
        let bridge = exponentials(&bins, &agreed, &weight, &smooth, smooth_ms, sigma, n);
        dbg_bridge = bridge.clone();
        let calm = (0..m).find(|i| quick.iter().any(|quick| !quick[*i])).unwrap_or(m);
        tail = bridged(&bins, &agreed, &weight, &bridge, &smooth, &medians(&flat), if waves { m } else { calm });
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
    if let Ok(path) = std::env::var("DUMP") {
        let mut text = String::new();
        for i in 0..m {
            text += &format!("{} {} {} {}", bins.time[i], tail[i], dbg_bridge[i], agreement[i]);
            for q in 0..n {
                text += &format!(" {}", flat[q][i]);
            }
            text += "\n";
        }
        let _ = std::fs::write(path, text);
    }
    Some(finish(
        all,
        &bins,
        &Found { per, offset, half, mains, coefficients, tail, agreement, masked, spread, from_ms, smooth_ms, stiff_ms },
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
    let m = flat.first().map_or(0, Vec::len);
    let mut column = Vec::with_capacity(flat.len());
    (0..m)
        .map(|i| {
            column.clear();
            column.extend(flat.iter().map(|f| f[i]));
            let value = median(&column);
            if value.is_finite() { value } else { 0.0 }
        })
        .collect()
}

/// Where something quick happens, by sweep and bin: waves of motor units do, the tail does not.
/// Before the tail is smooth everything counts as quick.
fn quick(bins: &Bins, flat: &[Vec<f64>], smooth: &[bool]) -> Vec<Vec<bool>> {
    let (width, apart) = (bins.count(0.5), bins.count(1.5));
    let m = smooth.len();
    let bends: Vec<Vec<f64>> = flat
        .iter()
        .map(|f| {
            let s = smoothed(f, width);
            let bend = |i: usize| (s[i] - 0.5 * (s[i - apart] + s[i + apart])).abs();
            (0..m).map(|i| if i < apart || i + apart >= m { 0.0 } else { bend(i) }).collect()
        })
        .collect();
    let all: Vec<f64> = bends.iter().flat_map(|b| (0..m).filter(|i| smooth[*i]).map(|i| b[i])).collect();
    let limit = QUICK * percentile(&all, 15.0) / 0.189;
    let (before, after) = (bins.count(QUICK_BEFORE_MS), bins.count(QUICK_AFTER_MS));
    // The end of the direct response is quick in every sweep.
    let share = |i: usize| bends.iter().filter(|b| b[i] > limit).count() as f64 / bends.len() as f64;
    let calm = (0..m).find(|i| smooth[*i] && share(*i) < 0.3).unwrap_or(m);
    bends
        .iter()
        .map(|bend| {
            let mut out: Vec<bool> = (0..m).map(|i| i < calm).collect();
            for i in (calm..m).filter(|i| bend[*i] > limit) {
                out[i.saturating_sub(before).max(calm)..(i + after).min(m)].fill(true);
            }
            out
        })
        .collect()
}

/// The tail where sweeps agree, and how many do, by bin.
fn agree(bins: &Bins, flat: &[Vec<f64>], spread: f64, quick: &[Vec<bool>], smooth: &[bool], waves: bool) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = (flat.len(), bins.time.len());
    let (win, hop) = (bins.count(WINDOW_MS).max(3), bins.count(HOP_MS));
    let limit2 = 2.0 * (1.5 * spread).powi(2);
    let (mut sum, mut norm, mut weight) = (vec![0.0; m], vec![0.0; m], vec![0.0_f64; m]);
    let mut a = 0;
    while a + win <= m {
        let distance = |p: usize, q: usize| (a..a + win).map(|i| (flat[p][i] - flat[q][i]).powi(2)).sum::<f64>() / win as f64;
        let near: Vec<Vec<bool>> = (0..n).map(|p| (0..n).map(|q| p == q || distance(p, q) < limit2).collect()).collect();
        // Behind the direct response only sweeps count in which nothing quick happens here or just
        // before; unless common waves are wanted, then a large group counts by itself.
        let calm: Vec<bool> = quick.iter().map(|quick| !quick[a..a + win].contains(&true)).collect();
        let count = |p: usize, among: &[bool]| near[p].iter().zip(among).filter(|(x, c)| **x && **c).count();
        let everyone = vec![true; n];
        let direct = quick.iter().all(|quick| quick[a]);
        let among = if waves || !smooth[a] || direct { &everyone } else { &calm };
        let Some(of) = (0..n).filter(|p| among[*p]).max_by_key(|p| (count(*p, among), n - p)) else {
            a += hop;
            continue;
        };
        let mut members: Vec<bool> = near[of].iter().zip(among).map(|(x, c)| *x && *c).collect();
        let mut settled = !waves && smooth[a] && !direct || count(of, among) as f64 >= AGREED * n as f64;
        if !settled {
            members = calm;
            settled = members.contains(&true);
        }
        if settled {
            let together = members.iter().filter(|m| **m).count() as f64;
            for k in 0..win {
                let value = flat.iter().zip(&members).filter(|(_, m)| **m).map(|(f, _)| f[a + k]).sum::<f64>() / together;
                let bell = (std::f64::consts::PI * (k as f64 + 1.0) / (win as f64 + 1.0)).sin().powi(2) * together;
                if value.is_finite() {
                    sum[a + k] += bell * value;
                    norm[a + k] += bell;
                    weight[a + k] = weight[a + k].max(together);
                }
            }
        }
        a += hop;
    }
    for (s, w) in sum.iter_mut().zip(&norm) {
        *s = if *w > 0.0 { *s / w } else { 0.0 };
    }
    (sum, weight)
}

/// A sum of exponentials through the agreed tail, robust against waves that every sweep has.
fn exponentials(bins: &Bins, agreed: &[f64], weight: &[f64], smooth: &[bool], from_ms: f64, sigma: f64, n: usize) -> Vec<f64> {
    let row = |t: f64| TAIL_MS.map(|tau| (-(t - from_ms) / tau).exp());
    let prior = [(sigma / 80.0).powi(2); TAIL_MS.len()];
    let mut w: Vec<f64> = weight.iter().zip(smooth).map(|(w, s)| if *s { *w } else { 0.0 }).collect();
    let mut coefficients = vec![0.0; TAIL_MS.len()];
    for _ in 0..8 {
        let mut normal = Normal::new(TAIL_MS.len());
        for ((t, y), w) in bins.time.iter().zip(agreed).zip(&w) {
            if *w > 0.0 {
                normal.add(&row(*t), *y, *w);
            }
        }
        let Some(solution) = normal.solve(&prior) else { break };
        coefficients = solution.coefficients;
        let error = |i: usize| (agreed[i] - dot(&row(bins.time[i]), &coefficients)).abs();
        let used: Vec<f64> = (0..w.len()).filter(|&i| smooth[i] && weight[i] > 1.0).map(error).collect();
        let scale = SIGMA_PER_MAD * median(&used);
        let scale = if scale.is_finite() { scale } else { 0.0 }.max(sigma / (n as f64).sqrt());
        for (i, w) in w.iter_mut().enumerate() {
            let r = (error(i) / (5.0 * scale)).min(1.0);
            *w = if smooth[i] { weight[i] * (1.0 - r * r).powi(2) } else { 0.0 };
        }
    }
    bins.time.iter().zip(smooth).map(|(t, s)| if *s { dot(&row(*t), &coefficients) } else { 0.0 }).collect()
}

/// The agreed tail, and between its pieces the exponentials with a smooth transition. `stiff`: from
/// this bin on the tail is so smooth that it cannot follow a wave.
fn bridged(bins: &Bins, agreed: &[f64], weight: &[f64], bridge: &[f64], smooth: &[bool], median: &[f64], stiff: usize) -> Vec<f64> {
    let m = bridge.len();
    let coupling = 0.5;
    let level = coupling / (BRIDGE_MS * bins.per_ms).powi(2);
    let bend = (2.0 * std::f64::consts::PI * STIFF_HZ * 1e-3 / bins.per_ms).powi(-4);
    let mut matrix = Banded::new(m, 2);
    let mut rhs = vec![0.0; m];
    for i in 0..m {
        let (w, target) = match (smooth[i], weight[i] > 0.0) {
            (_, true) => (weight[i], agreed[i]),
            (true, false) => (0.0, bridge[i]),
            (false, false) => (1.0, median[i]),
        };
        matrix.add(i, i, w + if smooth[i] { level } else { 0.0 });
        rhs[i] = w * (target - bridge[i]);
        if i > 0 && smooth[i] && smooth[i - 1] {
            matrix.add(i, i, coupling);
            matrix.add(i - 1, i - 1, coupling);
            matrix.add(i, i - 1, -coupling);
        }
        if i >= stiff + 2 {
            for (p, a) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                for (q, b) in [1.0, -2.0, 1.0].into_iter().enumerate().take(p + 1) {
                    matrix.add(i - 2 + p, i - 2 + q, bend * a * b);
                }
            }
        }
    }
    match matrix.solve(&rhs) {
        Some((offsets, _)) => bridge.iter().zip(offsets).map(|(b, o)| b + o).collect(),
        None => median.to_vec(),
    }
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
    agreement: Vec<f64>,
    masked: Vec<Vec<bool>>,
    spread: f64,
    from_ms: f64,
    smooth_ms: f64,
    stiff_ms: f64,
}

/// From bins back to samples.
fn finish(all: &Together, bins: &Bins, found: &Found) -> Ensemble {
    let (n, len) = (all.uv.len(), all.len());
    let m = bins.time.len();
    let bin = |i: usize| (i.saturating_sub(found.offset) / found.per).min(m - 1);
    let rows: Vec<[f64; COLUMNS]> = (0..len).map(|i| row(all.time(i), MAINS_HZ[found.mains], found.half)).collect();
    let flat: Vec<Vec<f64>> =
        all.uv.iter().zip(&found.coefficients).map(|(uv, c)| uv.iter().zip(&rows).map(|(v, row)| v - dot(row, c)).collect()).collect();
    let mut column = Vec::with_capacity(n);
    let tail: Vec<f64> = (0..len)
        .map(|i| {
            let b = bin(i);
            column.clear();
            column.extend((0..n).filter(|q| !found.masked[*q][b] && flat[*q][i].is_finite()).map(|q| flat[q][i]));
            if column.len() >= 3 && all.time(i) < found.stiff_ms {
                return column.iter().sum::<f64>() / column.len() as f64;
            }
            if all.time(i) < found.smooth_ms {
                column.clear();
                column.extend(flat.iter().map(|f| f[i]));
                let value = median(&column);
                return if value.is_finite() { value } else { 0.0 };
            }
            // Between the middles of the bins.
            let at = (i as f64 - found.offset as f64 - 0.5 * (found.per - 1) as f64) / found.per as f64;
            let at = at.clamp(0.0, (m - 1) as f64);
            let low = (at as usize).min(m.saturating_sub(2));
            let high = (low + 1).min(m - 1);
            found.tail[low] + (at - low as f64) * (found.tail[high] - found.tail[low])
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
