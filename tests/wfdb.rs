//! WFDB: golden records of every format, broken headers, round trips, and real recordings.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use myoscope::formats::{Export, Files, MemorySink, NamedSource, OpenOptions, Opened, ReadError, Reader, SliceSource, Writer, open, wfdb};
use myoscope::model::{Annotation, Channel, InMemory, Recording, Scale, Study, TestKind, Timeline};
use proptest::prelude::*;
use serde_json::Value;
use std::rc::Rc;

fn files(list: Vec<(String, Vec<u8>)>) -> Files {
    Files { all: list.into_iter().map(|(name, bytes)| NamedSource { name, source: Rc::new(SliceSource::from(bytes)) }).collect() }
}

fn folder(path: &std::path::Path, wanted: impl Fn(&str) -> bool) -> Files {
    let mut list: Vec<(String, Vec<u8>)> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| wanted(name))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    list.sort();
    files(list)
}

fn open_main(files: &Files, main: &str) -> Result<Opened, ReadError> {
    open(files, &OpenOptions::default()).into_iter().find(|(name, _)| name == main).map(|(_, result)| result).unwrap()
}

fn channel(opened: &Opened, index: usize) -> Vec<f64> {
    let mut out = vec![0.0; opened.study.recordings[0].channels[index].n as usize];
    opened.samples[0].read(index, 0, &mut out).unwrap();
    out
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a == b || (a.is_nan() && b.is_nan())
}

fn golden_dir() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wfdb")
}

