//! Everything that a person does to a study, apart from what was acquired.
//!
//! The whole is small and cheap to clone, so undo keeps snapshots of it. It is what is stored in
//! the browser at every change and what comes back after a crash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Context, MarkerKind, MuscleRow, Side, SignedVersion, SweepId, TestKind, TrainEdits, TypedTest};

/// A person's work on one study. Additive: an empty value changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edits {
    /// Markers placed by hand.
    pub markers: Vec<PlacedMarker>,
    /// Sweeps declared to have no response.
    pub no_response: Vec<SweepId>,
    /// Height of the person examined, cm.
    pub height_cm: Option<f64>,
    /// Age, years.
    pub age_years: Option<f64>,
    /// Sex as far as limits need it: `F`, `M`.
    pub sex: Option<String>,
    /// Since the first symptom, weeks.
    pub onset_weeks: Option<f64>,
    /// Why the person was sent, and what else matters to the test.
    pub context: Context,
    /// The reader's own conclusion, which no rule changes.
    pub impression: String,
    /// Sweeps that a person left out of averages and summaries.
    pub left_out: Vec<SweepId>,
    /// Sweeps that an analysis left out and a person took in again.
    pub taken_in: Vec<SweepId>,
    /// Changes to nerve tests, by index.
    pub tests: BTreeMap<usize, TestEdits>,
    /// Changes to sites, by (test, site).
    pub sites: Vec<SiteEdits>,
    /// Stimulus time of single sweeps, seconds after the sweep's first sample, set by a person.
    pub stimulus_s: BTreeMap<SweepId, f64>,
    /// Tests that a person made out of channels or annotations.
    pub derived_tests: Vec<DerivedTest>,
    /// Polarity of tests that a person turned: stored positive means that E1 is positive.
    pub turned: BTreeMap<usize, bool>,
    /// Filters of the sweep view; `None`: those that are customary for each test.
    pub sweep_filter: Option<FilterChain>,
    /// Annotations added, changed or deleted.
    pub annotations: Vec<AnnotationEdit>,
    /// Order, names, filters and gains of the lanes; empty: one lane a channel, as in the file.
    pub lanes: Vec<LaneSettings>,
    /// Trains of discharges that a person changed, by the stretch they belong to.
    pub trains: Vec<TrainEdits>,
    /// Nerve tests whose values were typed; they stand behind all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub typed: Vec<TypedTest>,
    /// The table of the needle examination.
    pub muscles: Vec<MuscleRow>,
    /// Reports that were signed, the first first. Undo does not reach them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<SignedVersion>,
}

/// A nerve test made by a person out of a recording that does not say it holds one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum DerivedTest {
    /// Every channel is one sweep.
    Channels {
        /// Index of the recording.
        recording: usize,
        /// Stimulus, seconds after the first sample.
        stimulus_s: Option<f64>,
    },
    /// A sweep around each annotation with this text.
    Annotations {
        /// Index of the recording.
        recording: usize,
        /// Channel cut.
        channel: usize,
        /// Text of the annotation that marks a stimulus.
        text: String,
        /// Where those annotations were when the test was made, seconds of recording time: sweeps
        /// keep their numbers, and a person's markers their sweeps, when annotations change later.
        #[serde(default)]
        moments_s: Vec<f64>,
        /// Seconds before the stimulus.
        before_s: f64,
        /// Seconds behind it.
        after_s: f64,
    },
}

/// A marker placed by a person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlacedMarker {
    /// On which sweep.
    pub sweep: SweepId,
    /// Which marker.
    pub kind: MarkerKind,
    /// Where: seconds after the first sample of the sweep.
    pub at_s: f64,
}

/// Changes to one nerve test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestEdits {
    /// Kind.
    pub kind: Option<TestKind>,
    /// Side.
    pub side: Option<Side>,
    /// Nerve.
    pub nerve: Option<String>,
    /// Recording site.
    pub recorded_from: Option<String>,
    /// Skin temperature, degrees Celsius.
    pub temperature_c: Option<f64>,
    /// The study of the clinic, as a person confirmed it; empty: none of those known.
    pub study: Option<String>,
}

/// Changes to one site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteEdits {
    /// Index of the test.
    pub test: usize,
    /// Index of the site in the test.
    pub site: usize,
    /// Name.
    pub name: Option<String>,
    /// Distance to the next more distal site, mm; 0 takes a distance away.
    pub distance_mm: Option<f64>,
}

/// A change to the annotations of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnotationEdit {
    /// Index of the recording.
    pub recording: usize,
    /// The annotation of the file that this replaces; `None` for a new one.
    pub replaces: Option<usize>,
    /// Its new content; `None` deletes it.
    pub now: Option<super::Annotation>,
}

/// One lane of the continuous view.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneSettings {
    /// Index of the recording.
    pub recording: usize,
    /// Channel shown.
    pub channel: usize,
    /// Channel subtracted from it (montage), when any.
    pub minus: Option<usize>,
    /// Name given by a person.
    pub name: Option<String>,
    /// Not drawn.
    pub hidden: bool,
    /// Filters.
    pub filter: FilterChain,
    /// Units a division; `None`: chosen by the program.
    pub gain_per_division: Option<f64>,
}

/// A derived view of a channel. Never alters the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterChain {
    /// High-pass corner, Hz.
    pub high_pass_hz: Option<f64>,
    /// Low-pass corner, Hz.
    pub low_pass_hz: Option<f64>,
    /// Mains.
    pub line: LineFilter,
    /// Subtract the median (continuous view) or the pre-stimulus mean (sweeps).
    pub baseline: bool,
}

/// What is done about mains interference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineFilter {
    /// Nothing.
    #[default]
    Off,
    /// A notch at this frequency, Hz.
    Notch(f64),
    /// Subtraction of a fitted sinusoid and its harmonics at this frequency, Hz.
    Subtract(f64),
}
