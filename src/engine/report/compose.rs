//! A report out of its material: a pure function of a view, the sweeps of its tests and a few facts of the
//! files. It computes no value and draws no conclusion. The reader's own text stands before what the
//! rules drafted.

use super::super::protocol::{ReportDepth, ReportMaterial, StudyView, ranges, scenes};
use super::{figures, letter, signing, tables, words};
use crate::findings::{Answer, Fit};
use crate::report::letterhead::Letterhead;
use crate::report::{Block, Document, Head, Item};
use crate::scene::nerve_map::Map;

/// The report of a study; `values` are the sweeps of each test.
pub(super) fn compose(of: &ReportMaterial, values: &[Vec<scenes::Values>]) -> Document {
    let wanted = of.wanted;
    let none = Answer::default();
    let answer = of.view.answer.as_ref().unwrap_or(&none);
    let mut document = Document {
        letterhead: of.letterhead.as_ref().and_then(head),
        title: "Electrodiagnostic report".into(),
        identity: identity(&of.view, wanted.nameless),
        dated: dated(&of.view, wanted.nameless),
        state: signing::state(of),
        ..Document::default()
    };
    match wanted.depth {
        ReportDepth::Summary => summary(&mut document, of, answer),
        ReportDepth::Full => full(&mut document, of, values, answer),
        ReportDepth::Patient => {
            patient(&mut document, &of.view, answer);
            letter(&mut document, of, |letterhead| &letterhead.patient);
            signature(&mut document, of);
        }
    }
    if wanted.nameless {
        document.foot.extend(free_texts(&of.view, wanted.depth));
    }
    document
}

/// Year, month and day of the test; without names the year.
fn dated(view: &StudyView, nameless: bool) -> Vec<u16> {
    let start = view.recordings.iter().find_map(|recording| recording.start.as_deref()).unwrap_or_default();
    let parts = start.split(['-', 'T']).map_while(|part| part.parse().ok());
    parts.take(if nameless { 1 } else { 3 }).collect()
}

