//! Jitter of single-fibre and concentric needle recordings: pairs, MCD, MSD, blocking, limits.
//!
//! `find` looks for discharges and the potentials in them, `align` times these below a sample,
//! `measure` makes jitter of that, `limits` holds the limits by muscle, age and electrode, and
//! `show` makes tables and charts of it.
//!
//! **NaN** and samples beyond any amplifier are gaps; discharges beside them do not count. **Cost**:
//! two filters over the signal (at most [`LONGEST_S`] of it), then at most 400 discharges.

mod align;
mod find;
mod limits;
mod measure;
mod show;

pub use limits::{Electrode, Limit, limits};
pub use measure::{Measured, Pair, Potential, TREND, mcd, msd};

use super::pieces::{clean, plausible_rate, samples};
use crate::analysis::signal::{Once, SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::model::{SignalMeasurement, SignalTask};

/// What is looked at: the first so many seconds. A pair is judged by some 10 s.
pub const LONGEST_S: f64 = 120.0;
/// Least sampling rate at which potentials can be timed, Hz.
pub const LEAST_FS_HZ: f64 = 10_000.0;

/// The analyzer.
pub struct Jitter;

impl SignalAnalyzer for Jitter {
    fn task(&self) -> SignalTask {
        SignalTask::Jitter
    }

    fn name(&self) -> &'static str {
        "jitter/1"
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        Box::new(Once::new(input, |input: &SignalInput| -> SignalMeasurement {
            show::measurement(input, measure(&input.uv, input.fs_hz).as_ref())
        }))
    }
}

/// Measures jitter in `uv` (microvolts) at `fs_hz`; `None` when no potentials come back in it.
pub fn measure(uv: &[f64], fs_hz: f64) -> Option<Measured> {
    if !plausible_rate(fs_hz) || fs_hz < LEAST_FS_HZ {
        return None;
    }
    let mut part = uv[..uv.len().min(samples(LONGEST_S, fs_hz))].to_vec();
    clean(&mut part);
    measure::measure(&part, fs_hz)
}
