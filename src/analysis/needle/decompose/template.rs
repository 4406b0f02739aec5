//! What one unit looks like in the working signal, at fractions of a sample, and how the units
//! overlap.
//!
//! A template is [`Layout::len`] values with its main extremum at [`Layout::pre`]. Times are ticks
//! of 1/[`PHASES`] sample. **Cost** of [`Cross::new`]: `units^2 PHASES 2 len^2` products.

use crate::dsp::resample::sinc_at;

/// Ticks a sample.
pub const PHASES: i64 = 4;

/// Extent of templates, samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Samples before the main extremum.
    pub pre: usize,
    /// Samples altogether.
    pub len: usize,
}

impl Layout {
    /// 2.5 ms before to 4.5 ms after the extremum.
    pub fn new(fs_hz: f64) -> Self {
        let pre = (0.0025 * fs_hz).round().max(3.0) as usize;
        Self { pre, len: pre + (0.0045 * fs_hz).round().max(5.0) as usize + 1 }
    }
}

/// One unit's potential in the working signal.
#[derive(Debug, Clone)]
pub struct Template {
    /// Potential, uV.
    pub wave: Vec<f64>,
    /// The same, later by 0, 1, ... ticks.
    pub later: Vec<Vec<f64>>,
    /// Sum of squares, uV^2.
    pub energy: f64,
    /// Variance of a discharge about the template beyond the noise, uV^2 a sample.
    pub spread: Vec<f64>,
    /// The same, weighted with the template's squares.
    pub own_spread: f64,
    /// Sizes of the discharges over time: (tick, factor), smoothed, in order.
    pub gains: Vec<(i64, f64)>,
}

impl Template {
    /// From a potential, its ends tapered.
    pub fn new(mut wave: Vec<f64>) -> Self {
        let taper = 4.min(wave.len() / 2);
        let n = wave.len();
        for i in 0..taper {
            let w = (i as f64 + 0.5) / taper as f64;
            wave[i] *= w;
            wave[n - 1 - i] *= w;
        }
        let mut padded = vec![0.0; 8];
        padded.extend_from_slice(&wave);
        padded.extend([0.0; 8]);
        let later = (0..PHASES)
            .map(|phase| {
                if phase == 0 {
                    return wave.clone();
                }
                (0..n).map(|i| sinc_at(&padded, (i + 8) as f64 - phase as f64 / PHASES as f64, 7)).collect()
            })
            .collect();
        let energy = wave.iter().map(|v| v * v).sum();
        Self { spread: vec![0.0; n], own_spread: 0.0, later, energy, gains: Vec::new(), wave }
    }

    /// Sets the variance about the template.
    pub fn set_spread(&mut self, spread: Vec<f64>) {
        let weighted: f64 = spread.iter().zip(&self.wave).map(|(s, v)| s * v * v).sum();
        self.own_spread = if self.energy > 0.0 { weighted / self.energy } else { 0.0 };
        self.spread = spread;
    }

    /// Size of a discharge at this tick against the template.
    pub fn gain(&self, tick: i64) -> f64 {
        let at = self.gains.partition_point(|g| g.0 <= tick);
        match (at.checked_sub(1).map(|i| self.gains[i]), self.gains.get(at)) {
            (Some(a), Some(&b)) => a.1 + (b.1 - a.1) * (tick - a.0) as f64 / (b.0 - a.0).max(1) as f64,
            (Some(a), None) => a.1,
            (None, Some(&b)) => b.1,
            (None, None) => 1.0,
        }
    }
}

/// Tick to sample and phase.
pub fn split(tick: i64) -> (i64, usize) {
    (tick.div_euclid(PHASES), tick.rem_euclid(PHASES) as usize)
}

/// Best overlap of two waves of equal length over lags up to `reach`: (product, lag), `b` later by lag.
pub fn best_overlap(a: &[f64], b: &[f64], reach: i64) -> (f64, i64) {
    (-reach..=reach).map(|lag| (overlap(a, b, lag), lag)).fold((f64::NEG_INFINITY, 0), |best, now| if now.0 > best.0 { now } else { best })
}

/// Sum over `i` of `a[i] b[i + lag]`.
pub fn overlap(a: &[f64], b: &[f64], lag: i64) -> f64 {
    let (from_a, from_b) = ((-lag).max(0) as usize, lag.max(0) as usize);
    if from_a >= a.len() || from_b >= b.len() {
        return 0.0;
    }
    a[from_a..].iter().zip(&b[from_b..]).map(|(a, b)| a * b).sum()
}

/// Products of all pairs of templates at all lags and phases.
#[derive(Debug, Clone, Default)]
pub struct Cross {
    units: usize,
    lags: usize,
    values: Vec<f64>,
}

impl Cross {
    /// For these templates, all of the same length.
    pub fn new(templates: &[Template]) -> Self {
        let units = templates.len();
        let len = templates.first().map_or(0, |t| t.wave.len());
        let lags = (2 * len).saturating_sub(1);
        let mut values = vec![0.0; units * units * PHASES as usize * lags];
        let mut at = 0;
        for k in templates {
            for j in templates {
                for later in &j.later {
                    // Most of a template is silence.
                    let first = later.iter().position(|v| *v != 0.0).unwrap_or(len);
                    let last = later.iter().rposition(|v| *v != 0.0).map_or(first, |last| last + 1);
                    let later = &later[first..last];
                    // Additions run along the lags, which the compiler can vectorise.
                    let row = &mut values[at..at + lags];
                    for (i, &h) in k.wave.iter().enumerate() {
                        if h != 0.0 {
                            // lag d = s - i for s in 0..len stands at d + len - 1.
                            for (out, &v) in row[len - 1 - i + first..].iter_mut().zip(later) {
                                *out += h * v;
                            }
                        }
                    }
                    at += lags;
                }
            }
        }
        Self { units, lags, values }
    }

    /// What unit `k`'s correlation gains from unit `j` discharging at a sample plus `phase` ticks:
    /// lags -(len-1) to len-1.
    pub fn row(&self, k: usize, j: usize, phase: usize) -> &[f64] {
        let at = ((k * self.units + j) * PHASES as usize + phase) * self.lags;
        self.values.get(at..at + self.lags).unwrap_or_default()
    }
}
