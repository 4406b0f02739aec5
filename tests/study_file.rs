//! Study files: everything comes back, to the last bit; damage is noticed, and what is whole is rescued.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and says what it skipped")]

mod common;

use std::rc::Rc;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Buffer, Edit, Event, Leaving, Output, Request, StudyView};
use myoscope::formats::myo::{self, Packing};
use myoscope::formats::{MemorySink, OpenOptions, Opened, SliceSource};
use myoscope::model::{
    Annotation, Channel, Edits, InMemory, MarkerKind, Recording, Samples, Scale, Span, StartTime, Study, Subject, Timeline,
};
use rawzip::{CompressionMethod, ZipArchiveWriter};
use std::io::Write as _;

fn packed(study: &Study, samples: &[Rc<dyn Samples>], edits: &Edits) -> Vec<u8> {
    let extras = [("report/summary.html".to_owned(), b"<!doctype html>".to_vec())];
    let mut sink = MemorySink::default();
    myo::pack("study.myo", &Packing { study, samples, edits, extras: &extras }, &mut sink).unwrap();
    sink.files.pop().unwrap().1
}

fn opened(bytes: &[u8]) -> Opened {
    common::open_bytes("study.myo", bytes.to_vec(), &OpenOptions::default()).unwrap()
}

/// Every value of a recording, by its bits; all NaN are one.
fn bits(recording: &Recording, samples: &dyn Samples) -> Vec<Vec<u64>> {
    let read = |(index, channel): (usize, &Channel)| {
        let mut out = vec![0.0; channel.n as usize];
        samples.read(index, 0, &mut out).unwrap();
        out.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
    };
    recording.channels.iter().enumerate().map(read).collect()
}

fn check(what: &str, study: &Study, samples: &[Rc<dyn Samples>], edits: &Edits) -> Vec<u8> {
    let bytes = packed(study, samples, edits);
    let back = opened(&bytes);
    assert_eq!(back.warnings, [], "{what}");
    assert_eq!(&back.study, study, "{what}");
    assert_eq!(back.edits.as_ref(), Some(edits), "{what}");
    for (recording, (a, b)) in study.recordings.iter().zip(samples.iter().zip(&back.samples)) {
        let (here, there) = (bits(recording, a.as_ref()), bits(recording, b.as_ref()));
        let other = here.iter().flatten().zip(there.iter().flatten()).position(|(a, b)| a != b);
        assert!(other.is_none(), "{what}: value {other:?} of {} differs", recording.name);
        let ends: Vec<u64> = recording.channels.iter().map(|channel| channel.n).collect();
        let mut all: Vec<Vec<f64>> = ends.iter().map(|n| vec![0.0; *n as usize]).collect();
        b.read_all(&vec![0; ends.len()], &mut all).unwrap();
        let alone = bits(recording, b.as_ref());
        assert!(all.iter().flatten().map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() }).eq(alone.into_iter().flatten()), "{what}");
    }
    let file = common::memory("study.myo", bytes.clone());
    assert!(myo::verify(&file).unwrap().whole(), "{what}: {:?}", myo::verify(&file).unwrap());
    bytes
}

fn paths(bytes: &[u8]) -> Vec<String> {
    myo::verify(&common::memory("study.myo", bytes.to_vec())).unwrap().parts.into_iter().map(|part| part.path).collect()
}

