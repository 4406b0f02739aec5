//! Jitter from the times of potentials.
//!
//! MCD is the mean difference of consecutive inter-potential intervals, MSD the same after sorting
//! by the preceding inter-discharge interval; where MCD exceeds 1.25 times MSD, the interval
//! follows the firing rate and MSD stands for the jitter (Ekstedt, Nilsson, Stålberg, J Neurol
//! Neurosurg Psychiatry 1974;37:526-539; Sanders et al., Clin Neurophysiol 2019;130:1417-1439).
//! Blocking is the share of discharges of the triggering potential in which the other is missing.

use crate::analysis::needle::pieces::samples;
use crate::dsp::robust;

use super::align::{Seen, align};
use super::find::{Found, find};

/// MCD over MSD from which on MSD stands for the jitter.
pub const TREND: f64 = 1.25;
/// Intervals below this are hardly two fibres apart from each other, microseconds.
const LEAST_IPI_US: f64 = 150.0;
/// Fewer consecutive differences than this are no jitter.
const LEAST: usize = 5;
/// Search for the positive peak before the spike, seconds.
const RISE_S: f64 = 0.0008;

/// One potential.
#[derive(Debug, Clone, PartialEq)]
pub struct Potential {
    /// Its time in each discharge, seconds; `None` where it is missing.
    pub times_s: Vec<Option<f64>>,
    /// Height of the mean potential from the preceding positive peak, microvolts.
    pub amp_uv: f64,
    /// Time between these, microseconds.
    pub rise_us: f64,
    /// Median correlation of its single shapes with their median.
    pub constancy: f64,
    /// Share of its appearances that something lies over, percent; their times are not used.
    pub covered_pct: f64,
}

/// A pair of potentials: the triggering one and a later (or earlier) one.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Index of the other potential.
    pub other: usize,
    /// Mean inter-potential interval, microseconds.
    pub ipi_us: f64,
    /// Interval in each discharge, microseconds; NaN where blocked or covered.
    pub ipis_us: Vec<f64>,
    /// Mean difference of consecutive intervals, microseconds.
    pub mcd_us: f64,
    /// Mean difference of intervals sorted by the preceding inter-discharge interval, microseconds.
    pub msd_us: f64,
    /// Consecutive differences behind MCD.
    pub differences: usize,
    /// Share of discharges in which the other potential is missing, percent.
    pub blocking_pct: f64,
}

impl Pair {
    /// The value that stands for the jitter, microseconds, and whether it is MSD.
    pub fn jitter_us(&self) -> (f64, bool) {
        let trend = self.mcd_us > TREND * self.msd_us;
        (if trend { self.msd_us } else { self.mcd_us }, trend)
    }
}

/// What a recording shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Potentials in the order in which they come.
    pub potentials: Vec<Potential>,
    /// Index of the triggering potential.
    pub trigger: usize,
    /// Pairs with it.
    pub pairs: Vec<Pair>,
    /// Discharges in which the trigger is there.
    pub discharges: usize,
    /// Groups of spikes without it: another motor unit, or noise.
    pub strange: usize,
    /// Standard deviation of the noise, microvolts.
    pub noise_uv: f64,
    /// Whether only the first discharges were used.
    pub cut: bool,
}

/// Mean difference of consecutive values; NaN with fewer than two.
pub fn mcd(ipis_us: &[f64]) -> f64 {
    let differences: Vec<f64> = ipis_us.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|d| d.is_finite()).collect();
    differences.iter().sum::<f64>() / differences.len() as f64
}

/// The same of the values sorted by `interval_s`, the preceding inter-discharge interval (equal
/// ones in their order); entries that are not finite in both are left out.
pub fn msd(ipis_us: &[f64], interval_s: &[f64]) -> f64 {
    let mut both: Vec<(f64, f64)> =
        interval_s.iter().copied().zip(ipis_us.iter().copied()).filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    mcd(&both.into_iter().map(|(_, ipi)| ipi).collect::<Vec<_>>())
}

