//! Local maxima with conditions, and where a peak really lies between samples.
//!
//! **NaN** never counts as a peak and ends the search for its bases. **Cost**: O(n) for the
//! candidates; prominence walks to a higher neighbour, O(n) each in the worst case. Semantics of
//! `scipy.signal.find_peaks`: flat tops count once, in their middle; conditions apply in the order
//! height, distance, prominence.

/// Conditions; the default lets every local maximum through.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PeakOptions {
    /// Least height, in the unit of the signal.
    pub height: Option<f64>,
    /// Least distance between peaks in samples; the higher one stays.
    pub distance: Option<usize>,
    /// Least prominence.
    pub prominence: Option<f64>,
}

/// One local maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Sample index.
    pub index: usize,
    /// Value there.
    pub height: f64,
    /// Height above the higher of the two bases.
    pub prominence: f64,
}

/// Local maxima of `x` that meet `options`, in order of index.
pub fn find_peaks(x: &[f64], options: &PeakOptions) -> Vec<Peak> {
    let mut at: Vec<usize> = candidates(x);
    if let Some(height) = options.height {
        at.retain(|&i| x[i] >= height);
    }
    if let Some(distance) = options.distance.filter(|&d| d > 1) {
        at = thin(x, &at, distance);
    }
    let mut peaks: Vec<Peak> = at.into_iter().map(|index| Peak { index, height: x[index], prominence: prominence(x, index) }).collect();
    if let Some(least) = options.prominence {
        peaks.retain(|p| p.prominence >= least);
    }
    peaks
}

fn candidates(x: &[f64]) -> Vec<usize> {
    let mut at = Vec::new();
    let mut i = 1;
    while i + 1 < x.len() {
        if x[i - 1] < x[i] {
            let mut end = i + 1;
            while end + 1 < x.len() && x[end] == x[i] {
                end += 1;
            }
            if x[end] < x[i] {
                at.push((i + end - 1) / 2);
                i = end;
            }
        }
        i += 1;
    }
    at
}

fn thin(x: &[f64], at: &[usize], distance: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..at.len()).collect();
    order.sort_by(|&a, &b| x[at[a]].total_cmp(&x[at[b]]));
    let mut keep = vec![true; at.len()];
    for &j in order.iter().rev() {
        if !keep[j] {
            continue;
        }
        for k in (0..j).rev().take_while(|&k| at[j] - at[k] < distance) {
            keep[k] = false;
        }
        for k in (j + 1..at.len()).take_while(|&k| at[k] - at[j] < distance) {
            keep[k] = false;
        }
    }
    at.iter().zip(keep).filter(|(_, keep)| *keep).map(|(&i, _)| i).collect()
}

/// Height of `x[index]` above the higher of the lowest points on both sides, each looked for up to
/// the next higher sample.
pub fn prominence(x: &[f64], index: usize) -> f64 {
    let Some(&top) = x.get(index) else { return f64::NAN };
    let lowest = |side: &mut dyn Iterator<Item = &f64>| side.take_while(|&&v| v <= top).fold(top, |low, &v| low.min(v));
    let left = lowest(&mut x[..index].iter().rev());
    let right = lowest(&mut x[index + 1..].iter());
    top - left.max(right)
}

/// Vertex of the parabola through `x[index - 1..=index + 1]`: position in samples and value. At the
/// ends, beside NaN or on a straight line it is the sample itself.
pub fn parabolic_vertex(x: &[f64], index: usize) -> (f64, f64) {
    let here = x.get(index).copied().unwrap_or(f64::NAN);
    let alone = (index as f64, here);
    let (Some(before), Some(&after)) = (index.checked_sub(1).and_then(|i| x.get(i)), x.get(index + 1)) else { return alone };
    let bend = before - 2.0 * here + after;
    let shift = 0.5 * (before - after) / bend;
    if shift.is_finite() && shift.abs() <= 1.0 { (index as f64 + shift, here - 0.25 * (before - after) * shift) } else { alone }
}
