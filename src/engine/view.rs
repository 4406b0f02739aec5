//! A session as the page sees it.

use super::protocol::{AnnotationView, RecordingView, SiteView, StudyView, SweepView, TestView};
use super::session::Session;
use crate::analysis::{self, Between};
use crate::formats::writers;
use crate::model::{Examination, NerveTest, Side, Stimulus, TestKind};

impl Session {
    pub fn view(&mut self) -> StudyView {
        let recordings = (0..self.acquired.recordings.len()).map(|recording| self.recording_view(recording)).collect();
        let examination = self.examination();
        let between = analysis::segments(&examination, |id| self.measured.get(&id));
        let tests = examination.tests.iter().enumerate().map(|(index, test)| self.test_view(&examination, &between, index, test)).collect();
        StudyView {
            study: self.key,
            key: self.fingerprint.clone(),
            title: self.title.clone(),
            files: self.files.clone(),
            subject: self.acquired.subject.clone(),
            recordings,
            tests,
            sweep_filter: self.edits.sweep_filter,
            warnings: self.warnings.clone(),
            undo: self.undo.last().map(|(label, _)| label.clone()),
            redo: self.redo.last().map(|(label, _)| label.clone()),
            restored: self.restored,
        }
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

    fn test_view(&self, examination: &Examination, between: &[Between], index: usize, test: &NerveTest) -> TestView {
        let mut sites: Vec<SiteView> = Vec::new();
        for (at, site) in test.sites.iter().enumerate() {
            let sweeps: Vec<SweepView> = site.sweeps.iter().map(|&id| self.sweep_view(examination, id)).collect();
            let by_person = self
                .edits
                .sites
                .iter()
                .any(|edits| edits.test == index && edits.site == at && edits.distance_mm.is_some_and(|mm| mm > 0.0));
            let found = between.iter().find(|between| (between.test, between.site) == (index, at));
            sites.push(SiteView {
                name: site.name.clone(),
                distance_mm: site.distance_mm,
                distance_by_person: by_person,
                sweeps,
                segment: found.map(|between| between.segment),
                doubt: found.and_then(|between| between.doubt.as_ref()).map(|doubt| doubt.what.clone()),
            });
        }
        let measured = test.sites.iter().flat_map(|site| &site.sweeps).all(|id| self.measured.contains_key(id));
        TestView {
            title: title(test, index),
            kind: test.kind,
            side: test.side,
            nerve: test.nerve.clone(),
            recorded_from: test.recorded_from.clone(),
            temperature_c: test.temperature_c,
            sites,
            turned: test.sites.iter().flat_map(|site| &site.sweeps).any(|&id| examination.sweeps.get(id).is_some_and(|sweep| sweep.turned)),
            measured,
        }
    }

    fn sweep_view(&self, examination: &Examination, id: usize) -> SweepView {
        let stimulus = examination.sweeps.get(id).map(|sweep| stimulus_words(&sweep.stimulus)).unwrap_or_default();
        SweepView { id, stimulus, measurement: self.measured.get(&id).cloned(), no_response: self.edits.no_response.contains(&id) }
    }
}

fn stimulus_words(stimulus: &Stimulus) -> String {
    let current = stimulus.current_ma.map(|ma| format!("{ma} mA"));
    let pulse = stimulus.pulse_ms.map(|ms| format!("{ms} ms"));
    [current, pulse].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `L Median motor (APB)`; parts that are not known are left out.
fn title(test: &NerveTest, index: usize) -> String {
    let side = test.side.map(|side| if side == Side::Left { "L" } else { "R" });
    let kind = match test.kind {
        TestKind::Motor => "motor",
        TestKind::Sensory => "sensory",
        TestKind::FWave => "F waves",
        TestKind::Sep => "SEP",
        TestKind::Unknown => "sweeps",
    };
    let nerve = Some(test.nerve.as_str()).filter(|nerve| !nerve.is_empty());
    let from = Some(&test.recorded_from).filter(|from| !from.is_empty()).map(|from| format!("({from})"));
    let bare = nerve.is_none() && from.is_none();
    let words: Vec<String> =
        [side.map(str::to_owned), nerve.map(str::to_owned), Some(kind.to_owned()), from].into_iter().flatten().collect();
    let words = words.join(" ");
    if bare { format!("Test {}: {words}", index + 1) } else { words }
}
