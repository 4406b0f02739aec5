//! Reports of the simulated studies, of a study with everything, with nothing abnormal, and of none:
//! what each depth must say, must not say, and how it is written.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::engine::Engine;
use myoscope::engine::protocol::{
    Buffer, Edit, Event, MuscleEdit, Output, PdfOrder, ReportDepth, ReportForm, ReportWanted, Request, Store, StudyKey, StudyView, demos,
};
use myoscope::formats::Files;
use myoscope::model::{MuscleColumn, Side, WhichMuscle};

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
        let study = outputs.iter().find_map(|o| if let Event::Fetch { study, .. } = o.event { Some(study) } else { None }).unwrap();
        engine.handle(Request::Fetched { study, store: Store::Edits }, &Files::default(), None, &mut |output| outputs.push(output));
        let view = outputs.into_iter().find_map(|o| if let Event::Opened { view } = o.event { Some(view) } else { None }).unwrap();
        Self { engine, study, view }
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

    fn muscle(&mut self, id: &str, side: Side, cells: &[(MuscleColumn, &str)]) {
        let row = self.view.needle.next;
        self.edit(Edit::Muscles { change: MuscleEdit::Add { muscle: WhichMuscle::Listed(id.into()), side: Some(side) } });
        self.edit(Edit::Muscles { change: MuscleEdit::AllNormal { row } });
        for (column, text) in cells {
            self.edit(Edit::Muscles { change: MuscleEdit::Write { row, column: *column, text: Some((*text).into()) } });
        }
    }

    fn report(&mut self, depth: ReportDepth, form: ReportForm, nameless: bool) -> String {
        let outputs = self.ask(Request::Report { study: self.study, wanted: ReportWanted { depth, nameless, version: None }, form });
        let report = outputs.into_iter().find(|output| matches!(output.event, Event::Exported { .. })).unwrap();
        let Some(Buffer::Bytes(bytes)) = report.buffers.into_iter().next() else { panic!("no bytes") };
        let text = String::from_utf8(bytes).unwrap();
        if let Ok(folder) = std::env::var("MYOSCOPE_REPORTS") {
            let names = if nameless { "-nameless" } else { "" };
            std::fs::write(format!("{folder}/{}-{}{names}.{}", self.view.title.replace(' ', "-"), depth.id(), form.extension()), &text)
                .unwrap();
        }
        text
    }

    fn radiculopathy() -> Self {
        use MuscleColumn::{Fibrillation, PositiveWaves, Recruitment};
        let mut desk = Self::demo("sensory");
        for muscle in ["tibialis_anterior", "fibularis_longus", "gluteus_medius"] {
            desk.muscle(muscle, Side::Left, &[(Fibrillation, "2+"), (PositiveWaves, "2+"), (Recruitment, "reduced")]);
        }
        desk.muscle("gastrocnemius_medial", Side::Left, &[]);
        desk.muscle("vastus_lateralis", Side::Left, &[]);
        desk
    }
}

/// A PDF as its uncompressed objects.
fn pdf(desk: &mut Desk, depth: ReportDepth) -> lopdf::Document {
    let outputs = desk.ask(Request::Material { study: desk.study, wanted: ReportWanted { depth, nameless: false, version: None } });
    let output = outputs.into_iter().find(|output| matches!(output.event, Event::Material { .. })).unwrap();
    let Event::Material { material } = output.event else { panic!() };
    let order = PdfOrder { material, dicom: false };
    let bytes = myoscope::engine::report::file(&order, output.buffers).unwrap();
    if let Ok(folder) = std::env::var("MYOSCOPE_REPORTS") {
        std::fs::write(format!("{folder}/{}-{}.pdf", desk.view.title.replace(' ', "-"), depth.id()), &bytes).unwrap();
    }
    lopdf::Document::load_mem(&bytes).unwrap()
}

