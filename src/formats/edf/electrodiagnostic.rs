//! The electrodiagnostic coding of EDF+ (section 3.4 and 3.7): records that each hold one
//! stimulus-locked window become the sweeps of nerve tests.
//!
//! What is read: the kind of study, side and nerve from the recording identification
//! (`MNC_L_Median_Nerve`, `SNC ...`, `SEP ...`, `F response ...`), the muscle or skin site from the
//! label (`NC L_APB`), the stimulus from annotations (`StimA`, `Stimulus right wrist 0.2ms x 8.2mA
//! at 6.5cm from recording site`, `Stimulus_elbow`), and temperature, distance, position, current
//! and number of averaged sweeps from `<EDF_XMLnote>` annotations (see [`super::xml_note`]).
//!
//! The specification gives the distance from stimulus to recording electrode; a site holds the
//! distance to the next more distal one, so differences are taken and sites are put in order.

use super::header::{Header, Plus, Signal};
use super::scan::{AnnotationScan, Found};
use super::xml_note::{self, Note};
use crate::model::{Examination, NerveTest, Recording, Side, Site, Stimulus, Sweep, TestKind, Warning};

/// No stimulus-locked window is longer; longer records are continuous recordings.
const LONGEST_WINDOW_S: f64 = 2.0;
const MAX_SWEEPS: usize = 200_000;

/// One record with a stimulus.
struct Window {
    record: u64,
    stimulus_s: f64,
    /// Index of its site in the list of sites.
    site: usize,
    stimulus: Stimulus,
    averaged: Option<u32>,
}

/// One stimulation site while it is put together.
#[derive(Default)]
struct SiteDraft {
    /// What the annotations call it; repeats of it belong together.
    key: String,
    position: Option<String>,
    to_recording_mm: Option<f64>,
    to_site_mm: Option<f64>,
}

/// The nerve tests of a file in this coding; empty for every other file.
pub(super) fn examination(header: &Header, recording: &Recording, scan: &AnnotationScan, warnings: &mut Vec<Warning>) -> Examination {
    let named = parse_identification(&header.recording);
    let coded = header.plus == Plus::Discontinuous || (header.plus == Plus::Continuous && named.kind.is_some());
    if !coded || header.record_s > LONGEST_WINDOW_S || header.record_s <= 0.0 || recording.channels.is_empty() {
        return Examination::default();
    }
    let mut sites: Vec<SiteDraft> = Vec::new();
    let mut windows: Vec<Window> = Vec::new();
    let mut whole = Note::default();
    let (mut malformed, mut side) = (0, named.side);
    for (record, found) in by_record(header, scan) {
        let texts = || found.iter().filter(|f| !xml_note::is_note(&f.text));
        let Some(stimulus) = texts().find(|f| stimulus_words(&f.text).is_some()) else { continue };
        let mut note = texts().filter_map(|f| stimulus_words(&f.text)).map(parse_words).fold(Note::default(), Note::or);
        for text in found.iter().filter(|f| xml_note::is_note(&f.text)) {
            match xml_note::parse(&text.text) {
                Ok(parsed) => note = parsed.or(note),
                Err(()) => malformed += 1,
            }
        }
        side = side.or_else(|| note.position.as_deref().and_then(|p| split_side(p).0));
        let key = stimulus_key(&stimulus.text);
        let site = sites.iter().position(|site| site.key == key).unwrap_or_else(|| {
            sites.push(SiteDraft { key, ..SiteDraft::default() });
            sites.len() - 1
        });
        let draft = &mut sites[site];
        draft.position = draft.position.take().or_else(|| note.position.clone());
        draft.to_recording_mm = draft.to_recording_mm.or(note.to_recording_mm);
        draft.to_site_mm = draft.to_site_mm.or(note.to_site_mm);
        windows.push(Window {
            record,
            stimulus_s: stimulus.onset_s - scan.first_onset_s - record_onset(header, scan, record),
            site,
            stimulus: Stimulus { current_ma: note.current_ma, pulse_ms: note.pulse_ms, ..Stimulus::default() },
            averaged: note.averaged,
        });
        whole = whole.or(note);
    }
    if malformed > 0 {
        warnings.push(Warning::new(format!("EDF_XMLnote annotations that are not well-formed XML, left as text: {malformed}")));
    }
    if windows.is_empty() {
        return Examination::default();
    }
    assemble(header, recording, &named, side, &whole, sites, &windows)
}

