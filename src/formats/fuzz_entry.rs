//! The one door through which fuzzers and mutated seeds enter the readers.
//!
//! [`drive`] takes any bytes as a file of a reader's kind, with companions where the kind needs
//! them, opens it and reads everything in bounded steps. Nothing may panic; memory stays bounded by
//! the limits of the readers and of [`MAX_SAMPLES`]. What it checks beyond that is a promise of the
//! model: reading in range succeeds or reports the source, and times are in order.

use std::rc::Rc;

use super::wfdb::parse_annotations;
use super::{Files, NamedSource, OpenOptions, Opened, SliceSource, open, sidecar};
use crate::model::{SampleError, Study};

/// Kinds that [`drive`] knows.
pub const KINDS: [&str; 15] =
    ["edf", "bdf", "wav", "csv", "txt", "hea", "dat", "atr", "meta", "vhdr", "mem", "dcm", "myo", "fhir", "study"];

/// Samples read at most of one channel.
const MAX_SAMPLES: u64 = 1 << 16;
const STEP: usize = 4096;

/// Separates the files of a set in one input (a header and its signal file).
pub const SEPARATOR: &[u8] = b"\n--myoscope-next-file--\n";

/// Feeds `bytes` to the readers as a file of kind `name` (one of [`KINDS`]; an unknown kind is
/// probed by content under that extension). For `hea`, bytes behind [`SEPARATOR`] are the signal
/// file and, behind another, an annotation file.
pub fn drive(name: &str, bytes: &[u8]) {
    let file = |name: &str, bytes: &[u8]| NamedSource { name: name.to_owned(), source: Rc::new(SliceSource::from(bytes.to_vec())) };
    const HEADER: &[u8] = b"r 2 1000 50\nr.dat 212 200/mV 12 0 0 0 0 a\nr.dat 212 200/mV 12 0 0 0 0 b\n";
    const LAYOUT: &[u8] = b"v 2 1000 0\n~ 0 200/mV 12 0 0 0 0 b\n~ 0 200/mV 12 0 0 0 0 c\n";
    let all = match name {
        "atr" => {
            parse_annotations(bytes, 250.0, 2, &mut Vec::new());
            vec![file("r.hea", HEADER), file("r.dat", &[0; 150]), file("r.atr", bytes)]
        }
        "dat" => vec![file("r.hea", HEADER), file("r.dat", bytes)],
        "meta" => {
            sidecar::apply(bytes, 0, &mut Study::default(), &mut Vec::new());
            vec![file("r.hea", HEADER), file("r.dat", &[0; 150]), file("r.meta.json", bytes)]
        }
        "hea" => {
            let mut parts = split(bytes).into_iter();
            let header = parts.next().unwrap_or_default();
            let signals = parts.next().unwrap_or(bytes);
            let mut all = vec![file("r.hea", header), file("r.dat", signals), file("sega.hea", HEADER)];
            all.extend([file("segb.hea", HEADER), file("varlayout.hea", LAYOUT)]);
            all.extend(parts.next().map(|annotations| file("r.atr", annotations)));
            all
        }
        "vhdr" => {
            let mut parts = split(bytes).into_iter();
            let header = parts.next().unwrap_or_default();
            let numbers = parts.next().unwrap_or(bytes);
            let markers = parts.next().unwrap_or(header);
            vec![file("r.vhdr", header), file("r.eeg", numbers), file("r.vmrk", markers)]
        }
        "fhir" => vec![file("r.fhir.json", bytes)],
        // The description of a study, as the only part of its file.
        "study" => vec![file("r.myo", &zipped("study.json", bytes))],
        _ => vec![file(&format!("r.{name}"), bytes)],
    };
    let files = Files { all };
    let stated = OpenOptions { fs_hz: Some(1000.0), unit: Some("uV".into()), ..OpenOptions::default() };
    for options in [OpenOptions::default(), stated] {
        for (_, result) in open(&files, &options) {
            match result {
                Ok(opened) => read_everything(&opened),
                // An error must be sayable.
                Err(error) => drop(error.to_string()),
            }
        }
    }
}

/// A zip of one part and an empty list of parts.
fn zipped(path: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
    let manifest = br#"{"format":"myoscope study","version":1,"parts":[]}"#;
    for (path, bytes) in [(path, bytes), ("manifest.json", manifest)] {
        // A vector takes everything.
        let Ok((mut entry, config)) = zip.new_file(path).start() else { continue };
        let mut part = config.wrap(&mut entry);
        let _ = part.write_all(bytes);
        if let Ok((_, descriptor)) = part.finish() {
            let _ = entry.finish(descriptor);
        }
    }
    zip.finish().unwrap_or_default()
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        parts.push(&rest[..at]);
        rest = &rest[at + SEPARATOR.len()..];
    }
    parts.push(rest);
    parts
}

fn read_everything(opened: &Opened) {
    assert_eq!(opened.study.recordings.len(), opened.samples.len(), "one sample source a recording");
    for (recording, samples) in opened.study.recordings.iter().zip(&opened.samples) {
        let spans = &recording.timeline.spans;
        assert!(spans.windows(2).all(|w| w[0].onset_s <= w[1].onset_s), "spans are in order");
        assert!(recording.annotations.iter().all(|a| a.onset_s.is_finite()), "onsets are numbers");
        let mut buffer = vec![0.0; STEP];
        for (index, channel) in recording.channels.iter().enumerate().take(64) {
            assert!(channel.fs_hz.is_finite() && channel.fs_hz > 0.0, "a sampling rate is positive");
            let mut at = 0;
            while at < channel.n.min(MAX_SAMPLES) {
                let n = (channel.n - at).min(STEP as u64) as usize;
                in_range(&samples.read(index, at, &mut buffer[..n]));
                at += n as u64;
            }
            // The far end, and beyond it.
            let n = channel.n.min(7);
            in_range(&samples.read(index, channel.n - n, &mut buffer[..n as usize]));
            assert!(samples.read(index, channel.n, &mut buffer[..1]).is_err(), "nothing lies beyond the end");
            assert!(samples.read(index, u64::MAX, &mut buffer[..1]).is_err(), "nothing lies far beyond the end");
        }
        assert!(samples.read(recording.channels.len(), 0, &mut buffer[..1]).is_err(), "no channel lies beyond the last");
        let starts = vec![0; recording.channels.len()];
        let wanted = |n: u64| n.min(512) as usize;
        let mut all: Vec<Vec<f64>> = recording.channels.iter().map(|c| vec![0.0; wanted(c.n)]).collect();
        in_range(&samples.read_all(&starts, &mut all));
        if let (Some(channel), Some(first)) = (recording.channels.first(), all.first()) {
            let mut alone = vec![0.0; wanted(channel.n)];
            in_range(&samples.read(0, 0, &mut alone));
            assert!(alone.iter().zip(first).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan()), "both ways of reading agree");
        }
    }
    let sweeps = &opened.study.examination.sweeps;
    for sweep in opened.study.examination.tests.iter().flat_map(|t| &t.sites).flat_map(|s| &s.sweeps) {
        assert!(*sweep < sweeps.len(), "sites refer to sweeps that exist");
    }
    for sweep in sweeps {
        let channel = opened.study.recordings.get(sweep.recording).and_then(|r| r.channels.get(sweep.channel));
        assert!(channel.is_some_and(|c| sweep.start.checked_add(sweep.n).is_some_and(|end| end <= c.n)), "a sweep lies within its channel");
    }
}

fn in_range(result: &Result<(), SampleError>) {
    assert!(!matches!(result, Err(SampleError::OutOfRange { .. })), "a range within the channel can be read: {result:?}");
}
