//! Events of like shape put together: the seed is the event with most like it.
//!
//! Two shapes are alike when what differs, less what noise adds, is a small part of the energy of
//! the larger. The noise is known, so a weak potential is not held to a strong one's standard.

/// Part of the energy that may differ: what jitter between fibres changes in a motor unit.
pub const ALIKE: f64 = 0.08;
/// At least as many events make a shape.
const LEAST: usize = 3;

/// Energy that differs, as part of the larger; `noise` is the energy of noise in the difference.
pub fn difference(a: &[f64], b: &[f64], noise: f64) -> f64 {
    let (mut d, mut ea, mut eb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        d += (x - y) * (x - y);
        ea += x * x;
        eb += y * y;
    }
    let most = f64::max(ea, eb);
    // What noise adds scatters by about half of itself over such short shapes.
    if most > 0.0 { (d - 1.6 * noise).max(0.0) / most } else { 1.0 }
}

/// Groups of `shapes` (all of one length), the largest first, as indices; what is like nothing else
/// stands in none. `noise` is the energy of the noise in one shape. At most `most` groups.
///
/// Cost: `n^2 w` for n shapes of w samples.
pub fn groups(shapes: &[Vec<f64>], noise: f64, most: usize) -> Vec<Vec<usize>> {
    let n = shapes.len();
    let mut free = vec![true; n];
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); n];
    for i in 0..n {
        for j in 0..i {
            if difference(&shapes[i], &shapes[j], 2.0 * noise) < ALIKE {
                neighbours[i].push(j as u32);
                neighbours[j].push(i as u32);
            }
        }
    }
    let mut found = Vec::new();
    while found.len() < most {
        let count = |i: usize| neighbours[i].iter().filter(|j| free[**j as usize]).count();
        let Some((best, size)) = (0..n).filter(|i| free[*i]).map(|i| (i, count(i))).max_by_key(|(i, c)| (*c, std::cmp::Reverse(*i))) else {
            break;
        };
        if size + 1 < LEAST {
            break;
        }
        let mut members: Vec<usize> = neighbours[best].iter().map(|j| *j as usize).filter(|j| free[*j]).chain([best]).collect();
        for _ in 0..2 {
            let centre = median_shape(members.iter().map(|i| shapes[*i].as_slice()));
            members = (0..n).filter(|i| free[*i] && difference(&shapes[*i], &centre, noise) < ALIKE).collect();
            if members.is_empty() {
                break;
            }
        }
        if members.len() < LEAST {
            free[best] = false;
            continue;
        }
        for i in &members {
            free[*i] = false;
        }
        found.push(members);
    }
    found
}

/// The median of shapes, sample by sample: what overlaps some of them does not show. At most 200 of
/// them, evenly chosen.
pub fn median_shape<'a>(shapes: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    let all: Vec<&[f64]> = shapes.collect();
    let every = all.len().div_ceil(200).max(1);
    let chosen: Vec<&[f64]> = all.into_iter().step_by(every).collect();
    let Some(first) = chosen.first() else { return Vec::new() };
    let mut column = vec![0.0; chosen.len()];
    (0..first.len())
        .map(|k| {
            for (c, shape) in column.iter_mut().zip(&chosen) {
                *c = shape[k];
            }
            column.sort_unstable_by(f64::total_cmp);
            let n = column.len();
            // The mean of the middle half: robust as the median, and less noisy.
            let (a, b) = (n / 4, n - n / 4);
            column[a..b].iter().sum::<f64>() / (b - a) as f64
        })
        .collect()
}
