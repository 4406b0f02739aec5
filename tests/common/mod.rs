//! What the format tests share: opening files by path or from memory, and the `info` object of a recording.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a helper of a test may fail the test")]

pub mod desk;
pub mod edf;
#[cfg(not(target_arch = "wasm32"))]
pub mod live;
#[cfg(all(not(target_arch = "wasm32"), feature = "stimulator"))]
pub mod room;

use std::path::Path;
use std::rc::Rc;

use myoscope::formats::{self, FileSource, Files, NamedSource, OpenOptions, Opened, ReadError, SliceSource};
use myoscope::model::{Annotation, Recording, Samples};
use serde_json::{Value, json};

/// A file from memory.
pub fn memory(name: &str, bytes: Vec<u8>) -> NamedSource {
    NamedSource { name: name.to_owned(), source: Rc::new(SliceSource::from(bytes)) }
}

/// Opens one file from memory.
pub fn open_bytes(name: &str, bytes: Vec<u8>, options: &OpenOptions) -> Result<Opened, ReadError> {
    open_files(&[(name.to_owned(), bytes)], options)
}

/// Opens several files from memory; the first result counts.
pub fn open_files(files: &[(String, Vec<u8>)], options: &OpenOptions) -> Result<Opened, ReadError> {
    let files = Files { all: files.iter().map(|(name, bytes)| memory(name, bytes.clone())).collect() };
    formats::open(&files, options).into_iter().next().expect("one result").1
}

/// Opens `path` together with everything else in its folder whose name begins alike.
pub fn open_path(path: &Path, options: &OpenOptions) -> Result<Opened, ReadError> {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files = Files::default();
    let mut others: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    others.sort();
    let is_wav = path.extension().is_some_and(|e| e == "wav");
    let is_header = path.extension().is_some_and(|e| e == "hea");
    // Only a header of several segments (`name/count ...`) takes other headers with it.
    let first_line = if is_header { std::fs::read(path).unwrap() } else { Vec::new() };
    let record = first_line.split(|b| b.is_ascii_whitespace()).find(|word| !word.is_empty() && word[0] != b'#').unwrap_or_default();
    let segments = record.contains(&b'/');
    for other in others.iter().filter(|other| other.is_file()) {
        let other_name = other.file_name().unwrap().to_str().unwrap();
        let companion = match other.extension().and_then(|e| e.to_str()) {
            Some("hea") => segments,
            _ => is_header,
        };
        if other == path || companion || (is_wav && other_name.ends_with("-events.txt")) {
            files.all.push(NamedSource { name: other_name.to_owned(), source: Rc::new(FileSource::open(other).unwrap()) });
        }
    }
    let main = files.all.iter().position(|file| file.name == name).unwrap();
    files.all.swap(0, main);
    formats::open(&files, options).into_iter().find(|(found, _)| *found == name).expect("a result for the file").1
}

/// All samples of a channel.
pub fn read_channel(samples: &dyn Samples, channel: usize, n: u64) -> Vec<f64> {
    let mut out = vec![0.0; n as usize];
    samples.read(channel, 0, &mut out).unwrap();
    out
}

/// All samples of a recording, read in one pass by blocks of the format's own size.
pub fn read_everything(recording: &Recording, samples: &dyn Samples) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = recording.channels.iter().map(|c| vec![0.0; c.n as usize]).collect();
    samples.read_all(&vec![0; out.len()], &mut out).unwrap();
    out
}

/// Least and largest value; NaN does not count.
pub fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().filter(|v| !v.is_nan()).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

/// The object that `info --json` prints for the first recording.
pub fn info(file: &str, opened: &Opened) -> Value {
    let recording = &opened.study.recordings[0];
    let values = read_everything(recording, &*opened.samples[0]);
    let channels: Vec<Value> = (recording.channels.iter().zip(&values))
        .map(|(channel, values)| {
            let (low, high) = extremes(values);
            let finite = |v: f64| if v.is_finite() { json!(v) } else { Value::Null };
            json!({
                "name": channel.name, "unit": channel.unit, "fs_hz": channel.fs_hz, "n": channel.n,
                "first5": values.iter().take(5).map(|v| finite(*v)).collect::<Vec<_>>(),
                "min": finite(low), "max": finite(high),
            })
        })
        .collect();
    let annotation = |a: &Annotation| json!({"onset_s": a.onset_s, "duration_s": a.duration_s, "text": a.text});
    json!({
        "file": file,
        "format": recording.format,
        "start": recording.start.as_ref().map(|start| start.iso.clone()),
        "duration_s": recording.timeline.duration_s(),
        "channels": channels,
        "annotations": recording.annotations.iter().map(annotation).collect::<Vec<_>>(),
        "warnings": opened.warnings.iter().map(|w| w.what.clone()).collect::<Vec<_>>(),
    })
}

/// Whether two numbers agree to `relative` of `range`.
pub fn close(a: f64, b: f64, relative: f64, range: f64) -> bool {
    a == b || (a - b).abs() <= relative * range.abs().max(a.abs()).max(b.abs())
}
