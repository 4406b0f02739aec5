//! What the page knows: signals that components read, and the tiles that pictures are drawn from.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;

use super::ahead::Ahead;
use super::live::Live;
use super::needle_table::{Grid, MuscleFor};
use super::pdf::PdfMaker;
pub use super::selection::Selection;
use super::sound::Sound;
use super::spectrogram::Spectrum;
pub use super::theme_choice::ThemeChoice;
use super::tile_store::Tiles;
use super::trains::Chosen;
use super::triggered::Triggered;
use crate::engine::protocol::{
    ActivityView, LeavingView, LimitsView, NerveChoice, PastDivision, PastView, RecentStudy, RecordingView, ReportDepth, ReportWanted,
    Request, StudyKey, StudyView, SweepData, TestView,
};
use crate::model::{MarkerKind, SignalTask, TestKind};
use crate::scene::sweeps::Arrangement;
use crate::scene::theme::{self, Theme};
use crate::web::link::Link;
use crate::web::page;

/// A message that stays until it is answered or dismissed.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Number.
    pub id: u32,
    /// `abn` (refused), `doubt` (read with a warning), `person` (done), `live` (rescued, update).
    pub look: &'static str,
    /// What it is about.
    pub title: String,
    /// The rest.
    pub text: String,
}

/// A long task.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// In which study.
    pub study: StudyKey,
    /// What.
    pub what: String,
    /// 0 to 1.
    pub done: f64,
}

/// Whether the last edit is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// Nothing was edited.
    Nothing,
    /// Stored, at this time of day.
    Stored(String),
    /// Not stored, and why.
    Failed(String),
}

/// Which dialog is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// All keys.
    Keys,
    /// Filters of the selected lane, of all lanes, or of sweeps.
    Filter,
    /// A device that a person describes: a new one, or the one of this name.
    Device(Option<String>),
    /// Order, names, visibility, montage of lanes.
    Lanes,
    /// An annotation: its number, or a new one at a moment.
    Annotation(Option<usize>, f64),
    /// What a test is.
    Test(usize),
    /// Which study of the clinic a test is.
    Assign(usize),
    /// Which muscle.
    Muscle(MuscleFor),
    /// Which nerve is examined under guidance.
    Guide,
    /// Limits computed from past studies.
    Past,
    /// Who is examined, and why.
    Person,
    /// A test to compare with.
    Compare,
    /// Make sweeps out of channels or annotations.
    Sweeps,
    /// Files to save.
    Export,
    /// The study as one file.
    Share,
    /// Which nerve values are typed of.
    TypeNerve,
    /// A study without a recording.
    Begin,
    /// The report.
    Report(ReportDepth),
    /// How a text file is to be read.
    Text(TextQuestion),
}

/// A text file whose reading is not certain.
#[derive(Debug, Clone, PartialEq)]
pub struct TextQuestion {
    /// Name.
    pub file: String,
    /// The guess.
    pub preview: crate::engine::protocol::TextPreview,
}

/// The continuous view of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuous {
    /// Left edge, seconds.
    pub from_s: f64,
    /// Seconds in view.
    pub span_s: f64,
    /// Selected lane, among the visible ones.
    pub lane: Option<usize>,
    /// Cursors, seconds.
    pub cursors: [Option<f64>; 2],
    /// Which cursor keys move.
    pub cursor: usize,
    /// Negative values upwards.
    pub negative_up: bool,
    /// Selected annotation.
    pub annotation: Option<usize>,
}

/// The view of sweeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweeps {
    /// Seconds after the stimulus at the left edge.
    pub from_s: f64,
    /// Seconds in view; 0 until the first sweeps are there.
    pub span_s: f64,
    /// Selected row.
    pub row: usize,
    /// Selected marker.
    pub marker: Option<MarkerKind>,
    /// Arrangement.
    pub arrangement: Arrangement,
    /// Gain of all rows, microvolts (or units) a division; `None`: chosen.
    pub gain: Option<f64>,
    /// Gains of single rows, by sweep, relative to the others' (steps).
    pub row_gain: HashMap<usize, i32>,
    /// Cursors, seconds after the stimulus.
    pub cursors: [Option<f64>; 2],
    /// Single sweeps in place of averages.
    pub singles: bool,
    /// A test whose traces are drawn behind: study and index.
    pub compare: Option<(StudyKey, usize)>,
}

