//! Sweeps from annotations that mark stimuli, for recordings of any format.
//!
//! Pure: from the annotations and the timeline alone, without looking at a sample. A sweep begins
//! [`BEFORE_S`] before the stimulus and ends [`AFTER_S`] behind it, earlier where the recording has
//! a gap or the next stimulus comes. The kind of nerve test is known where the recording's name
//! states it.

use crate::model::{Annotation, Channel, Examination, NerveTest, Recording, Site, Span, Stimulus, Sweep, TestKind};

/// Part of a sweep before the stimulus, seconds.
pub const BEFORE_S: f64 = 0.02;
/// Part of a sweep behind the stimulus, seconds.
pub const AFTER_S: f64 = 0.1;
/// A mark of another kind within this time does not end a sweep, seconds: it is the second shock of
/// a pair, whose responses belong together.
const PAIR_S: f64 = 0.02;
/// A code of a trigger port that always follows another one within this time and at one interval is
/// the pulse's end, seconds.
const PULSE_S: f64 = 0.05;
/// How much that interval may vary, seconds.
const PULSE_JITTER_S: f64 = 0.002;
/// No exported sweep is longer, seconds.
const LONGEST_S: f64 = 5.0;
/// More sweeps than any examination has.
const MAX_SWEEPS: usize = 200_000;