fn assemble(
    header: &Header,
    recording: &Recording,
    named: &Named,
    side: Option<Side>,
    whole: &Note,
    mut sites: Vec<SiteDraft>,
    windows: &[Window],
) -> Examination {
    let mut order: Vec<usize> = (0..sites.len()).collect();
    if sites.iter().all(|site| site.to_recording_mm.is_some()) {
        order.sort_by(|&a, &b| sites[a].to_recording_mm.unwrap_or(0.0).total_cmp(&sites[b].to_recording_mm.unwrap_or(0.0)));
    }
    let mut examination = Examination::default();
    let signals: Vec<&Signal> = header.ordinary().filter(|signal| signal.per_record > 0).collect();
    for (channel, signal) in signals.iter().enumerate() {
        let (label_side, muscle) = parse_label(&signal.label);
        let mut test = NerveTest {
            kind: named.kind.unwrap_or_else(|| kind_of_signal(signal)),
            side: side.or(label_side),
            nerve: named.nerve.clone(),
            recorded_from: whole.recorded_from.clone().filter(|_| signals.len() == 1).unwrap_or(muscle),
            temperature_c: whole.temperature_c,
            ..NerveTest::default()
        };
        let mut distal_mm = Some(0.0);
        for &index in &order {
            let draft = &mut sites[index];
            let measured = draft.to_recording_mm.zip(distal_mm).map(|(here, distal)| here - distal).filter(|mm| *mm > 0.0);
            distal_mm = draft.to_recording_mm;
            let name = draft.position.as_deref().map(|p| split_side(p).1).filter(|name| !name.is_empty());
            test.sites.push(Site {
                name: name.unwrap_or_else(|| draft.key.clone()),
                distance_mm: draft.to_site_mm.or(measured),
                sweeps: Vec::new(),
            });
        }
        for window in windows.iter().take(MAX_SWEEPS / signals.len().max(1)) {
            // A cut-off file may end before a record that its annotations were read from.
            let start = window.record.saturating_mul(signal.per_record);
            let n = signal.per_record.min(recording.channels[channel].n.saturating_sub(start));
            if n == 0 {
                continue;
            }
            let id = examination.sweeps.len();
            examination.sweeps.push(Sweep {
                turned: false,
                recording: 0,
                channel,
                start,
                n,
                stimulus_s: (window.stimulus_s.abs() < 10.0).then(|| (window.stimulus_s * 1e9).round() / 1e9),
                stimulus: window.stimulus,
                averaged: window.averaged,
            });
            let at = order.iter().position(|&index| index == window.site).unwrap_or(0);
            test.sites[at].sweeps.push(id);
        }
        examination.tests.push(test);
    }
    examination
}

/// Where a record begins, seconds after the first.
fn record_onset(header: &Header, scan: &AnnotationScan, record: u64) -> f64 {
    let stated = usize::try_from(record).ok().and_then(|k| scan.onsets.get(k)).copied();
    stated.unwrap_or(record as f64 * header.record_s)
}

