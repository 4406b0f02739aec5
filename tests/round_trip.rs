//! What is written is read back, to the last bit of the container's resolution, for made-up
//! recordings of all shapes; and no reader panics on damaged files.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use std::sync::Arc;

use common::{edf, open_bytes, open_files, read_everything};
use myoscope::formats::edf::{BdfWriter, EdfWriter};
use myoscope::formats::text::CsvWriter;
use myoscope::formats::wav::WavWriter;
use myoscope::formats::{Export, MemorySink, OpenOptions, Opened, Writer};
use myoscope::model::{Annotation, Channel, InMemory, Recording, Scale, Span, StartTime, Study, Subject, Timeline, Warning};
use proptest::prelude::*;

/// A recording in memory.
#[derive(Debug, Clone)]
struct Made {
    recording: Recording,
    values: Vec<Vec<f64>>,
}

fn channel(name: &str, unit: &str, fs_hz: f64, n: usize, scale: Option<Scale>) -> Channel {
    Channel {
        negative_up: false,
        name: name.into(),
        unit: unit.into(),
        fs_hz,
        n: n as u64,
        transducer: "needle".into(),
        prefilter: "HP:3Hz".into(),
        scale,
        skew_s: 0.0,
    }
}

fn write(writer: &dyn Writer, made: &Made) -> (Vec<(String, Vec<u8>)>, Vec<Warning>) {
    let samples = InMemory { channels: made.values.iter().map(|v| Arc::from(v.as_slice())).collect() };
    let subject =
        Subject { code: "A-1".into(), name: "Jane Doe".into(), sex: "F".into(), birth_date: "02-MAY-1951".into(), ..Subject::default() };
    let study = Study { subject, recordings: vec![made.recording.clone()], ..Study::default() };
    let export =
        Export { study: &study, recording: &made.recording, samples: &samples, annotations: &made.recording.annotations, edits: None };
    let mut sink = MemorySink::default();
    let warnings = writer.write("case", &export, &mut sink).unwrap();
    (sink.files, warnings)
}

fn reopen(writer: &dyn Writer, made: &Made) -> (Opened, Vec<Warning>) {
    let (files, warnings) = write(writer, made);
    (open_files(&files, &OpenOptions::default()).unwrap(), warnings)
}

fn values_of(opened: &Opened) -> Vec<Vec<f64>> {
    read_everything(&opened.study.recordings[0], &*opened.samples[0])
}

/// Digital values with a scale of a real converter, one or two spans, annotations.
fn made(bits: u32) -> impl Strategy<Value = Made> {
    let scales = prop_oneof![
        Just((0.005, 0.0)),
        Just((1.0 / 13.107, 0.0)),
        Just((200.0 / 65_535.0, 200.0 / 131_070.0)),
        Just((-0.25, 3.0)),
        Just((1000.0 / 8_388_608.0, 0.0)),
    ];
    let rates = prop_oneof![Just(4000.0), Just(250.0), Just(23_437.5), Just(1000.0)];
    let limit = 1i64 << (bits - 1);
    (scales, rates, 1usize..4, 1usize..40, any::<bool>(), any::<u64>()).prop_flat_map(
        move |((gain, offset), fs, channels, blocks, gap, _)| {
            let n = blocks * 10 * if fs == 23_437.5 { 15 } else { 1 };
            let digits = prop::collection::vec(prop::collection::vec(-limit..limit, n), channels);
            let texts = prop::collection::vec(("[ -~\u{e4}\u{b5}]{1,30}", 0u32..2000, prop::option::of(0u32..100)), 0..6);
            (digits, texts).prop_map(move |(digits, texts)| {
                let scale = Scale { gain, offset, digital_min: -limit, digital_max: limit - 1 };
                let duration_s = n as f64 / fs;
                let half = (n / 2) as f64 / fs;
                let spans = if gap && n.is_multiple_of(2) {
                    vec![
                        Span { onset_s: 0.0, stored_s: 0.0, duration_s: half },
                        Span { onset_s: 60.0, stored_s: half, duration_s: duration_s - half },
                    ]
                } else {
                    vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s }]
                };
                let mut annotations: Vec<Annotation> = texts
                    .into_iter()
                    .filter(|(text, ..)| !text.trim().is_empty())
                    .map(|(text, ms, duration)| Annotation {
                        onset_s: f64::from(ms) / 1000.0,
                        duration_s: duration.map(|d| f64::from(d) / 10.0),
                        text,
                        channel: None,
                    })
                    .collect();
                annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
                let values: Vec<Vec<f64>> =
                    digits.iter().map(|channel| channel.iter().map(|d| *d as f64 * gain + offset).collect()).collect();
                let recording = Recording {
                    name: "case".into(),
                    start: Some(StartTime { iso: "2024-02-29T23:59:58.25".into() }),
                    description: "Startdate 29-FEB-2024 N1 jop emg1 MNC_L_Ulnar_Nerve".into(),
                    channels: (0..values.len()).map(|k| channel(&format!("ch {k}"), "uV", fs, n, Some(scale))).collect(),
                    timeline: Timeline { spans },
                    annotations,
                    ..Recording::default()
                };
                Made { recording, values }
            })
        },
    )
}

