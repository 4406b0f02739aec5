//! The examination as it stands: what the files say, what a person derived, and a person's changes;
//! with the measurement of its sweeps.

use super::session::Session;
use crate::analysis::nerve::typed::Typed;
use crate::analysis::{self, Analyzed, Context, DerivedTrace, SweepInput, polarity};
use crate::model::{
    Annotation, DerivedTest, Edits, Examination, NerveTest, Recording, Site, Sweep, SweepId, SweepMeasurement, TestKind, TestMeasurement,
    TypedTest,
};

/// Sweeps that one derived test may have; a longer list is a mistake, not an examination.
pub(super) const MAX_DERIVED: usize = 2000;

impl Session {
    /// The examination with all edits applied.
    pub fn examination(&self) -> Examination {
        let mut examination = self.acquired.examination.clone();
        for derived in &self.edits.derived_tests {
            derive(&mut examination, derived, &self.acquired.recordings);
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
                test.study = edits.study.clone().or_else(|| test.study.take());
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
        examination.tests.extend(self.edits.typed.iter().map(TypedTest::test));
        examination
    }

    /// Annotations of a recording after edits, in their stable order.
    pub fn annotations(&self, recording: usize) -> Vec<Annotation> {
        self.annotation_views(recording).into_iter().map(|view| view.annotation).collect()
    }

    /// A sweep in microvolts (or the channel's unit when it is no potential), negative up.
    pub fn sweep_input(&self, examination: &Examination, id: SweepId) -> Option<SweepInput> {
        let samples = self.samples.get(examination.sweeps.get(id)?.recording)?;
        analysis::sweep_input(&self.acquired.recordings, examination, samples.as_ref(), id).ok().flatten()
    }

    /// Measures a test, or takes what a person placed and typed into what was analysed before.
    pub fn remeasure(&mut self, examination: &Examination, index: usize) {
        let Some(test) = examination.tests.get(index) else {
            self.tested.remove(&index);
            return;
        };
        if let Some(typed) = self.typed_of(test) {
            let context = Context { test, placed: &[], no_response: &[], height_cm: None, age_years: None };
            let analyzed = Box::new(Typed(typed.clone()));
            let measurement = analyzed.measurement(&context);
            let basis = Basis::new(examination, test, &self.edits);
            self.tested.insert(index, Tested { basis, analyzed, traces: Vec::new(), measurement });
            return;
        }
        let basis = Basis::new(examination, test, &self.edits);
        if self.tested.get(&index).is_none_or(|tested| tested.basis != basis) {
            let input = analysis::input(&self.acquired.recordings, examination, &self.samples, &self.edits, index);
            let Ok(Some(input)) = input else {
                self.tested.remove(&index);
                return;
            };
            let analyzed = analysis::analyze(&input);
            let traces = analyzed.traces();
            self.tested.insert(index, Tested { basis, analyzed, traces, measurement: TestMeasurement::default() });
        }
        let subject = &self.acquired.subject;
        let context = Context {
            test,
            placed: &self.edits.markers,
            no_response: &self.edits.no_response,
            height_cm: self.edits.height_cm.or(subject.height_cm),
            age_years: self.edits.age_years.or(subject.age_years),
        };
        if let Some(tested) = self.tested.get_mut(&index) {
            tested.measurement = tested.analyzed.measurement(&context);
        }
    }

    /// The measurement of a sweep or an average, when its test was measured.
    pub fn measured(&self, id: SweepId) -> Option<&SweepMeasurement> {
        self.tested.values().find_map(|tested| tested.measurement.sweep(id))
    }

    /// A trace made by an analysis.
    pub fn trace(&self, id: SweepId) -> Option<&DerivedTrace> {
        self.tested.values().flat_map(|tested| &tested.traces).find(|trace| trace.id == id)
    }
}

/// A test that was analysed.
pub(super) struct Tested {
    basis: Basis,
    analyzed: Box<dyn Analyzed + Send>,
    pub traces: Vec<DerivedTrace>,
    pub measurement: TestMeasurement,
}

/// What the analysis of a test depends on, besides samples.
#[derive(PartialEq)]
struct Basis {
    test: NerveTest,
    sweeps: Vec<Option<Sweep>>,
    left_out: Vec<SweepId>,
    taken_in: Vec<SweepId>,
}

impl Basis {
    fn new(examination: &Examination, test: &NerveTest, edits: &Edits) -> Self {
        let ids: Vec<SweepId> = test.sites.iter().flat_map(|site| &site.sweeps).copied().collect();
        let own = |list: &[SweepId]| list.iter().copied().filter(|id| ids.contains(id)).collect();
        // Names, distances and the temperature come with the context.
        let sites = test.sites.iter().map(|site| Site { sweeps: site.sweeps.clone(), ..Site::default() }).collect();
        let bare = NerveTest { temperature_c: None, nerve: String::new(), recorded_from: String::new(), side: None, sites, ..test.clone() };
        let sweeps = ids.iter().map(|&id| examination.sweeps.get(id).cloned()).collect();
        Self { test: bare, sweeps, left_out: own(&edits.left_out), taken_in: own(&edits.taken_in) }
    }
}

fn derive(examination: &mut Examination, derived: &DerivedTest, recordings: &[Recording]) {
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
        DerivedTest::Annotations { recording, channel, text, moments_s, before_s, after_s } => {
            let Some(source) = recordings.get(*recording) else { return };
            let Some(signal) = source.channels.get(*channel) else { return };
            test.recorded_from.clone_from(&signal.name);
            let mut site = Site { name: text.clone(), ..Site::default() };
            for &moment_s in moments_s.iter().take(MAX_DERIVED) {
                let stored_s = source.timeline.stored_of_time(moment_s);
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