/// Annotations by the record that their time falls into; the record that stores them comes first.
fn by_record<'a>(header: &Header, scan: &'a AnnotationScan) -> Vec<(u64, Vec<&'a Found>)> {
    let mut placed: Vec<(u64, &Found)> = Vec::with_capacity(scan.found.len());
    for found in &scan.found {
        let time = found.onset_s - scan.first_onset_s;
        let inside = |record: u64| {
            let onset = record_onset(header, scan, record);
            time >= onset - 1e-9 && time < onset + header.record_s
        };
        let record = if inside(found.record) {
            found.record
        } else {
            let after = scan.onsets.partition_point(|onset| *onset <= time + 1e-9) as u64;
            let candidate = if scan.onsets.is_empty() { (time / header.record_s).max(0.0) as u64 } else { after.saturating_sub(1) };
            // A stimulus in the gap before its window (a delayed sweep) stays with the record that stores it.
            if inside(candidate) { candidate } else { found.record }
        };
        placed.push((record, found));
    }
    placed.sort_by_key(|(record, _)| *record);
    let mut grouped: Vec<(u64, Vec<&Found>)> = Vec::new();
    for (record, found) in placed {
        match grouped.last_mut() {
            Some((last, list)) if *last == record => list.push(found),
            _ => grouped.push((record, vec![found])),
        }
    }
    grouped
}

/// What the recording identification says.
#[derive(Debug, Default, PartialEq)]
struct Named {
    kind: Option<TestKind>,
    side: Option<Side>,
    nerve: String,
}

fn parse_identification(text: &str) -> Named {
    let words: Vec<&str> = text.split([' ', '_', '.', ',', ';']).filter(|word| !word.is_empty()).collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let kind_at = |k: usize| match (upper[k].as_str(), upper.get(k + 1).map(String::as_str)) {
        ("MNC" | "MNCV" | "MNCS", _) => Some((TestKind::Motor, 1)),
        ("SNC" | "SNCV" | "SNCS", _) => Some((TestKind::Sensory, 1)),
        ("SEP" | "SSEP", _) => Some((TestKind::Sep, 1)),
        ("FWAVE" | "F-WAVE" | "F-RESPONSE" | "FRESPONSE", _) => Some((TestKind::FWave, 1)),
        ("F", Some("WAVE" | "WAVES" | "RESPONSE" | "RESPONSES")) => Some((TestKind::FWave, 2)),
        _ => None,
    };
    let Some((at, (kind, taken))) = (0..words.len()).find_map(|k| Some((k, kind_at(k)?))) else {
        return Named::default();
    };
    let rest = words[at + taken..].join(" ");
    let (side, nerve) = split_side(&rest);
    let nerve = nerve.strip_suffix("Nerve").or_else(|| nerve.strip_suffix("nerve")).unwrap_or(&nerve).trim().to_owned();
    Named { kind: Some(kind), side, nerve }
}

/// Splits `L Median`, `right wrist`; the first letter of what is left becomes a capital.
fn split_side(text: &str) -> (Option<Side>, String) {
    let text = text.replace('_', " ");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let side = words.first().and_then(|word| match word.to_ascii_lowercase().as_str() {
        "l" | "left" => Some(Side::Left),
        "r" | "right" => Some(Side::Right),
        _ => None,
    });
    if side.is_some() {
        words.remove(0);
    }
    let rest = words.join(" ");
    let mut chars = rest.chars();
    let rest = chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect());
    (side, rest)
}

/// Side and recording site of a label such as `NC L_APB`; the signal type in front is dropped.
fn parse_label(label: &str) -> (Option<Side>, String) {
    let types = ["NC ", "EP ", "EMG "];
    let rest = types.iter().find_map(|t| label.strip_prefix(t)).unwrap_or(label);
    split_side(rest)
}

/// Kind by label and unit, when the recording identification does not say: `NC` in millivolts is motor.
fn kind_of_signal(signal: &Signal) -> TestKind {
    if signal.label.starts_with("EP ") {
        TestKind::Sep
    } else if signal.label.starts_with("NC ") {
        if signal.unit.eq_ignore_ascii_case("mV") { TestKind::Motor } else { TestKind::Sensory }
    } else {
        TestKind::Unknown
    }
}