/// Structure elements of a kind, by the names that the format gives them.
fn elements<'a>(pdf: &'a lopdf::Document, kind: &str) -> Vec<&'a lopdf::Dictionary> {
    let of_kind = |object: &'a lopdf::Object| {
        let dict = object.as_dict().ok()?;
        (dict.get(b"S").ok()?.as_name().ok()? == kind.as_bytes() && dict.has(b"P")).then_some(dict)
    };
    pdf.objects.values().filter_map(of_kind).collect()
}

/// What PDF/A-2a (ISO 19005-2) asks for besides tags, as far as it can be read without its own validator.
fn archivable(pdf: &lopdf::Document, xmp: &str) {
    let written =
        |name: &str, value: &str| xmp.contains(&format!("<pdfaid:{name}>{value}<")) || xmp.contains(&format!("pdfaid:{name}=\"{value}\""));
    assert!(written("part", "2") && written("conformance", "A"), "6.6.4: {xmp}");
    assert!(xmp.contains("pdfaExtension") && !xmp.contains("<?xpacket begin=\"\" bytes"), "6.6.2.3: {xmp}");
    assert!(pdf.trailer.has(b"ID") && !pdf.trailer.has(b"Encrypt"), "6.1.3");
    let at = |object| pdf.dereference(object).unwrap().1;
    let intents = at(pdf.catalog().unwrap().get(b"OutputIntents").unwrap()).as_array().unwrap();
    let intent = at(&intents[0]).as_dict().unwrap();
    assert_eq!(intent.get(b"S").unwrap().as_name().unwrap(), b"GTS_PDFA1", "6.2.3");
    assert!(intent.has(b"DestOutputProfile"), "6.2.3: colours rest on a profile that is in the file");
    for (id, object) in &pdf.objects {
        let dict = object.as_dict().or_else(|_| object.as_stream().map(|stream| &stream.dict));
        let Ok(dict) = dict else { continue };
        assert!(!dict.has(b"JavaScript") && !dict.has(b"JS") && !dict.has(b"AA") && !dict.has(b"EmbeddedFile"), "6.5, 6.8: {id:?}");
        if dict.get(b"Type").and_then(lopdf::Object::as_name).is_ok_and(|name| name == b"FontDescriptor") {
            assert!(dict.has(b"FontFile2") || dict.has(b"FontFile3"), "6.2.11.4: a font that is not embedded");
        }
        if let Ok(filter) = dict.get(b"Filter").and_then(lopdf::Object::as_name) {
            assert!(filter != b"LZWDecode" && filter != b"Crypt", "6.1.7");
        }
    }
}

#[test]
fn every_pdf_is_tagged_titled_and_described() {
    for (id, _) in demos() {
        let mut desk = Desk::demo(id);
        for depth in ReportDepth::ALL {
            let pdf = pdf(&mut desk, depth);
            let catalog = pdf.catalog().unwrap();
            let language = catalog.get(b"Lang").unwrap().as_str().unwrap();
            assert_eq!(language, b"en", "{id}");
            assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"MarkInfo") && catalog.has(b"Outlines"), "{id}");
            let metadata = catalog.get(b"Metadata").unwrap().as_reference().unwrap();
            let xmp = pdf.get_object(metadata).unwrap().as_stream().unwrap();
            let xmp = String::from_utf8_lossy(&xmp.content).into_owned();
            assert!(xmp.contains("pdfuaid") && xmp.contains("<dc:title>"), "{id}: {xmp}");
            archivable(&pdf, &xmp);
            if depth != ReportDepth::Full {
                assert_eq!(pdf.get_pages().len(), 1, "{id}: {} is longer than a page", depth.id());
            }
            assert!(!elements(&pdf, "H2").is_empty(), "{id}: no heading");
            let fonts =
                pdf.objects.values().filter_map(|o| o.as_dict().ok()).filter(|d| d.has(b"FontFile2") || d.has(b"FontFile3")).count();
            assert!(fonts >= 2, "{id}: {fonts} fonts are embedded");
            if depth == ReportDepth::Full {
                let figures = elements(&pdf, "Figure");
                assert!(figures.len() >= desk.view.tests.len(), "{id}: {} figures", figures.len());
                for figure in figures {
                    let alt = figure.get(b"Alt").unwrap().as_str().unwrap();
                    assert!(alt.len() > 20, "{id}: a figure without words");
                }
                if desk.view.tests.iter().any(|test| !test.tables.is_empty() || !test.judged.is_empty()) {
                    let (rows, heads) = (elements(&pdf, "TR").len(), elements(&pdf, "TH").len());
                    assert!(!elements(&pdf, "Table").is_empty() && rows > 1 && heads >= rows, "{id}: {rows} rows, {heads} head cells");
                }
            }
        }
    }
}

