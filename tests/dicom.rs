//! DICOM: what is written comes back, other writers' files are read, and pydicom reads ours.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking, and says what it skipped

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::{open_files, read_everything};
use myoscope::formats::dicom::DicomWriter;
use myoscope::formats::{Export, MemorySink, OpenOptions, Opened, Writer};
use myoscope::model::{
    Annotation, Channel, Edits, InMemory, NerveTest, Recording, Scale, Side, Site, Span, StartTime, Study, Subject, Sweep, TestKind,
    Timeline, Warning,
};

fn channel(name: &str, fs_hz: f64, n: u64, scale: Option<Scale>) -> Channel {
    Channel {
        negative_up: true,
        name: name.into(),
        unit: "\u{b5}V".into(),
        fs_hz,
        n,
        transducer: "needle".into(),
        prefilter: "HP:3Hz".into(),
        scale,
        skew_s: 0.0,
    }
}

/// Two rates, a gap, a missing sample, values without steps, one sweep with its stimulus.
fn study() -> (Study, Vec<Vec<f64>>) {
    let third = Scale { gain: 1.0 / 13.107, offset: 0.25, digital_min: -32_768, digital_max: 32_767 };
    let wide = Scale { gain: 0.001, offset: 0.0, digital_min: -8_388_608, digital_max: 8_388_607 };
    let physical = |scale: &Scale, digital: i64| digital as f64 * scale.gain + scale.offset;
    let mut values = vec![
        (0..2000).map(|k| physical(&third, (k * 37) % 60_000 - 30_000)).collect::<Vec<_>>(),
        (0..500).map(|k| physical(&wide, k * 16_000 - 4_000_000)).collect(),
        (0..2000).map(|k| (f64::from(k) * 0.013).sin() * 812.5).collect(),
    ];
    values[0][77] = f64::NAN;
    let spans = vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.3 }, Span { onset_s: 1.25, stored_s: 0.3, duration_s: 0.2 }];
    let annotation = |onset_s, duration_s, text: &str, channel| Annotation { onset_s, duration_s, text: text.into(), channel };
    let recording = Recording {
        name: "doe.edf".into(),
        format: "EDF+D".into(),
        start: Some(StartTime { iso: "2025-09-29T21:28:13.250".into() }),
        description: "left hand \u{e4}".into(),
        channels: vec![
            channel("Abductor pollicis brevis, left", 4000.0, 2000, Some(third)),
            channel("slow", 1000.0, 500, Some(wide)),
            channel("float", 4000.0, 2000, None),
        ],
        timeline: Timeline { spans },
        annotations: vec![annotation(0.01, None, "Stim 12 mA", None), annotation(1.3, Some(0.05), "moved \u{3bc}", Some(1))],
    };
    let mut test = NerveTest { kind: TestKind::Motor, side: Some(Side::Left), nerve: "Median".into(), ..NerveTest::default() };
    test.sites.push(Site { name: "Wrist".into(), distance_mm: Some(70.0), sweeps: vec![0] });
    let subject = Subject {
        code: "A-1".into(),
        name: "Jane Doe".into(),
        sex: "F".into(),
        birth_date: "1951-05-02".into(),
        height_cm: Some(168.0),
        age_years: Some(74.0),
    };
    let mut study = Study { subject, recordings: vec![recording], ..Study::default() };
    study.examination.tests.push(test);
    study.examination.sweeps.push(Sweep { recording: 0, channel: 0, start: 100, n: 800, stimulus_s: Some(0.005), ..Sweep::default() });
    (study, values)
}

fn write(study: &Study, values: &[Vec<f64>]) -> (Vec<u8>, Vec<Warning>) {
    let samples = InMemory { channels: values.iter().map(|values| Arc::from(values.as_slice())).collect() };
    let recording = &study.recordings[0];
    let export = Export { study, recording, samples: &samples, annotations: &recording.annotations, edits: None };
    let mut sink = MemorySink::default();
    let warnings = DicomWriter.write("case", &export, &mut sink).unwrap();
    let [(name, bytes)] = <[_; 1]>::try_from(sink.files).unwrap();
    assert_eq!(name, "case.dcm");
    (bytes, warnings)
}

