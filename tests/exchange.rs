//! What other systems take: all values of a study as CSV, and as a FHIR bundle, held against what the page shows.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says what it skipped")]

use std::collections::BTreeMap;

use myoscope::engine::Engine;
use myoscope::engine::protocol::{
    Buffer, Edit, Event, MuscleEdit, Output, ReportDepth, ReportForm, ReportWanted, Request, Store, StudyKey, StudyView,
};
use myoscope::formats::{Files, NamedSource, OpenOptions, Opened, ReadError, SliceSource, open};
use myoscope::model::{MarkerKind, MuscleColumn, Samples, Side, WhichMuscle};

struct Desk {
    engine: Engine,
    study: StudyKey,
    view: StudyView,
}

impl Desk {
    fn demo(id: &str) -> Self {
        let mut engine = Engine::default();
        let mut outputs = Vec::new();
        engine.handle(Request::OpenDemo { demo: id.into() }, &Files::default(), None, &mut |output| outputs.push(output));
        Self::begun(engine, outputs)
    }

    fn begun(mut engine: Engine, mut outputs: Vec<Output>) -> Self {
        let study = outputs.iter().find_map(|o| if let Event::Fetch { study, .. } = o.event { Some(study) } else { None }).unwrap();
        engine.handle(Request::Fetched { study, store: Store::Edits }, &Files::default(), None, &mut |output| outputs.push(output));
        let view = outputs.into_iter().find_map(|o| if let Event::Opened { view } = o.event { Some(view) } else { None }).unwrap();
        Self { engine, study, view }
    }

    /// A file, opened as the page opens it.
    fn opened(name: &str, bytes: &[u8]) -> Self {
        let mut engine = Engine::default();
        let mut outputs = Vec::new();
        let files = Files { all: vec![file(name, bytes)] };
        engine.handle(Request::Open { options: OpenOptions::default() }, &files, None, &mut |output| outputs.push(output));
        Self::begun(engine, outputs)
    }

    fn ask(&mut self, request: Request) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.engine.handle(request, &Files::default(), None, &mut |output| outputs.push(output));
        for output in &outputs {
            match &output.event {
                Event::Changed { view } => self.view = view.clone(),
                Event::Failed { what } => panic!("{what}"),
                _ => {}
            }
        }
        outputs
    }

    fn edit(&mut self, edit: Edit) {
        self.ask(Request::Edit { study: self.study, edit, gesture: None });
    }

    fn save(&mut self, form: ReportForm, nameless: bool) -> (String, Vec<u8>) {
        let outputs = self.ask(Request::Report {
            study: self.study,
            wanted: ReportWanted { depth: ReportDepth::Full, nameless, version: None },
            form,
        });
        let saved = outputs.into_iter().find(|output| matches!(output.event, Event::Exported { .. })).unwrap();
        let Event::Exported { names, .. } = saved.event else { panic!("no file") };
        let Some(Buffer::Bytes(bytes)) = saved.buffers.into_iter().next() else { panic!("no bytes") };
        (names[0].clone(), bytes)
    }

    fn values(&mut self) -> Vec<BTreeMap<String, String>> {
        let (name, bytes) = self.save(ReportForm::Values, false);
        assert_eq!(name, "values.csv");
        csv::Reader::from_reader(bytes.as_slice()).deserialize().collect::<Result<_, _>>().unwrap()
    }
}

fn file(name: &str, bytes: &[u8]) -> NamedSource {
    NamedSource { name: name.to_owned(), source: std::rc::Rc::new(SliceSource::from(bytes.to_vec())) }
}

fn opened(name: &str, bytes: &[u8]) -> Result<Opened, ReadError> {
    open(&Files { all: vec![file(name, bytes)] }, &OpenOptions::default()).into_iter().next().unwrap().1
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("no number in {column}: {row:?}"))
}

