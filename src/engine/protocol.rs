//! The engine's only door: requests in, events out. Plain serde types, the same for the page, for
//! scripts and for tests; samples and files travel beside them as buffers.

pub mod scenes;

use serde::{Deserialize, Serialize};

use crate::formats::{OpenOptions, ReadError};
use crate::model::{
    Annotation, Chart, DerivedTest, FilterChain, LaneSettings, MarkerKind, QualityFlag, SegmentMeasurement, Side, Span, Subject, SweepId,
    SweepMeasurement, Table, TestKind, Warning,
};

pub use crate::formats::OpenOptions as TextOptions;
pub use crate::formats::text::Preview as TextPreview;
pub use crate::scene::tiles::TileKey;

/// Ending of the key under which kept edits are put aside that could not be read.
pub const UNREADABLE: &str = ".unreadable";

/// Handle of an open study.
pub type StudyKey = u32;

/// What can be asked of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Open the files that come beside this message.
    Open {
        /// What a person said about them.
        options: OpenOptions,
    },
    /// Open a simulated study.
    OpenDemo {
        /// Which ([`demos`]).
        demo: String,
    },
    /// Answer to [`Event::Fetch`]; the bytes come beside this message, or nothing.
    Fetched {
        /// For which study.
        study: StudyKey,
        /// What was fetched.
        store: Store,
    },
    /// Forget a study.
    Close {
        /// Which.
        study: StudyKey,
    },
    /// Change a study.
    Edit {
        /// Which.
        study: StudyKey,
        /// How.
        edit: Edit,
        /// Edits of one gesture (a drag) share a number and are undone together.
        gesture: Option<u32>,
    },
    /// Take the last edit back.
    Undo {
        /// In which study.
        study: StudyKey,
    },
    /// Make it again.
    Redo {
        /// In which study.
        study: StudyKey,
    },
    /// Values to draw.
    Tiles {
        /// Of which study.
        study: StudyKey,
        /// Which tiles.
        keys: Vec<TileKey>,
    },
    /// The sweeps of a test and its measurements.
    Sweeps {
        /// Of which study.
        study: StudyKey,
        /// Index of the test.
        test: usize,
    },
    /// Measure every test, so that what they say together is known.
    Together {
        /// Of which study.
        study: StudyKey,
    },
    /// Nearest peak to a moment.
    Snap {
        /// Of which study.
        study: StudyKey,
        /// Signal looked at.
        signal: u32,
        /// Seconds of recording time.
        time_s: f64,
        /// Look this far to both sides, seconds.
        within_s: f64,
    },
    /// The recording as a file.
    Export {
        /// Of which study.
        study: StudyKey,
        /// Index of the recording.
        recording: usize,
        /// File name extension of the format: `edf`, `bdf`, `wav`, `csv`, `hea`.
        extension: String,
    },
    /// What is in view, as CSV.
    ExportView {
        /// Of which study.
        study: StudyKey,
        /// Index of the recording.
        recording: usize,
        /// First moment, seconds.
        from_s: f64,
        /// Last moment, seconds.
        to_s: f64,
    },
    /// `info --json` and `measure --json`, as the command line prints them.
    Json {
        /// Of which study.
        study: StudyKey,
    },
    /// The list of kept studies; answered by the surroundings with [`Event::Recent`].
    Recent,
    /// Open a kept study again; answered by the surroundings.
    Reopen {
        /// Its key.
        key: String,
    },
    /// Forget a kept study, its edits included; answered by the surroundings.
    Forget {
        /// Its key.
        key: String,
    },
    /// Stop the task that runs for a study.
    Cancel {
        /// Which study.
        study: StudyKey,
    },
}

/// Simulated studies that can be opened: id and name.
pub fn demos() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::simulate::DEMOS.iter().copied()
}

/// What the surroundings keep for a study between sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// A person's edits, as JSON.
    Edits,
    /// The min/max pyramids of all channels.
    Pyramid,
}