#[test]
fn a_study_of_many_muscles_breaks_over_pages() {
    let mut desk = Desk::radiculopathy();
    for muscle in myoscope::norms::muscles().iter().take(14).map(|muscle| muscle.id.as_str()) {
        for side in [Side::Left, Side::Right] {
            desk.muscle(
                muscle,
                side,
                &[(MuscleColumn::Comment, "a long remark that is written about this muscle \u{4f60}\u{597d} \u{2192}")],
            );
        }
    }
    let pdf = pdf(&mut desk, ReportDepth::Full);
    assert!(pdf.get_pages().len() >= 3, "{} pages", pdf.get_pages().len());
}

/// Words that must not stand in any report.
fn decent(text: &str, what: &str) {
    let lower = text.to_lowercase();
    assert!(!lower.contains("clinical correlation"), "{what}: clinical correlation, with nothing");
    for (at, _) in lower.match_indices("chronic") {
        let rest: String = lower[at..].chars().take(28).collect();
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(rest.starts_with("chronic with") || rest.starts_with("chronic, reinnervated"), "{what}: a bare 'chronic': {rest}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf "), "{what}: a number that is none");
}

#[test]
fn every_demo_has_every_report() {
    for (id, _) in demos() {
        let mut desk = Desk::demo(id);
        for depth in ReportDepth::ALL {
            let text = desk.report(depth, ReportForm::Text, false);
            decent(&text, id);
            assert!(text.contains("Draft."), "{id}: not called a draft");
            assert!(text.lines().all(|line| line.chars().count() <= 78), "{id}: a line is too long");
            assert!(text.to_uppercase().contains("WHAT THIS TEST CANNOT TELL"), "{id}");
            let html = desk.report(depth, ReportForm::Html, false);
            decent(&html, id);
            roxmltree_reads(&html, id);
            assert!(!html.contains("<script") && !html.contains("http://") | html.contains("www.w3.org"), "{id}");
            if depth == ReportDepth::Full {
                assert!(html.contains("SHA-256"), "{id}");
                assert!(html.contains("AANEM Normative Data Task Force"), "{id}");
                let tests = desk.view.tests.len();
                assert!(html.matches("<figure").count() >= tests, "{id}: {tests} tests, too few figures");
            }
        }
    }
}

/// Every element that is opened is closed, every attribute is quoted: read as XML.
fn roxmltree_reads(html: &str, what: &str) {
    let start = html.find("<main").unwrap();
    let end = html.find("</main>").unwrap() + "</main>".len();
    let xml = html[start..end].replace("&nbsp;", " ");
    let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{what}: {error}"));
    let named = |name: &str| document.descendants().filter(|node| node.tag_name().name() == name).collect::<Vec<_>>();
    for table in named("table") {
        assert!(table.children().any(|child| child.tag_name().name() == "caption"), "{what}: a table without caption");
        let lengths = table.descendants().filter(|node| node.tag_name().name() == "tr");
        let lengths: Vec<usize> = lengths.map(|row| row.children().filter(roxmltree::Node::is_element).count()).collect();
        assert!(lengths.windows(2).all(|two| two[0] == two[1]), "{what}: a row of another length: {lengths:?}");
        let heads = table.descendants().filter(|node| node.attribute("scope") == Some("col"));
        assert!(heads.map(|head| head.text().unwrap_or_default()).all(|text| !text.trim().is_empty()), "{what}: a head without words");
    }
    for figure in named("figure") {
        let words = figure.descendants().find(|node| node.attribute("role") == Some("img")).and_then(|node| node.attribute("aria-label"));
        assert!(words.is_some_and(|words| words.len() > 20), "{what}: a figure without words");
    }
}