#[test]
fn every_sweep_is_a_row_with_who_set_it() {
    let mut desk = Desk::demo("motor");
    desk.ask(Request::Sweeps { study: desk.study, test: 0 });
    let sweep = desk.view.tests[0].sites[0].sweeps[0].clone();
    let measured = sweep.measurement.unwrap();
    let (zero_s, before) = (measured.zero_s, measured.response.unwrap().onset_ms);
    desk.edit(Edit::MoveMarker { sweep: sweep.id, kind: MarkerKind::Onset, at_s: zero_s + (before + 0.5) / 1e3 });
    let values = desk.values();
    let onset = |site: &str| {
        let mut found = values.iter().filter(|row| row["part"] == "response" && row["site"] == site && row["measure"] == "onset latency");
        let row = found.next().unwrap_or_else(|| panic!("no onset at {site}"));
        assert_eq!(found.next(), None, "one sweep a site");
        row.clone()
    };
    let site = |at: usize| desk.view.tests[0].sites[at].name.clone();
    let moved = onset(&site(0));
    assert!((number(&moved, "value") - before - 0.5).abs() < 1e-9 && (number(&moved, "automatic") - before).abs() < 1e-9);
    assert_eq!((moved["set_by"].as_str(), moved["unit"].as_str()), ("hand", "ms"));
    assert!(moved["method"].starts_with("motor/"), "{moved:?}");
    let own = onset(&site(1));
    assert_eq!((own["set_by"].as_str(), &own["value"]), ("automatic", &own["automatic"]));
    let velocity = values.iter().find(|row| row["part"] == "segment" && row["measure"] == "conduction velocity").unwrap();
    let shown = desk.view.tests[0].sites.iter().find_map(|site| site.segment.as_ref()?.velocity_mps).unwrap();
    assert!((number(velocity, "value") - shown).abs() < 1e-9);
    // Values held against limits say where the limits are from.
    let judged: Vec<_> = values.iter().filter(|row| row["part"] == "limit").collect();
    assert_eq!(judged.len(), desk.view.tests.iter().map(|test| test.judged.len()).sum::<usize>());
    assert!(!judged.is_empty(), "the demo is held against no limit: the test sees nothing");
    for row in judged {
        assert!(!row["source"].is_empty() && ["upper", "lower"].contains(&row["bound"].as_str()), "{row:?}");
        let over = number(row, "value") > number(row, "limit");
        let under = number(row, "value") < number(row, "limit");
        assert_eq!(row["beyond"] == "yes", if row["bound"] == "upper" { over } else { under }, "{row:?}");
    }
}

#[test]
fn needle_conclusion_and_words_with_commas_are_in_it() {
    let mut desk = Desk::demo("motor");
    desk.edit(Edit::Impression { text: "No sign of a lesion, \"mild\" slowing.\nSecond line.".into() });
    let row = desk.view.needle.next;
    let muscle = WhichMuscle::Listed("tibialis_anterior".into());
    desk.edit(Edit::Muscles { change: MuscleEdit::Add { muscle, side: Some(Side::Left) } });
    desk.edit(Edit::Muscles { change: MuscleEdit::Write { row, column: MuscleColumn::Fibrillation, text: Some("2+".into()) } });
    let values = desk.values();
    let fibs = values.iter().find(|row| row["part"] == "needle" && row["measure"].starts_with("fibrillation")).unwrap();
    assert!(fibs["words"].starts_with("2+") && fibs["set_by"] == "hand" && fibs["side"] == "L", "{fibs:?}");
    let text = values.iter().find(|row| row["part"] == "conclusion" && row["of"] == "reader").unwrap();
    assert_eq!(text["words"], "No sign of a lesion, \"mild\" slowing.\nSecond line.");
    let subject = &desk.view.subject;
    for name in [&subject.name, &subject.code, &subject.birth_date].into_iter().filter(|name| !name.is_empty()) {
        assert!(values.iter().flat_map(BTreeMap::values).all(|cell| !cell.contains(name.as_str())), "a name is in the values");
    }
}