/// Sweeps of the selected test with their values.
#[derive(Default)]
pub struct SweepValues {
    /// Of which test.
    pub test: Option<usize>,
    /// What they are, with values.
    pub sweeps: Vec<(SweepData, Vec<f32>)>,
    /// Those of the test compared with.
    pub behind: Vec<(SweepData, Vec<f32>)>,
}

/// The page's state. Copyable; everything in it is shared.
#[derive(Clone, Copy)]
pub struct App {
    pub studies: RwSignal<Vec<StudyView>>,
    /// Edits that have no answer yet.
    pub ahead: StoredValue<Ahead>,
    pub active: RwSignal<Option<StudyKey>>,
    pub selection: RwSignal<Selection>,
    pub notices: RwSignal<Vec<Notice>>,
    pub progress: RwSignal<Option<Progress>>,
    pub opening: RwSignal<bool>,
    /// How much of what is being opened has been read, 0 to 1, where that is told.
    pub opening_part: RwSignal<Option<f64>>,
    pub saved: RwSignal<Saved>,
    pub dialog: RwSignal<Option<Dialog>>,
    pub theme: RwSignal<ThemeChoice>,
    pub continuous: RwSignal<Continuous>,
    pub sweeps: RwSignal<Sweeps>,
    pub sound: Sound,
    /// The recording that runs.
    pub live: Live,
    /// The selected lane as sweeps.
    pub triggered: Triggered,
    /// Its spectrogram.
    pub spectrum: Spectrum,
    /// What is asked of the selected lane.
    pub task: RwSignal<Option<SignalTask>>,
    /// And what was found.
    pub activity: RwSignal<Option<ActivityView>>,
    /// Selected train of it.
    pub train: RwSignal<Option<usize>>,
    /// The laboratory's own limits.
    pub own_limits: RwSignal<Option<LimitsView>>,
    /// Past studies that limits are computed from.
    pub past: RwSignal<Option<PastView>>,
    /// The clinic's name on reports.
    pub letterhead: RwSignal<Option<String>>,
    /// What a person has chosen of it.
    pub chosen: RwSignal<Chosen>,
    /// The table of muscles.
    pub muscles: Grid,
    /// Counts up whenever tiles or sweeps come.
    pub arrived: RwSignal<u64>,
    /// The next frame will count `arrived` up.
    pub arriving: StoredValue<bool>,
    /// For screen readers.
    pub said: RwSignal<String>,
    /// The tree is open as a sheet (narrow screens).
    pub sheet: RwSignal<bool>,
    /// Studies that this browser keeps.
    pub recent: RwSignal<Vec<RecentStudy>>,
    /// Makes PDFs.
    pub pdf: PdfMaker,
    /// The report that is looked at, and which it is.
    pub preview: RwSignal<Option<(ReportWanted, String)>>,
    /// What a study file would hold.
    pub leaving: RwSignal<Option<LeavingView>>,
    /// A study file is being made.
    pub packing: RwSignal<bool>,
    /// Nerve tests whose values may be typed.
    pub nerves: RwSignal<Vec<NerveChoice>>,
    /// A waiting service worker.
    pub update: RwSignal<Option<wasm_bindgen::JsValue>, LocalStorage>,
    pub tiles: StoredValue<Rc<RefCell<Tiles>>, LocalStorage>,
    pub values: StoredValue<Rc<RefCell<SweepValues>>, LocalStorage>,
    /// Files given last, for a second try with other options.
    pub files: StoredValue<Vec<web_sys::File>, LocalStorage>,
    pub link: StoredValue<Option<Rc<Link<Request>>>, LocalStorage>,
    next_notice: StoredValue<u32>,
    gesture: StoredValue<u32>,
}

