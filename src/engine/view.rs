//! A session as the page sees it.

use std::collections::BTreeMap;

use super::compare::compare;
use super::protocol::{
    AnnotationView, JudgedValue, PersonView, RecordingView, SiteView, StudyChoice, StudyGuess, StudyView, SweepView, TestView, WarmedValue,
};
use super::session::Session;
use crate::findings;
use crate::formats::writers;
use crate::model::{
    Edits, Examination, NerveTest, Side, Site, SiteEdits, Subject, Summary, SweepId, SweepMeasurement, TestKind, TestMeasurement,
};
use crate::norms::temperature;
use crate::norms::{self, Person, StudyDef};

impl Session {
    pub fn view(&mut self) -> StudyView {
        let recordings = (0..self.acquired.recordings.len()).map(|recording| self.recording_view(recording)).collect();
        let examination = self.examination();
        self.guess_studies(&examination);
        let tests = examination.tests.iter().enumerate().map(|(index, test)| self.test_view(&examination, index, test)).collect();
        let needle = self.needle_view();
        let answer = self.answers.then(|| self.answer(&examination.tests, &needle, &self.person()));
        let mut view = StudyView {
            study: self.key,
            edits: self.asked,
            key: self.fingerprint.clone(),
            title: self.title.clone(),
            files: self.files.clone(),
            subject: self.acquired.subject.clone(),
            recordings,
            tests,
            together: self.together(&examination.tests, &self.person()),
            maps: answer.as_ref().map(super::nerve_map::maps).unwrap_or_default(),
            body: answer.as_ref().and_then(super::body::body),
            root_tables: answer.as_ref().map(super::root_table::tables).unwrap_or_default(),
            answer,
            needle,
            earlier: None,
            impression: self.edits.impression.clone(),
            limits: self.limits_name(),
            person: self.person_view(),
            signed: self.signed_views(),
            signed_differs: self.changed_since_signed(),
            stretches: self.stretches(),
            text: self.text.clone(),
            warnings: self.warnings.clone(),
            undo: self.undo.last().map(|(label, _)| label.clone()),
            redo: self.redo.last().map(|(label, _)| label.clone()),
            restored: self.restored,
        };
        view.earlier = self.earlier.as_deref().map(|earlier| (earlier.title.clone(), compare(earlier, &view)));
        view
    }

    fn recording_view(&mut self, index: usize) -> RecordingView {
        let lanes = self.lane_views(index);
        let annotations = self.annotation_views(index);
        let recording = &self.acquired.recordings[index];
        RecordingView {
            name: recording.name.clone(),
            format: recording.format.clone(),
            start: recording.start.as_ref().map(|start| start.iso.clone()),
            description: recording.description.clone(),
            start_s: recording.timeline.spans.first().map_or(0.0, |span| span.onset_s.min(0.0)),
            duration_s: recording.timeline.duration_s(),
            spans: recording.timeline.spans.clone(),
            channels: recording.channels.iter().map(|channel| channel.name.clone()).collect(),
            lanes,
            annotations,
            exports: writers().iter().map(|writer| writer.extension().to_owned()).collect(),
        }
    }

    /// Annotations of a recording after edits: the file's under their own numbers, then the added
    /// ones; deleted ones are left out and keep their number.
    pub fn annotation_views(&self, recording: usize) -> Vec<AnnotationView> {
        let Some(source) = self.acquired.recordings.get(recording) else { return Vec::new() };
        let edits: Vec<_> = self.edits.annotations.iter().filter(|edit| edit.recording == recording).collect();
        let mut views = Vec::new();
        for (id, annotation) in source.annotations.iter().enumerate() {
            match edits.iter().find(|edit| edit.replaces == Some(id)) {
                None => views.push(AnnotationView { id, annotation: annotation.clone(), by_person: false }),
                Some(edit) => views.extend(edit.now.clone().map(|annotation| AnnotationView { id, annotation, by_person: true })),
            }
        }
        for (k, edit) in edits.iter().filter(|edit| edit.replaces.is_none()).enumerate() {
            let id = source.annotations.len() + k;
            views.extend(edit.now.clone().map(|annotation| AnnotationView { id, annotation, by_person: true }));
        }
        views.sort_by(|a, b| a.annotation.onset_s.total_cmp(&b.annotation.onset_s));
        views
    }

