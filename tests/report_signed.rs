//! What a report says of why it was asked for, and what signing keeps.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::engine::Engine;
use myoscope::engine::protocol::{Buffer, Edit, Event, Output, ReportDepth, ReportForm, ReportWanted, Request, Store, StudyKey, StudyView};
use myoscope::formats::Files;
use myoscope::model::{Context, Edits, Side, Sided};

struct Desk {
    engine: Engine,
    study: StudyKey,
    view: StudyView,
    /// What the surroundings were asked to keep last.
    kept: Vec<u8>,
    refused: Vec<String>,
}

impl Desk {
    /// A simulated study, with what was `kept` of it earlier.
    fn open(demo: &str, kept: Option<&[u8]>) -> Self {
        let mut engine = Engine::default();
        let mut outputs = Vec::new();
        engine.handle(Request::OpenDemo { demo: demo.into() }, &Files::default(), None, &mut |output| outputs.push(output));
        let study = outputs.iter().find_map(|o| if let Event::Fetch { study, .. } = o.event { Some(study) } else { None }).unwrap();
        engine.handle(Request::Fetched { study, store: Store::Edits }, &Files::default(), kept, &mut |output| outputs.push(output));
        let view = outputs.into_iter().find_map(|o| if let Event::Opened { view } = o.event { Some(view) } else { None }).unwrap();
        Self { engine, study, view, kept: Vec::new(), refused: Vec::new() }
    }

    fn ask(&mut self, request: Request) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.engine.handle(request, &Files::default(), None, &mut |output| outputs.push(output));
        for output in &outputs {
            match &output.event {
                Event::Changed { view } => self.view = view.clone(),
                Event::Failed { what } => self.refused.push(what.clone()),
                Event::Keep { store: Store::Edits, .. } => {
                    let Some(Buffer::Bytes(bytes)) = output.buffers.first() else { panic!("nothing to keep") };
                    self.kept.clone_from(bytes);
                }
                _ => {}
            }
        }
        outputs
    }

    fn edit(&mut self, edit: Edit) {
        self.ask(Request::Edit { study: self.study, edit, gesture: None });
    }

    fn written(&mut self, wanted: ReportWanted, form: ReportForm) -> String {
        let outputs = self.ask(Request::Report { study: self.study, wanted, form });
        let report = outputs.into_iter().find(|output| matches!(output.event, Event::Exported { .. })).unwrap();
        let Some(Buffer::Bytes(bytes)) = report.buffers.into_iter().next() else { panic!("no bytes") };
        String::from_utf8(bytes).unwrap()
    }

    fn text(&mut self, depth: ReportDepth, nameless: bool) -> String {
        let text = self.written(ReportWanted { depth, nameless, ..ReportWanted::default() }, ReportForm::Text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn context(&mut self, context: &Context) {
        self.edit(Edit::Context { context: Box::new(context.clone()) });
    }
}

fn referred() -> Context {
    Context {
        weight_kg: Some(81.0),
        hand: Some(Sided::One(Side::Right)),
        affected: Some(Sided::Both),
        onset: None,
        question: "Fibular neuropathy or L5?".into(),
        history: "Foot drop after squatting.".into(),
        medication: "Apixaban".into(),
        implants: "Pacemaker".into(),
    }
}

#[test]
fn the_question_stands_in_the_summary_and_the_rest_in_the_full_report() {
    let mut desk = Desk::open("sensory", None);
    desk.context(&referred());
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    let summary = desk.text(ReportDepth::Summary, false);
    assert!(summary.contains("Question: Fibular neuropathy or L5?"), "{summary}");
    assert!(summary.contains("81 kg") && summary.contains("Affected side: both") && summary.contains("Dominant hand: right"), "{summary}");
    assert!(!summary.contains("Apixaban"), "{summary}");
    let full = desk.text(ReportDepth::Full, false);
    for words in ["WHY IT WAS ASKED", "History and findings: Foot drop after squatting.", "Medication that matters: Apixaban"] {
        assert!(full.contains(words), "{words} is not in {full}");
    }
    assert!(full.contains("Implanted devices: Pacemaker"), "{full}");
    let nameless = desk.text(ReportDepth::Full, true);
    assert!(nameless.contains("may tell who was examined: Question, History and findings, Medication that matters"), "{nameless}");
    let values = desk.written(ReportWanted::default(), ReportForm::Values);
    assert!(values.contains("weight,81.0") && !values.contains("Apixaban") && !values.contains("squatting"), "{values}");
}

#[test]
fn it_comes_back_and_older_work_reads() {
    let mut desk = Desk::open("sensory", None);
    desk.context(&referred());
    let again = Desk::open("sensory", Some(&desk.kept));
    assert_eq!(again.view.person.context, referred());
    let old: Edits = serde_json::from_str(r#"{"onset_weeks":3.0,"impression":"x"}"#).unwrap();
    assert_eq!((old.onset_weeks, old.context), (Some(3.0), Context::default()));
    desk.ask(Request::Undo { study: desk.study });
    assert_eq!(desk.view.person.context, Context::default());
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let mut desk = Desk::open("sensory", None);
    desk.context(&Context { weight_kg: Some(2000.0), ..Context::default() });
    desk.context(&Context { onset: Some("last May".into()), ..Context::default() });
    desk.context(&Context { onset: Some("2999-01-01".into()), ..Context::default() });
    desk.context(&Context { history: "x".repeat(2001), ..Context::default() });
    assert!(desk.refused[0].contains("0.3 and 400 kg"), "{:?}", desk.refused);
    assert!(desk.refused[1].contains("year, month and day"), "{:?}", desk.refused);
    let dated = desk.view.recordings.iter().any(|recording| recording.start.is_some());
    assert_eq!(desk.refused.len(), if dated { 4 } else { 3 }, "{:?}", desk.refused);
    assert!(desk.refused.last().unwrap().contains("at most 2000"), "{:?}", desk.refused);
    if dated {
        let day = desk.view.recordings.iter().find_map(|recording| recording.start.clone()).unwrap();
        desk.context(&Context { onset: Some(day[..10].into()), ..Context::default() });
        assert_eq!(desk.view.person.onset_weeks, Some(0.0));
    }
}
