//! What the engine says, and the buffers beside it.

use serde::{Deserialize, Serialize};

use super::{
    ActivityView, DeviceKind, Grown, GuideView, LeavingView, LiveView, MuscleChoice, NerveChoice, PastView, ReportMaterial, ReportWanted,
    RunChoice, SpectrogramView, StudyKey, StudyView, SweepData, TriggeredView,
};
use crate::formats::text::Preview;
use crate::formats::{OpenOptions, ReadError};
use crate::model::{Side, Warning};
use crate::scene::tiles::TileKey;

/// What the surroundings keep for a study between sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// A person's edits, as JSON.
    Edits,
    /// The min/max pyramids of all channels.
    Pyramid,
}

/// A laboratory's own limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsView {
    /// Their name.
    pub name: String,
    /// How many.
    pub rows: usize,
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
        preview: Option<Preview>,
    },
    /// A study changed.
    Changed {
        /// The study.
        view: StudyView,
    },
    /// Which limits of normal are in use.
    Limits {
        /// The file that they are from.
        file: String,
        /// The laboratory's own.
        own: Option<LimitsView>,
        /// What the published ones are called, which hold for all other studies.
        published: String,
        /// Rows that were left out, and why.
        problems: Vec<String>,
        /// The table, to be kept for the next session; `None`: none is to be kept.
        text: Option<String>,
    },
    /// Past studies, as far as they are read.
    Past {
        /// What is known.
        view: PastView,
    },
    /// Kinds of devices that can be recorded from.
    Devices {
        /// Which, in the order in which they are asked.
        list: Vec<DeviceKind>,
    },
    /// Nerve tests whose values may be typed.
    Nerves {
        /// Which.
        list: Vec<NerveChoice>,
    },
    /// What can be examined under guidance.
    Runs {
        /// Which.
        list: Vec<RunChoice>,
    },
    /// A recording that runs has more samples.
    Grown {
        /// Its study.
        study: StudyKey,
        /// How far each recording has come.
        recordings: Vec<Grown>,
    },
    /// How a recording that runs stands.
    Live {
        /// How.
        view: LiveView,
    },
    /// The study of a recording that runs, and where guided nerve conduction stands in it.
    LiveStudy {
        /// The study.
        study: StudyKey,
        /// The run under way.
        guide: Option<GuideView>,
    },
    /// Nothing more is acquired, and the raw log is closed.
    LiveClosed {
        /// Samples came.
        recorded: bool,
        /// All of it is on the disk.
        stored: bool,
    },
    /// The study of a recording is complete.
    LiveEnded {
        /// Its study, if any sample came.
        study: Option<StudyKey>,
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
    /// What an analysis of a continuous signal has found so far.
    Activity {
        /// Of which study.
        study: StudyKey,
        /// The findings.
        view: ActivityView,
    },
    /// Answer to [`Request::Muscles`](super::Request::Muscles).
    Muscles {
        /// What was typed.
        typed: String,
        /// Side that it names, or the labels do.
        side: Option<Side>,
        /// Muscles, the best first.
        list: Vec<MuscleChoice>,
    },
    /// Answer to [`Request::Triggered`](super::Request::Triggered).
    Triggered {
        /// Of which study.
        study: StudyKey,
        /// What the buffer holds.
        view: TriggeredView,
    },
    /// Answer to [`Request::Spectrogram`](super::Request::Spectrogram).
    Spectrogram {
        /// Of which study.
        study: StudyKey,
        /// What the buffer holds.
        view: SpectrogramView,
    },
    /// Answer to [`Request::Snap`].
    Snapped {
        /// Where the peak is, seconds of recording time.
        time_s: f64,
        /// Its value in the signal's unit.
        value: f64,
    },
    /// What is being opened takes long.
    Opening {
        /// Done, bytes.
        done: u64,
        /// All, bytes.
        total: u64,
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
    /// Reports carry another letterhead from now on, or none.
    Letterhead {
        /// Name of the clinic.
        name: Option<String>,
        /// Name of its file.
        file: String,
        /// The file, to be kept.
        text: Option<String>,
    },
    /// Studies that this browser keeps, latest first.
    Recent {
        /// The list.
        list: Vec<RecentStudy>,
    },
    /// Recordings that were cut off and are whole but for their last moment.
    Rescued {
        /// Which.
        list: Vec<RecentStudy>,
    },
    /// Exported files are in the buffers.
    Exported {
        /// Their names.
        names: Vec<String>,
        /// What could not be kept.
        warnings: Vec<Warning>,
    },
    /// The file of a study without a recording is in the buffer.
    Begun {
        /// Its name.
        name: String,
    },
    /// What a study file will hold.
    Leaving {
        /// Of which study.
        study: StudyKey,
        /// What.
        view: LeavingView,
    },
    /// A report as it looks on its page; the style sheet of reports is the page's own.
    Preview {
        /// Of which study.
        study: StudyKey,
        /// Which.
        wanted: ReportWanted,
        /// Elements, all text in them escaped.
        html: String,
    },
    /// What a PDF is made of, with the sweeps in the buffers.
    Material {
        /// It.
        material: ReportMaterial,
    },
    /// Answer to [`Request::Json`].
    Json {
        /// As `myoscope info --json` prints it.
        info: String,
        /// As `myoscope measure --json` prints it.
        measure: String,
        /// As `myoscope analyse --json` prints it: the analysis in view, once it is done.
        analyse: Option<String>,
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