/// Measures jitter in `x` (microvolts, NaN where missing) at `fs_hz`; `None` when nothing comes back in it.
pub fn measure(x: &[f64], fs_hz: f64) -> Option<Measured> {
    let found = find(x, fs_hz)?;
    let seen = align(&found, fs_hz);
    let n = found.at.len();
    let count = |potential: &Vec<Option<Seen>>| potential.iter().flatten().count();
    // The earliest of those that hardly ever fail triggers: what blocks then counts as blocking of the others.
    let most = seen.iter().map(&count).max().filter(|&most| most > 0)?;
    let trigger = seen.iter().position(|potential| count(potential) * 100 >= most * 97)?;
    let kept: Vec<usize> = (0..n).filter(|&k| seen[trigger][k].is_some()).collect();
    let potentials: Vec<Potential> = seen.iter().map(|of| potential(&found, of, &kept, fs_hz)).collect();
    let time = |which: usize, k: usize| seen[which][k].filter(|seen| seen.alone).map_or(f64::NAN, |seen| seen.at / fs_hz);
    let start = |k: usize| seen[trigger][k].map_or(f64::NAN, |seen| seen.at / fs_hz);
    let intervals: Vec<f64> =
        kept.iter().enumerate().map(|(i, &k)| if i == 0 { f64::NAN } else { start(k) - start(kept[i - 1]) }).collect();
    let mut pairs = Vec::new();
    for other in (0..seen.len()).filter(|&other| other != trigger) {
        let ipis_us: Vec<f64> = kept.iter().map(|&k| 1e6 * (time(other, k) - time(trigger, k))).collect();
        let differences = ipis_us.windows(2).filter(|pair| (pair[1] - pair[0]).is_finite()).count();
        let valid: Vec<f64> = ipis_us.iter().copied().filter(|v| v.is_finite()).collect();
        let ipi_us = valid.iter().sum::<f64>() / valid.len() as f64;
        if differences < LEAST || ipi_us.abs() < LEAST_IPI_US {
            continue;
        }
        let missing = kept.iter().filter(|&&k| seen[other][k].is_none()).count();
        pairs.push(Pair {
            other,
            ipi_us,
            mcd_us: mcd(&ipis_us),
            msd_us: msd(&ipis_us, &intervals),
            differences,
            blocking_pct: 100.0 * missing as f64 / kept.len() as f64,
            ipis_us,
        });
    }
    Some(Measured { potentials, trigger, pairs, discharges: kept.len(), strange: n - kept.len(), noise_uv: found.noise_uv, cut: found.cut })
}

/// Shape and times of one potential.
fn potential(found: &Found, seen: &[Option<Seen>], kept: &[usize], fs_hz: f64) -> Potential {
    let there: Vec<Seen> = seen.iter().flatten().copied().collect();
    let before = samples(RISE_S, fs_hz);
    let around = 2;
    // The median over appearances, spike at index `before`.
    let shape: Vec<f64> = (0..before + around + 1)
        .map(|k| {
            let column: Vec<f64> =
                there.iter().filter_map(|seen| found.uv.get((seen.at.round() as usize + k).checked_sub(before)?).copied()).collect();
            robust::median(&column)
        })
        .collect();
    let top = (before.saturating_sub(around)..shape.len()).max_by(|&a, &b| shape[a].total_cmp(&shape[b])).unwrap_or(before);
    // Down the flank to the first minimum: what lies before belongs to a neighbour.
    let mut foot = top;
    while foot > 0 && shape[foot - 1] <= shape[foot] {
        foot -= 1;
    }
    let agreements: Vec<f64> = there.iter().map(|seen| seen.agreement).collect();
    let covered = there.iter().filter(|seen| !seen.alone).count();
    Potential {
        times_s: kept.iter().map(|&k| seen[k].map(|seen| seen.at / fs_hz)).collect(),
        amp_uv: shape.get(top).zip(shape.get(foot)).map_or(f64::NAN, |(top, foot)| top - foot),
        rise_us: (top - foot) as f64 / fs_hz * 1e6,
        constancy: robust::median(&agreements),
        covered_pct: 100.0 * covered as f64 / there.len().max(1) as f64,
    }
}