#[test]
fn a_radiculopathy_is_told_to_each_reader_in_their_words() {
    let mut desk = Desk::radiculopathy();
    let summary = desk.report(ReportDepth::Summary, ReportForm::Text, false);
    assert!(summary.contains("L5 radiculopathy, left"), "{summary}");
    assert!(summary.contains("Ongoing denervation: Present"), "{summary}");
    assert!(summary.contains("Signs of reinnervation: Absent"), "{summary}");
    assert!(summary.contains("time since onset") || summary.contains("Time since onset"), "{summary}");
    let full = desk.report(ReportDepth::Full, ReportForm::Html, false);
    assert!(full.contains("Tibialis anterior") && full.contains("2+"), "the needle table is missing");
    assert!(full.contains("Sensory conduction"), "the sensory table is missing");
    let patient = desk.report(ReportDepth::Patient, ReportForm::Text, false);
    assert!(patient.contains("nerve root in the lower back"), "{patient}");
    for word in ["radiculopathy", "denervation", "fibrillation", "axon"] {
        assert!(!patient.to_lowercase().contains(word), "'{word}' is not a patient's word: {patient}");
    }
    decent(&summary, "radiculopathy");
    decent(&full, "radiculopathy");
    desk.edit(Edit::Person { height_cm: None, age_years: Some(50.0), sex: None, onset_weeks: Some(2.0) });
    let early = desk.report(ReportDepth::Summary, ReportForm::Text, false);
    assert!(early.contains("2 weeks before the test"), "{early}");
}

#[test]
fn the_readers_own_text_wins_over_the_draft() {
    let mut desk = Desk::radiculopathy();
    let own = "Left L5 root, <active>.\nPlease image the lumbar spine.";
    desk.edit(Edit::Impression { text: own.into() });
    let summary = desk.report(ReportDepth::Summary, ReportForm::Text, false);
    assert!(summary.contains("Left L5 root, <active>.") && summary.contains("The reader's own conclusion"), "{summary}");
    assert!(!summary.contains("L5 radiculopathy"), "the draft stands beside the reader's text: {summary}");
    let html = desk.report(ReportDepth::Summary, ReportForm::Html, false);
    assert!(html.contains("Left L5 root, &lt;active&gt;."), "text became an element");
    let full = desk.report(ReportDepth::Full, ReportForm::Text, false);
    let (own_at, draft_at) = (full.find("Left L5 root").unwrap(), full.find("L5 radiculopathy").unwrap());
    assert!(own_at < draft_at, "the draft comes first");
    let patient = desk.report(ReportDepth::Patient, ReportForm::Text, false);
    assert!(patient.contains("Left L5 root") && !patient.contains("nerve root in the lower back"), "{patient}");
}

#[test]
fn nothing_tells_who_was_examined_when_asked_so() {
    let mut desk = Desk::demo("motor");
    let subject = desk.view.subject.clone();
    let names = [subject.name, subject.code, subject.birth_date].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    assert!(!names.is_empty(), "the demo has nobody: the test sees nothing");
    let recordings: Vec<String> = desk.view.recordings.iter().map(|recording| recording.name.clone()).collect();
    for depth in ReportDepth::ALL {
        let with = desk.report(depth, ReportForm::Text, false);
        let without = desk.report(depth, ReportForm::Text, true);
        for name in &names {
            assert!(with.contains(name.as_str()), "{name} is missing: {with}");
            assert!(!without.contains(name.as_str()), "{name}: {without}");
        }
        for name in &recordings {
            assert!(name.is_empty() || !without.contains(name.as_str()), "{name}: {without}");
        }
    }
}

#[test]
fn the_same_study_gives_the_same_report() {
    let once = Desk::demo("motor").report(ReportDepth::Full, ReportForm::Html, false);
    let again = Desk::demo("motor").report(ReportDepth::Full, ReportForm::Html, false);
    assert_eq!(once, again);
}
