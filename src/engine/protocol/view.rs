//! A study as it is shown.

use serde::{Deserialize, Serialize};

use super::Compared;
use super::{NeedleView, SignedView, StudyKey};
use crate::findings::Answer;
use crate::formats::text::Preview;
use crate::model::{
    Annotation, Chart, Context, FilterChain, LaneSettings, QualityFlag, SegmentMeasurement, Side, SignalMeasurement, SignalTask, Span,
    Subject, SweepId, SweepMeasurement, Table, TestKind, TypedTest, Warning,
};
use crate::scene::body::Body;
use crate::scene::nerve_map::Map;
use crate::scene::root_table::RootTable;

/// Everything about a study that the page shows, but for samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyView {
    /// Handle.
    pub study: StudyKey,
    /// How many edits were asked for so far; those asked for later are not in this view.
    pub edits: u64,
    /// Names the content: the same for the same files, whatever they are called.
    pub key: String,
    /// Title, made of file names.
    pub title: String,
    /// The files that it was opened from.
    pub files: Vec<String>,
    /// Who was examined.
    pub subject: Subject,
    /// Recordings.
    pub recordings: Vec<RecordingView>,
    /// Nerve tests.
    pub tests: Vec<TestView>,
    /// What the tests that were measured say together: comparisons, left against right.
    pub together: Vec<Table>,
    /// What all of it says in one answer, once that was asked for ([`super::Request::Together`]).
    pub answer: Option<Answer>,
    /// And where on the map of nerves.
    pub maps: Vec<Map>,
    /// And where on the body.
    pub body: Option<Body>,
    /// Its muscles against their roots.
    pub root_tables: Vec<RootTable>,
    /// The table of the needle examination.
    pub needle: NeedleView,
    /// Title of the earlier study that it is held against, and what differs.
    pub earlier: Option<(String, Compared)>,
    /// The reader's own conclusion; empty: none written.
    pub impression: String,
    /// What the limits are called that values are held against.
    pub limits: String,
    /// Height, age and sex that limits are taken for: a person's entry, else the file's.
    pub person: PersonView,
    /// Reports that were signed.
    pub signed: Vec<SignedView>,
    /// The study as it stands is another than the one signed last.
    pub signed_differs: bool,
    /// How a text file was understood, for a person to check and correct.
    pub text: Option<Preview>,
    /// Stretches whose trains a person changed.
    pub stretches: Vec<StretchView>,
    /// What was odd in the files.
    pub warnings: Vec<Warning>,
    /// What undo would take back.
    pub undo: Option<String>,
    /// What redo would do again.
    pub redo: Option<String>,
    /// Edits were found in the browser's storage and applied.
    pub restored: bool,
}

/// What limits depend on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonView {
    /// Height, cm.
    pub height_cm: Option<f64>,
    /// Age, years.
    pub age_years: Option<f64>,
    /// `F`, `M` or empty.
    pub sex: String,
    /// Since the first symptom, weeks.
    pub onset_weeks: Option<f64>,
    /// Why the person was sent, and what else matters to the test.
    #[serde(default)]
    pub context: Context,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordingView {
    /// File names.
    pub name: String,
    /// Format.
    pub format: String,
    /// Start as ISO 8601.
    pub start: Option<String>,
    /// Free text.
    pub description: String,
    /// Where it begins, seconds: 0, or the time of a trigger later than the first sample, negative.
    pub start_s: f64,
    /// Length, seconds, gaps included.
    pub duration_s: f64,
    /// Uninterrupted stretches.
    pub spans: Vec<Span>,
    /// Names of all channels, for montages.
    pub channels: Vec<String>,
    /// Lanes in their order, the hidden ones included.
    pub lanes: Vec<LaneView>,
    /// Annotations.
    pub annotations: Vec<AnnotationView>,
    /// Extensions that the recording can be exported to.
    pub exports: Vec<String>,
}

/// One lane of the continuous view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneView {
    /// As a person set it.
    pub settings: LaneSettings,
    /// Name shown.
    pub name: String,
    /// Unit shown.
    pub unit: String,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stored samples.
    pub n: u64,
    /// Signal drawn.
    pub signal: u32,
    /// Filters in words, the amplifier's and the view's; empty when there are none.
    pub filter: String,
    /// The amplifier's own filters as the file or device states them.
    pub amplifier: String,
    /// Gain that suits the first stretch, units a division.
    pub suggested_gain: f64,
    /// Value that the lane is centred on, in its unit.
    pub middle: f64,
    /// Whether the lane shows a potential, which is drawn negative-up.
    pub potential: bool,
    /// Stored positive already means E1 negative.
    pub negative_up: bool,
}

/// An annotation with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnotationView {
    /// Number; stable while the study is open.
    pub id: usize,
    /// Content.
    pub annotation: Annotation,
    /// Added or changed by a person.
    pub by_person: bool,
}

/// A stretch of a lane and what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ActivityKey {
    /// Index of the recording.
    pub recording: usize,
    /// Channel.
    pub channel: usize,
    /// Channel subtracted from it.
    pub minus: Option<usize>,
    /// Stored values are turned over, so that negative is up.
    pub turned: bool,
    /// What is asked.
    pub task: SignalTask,
    /// First moment, seconds of recording time.
    pub from_s: f64,
    /// Last moment.
    pub to_s: f64,
}

/// A stretch whose trains a person changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StretchView {
    /// The stretch, and what was asked.
    pub key: ActivityKey,
    /// Name of its channel.
    pub lane: String,
}