/// What a person wrote freely and this report shows, which no program frees of names.
fn free_texts(view: &StudyView, depth: ReportDepth) -> Option<String> {
    let mut names: Vec<&str> = own(view).map(|_| "the reader's conclusion").into_iter().collect();
    let context = view.person.context.texts();
    match depth {
        ReportDepth::Patient => {}
        ReportDepth::Summary => names.extend(context.iter().map(|(name, _)| *name).filter(|name| *name == "Question")),
        ReportDepth::Full => {
            names.extend(context.iter().map(|(name, _)| *name));
            names.extend(Some("remarks on muscles").filter(|_| !view.needle.rows.is_empty()));
        }
    }
    let words = format!("Without names; free text is as it was written and may tell who was examined: {}.", names.join(", "));
    Some(words).filter(|_| !names.is_empty())
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
    let context = &person.context;
    let weight = context.weight_kg.map(|kg| format!("{kg:.0} kg"));
    let label = if weight.is_some() { "Age, sex, height, weight" } else { "Age, sex, height" };
    let facts = [age, (!sex.is_empty()).then(|| sex.to_owned()), height, weight];
    say(label, facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    say("Tested", tested(view, nameless).unwrap_or_default());
    say("Leg", context.leg_length_cm.map(|cm| format!("{cm:.0} cm from the knee crease to the medial malleolus")).unwrap_or_default());
    let since = person.onset_weeks.map(|weeks| format!("{weeks} weeks before the test"));
    let day = context.onset.clone().filter(|_| !nameless);
    say("First symptom", day.into_iter().chain(since).collect::<Vec<_>>().join(", "));
    say("Affected side", context.affected.map(|side| side.word().to_owned()).unwrap_or_default());
    say("Dominant hand", context.hand.map(|side| side.word().to_owned()).unwrap_or_default());
    let mut skin: Vec<String> = Vec::new();
    for test in &view.tests {
        let words = test.temperature_c.map(|c| format!("{c:.1} \u{b0}C"));
        skin.extend(words.filter(|words| !skin.contains(words)));
    }
    say("Skin", skin.join(", "));
    out
}

/// The day of the test; of a date that tells who it was the year is left.
pub(super) fn tested(view: &StudyView, nameless: bool) -> Option<String> {
    let start = view.recordings.iter().find_map(|recording| recording.start.as_ref())?;
    Some(start.chars().take(if nameless { 4 } else { 10 }).collect())
}

/// The letterhead proper, when it says something.
fn head(of: &Letterhead) -> Option<Head> {
    let head = Head { name: of.name.trim().to_owned(), lines: of.lines.clone(), logo: of.logo.clone() };
    Some(head).filter(|head| !(head.name.is_empty() && head.lines.is_empty() && head.logo.is_empty()))
}

/// A text of the clinic.
fn letter(document: &mut Document, of: &ReportMaterial, which: fn(&Letterhead) -> &str) {
    let text = of.letterhead.as_ref().and_then(|letterhead| letter::filled(of, which(letterhead)));
    document.blocks.extend(text.map(Block::Paragraph));
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
pub(super) fn own(view: &StudyView) -> Option<&str> {
    Some(view.impression.trim()).filter(|text| !text.is_empty())
}

fn limits_of_the_test(document: &mut Document, answer: &Answer) {
    heading(document, 1, "What this test cannot tell");
    document.blocks.push(Block::List(answer.caveats.iter().map(|caveat| words::sentence(caveat)).collect()));
}

/// Why the test was asked for: the question alone, or `all` that was said of the person.
fn asked(document: &mut Document, view: &StudyView, all: bool) {
    let texts = view.person.context.texts();
    let words = texts.iter().filter(|(name, _)| all || *name == "Question").map(|(name, text)| format!("{name}: {text}"));
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return;
    }
    if all {
        heading(document, 1, "Why it was asked");
    }
    document.blocks.extend(words.into_iter().map(Block::Paragraph));
}

/// Who signed, and when; in a draft nothing.
fn signature(document: &mut Document, of: &ReportMaterial) {
    let Some(signature) = &of.signature else { return };
    let words = format!("Signature: {}, {}.", signature.signer, signature.at);
    let kind = "By name in the program, no cryptographic signature.";
    if of.wanted.depth == ReportDepth::Summary {
        // In one line, since it has one page.
        document.blocks.push(Block::Note(format!("{words} {kind}")));
    } else {
        document.blocks.push(Block::Paragraph(words));
        document.blocks.push(Block::Note(kind.into()));
    }
}

fn summary(document: &mut Document, of: &ReportMaterial, answer: &Answer) {
    let view = of.view.as_ref();
    document.subtitle = "summary for the referring doctor".into();
    letter(document, of, |letterhead| &letterhead.introduction);
    asked(document, view, false);
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
    // Before the map, which takes what is left of the page.
    letter(document, of, |letterhead| &letterhead.closing);
    signature(document, of);
    maps(document, view, true);
}

fn full(document: &mut Document, of: &ReportMaterial, values: &[Vec<scenes::Values>], answer: &Answer) {
    let view = of.view.as_ref();
    document.subtitle = "full report".into();
    asked(document, view, true);
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
    let warmed = tables::warmed(&view.tests);
    let ranges = ranges(view).map(|ranges| figures::ranges(&ranges));
    if !(conduction.is_empty() && other.is_empty() && together.is_empty()) {
        heading(document, 1, "Nerve conduction");
    }
    document.blocks.extend(conduction.into_iter().chain(warmed).chain(other).chain(together).map(Block::Table));
    document.blocks.extend(ranges);
    if let Some(needle) = tables::needle(&view.needle) {
        heading(document, 1, "Needle examination");
        document.blocks.extend(view.root_tables.iter().map(figures::root_table));
        document.blocks.push(Block::Table(needle));
        let potentials = view.needle.rows.iter().filter(|row| !row.units.is_empty());
        document.blocks.extend(potentials.map(|row| Block::Table(tables::of_model(&row.potentials))));
    }
    if let Some((title, compared)) = &view.earlier {
        heading(document, 1, "Against an earlier study");
        let name = if of.wanted.nameless { "An earlier recording" } else { title };
        let [gone, new] = compared.unmatched;
        let counts = format!("{name}. Only in the earlier study: {gone} values; only in this one: {new}.");
        document.blocks.push(Block::Paragraph(compared.doubts.iter().cloned().chain([counts]).collect::<Vec<_>>().join(" ")));
        document.blocks.extend(tables::earlier(compared).into_iter().map(Block::Table));
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
    if of.letterhead.as_ref().is_some_and(|letterhead| !letterhead.technique.trim().is_empty()) {
        heading(document, 1, "How it was examined");
        letter(document, of, |letterhead| &letterhead.technique);
    }
    letter(document, of, |letterhead| &letterhead.closing);
    signature(document, of);
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
    document.blocks.extend(body.filter(|body| !body.regions.is_empty()).map(|body| figures::body(&body, figures::SMALL_PX)));
}
