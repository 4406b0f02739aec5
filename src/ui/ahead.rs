//! What a person did and the engine has not answered yet: shown at once, and kept over answers to
//! what was done before it, because the next key builds on what is shown.

use std::collections::HashMap;

use leptos::prelude::*;

use super::state::App;
use crate::engine::protocol::{ActivityView, Edit, LaneView, Request, StudyKey, StudyView};
use crate::model::{LaneSettings, MarkerKind, PotentialMark, SweepId};

/// What an edit will be seen to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// A marker of a sweep at a latency, ms.
    Marker { sweep: SweepId, kind: MarkerKind, ms: f64 },
    /// The lanes of a recording.
    Lanes { recording: usize, lanes: Vec<LaneSettings> },
    /// A mark of a train's potential, in the mark's unit.
    Mark { train: usize, mark: PotentialMark, at: f64 },
}

/// Edits sent, and what is expected of those without an answer.
#[derive(Debug, Default)]
pub struct Ahead {
    sent: HashMap<StudyKey, u64>,
    waiting: Vec<(StudyKey, u64, Expected)>,
}

impl Ahead {
    /// Counts an edit that is sent.
    fn count(&mut self, study: StudyKey, expected: Option<Expected>) {
        let sent = self.sent.entry(study).or_default();
        *sent += 1;
        let number = *sent;
        self.waiting.extend(expected.map(|expected| (study, number, expected)));
    }

    /// A study is opened anew: the engine counts from nothing.
    pub fn forget(&mut self, study: StudyKey) {
        self.sent.remove(&study);
        self.waiting.retain(|(of, ..)| *of != study);
    }

    /// Forgets what `view` answers; the rest goes on being shown in it.
    fn settle(&mut self, view: &mut StudyView) {
        self.waiting.retain(|(study, number, _)| *study != view.study || *number > view.edits);
        let key = view.study;
        self.waiting.iter().filter(|(study, ..)| *study == key).for_each(|(_, _, expected)| expected.show(view));
    }
}

impl Expected {
    fn show(&self, view: &mut StudyView) {
        match self {
            Self::Marker { sweep, kind, ms } => {
                let sites = view.tests.iter_mut().flat_map(|test| &mut test.sites);
                let sweeps = sites.flat_map(|site| site.average.iter_mut().chain(&mut site.sweeps));
                let measured = sweeps.filter(|view| view.id == *sweep).filter_map(|view| view.measurement.as_mut());
                measured.for_each(|measurement| measurement.expect(*kind, *ms));
            }
            Self::Lanes { recording, lanes } => {
                if let Some(view) = view.recordings.get_mut(*recording) {
                    let old = std::mem::take(&mut view.lanes);
                    view.lanes = lanes.iter().filter_map(|settings| expected_lane(&old, settings)).collect();
                }
            }
            Self::Mark { .. } => {}
        }
    }

    fn show_in_activity(&self, view: &mut ActivityView) {
        if let Self::Mark { train, mark, at } = self {
            let potential = view.measurement.potentials.get_mut(*train);
            if let Some(shown) = potential.and_then(|potential| potential.marks.iter_mut().find(|shown| shown.mark == *mark)) {
                (shown.at, shown.by_person) = (*at, true);
            }
        }
    }
}

impl App {
    /// Sends an edit of the active study.
    pub fn edit(&self, edit: Edit) {
        self.edit_in(edit, None);
    }

    /// Sends an edit that belongs to a gesture.
    pub fn edit_in(&self, edit: Edit, gesture: Option<u32>) {
        self.send_edit(edit, gesture, None);
    }

    /// Sends an edit and shows what it will do before the engine has answered.
    pub fn edit_ahead(&self, edit: Edit, gesture: Option<u32>, expected: Expected) {
        let Some(active) = self.active.get_untracked() else { return };
        match &expected {
            Expected::Mark { .. } => self.activity.update(|view| view.iter_mut().for_each(|view| expected.show_in_activity(view))),
            _ => self.studies.update(|studies| {
                studies.iter_mut().filter(|study| study.study == active).for_each(|study| expected.show(study));
            }),
        }
        self.send_edit(edit, gesture, Some(expected));
    }

    fn send_edit(&self, edit: Edit, gesture: Option<u32>, expected: Option<Expected>) {
        if let Some(study) = self.active.get_untracked() {
            self.ahead.update_value(|ahead| ahead.count(study, expected));
            self.send(Request::Edit { study, edit, gesture });
        }
    }

    /// The engine's answer, with what was done since still in it.
    pub fn settled(&self, mut view: StudyView) -> StudyView {
        self.ahead.update_value(|ahead| ahead.settle(&mut view));
        view
    }

    /// The same for what was found in a signal.
    pub fn settled_activity(&self, study: StudyKey, mut view: ActivityView) -> ActivityView {
        self.ahead.with_value(|ahead| {
            ahead.waiting.iter().filter(|(of, ..)| *of == study).for_each(|(_, _, expected)| expected.show_in_activity(&mut view));
        });
        view
    }
}

/// The lane that settings will make, from the lanes before.
fn expected_lane(old: &[LaneView], settings: &LaneSettings) -> Option<LaneView> {
    let same = old.iter().find(|lane| lane.settings == *settings);
    let like = same.or_else(|| old.iter().find(|lane| (lane.settings.channel, lane.settings.minus) == (settings.channel, settings.minus)));
    let mut lane = like.or_else(|| old.iter().find(|lane| lane.settings.channel == settings.channel))?.clone();
    if let Some(name) = &settings.name {
        lane.name.clone_from(name);
    }
    lane.settings = settings.clone();
    Some(lane)
}
