//! Study to measurements: one [`Analyzer`] a study type, one line of the registry each.
//!
//! `quality` is what every analyzer reads first; `nerve` holds the analyzers of nerve conduction;
//! `study` feeds them from a study's recordings. Analyzers see the sweeps of one test in microvolts
//! and know nothing of files.

pub mod linear;
mod missing;
pub mod needle;
pub mod nerve;
pub mod polarity;
pub mod quality;
pub mod signal;
mod study;

pub use missing::analyze;
pub use study::{input, sweep_input};

use crate::model::{NerveTest, PlacedMarker, SweepId, TestKind, TestMeasurement};

/// One sweep as analyzers see it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SweepInput {
    /// Which sweep of the examination.
    pub sweep: SweepId,
    /// Index of its site in the test.
    pub site: usize,
    /// Name of the channel that it was recorded in.
    pub channel: String,
    /// Current, mA, when known.
    pub current_ma: Option<f64>,
    /// How many single responses were averaged, when known.
    pub averaged: Option<u32>,
    /// Samples, microvolts, upward negative; NaN where none is valid.
    pub uv: Vec<f64>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample; `None` when unknown.
    pub stimulus_s: Option<f64>,
    /// Lowest and highest value that the converter can give, uV, when known.
    pub limits_uv: Option<[f64; 2]>,
}

/// One test as analyzers see it. An analysis may use everything but names, distances and the
/// temperature of `test`: those may be typed later and come with the [`Context`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestInput {
    /// The test: its kind, sites, points.
    pub test: NerveTest,
    /// Its sweeps, site by site.
    pub sweeps: Vec<SweepInput>,
    /// Sweeps that a person left out of averages and summaries.
    pub left_out: Vec<SweepId>,
    /// Sweeps that a person wants in, whatever the analysis thinks of them.
    pub taken_in: Vec<SweepId>,
}

/// What a measurement depends on beside the analysis.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The test with distances, names and temperature as they stand.
    pub test: &'a NerveTest,
    /// Markers placed by a person; none of them is ever moved.
    pub placed: &'a [PlacedMarker],
    /// Sweeps declared to have no response.
    pub no_response: &'a [SweepId],
    /// Height of the person examined, cm.
    pub height_cm: Option<f64>,
    /// Age, years.
    pub age_years: Option<f64>,
}

impl Context<'_> {
    /// Markers placed on one sweep.
    pub fn placed_on(&self, sweep: SweepId) -> Vec<PlacedMarker> {
        self.placed.iter().filter(|marker| marker.sweep == sweep && marker.at_s.is_finite()).copied().collect()
    }
}

/// A trace that an analysis made, to be drawn and marked like a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedTrace {
    /// Its number (see [`average_id`](crate::model::average_id)).
    pub id: SweepId,
    /// Index of the site.
    pub site: usize,
    /// Values, microvolts, upward negative.
    pub uv: Vec<f32>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample.
    pub stimulus_s: Option<f64>,
    /// The sweeps that are in it.
    pub of: Vec<SweepId>,
}

/// Measures tests of some kinds.
pub trait Analyzer: Sync {
    /// Name and version (`motor/3`); goes into every measurement.
    fn name(&self) -> &'static str;

    /// Whether it is made for this kind of test.
    fn handles(&self, kind: TestKind) -> bool;

    /// Analyses a test. What comes back answers to moved markers and typed distances in
    /// microseconds.
    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send>;
}

/// A test that has been analysed.
pub trait Analyzed {
    /// The measurement with what a person placed and typed.
    fn measurement(&self, context: &Context) -> TestMeasurement;

    /// Averages and other traces that the measurement refers to.
    fn traces(&self) -> Vec<DerivedTrace> {
        Vec::new()
    }
}

/// The registry: the first that handles a kind is taken.
static ANALYZERS: &[&dyn Analyzer] = &[
    &nerve::motor::Motor,
    &nerve::sensory::Sensory,
    &nerve::f_study::FWaves,
    &nerve::h_reflex::HReflex,
    &nerve::repetitive::Repetitive,
    &nerve::blink::Blink,
    &nerve::blink::Late,
    &nerve::sympathetic::Sympathetic,
    &nerve::rr_interval::RrInterval,
    &nerve::mep::Mep,
    &nerve::scan::Scan,
    &nerve::munix::Munix,
    &nerve::excitability::ThresholdTracking,
];

/// The analyzer for a kind of test. Kinds without their own get the motor analyzer, whose onset
/// and peak still serve; the measurement's method then says so (`motor/3 for evoked potentials`).
pub fn analyzer_for(kind: TestKind) -> &'static dyn Analyzer {
    ANALYZERS.iter().copied().find(|a| a.handles(kind)).unwrap_or(ANALYZERS[0])
}
