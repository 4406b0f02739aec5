//! What can be asked of the engine.

use serde::{Deserialize, Serialize};

use super::{ActivityKey, Edit, Leaving, PastDivision, ReportForm, ReportWanted, SpectrogramKey, Store, StudyKey, TriggeredKey};
use crate::formats::OpenOptions;
use crate::model::Subject;
use crate::scene::tiles::TileKey;

/// What can be asked of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Open the files that come beside this message.
    Open {
        /// What a person said about them.
        options: OpenOptions,
    },
    /// Use a laboratory's own limits, kept from an earlier session, or the published ones again.
    UseLimits {
        /// What the table is called.
        name: String,
        /// The table; `None`: the published limits.
        text: Option<String>,
    },
    /// Put a letterhead on reports, kept from an earlier session, or none.
    UseLetterhead {
        /// Name of its file.
        name: String,
        /// The file; `None`: no letterhead.
        text: Option<String>,
    },
    /// A letterhead to begin with.
    ExportLetterhead,
    /// The published limits as a table.
    ExportLimits,
    /// Compute limits of normal from the past studies that come beside this message; answered by
    /// [`Event::Past`](super::Event::Past), at last with rows.
    GatherPast {
        /// How people are divided.
        division: PastDivision,
    },
    /// Divide the people of those studies otherwise.
    DividePast {
        /// How.
        division: PastDivision,
    },
    /// Forget them, and read no more.
    ForgetPast,
    /// The limits that were accepted, as a table.
    PastTable {
        /// What the table is called.
        name: String,
        /// Indices of the accepted rows.
        accepted: Vec<usize>,
        /// Use it from now on, as [`Request::UseLimits`] does; else it comes as a file.
        keep: bool,
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
    /// Hold a study against an earlier one of the same person that is open as well, or no longer; in the
    /// view from then on.
    Against {
        /// Which study.
        study: StudyKey,
        /// The earlier one.
        earlier: Option<StudyKey>,
    },
    /// Analyse a stretch of a lane; answered by [`Event::Activity`](super::Event::Activity), at last
    /// with `done`. What was under way is dropped.
    Analyse {
        /// Of which study.
        study: StudyKey,
        /// What of it.
        key: ActivityKey,
    },
    /// Muscles that fit what was typed; when nothing was, those that the labels of a recording and
    /// channel name. Answered by [`Event::Muscles`](super::Event::Muscles).
    Muscles {
        /// Of which study.
        study: StudyKey,
        /// Name, other name, nerve, root, with L or R for the side; `name / nerve / roots` defines one
        /// that is not in the list.
        typed: String,
        /// Recording and channel whose labels may tell.
        at: Option<(usize, usize)>,
    },
    /// The table of muscles as a JSON file, with the edits that the command line reads.
    ExportNeedle {
        /// Of which study.
        study: StudyKey,
    },
    /// Sweeps around the discharges of a train, or where a signal passes a level.
    Triggered {
        /// Of which study.
        study: StudyKey,
        /// Which.
        key: TriggeredKey,
    },
    /// Power over time and frequency.
    Spectrogram {
        /// Of which study.
        study: StudyKey,
        /// Of what.
        key: SpectrogramKey,
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
        /// File name extension of the format: `edf`, `bdf`, `wav`, `csv`, `hea`, `dcm`.
        extension: String,
        /// With what.
        #[serde(default)]
        leaving: Leaving,
    },
    /// What a study file would hold; answered by [`Event::Leaving`](super::Event::Leaving).
    Leaving {
        /// Which study.
        study: StudyKey,
        /// With what.
        leaving: Leaving,
    },
    /// A study without a recording, as a study file to be opened; answered by [`Event::Begun`](super::Event::Begun).
    Begin {
        /// Who is examined.
        subject: Subject,
        /// The moment, as the surroundings' clock says: tells such studies apart.
        at: String,
    },
    /// The whole study as one file; answered by [`Event::Exported`](super::Event::Exported).
    Pack {
        /// Which study.
        study: StudyKey,
        /// With what.
        leaving: Leaving,
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
    /// A report as a file; answered by [`Event::Exported`](super::Event::Exported).
    Report {
        /// Of which study.
        study: StudyKey,
        /// Which.
        wanted: ReportWanted,
        /// Written how.
        form: ReportForm,
    },
    /// What a PDF is made of, for whoever makes it; answered by [`Event::Material`](super::Event::Material).
    Material {
        /// Of which study.
        study: StudyKey,
        /// Which report.
        wanted: ReportWanted,
    },
    /// A report to look at; answered by [`Event::Preview`](super::Event::Preview).
    Preview {
        /// Of which study.
        study: StudyKey,
        /// Which.
        wanted: ReportWanted,
    },
    /// `info --json`, `measure --json` and, of the analysis that was done last, `analyse --json`, as the
    /// command line prints them.
    Json {
        /// Of which study.
        study: StudyKey,
    },
    /// Kinds of devices that can be recorded from; answered by [`Event::Devices`](super::Event::Devices).
    Devices,
    /// What can be examined under guidance; answered by [`Event::Runs`](super::Event::Runs).
    Runs,
    /// Nerve tests whose values may be typed; answered by [`Event::Nerves`](super::Event::Nerves).
    Nerves,
    /// A recording may begin: entries of its raw log come by the port beside this request.
    Record,
    /// Whoever wrote the raw log is gone: the study of the recording stays as it is.
    CutOff,
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
