//! What a report says of why it was asked for, and what signing keeps.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::engine::Engine;
use myoscope::engine::protocol::{
    Buffer, Edit, Event, Leaving, Output, PdfOrder, ReportDepth, ReportForm, ReportWanted, Request, Store, StudyKey, StudyView,
};
use myoscope::formats::{Files, NamedSource, OpenOptions, SliceSource};
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

    /// A recording from a file.
    fn file(path: &str) -> Self {
        let source = std::rc::Rc::new(SliceSource::from(std::fs::read(path).unwrap()));
        let files = Files { all: vec![NamedSource { name: "study.edf".into(), source }] };
        let mut engine = Engine::default();
        let mut outputs = Vec::new();
        engine.handle(Request::Open { options: OpenOptions::default() }, &files, None, &mut |output| outputs.push(output));
        let study = outputs.iter().find_map(|o| if let Event::Fetch { study, .. } = o.event { Some(study) } else { None }).unwrap();
        engine.handle(Request::Fetched { study, store: Store::Edits }, &Files::default(), None, &mut |output| outputs.push(output));
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
        leg_length_cm: Some(41.0),
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
    // A simulated study has no day that one could lie behind.
    assert!(desk.view.recordings.iter().all(|recording| recording.start.is_none()));
    assert_eq!(desk.refused.len(), 3, "{:?}", desk.refused);
    assert!(desk.refused[2].contains("at most 2000"), "{:?}", desk.refused);
}

#[test]
fn the_day_of_the_first_symptom_sets_the_weeks() {
    let path = format!("{}/tests/golden/study/median.edf", env!("CARGO_MANIFEST_DIR"));
    let mut desk = Desk::file(&path);
    let day = desk.view.recordings.iter().find_map(|recording| recording.start.clone()).unwrap();
    let tested: jiff::civil::Date = day[..10].parse().unwrap();
    let before = tested.saturating_sub(jiff::Span::new().days(25));
    desk.context(&Context { onset: Some(before.to_string()), ..Context::default() });
    assert_eq!(desk.view.person.onset_weeks, Some(3.6));
    assert!(desk.text(ReportDepth::Summary, false).contains(&format!("First symptom: {before}, 3.6 weeks before the test")));
    let nameless = desk.text(ReportDepth::Summary, true);
    assert!(nameless.contains("First symptom: 3.6 weeks") && !nameless.contains(&before.to_string()), "{nameless}");
    desk.context(&Context { onset: Some(tested.saturating_add(jiff::Span::new().days(1)).to_string()), ..Context::default() });
    assert!(desk.refused.pop().unwrap().contains("lies behind the day of the test"));
    assert_eq!(desk.view.person.onset_weeks, Some(3.6));
}

fn sign(why: &str, at: &str) -> Edit {
    Edit::Sign { signer: "A. Reader".into(), role: "Neurologist".into(), at: at.into(), why: why.into() }
}

const FIRST: &str = "2026-03-01T09:30:00+01:00";
const SECOND: &str = "2026-03-02T10:00:00Z";

fn version(depth: ReportDepth, version: usize) -> ReportWanted {
    ReportWanted { depth, nameless: false, version: Some(version) }
}