/// What follows `Stim` or `Stimulus`; `None` when the annotation marks no stimulus.
fn stimulus_words(text: &str) -> Option<&str> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("stimulus") {
        let rest = &text[text.len() - rest.len()..];
        return rest
            .is_empty()
            .then_some(rest)
            .or_else(|| rest.starts_with([' ', '_', ':']).then(|| rest.trim_start_matches([' ', '_', ':'])));
    }
    crate::formats::stimulus::is_stimulus(text).then_some("")
}

/// Name of the site: words without numbers, or the whole annotation (`StimA`).
fn stimulus_key(text: &str) -> String {
    let name = stimulus_words(text).and_then(|words| parse_words(words).position).map(|p| split_side(&p).1);
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| text.trim().to_owned())
}

/// `right wrist 0.2ms x 8.2mA at 6.5cm from recording site`.
fn parse_words(text: &str) -> Note {
    let starts_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = text.split_whitespace().collect();
    let position = words.iter().take_while(|word| !starts_number(word)).copied().collect::<Vec<_>>().join(" ");
    let mut note = Note { position: (!position.is_empty()).then_some(position), ..Note::default() };
    for (k, word) in words.iter().enumerate() {
        let split = word.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(word.len());
        let Ok(value) = word[..split].parse::<f64>() else { continue };
        let unit = if split < word.len() { &word[split..] } else { words.get(k + 1).copied().unwrap_or("") };
        match unit {
            "mA" => note.current_ma = Some(value),
            "ms" => note.pulse_ms = Some(value),
            "us" => note.pulse_ms = Some(value / 1000.0),
            unit => note.to_recording_mm = xml_note::millimetres(value, unit).or(note.to_recording_mm),
        }
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_identifications_name_kind_side_and_nerve() {
        let named = |text| parse_identification(text);
        let motor = Named { kind: Some(TestKind::Motor), side: Some(Side::Left), nerve: "Median".into() };
        assert_eq!(named("Startdate 01-JAN-2002 emg1 jop N1 MNC_L_Median_Nerve"), motor);
        let right = Named { side: Some(Side::Right), ..motor };
        assert_eq!(named("Startdate 02-MAR-2002 EMG561 BK/JOP Sony. MNC R Median Nerve."), right);
        assert_eq!(named("Startdate 01-JAN-2002 emg1 jop N1 SEP_L_Tibial_Nerve").kind, Some(TestKind::Sep));
        assert_eq!(named("Startdate X X X X F_response_R_Peroneal").kind, Some(TestKind::FWave));
        assert_eq!(named("Startdate 01-JAN-2002 EMG jop N1 L_Biceps_Brachii"), Named::default());
    }

    #[test]
    fn stimulus_sentences_are_read() {
        let words =
            stimulus_words("Stimulus right elbow 0.2ms x 15.3mA at 28.5cm from recording site").map(parse_words).unwrap_or_default();
        assert_eq!(words.position.as_deref(), Some("right elbow"));
        assert_eq!((words.current_ma, words.pulse_ms, words.to_recording_mm), (Some(15.3), Some(0.2), Some(285.0)));
        assert_eq!(stimulus_key("StimA"), "StimA");
        assert_eq!(stimulus_key("Stimulus_elbow"), "Elbow");
        assert_eq!(stimulus_words("Stimulation train on"), None);
        assert_eq!(stimulus_words("Pre-stimulus beep 1000Hz"), None);
    }

    #[test]
    fn labels_name_side_and_muscle() {
        assert_eq!(parse_label("NC L_APB"), (Some(Side::Left), "APB".into()));
        assert_eq!(parse_label("R APB"), (Some(Side::Right), "APB".into()));
        assert_eq!(parse_label("NC Second Finger"), (None, "Second Finger".into()));
        assert_eq!(parse_label("EP CZ'-FZ"), (None, "CZ'-FZ".into()));
    }
}