/// What an analysis says of a stretch. Times are seconds of recording time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityView {
    /// Which stretch was analysed.
    pub key: ActivityKey,
    /// Nothing more is to come.
    pub done: bool,
    /// The trains are those that a person left.
    pub by_person: bool,
    /// What is known.
    pub measurement: SignalMeasurement,
}

/// One nerve test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestView {
    /// What was typed, where its values were.
    #[serde(default)]
    pub typed: Option<TypedTest>,
    /// Heading (`L Median motor (APB)`).
    pub title: String,
    /// Kind.
    pub kind: TestKind,
    /// Side.
    pub side: Option<Side>,
    /// Nerve.
    pub nerve: String,
    /// Recording site.
    pub recorded_from: String,
    /// Skin temperature, degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Filters that its sweeps are seen through.
    pub filter: FilterChain,
    /// Filters that are customary for its study, Hz.
    pub customary_hz: Option<[f64; 2]>,
    /// Sites, distal first.
    pub sites: Vec<SiteView>,
    /// Stored values are turned over for display and measurement.
    pub turned: bool,
    /// The study of the clinic that it is: confirmed by a person, or clear from nerve and
    /// recording.
    pub study: Option<StudyChoice>,
    /// Studies that it may be, likeliest first: id, name, why.
    pub guesses: Vec<StudyGuess>,
    /// What was measured beside its limits.
    pub judged: Vec<JudgedValue>,
    /// Whether measurements are there (they come with [`Event::Sweeps`]).
    pub measured: bool,
    /// Of a cold limb: what its values might be in a warm one.
    pub warmed: Vec<WarmedValue>,
    /// Values of the test as a whole that have no table, in words (`Residual latency 2.07 ms`).
    pub derived: Vec<String>,
    /// Tables of its values.
    pub tables: Vec<Table>,
    /// And as charts.
    pub charts: Vec<Chart>,
    /// What weakens the test as a whole.
    pub quality: Vec<QualityFlag>,
}

/// The study that a test is taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyChoice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A person said so.
    pub confirmed: bool,
    /// Distance that its limits are made for, mm.
    pub distal_mm: Option<f64>,
}

/// A study that a test may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyGuess {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What speaks for it.
    pub why: String,
}

/// A value beside its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedValue {
    /// Site, or proximal site of a segment; `None`: of the whole test.
    pub site: Option<usize>,
    /// Measure (`onset_latency`).
    pub measure: String,
    /// The value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// Unit of both.
    pub unit: String,
    /// Values above the limit are abnormal (else below).
    pub upper: bool,
    /// Beyond the limit.
    pub abnormal: bool,
    /// Why the limit is to be taken with care; empty: verified.
    pub doubt: String,
    /// Where it is published.
    pub source: String,
}

/// A value of a cold limb, and what it might be in a warm one: an estimate that nothing is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WarmedValue {
    /// Name of the site, or of the proximal site of a segment.
    pub site: String,
    /// Measure (`onset_latency`).
    pub measure: String,
    /// As measured.
    pub value: f64,
    /// What it might be at `to_c`.
    pub estimate: f64,
    /// Unit of both.
    pub unit: String,
    /// Skin temperature, degrees Celsius.
    pub from_c: f64,
    /// Temperature that the factor is made for.
    pub to_c: f64,
    /// Change a degree.
    pub per_c: f64,
    /// Where the factor is published.
    pub source: String,
    /// It was not read again there.
    pub unverified: bool,
}

impl WarmedValue {
    /// `Onset latency (Wrist) 4.6 ms at 30.0 °C, estimated 4.0 ms at 33 °C`.
    pub fn words(&self) -> String {
        let measure = self.measure.replace('_', " ");
        let place = if self.site.is_empty() { String::new() } else { format!(" ({})", self.site) };
        let decimals = if self.unit == "ms" { 1 } else { 0 };
        let Self { value, estimate, unit, from_c, to_c, .. } = self;
        format!(
            "{measure}{place} {value:.decimals$} {unit} at {from_c:.1} \u{b0}C, estimated {estimate:.decimals$} {unit} at {to_c:.0} \u{b0}C"
        )
    }
}

/// One stimulation site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteView {
    /// Name.
    pub name: String,
    /// Distance to the next more distal site, mm.
    pub distance_mm: Option<f64>,
    /// Distance typed here by a person.
    pub distance_by_person: bool,
    /// The average of its sweeps, when the analysis made one.
    pub average: Option<SweepView>,
    /// Sweeps.
    pub sweeps: Vec<SweepView>,
    /// The one that the site counts with; none where that is an average, or nothing was found.
    pub counts: Option<SweepId>,
    /// Values against the next more distal site.
    pub segment: Option<SegmentMeasurement>,
}

/// One sweep in the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepView {
    /// Number.
    pub id: SweepId,
    /// `42 mA, 0.2 ms`, or empty.
    pub stimulus: String,
    /// Measurement; `None` while not measured.
    pub measurement: Option<SweepMeasurement>,
    /// Declared by a person to have no response.
    pub no_response: bool,
}

/// What a sweep buffer holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepData {
    /// Number.
    pub id: SweepId,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample.
    pub stimulus_s: Option<f64>,
    /// Unit of the values: `µV` for potentials.
    pub unit: String,
    /// Filters in words.
    pub filter: String,
    /// What the amplifier does not record of the band that the study wants; empty: nothing.
    pub narrower: String,
}