    fn test_view(&self, examination: &Examination, index: usize, test: &NerveTest) -> TestView {
        let empty = TestMeasurement::default();
        let tested = self.tested.get(&index);
        let measurement = tested.map_or(&empty, |tested| &tested.measurement);
        let by_id: BTreeMap<SweepId, &SweepMeasurement> = measurement.sweeps.iter().map(|sweep| (sweep.sweep, sweep)).collect();
        let sweep_view = |id: SweepId| {
            let stimulus = examination.sweeps.get(id).map(|sweep| sweep.stimulus.words()).unwrap_or_default();
            let measurement = by_id.get(&id).map(|measured| (*measured).clone());
            SweepView { id, stimulus, measurement, no_response: self.edits.no_response.contains(&id) }
        };
        let sites = test.sites.iter().enumerate().map(|(at, site)| {
            let distance = |edits: &SiteEdits| edits.distance_mm.is_some_and(|mm| mm > 0.0);
            let average = tested.into_iter().flat_map(|tested| &tested.traces).find(|trace| trace.site == at);
            SiteView {
                name: site.name.clone(),
                distance_mm: site.distance_mm,
                distance_by_person: self.edits.sites.iter().any(|edits| edits.test == index && edits.site == at && distance(edits)),
                average: average.map(|trace| SweepView { stimulus: format!("average of {}", trace.of.len()), ..sweep_view(trace.id) }),
                sweeps: site.sweeps.iter().map(|&id| sweep_view(id)).collect(),
                counts: (test.kind == TestKind::Motor).then(|| largest(site, &by_id)).flatten(),
                segment: measurement.summary.segments().iter().find(|segment| segment.to == at).cloned(),
            }
        });
        let study = self.study_of(index, test).and_then(|(id, confirmed)| norms::by_id(id).map(|study| (study, confirmed))).map(
            |(study, confirmed)| StudyChoice { id: study.id.clone(), name: study.name.clone(), confirmed, distal_mm: study.distal_mm() },
        );
        let warmed = study.as_ref().and_then(|study| norms::by_id(&study.id));
        let warmed = warmed.map(|study| warmed_values(study, test, measurement)).unwrap_or_default();
        TestView {
            typed: self.typed_of(test).cloned(),
            warmed,
            title: title(test, index),
            kind: test.kind,
            side: test.side,
            nerve: test.nerve.clone(),
            recorded_from: test.recorded_from.clone(),
            temperature_c: test.temperature_c,
            filter: self.sweep_filter(test, examination),
            customary_hz: test.filter_hz,
            sites: sites.collect(),
            turned: test.sites.iter().flat_map(|site| &site.sweeps).any(|&id| examination.sweeps.get(id).is_some_and(|sweep| sweep.turned)),
            judged: self.judged(study.as_ref().map(|study| study.id.as_str()), test, measurement),
            study,
            guesses: self
                .guesses(index)
                .iter()
                .filter_map(|guess| norms::by_id(guess.study).map(|study| (study, guess.why.clone())))
                .map(|(study, why)| StudyGuess { id: study.id.clone(), name: study.name.clone(), why })
                .collect(),
            measured: tested.is_some(),
            derived: derived(&measurement.summary),
            tables: measurement.tables.clone(),
            charts: measurement.charts.clone(),
            quality: measurement.quality.clone(),
        }
    }
}

impl Session {
    /// Who limits are taken for.
    pub fn person_view(&self) -> PersonView {
        person_view(&self.edits, &self.acquired.subject)
    }

    /// The same as the tables of limits want it.
    pub fn person(&self) -> Person {
        Person { own: self.own.clone(), ..person(&self.edits, &self.acquired.subject) }
    }