fn read(bytes: &[u8]) -> Opened {
    open_files(&[("case.dcm".to_owned(), bytes.to_vec())], &OpenOptions::default()).unwrap()
}

fn near(read: &[Vec<f64>], values: &[Vec<f64>], tolerance: impl Fn(usize) -> f64) {
    assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), values.iter().map(Vec::len).collect::<Vec<_>>());
    for (index, (read, values)) in read.iter().zip(values).enumerate() {
        for (k, (a, b)) in read.iter().zip(values).enumerate() {
            assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance(index), "channel {index}, sample {k}: {a} for {b}");
        }
    }
}

#[test]
fn a_recording_comes_back_whole() {
    let (study, values) = study();
    let (bytes, warnings) = write(&study, &values);
    let lossy: Vec<&str> = warnings.iter().map(|warning| warning.what.as_str()).collect();
    assert!(lossy.len() == 1 && lossy[0].starts_with("float "), "{lossy:?}");
    let back = read(&bytes);
    assert_eq!(back.warnings, []);
    assert_eq!(back.study.subject, study.subject);
    assert_eq!(back.study.examination, study.examination);
    let mut expected = study.recordings[0].clone();
    (expected.name, expected.format) = ("case.dcm".into(), "DICOM".into());
    let stored = back.study.recordings[0].channels[2].scale;
    assert!(stored.is_some_and(|scale| scale.gain < 1e-6), "values without steps get fine ones: {stored:?}");
    expected.channels[2].scale = stored;
    assert_eq!(back.study.recordings[0], expected);
    // Digital values are the same to the last bit; others lie within half a step of 32 bits.
    let all = read_everything(&back.study.recordings[0], &*back.samples[0]);
    near(&all, &values, |index| if index == 2 { 0.6 * 812.5 / f64::from(i32::MAX) } else { 0.0 });
    // Written again, it is the same.
    let again: Vec<Vec<f64>> = all;
    let (second, warnings) = write(&back.study, &again);
    assert!(warnings.is_empty(), "{warnings:?}");
    near(&read_everything(&read(&second).study.recordings[0], &*read(&second).samples[0]), &again, |_| 0.0);
}

#[test]
fn the_attributes_of_the_standard_suffice() {
    let (study, values) = study();
    let (mut bytes, _) = write(&study, &values);
    let at = bytes.windows(10).rposition(|window| window == b"MYOSCOPE 1").unwrap();
    bytes[at..at + 10].copy_from_slice(b"ANOTHERONE");
    let back = read(&bytes);
    let recording = &back.study.recordings[0];
    assert_eq!(back.study.recordings.len(), 1, "{:?}", back.warnings);
    let names: Vec<&str> = recording.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["Abductor pollicis brevis, left", "slow", "float"]);
    assert_eq!(recording.timeline, study.recordings[0].timeline);
    assert_eq!(recording.start, study.recordings[0].start);
    let texts: Vec<_> = recording.annotations.iter().map(|a| (a.onset_s, a.duration_s.is_some(), a.text.as_str(), a.channel)).collect();
    assert_eq!(texts[0], (0.01, false, "Stim 12 mA", None));
    // The sweep's stimulus is an annotation of its own.
    assert_eq!(texts[1], (0.03, false, "Stimulus of Abductor pollicis brevis, left", Some(0)));
    assert_eq!(texts[2], (1.3, true, "moved \u{3bc}", Some(1)));
    // Sixteen characters of a sensitivity.
    near(&read_everything(recording, &*back.samples[0]), &values, |_| 1e-6);
}

