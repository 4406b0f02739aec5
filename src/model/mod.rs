//! What a study is: plain data with serde, no behaviour beyond its own invariants.
//!
//! A [`Study`] holds recordings (what was acquired, immutable) and an examination (which nerve,
//! which site, which sweep). What a person does to it stands apart in [`Edits`], so that the
//! acquired part never changes and every edit can be undone.

mod activity;
mod context;
mod edits;
mod examination;
mod excitability;
mod findings;
mod late;
mod marker;
mod measurement;
pub mod muscle_grid;
mod muscles;
pub mod needle;
mod recording;
mod samples;
mod signed;
mod study;
mod summary;
mod table;
mod trains;
mod typed;
mod unit_number;

pub use activity::{ActivityClass, Editable, EventTrain, SignalMeasurement, SignalTask};
pub use context::{Context, LONGEST_CONTEXT, Sided};
pub use edits::{AnnotationEdit, DerivedTest, Edits, FilterChain, LaneSettings, LineFilter, PlacedMarker, SiteEdits, TestEdits};
pub use examination::{Examination, NerveTest, Side, Site, Stimulus, Sweep, SweepId, TestKind};
pub use excitability::{Electrotonus, Excitability, ScanPoint};
pub use findings::{FoundUnit, NeedleFindings, PatternFound, PatternWord, RestSite, SHAPE_STEP_MS, Seen, UnitsFound};
pub use late::{
    AWaveSummary, BlinkSide, BlinkSummary, FWaveSite, FWaveSummary, HLevel, HReflexSummary, LateSide, LateSummary, MepSide, MepSummary,
    RepetitiveSummary, RrPart, RrSummary, SympatheticSummary, TrainSummary,
};
pub use marker::{MarkerKind, MarkerOrigin};
pub use measurement::{
    Finding, LateKind, LateResponse, MISSING_SAMPLES, QualityFlag, QualityKind, Response, SegmentMeasurement, SweepMeasurement,
    TestMeasurement, average_id, averaged_site,
};
pub use muscles::{MuscleColumn, MuscleRow, MuscleStretch, OwnMuscle, StretchOrigin, WhichMuscle};
pub use recording::{Annotation, Channel, Recording, Scale, Span, StartTime, Timeline};
pub use samples::{InMemory, PendingAnnotations, SampleError, Samples, ScanProgress};
pub use signed::{Nameless, SignedReport, SignedVersion};
pub use study::{Study, Subject, Warning};
pub use summary::{MotorSummary, SensorySite, SensorySummary, Summary};
pub use table::{Axis, Cell, Chart, ChartLine, Column, Series, SeriesLook, Table, TableRow};
pub use trains::{EditedTrain, PotentialMark, ShownMark, ShownPotential, TrainChange, TrainEdits};
pub use typed::{MOST_TYPED_SITES, MOST_TYPED_TESTS, TypedColumn, TypedSite, TypedTest, typed_sweep, typed_test};
pub use unit_number::{ExcitabilitySummary, ExcitabilityValue, MunixSummary, ScanSummary, UnitCount};
