//! Study to measurements: one [`Analyzer`] a study type, one line of the registry each.
//!
//! `quality` is what every analyzer reads first; `nerve` holds the analyzers of nerve conduction;
//! `study` feeds them from a study's recordings and a person's edits. Analyzers see one sweep in
//! microvolts and know nothing of files.

pub mod linear;
pub mod nerve;
pub mod polarity;
pub mod quality;
mod study;

pub use study::{Between, input, segments};

use crate::model::{PlacedMarker, SweepId, SweepMeasurement, TestKind};

/// One sweep as analyzers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepInput {
    /// Which sweep of the examination.
    pub sweep: SweepId,
    /// What kind of test it belongs to.
    pub kind: TestKind,
    /// Samples, microvolts, upward negative; NaN where none is valid.
    pub uv: Vec<f64>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample; `None` when unknown.
    pub stimulus_s: Option<f64>,
    /// Lowest and highest value that the converter can give, uV, when known.
    pub limits_uv: Option<[f64; 2]>,
}

/// Measures sweeps of some kinds of test.
pub trait Analyzer: Sync {
    /// Name and version (`motor/1`); goes into every measurement.
    fn name(&self) -> &'static str;

    /// Whether it is made for this kind of test.
    fn handles(&self, kind: TestKind) -> bool;

    /// Analyses a sweep. What comes back answers to moved markers in microseconds.
    fn analyze(&self, input: &SweepInput) -> Box<dyn Analyzed + Send>;
}

/// A sweep that has been analysed.
pub trait Analyzed {
    /// The measurement with these markers placed by a person (those of other sweeps are left
    /// out); none of them is ever moved. With `no_response` the sweep is declared empty.
    fn measurement(&self, placed: &[PlacedMarker], no_response: bool) -> SweepMeasurement;
}

/// The registry: the first that handles a kind is taken.
static ANALYZERS: [&dyn Analyzer; 1] = [&nerve::motor::Motor];

/// The analyzer for a kind of test. Kinds without their own get the motor analyzer, whose onset
/// and peak still serve; the measurement's method then says so (`motor/1 for sensory`).
pub fn analyzer_for(kind: TestKind) -> &'static dyn Analyzer {
    ANALYZERS.iter().copied().find(|a| a.handles(kind)).unwrap_or(ANALYZERS[0])
}
