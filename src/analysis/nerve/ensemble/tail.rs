//! The tail that all sweeps of a site share: where they agree, and a bridge where they do not.

use super::{Bins, smoothed};
use crate::analysis::linear::{Banded, Normal, dot};
use crate::dsp::robust::{SIGMA_PER_MAD, median, percentile};

/// Time constants of the bridge, ms: amplifiers with a low cut of 6 to 50 Hz return like this.
const TAIL_MS: [f64; 4] = [3.0, 7.0, 14.0, 28.0];
/// Windows of agreement: width and step, ms; the share of sweeps that settles the tail.
const WINDOW_MS: f64 = 2.0;
const HOP_MS: f64 = 0.5;
const AGREED: f64 = 0.45;
/// Something quick is a second difference of averages over half a millisecond, 1.5 ms apart, of this
/// many times its noise; it is followed by its slow end.
const QUICK: f64 = 3.3;
const QUICK_BEFORE_MS: f64 = 2.0;
const QUICK_AFTER_MS: f64 = 12.0;
/// Where waves are looked for the tail follows nothing quicker than this, Hz, for one calm sweep.
const STIFF_HZ: [f64; 2] = [90.0, 60.0];
const SETTLES_MS: f64 = 7.0;
/// How far values of the bridge reach to either side, ms.
const BRIDGE_MS: f64 = 3.0;

/// Where something quick happens, by sweep and bin: waves of motor units do, the tail does not.
/// Before the tail is smooth everything counts as quick.
pub(super) fn quick(bins: &Bins, flat: &[Vec<f64>], smooth: &[bool], shared: &[bool]) -> Vec<Vec<bool>> {
    let (width, apart) = (bins.count(0.5), bins.count(1.5));
    let m = smooth.len();
    let mut bends: Vec<Vec<f64>> = flat
        .iter()
        .map(|f| {
            let s = smoothed(f, width);
            let bend = |i: usize| s[i] - 0.5 * (s[i - apart] + s[i + apart]);
            (0..m).map(|i| if i < apart || i + apart >= m { 0.0 } else { bend(i) }).collect()
        })
        .collect();
    // What most sweeps do in common there is no event of theirs.
    for (i, _) in shared.iter().enumerate().filter(|(_, shared)| **shared) {
        let usual = median(&bends.iter().map(|b| b[i]).collect::<Vec<_>>());
        bends.iter_mut().for_each(|b| b[i] -= usual);
    }
    bends.iter_mut().flatten().for_each(|b| *b = b.abs());
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
pub(super) fn agree(
    bins: &Bins,
    flat: &[Vec<f64>],
    spread: f64,
    quick: &[Vec<bool>],
    smooth: &[bool],
    waves: bool,
) -> (Vec<f64>, Vec<f64>) {
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
pub(super) fn exponentials(bins: &Bins, agreed: &[f64], weight: &[f64], smooth: &[bool], from_ms: f64, sigma: f64, n: usize) -> Vec<f64> {
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

/// The agreed tail, and between its pieces the exponentials with a smooth transition. `stiff`: where
/// the tail is so smooth that it cannot follow a wave.
pub(super) fn bridged(
    bins: &Bins,
    agreed: &[f64],
    weight: &[f64],
    bridge: &[f64],
    smooth: &[bool],
    median: &[f64],
    stiff: &[bool],
) -> Vec<f64> {
    let m = bridge.len();
    let coupling = 0.5;
    let level = coupling / (BRIDGE_MS * bins.per_ms).powi(2);
    let bend = |hz: f64| (2.0 * std::f64::consts::PI * hz * 1e-3 / bins.per_ms).powi(-4);
    let first = stiff.iter().position(|s| *s).unwrap_or(m);
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
        if i >= 2 && stiff[i - 2..=i].iter().all(|s| *s) {
            // The end of the direct response is quicker than what comes behind it.
            let late = ((i - first) as f64 / (SETTLES_MS * bins.per_ms)).min(1.0);
            let bend = bend(STIFF_HZ[0] * (STIFF_HZ[1] / STIFF_HZ[0]).powf(late));
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
