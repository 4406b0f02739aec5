//! Trains that hold the discharges of several units: told apart by shape, judged by firing.
//!
//! The aligned potentials are projected on their first principal components and grouped about two
//! to four centres. A grouping counts when the groups fire more like single units than the whole
//! did. **Cost**: some hundred products of a template's length a discharge.

use super::firing::regularity;
use crate::analysis::linear::dot;

/// Principal components looked at.
const AXES: usize = 3;
/// Most groups.
const GROUPS: usize = 4;
/// Gain of the firing's log-likelihood, a discharge, that a grouping must bring.
const GAIN: f64 = 0.3;

/// Coordinates of waves along their first principal components. Far ones (overlaps) count less.
fn coordinates(waves: &[Vec<f64>]) -> Vec<[f64; AXES]> {
    let len = waves.first().map_or(0, Vec::len);
    let mut column = Vec::new();
    let centre: Vec<f64> = (0..len)
        .map(|i| {
            column.clear();
            column.extend(waves.iter().map(|w| w[i]));
            crate::dsp::robust::percentile_mut(&mut column, 50.0)
        })
        .collect();
    let mut left: Vec<Vec<f64>> = waves.iter().map(|w| w.iter().zip(&centre).map(|(a, b)| a - b).collect()).collect();
    let norms: Vec<f64> = left.iter().map(|d: &Vec<f64>| dot(d, d).sqrt()).collect();
    let typical = crate::dsp::robust::median(&norms).max(1e-9);
    let weight: Vec<f64> = norms.iter().map(|v| (1.3 * typical / v.max(1e-9)).min(1.0).powi(4)).collect();
    let mut out = vec![[0.0; AXES]; waves.len()];
    for a in 0..AXES {
        let sizes = left.iter().zip(&weight).map(|(d, w)| w * dot(d, d));
        let Some((start, _)) = sizes.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        let mut axis = left[start].clone();
        for _ in 0..15 {
            let mut next = vec![0.0; len];
            for (d, w) in left.iter().zip(&weight) {
                let p = w * dot(d, &axis);
                next.iter_mut().zip(d).for_each(|(o, v)| *o += p * v);
            }
            let norm = dot(&next, &next).sqrt();
            if norm < 1e-12 {
                return out;
            }
            axis = next.iter().map(|v| v / norm).collect();
        }
        for (d, o) in left.iter_mut().zip(&mut out) {
            o[a] = dot(d, &axis);
            d.iter_mut().zip(&axis).for_each(|(v, x)| *v -= o[a] * x);
        }
    }
    out
}

