//! Large files: what is read to open them, and the annotations that come later.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use std::cell::Cell;
use std::rc::Rc;

use common::edf::{File, annotations, signal};
use myoscope::formats::{self, ByteSource, Files, NamedSource, OpenOptions, Opened, SliceSource, SourceError};
use myoscope::model::ScanProgress;

/// Counts what is read; beyond its bytes it is filled with zeros up to `len`.
struct Counted {
    head: SliceSource,
    len: u64,
    bytes: Rc<Cell<u64>>,
    largest: Rc<Cell<usize>>,
}

impl ByteSource for Counted {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let n = buf.len().min(usize::try_from(self.len.saturating_sub(offset)).unwrap());
        buf[..n].fill(0);
        let _ = self.head.read_at(offset, &mut buf[..n])?;
        self.bytes.set(self.bytes.get() + n as u64);
        self.largest.set(self.largest.get().max(n));
        Ok(n)
    }
}

fn open(head: Vec<u8>, len: u64, quick: bool) -> (Opened, Rc<Cell<u64>>, Rc<Cell<usize>>) {
    let (bytes, largest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let source = Counted { head: SliceSource::from(head), len, bytes: Rc::clone(&bytes), largest: Rc::clone(&largest) };
    let files = Files { all: vec![NamedSource { name: "big.edf".into(), source: Rc::new(source) }] };
    let opened = formats::open(&files, &OpenOptions { quick, ..OpenOptions::default() }).remove(0).1.unwrap();
    (opened, bytes, largest)
}

#[test]
fn two_gigabytes_open_by_their_header() {
    let limits = ["-1000", "1000", "-32768", "32767"];
    let mut file = File::new("", "1", vec![signal("EMG", "uV", limits, 10_000, &[]); 8]);
    file.records = "12500".into();
    let head = file.bytes();
    let len = head.len() as u64 + 12_500 * 160_000;
    let (opened, bytes, largest) = open(head, len, false);
    assert!(bytes.get() < 16_384, "{} bytes were read", bytes.get());
    assert_eq!(opened.study.recordings[0].channels[0].n, 125_000_000);
    assert_eq!(opened.warnings, []);
    // A screenful from the very end.
    let mut page = vec![vec![1.0; 100_000]; 8];
    opened.samples[0].read_all(&[124_900_000; 8], &mut page).unwrap();
    assert!(page.iter().flatten().all(|v| (v - 1000.0 / 65_535.0).abs() < 1e-9));
    assert!(largest.get() <= 1 << 20, "{} bytes at once", largest.get());
    let mut beyond = vec![0.0; 2];
    assert!(opened.samples[0].read(0, 124_999_999, &mut beyond).is_err());
}

/// 100 large records with an annotation in each.
fn annotated(records: usize, per_record: usize) -> Vec<u8> {
    let limits = ["-1000", "1000", "-32768", "32767"];
    let texts: Vec<String> = (0..records).map(|k| format!("+{k}[20][20]mark {k}[20][0]")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let samples: Vec<i32> = (0..records * per_record).map(|k| (k % 65_536) as i32 - 32_768).collect();
    File::new("EDF+C", "1", vec![signal("EMG", "uV", limits, per_record, &samples), annotations("EDF Annotations", 60, &texts)]).bytes()
}

#[test]
fn annotations_are_found_without_reading_signals() {
    let file = annotated(100, 50_000);
    let len = file.len() as u64;
    let (opened, bytes, _) = open(file, len, false);
    assert_eq!(opened.study.recordings[0].annotations.len(), 100);
    assert_eq!(opened.study.recordings[0].annotations[99].text, "mark 99");
    assert!(bytes.get() < 20_000, "{} of {len} bytes were read", bytes.get());
    assert!(opened.samples[0].pending_annotations().is_none());
}

#[test]
fn a_quick_opening_brings_annotations_later() {
    let file = annotated(2200, 8000);
    let len = file.len() as u64;
    let (opened, bytes, _) = open(file, len, true);
    assert!(bytes.get() < 5 << 20, "{} of {len} bytes were read", bytes.get());
    assert_eq!(opened.study.recordings[0].annotations, []);
    let mut pending = opened.samples[0].pending_annotations().unwrap();
    let mut steps = 0;
    loop {
        steps += 1;
        match pending.step().unwrap() {
            ScanProgress::Working { fraction } => assert!((0.0..1.0).contains(&fraction)),
            ScanProgress::Done { annotations, warnings } => {
                assert_eq!((annotations.len(), warnings.len()), (2200, 0));
                assert_eq!((annotations[2199].onset_s, annotations[2199].text.as_str()), (2199.0, "mark 2199"));
                break;
            }
        }
    }
    assert!(steps > 1);
}

#[test]
fn a_channel_of_long_records_is_read_by_its_own_ranges() {
    let limits = ["-1000", "1000", "-32768", "32767"];
    let samples: Vec<i32> = (0..200_000).map(|k| k % 30_000).collect();
    let file =
        File::new("", "10", vec![signal("a", "uV", limits, 100_000, &samples), signal("b", "uV", limits, 100_000, &samples)]).bytes();
    let len = file.len() as u64;
    let (opened, bytes, _) = open(file, len, false);
    let before = bytes.get();
    let mut part = vec![0.0; 1000];
    opened.samples[0].read(1, 99_500, &mut part).unwrap();
    assert_eq!(bytes.get() - before, 2000);
    let expected: Vec<f64> = (99_500..100_500).map(|k| f64::from(k % 30_000) * 2000.0 / 65_535.0 + 1000.0 / 65_535.0).collect();
    assert!(part.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9));
}