/// A change that a person makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// Put a marker somewhere.
    MoveMarker {
        /// Sweep.
        sweep: SweepId,
        /// Marker.
        kind: MarkerKind,
        /// Seconds after the first sample of the sweep.
        at_s: f64,
    },
    /// Give a marker back to the program.
    ResetMarker {
        /// Sweep.
        sweep: SweepId,
        /// Marker.
        kind: MarkerKind,
    },
    /// Copy the markers of one sweep onto another.
    CopyMarkers {
        /// From.
        from: SweepId,
        /// To.
        to: SweepId,
    },
    /// Declare that there is no response, or take that back.
    NoResponse {
        /// Sweep.
        sweep: SweepId,
        /// Declared.
        on: bool,
    },
    /// Leave a sweep out of averages and summaries, or take it in whatever the analysis thinks.
    LeaveOut {
        /// Sweep.
        sweep: SweepId,
        /// Left out.
        out: bool,
    },
    /// Who is examined, as far as limits need it.
    Person {
        /// Height, cm; `None`: as the file says.
        height_cm: Option<f64>,
        /// Age, years; `None`: as the file says.
        age_years: Option<f64>,
        /// `F`, `M`; `None`: as the file says.
        sex: Option<String>,
    },
    /// Set the moment of the stimulus.
    Stimulus {
        /// Sweep.
        sweep: SweepId,
        /// Seconds after its first sample; `None` takes it back.
        at_s: Option<f64>,
    },
    /// Distance of a site to the next more distal one.
    Distance {
        /// Index of the test.
        test: usize,
        /// Index of the site.
        site: usize,
        /// Millimetres; `None` takes it away.
        distance_mm: Option<f64>,
    },
    /// Name of a site.
    SiteName {
        /// Index of the test.
        test: usize,
        /// Index of the site.
        site: usize,
        /// Name.
        name: String,
    },
    /// What a test is.
    Test {
        /// Index of the test.
        test: usize,
        /// Kind.
        kind: TestKind,
        /// Side.
        side: Option<Side>,
        /// Nerve.
        nerve: String,
        /// Recording site.
        recorded_from: String,
        /// Skin temperature, degrees Celsius.
        temperature_c: Option<f64>,
    },
    /// Confirm that a test is a study of the clinic: its nerve, recording and sites get the
    /// study's names, and its limits apply.
    Assign {
        /// Index of the test.
        test: usize,
        /// The study (`median_motor_apb`); `None`: none of those known.
        study: Option<String>,
        /// Side.
        side: Option<Side>,
    },
    /// Polarity of a test.
    Polarity {
        /// Index of the test.
        test: usize,
        /// Stored positive means that E1 is positive.
        turned: bool,
    },
    /// Make a test out of channels or annotations.
    DeriveTest {
        /// How.
        test: DerivedTest,
    },
    /// Add an annotation.
    AddAnnotation {
        /// Index of the recording.
        recording: usize,
        /// Its content.
        annotation: Annotation,
    },
    /// Change or delete an annotation.
    SetAnnotation {
        /// Index of the recording.
        recording: usize,
        /// Its number ([`AnnotationView::id`]).
        id: usize,
        /// New content; `None` deletes it.
        annotation: Option<Annotation>,
    },
    /// Order, names, filters, gains and montage of the lanes of a recording.
    Lanes {
        /// Index of the recording.
        recording: usize,
        /// All its lanes.
        lanes: Vec<LaneSettings>,
        /// What was changed, for the undo button (`filter`, `order`).
        what: String,
    },
    /// Filters of the sweep view.
    SweepFilter {
        /// Filters.
        filter: FilterChain,
    },
}