#[test]
fn what_was_kept_is_not_believed_against_the_waveforms() {
    let (study, values) = study();
    let (mut bytes, _) = write(&study, &values);
    let key = b"\"n\":2000";
    let at = bytes.windows(key.len()).rposition(|window| window == key).unwrap();
    bytes[at..at + key.len()].copy_from_slice(b"\"n\":9000");
    let back = read(&bytes);
    assert!(back.warnings.iter().any(|warning| warning.what.contains("does not fit its waveforms")), "{:?}", back.warnings);
    assert_eq!(back.study.recordings[0].channels[0].n, 2000);
}

#[test]
fn files_of_another_writer_are_read() {
    let golden = |name: &str| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dicom").join(name)).unwrap();
    let opened = read(&golden("implicit.dcm"));
    let [recording] = opened.study.recordings.as_slice() else { panic!("{:?}", opened.study.recordings) };
    let channels: Vec<_> = recording.channels.iter().map(|c| (c.name.as_str(), c.unit.as_str(), c.fs_hz, c.n)).collect();
    assert_eq!(channels, [("Skin", "Cel", 500.0, 4), ("APB", "uV", 1000.0, 8), ("ADM", "mV", 1000.0, 8)]);
    let all = read_everything(recording, &*opened.samples[0]);
    assert_eq!(all[0], [30.0, 30.25, 30.5, 30.75]);
    assert_eq!(all[1][..3], [10.0, 11.0, -16_374.0], "a value is padding only where the group says so");
    assert_eq!(all[1][6..], [9.5, 8.5]);
    assert!((all[2][7] + 0.004).abs() < 1e-12);
    assert_eq!(recording.timeline.spans.iter().map(|span| span.onset_s).collect::<Vec<_>>(), [0.0, 0.02]);
    assert_eq!(recording.start.as_ref().unwrap().iso, "2024-02-29T08:15:30.25");
    let subject = &opened.study.subject;
    assert_eq!((subject.name.as_str(), subject.code.as_str(), subject.birth_date.as_str()), ("M\u{fc}ller Eva", "A7", "1951-05-02"));
    assert_eq!((subject.age_years, subject.height_cm), (Some(72.0), Some(168.0)));
    let notes: Vec<_> = recording.annotations.iter().map(|a| (a.text.as_str(), a.onset_s, a.channel)).collect();
    assert_eq!(notes, [("Stim", 0.001, None), ("movement", 0.02, Some(2))]);
    assert!(opened.warnings.iter().any(|warning| warning.what.starts_with("1 annotations")), "{:?}", opened.warnings);

    let plain = read(&golden("explicit.dcm"));
    assert_eq!(read_everything(&plain.study.recordings[0], &*plain.samples[0])[0], [-128.0, -1.0, 0.0, 127.0]);
    assert_eq!(plain.study.recordings[0].channels[0].unit, "");
    assert!(plain.warnings.iter().any(|warning| warning.what.contains("sensitivity")), "{:?}", plain.warnings);
}

#[test]
fn what_is_not_read_is_said() {
    let (study, values) = study();
    let (bytes, _) = write(&study, &values);
    let refused = |bytes: Vec<u8>| open_files(&[("a.dcm".to_owned(), bytes)], &OpenOptions::default()).err().unwrap().to_string();
    let big = String::from_utf8_lossy(b"1.2.840.10008.1.2.1\0").into_owned();
    let mut other = bytes.clone();
    let at = other.windows(20).position(|window| window == big.as_bytes()).unwrap();
    other[at..at + 20].copy_from_slice(b"1.2.840.10008.1.2.2\0");
    assert!(refused(other).contains("big-endian"));
    // Cut off within the samples: what is there is read.
    let data = bytes.windows(2).rposition(|window| window == b"UT").unwrap() - 200;
    let cut = read(&bytes[..data]);
    assert!(!cut.warnings.is_empty() && !cut.study.recordings.is_empty());
    assert!(refused(bytes[..140].to_vec()).contains("byte 132") || !refused(bytes[..140].to_vec()).is_empty());
}