fn bundle(desk: &mut Desk, nameless: bool) -> serde_json::Value {
    let (name, bytes) = desk.save(ReportForm::Fhir, nameless);
    assert_eq!(name, "report-full.fhir.json");
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_fhir_bundle_holds_the_values_and_their_limits() {
    let mut desk = Desk::demo("motor");
    desk.edit(Edit::Impression { text: "Normal.".into() });
    let values = desk.values();
    let all = bundle(&mut desk, false);
    let entries = all["entry"].as_array().unwrap();
    let of = |kind: &str| entries.iter().map(|entry| &entry["resource"]).filter(|r| r["resourceType"] == kind).collect::<Vec<_>>();
    let [report] = of("DiagnosticReport")[..] else { panic!("one report") };
    assert_eq!(report["conclusion"], "Normal.");
    let observations = of("Observation");
    let expected = values.iter().filter(|row| row["part"] != "person" && row["part"] != "conclusion").collect::<Vec<_>>();
    assert_eq!(observations.len(), expected.len());
    assert_eq!(report["result"].as_array().unwrap().len(), expected.len());
    let addresses: std::collections::BTreeSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert_eq!(addresses.len(), entries.len());
    assert!(report["result"].as_array().unwrap().iter().all(|of| addresses.contains(of["reference"].as_str().unwrap())));
    let mut limits = 0;
    for (observation, row) in observations.iter().zip(expected) {
        let (own, value) = (observation["valueQuantity"]["value"].as_f64(), row["value"].parse::<f64>().ok());
        // The reader of JSON here may miss the last bit.
        let same = own.zip(value).map_or(own == value, |(a, b)| (a - b).abs() <= 1e-14 * b.abs());
        assert!(same, "{own:?}: {row:?}");
        if !row["limit"].is_empty() {
            limits += 1;
            let range = &observation["referenceRange"][0];
            assert_eq!(range["text"], row["source"].as_str());
            let side = if row["bound"] == "upper" { "high" } else { "low" };
            assert_eq!(range[side]["value"].as_f64(), row["limit"].parse().ok());
        }
    }
    assert!(limits > 0, "no value is held against a limit: the test sees nothing");
    let subject = desk.view.subject.clone();
    let name = [subject.name, subject.code].into_iter().find(|text| !text.is_empty()).unwrap();
    assert!(!name.is_empty() && all.to_string().contains(&name));
    assert!(!bundle(&mut desk, true).to_string().contains(&name));
}

#[test]
fn a_bundle_brings_the_study_back_with_what_was_done_to_it() {
    for (demo, nameless) in [("motor", false), ("needle", false), ("scan", false), ("munix", true)] {
        let mut desk = Desk::demo(demo);
        desk.edit(Edit::Impression { text: "Written by hand.".into() });
        desk.edit(Edit::Person { height_cm: Some(171.0), age_years: Some(48.0), sex: Some("F".into()), onset_weeks: None });
        let (name, bytes) = desk.save(ReportForm::Fhir, nameless);
        let back = opened(&name, &bytes).unwrap();
        assert_eq!(back.warnings, [], "{demo}");
        assert_eq!(back.edits.as_ref().map(|edits| edits.impression.as_str()), Some("Written by hand."), "{demo}");
        assert_eq!(back.study.subject.name.is_empty() && back.study.subject.code.is_empty(), nameless, "{demo}");
        let (study, samples) = myoscope::simulate::demo(demo).unwrap();
        assert_eq!(back.study.recordings.len(), study.recordings.len());
        for (recording, (a, b)) in study.recordings.iter().zip(samples.iter().zip(&back.samples)) {
            for (index, channel) in recording.channels.iter().enumerate() {
                let (mut here, mut there) = (vec![0.0; channel.n as usize], vec![0.0; channel.n as usize]);
                a.read(index, 0, &mut here).unwrap();
                b.read(index, 0, &mut there).unwrap();
                assert!(here.iter().zip(&there).all(|(a, b)| a.to_bits() == b.to_bits()), "{demo}: channel {index}");
            }
        }
        // Opened by the engine, it says the same.
        let mut again = Desk::opened(&name, &bytes);
        desk.ask(Request::Together { study: desk.study });
        again.ask(Request::Together { study: again.study });
        assert_eq!(format!("{:?}", again.view.answer), format!("{:?}", desk.view.answer), "{demo}");
        assert_eq!(format!("{:?}", again.view.tests), format!("{:?}", desk.view.tests), "{demo}");
    }
}

#[test]
fn a_bundle_of_another_system_is_refused_in_words() {
    let foreign = br#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation"}}]}"#;
    let error = opened("report.json", foreign).err().unwrap().to_string();
    assert!(error.contains("without the waveforms of a study"), "{error}");
    let cut = opened("report.json", &foreign[..70]).err().unwrap().to_string();
    assert!(cut.contains("no JSON"), "{cut}");
    let odd = br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"DocumentReference","content":[{"attachment":{"contentType":"application/vnd.myoscope.study+zip","data":"****"}}]}}]}"#;
    assert!(opened("report.json", odd).err().unwrap().to_string().contains("base64"));
}

#[test]
fn the_official_schema_takes_every_resource() {
    // `fhir.schema.json` of R4, and a Python with jsonschema.
    let (Ok(python), Ok(schema)) = (std::env::var("MYOSCOPE_PYTHON"), std::env::var("MYOSCOPE_FHIR_SCHEMA")) else {
        println!("skipped: MYOSCOPE_PYTHON names no Python with jsonschema, or MYOSCOPE_FHIR_SCHEMA no schema");
        return;
    };
    let mut desk = Desk::demo("motor");
    desk.edit(Edit::Impression { text: "Normal.".into() });
    let path = std::env::temp_dir().join(format!("myoscope-{}.json", std::process::id()));
    std::fs::write(&path, bundle(&mut desk, false).to_string()).unwrap();
    let script = "import json, sys, jsonschema\ns = json.load(open(sys.argv[1]))\nb = json.load(open(sys.argv[2]))\n\
        def bad(r):\n  return list(jsonschema.Draft6Validator({'$ref': '#/definitions/' + r['resourceType'], 'definitions': s['definitions']}).iter_errors(r))\n\
        assert bad({'resourceType': 'Observation', 'status': 5}), 'the schema refuses nothing'\n\
        wrong = [(e['resource']['resourceType'], x.message[:300]) for e in b['entry'] for x in bad(e['resource'])]\nassert not wrong, wrong[:5]\n";
    let output = std::process::Command::new(python).args(["-c", script]).arg(schema).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