/// Same digital values, annotations, times and subject.
fn assert_same(made: &Made, opened: &Opened, padded: bool) {
    let recording = &opened.study.recordings[0];
    for ((before, after), (original, read)) in
        made.values.iter().zip(values_of(opened)).zip(made.recording.channels.iter().zip(&recording.channels))
    {
        assert_eq!((&original.name, &original.unit, original.fs_hz), (&read.name, &read.unit, read.fs_hz));
        assert!(if padded { read.n >= original.n } else { read.n == original.n });
        let (from, to) = (original.scale.unwrap(), read.scale.unwrap());
        if !padded {
            for (before, after) in before.iter().zip(&after) {
                let step = ((before - from.offset) / from.gain).round();
                assert_eq!(step, ((after - from.offset) / from.gain).round(), "{before} {after} {to:?}");
            }
        }
    }
    assert_eq!(made.recording.annotations.len(), recording.annotations.len());
    for (before, after) in made.recording.annotations.iter().zip(&recording.annotations) {
        assert_eq!(before.text, after.text);
        assert_eq!(before.duration_s, after.duration_s);
        assert!((before.onset_s - after.onset_s).abs() < 1e-9);
    }
    assert_eq!(made.recording.start, recording.start);
    assert_eq!(opened.study.subject.name, "Jane Doe");
    assert_eq!(opened.warnings, []);
}

