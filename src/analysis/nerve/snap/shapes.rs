//! The family as the fit needs it: shapes brought to one place, width and height, their mean and
//! principal components, and how far a new shape may lie from the nearest known one.
//!
//! Shapes are tables over `u = (t - peak) / width`, width being that of the negative phase at half
//! its height. Cost: about 0.2 s once a program, on first use; 0.6 MB.

use std::sync::OnceLock;

use super::family::{DT_MS, Wave, member};
use crate::analysis::linear::dot;

/// Principal components kept beside the mean.
pub const COMPONENTS: usize = 32;
/// Columns of a fit: the mean and the components.
pub const COLUMNS: usize = COMPONENTS + 1;
/// Members of the family.
const MEMBERS: usize = 1200;
/// Reach of the tables before and behind the negative peak, widths, and their grid.
pub const REACH: [f64; 2] = [-6.0, 9.0];
const GRID: f64 = 0.05;
/// Widths of the negative phase at half height that are taken for a response, ms.
const WIDTHS_MS: [f64; 2] = [0.2, 3.0];

/// The family.
#[derive(Debug)]
pub struct Shapes {
    /// Rows of the table: the mean, then the components, by decreasing importance.
    rows: Vec<[f64; COLUMNS]>,
    /// The members: coefficients of the rows, the first of which is 1.
    pub members: Vec<[f64; COLUMNS]>,
    /// Natural logarithm of each member's width and of its latency, ms.
    pub ln_width_latency: Vec<[f64; 2]>,
    /// By how much the coefficients of a new shape differ from those of the nearest member
    /// (standard deviation; the first is the mean's).
    pub looseness: [f64; COLUMNS],
}

/// Place, height and width at half height of the negative phase: ms, unit of the wave, ms.
fn measure(wave: &Wave) -> Option<(f64, f64, f64)> {
    let y = &wave.values;
    let peak = (0..y.len()).max_by(|&a, &b| y[a].total_cmp(&y[b]))?;
    let half = 0.5 * y[peak];
    if half.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return None;
    }
    let before = (0..peak).rev().find(|&k| y[k] < half)?;
    let behind = (peak..y.len()).find(|&k| y[k] < half)?;
    let rise = before as f64 + (half - y[before]) / (y[before + 1] - y[before]);
    let fall = behind as f64 - (half - y[behind]) / (y[behind - 1] - y[behind]);
    let (top, height) = crate::dsp::peaks::parabolic_vertex(y, peak);
    Some((wave.first_ms + top * DT_MS, height, (fall - rise) * DT_MS))
}

impl Shapes {
    /// The family, made on first use.
    pub fn get() -> &'static Self {
        static SHAPES: OnceLock<Shapes> = OnceLock::new();
        SHAPES.get_or_init(|| Self::grow(MEMBERS))
    }

    fn grow(members: usize) -> Self {
        let n = ((REACH[1] - REACH[0]) / GRID).round() as usize + 1;
        let (mut tables, mut ln_width_latency) = (Vec::new(), Vec::new());
        // Some members are too narrow or too wide to be a response.
        for i in 0..2 * members {
            let Some(wave) = member(i) else { continue };
            let Some((peak_ms, height, width_ms)) = measure(&wave) else { continue };
            if !(WIDTHS_MS[0]..=WIDTHS_MS[1]).contains(&width_ms) || peak_ms <= 0.0 {
                continue;
            }
            let at = |u: f64| {
                let place = (peak_ms + u * width_ms - wave.first_ms) / DT_MS;
                let k = place.max(0.0) as usize;
                let value = |k: usize| wave.values.get(k).or(wave.values.last()).copied().unwrap_or(0.0);
                if place < 0.0 { 0.0 } else { value(k) + (place - k as f64) * (value(k + 1) - value(k)) }
            };
            tables.push((0..n).map(|k| at(REACH[0] + k as f64 * GRID) / height).collect::<Vec<f64>>());
            ln_width_latency.push([width_ms.ln(), peak_ms.ln()]);
            if tables.len() == members {
                break;
            }
        }
        let count = tables.len() as f64;
        let mean: Vec<f64> = (0..n).map(|k| tables.iter().map(|table| table[k]).sum::<f64>() / count).collect();
        for table in &mut tables {
            table.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
        }
        let components = principal(&tables, n);
        let coefficients = |table: &Vec<f64>| {
            let mut out = [1.0; COLUMNS];
            for (c, component) in out[1..].iter_mut().zip(&components) {
                *c = dot(table, component);
            }
            out
        };
        let members: Vec<[f64; COLUMNS]> = tables.iter().map(coefficients).collect();
        let rows = (0..n).map(|k| std::array::from_fn(|j| if j == 0 { mean[k] } else { components[j - 1][k] })).collect();
        Self { rows, looseness: looseness(&members), members, ln_width_latency }
    }

    /// Values of mean and components at `u`; zero before the table, the last row behind it.
    pub fn at(&self, u: f64) -> [f64; COLUMNS] {
        let place = (u - REACH[0]) / GRID;
        if place.is_nan() || place < 0.0 {
            return [0.0; COLUMNS];
        }
        let k = place as usize;
        let Some(next) = self.rows.get(k + 1) else { return self.rows.last().copied().unwrap_or([0.0; COLUMNS]) };
        let (here, f) = (&self.rows[k], place - k as f64);
        std::array::from_fn(|j| here[j] + f * (next[j] - here[j]))
    }
}