fn digest(file: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(file.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_signed_report_stays_as_it_was_and_an_amendment_says_why() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(Edit::Impression { text: "First reading.".into() });
    assert!(desk.text(ReportDepth::Summary, false).contains("Draft."));
    desk.edit(sign("", FIRST));
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    assert!(!desk.view.signed_differs);
    let first = desk.written(version(ReportDepth::Full, 0), ReportForm::Html);
    assert!(first.contains("Signed by A. Reader, Neurologist on 2026-03-01 09:30 (UTC+01:00)."), "{first}");
    assert!(first.contains("First reading.") && !first.contains("Draft."), "{first}");
    let sum = desk.view.signed[0].sha256.iter().find(|(depth, _)| depth == "full").unwrap().1.clone();
    assert_eq!(digest(&first), sum, "the sum is that of the file");

    desk.edit(Edit::Impression { text: "Second reading.".into() });
    assert!(desk.view.signed_differs);
    assert!(desk.text(ReportDepth::Summary, false).contains("Draft of the study as it stands. Version 1 was signed by A. Reader"));
    assert_eq!(desk.written(version(ReportDepth::Full, 0), ReportForm::Html), first);
    desk.ask(Request::Undo { study: desk.study });
    assert!(!desk.view.signed_differs, "undone, it is what was signed");
    desk.ask(Request::Redo { study: desk.study });

    desk.edit(sign(" ", SECOND));
    assert!(desk.refused.pop().unwrap().contains("what was changed and why"));
    desk.edit(sign("A typing error", SECOND));
    let second = desk.written(version(ReportDepth::Summary, 1), ReportForm::Text);
    let second = second.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        second.contains("Amended report, version 2, signed by A. Reader") && second.contains("What was changed and why: A typing error")
    );
    assert!(second.contains("Second reading.") && second.contains("It replaces version 1"), "{second}");
    assert_eq!(desk.written(version(ReportDepth::Full, 0), ReportForm::Html), first);

    // As another session finds it.
    let mut again = Desk::open("sensory", Some(&desk.kept));
    assert_eq!((again.view.signed.len(), again.view.signed_differs), (2, false));
    assert_eq!(again.written(version(ReportDepth::Full, 0), ReportForm::Html), first);
}

#[test]
fn undo_reaches_no_signature() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(Edit::Impression { text: "Read.".into() });
    desk.edit(sign("", FIRST));
    assert_eq!(desk.view.undo.as_deref(), Some("conclusion"));
    desk.ask(Request::Undo { study: desk.study });
    assert_eq!((desk.view.signed.len(), desk.view.impression.as_str(), desk.view.signed_differs), (1, "", true));
    desk.ask(Request::Redo { study: desk.study });
    assert_eq!((desk.view.signed.len(), desk.view.signed_differs), (1, false));
}

#[test]
fn a_signed_version_has_its_copy_without_names() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(sign("", FIRST));
    for form in [ReportForm::Html, ReportForm::Text] {
        let named = desk.written(version(ReportDepth::Full, 0), form);
        let nameless = desk.written(ReportWanted { nameless: true, ..version(ReportDepth::Full, 0) }, form);
        assert!(named.contains("DEMO") && !nameless.contains("DEMO") && nameless.contains("without names"), "{nameless}");
    }
}

#[test]
fn what_is_made_anew_must_be_what_was_signed() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(sign("", FIRST));
    let fhir: serde_json::Value = serde_json::from_str(&desk.written(version(ReportDepth::Summary, 0), ReportForm::Fhir)).unwrap();
    assert_eq!(fhir["entry"][0]["resource"]["status"], "final");
    let made = |desk: &mut Desk, wanted| {
        let study = desk.study;
        desk.ask(Request::Material { study, wanted }).into_iter().find_map(|output| match output.event {
            Event::Material { material } => {
                Some(myoscope::engine::report::file(&PdfOrder { material, dicom: false }, output.buffers).unwrap())
            }
            _ => None,
        })
    };
    for depth in [ReportDepth::Summary, ReportDepth::Patient] {
        let pdf = made(&mut desk, version(depth, 0)).unwrap();
        assert_eq!(lopdf::Document::load_mem(&pdf).unwrap().get_pages().len(), 1, "{}", depth.id());
    }
    assert!(made(&mut desk, version(ReportDepth::Full, 0)).is_some());
    desk.edit(Edit::Impression { text: "Otherwise.".into() });
    assert!(made(&mut desk, version(ReportDepth::Full, 0)).is_none());
    assert!(desk.refused.pop().unwrap().contains("changed since it was signed"));
    assert!(made(&mut desk, version(ReportDepth::Full, 7)).is_none());
    assert!(desk.refused.pop().unwrap().contains("There is no version 8: one was signed."));
    desk.edit(sign("Another reading", SECOND));
    let fhir: serde_json::Value = serde_json::from_str(&desk.written(version(ReportDepth::Summary, 1), ReportForm::Fhir)).unwrap();
    assert_eq!(fhir["entry"][0]["resource"]["status"], "amended");
}

#[test]
fn a_version_that_was_tampered_with_is_not_shown() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(Edit::Impression { text: "As it was read.".into() });
    desk.edit(sign("", FIRST));
    let kept = String::from_utf8(desk.kept.clone()).unwrap().replace("As it was read.", "As it was bent.");
    let mut again = Desk::open("sensory", Some(kept.as_bytes()));
    let study = again.study;
    let shown = again.ask(Request::Preview { study, wanted: version(ReportDepth::Full, 0) });
    assert!(!shown.iter().any(|output| matches!(output.event, Event::Preview { .. })));
    assert!(again.refused.pop().unwrap().contains("its check sum is another"));
}