fn is_padded(warnings: &[Warning]) -> bool {
    warnings.iter().any(|w| w.what.contains("padding"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn edf_keeps_digital_values(made in made(16)) {
        let (opened, warnings) = reopen(&EdfWriter, &made);
        assert_same(&made, &opened, is_padded(&warnings));
        if !is_padded(&warnings) {
            prop_assert_eq!(made.recording.timeline.spans.len(), opened.study.recordings[0].timeline.spans.len());
        }
    }

    #[test]
    fn bdf_keeps_digital_values(made in made(24)) {
        let (opened, warnings) = reopen(&BdfWriter, &made);
        if warnings.iter().all(|w| !w.what.contains("steps do not fit")) {
            assert_same(&made, &opened, is_padded(&warnings));
        }
    }

    #[test]
    fn edf_written_twice_is_the_same_file(made in made(16)) {
        let (files, _) = write(&EdfWriter, &made);
        let opened = open_files(&files, &OpenOptions::default()).unwrap();
        let again = Made { recording: opened.study.recordings[0].clone(), values: values_of(&opened) };
        let (second, _) = write(&EdfWriter, &again);
        prop_assert_eq!(files, second);
    }

    #[test]
    fn wav_keeps_values(made in made(16)) {
        let mut made = made;
        made.recording.timeline = Timeline::continuous(made.recording.channels[0].n as f64 / made.recording.channels[0].fs_hz);
        made.recording.annotations.clear();
        let (opened, _) = reopen(&WavWriter, &made);
        let recording = &opened.study.recordings[0];
        prop_assert_eq!(&recording.start, &made.recording.start);
        for (k, (before, after)) in made.values.iter().zip(values_of(&opened)).enumerate() {
            prop_assert_eq!(recording.channels[k].fs_hz, made.recording.channels[k].fs_hz);
            prop_assert_eq!(&recording.channels[k].unit, "uV");
            let range = before.iter().fold(0.0f64, |a, v| a.max(v.abs())).max(1.0);
            for (before, after) in before.iter().zip(after) {
                prop_assert!((before - after).abs() <= range * 1e-7, "{} {}", before, after);
            }
        }
    }

    #[test]
    fn csv_keeps_every_bit(made in made(24), missing in any::<prop::sample::Index>()) {
        let mut made = made;
        let at = missing.index(made.values[0].len());
        made.values[0][at] = f64::NAN;
        let (opened, _) = reopen(&CsvWriter, &made);
        let recording = &opened.study.recordings[0];
        for (k, (before, after)) in made.values.iter().zip(values_of(&opened)).enumerate() {
            prop_assert_eq!((&recording.channels[k].name, recording.channels[k].fs_hz), (&made.recording.channels[k].name, made.recording.channels[k].fs_hz));
            for (before, after) in before.iter().zip(after) {
                prop_assert!(before.to_bits() == after.to_bits() || (before.is_nan() && after.is_nan()) || *before == after);
            }
        }
        let (spans, read) = (&made.recording.timeline.spans, &recording.timeline.spans);
        prop_assert_eq!(spans.len(), read.len());
        for (a, b) in spans.iter().zip(read) {
            prop_assert!((a.onset_s - b.onset_s).abs() < 1e-6 && (a.stored_s - b.stored_s).abs() < 1e-6);
        }
    }

    #[test]
    fn ranges_are_cut_from_the_whole(made in made(16), start in any::<prop::sample::Index>(), len in any::<prop::sample::Index>()) {
        for writer in [&EdfWriter as &dyn Writer, &WavWriter, &CsvWriter] {
            let (opened, _) = reopen(writer, &made);
            let whole = values_of(&opened);
            for (channel, whole) in whole.iter().enumerate() {
                let from = start.index(whole.len());
                let n = len.index(whole.len() - from + 1);
                let mut part = vec![0.0; n];
                opened.samples[0].read(channel, from as u64, &mut part).unwrap();
                prop_assert_eq!(&part[..], &whole[from..from + n]);
                let mut beyond = vec![0.0; n + 1];
                prop_assert!(opened.samples[0].read(channel, whole.len() as u64 - n as u64, &mut beyond).is_err());
            }
        }
    }
}

#[test]
fn channels_of_several_rates_share_records() {
    let wave = |n: usize| (0..n).map(|k| (k as f64 * 0.37).sin() * 50.0).collect::<Vec<f64>>();
    let values = vec![wave(6000), wave(600), wave(15)];
    let channels =
        vec![channel("fast", "uV", 1000.0, 6000, None), channel("slow", "mV", 100.0, 600, None), channel("SaO2", "%", 2.5, 15, None)];
    let recording = Recording { channels, timeline: Timeline::continuous(6.0), ..Recording::default() };
    let made = Made { recording, values };
    for (writer, steps) in [(&EdfWriter as &dyn Writer, 65_535.0), (&BdfWriter, 16_777_215.0)] {
        let (opened, warnings) = reopen(writer, &made);
        assert_eq!(warnings, []);
        let recording = &opened.study.recordings[0];
        assert_eq!(recording.start, None);
        assert_eq!(recording.channels.iter().map(|c| (c.fs_hz, c.n)).collect::<Vec<_>>(), [(1000.0, 6000), (100.0, 600), (2.5, 15)]);
        for (before, after) in made.values.iter().zip(values_of(&opened)) {
            for (a, b) in before.iter().zip(after) {
                assert!((a - b).abs() <= 101.0 / steps, "{a} {b}");
            }
        }
    }
    let (files, warnings) = write(&CsvWriter, &made);
    assert_eq!((files.len(), warnings.len()), (3, 1));
    let samples = InMemory::default();
    let export = Export { study: &Study::default(), recording: &made.recording, samples: &samples, annotations: &[], edits: None };
    assert!(WavWriter.write("x", &export, &mut MemorySink::default()).is_err());
}

#[test]
fn missing_and_outlying_samples_are_told() {
    let scale = Scale { gain: 0.1, offset: 0.0, digital_min: -1000, digital_max: 1000 };
    let values = vec![vec![1.0, f64::NAN, -5.0, 1e6, f64::INFINITY, 2.0]];
    let recording = Recording {
        channels: vec![channel("EMG", "uV", 6.0, 6, Some(scale))],
        timeline: Timeline::continuous(1.0),
        ..Recording::default()
    };
    let (opened, warnings) = reopen(&EdfWriter, &Made { recording, values });
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let read = common::read_channel(&*opened.samples[0], 0, 6);
    for (value, expected) in read.iter().zip([1.0, 0.0, -5.0, 3276.7, 3276.7, 2.0]) {
        assert!((value - expected).abs() < 1e-9, "{value} {expected}");
    }
}

#[test]
fn wav_agrees_with_hound() {
    for (bits, format) in [
        (8, hound::SampleFormat::Int),
        (16, hound::SampleFormat::Int),
        (24, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Float),
    ] {
        let spec = hound::WavSpec { channels: 2, sample_rate: 10_000, bits_per_sample: bits, sample_format: format };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        let limit = if bits == 32 { i32::MAX } else { (1 << (bits - 1)) - 1 };
        let integers: Vec<i32> = (0..400).map(|k| ((f64::from(k) * 0.7).sin() * f64::from(limit)) as i32).collect();
        for &value in &integers {
            match format {
                hound::SampleFormat::Int => writer.write_sample(value).unwrap(),
                hound::SampleFormat::Float => writer.write_sample(value as f32 / 7.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
        let bytes = bytes.into_inner();
        let opened = open_bytes("a.wav", bytes.clone(), &OpenOptions::default()).unwrap();
        let ours = values_of(&opened);
        let mut reader = hound::WavReader::new(std::io::Cursor::new(bytes)).unwrap();
        let theirs: Vec<f64> = match format {
            hound::SampleFormat::Int => reader.samples::<i32>().map(|s| f64::from(s.unwrap())).collect(),
            hound::SampleFormat::Float => reader.samples::<f32>().map(|s| f64::from(s.unwrap())).collect(),
        };
        let interleaved: Vec<f64> = (0..200).flat_map(|k| [ours[0][k], ours[1][k]]).collect();
        assert_eq!(interleaved, theirs, "{bits} bits");
        assert!(opened.warnings.iter().any(|w| w.what.contains("uncalibrated")));
    }
}

/// Files of every format that the damage tests start from.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let wave = edf::wave(40, 5, 20, 900.0);
    let limits = ["-25", "25", "-8985", "10265"];
    let plus = edf::File::new(
        "EDF+D",
        "0.02",
        vec![
            edf::signal("NC L_APB", "mV", limits, 20, &wave),
            edf::annotations(
                "EDF Annotations",
                120,
                &["+0[20][20]StimA[20]<EDF_XMLnote><a/></EDF_XMLnote>[20][0]", "+60[20][20]StimB[20][0]"],
            ),
        ],
    );
    let plain = edf::File::new("", "1", vec![edf::signal("EMG", "uV", limits, 20, &wave)]);
    let mut wav =
        b"RIFF\x50\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x10\x27\0\0\x20\x4e\0\0\x02\0\x10\0LIST\x16\0\0\0INFOICMT\x0a\0\0\0".to_vec();
    wav.extend_from_slice(b"1.0 = 5 V\0data\x08\0\0\0\x01\0\x02\0\x03\0\x04\0");
    vec![
        ("a.edf", plus.bytes()),
        ("b.edf", plain.bytes()),
        ("c.bdf", edf::File { bdf: true, ..plain.clone() }.bytes()),
        ("d.wav", wav),
        ("e.csv", b"# fs=1000 Hz\ntime (s),EMG (uV)\n0,1.5\n0.001,2\n0.002,-3\n0.003,4\n".to_vec()),
        ("f.txt", b"0,001\t1,5\r\n0,002\t2,5\r\n0,003\t3,5\r\n".to_vec()),
    ]
}

/// Opens and reads a bounded part of whatever comes out.
fn exercise(name: &str, bytes: Vec<u8>) {
    let Ok(opened) = open_bytes(name, bytes, &OpenOptions::default()) else { return };
    for (recording, samples) in opened.study.recordings.iter().zip(&opened.samples) {
        for (index, channel) in recording.channels.iter().enumerate() {
            assert!(channel.fs_hz.is_finite() && channel.fs_hz > 0.0);
            let mut buffer = vec![0.0; channel.n.min(4096) as usize];
            let _ = samples.read(index, 0, &mut buffer);
            let _ = samples.read(index, channel.n.saturating_sub(buffer.len() as u64), &mut buffer);
        }
    }
    for sweep in &opened.study.examination.sweeps {
        assert!(sweep.start + sweep.n <= opened.study.recordings[sweep.recording].channels[sweep.channel].n);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_never_panic(seed in 0usize..6, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut in prop::option::of(any::<prop::sample::Index>())) {
        let (name, mut bytes) = seeds().swap_remove(seed);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(name, bytes);
    }

    #[test]
    fn header_fields_of_any_text_never_panic(field in 0usize..10, text in "[-+0-9.,eE \0]{0,8}") {
        let (name, mut bytes) = seeds().swap_remove(0);
        let at = [168, 176, 184, 236, 244, 252, 256 + 208, 256 + 224, 256 + 240, 256 + 432][field];
        let end = (at + text.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&text.as_bytes()[..end - at]);
        exercise(name, bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(name in prop::sample::select(vec!["a.edf", "a.bdf", "a.wav", "a.csv", "a.txt", "a"]), bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        exercise(name, bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[-+0-9.,;eE \t\r\n#%a\"]{0,300}") {
        exercise("a.csv", text.into_bytes());
    }
}