/// The first principal components by orthogonal iteration on the covariance.
fn principal(tables: &[Vec<f64>], n: usize) -> Vec<Vec<f64>> {
    let mut covariance = vec![vec![0.0; n]; n];
    for table in tables {
        for i in 0..n {
            let v = table[i];
            covariance[i][..=i].iter_mut().zip(table).for_each(|(c, w)| *c += v * w);
        }
    }
    for i in 1..n {
        let (above, below) = covariance.split_at_mut(i);
        for (row, value) in above.iter_mut().zip(&below[0]) {
            row[i] = *value;
        }
    }
    // Any start that is not orthogonal to what is looked for will do.
    let mut basis: Vec<Vec<f64>> = tables.iter().step_by((tables.len() / COMPONENTS).max(1)).take(COMPONENTS).cloned().collect();
    while basis.len() < COMPONENTS {
        let k = basis.len();
        basis.push((0..n).map(|i| if i % (k + 2) == 0 { 1.0 } else { 0.0 }).collect());
    }
    for _ in 0..40 {
        for vector in &mut basis {
            *vector = covariance.iter().map(|row| dot(row, vector)).collect();
        }
        orthonormalise(&mut basis);
    }
    basis
}

fn orthonormalise(basis: &mut [Vec<f64>]) {
    for k in 0..basis.len() {
        let (done, rest) = basis.split_at_mut(k);
        let Some(vector) = rest.first_mut() else { break };
        for _ in 0..2 {
            for other in &*done {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
        }
        let norm = dot(vector, vector).sqrt();
        if norm > 0.0 {
            vector.iter_mut().for_each(|v| *v /= norm);
        }
    }
}

/// Root mean square difference of each coefficient between a member and its nearest neighbour.
fn looseness(members: &[[f64; COLUMNS]]) -> [f64; COLUMNS] {
    // The height of a known shape is free; that of its difference is not.
    const OF_THE_MEAN: f64 = 0.03;
    let mut sums = [0.0; COLUMNS];
    // Every third member shows the spacing as well as all do.
    let of: Vec<usize> = (0..members.len()).step_by(3).collect();
    for &i in &of {
        let distance = |other: &[f64; COLUMNS]| -> f64 { members[i].iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum() };
        let nearest = (0..members.len()).filter(|&j| j != i).min_by(|&a, &b| distance(&members[a]).total_cmp(&distance(&members[b])));
        if let Some(j) = nearest {
            for (sum, (a, b)) in sums.iter_mut().zip(members[i].iter().zip(&members[j])) {
                *sum += (a - b) * (a - b);
            }
        }
    }
    let mut out = sums.map(|sum| (sum / of.len().max(1) as f64).sqrt().max(1e-4));
    out[0] = OF_THE_MEAN;
    out
}

#[cfg(test)]
mod tests {
    use super::Shapes;

    #[test]
    fn every_member_peaks_at_the_origin_with_height_one_and_width_one() {
        let shapes = Shapes::get();
        assert!(shapes.members.len() > 1000);
        let mut worst = 0.0_f64;
        for member in shapes.members.iter().step_by(37) {
            let at = |u: f64| shapes.at(u).iter().zip(member).map(|(a, b)| a * b).sum::<f64>();
            worst = worst.max((at(0.0) - 1.0).abs());
            assert!((at(0.0) - 1.0).abs() < 0.2 && at(-5.9).abs() < 0.1, "{} {}", at(0.0), at(-5.9));
        }
        assert!(worst < 0.2, "{worst}");
        assert_eq!(shapes.at(f64::NAN)[0], 0.0);
        assert_eq!(shapes.at(-9.0)[0], 0.0);
    }
}