impl App {
    pub fn new() -> Self {
        Self {
            studies: RwSignal::new(Vec::new()),
            ahead: StoredValue::new(Ahead::default()),
            active: RwSignal::new(None),
            selection: RwSignal::new(Selection::Recording(0)),
            notices: RwSignal::new(Vec::new()),
            progress: RwSignal::new(None),
            opening: RwSignal::new(false),
            opening_part: RwSignal::new(None),
            saved: RwSignal::new(Saved::Nothing),
            dialog: RwSignal::new(None),
            theme: RwSignal::new(ThemeChoice::kept()),
            continuous: RwSignal::new(Continuous {
                from_s: 0.0,
                span_s: 10.0,
                lane: None,
                cursors: [None; 2],
                cursor: 0,
                negative_up: true,
                annotation: None,
            }),
            sweeps: RwSignal::new(Sweeps {
                from_s: 0.0,
                span_s: 0.0,
                row: 0,
                marker: None,
                arrangement: Arrangement::Raster,
                gain: None,
                row_gain: HashMap::new(),
                cursors: [None; 2],
                singles: false,
                compare: None,
            }),
            sound: Sound::new(),
            live: Live::new(),
            triggered: Triggered::new(),
            spectrum: Spectrum::new(),
            task: RwSignal::new(None),
            activity: RwSignal::new(None),
            train: RwSignal::new(None),
            own_limits: RwSignal::new(None),
            past: RwSignal::new(None),
            letterhead: RwSignal::new(None),
            chosen: RwSignal::new(Chosen::default()),
            muscles: Grid::new(),
            arrived: RwSignal::new(0),
            arriving: StoredValue::new(false),
            said: RwSignal::new(String::new()),
            sheet: RwSignal::new(false),
            recent: RwSignal::new(Vec::new()),
            pdf: PdfMaker::new(),
            preview: RwSignal::new(None),
            leaving: RwSignal::new(None),
            packing: RwSignal::new(false),
            nerves: RwSignal::new(Vec::new()),
            update: RwSignal::new_local(None),
            tiles: StoredValue::new_local(Rc::default()),
            values: StoredValue::new_local(Rc::default()),
            files: StoredValue::new_local(Vec::new()),
            link: StoredValue::new_local(None),
            next_notice: StoredValue::new(0),
            gesture: StoredValue::new(0),
        }
    }

    /// The app of the running component tree.
    pub fn here() -> Self {
        expect_context()
    }

    #[allow(clippy::needless_pass_by_value, reason = "every request is made where it is sent")]
    pub fn send(&self, request: Request) {
        self.link.with_value(|link| link.iter().for_each(|link| link.send(&request)));
    }

    /// Opens files; they are kept for a second try with other options.
    pub fn open(&self, files: Vec<web_sys::File>, options: crate::engine::protocol::TextOptions) {
        if files.is_empty() {
            return;
        }
        self.opening.set(true);
        self.notices.update(|notices| notices.retain(|notice| notice.look != "abn"));
        let request = Request::Open { options };
        self.link.with_value(|link| link.iter().for_each(|link| link.send_files(&request, &files)));
        self.files.set_value(files);
    }

    /// Computes limits from past studies.
    pub fn gather(&self, files: &[web_sys::File]) {
        if !files.is_empty() {
            self.past.set(None);
            self.dialog.set(Some(Dialog::Past));
            let request = Request::GatherPast { division: PastDivision::default() };
            self.link.with_value(|link| link.iter().for_each(|link| link.send_files(&request, files)));
        }
    }

    pub fn notice(&self, look: &'static str, title: impl Into<String>, text: impl Into<String>) {
        let id = self.next_notice.get_value();
        self.next_notice.set_value(id + 1);
        let notice = Notice { id, look, title: title.into(), text: text.into() };
        self.notices.update(|notices| {
            notices.retain(|other| (&other.title, &other.text) != (&notice.title, &notice.text));
            notices.push(notice);
        });
    }

    pub fn say(&self, text: impl Into<String>) {
        self.said.set(text.into());
    }

    /// A number for a new gesture.
    pub fn new_gesture(&self) -> u32 {
        let next = self.gesture.get_value() + 1;
        self.gesture.set_value(next);
        next
    }

    pub fn in_reader_now(&self) -> bool {
        self.active.with_untracked(Option::is_some)
    }

    pub fn in_reader(&self) -> bool {
        self.active.with(Option::is_some)
    }