/// Three channels of integers, with two rates, two gaps and more than a block of samples.
fn gapped() -> (Study, Vec<Rc<dyn Samples>>) {
    let scale = |gain: f64, offset: f64| Some(Scale { gain, offset, digital_min: -32_768, digital_max: 32_767 });
    let rates = [(10_000.0, scale(0.007_629_394_531_25, 0.0)), (10_000.0, scale(1.0 / 13.107, -2.0 / 13.107)), (500.0, scale(-0.1, 3.3))];
    let spans = vec![
        Span { onset_s: 0.0, stored_s: 0.0, duration_s: 1.2346 },
        Span { onset_s: 2.0, stored_s: 1.2346, duration_s: 7.0 },
        Span { onset_s: 11.5, stored_s: 8.2346, duration_s: 3.3 },
    ];
    let (mut channels, mut values) = (Vec::new(), Vec::new());
    for (at, (fs_hz, scale)) in rates.into_iter().enumerate() {
        let n = (11.5346 * fs_hz) as u64;
        let of: Scale = scale.unwrap();
        let digital = |k: u64| ((k as f64 * 0.37).sin() * 20_000.0 + (k * k % 97) as f64).round();
        values.push((0..n).map(|k| digital(k) * of.gain + of.offset).collect::<Vec<f64>>().into());
        channels.push(Channel {
            name: format!("ch {at}"),
            unit: "uV".into(),
            fs_hz,
            n,
            transducer: String::new(),
            prefilter: "HP:20Hz".into(),
            scale,
            negative_up: at == 1,
            skew_s: 0.0,
        });
    }
    let recording = Recording {
        name: "gapped.edf".into(),
        format: "EDF+D".into(),
        start: Some(StartTime { iso: "2026-02-27T10:00:00.25".into() }),
        description: "ward 7".into(),
        channels,
        timeline: Timeline { spans },
        annotations: vec![Annotation { onset_s: 2.5, duration_s: Some(0.1), text: "Gr\u{fc}\u{df}e \u{2192}".into(), channel: Some(1) }],
    };
    let subject = Subject { name: "Doe Jane".into(), code: "77".into(), sex: "F".into(), ..Subject::default() };
    let study = Study { subject, recordings: vec![recording], ..Study::default() };
    (study, vec![Rc::new(InMemory { channels: values })])
}

#[test]
fn integers_come_back_to_the_last_bit_from_a_part_that_edf_programs_read() {
    let (study, samples) = gapped();
    let bytes = check("gaps", &study, &samples, &Edits { impression: "L5?".into(), ..Edits::default() });
    assert_eq!(
        paths(&bytes),
        ["mimetype", "study.json", "subject.json", "edits.json", "report/summary.html", "recordings/01.edf", "manifest.json"],
        "no second copy of the samples"
    );
    // The part is EDF by itself.
    let mut edf = Vec::new();
    myo::parts(&common::memory("study.myo", bytes), |path, next| {
        while let Some(piece) = next() {
            if path.ends_with(".edf") {
                edf.extend(piece);
            }
        }
        Ok(())
    })
    .unwrap();
    let alone = common::open_bytes("01.edf", edf, &OpenOptions::default()).unwrap();
    assert_eq!(alone.study.recordings[0].format, "EDF+D");
    assert_eq!(alone.study.subject.name, "Doe Jane");
}

#[test]
fn other_numbers_come_back_as_they_were() {
    let (mut study, _) = gapped();
    let recording = &mut study.recordings[0];
    recording.timeline = Timeline::continuous(3.0);
    recording.channels.truncate(2);
    let odd = [1.0 / 3.0, f64::NAN, -1e-300, 5e9, f64::MIN_POSITIVE, -0.0];
    let channels = recording.channels.iter_mut().enumerate().map(|(at, channel)| {
        (channel.n, channel.scale) = (30_000, None);
        (0..30_000).map(|k| if at == 0 { odd[k % odd.len()] } else { f64::from(k as f32 * 0.1) }).collect::<Vec<f64>>().into()
    });
    let samples: Vec<Rc<dyn Samples>> = vec![Rc::new(InMemory { channels: channels.collect() })];
    let bytes = check("odd numbers", &study, &samples, &Edits::default());
    assert!(paths(&bytes).contains(&"recordings/01.values".to_owned()));
    // 24 bits, one sample, no channel.
    let recording = &mut study.recordings[0];
    recording.channels.truncate(1);
    recording.channels[0].n = 1;
    recording.channels[0].scale = Some(Scale { gain: 0.5, offset: 0.0, digital_min: -8_388_608, digital_max: 8_388_607 });
    recording.timeline = Timeline::continuous(1e-4);
    let one: Vec<Rc<dyn Samples>> = vec![Rc::new(InMemory { channels: vec![vec![3_000_000.5].into()] })];
    assert!(paths(&check("one sample", &study, &one, &Edits::default())).contains(&"recordings/01.bdf".to_owned()));
    study.recordings[0].channels.clear();
    check("no channel", &study, &[Rc::new(InMemory::default())], &Edits::default());
    study.recordings.clear();
    check("no recording", &study, &[], &Edits::default());
}

