//! Trains that a person changed: kept with their stretch, and given to its analysis.
//!
//! Edits hold the trains of a stretch as they are after all changes, in seconds of recording time;
//! the analysis of a stretch counts from its start. The same stretch asked for again begins with
//! them. A change of polarity is no other stretch: discharges stay where they are.

use super::protocol::{ActivityKey, Output, StretchView};
use super::session::Session;
use crate::model::{EditedTrain, TrainChange, TrainEdits};

/// Stretches that differ by less are the same, s.
const SAME_S: f64 = 1e-6;

/// Whether kept trains are those of a stretch.
fn of_stretch(edits: &TrainEdits, key: &ActivityKey) -> bool {
    let same = |a: f64, b: f64| (a - b).abs() < SAME_S;
    (edits.recording, edits.channel, edits.minus, edits.task) == (key.recording, key.channel, key.minus, key.task)
        && same(edits.from_s, key.from_s)
        && same(edits.to_s, key.to_s)
}

/// To a whole microsecond, far below what a discharge is known to: what is stored comes back the same.
fn rounded(mut train: EditedTrain) -> EditedTrain {
    train.times_s.iter_mut().for_each(|time_s| *time_s = (*time_s * 1e6).round() / 1e6);
    train
}

fn moved(trains: impl IntoIterator<Item = EditedTrain>, by_s: f64) -> Vec<EditedTrain> {
    trains.into_iter().map(|train| train.moved(by_s)).collect()
}

impl Session {
    /// What a person left of a stretch, seconds from its start.
    pub(super) fn kept_trains(&self, key: &ActivityKey) -> Option<Vec<EditedTrain>> {
        let edits = self.edits.trains.iter().find(|edits| of_stretch(edits, key))?;
        Some(moved(edits.trains.iter().cloned(), -key.from_s))
    }

    /// Stretches whose trains a person changed, as far as their channels are there.
    pub(super) fn stretches(&self) -> Vec<StretchView> {
        let view = |edits: &TrainEdits| {
            let &TrainEdits { recording, channel, minus, task, from_s, to_s, .. } = edits;
            let lane = self.acquired.recordings.get(recording)?.channels.get(channel)?.name.clone();
            Some(StretchView { key: ActivityKey { recording, channel, minus, turned: false, task, from_s, to_s }, lane })
        };
        self.edits.trains.iter().filter_map(view).collect()
    }

    /// Changes the trains of the stretch that was analysed last.
    ///
    /// # Errors
    /// A sentence when it was not analysed, or the change cannot be made.
    pub(super) fn change_trains(&mut self, key: ActivityKey, change: &TrainChange) -> Result<(), String> {
        let activity = self.activity.as_ref().filter(|activity| activity.answers(&key));
        let activity = activity.ok_or("Analyse this stretch first: its trains are not known now.")?;
        let trains = activity.changed(&change.clone().moved(-key.from_s))?;
        let anew = *change == TrainChange::Anew;
        let kept = moved(trains, key.from_s).into_iter().map(rounded).collect();
        let ActivityKey { recording, channel, minus, task, from_s, to_s, .. } = key;
        let edits = TrainEdits { recording, channel, minus, task, from_s, to_s, trains: kept };
        match self.edits.trains.iter().position(|edits| of_stretch(edits, &key)) {
            Some(at) if anew => {
                self.edits.trains.remove(at);
            }
            Some(at) => self.edits.trains[at] = edits,
            None if anew => return Err("Nothing was changed by hand here.".into()),
            None => self.edits.trains.push(edits),
        }
        Ok(())
    }

    /// After a change, undone or not: what is shown follows what is kept.
    pub(super) fn follow_trains(&mut self, out: &mut dyn FnMut(Output)) {
        let Some(key) = self.activity.as_ref().map(super::activity::Activity::key) else { return };
        let kept = self.kept_trains(&key);
        if let Some(activity) = self.activity.as_mut()
            && activity.follow(kept)
        {
            self.tell_activity(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_stretch;
    use crate::engine::protocol::ActivityKey;
    use crate::model::{SignalTask, TrainEdits};

    #[test]
    fn a_stretch_is_known_by_lane_question_and_ends() {
        let key =
            ActivityKey { recording: 0, channel: 1, minus: None, turned: false, task: SignalTask::Units, from_s: 1.0 / 3.0, to_s: 2.0 };
        let edits =
            TrainEdits { recording: 0, channel: 1, minus: None, task: SignalTask::Units, from_s: 1.0 / 3.0, to_s: 2.0, trains: Vec::new() };
        assert!(of_stretch(&edits, &key) && of_stretch(&edits, &ActivityKey { turned: true, ..key }));
        for other in [
            ActivityKey { recording: 1, ..key },
            ActivityKey { minus: Some(0), ..key },
            ActivityKey { task: SignalTask::Rest, ..key },
            ActivityKey { to_s: 2.001, ..key },
            ActivityKey { from_s: f64::NAN, ..key },
        ] {
            assert!(!of_stretch(&edits, &other), "{other:?}");
        }
    }
}