impl Edit {
    /// The edit in a few words, for undo and redo.
    pub fn label(&self) -> String {
        match self {
            Self::MoveMarker { kind, .. } => format!("move {}", kind.name().to_lowercase()),
            Self::ResetMarker { kind, .. } => format!("reset {}", kind.name().to_lowercase()),
            Self::CopyMarkers { .. } => "copy markers".into(),
            Self::NoResponse { .. } => "no response".into(),
            Self::LeaveOut { out: true, .. } => "leave sweep out".into(),
            Self::LeaveOut { .. } => "take sweep in".into(),
            Self::Person { .. } => "height and age".into(),
            Self::Stimulus { .. } => "stimulus time".into(),
            Self::Distance { .. } => "distance".into(),
            Self::SiteName { .. } => "site name".into(),
            Self::Test { .. } => "test details".into(),
            Self::Assign { .. } => "assign study".into(),
            Self::Polarity { .. } => "polarity".into(),
            Self::DeriveTest { .. } => "make sweeps".into(),
            Self::AddAnnotation { .. } => "add annotation".into(),
            Self::SetAnnotation { annotation: None, .. } => "delete annotation".into(),
            Self::SetAnnotation { .. } => "change annotation".into(),
            Self::Lanes { what, .. } => what.clone(),
            Self::SweepFilter { .. } => "filter".into(),
        }
    }
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A study was opened.
    Opened {
        /// The study.
        view: StudyView,
    },
    /// A file was not opened.
    Refused {
        /// Its name.
        file: String,
        /// Why.
        error: ReadError,
        /// The same in a sentence.
        words: String,
        /// For text files whose reading is not certain: what was guessed, to be confirmed.
        preview: Option<crate::formats::text::Preview>,
    },
    /// A study changed.
    Changed {
        /// The study.
        view: StudyView,
    },
    /// Values to draw are in the buffers, one a key.
    Tiles {
        /// Of which study.
        study: StudyKey,
        /// Which; the flag tells whether the tile is final or still being filled.
        tiles: Vec<(TileKey, bool)>,
    },
    /// Sweeps are in the buffers, one a sweep, in microvolts (or the channel's unit).
    Sweeps {
        /// Of which study.
        study: StudyKey,
        /// Index of the test.
        test: usize,
        /// What the buffers are.
        sweeps: Vec<SweepData>,
    },
    /// Answer to [`Request::Snap`].
    Snapped {
        /// Where the peak is, seconds of recording time.
        time_s: f64,
        /// Its value in the signal's unit.
        value: f64,
    },
    /// A long task goes on.
    Progress {
        /// Of which study.
        study: StudyKey,
        /// What is being done.
        what: String,
        /// Done, in bytes or samples.
        done: u64,
        /// All.
        total: u64,
    },
    /// A long task ended (also when cancelled).
    Finished {
        /// Of which study.
        study: StudyKey,
        /// Whether it was cancelled.
        cancelled: bool,
    },
    /// Please fetch what is kept under `key` and answer with [`Request::Fetched`].
    Fetch {
        /// For which study.
        study: StudyKey,
        /// What.
        store: Store,
        /// Key.
        key: String,
    },
    /// Please keep the first buffer under `key`.
    Keep {
        /// For which study.
        study: StudyKey,
        /// What.
        store: Store,
        /// Key.
        key: String,
    },
    /// Answer of the surroundings to [`Event::Keep`]: kept, or why not.
    Kept {
        /// For which study.
        study: StudyKey,
        /// What.
        store: Store,
        /// Why it was not kept.
        error: Option<String>,
    },
    /// Studies that this browser keeps, latest first.
    Recent {
        /// The list.
        list: Vec<RecentStudy>,
    },
    /// Exported files are in the buffers.
    Exported {
        /// Their names.
        names: Vec<String>,
        /// What could not be kept.
        warnings: Vec<Warning>,
    },
    /// Answer to [`Request::Json`].
    Json {
        /// As `myoscope info --json` prints it.
        info: String,
        /// As `myoscope measure --json` prints it.
        measure: String,
    },
    /// Something asked for could not be done.
    Failed {
        /// What and why, in plain words.
        what: String,
    },
}

/// A study that the browser keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecentStudy {
    /// Key.
    pub key: String,
    /// Title.
    pub title: String,
    /// What it holds, in words.
    pub content: String,
    /// Last opened, ms since 1970 (the surroundings' clock).
    pub opened_ms: f64,
    /// Size of its files, bytes.
    pub size: f64,
    /// Whether the files themselves are kept, so that it opens at once.
    pub with_files: bool,
    /// What a person said about the files when opening them.
    pub options: OpenOptions,
}

/// An event with what travels beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The event.
    pub event: Event,
    /// Its buffers.
    pub buffers: Vec<Buffer>,
}

/// A buffer beside a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Buffer {
    /// Values.
    F32(Vec<f32>),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<Event> for Output {
    fn from(event: Event) -> Self {
        Self { event, buffers: Vec::new() }
    }
}

/// Everything about a study that the page shows, but for samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyView {
    /// Handle.
    pub study: StudyKey,
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
    /// Height, age and sex that limits are taken for: a person's entry, else the file's.
    pub person: PersonView,
    /// Filters of the sweep view.
    pub sweep_filter: FilterChain,
    /// How a text file was understood, for a person to check and correct.
    pub text: Option<TextPreview>,
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

/// One nerve test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestView {
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
}