#[test]
fn files_of_every_kind_come_back_from_a_study_file() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut folders = vec![golden];
    let mut kinds = std::collections::BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_owned();
            if !["edf", "bdf", "hea", "wav", "vhdr", "mem", "dcm", "csv"].contains(&extension.as_str()) {
                continue;
            }
            let Ok(opened) = common::open_path(&path, &OpenOptions::default()) else { continue };
            // What an odd file says that is none of the model's promises is refused when it is packed, not later.
            check(&path.display().to_string(), &opened.study, &opened.samples, &Edits::default());
            kinds.insert(extension);
        }
    }
    assert!(kinds.len() >= 6, "{kinds:?}");
}

fn saved(outputs: &[Output]) -> (String, Vec<u8>) {
    let found = outputs.iter().find_map(|output| match (&output.event, &output.buffers[..]) {
        (Event::Exported { names, .. }, [Buffer::Bytes(bytes)]) => Some((names[0].clone(), bytes.clone())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{:?}", outputs.iter().map(|output| &output.event).collect::<Vec<_>>()))
}

#[test]
fn a_study_with_a_persons_work_is_the_same_study_elsewhere() {
    for demo in ["motor", "sensory", "late", "scan", "munix", "needle"] {
        let mut desk = Desk::new(Kept::new());
        desk.send(Request::OpenDemo { demo: demo.into() });
        desk.edit(Edit::Person { height_cm: Some(171.0), age_years: Some(48.0), sex: Some("F".into()), onset_weeks: Some(7.0) });
        desk.edit(Edit::Impression { text: "Written by hand.".into() });
        if demo == "motor" {
            desk.edit(Edit::MoveMarker { sweep: 0, kind: MarkerKind::Onset, at_s: 0.0064 });
        }
        let study = desk.study();
        desk.send(Request::Together { study });
        let (name, bytes) = saved(&desk.send(Request::Pack { study, leaving: Leaving::default() }));
        assert!(name.ends_with(".myo"), "{name}");
        let mut other = Desk::open(vec![(&name, bytes)], Kept::new());
        let study = other.study();
        other.send(Request::Together { study });
        let (here, there) = (desk.view().clone(), other.view().clone());
        // As text, in which numbers that are none are alike.
        let said = |view: &StudyView| {
            let parts = (&view.warnings, &view.person, &view.impression, &view.answer);
            format!("{parts:?} {:?}", (&view.tests, &view.needle, &view.recordings))
        };
        assert!(said(&there) == said(&here), "{demo} says something else");
        // What is done to it from now on is kept here, and goes on from there.
        other.edit(Edit::Impression { text: "Read again.".into() });
        other.undo();
        assert_eq!(other.view().impression, "Written by hand.");
    }
}

#[test]
fn what_is_kept_here_is_later_than_what_came_with_the_file() {
    let (study, samples) = gapped();
    let bytes = packed(&study, &samples, &Edits { impression: "sent".into(), ..Edits::default() });
    let mut desk = Desk::open(vec![("a.myo", bytes.clone())], Kept::new());
    assert_eq!(desk.view().impression, "sent");
    desk.edit(Edit::Impression { text: "read".into() });
    let again = Desk::open(vec![("renamed.myo", bytes)], desk.kept.clone());
    assert_eq!(again.view().impression, "read");
}

#[test]
fn every_changed_bit_is_noticed_and_nothing_panics() {
    let (mut study, samples) = gapped();
    study.recordings[0].channels.truncate(2);
    let whole = packed(&study, &samples, &Edits { impression: "L5".into(), ..Edits::default() });
    let (mut told, mut refused, mut lost) = (0, 0, 0);
    // Every byte of the first and last kilobytes, where all the structure is, and steps between.
    let ends = (0..3000).chain(whole.len() - 3000..whole.len());
    for at in ends.step_by(23).chain((3000..whole.len() - 3000).step_by(19_997)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let file = common::memory("study.myo", bytes.clone());
        let noticed = myo::verify(&file).map_or(true, |checked| !checked.whole());
        // The directory's own stamps (time, attributes, versions) say nothing of the study.
        let directory = at > whole.len() - 1000;
        assert!(noticed || directory, "bit {} of byte {at} of {}", at % 8, whole.len());
        match common::open_bytes("study.myo", bytes, &OpenOptions::default()) {
            Ok(back) => {
                told += usize::from(!back.warnings.is_empty());
                for (recording, samples) in back.study.recordings.iter().zip(&back.samples) {
                    let values = bits(recording, samples.as_ref());
                    lost += values.iter().flatten().filter(|bits| **bits == u64::MAX).count();
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(told > 50 && lost > 0, "{told} told, {refused} refused, {lost} samples lost");
    assert!(refused < told / 10, "{refused} of {told} were not rescued");
}

#[test]
fn a_file_that_was_cut_off_gives_what_is_left_of_it() {
    let (study, samples) = gapped();
    let whole = packed(&study, &samples, &Edits { impression: "L5".into(), ..Edits::default() });
    let all = bits(&study.recordings[0], samples[0].as_ref());
    let mut kept_before = 0;
    for part in [30, 60, 90, 99] {
        let bytes = whole[..whole.len() * part / 100].to_vec();
        let back = opened(&bytes);
        assert!(back.warnings[0].what.contains("damaged"), "{:?}", back.warnings);
        assert_eq!((back.study.recordings.len(), back.study.subject.code.as_str()), (1, "77"));
        assert_eq!(back.edits.as_ref().map(|edits| edits.impression.as_str()), Some("L5"));
        let left = bits(&back.study.recordings[0], back.samples[0].as_ref());
        let kept = left.iter().flatten().zip(all.iter().flatten()).filter(|(a, b)| a == b).count();
        let wrong = left.iter().flatten().zip(all.iter().flatten()).filter(|(a, b)| a != b && **a != u64::MAX).count();
        assert_eq!(wrong, 0, "a sample is right or missing");
        assert!(kept > kept_before, "{kept} of {part} %");
        kept_before = kept;
    }
    assert!(kept_before > all.iter().flatten().count() * 9 / 10);
    for n in [0, 1, 20, 40, 70] {
        assert!(common::open_bytes("study.myo", whole[..n].to_vec(), &OpenOptions::default()).is_err(), "{n} bytes are no study");
    }
}

#[test]
fn lost_samples_are_not_read_as_absent_responses() {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: "motor".into() });
    let study = desk.study();
    let (_, bytes) = saved(&desk.send(Request::Pack { study, leaving: Leaving::default() }));
    // Cut behind the small parts: the recordings are gone, what was examined is known.
    let at = bytes.windows(13).position(|window| window == b"recordings/01").unwrap();
    let mut cut = Desk::open(vec![("cut.myo", bytes[..at].to_vec())], Kept::new());
    let study = cut.study();
    cut.send(Request::Together { study });
    let view = cut.view().clone();
    assert_eq!(view.tests.len(), desk.view().tests.len());
    let all =
        || view.tests.iter().flat_map(|test| &test.sites).flat_map(|site| &site.sweeps).filter_map(|sweep| sweep.measurement.as_ref());
    assert!(all().count() > 2 && all().all(|measured| measured.is_missing() && measured.response.is_none()));
    assert!(view.tests.iter().all(|test| test.quality.iter().any(|flag| flag.what.contains("nothing is known of it"))));
    let answer = format!("{:?}", view.answer.unwrap());
    assert!(!answer.contains("absent") && !answer.contains("no response"), "{answer}");
}

/// A zip of these parts, deflated as a study file's are.
fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (path, bytes) in parts {
        let (mut entry, config) = zip.new_file(*path).compression_method(CompressionMethod::DEFLATE).start().unwrap();
        let mut writer = config.wrap(flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default()));
        writer.write_all(bytes).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap()
}

#[test]
fn hostile_files_are_refused_or_tamed() {
    let open = |bytes: Vec<u8>| common::open_bytes("study.myo", bytes, &OpenOptions::default()).map(|opened| opened.warnings);
    let manifest = |version: u32| format!(r#"{{"format":"myoscope study","version":{version},"parts":[]}}"#);
    let error = open(zipped(&[("manifest.json", manifest(2).as_bytes())])).unwrap_err().to_string();
    assert!(error.contains("newer Myoscope") && error.contains("version 2"), "{error}");
    // Names that lead elsewhere, twice the same, and more parts than any study has.
    for parts in [vec![("../../etc/passwd", &b"x"[..])], vec![("study.json", b"{}"), ("study.json", b"{}")]] {
        assert!(open(zipped(&parts)).is_err());
    }
    // A bomb: a gigabyte of nothing states its size, or hides it.
    let nothing = vec![0; 64 << 20];
    let bomb = zipped(&[("study.json", &nothing[..]), ("manifest.json", manifest(1).as_bytes())]);
    assert!(bomb.len() < 200_000);
    let error = open(bomb).unwrap_err().to_string();
    assert!(error.contains("description is lost"), "{error}");
    // A study that refers to what it does not have.
    let study = r#"{"format":"myoscope study","version":1,"written_by":"","recordings":[],"examination":{"tests":[],"sweeps":[{"recording":4000000000,"channel":0,"start":18446744073709551615,"n":9,"stimulus_s":null,"stimulus":null,"turned":false}]}}"#;
    assert!(open(zipped(&[("study.json", study.as_bytes()), ("manifest.json", manifest(1).as_bytes())])).is_err());
    // Blocks that lie outside, overlap, or are far too many.
    for blocks in [r#"[{"at":18446744073709551615,"sha256":""}]"#, r#"[{"at":0,"sha256":"00"},{"at":0,"sha256":"00"}]"#] {
        let listed = format!(
            r#"{{"format":"myoscope study","version":1,"parts":[{{"path":"recordings/01.edf","bytes":18446744073709551615,"sha256":"","blocks":{blocks}}}]}}"#
        );
        let result = open(zipped(&[("recordings/01.edf", b"0       "), ("manifest.json", listed.as_bytes())]));
        assert!(result.is_err(), "{result:?}");
    }
    let zip = |bytes: Vec<u8>| myo::verify(&myoscope::formats::NamedSource { name: "x".into(), source: Rc::new(SliceSource::from(bytes)) });
    assert!(zip(b"PK\x03\x04".to_vec()).is_err() && zip(Vec::new()).is_err());
}

#[test]
fn work_that_fits_nothing_does_no_harm() {
    let (study, samples) = gapped();
    let edits = r#"{"markers":[{"sweep":99999999,"kind":"onset","at_s":1e300}],"no_response":[18446744073709551615],"left_out":[7],
        "tests":{"4000000000":{"kind":"motor"}},"sites":[{"test":77,"site":3,"distance_mm":-1e308}],"stimulus_s":{"5":-1e300},
        "derived_tests":[{"from":"channels","recording":9,"stimulus_s":null},
            {"from":"annotations","recording":0,"channel":88,"text":"x","before_s":1e300,"after_s":-1e300}],
        "turned":{"3":true},"annotations":[{"recording":5,"replaces":9,"now":null},{"recording":0,"replaces":4000,"now":null}],
        "lanes":[{"recording":0,"channel":500,"minus":501},{"recording":44,"channel":0}],"height_cm":-1e308,"age_years":1e308,
        "typed":[{"id":4294967295,"kind":"blink","sites":[{"values":{"latency":-1e308}}]},{"id":0,"kind":"motor","sites":[]},{"id":1000,"kind":"sensory","sites":[{"values":{"velocity":1e308}}]}],
        "muscles":[{"id":1,"muscle":{"listed":"no such muscle"},"typed":{"fibrillation":"<script>alert(1)</script>"}}],
        "signed":[{"signer":"x","role":"","at":"not a time","why":"","work":{},"limits":"","reports":[]}]}"#;
    let edits: Edits = serde_json::from_str(edits).unwrap();
    let bytes = packed(&study, &samples, &edits);
    let mut desk = Desk::open(vec![("hostile.myo", bytes)], Kept::new());
    let study = desk.study();
    while desk.engine.step(&mut |_| {}) {}
    desk.send(Request::Together { study });
    desk.send(Request::Leaving { study, leaving: Leaving { nameless: true, shift_days: Some(i32::MAX), ..Leaving::default() } });
    let again = desk.send(Request::Pack { study, leaving: Leaving { nameless: true, shift_days: Some(i32::MIN), ..Leaving::default() } });
    saved(&again);
}

#[test]
fn without_names_nothing_in_the_file_tells_who_was_examined() {
    let (mut study, samples) = gapped();
    study.recordings[0].annotations[0].text = "Mrs Doe moved".into();
    let mut desk = Desk::open(vec![("Doe_Jane.myo", packed(&study, &samples, &Edits::default()))], Kept::new());
    desk.edit(Edit::Impression { text: "Mrs Doe: L5.".into() });
    let key = desk.study();
    let outputs = desk.send(Request::Leaving { study: key, leaving: Leaving { nameless: true, ..Leaving::default() } });
    let Some(Event::Leaving { view, .. }) = outputs.iter().map(|output| &output.event).find(|event| matches!(event, Event::Leaving { .. }))
    else {
        panic!("{outputs:?}")
    };
    let fact = |name: &str| view.facts.iter().find(|fact| fact.name == name).map(|fact| (fact.now.as_str(), fact.then.as_str()));
    assert_eq!((fact("Name"), fact("Number")), (Some(("Doe Jane", "")), Some(("77", ""))));
    assert_eq!(fact("Recorded"), Some(("2026-02-27 10:00:00.25", "2026-01-01 00:00:00")));
    let hidden =
        view.texts.iter().filter(|text| text.text.contains("Doe")).map(|text| text.id.clone()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(hidden.len(), 2, "{:?}", view.texts);
    let (name, bytes) = saved(&desk.send(Request::Pack { study: key, leaving: Leaving { nameless: true, shift_days: None, hidden } }));
    assert_eq!(name, "study.myo");
    let problems = myo::parts(&common::memory("study.myo", bytes), |path, next| {
        let mut all = Vec::new();
        while let Some(piece) = next() {
            all.extend(piece);
        }
        let text = String::from_utf8_lossy(&all);
        for told in ["Doe", "ward 7", "2026-02-27", "27.02.26", "27-FEB-2026"] {
            assert!(!text.contains(told), "{path} holds {told}");
        }
        Ok(())
    });
    assert_eq!(problems.unwrap(), Vec::<String>::new());
}

#[test]
fn the_schema_takes_every_part_that_it_describes() {
    let Ok(python) = std::env::var("MYOSCOPE_PYTHON") else {
        println!("skipped: MYOSCOPE_PYTHON names no Python with jsonschema");
        return;
    };
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut take = |bytes: Vec<u8>| {
        let problems = myo::parts(&common::memory("study.myo", bytes), |path, next| {
            let mut all = Vec::new();
            while let Some(piece) = next() {
                all.extend(piece);
            }
            if let Some(name) = ["study", "subject", "edits", "manifest"].iter().find(|name| path == format!("{name}.json")) {
                parts.push(((*name).to_owned(), String::from_utf8(all).unwrap()));
            }
            Ok(())
        });
        assert_eq!(problems.unwrap(), Vec::<String>::new());
    };
    let (study, samples) = gapped();
    take(packed(&study, &samples, &Edits { impression: "L5".into(), height_cm: Some(171.0), ..Edits::default() }));
    for demo in ["motor", "late", "needle"] {
        let mut desk = Desk::new(Kept::new());
        desk.send(Request::OpenDemo { demo: demo.into() });
        desk.edit(Edit::Person { height_cm: None, age_years: Some(48.0), sex: None, onset_weeks: Some(7.0) });
        let study = desk.study();
        take(saved(&desk.send(Request::Pack { study, leaving: Leaving::default() })).1);
    }
    assert_eq!(parts.len(), 16);
    let path = std::env::temp_dir().join(format!("myoscope-parts-{}.json", std::process::id()));
    std::fs::write(&path, serde_json::to_vec(&parts).unwrap()).unwrap();
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/study-format.schema.json");
    let script = "import json, sys, jsonschema\ns = json.load(open(sys.argv[1]))\njsonschema.Draft6Validator.check_schema(s)\n\
        def bad(name, part):\n  return list(jsonschema.Draft6Validator({'$ref': '#/definitions/' + name, 'definitions': s['definitions']}).iter_errors(part))\n\
        assert bad('manifest', {'format': 'x'}), 'the schema refuses nothing'\n\
        wrong = [(name, list(x.path), x.message[:300]) for name, text in json.load(open(sys.argv[2])) for x in bad(name, json.loads(text))]\nassert not wrong, wrong[:5]\n";
    let output = std::process::Command::new(python).args(["-c", script]).arg(schema).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_first_version_stays_readable() {
    let golden = |name: &str| std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap();
    let source = common::open_bytes("median.edf", golden("study/median.edf"), &OpenOptions::default()).unwrap();
    let back = opened(&golden("myo/v1.myo"));
    assert_eq!(back.warnings, []);
    assert_eq!((&back.study.subject, &back.study.recordings), (&source.study.subject, &source.study.recordings));
    assert_eq!(back.study.examination.tests, source.study.examination.tests);
    assert_eq!(bits(&back.study.recordings[0], back.samples[0].as_ref()), bits(&source.study.recordings[0], source.samples[0].as_ref()));
    let muscle = &back.edits.unwrap().muscles[0];
    assert_eq!(muscle.typed.values().collect::<Vec<_>>(), ["1+"]);
}