#[test]
fn nobody_signs_without_a_name_or_a_moment() {
    let mut desk = Desk::open("sensory", None);
    desk.edit(Edit::Sign { signer: "  ".into(), role: String::new(), at: FIRST.into(), why: String::new() });
    desk.edit(sign("", "yesterday"));
    assert!(desk.refused[0].contains("with a name") && desk.refused[1].contains("offset from UTC"), "{:?}", desk.refused);
    assert!(desk.view.signed.is_empty());
}

const LETTERHEAD: &str = r#"
[clinic]
name = "Clinic <of> Nerves"
lines = ["Street 1", "Town"]
logo = "data:image/png;base64,iVBORw0KGgo="
[text]
introduction = "On {patient}, {age}, for: {question} {{as written}}"
technique = "Surface electrodes."
closing = "With kind regards"
patient = "Call us."
"#;

fn letterhead(desk: &mut Desk, text: &str) -> Vec<Output> {
    desk.ask(Request::UseLetterhead { name: "ours.toml".into(), text: Some(text.into()) })
}

#[test]
fn a_letterhead_stands_on_every_form_and_its_texts_are_filled() {
    let mut desk = Desk::open("sensory", None);
    desk.context(&referred());
    letterhead(&mut desk, LETTERHEAD);
    let html = desk.written(ReportWanted::default(), ReportForm::Html);
    assert!(
        html.contains("Clinic &lt;of&gt; Nerves") && html.contains("<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"\">"),
        "{html}"
    );
    let summary = desk.text(ReportDepth::Summary, false);
    assert!(summary.starts_with("Clinic <of> Nerves Street 1 Town"), "{summary}");
    assert!(summary.contains("for: Fibular neuropathy or L5? {as written}") && summary.contains("With kind regards"), "{summary}");
    assert!(!summary.contains("Surface electrodes."), "{summary}");
    let full = desk.text(ReportDepth::Full, false);
    assert!(full.contains("HOW IT WAS EXAMINED") && full.contains("Surface electrodes.") && full.contains("With kind regards"), "{full}");
    let patient = desk.text(ReportDepth::Patient, false);
    assert!(patient.contains("Call us.") && !patient.contains("With kind regards"), "{patient}");
    let study = desk.study;
    let material = desk.ask(Request::Material { study, wanted: ReportWanted::default() });
    let pdf = material.into_iter().find_map(|output| match output.event {
        Event::Material { material } => Some(myoscope::engine::report::file(&PdfOrder { material, dicom: false }, output.buffers).unwrap()),
        _ => None,
    });
    // This study fills its page without a letterhead.
    let pages = lopdf::Document::load_mem(&pdf.unwrap()).unwrap().get_pages().len();
    assert!(pages <= 2, "{pages} pages");
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);

    // What was signed under one letterhead keeps it.
    desk.edit(sign("", FIRST));
    let signed = desk.written(version(ReportDepth::Summary, 0), ReportForm::Html);
    desk.ask(Request::UseLetterhead { name: String::new(), text: None });
    assert!(!desk.text(ReportDepth::Summary, false).contains("Clinic <of> Nerves"));
    assert_eq!(desk.written(version(ReportDepth::Summary, 0), ReportForm::Html), signed);
}

#[test]
fn names_are_left_out_of_the_clinics_own_sentences_too() {
    let mut desk = Desk::open("sensory", None);
    letterhead(&mut desk, "[text]\nintroduction = \"Number {number}, {born}, {patient}.\"\n");
    assert!(desk.text(ReportDepth::Summary, false).contains("Number DEMO, not stated, not stated."));
    assert!(desk.text(ReportDepth::Summary, true).contains("Number left out, left out, the person examined."));
}

#[test]
fn a_wrong_letterhead_is_refused_and_the_one_before_stays() {
    let mut desk = Desk::open("sensory", None);
    letterhead(&mut desk, LETTERHEAD);
    letterhead(&mut desk, "[text]\nclosing = \"{pateint}\"\n");
    let refused = desk.refused.pop().unwrap();
    assert!(refused.starts_with("ours.toml: line 2: closing: {pateint} is no placeholder; known are {patient}"), "{refused}");
    assert!(desk.text(ReportDepth::Summary, false).contains("Clinic <of> Nerves"));
}

