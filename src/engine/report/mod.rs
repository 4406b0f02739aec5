//! From a study as the engine knows it to a report: the same words, values and pictures as on the page.
//!
//! `compose` is a pure function of a view, the sweeps of its tests and a few facts of the files; it
//! computes no value and draws no conclusion. The reader's own text stands before what the rules drafted.

mod fhir;
mod figures;
mod tables;
pub(super) mod values;
mod words;

use sha2::{Digest, Sha256};

use super::protocol::{Buffer, Event, Output, ReportDepth, ReportForm, ReportMaterial, ReportWanted, StudyView, scenes};
use super::session::Session;
use super::stream;
use crate::findings::{Answer, Fit};
use crate::report::{Block, Document, Item, html, text};
use crate::scene::nerve_map::Map;

/// Stored samples that a report's check sum is made of; a longer recording is named by its files alone.
const MAX_HASHED: u64 = 100_000_000;

impl Session {
    /// A report as a file.
    pub fn report(&mut self, wanted: ReportWanted, form: ReportForm, out: &mut dyn FnMut(Output)) {
        let (material, sweeps) = self.gathered(wanted, out);
        let bytes = match form {
            ReportForm::Html => Ok(html::write(&compose(&material, &sweeps)).into_bytes()),
            ReportForm::Text => Ok(text::write(&compose(&material, &sweeps)).into_bytes()),
            ReportForm::Values => values::csv(&material.view),
            ReportForm::Fhir => fhir::write(&material.view, wanted.nameless, &html::write(&compose(&material, &sweeps))),
        };
        let name = match form {
            ReportForm::Html | ReportForm::Text => format!("report-{}.{}", wanted.depth.id(), form.extension()),
            ReportForm::Values => "values.csv".into(),
            ReportForm::Fhir => format!("report-{}.fhir.json", wanted.depth.id()),
        };
        match bytes {
            Ok(bytes) => out(super::with_bytes(Event::Exported { names: vec![name], warnings: Vec::new() }, bytes)),
            Err(what) => super::failed(out, format!("{name} was not written: {what}")),
        }
    }

    /// A report to be looked at in the page.
    pub fn preview(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) {
        let html = html::fragment(&self.document(wanted, out));
        out(Event::Preview { study: self.key, wanted, html }.into());
    }

    /// What a PDF is made of, for whoever makes it: that is too large for the page.
    pub fn material(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) {
        let (material, values) = self.gathered(wanted, out);
        let buffers = values.into_iter().flatten().map(|(_, values)| Buffer::F32(values)).collect();
        out(Output { event: Event::Material { material }, buffers });
    }

    fn document(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) -> Document {
        let (material, values) = self.gathered(wanted, out);
        compose(&material, &values)
    }

    fn gathered(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) -> (ReportMaterial, Vec<Vec<scenes::Values>>) {
        self.measure_all();
        self.answers = true;
        let view = self.view();
        let mut values = Vec::new();
        if wanted.depth == ReportDepth::Full {
            for test in 0..view.tests.len() {
                let mut of_test = Vec::new();
                self.sweeps(test, &mut |output| of_test.extend(scenes::values(output)));
                values.push(of_test);
            }
        }
        let sweeps = values.iter().map(|of_test: &Vec<scenes::Values>| of_test.iter().map(|(data, _)| data.clone()).collect()).collect();
        out(Event::Changed { view: view.clone() }.into());
        (ReportMaterial { wanted, view: Box::new(view), sweeps, sha256: self.sha256() }, values)
    }

