//! The examination as it stands: what the files say, what a person derived, and a person's changes;
//! with the measurement of its sweeps.

use super::session::Session;
use crate::analysis::{self, SweepInput, polarity};
use crate::model::{Annotation, DerivedTest, Examination, NerveTest, Recording, Site, Sweep, SweepId, TestKind};

/// Sweeps that one derived test may have; a longer list is a mistake, not an examination.
const MAX_DERIVED: usize = 2000;

impl Session {
    /// The examination with all edits applied.
    pub fn examination(&self) -> Examination {
        let mut examination = self.acquired.examination.clone();
        for derived in &self.edits.derived_tests {
            derive(&mut examination, derived, &self.acquired.recordings, |recording| self.annotations(recording));
        }
        for (&test, &turned) in &self.edits.turned {
            polarity::turn(&mut examination, test, turned);
        }
        for (&sweep, &at_s) in &self.edits.stimulus_s {
            if let Some(sweep) = examination.sweeps.get_mut(sweep) {
                sweep.stimulus_s = Some(at_s);
            }
        }
        for (&test, edits) in &self.edits.tests {
            if let Some(test) = examination.tests.get_mut(test) {
                test.kind = edits.kind.unwrap_or(test.kind);
                test.side = edits.side;
                test.nerve = edits.nerve.clone().unwrap_or_else(|| test.nerve.clone());
                test.recorded_from = edits.recorded_from.clone().unwrap_or_else(|| test.recorded_from.clone());
                test.temperature_c = edits.temperature_c;
            }
        }
        for edits in &self.edits.sites {
            if let Some(site) = examination.tests.get_mut(edits.test).and_then(|test| test.sites.get_mut(edits.site)) {
                if let Some(name) = &edits.name {
                    site.name.clone_from(name);
                }
                match edits.distance_mm {
                    Some(mm) if mm > 0.0 => site.distance_mm = Some(mm),
                    Some(_) => site.distance_mm = None,
                    None => {}
                }
            }
        }
        examination
    }

    /// Annotations of a recording after edits, in their stable order.
    pub fn annotations(&self, recording: usize) -> Vec<Annotation> {
        self.annotation_views(recording).into_iter().map(|view| view.annotation).collect()
    }

    /// A sweep in microvolts (or the channel's unit when it is no potential), negative up.
    pub fn sweep_input(&self, examination: &Examination, id: SweepId) -> Option<SweepInput> {
        let samples = self.samples.get(examination.sweeps.get(id)?.recording)?;
        analysis::input(&self.acquired.recordings, examination, samples.as_ref(), id).ok().flatten()
    }

    /// Measures a sweep, or takes the markers of a person into what was measured before.
    pub fn remeasure(&mut self, id: SweepId) {
        let examination = self.examination();
        self.remeasure_in(&examination, id);
    }

    pub fn remeasure_in(&mut self, examination: &Examination, id: SweepId) {
        let basis = basis(examination, id);
        if self.analyzed.get(&id).is_none_or(|(of, _)| *of != basis) {
            let Some(input) = self.sweep_input(examination, id) else {
                self.analyzed.remove(&id);
                self.measured.remove(&id);
                return;
            };
            let analyzed = analysis::analyzer_for(input.kind).analyze(&input);
            self.analyzed.insert(id, (basis, analyzed));
        }
        if let Some((_, analyzed)) = self.analyzed.get(&id) {
            let measured = analyzed.measurement(&self.edits.markers, self.edits.no_response.contains(&id));
            self.measured.insert(id, measured);
        }
    }
}

/// What the analysis of a sweep depends on, besides its samples.
fn basis(examination: &Examination, id: SweepId) -> Basis {
    let test = examination.tests.iter().find(|test| test.sites.iter().any(|site| site.sweeps.contains(&id)));
    (test.map_or(TestKind::Unknown, |test| test.kind), examination.sweeps.get(id).cloned())
}

/// Kind of test and the sweep itself.
pub(super) type Basis = (TestKind, Option<Sweep>);

fn derive(examination: &mut Examination, derived: &DerivedTest, recordings: &[Recording], annotations: impl Fn(usize) -> Vec<Annotation>) {
    let mut test = NerveTest { kind: TestKind::Unknown, ..NerveTest::default() };
    match derived {
        DerivedTest::Channels { recording, stimulus_s } => {
            let Some(source) = recordings.get(*recording) else { return };
            for (index, channel) in source.channels.iter().enumerate().take(MAX_DERIVED) {
                let sweep =
                    Sweep { recording: *recording, channel: index, start: 0, n: channel.n, stimulus_s: *stimulus_s, ..Sweep::default() };
                test.sites.push(Site { name: channel.name.clone(), distance_mm: None, sweeps: vec![examination.sweeps.len()] });
                examination.sweeps.push(sweep);
            }
        }
        DerivedTest::Annotations { recording, channel, text, before_s, after_s } => {
            let Some(source) = recordings.get(*recording) else { return };
            let Some(signal) = source.channels.get(*channel) else { return };
            test.recorded_from.clone_from(&signal.name);
            let mut site = Site { name: text.clone(), ..Site::default() };
            for annotation in annotations(*recording).iter().filter(|annotation| annotation.text.trim() == text.trim()).take(MAX_DERIVED) {
                let stored_s = source.timeline.stored_of_time(annotation.onset_s);
                let at = (stored_s * signal.fs_hz).round();
                let start = (at - (before_s * signal.fs_hz).round()).max(0.0);
                let end = (at + (after_s * signal.fs_hz).round()).min(signal.n as f64);
                if end - start < 8.0 {
                    continue;
                }
                site.sweeps.push(examination.sweeps.len());
                examination.sweeps.push(Sweep {
                    recording: *recording,
                    channel: *channel,
                    start: start as u64,
                    n: (end - start) as u64,
                    stimulus_s: Some(stored_s - start / signal.fs_hz),
                    ..Sweep::default()
                });
            }
            test.sites.push(site);
        }
    }
    if test.sites.iter().any(|site| !site.sweeps.is_empty()) {
        examination.tests.push(test);
    }
}