#[test]
fn a_letterhead_among_files_is_taken_for_one() {
    let mut engine = Engine::default();
    let source = std::rc::Rc::new(SliceSource::from(LETTERHEAD.as_bytes().to_vec()));
    let files = Files { all: vec![NamedSource { name: "ours.toml".into(), source }] };
    let mut events = Vec::new();
    engine.handle(Request::Open { options: OpenOptions::default() }, &files, None, &mut |output| events.push(output.event));
    assert!(matches!(&events[..], [Event::Letterhead { name: Some(name), .. }] if name == "Clinic <of> Nerves"), "{events:?}");
    engine.handle(Request::ExportLetterhead, &Files::default(), None, &mut |output| {
        let Some(Buffer::Bytes(bytes)) = output.buffers.into_iter().next() else { panic!("no file") };
        assert!(String::from_utf8(bytes).unwrap().contains("[clinic]"));
    });
}

/// A PNG of so many pixels, red on the left.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let pixels: Vec<u8> = (0..width * height).flat_map(|at| if at % width < width / 2 { [200, 0, 0, 255] } else { [0, 0, 0, 0] }).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

#[test]
fn a_logo_stands_in_the_pdf_and_a_broken_one_costs_no_report() {
    let pdf = |logo: &[u8]| {
        let mut desk = Desk::open("motor", None);
        let address = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, logo);
        letterhead(&mut desk, &format!("[clinic]\nname = \"Ours\"\nlogo = \"data:image/png;base64,{address}\"\n"));
        let study = desk.study;
        let material = desk.ask(Request::Material { study, wanted: ReportWanted::default() });
        let made = material.into_iter().find_map(|output| match output.event {
            Event::Material { material } => {
                Some(myoscope::engine::report::file(&PdfOrder { material, dicom: false }, output.buffers).unwrap())
            }
            _ => None,
        });
        let document = lopdf::Document::load_mem(&made.unwrap()).unwrap();
        let images = document.objects.values().filter_map(|object| object.as_stream().ok()).filter_map(|stream| {
            let name = stream.dict.get(b"Subtype").and_then(lopdf::Object::as_name).ok()?;
            (name == b"Image").then(|| stream.dict.get(b"Width").and_then(lopdf::Object::as_i64).unwrap())
        });
        let widths: Vec<i64> = images.collect();
        (document.get_pages().len(), widths)
    };
    let whole = png(300, 80);
    let (pages, widths) = pdf(&whole);
    assert!(pages == 1 && widths.contains(&300), "{pages} pages, {widths:?}");
    for broken in [&whole[..whole.len() / 2], b"\x89PNG\r\n\x1a\n", &png(5000, 1)] {
        assert_eq!(pdf(broken), (1, Vec::new()));
    }
}

#[test]
fn a_signed_version_goes_with_the_study_file_and_comes_out_of_it_as_it_was() {
    let mut desk = Desk::open("motor", None);
    desk.edit(sign("", FIRST));
    let version = ReportWanted { version: Some(0), ..ReportWanted::default() };
    let signed = desk.written(version, ReportForm::Html);
    desk.edit(Edit::Impression { text: "Changed since.".into() });
    let study = desk.study;
    let packed = desk.ask(Request::Pack { study, leaving: Leaving::default() });
    let bytes = packed.into_iter().find_map(|output| match (output.event, output.buffers.into_iter().next()) {
        (Event::Exported { .. }, Some(Buffer::Bytes(bytes))) => Some(bytes),
        _ => None,
    });
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("signed");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, out) = (folder.join("s.myo"), folder.join("r.html"));
    std::fs::write(&file, bytes.unwrap()).unwrap();
    let run = |version: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_myoscope"));
        command.arg("report").arg(&file).args(["--signed", version, "-o"]).arg(&out).output().unwrap()
    };
    let done = run("1");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), signed);
    let none = run("2");
    assert!(String::from_utf8_lossy(&none.stderr).contains("no version 2"), "{}", String::from_utf8_lossy(&none.stderr));
}