/// Whether an annotation marks a stimulus: `Stim`, `StimA`, `Stim 2`, `Stimulus`, `Stimulus 3`,
/// `TMS`, and `Stimulus/S255` (BrainVision), without regard to case, with or without its current and width
/// behind it ([`Stimulus::words`]), and nothing else.
pub fn is_stimulus(text: &str) -> bool {
    let text = Stimulus::named(text).0.to_ascii_lowercase();
    if let Some(code) = text.strip_prefix("stimulus/") {
        return !code.is_empty();
    }
    let Some(rest) = ["stimulus", "stim", "tms"].iter().find_map(|word| text.strip_prefix(word)) else {
        return false;
    };
    let rest = rest.trim_start_matches([' ', '_', '-', '#']);
    rest.bytes().all(|b| b.is_ascii_digit()) || (rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Words in names of recordings that tell the kind of test.
const KINDS: [(TestKind, &[&str]); 7] = [
    (TestKind::HReflex, &["hreflex", "h-reflex", "h reflex", "h_reflex"]),
    (TestKind::FWave, &["fwave", "f-wave", "f wave", "f_wave", "f-response"]),
    (TestKind::Repetitive, &["repetitive", "decrement", "rns"]),
    (TestKind::Blink, &["blink"]),
    (TestKind::Mep, &["mep", "tms", "motor evoked"]),
    (TestKind::Sympathetic, &["sympathetic", "ssr"]),
    (TestKind::Sep, &["ssep", "somatosensory"]),
];

/// The kind of test that a recording's own name or description states; a person may say another.
fn kind_of(recording: &Recording) -> TestKind {
    let text = format!(" {} {} ", recording.name, recording.description).to_lowercase();
    let word = |word: &str| {
        // Short words must stand alone.
        let found = |at: usize| {
            let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            word.len() > 4 || (alone(text[..at].chars().next_back()) && alone(text[at + word.len()..].chars().next()))
        };
        text.match_indices(word).any(|(at, _)| found(at))
    };
    KINDS.iter().find(|(_, words)| words.iter().any(|of| word(of))).map_or(TestKind::Unknown, |(kind, _)| *kind)
}

/// Whether a unit is a voltage.
fn is_voltage(unit: &str) -> bool {
    let unit = unit.trim();
    matches!(unit, "V" | "mV" | "mv" | "uV" | "uv" | "nV" | "\u{b5}V" | "\u{3bc}V")
}

/// One test for each channel that carries a voltage (each channel, when none says so), one site for
/// each distinct text. Empty when no annotation marks a stimulus. Sweeps refer to recording 0.
pub fn sweeps_from_annotations(recording: &Recording) -> Examination {
    let mut stimuli: Vec<(f64, &str, Stimulus)> = recording.annotations.iter().filter(|a| is_stimulus(&a.text)).map(moment).collect();
    stimuli.sort_by(|a, b| a.0.total_cmp(&b.0));
    drop_pulse_ends(&mut stimuli);
    let kind = kind_of(recording);
    let any_voltage = recording.channels.iter().any(|channel| is_voltage(&channel.unit));
    let mut examination = Examination::default();
    for (index, channel) in recording.channels.iter().enumerate() {
        if (any_voltage && !is_voltage(&channel.unit)) || channel.n == 0 {
            continue;
        }
        let mut test = NerveTest { kind, recorded_from: channel.name.clone(), ..NerveTest::default() };
        for (k, &(onset_s, text, stimulus)) in stimuli.iter().enumerate() {
            // Two marks of one instant (A and B of a pair) must not cut each other to nothing.
            let ends = |s: &&(f64, &str, Stimulus)| s.0 > onset_s + if s.1 == text { 1e-3 } else { PAIR_S };
            let next = stimuli[k + 1..].iter().find(ends).map_or(f64::INFINITY, |s| s.0);
            let Some(sweep) = cut(recording, index, channel, onset_s, next) else { continue };
            let sweep = Sweep { stimulus, ..sweep };
            if examination.sweeps.len() >= MAX_SWEEPS {
                break;
            }
            let id = examination.sweeps.len();
            examination.sweeps.push(sweep);
            match test.sites.iter_mut().find(|site| site.name == text) {
                Some(site) => site.sweeps.push(id),
                None => test.sites.push(Site { name: text.to_owned(), distance_mm: None, sweeps: vec![id] }),
            }
        }
        if !test.sites.is_empty() {
            examination.tests.push(test);
        }
    }
    examination
}

/// A mark's time, name, and what it states of its stimulus.
fn moment(annotation: &Annotation) -> (f64, &str, Stimulus) {
    let (name, stimulus) = Stimulus::named(&annotation.text);
    (annotation.onset_s, name, stimulus)
}

/// Takes out the codes by which a trigger port (`Stimulus/S255`, `Stimulus/S254`) tells that a pulse
/// is over: each time behind another code, at one short interval.
fn drop_pulse_ends(stimuli: &mut Vec<(f64, &str, Stimulus)>) {
    let port = |text: &str| text.to_ascii_lowercase().starts_with("stimulus/");
    let mut behind: Vec<(&str, Option<[f64; 2]>)> = Vec::new();
    for (k, &(at_s, text, _)) in stimuli.iter().enumerate().filter(|(_, (_, text, _))| port(text)) {
        let before = k.checked_sub(1).and_then(|k| stimuli.get(k)).filter(|before| port(before.1) && before.1 != text);
        let after_s = before.map(|before| at_s - before.0).filter(|after_s| (1e-6..PULSE_S).contains(after_s));
        match behind.iter_mut().find(|(of, _)| *of == text) {
            None => behind.push((text, after_s.map(|s| [s, s]))),
            Some((_, range)) => *range = range.zip(after_s).map(|([low, high], s)| [low.min(s), high.max(s)]),
        }
    }
    let ends: Vec<&str> = behind
        .into_iter()
        .filter(|(_, range)| range.is_some_and(|[low, high]| high - low < PULSE_JITTER_S))
        .map(|(text, _)| text)
        .collect();
    stimuli.retain(|(_, text, _)| !ends.contains(text));
}

/// The sweeps of a recording that states no examination: around a trigger at zero, or around
/// annotations that mark stimuli. Sweeps refer to recording 0.
pub fn sweeps_of(recording: &Recording) -> Examination {
    let around_zero = sweeps_around_zero(recording);
    if around_zero.tests.is_empty() { sweeps_from_annotations(recording) } else { around_zero }
}

/// The sweeps of a recording whose time runs from before a trigger at zero (an exported average or
/// raster: time from -50 ms on): each channel is one sweep. Channels whose names differ only in a
/// number at the end are repeats of one site. Empty for every other recording; sweeps refer to recording 0.
pub fn sweeps_around_zero(recording: &Recording) -> Examination {
    let mut examination = Examination::default();
    let [span] = recording.timeline.spans.as_slice() else { return examination };
    if span.onset_s >= 0.0 || span.onset_s + span.duration_s <= 0.0 || span.duration_s > LONGEST_S {
        return examination;
    }
    let kind = kind_of(recording);
    let any_voltage = recording.channels.iter().any(|channel| is_voltage(&channel.unit));
    for (channel, described) in recording.channels.iter().enumerate() {
        if (any_voltage && !is_voltage(&described.unit)) || described.n == 0 {
            continue;
        }
        let id = examination.sweeps.len();
        examination.sweeps.push(Sweep {
            turned: false,
            recording: 0,
            channel,
            start: 0,
            n: described.n,
            stimulus_s: Some(-span.onset_s),
            stimulus: Stimulus::default(),
            averaged: None,
        });
        let stem = described.name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches([' ', '_', '-', '#']);
        match examination.tests.iter_mut().find(|test| test.recorded_from == stem) {
            Some(test) => test.sites[0].sweeps.push(id),
            None => examination.tests.push(NerveTest {
                kind,
                recorded_from: stem.to_owned(),
                sites: vec![Site { name: "Stim".into(), distance_mm: None, sweeps: vec![id] }],
                ..NerveTest::default()
            }),
        }
    }
    examination
}

/// The samples of one channel around one stimulus, within one span.
fn cut(recording: &Recording, index: usize, channel: &Channel, onset_s: f64, next_s: f64) -> Option<Sweep> {
    let inside = |span: &&Span| onset_s >= span.onset_s - 1e-9 && onset_s < span.onset_s + span.duration_s;
    let span = recording.timeline.spans.iter().find(inside)?;
    let stored = |time_s: f64| (span.stored_s + (time_s - span.onset_s).clamp(0.0, span.duration_s)) * channel.fs_hz;
    // The half-microsample keeps a stimulus that falls on a sample from being rounded behind it.
    let start = (stored(onset_s - BEFORE_S) - 1e-6).ceil().max(0.0) as u64;
    let end = ((stored((onset_s + AFTER_S).min(next_s)) - 1e-6).ceil().max(0.0) as u64).min(channel.n);
    let n = end.checked_sub(start).filter(|n| *n > 0)?;
    let first_s = span.onset_s + start as f64 / channel.fs_hz - span.stored_s;
    Some(Sweep {
        turned: false,
        recording: 0,
        channel: index,
        start,
        n,
        stimulus_s: Some(onset_s - first_s),
        stimulus: Stimulus::default(),
        averaged: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Annotation, Timeline};

    fn recording(stimuli: &[(f64, &str)]) -> Recording {
        let channel = |name: &str, unit: &str| Channel {
            negative_up: false,
            name: name.into(),
            unit: unit.into(),
            fs_hz: 1000.0,
            n: 2000,
            transducer: String::new(),
            prefilter: String::new(),
            scale: None,
            skew_s: 0.0,
        };
        let annotation = |&(onset_s, text): &(f64, &str)| Annotation { onset_s, duration_s: None, text: text.into(), channel: None };
        Recording {
            channels: vec![channel("APB", "mV"), channel("Force", "N")],
            timeline: Timeline::continuous(2.0),
            annotations: stimuli.iter().map(annotation).collect(),
            ..Recording::default()
        }
    }

    #[test]
    fn a_current_behind_the_word_is_read_and_makes_no_site() {
        let of = |set_ma: f64, current_ma: f64| Stimulus { current_ma: Some(current_ma), pulse_ms: Some(0.2), set_ma: Some(set_ma) };
        let (same, other) = (format!("Stim {}", of(24.0, 24.01).words()), format!("Stim {}", of(40.0, 31.2).words()));
        assert_eq!((same.as_str(), other.as_str()), ("Stim 24.0 mA, 0.2 ms", "Stim 40.0 mA, delivered 31.2 mA, 0.2 ms"));
        let examination = sweeps_from_annotations(&recording(&[(0.1, "Stim"), (0.6, &same), (1.2, &other)]));
        assert_eq!(examination.tests[0].sites.len(), 1);
        let stimuli: Vec<Stimulus> = examination.sweeps.iter().map(|sweep| sweep.stimulus).collect();
        assert_eq!(stimuli[0], Stimulus::default());
        assert_eq!(stimuli[1], Stimulus { current_ma: Some(24.0), pulse_ms: Some(0.2), set_ma: None });
        assert_eq!(stimuli[2], of(40.0, 31.2));
        for text in ["Stim 24 V", "Stim mA", "Stim -3 mA", "Stim 3 mA, 5 s", "24.0 mA"] {
            assert!(!is_stimulus(text), "{text}");
        }
    }

    #[test]
    fn only_stimulus_words_count() {
        for text in ["Stim", "StimA", "stim b", "Stimulus", "STIMULUS 3", "TMS", "tms2", "Stim_12"] {
            assert!(is_stimulus(text), "{text}");
        }
        for text in ["", "Stimulation period", "pre-stim", "StimOff", "TMS coil moved", "system", "Stimulated"] {
            assert!(!is_stimulus(text), "{text}");
        }
    }

    #[test]
    fn names_tell_the_kind_of_test() {
        let of = |name: &str| kind_of(&Recording { name: name.into(), ..Recording::default() });
        assert_eq!(of("hreflex_soleus_sweeps_01-10.csv"), TestKind::HReflex);
        assert_eq!(of("left_MEP_fdi.vhdr"), TestKind::Mep);
        assert_eq!(of("Patterns_tms2.edf"), TestKind::Unknown, "a short word must stand alone");
        assert_eq!(of("Median F-wave"), TestKind::FWave);
        assert_eq!(of("temporal.edf"), TestKind::Unknown);
    }

    #[test]
    fn time_from_before_zero_tells_the_stimulus() {
        let mut recording = recording(&[]);
        assert_eq!(sweeps_around_zero(&recording).sweeps, []);
        recording.timeline.spans[0].onset_s = -0.05;
        recording.channels = ["sweep1", "sweep2", "ADM"].map(|name| Channel { name: name.into(), ..recording.channels[0].clone() }).into();
        let examination = sweeps_around_zero(&recording);
        let sites: Vec<_> = examination.tests.iter().map(|t| (t.recorded_from.as_str(), t.sites[0].sweeps.len())).collect();
        assert_eq!(sites, [("sweep", 2), ("ADM", 1)]);
        assert!(examination.sweeps.iter().all(|s| s.stimulus_s == Some(0.05) && s.n == 2000));
    }

    #[test]
    fn the_end_of_a_trigger_pulse_is_no_stimulus() {
        let (on, off, other) = ("Stimulus/S255", "Stimulus/S254", "Stimulus/S  1");
        let sites = |stimuli: &[(f64, &str)]| {
            let examination = sweeps_from_annotations(&recording(stimuli));
            let n = |site: &Site| site.sweeps.iter().map(|&id| examination.sweeps[id].n).collect::<Vec<_>>();
            examination.tests.iter().flat_map(|test| &test.sites).map(|site| (site.name.clone(), n(site))).collect::<Vec<_>>()
        };
        assert_eq!(sites(&[(0.1, on), (0.11, off), (0.5, on), (0.5105, off)]), [(on.to_owned(), vec![120, 120])]);
        // Codes at changing intervals, or marks that are no port's, are stimuli of their own.
        assert_eq!(sites(&[(0.1, on), (0.11, other), (0.5, on), (0.53, other)]).len(), 2);
        assert_eq!(sites(&[(0.1, "StimA"), (0.11, "StimB")]), [("StimA".to_owned(), vec![120]), ("StimB".to_owned(), vec![120])]);
    }

    #[test]
    fn sweeps_stay_inside_the_recording_and_before_the_next_stimulus() {
        let examination =
            sweeps_from_annotations(&recording(&[(0.01, "Stim"), (0.5, "Stim"), (0.55, "Stim"), (1.95, "TMS"), (3.0, "Stim")]));
        assert_eq!(examination.tests.len(), 1);
        assert_eq!(
            examination.tests[0].sites.iter().map(|s| (s.name.as_str(), s.sweeps.len())).collect::<Vec<_>>(),
            [("Stim", 3), ("TMS", 1)]
        );
        let spans: Vec<(u64, u64)> = examination.sweeps.iter().map(|s| (s.start, s.n)).collect();
        assert_eq!(spans, [(0, 110), (480, 70), (530, 120), (1930, 70)]);
        let stimuli: Vec<f64> = examination.sweeps.iter().filter_map(|s| s.stimulus_s).map(|s| (s * 1e6).round() / 1e6).collect();
        assert_eq!(stimuli, [0.01, 0.02, 0.02, 0.02]);
    }
}