    /// Reads the active study (tracked).
    pub fn study<T>(&self, read: impl FnOnce(&StudyView) -> T) -> Option<T> {
        let active = self.active.get()?;
        self.studies.with(|studies| studies.iter().find(|study| study.study == active).map(read))
    }

    /// Reads the active study without tracking.
    pub fn study_now<T>(&self, read: impl FnOnce(&StudyView) -> T) -> Option<T> {
        let active = self.active.get_untracked()?;
        self.studies.with_untracked(|studies| studies.iter().find(|study| study.study == active).map(read))
    }

    /// The recording in view, with its index.
    pub fn recording(&self) -> Option<(usize, RecordingView)> {
        let index = self.recording_index()?;
        self.study(|study| study.recordings.get(index).cloned()).flatten().map(|recording| (index, recording))
    }

    /// Reads the recording in view (tracked) where it is: a copy of one with many annotations is
    /// too much for every frame.
    pub fn with_recording<T>(&self, read: impl FnOnce(&RecordingView) -> T) -> Option<T> {
        let index = self.recording_index()?;
        self.study(|study| study.recordings.get(index).map(read)).flatten()
    }

    pub fn recording_index(&self) -> Option<usize> {
        match self.selection.get() {
            Selection::Recording(index) => Some(index),
            _ => None,
        }
    }

    /// The test in view, with its index.
    pub fn test(&self) -> Option<(usize, TestView)> {
        let Selection::Test(index) = self.selection.get() else { return None };
        let mut test = self.study(|study| study.tests.get(index).cloned()).flatten()?;
        if self.sweeps.with(|view| view.singles) {
            test.sites.iter_mut().for_each(|site| site.average = None);
        }
        Some((index, test))
    }

    pub fn theme_now(&self) -> &'static Theme {
        match self.theme.get() {
            ThemeChoice::System if page::prefers_dark() => &theme::SCOPE,
            ThemeChoice::System => &theme::PAPER,
            other => theme::named(other.name().unwrap_or_default()),
        }
    }

    /// Shows something of the active study.
    pub fn select(&self, selection: Selection) {
        self.selection.set(selection);
        self.sheet.set(false);
        self.muscles.writing.set(None);
        match selection {
            Selection::Needle => {}
            Selection::Together | Selection::Conclusion => {
                if let Some(study) = self.active.get_untracked() {
                    self.send(Request::Together { study });
                }
            }
            Selection::Recording(index) => {
                let extent = self
                    .study_now(|study| study.recordings.get(index).map(|recording| (recording.start_s, recording.duration_s)))
                    .flatten();
                let (start_s, duration_s) = extent.unwrap_or((0.0, 10.0));
                self.continuous.update(|view| {
                    *view = Continuous {
                        from_s: start_s,
                        span_s: crate::engine::protocol::scenes::first_span_s(duration_s),
                        lane: Some(0),
                        cursors: [None; 2],
                        cursor: 0,
                        annotation: None,
                        negative_up: view.negative_up,
                    };
                });
            }
            Selection::Test(test) => {
                let kind = self.study_now(|study| study.tests.get(test).map(|test| test.kind)).flatten();
                self.sweeps.update(|view| {
                    view.span_s = 0.0;
                    view.row = 0;
                    view.marker = kind.and_then(TestKind::first_marker);
                    view.gain = None;
                    view.row_gain.clear();
                    view.cursors = [None; 2];
                    view.compare = None;
                });
                if let Some(study) = self.active.get_untracked() {
                    self.send(Request::Sweeps { study, test });
                }
            }
        }
    }

    /// Goes to a study, or home.
    pub fn activate(&self, study: Option<StudyKey>) {
        self.tiles.with_value(|tiles| tiles.borrow_mut().clear());
        self.values.with_value(|values| *values.borrow_mut() = SweepValues::default());
        self.saved.set(Saved::Nothing);
        self.active.set(study);
        page::set_hash(&self.study_now(|study| study.key.clone()).unwrap_or_default());
        if study.is_some() {
            let (tests, recordings) = self.study_now(|study| (study.tests.len(), study.recordings.len())).unwrap_or_default();
            self.select(match (tests, recordings) {
                (0, 0) => Selection::Needle,
                (0, _) => Selection::Recording(0),
                _ => Selection::Test(0),
            });
        }
    }
}