#[test]
fn pydicom_reads_the_same_samples() {
    let Ok(python) = std::env::var("MYOSCOPE_PYTHON") else {
        println!("skipped: MYOSCOPE_PYTHON names no Python with pydicom and numpy");
        return;
    };
    let (study, values) = study();
    let (bytes, _) = write(&study, &values);
    let path = std::env::temp_dir().join(format!("myoscope-{}.dcm", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let script = "import sys, pydicom\nfrom pydicom import config\nconfig.settings.reading_validation_mode = config.RAISE\n\
        d = pydicom.dcmread(sys.argv[1])\nassert d.SOPClassUID.name == 'Electromyogram Waveform Storage', d.SOPClassUID.name\n\
        str(d)\nfor g in range(len(d.WaveformSequence)):\n  a = d.waveform_array(g)\n  for c in range(a.shape[1]):\n\
        \x20   print(g, c, a.shape[0], *(repr(float(v)) for v in a[:, c]))\n";
    let output = Command::new(python).args(["-c", script]).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<f64>> = text.lines().map(|line| line.split(' ').map(|word| word.parse().unwrap()).collect()).collect();
    // Group 0 has channels 0 and 2 up to the gap, group 1 the slow one, groups 2 and 3 what comes behind it.
    let expected = [(0, 0..1200), (2, 0..1200), (1, 0..300), (0, 1200..2000), (2, 1200..2000), (1, 300..500)];
    assert_eq!(lines.len(), expected.len());
    for (line, (channel, range)) in lines.iter().zip(expected) {
        let values = &values[channel][range];
        assert_eq!(line.len() - 3, values.len());
        for (a, b) in line[3..].iter().zip(values).filter(|(_, b)| b.is_finite()) {
            assert!((a - b).abs() < 1e-6, "{a} for {b}");
        }
    }
}

#[test]
fn a_study_of_several_recordings_comes_back_from_its_files_with_the_work_on_it() {
    for demo in ["motor", "sensory", "needle"] {
        let (study, samples) = myoscope::simulate::demo(demo).unwrap();
        let edits = Edits { impression: "L5?".into(), height_cm: Some(171.0), ..Edits::default() };
        let mut sink = MemorySink::default();
        for (number, (recording, samples)) in study.recordings.iter().zip(&samples).enumerate() {
            let export = Export { study: &study, recording, samples, annotations: &[], edits: Some(&edits) };
            DicomWriter.write(&format!("s-{number}"), &export, &mut sink).unwrap();
        }
        // In whatever order they come.
        let mut files = sink.files.clone();
        files.reverse();
        let back = open_files(&files, &OpenOptions::default()).unwrap();
        assert_eq!(back.warnings, [], "{demo}");
        assert_eq!(back.edits.as_ref(), Some(&edits));
        assert_eq!((back.used.len(), &back.study.examination), (files.len(), &study.examination), "{demo}");
        for (a, b) in study.recordings.iter().zip(&back.study.recordings) {
            assert_eq!((&a.annotations, &a.timeline, &a.start), (&b.annotations, &b.timeline, &b.start));
            assert_eq!(
                a.channels.iter().map(|c| (&c.name, c.n)).collect::<Vec<_>>(),
                b.channels.iter().map(|c| (&c.name, c.n)).collect::<Vec<_>>()
            );
        }
        if files.len() > 1 {
            let alone = open_files(&files[..1], &OpenOptions::default()).unwrap();
            assert!(alone.warnings[0].what.contains("open all its files together"), "{:?}", alone.warnings);
            assert_eq!((alone.edits, alone.study.examination.tests.len()), (None, 0));
            // One of another study is not taken for the missing one.
            let mut other = study.clone();
            other.subject.code = "another".into();
            let mut foreign = MemorySink::default();
            let export =
                Export { study: &other, recording: &other.recordings[0], samples: &samples[0], annotations: &[], edits: Some(&edits) };
            DicomWriter.write("foreign", &export, &mut foreign).unwrap();
            let mixed: Vec<_> = files.iter().filter(|(name, _)| name != "s-0.dcm").cloned().chain(foreign.files).collect();
            assert!(open_files(&mixed, &OpenOptions::default()).unwrap().warnings[0].what.contains("recording"));
        }
    }
}