    /// SHA-256 over the samples of every channel of every recording, as 64-bit little-endian floats.
    fn sha256(&self) -> Option<String> {
        let channels = self.acquired.recordings.iter().flat_map(|recording| &recording.channels);
        if channels.map(|channel| channel.n).fold(0, u64::saturating_add) > MAX_HASHED {
            return None;
        }
        let mut all = Sha256::new();
        for (recording, samples) in self.acquired.recordings.iter().zip(&self.samples) {
            // One a channel, so that it does not matter in which pieces they are read.
            let mut hashes = vec![Sha256::new(); recording.channels.len()];
            let read = stream::stream(recording, samples.as_ref(), stream::TARGET, |_, buffers| {
                for (hash, values) in hashes.iter_mut().zip(buffers) {
                    values.iter().for_each(|value| hash.update(value.to_le_bytes()));
                }
                std::ops::ControlFlow::Continue(())
            });
            read.ok()?;
            hashes.into_iter().for_each(|hash| all.update(hash.finalize()));
        }
        Some(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A report as PDF; `buffers` are the values of the material's sweeps.
///
/// # Errors
/// When there is no PDF, in a sentence.
#[cfg(not(target_arch = "wasm32"))]
pub fn pdf(material: &ReportMaterial, buffers: Vec<Buffer>) -> Result<Vec<u8>, String> {
    let mut buffers = buffers.into_iter().map(|buffer| if let Buffer::F32(values) = buffer { values } else { Vec::new() });
    let of_test =
        |sweeps: &Vec<super::protocol::SweepData>| sweeps.iter().map(|data| (data.clone(), buffers.next().unwrap_or_default())).collect();
    let values: Vec<Vec<scenes::Values>> = material.sweeps.iter().map(of_test).collect();
    crate::report::pdf::write(&compose(material, &values)).map_err(|error| error.to_string())
}

/// The report of a study; `values` are the sweeps of each test.
fn compose(of: &ReportMaterial, values: &[Vec<scenes::Values>]) -> Document {
    let wanted = of.wanted;
    let none = Answer::default();
    let answer = of.view.answer.as_ref().unwrap_or(&none);
    let mut document = Document {
        title: "Electrodiagnostic report".into(),
        identity: identity(&of.view, wanted.nameless),
        state: "Draft. Not a diagnosis until an electromyographer has read the traces and signed.".into(),
        ..Document::default()
    };
    match wanted.depth {
        ReportDepth::Summary => summary(&mut document, &of.view, answer),
        ReportDepth::Full => full(&mut document, of, values, answer),
        ReportDepth::Patient => patient(&mut document, &of.view, answer),
    }
    document
}

fn identity(view: &StudyView, nameless: bool) -> Vec<Item> {
    let mut out = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.trim().is_empty() {
            out.push(Item::new(name, value.trim()));
        }
    };
    let subject = &view.subject;
    if nameless {
        say("Patient", "without names".into());
    } else {
        say("Patient", subject.name.clone());
        say("Number", subject.code.clone());
        say("Born", subject.birth_date.clone());
    }
    let person = &view.person;
    let sex = match person.sex.as_str() {
        "F" => "female",
        "M" => "male",
        _ => "",
    };
    let age = person.age_years.map(|years| format!("{years:.0} y"));
    let height = person.height_cm.map(|cm| format!("{cm:.0} cm"));
    let facts = [age, (!sex.is_empty()).then(|| sex.to_owned()), height];
    say("Age, sex, height", facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let start = view.recordings.iter().find_map(|recording| recording.start.as_ref());
    // Of a date that tells who it was the year is left.
    let date = start.map(|iso| iso.chars().take(if nameless { 4 } else { 10 }).collect::<String>());
    say("Tested", date.unwrap_or_default());
    say("First symptom", person.onset_weeks.map(|weeks| format!("{weeks} weeks before the test")).unwrap_or_default());
    let mut skin: Vec<String> = Vec::new();
    for test in &view.tests {
        let words = test.temperature_c.map(|c| format!("{c:.1} \u{b0}C"));
        skin.extend(words.filter(|words| !skin.contains(words)));
    }
    say("Skin", skin.join(", "));
    out
}

/// Maps of nerves: all, or `short` those on which something is abnormal.
fn maps(document: &mut Document, view: &StudyView, short: bool) {
    let shown = |map: &&Map| !short || !map.lesions.is_empty() || map.nodes.iter().any(|node| node.abnormal == Some(true));
    let shown: Vec<Block> = view.maps.iter().filter(shown).map(figures::map).collect();
    if !shown.is_empty() {
        heading(
            document,
            1,
            if own(view).is_some() { "Where it was found; the site is the one that the rules propose" } else { "Where it was found" },
        );
    }
    document.blocks.extend(shown);
}

fn heading(document: &mut Document, level: u8, text: &str) {
    document.blocks.push(Block::Heading { level, text: text.into() });
}

/// The reader's own words, one paragraph a line.
fn own(view: &StudyView) -> Option<&str> {
    Some(view.impression.trim()).filter(|text| !text.is_empty())
}

fn limits_of_the_test(document: &mut Document, answer: &Answer) {
    heading(document, 1, "What this test cannot tell");
    document.blocks.push(Block::List(answer.caveats.iter().map(|caveat| words::sentence(caveat)).collect()));
}

fn summary(document: &mut Document, view: &StudyView, answer: &Answer) {
    document.subtitle = "summary for the referring doctor".into();
    if let Some(own) = own(view) {
        let (first, rest) = own.split_once('\n').unwrap_or((own, ""));
        document.blocks.push(Block::Answer(first.trim().into()));
        document.blocks.push(Block::Paragraph(rest.trim().into()));
        document.blocks.push(Block::Note("The reader's own conclusion.".into()));
    } else {
        for done in &answer.conclusions {
            document.blocks.push(Block::Answer(words::answer(done)));
            let behind = words::behind(done);
            if !behind.is_empty() {
                document.blocks.push(Block::Paragraph(behind));
            }
            if words::of_lesion(done) {
                document.blocks.push(Block::Facts(words::facts(done, &view.needle)));
            }
            let because: Vec<String> = done.because.iter().take(4).map(|reason| words::sentence(&reason.words)).collect();
            if !because.is_empty() && words::of_lesion(done) {
                heading(document, 1, "What speaks for it");
                document.blocks.push(Block::List(because));
            }
        }
        document.blocks.push(Block::Note("Drafted by rules from the values of this study.".into()));
    }
    limits_of_the_test(document, answer);
    maps(document, view, true);
}

fn full(document: &mut Document, of: &ReportMaterial, values: &[Vec<scenes::Values>], answer: &Answer) {
    let view = of.view.as_ref();
    document.subtitle = "full report".into();
    heading(document, 1, "Impression");
    if let Some(own) = own(view) {
        document.blocks.push(Block::Paragraph(own.into()));
        document.blocks.push(Block::Note("The reader's own conclusion. What the rules drafted from the values follows.".into()));
    } else {
        document
            .blocks
            .push(Block::Note("Drafted by rules from the values of this study; no reader has written a conclusion of their own.".into()));
    }
    for done in &answer.conclusions {
        heading(document, 2, &words::answer(done));
        let behind = words::behind(done);
        if !behind.is_empty() {
            document.blocks.push(Block::Paragraph(behind));
        }
        if words::of_lesion(done) {
            document.blocks.push(Block::Facts(words::facts(done, &view.needle)));
        }
        let because = done.because.iter().map(|reason| {
            let title = answer.rules.iter().find(|rule| rule.id == reason.rule).map_or(reason.rule.as_str(), |rule| rule.title.as_str());
            let rule = match (title, reason.unverified) {
                ("", _) => String::new(),
                (title, true) => format!(" (rule: {title}; its figures not verified at their source)"),
                (title, false) => format!(" (rule: {title})"),
            };
            words::sentence(&format!("{}{rule}", reason.words))
        });
        document.blocks.push(Block::List(because.collect()));
        if !done.against.is_empty() {
            let against: Vec<String> = done.against.iter().map(|against| words::sentence(against)).collect();
            document.blocks.push(Block::Paragraph(format!("Against it: {}", against.join(" "))));
        }
        if !done.fits.is_empty() {
            let fit = |fit: &Fit| {
                let items: Vec<String> = fit.items.iter().map(|item| words::sentence(&item.words)).collect();
                let doubt = if fit.unverified { " (figures not all verified at their source)" } else { "" };
                format!("{}: {}{doubt}. {}", fit.set, fit.verdict, items.join(" "))
            };
            document.blocks.push(Block::Paragraph("Published sets of criteria:".into()));
            document.blocks.push(Block::List(done.fits.iter().map(fit).collect()));
        }
        document.blocks.extend(done.next.as_ref().map(|next| Block::Paragraph(format!("Would settle it: {}", words::sentence(next)))));
    }
    if let Some(body) = &view.body {
        heading(document, 1, "The body");
        document.blocks.push(figures::body(body, figures::WIDTH_PX));
    }
    maps(document, view, false);
    let conduction = tables::conduction(&view.tests);
    let other = tables::other(&view.tests);
    let together: Vec<_> = view.together.iter().map(tables::of_model).collect();
    if !(conduction.is_empty() && other.is_empty() && together.is_empty()) {
        heading(document, 1, "Nerve conduction");
    }
    document.blocks.extend(conduction.into_iter().chain(other).chain(together).map(Block::Table));
    if let Some(needle) = tables::needle(&view.needle) {
        heading(document, 1, "Needle examination");
        document.blocks.extend(view.root_tables.iter().map(figures::root_table));
        document.blocks.push(Block::Table(needle));
        let potentials = view.needle.rows.iter().filter(|row| !row.units.is_empty());
        document.blocks.extend(potentials.map(|row| Block::Table(tables::of_model(&row.potentials))));
    }
    let traces =
        view.tests.iter().zip(values).flat_map(|(test, values)| figures::traces(test, values).into_iter().chain(figures::charts(test)));
    let traces: Vec<Block> = traces.collect();
    if !traces.is_empty() {
        heading(document, 1, "Waveforms");
        document.blocks.extend(traces);
    }
    limits_of_the_test(document, answer);
    let weak = weaknesses(view);
    if !weak.is_empty() {
        heading(document, 1, "What weakens the values");
        document.blocks.push(Block::List(weak));
    }
    technique(document, of);
}

/// What the analyses doubt, each sentence once with the tests that it is said of.
fn weaknesses(view: &StudyView) -> Vec<String> {
    let mut out: Vec<(String, Vec<&str>)> = Vec::new();
    for test in &view.tests {
        let counted = test.sites.iter().filter_map(tables::counted).filter_map(|sweep| sweep.measurement.as_ref());
        for flag in test.quality.iter().chain(counted.flat_map(|measured| &measured.quality)) {
            match out.iter_mut().find(|(what, _)| *what == flag.what) {
                Some((_, of)) if !of.contains(&test.title.as_str()) => of.push(&test.title),
                Some(_) => {}
                None => out.push((flag.what.clone(), vec![&test.title])),
            }
        }
    }
    let warnings = view.warnings.iter().map(|warning| words::sentence(&warning.what));
    out.into_iter().map(|(what, of)| format!("{}: {}", of.join(", "), words::sentence(&what))).chain(warnings).collect()
}

fn technique(document: &mut Document, of: &ReportMaterial) {
    let mut filters: Vec<String> = Vec::new();
    for (test, values) in of.view.tests.iter().zip(&of.sweeps) {
        let filter = values.iter().map(|data| data.filter.as_str()).find(|filter| !filter.is_empty());
        let words = filter.map(|filter| format!("{} {filter}", test.kind.word()));
        filters.extend(words.filter(|words| !filters.contains(words)));
    }
    let foot = &mut document.foot;
    foot.push(format!("Made with Myoscope {}. No sample was changed; filters are for display and measurement.", env!("CARGO_PKG_VERSION")));
    if !filters.is_empty() {
        foot.push(format!("Filters: {}.", filters.join("; ")));
    }
    foot.push(format!("Limits of normal: {}; other limits where a table names them.", of.view.limits));
    foot.extend(of.sha256.as_ref().map(|hash| format!("Raw samples, SHA-256: {hash}.")));
    if !of.wanted.nameless {
        foot.push(format!("Files: {}.", of.view.recordings.iter().map(|recording| recording.name.as_str()).collect::<Vec<_>>().join(", ")));
    }
}

fn patient(document: &mut Document, view: &StudyView, answer: &Answer) {
    document.title = "Your nerve and muscle test".into();
    document.subtitle = "for the person examined".into();
    document.state = "Draft. Your doctor has to read the test and to sign before this counts.".into();
    heading(document, 1, "What was done");
    let nerves = !view.tests.is_empty();
    let done = match (nerves, view.needle.rows.is_empty()) {
        (true, true) => {
            "Nerves were stimulated with short electric pulses through the skin, and it was measured how fast and how strongly they answer."
        }
        (true, false) => {
            "Nerves were stimulated with short electric pulses through the skin, and it was measured how fast and how strongly they answer. A thin needle was used to listen to the electric activity of muscles."
        }
        (false, false) => "A thin needle was used to listen to the electric activity of muscles.",
        (false, true) => "No test was entered yet.",
    };
    document.blocks.push(Block::Paragraph(done.into()));
    heading(document, 1, "What was found");
    match own(view) {
        Some(own) => document.blocks.push(Block::Paragraph(format!("Your doctor writes:\n{own}"))),
        None => document.blocks.extend(answer.conclusions.iter().map(|done| Block::Paragraph(words::plain(done)))),
    }
    heading(document, 1, "What this test cannot tell");
    document.blocks.push(Block::List(vec![
        "It does not tell the cause of a change.".into(),
        "It does not measure pain, and it does not measure the thinnest nerve fibres. A normal test does not mean that your complaints are not real.".into(),
        "Shortly after complaints begin, some changes cannot be seen yet.".into(),
    ]));
    heading(document, 1, "What comes next");
    document.blocks.push(Block::Paragraph("Talk about the result with the doctor who sent you to this test. Only together with your complaints and an examination does it become a diagnosis.".into()));
    // The lesion is one that the rules propose: beside the doctor's own words only findings are shown.
    let body = view.body.clone().map(|body| if own(view).is_some() { body.without_lesion() } else { body });
    document.blocks.extend(body.filter(|body| !body.regions.is_empty()).map(|body| figures::body(&body, figures::WIDTH_PX)));
}