fn distance(a: &[f64; AXES], b: &[f64; AXES]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Points along their first axes, how dense they lie about each, and within which radius that is.
struct Cloud {
    flat: Vec<[f64; AXES]>,
    axes: usize,
    radius: f64,
    density: Vec<f64>,
}

fn cloud(points: &[[f64; AXES]], axes: usize) -> Cloud {
    let flat: Vec<[f64; AXES]> = points
        .iter()
        .map(|p| {
            let mut q = *p;
            q.iter_mut().skip(axes).for_each(|v| *v = 0.0);
            q
        })
        .collect();
    let n = flat.len();
    // Radius within which a point has about a tenth of all others.
    let mut all: Vec<f64> = Vec::with_capacity(n * (n - 1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            all.push(distance(&flat[i], &flat[j]));
        }
    }
    let radius = crate::dsp::robust::percentile_mut(&mut all, 12.0).max(1e-12);
    let mut density = vec![0.0; n];
    for i in 0..n {
        density[i] += 1.0;
        for j in i + 1..n {
            let near = (-distance(&flat[i], &flat[j]) / radius).exp();
            density[i] += near;
            density[j] += near;
        }
    }
    Cloud { flat, axes, radius, density }
}

/// Groups about `k` centres: the first is the densest place, each further one the place with most
/// points that no centre is near.
fn grouped(cloud: &Cloud, k: usize) -> Vec<usize> {
    let Cloud { flat, axes, radius, density } = cloud;
    let n = flat.len();
    let mut centres: Vec<[f64; AXES]> = Vec::new();
    for _ in 0..k {
        let best = (0..n)
            .map(|i| {
                let d = centres.iter().map(|c| distance(c, &flat[i])).fold(f64::INFINITY, f64::min);
                (i, if d.is_finite() { density[i] * (1.0 - (-d / (4.0 * radius)).exp()) } else { density[i] })
            })
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((i, _)) = best {
            centres.push(flat[i]);
        }
    }
    let mut labels = vec![0; n];
    for _ in 0..12 {
        for (label, p) in labels.iter_mut().zip(flat) {
            *label = (0..centres.len()).min_by(|a, b| distance(&centres[*a], p).total_cmp(&distance(&centres[*b], p))).unwrap_or(0);
        }
        for (c, centre) in centres.iter_mut().enumerate() {
            for a in 0..*axes {
                let values: Vec<f64> = flat.iter().zip(&labels).filter(|(_, l)| **l == c).map(|(p, _)| p[a]).collect();
                let m = crate::dsp::robust::median(&values);
                if m.is_finite() {
                    centre[a] = m;
                }
            }
        }
    }
    labels
}

/// Groups of the discharges of one train, `None` when it is best left whole. `waves` are its
/// aligned potentials, `times_s` when they came; a group has at least `least` members.
pub fn groups(waves: &[Vec<f64>], times_s: &[f64], least: usize) -> Option<Vec<usize>> {
    let n = waves.len();
    if n < 2 * least.max(3) || times_s.len() != n {
        return None;
    }
    let whole = regularity(times_s);
    if whole > 1.1 * n as f64 {
        return None;
    }
    let points = coordinates(waves);
    let mut best: Option<(f64, Vec<usize>)> = None;
    for axes in 1..=AXES {
        let cloud = cloud(&points, axes);
        for k in 2..=GROUPS {
            let labels = grouped(&cloud, k);
            let mut sum = 0.0;
            let mut small = false;
            for group in 0..k {
                let times: Vec<f64> = times_s.iter().zip(&labels).filter(|(_, l)| **l == group).map(|(t, _)| *t).collect();
                small |= times.len() < least;
                sum += regularity(&times);
            }
            let gain = sum - whole;
            if !small && gain > GAIN * n as f64 && best.as_ref().is_none_or(|b| gain > b.0) {
                best = Some((gain, labels));
            }
        }
    }
    best.map(|b| b.1)
}

/// The two groups of waves of one length whose shapes differ most: for each wave whether it belongs
/// to the smaller one. The grouping with the largest variance between the groups over that within
/// (Calinski and Harabasz 1974) is taken. `None` below four waves, or when all are the same.
pub fn halves(waves: &[Vec<f64>]) -> Option<Vec<bool>> {
    let n = waves.len();
    let len = waves.first().map_or(0, Vec::len);
    if n < 4 || len == 0 || waves.iter().any(|w| w.len() != len || w.iter().any(|v| !v.is_finite())) {
        return None;
    }
    let points = coordinates(waves);
    let mut best: Option<(f64, Vec<usize>)> = None;
    for axes in 1..=AXES {
        let labels = grouped(&cloud(&points, axes), 2);
        let second = labels.iter().sum::<usize>();
        if second < 2 || n - second < 2 {
            continue;
        }
        let mean = |wanted: &dyn Fn(usize) -> bool| {
            let mut sum = ([0.0; AXES], 0.0);
            for (point, _) in points.iter().zip(&labels).filter(|(_, label)| wanted(**label)) {
                sum.0.iter_mut().zip(point).for_each(|(s, v)| *s += v);
                sum.1 += 1.0;
            }
            (sum.0.map(|s| s / f64::max(sum.1, 1.0)), sum.1)
        };
        let (all, groups) = (mean(&|_| true).0, [mean(&|label| label == 0), mean(&|label| label == 1)]);
        let between: f64 = groups.iter().map(|(centre, count)| count * distance(centre, &all)).sum();
        let within: f64 = points.iter().zip(&labels).map(|(point, label)| distance(point, &groups[*label].0)).sum();
        let score = between / within.max(1e-12 * between).max(f64::MIN_POSITIVE);
        if between > 0.0 && best.as_ref().is_none_or(|b| score > b.0) {
            best = Some((score, labels));
        }
    }
    let labels = best?.1;
    let smaller = usize::from(2 * labels.iter().sum::<usize>() <= n);
    Some(labels.into_iter().map(|label| label == smaller).collect())
}