    /// Values of a test beside their limits.
    fn judged(&self, study: Option<&str>, test: &NerveTest, measurement: &TestMeasurement) -> Vec<JudgedValue> {
        let person = self.person();
        let of_study = study.map(|study| norms::judge(study, test, measurement, &person)).unwrap_or_default();
        let judged = of_study.into_iter().chain(norms::judge_late(test, measurement, &person));
        judged
            .map(|judged| JudgedValue {
                site: judged.site,
                measure: judged.measure,
                value: judged.value,
                limit: judged.limit,
                unit: judged.unit.to_owned(),
                upper: judged.upper,
                abnormal: judged.abnormal,
                doubt: judged.doubt,
                source: judged.source,
            })
            .collect()
    }
}

fn warmed_values(study: &StudyDef, test: &NerveTest, measurement: &TestMeasurement) -> Vec<WarmedValue> {
    let all = temperature::warmed(study, findings::is_leg(&study.id), test, measurement);
    let site = |index: usize| test.sites.get(index).map(|site| site.name.clone()).unwrap_or_default();
    let view = |warmed: temperature::Warmed| WarmedValue {
        site: site(warmed.site),
        measure: warmed.measure.to_owned(),
        value: warmed.value,
        estimate: warmed.estimate,
        unit: warmed.unit.to_owned(),
        from_c: warmed.from_c,
        to_c: warmed.to_c,
        per_c: warmed.per_c,
        source: warmed.source,
        unverified: warmed.unverified,
    };
    all.into_iter().map(view).collect()
}

fn person_view(edits: &Edits, subject: &Subject) -> PersonView {
    PersonView {
        height_cm: edits.height_cm.or(subject.height_cm),
        age_years: edits.age_years.or(subject.age_years),
        sex: edits.sex.clone().unwrap_or_else(|| subject.sex.clone()),
        onset_weeks: edits.onset_weeks,
        context: edits.context.clone(),
    }
}

/// Who limits are taken for: a person's entry, else the file's.
pub(super) fn person(edits: &Edits, subject: &Subject) -> Person {
    let view = person_view(edits, subject);
    let female = match view.sex.as_str() {
        "F" => Some(true),
        "M" => Some(false),
        _ => None,
    };
    let leg_length_cm = view.context.leg_length_cm;
    Person { age_years: view.age_years, height_cm: view.height_cm, leg_length_cm, female, own: None }
}

/// What a motor study says beyond its table.
fn derived(summary: &Summary) -> Vec<String> {
    let Summary::Motor(motor) = summary else { return Vec::new() };
    let residual = motor.residual_latency_ms.map(|ms| format!("Residual latency {ms:.2} ms"));
    let index = motor.terminal_latency_index.map(|index| format!("Terminal latency index {index:.2}"));
    residual.into_iter().chain(index).collect()
}

/// The sweep of a motor site with the largest response, as the analysis counts.
fn largest(site: &Site, by_id: &BTreeMap<SweepId, &SweepMeasurement>) -> Option<SweepId> {
    let counted = site.sweeps.iter().filter_map(|id| by_id.get(id)).filter(|measured| measured.left_out.is_none());
    let sizes = counted.filter_map(|measured| Some((measured.sweep, measured.response?.amp_uv)));
    sizes.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(sweep, _)| sweep)
}

/// `L Median motor (APB)`; parts that are not known are left out.
pub(super) fn title(test: &NerveTest, index: usize) -> String {
    let side = test.side.map(|side| if side == Side::Left { "L" } else { "R" });
    let kind = test.kind.word();
    let nerve = Some(test.nerve.as_str()).filter(|nerve| !nerve.is_empty());
    let from = Some(&test.recorded_from).filter(|from| !from.is_empty()).map(|from| format!("({from})"));
    let bare = nerve.is_none() && from.is_none();
    let words: Vec<String> =
        [side.map(str::to_owned), nerve.map(str::to_owned), Some(kind.to_owned()), from].into_iter().flatten().collect();
    let words = words.join(" ");
    if bare { format!("Test {}: {words}", index + 1) } else { words }
}
