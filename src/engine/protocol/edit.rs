//! The changes that a person makes.

use serde::{Deserialize, Serialize};

use super::{ActivityKey, MuscleEdit, TypedEdit};
use crate::model::{Annotation, Context, DerivedTest, FilterChain, LaneSettings, MarkerKind, Side, SweepId, TestKind, TrainChange};

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
    /// The reader's own conclusion.
    Impression {
        /// Text; empty takes it away.
        text: String,
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
        /// Since the first symptom, weeks.
        onset_weeks: Option<f64>,
        /// Age, years; `None`: as the file says.
        age_years: Option<f64>,
        /// `F`, `M`; `None`: as the file says.
        sex: Option<String>,
    },
    /// Why the person was sent, and what else matters to the test; a day of the first symptom sets the
    /// weeks since then, where the day of the test is known.
    Context {
        /// All of it.
        context: Box<Context>,
    },
    /// Sign the report of the study as it stands, which freezes it. It is no step that undo takes back.
    Sign {
        /// Name.
        signer: String,
        /// Title or role; may be empty.
        role: String,
        /// ISO 8601 with the offset from UTC.
        at: String,
        /// What was changed since the last signed version and why; needed when there is one.
        why: String,
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
        /// Filters; `None`: those that are customary for each test.
        filter: Option<FilterChain>,
    },
    /// Change the trains of an analysed stretch; seconds of recording time.
    Trains {
        /// The stretch, as [`ActivityView::key`](super::ActivityView::key) has it.
        key: ActivityKey,
        /// How.
        change: TrainChange,
    },
    /// Values of nerve tests that are typed.
    Typed {
        /// What is done.
        change: TypedEdit,
    },
    /// The table of the needle examination.
    Muscles {
        /// What is done to it.
        change: MuscleEdit,
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
            Self::Context { .. } => "patient and question".into(),
            Self::Sign { .. } => "sign".into(),
            Self::Impression { .. } => "conclusion".into(),
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
            Self::Trains { change, .. } => change.label(),
            Self::Typed { .. } => "typed values".into(),
            Self::Muscles { change } => change.label(),
        }
    }
}