#[test]
fn golden_records_of_every_format() {
    let expected: Value = serde_json::from_slice(&std::fs::read(golden_dir().join("expected.json")).unwrap()).unwrap();
    let all = folder(&golden_dir(), |name| name != "expected.json");
    for (name, want) in expected.as_object().unwrap() {
        let main = all.all.iter().position(|f| f.name == format!("{name}.hea")).unwrap();
        let opened = wfdb::WfdbReader.open_for_test(&all, main);
        let recording = &opened.study.recordings[0];
        assert_eq!(opened.warnings, vec![], "{name}");
        assert_eq!(recording.channels.len(), want["channels"].as_array().unwrap().len(), "{name}");
        let mut whole: Vec<Vec<f64>> = recording.channels.iter().map(|c| vec![0.0; c.n as usize]).collect();
        opened.samples[0].read_all(&vec![0; whole.len()], &mut whole).unwrap();
        for (k, want) in want["channels"].as_array().unwrap().iter().enumerate() {
            let c = &recording.channels[k];
            let values: Vec<f64> = want["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
            assert_eq!((c.name.as_str(), c.unit.as_str()), (want["name"].as_str().unwrap(), want["unit"].as_str().unwrap()), "{name}");
            assert!(same(c.fs_hz, want["fs_hz"].as_f64().unwrap()), "{name}");
            for (what, got) in [("one channel", channel(&opened, k)), ("all channels", whole[k].clone())] {
                let wrong = got.iter().zip(&values).position(|(a, b)| !same(*a, *b));
                assert!(got.len() == values.len() && wrong.is_none(), "{name} channel {k} by {what}: sample {wrong:?}");
            }
            // Any range gives the same values as the whole.
            for (start, n) in [(0, 1), (1, 7), (5, 50), (13, 41), (values.len() - 1, 1), (values.len(), 0)] {
                let mut part = vec![0.0; n];
                opened.samples[0].read(k, start as u64, &mut part).unwrap();
                assert!(part.iter().zip(&values[start..]).all(|(a, b)| same(*a, *b)), "{name} channel {k} from {start}");
            }
            assert!(opened.samples[0].read(k, values.len() as u64, &mut [0.0]).is_err());
        }
        let annotations: Vec<(f64, &str, Option<u64>)> =
            recording.annotations.iter().map(|a| (a.onset_s, a.text.as_str(), a.channel.map(|c| c as u64))).collect();
        let wanted: Vec<(f64, &str, Option<u64>)> = want["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (a[0].as_f64().unwrap(), a[1].as_str().unwrap(), a[2].as_u64()))
            .collect();
        assert_eq!(annotations, wanted, "{name}");
    }
    let offset = open_main(&all, "offset.hea").unwrap();
    assert_eq!(offset.study.recordings[0].start.as_ref().unwrap().iso, "1994-10-26T08:26:04.250");
}

trait OpenForTest {
    fn open_for_test(&self, files: &Files, main: usize) -> Opened;
}

impl OpenForTest for wfdb::WfdbReader {
    fn open_for_test(&self, files: &Files, main: usize) -> Opened {
        Reader::open(self, files, main, &OpenOptions::default()).unwrap()
    }
}

fn one(header: &str, dat: Vec<u8>) -> Result<Opened, ReadError> {
    open_main(&files(vec![("r.hea".into(), header.into()), ("r.dat".into(), dat)]), "r.hea")
}

#[test]
fn odd_headers_are_read_with_warnings_or_refused_with_reasons() {
    let opened = one("r 1 100\nr.dat 16 0\n", vec![200, 0, 1, 0]).unwrap();
    assert_eq!(channel(&opened, 0), [1.0, 0.005]);
    assert!(opened.warnings[0].what.contains("not calibrated"));
    assert_eq!(opened.study.recordings[0].channels[0].unit, "mV");
    assert_eq!(opened.study.recordings[0].channels[0].name, "record r, signal 0");

    let opened = one("r 1 100 5\nr.dat 16 200/uV\n", vec![0; 8]).unwrap();
    assert!(opened.warnings[0].what.contains('5') && opened.study.recordings[0].channels[0].n == 4);

    let opened = one("r 1 100 2\nr.dat 16 200/uV 16 0 0 7 0 x\n", vec![1, 0, 2, 0]).unwrap();
    assert_eq!(opened.warnings[0].field.as_deref(), Some("checksum"));
    assert_eq!(opened.warnings[0].offset, Some(10));

    for (header, kind) in [
        ("r\n", "malformed"),
        ("r x\n", "malformed"),
        ("r 1 nan 5\nr.dat 16\n", "malformed"),
        ("r 1 -1 5\nr.dat 16\n", "malformed"),
        ("r 2 100\n", "malformed"),
        ("r 1 100 4\nr.dat 99\n", "unsupported"),
        ("r 1 100 4\nother.dat 16\n", "ok"),
        ("r 1 100 4\nother.bin 16\n", "missing"),
        ("r/2 1 100 4\nsega 2\nsegb 2\n", "missing"),
        ("r 1 100 4\nr.dat 16x99999999999 200\n", "limit"),
        ("r 999999999 100 4\n", "limit"),
        ("r/1 1 100 9999999999999\n~ 9999999999999\n", "limit"),
        ("r 2 100 4\nr.dat 16\nr.dat 212\n", "malformed"),
        ("r 1 100 4\nr.dat 16 1e999\n", "malformed"),
    ] {
        let got = match one(header, vec![0; 8]) {
            Ok(_) => "ok",
            Err(error) => error.kind(),
        };
        assert_eq!(got, kind, "{header:?}");
    }
    let alone = open(&files(vec![("x.dat".into(), vec![0, 1, 2, 3])]), &OpenOptions::default());
    assert_eq!(alone[0].1.as_ref().err(), Some(&ReadError::Missing { file: "x.hea".into() }));
    let together = open(&files(vec![("r.dat".into(), vec![0; 4]), ("r.hea".into(), "r 1\nr.dat 16\n".into())]), &OpenOptions::default());
    assert_eq!(together.len(), 1);
}

#[test]
fn a_sidecar_makes_sweeps() {
    let header = "r 2 1000 10\nr.dat 16 1/uV 16 0 0 0 0 distal\nr.dat 16 1/uV 16 0 0 0 0 proximal\n";
    let with = |meta: &str| {
        let list = vec![("r.hea".into(), header.into()), ("r.dat".into(), vec![0; 40]), ("r.meta.json".into(), meta.into())];
        let mut all = open(&files(list), &OpenOptions::default());
        assert_eq!(all.len(), 1);
        all.remove(0).1.unwrap()
    };
    let opened =
        with(r#"{"task":"pair","stim_ms":2,"distance_mm":210.5,"sites":["distal","proximal"],"filter":"2 Hz - 10 kHz","fs":1000}"#);
    let exam = &opened.study.examination;
    assert_eq!((opened.warnings.len(), exam.tests.len(), exam.sweeps.len()), (0, 1, 2));
    assert_eq!(exam.tests[0].kind, TestKind::Motor);
    let sites = &exam.tests[0].sites;
    assert_eq!((sites[0].name.as_str(), sites[0].distance_mm, &sites[0].sweeps[..]), ("distal", None, &[0][..]));
    assert_eq!((sites[1].name.as_str(), sites[1].distance_mm, &sites[1].sweeps[..]), ("proximal", Some(210.5), &[1][..]));
    assert_eq!(exam.sweeps[1].stimulus_s, Some(0.002));
    assert_eq!(opened.study.recordings[0].channels[0].prefilter, "2 Hz - 10 kHz");
    let single = with(r#"{"kind":"sensory","stim_ms":1,"distance_mm":130}"#);
    let test = &single.study.examination.tests[0];
    assert_eq!((test.kind, test.sites.len(), test.sites[0].distance_mm), (TestKind::Sensory, 1, Some(130.0)));
    assert_eq!(test.sites[0].sweeps, [0, 1]);
    for (meta, warned) in [("{}", false), ("[]", true), ("{", true), (r#"{"stim_ms":"x"}"#, true), (r#"{"stim_ms":99}"#, true)] {
        assert_eq!(!with(meta).warnings.is_empty(), warned, "{meta}");
    }
}

fn written(study: &Study, samples: &InMemory) -> (Vec<(String, Vec<u8>)>, usize) {
    let recording = &study.recordings[0];
    let mut sink = MemorySink::default();
    let export = Export { study, recording, samples, annotations: &recording.annotations, edits: None };
    let warnings = wfdb::WfdbWriter.write("out", &export, &mut sink).unwrap();
    (sink.files, warnings.len())
}

fn study(channels: &[(f64, Option<Scale>, Vec<f64>)], annotations: Vec<Annotation>) -> (Study, InMemory) {
    let mut recording = Recording { annotations, description: "a note\nanother".into(), ..Recording::default() };
    let mut samples = InMemory::default();
    for (k, (fs_hz, scale, values)) in channels.iter().enumerate() {
        recording.channels.push(Channel {
            negative_up: false,
            name: format!("ch {k}"),
            unit: "uV".into(),
            fs_hz: *fs_hz,
            n: values.len() as u64,
            transducer: String::new(),
            prefilter: String::new(),
            scale: *scale,
            skew_s: 0.0,
        });
        samples.channels.push(values.clone().into());
    }
    let seconds = channels.iter().map(|(fs, _, v)| v.len() as f64 / fs).fold(0.0, f64::max);
    recording.timeline = Timeline::continuous(seconds);
    (Study { recordings: vec![recording], ..Study::default() }, samples)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_written_reads_back_to_the_last_bit(
        digits in prop::collection::vec(any::<i32>(), 1..400),
        shift in 0u32..24,
        half in any::<bool>(),
        gain in 1e-4f64..10.0,
        texts in prop::collection::vec(("[ -~]{1,40}", 0u32..4_000_000), 0..12),
    ) {
        let scale = Scale { gain, offset: if half { gain / 2.0 } else { 0.0 }, digital_min: i64::from(i32::MIN), digital_max: i64::from(i32::MAX) };
        // With a zero between two steps the written values need one bit more.
        let digits: Vec<i32> = digits.iter().map(|d| d >> shift.max(2)).collect();
        let values: Vec<f64> = digits.iter().enumerate().map(|(k, d)| if k % 17 == 5 { f64::NAN } else { f64::from(*d) * gain + scale.offset }).collect();
        let twice: Vec<f64> = values.iter().flat_map(|v| [*v, *v]).collect();
        let mut annotations: Vec<Annotation> = texts.iter().map(|(text, ms)| Annotation {
            onset_s: f64::from(*ms) / 1000.0, duration_s: None, text: text.trim().to_owned(), channel: (ms % 3 == 0).then_some(1),
        }).filter(|a| !a.text.is_empty()).collect();
        annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
        let (study, samples) = study(&[(1000.0, Some(scale), values.clone()), (2000.0, Some(scale), twice.clone())], annotations.clone());
        let (list, _) = written(&study, &samples);
        let again = open_main(&files(list.clone()), "out.hea").unwrap();
        prop_assert_eq!(&again.warnings, &vec![]);
        for (k, values) in [values, twice].into_iter().enumerate() {
            let got = channel(&again, k);
            prop_assert_eq!(got.len(), values.len());
            for (a, b) in got.iter().zip(&values) {
                prop_assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * gain.max(b.abs()), "{} {}", a, b);
            }
        }
        let recording = &again.study.recordings[0];
        prop_assert_eq!(&recording.annotations, &annotations);
        prop_assert_eq!(recording.description.as_str(), "a note\nanother");
        // Writing what was read gives the same samples and annotations (a gain that has no short
        // decimal form may differ in its last digit).
        let (n, m) = (channel(&again, 0), channel(&again, 1));
        let held = InMemory { channels: vec![n.into(), m.into()] };
        let (second, _) = written(&again.study, &held);
        prop_assert_eq!(&second[1..], &list[1..]);
    }

    #[test]
    fn damaged_records_never_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut all = folder(&golden_dir(), |name| name != "expected.json");
        let k = which.index(all.all.len());
        let mut bytes = all.all[k].source.read_vec(0, 1 << 20).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        all.all[k].source = Rc::new(SliceSource::from(bytes));
        for (_, result) in open(&all, &OpenOptions::default()) {
            let Ok(opened) = result else { continue };
            for (c, info) in opened.study.recordings[0].channels.iter().enumerate() {
                let mut out = vec![0.0; info.n.min(300) as usize];
                opened.samples[0].read(c, info.n - out.len() as u64, &mut out).unwrap();
            }
        }
    }
}

#[test]
fn real_numbers_gaps_and_refusals_of_the_writer() {
    let (mut two, samples) = study(&[(100.0, None, vec![0.25, -1.5, 3.0, 2.75])], vec![]);
    two.recordings[0].timeline = Timeline {
        spans: vec![
            myoscope::model::Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.02 },
            myoscope::model::Span { onset_s: 0.05, stored_s: 0.02, duration_s: 0.02 },
        ],
    };
    let (list, warnings) = written(&two, &samples);
    assert_eq!(warnings, 1);
    let got = channel(&open_main(&files(list), "out.hea").unwrap(), 0);
    let want = [0.25, -1.5, f64::NAN, f64::NAN, f64::NAN, 3.0, 2.75];
    assert!(got.len() == 7 && got.iter().zip(want).all(|(a, b)| same(*a, b)), "{got:?}");
    let (third, samples) = study(&[(100.0, None, vec![1.0 / 3.0, -2.0])], vec![]);
    let (list, warnings) = written(&third, &samples);
    assert_eq!(warnings, 1);
    let got = channel(&open_main(&files(list), "out.hea").unwrap(), 0);
    assert!((got[0] - 1.0 / 3.0).abs() < 1e-9 && got[1] == -2.0, "{got:?}");
    let export = Export { study: &third, recording: &third.recordings[0], samples: &samples, annotations: &[], edits: None };
    assert!(wfdb::WfdbWriter.write("a b", &export, &mut MemorySink::default()).is_err());
    let (odd, samples) = study(&[(100.0, None, vec![0.0]), (100.0 * std::f64::consts::PI, None, vec![0.0])], vec![]);
    let export = Export { study: &odd, recording: &odd.recordings[0], samples: &samples, annotations: &[], edits: None };
    assert!(wfdb::WfdbWriter.write("r", &export, &mut MemorySink::default()).is_err());
}

/// Every header in the folder of real recordings against what independent readers say.
#[test]
fn real_recordings_agree_with_the_oracle() {
    let Some(root) = std::env::var_os("MYOSCOPE_DATA") else {
        println!("skipped: MYOSCOPE_DATA is not set");
        return;
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let oracle: Value = serde_json::from_slice(&std::fs::read(root.join("oracle.json")).unwrap()).unwrap();
    let mut seen = 0;
    for (path, want) in oracle.as_object().unwrap().iter().filter(|(path, _)| path.ends_with(".hea")) {
        let path = root.join(path);
        let all = folder(path.parent().unwrap(), |name| [".hea", ".dat"].iter().any(|e| name.ends_with(e)) || name.contains(".d"));
        let name = path.file_name().unwrap().to_str().unwrap();
        let main = all.all.iter().position(|f| f.name == name).unwrap();
        let opened = wfdb::WfdbReader.open_for_test(&all, main);
        // Averages over frames are another reader's choice; `expanded` is what the file holds.
        let channels = want.get("expanded").unwrap_or(&want["channels"]).as_array().unwrap();
        let recording = &opened.study.recordings[0];
        assert_eq!(recording.channels.len(), channels.len(), "{name}");
        for (k, want) in channels.iter().enumerate() {
            let c = &recording.channels[k];
            let text = want["name"].as_str().unwrap();
            assert!(c.name == text || (text == "None" && c.name.starts_with("record ")), "{name}: {} {text}", c.name);
            assert_eq!(c.unit, want["units"].as_str().unwrap(), "{name}");
            assert_eq!((c.fs_hz, c.n), (want["fs"].as_f64().unwrap(), want["n"].as_u64().unwrap()), "{name}");
            let values = channel(&opened, k);
            let close = |a: f64, b: &Value| (a - b.as_f64().unwrap()).abs() <= 1e-8 * a.abs().max(1e-3);
            assert!(want["first5"].as_array().unwrap().iter().zip(&values).all(|(w, v)| close(*v, w)), "{name} {:?}", &values[..5]);
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(close(low, &want["min"]) && close(high, &want["max"]), "{name} channel {k}: {low} {high}");
            assert_eq!(values.iter().filter(|v| v.is_nan()).count() as u64, want["nan"].as_u64().unwrap(), "{name}");
        }
        let comments: Vec<&str> = want["comments"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        let got: Vec<&str> = recording.description.lines().collect();
        // A multi-segment header without comments shows those of its first segment.
        assert!(got == comments || name == "041s.hea", "{name}: {got:?}");
        println!("{name}: {:?}", opened.warnings);
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn a_zero_between_two_steps_keeps_every_digital_value() {
    for (low, high, digital) in [(-197.0, 196.0, 2047i64), (-25.0, 25.0, 32_767), (-3276.8, 3276.7, 8_388_607)] {
        let gain = (high - low) / (2 * digital + 1) as f64;
        let scale = Scale { gain, offset: low + (digital + 1) as f64 * gain, digital_min: -digital - 1, digital_max: digital };
        let digits: Vec<i64> = (0..200).map(|k| (k * 7_919 * 131) % (2 * digital + 1) - digital).chain([-digital - 1, digital]).collect();
        let values: Vec<f64> = digits.iter().map(|d| *d as f64 * gain + scale.offset).collect();
        let (study, samples) = study(&[(1000.0, Some(scale), values)], vec![]);
        let (list, warnings) = written(&study, &samples);
        let again = channel(&open_main(&files(list), "out.hea").unwrap(), 0);
        let back: Vec<i64> = again.iter().map(|v| ((v - scale.offset) / gain).round() as i64).collect();
        assert_eq!((back, warnings), (digits, 0), "{low} to {high}");
    }
}
