//! Reading annotations and record times without touching the signals.
//!
//! Cost: where records are large, only the annotation bytes are read, one small read a record;
//! where they are small, whole blocks are read, since a small read of a browser file costs as much
//! as moving some tens of kilobytes. The scan runs in steps, so that opening a large continuous
//! file need not wait for it (`OpenOptions::quick`).
//!
//! Limits: [`MAX_ANNOTATIONS`] annotations, [`MAX_TEXT`] bytes of text, [`MAX_SPANS`] spans.

use std::ops::Range;
use std::rc::Rc;

use super::header::{Header, Plus};
use super::tal::{self, Tal};
use crate::formats::ByteSource;
use crate::model::{Annotation, PendingAnnotations, SampleError, ScanProgress, Span, Warning};

const MAX_ANNOTATIONS: usize = 1_000_000;
const MAX_TEXT: usize = 64 << 20;
const MAX_SPANS: usize = 1_000_000;
/// Record times are kept one by one up to here (for stimulus-locked files).
const MAX_ONSETS: usize = 100_000;
/// Bytes whose transfer costs about as much as one more read.
const READ_COST: u64 = 32 * 1024;
const BLOCK: u64 = 4 << 20;

/// An annotation and the record in which it was stored.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub record: u64,
    /// As written.
    pub onset_s: f64,
    pub duration_s: Option<f64>,
    pub text: String,
    /// How far its record had to be moved behind the one before it.
    shift_s: f64,
}

/// A scan that may be continued.
#[derive(Clone)]
pub(super) struct AnnotationScan {
    source: Rc<dyn ByteSource>,
    data_offset: u64,
    records: u64,
    record_bytes: u64,
    record_s: f64,
    plus: Plus,
    /// Shortest interval between samples, for the comparison of record times.
    tolerance_s: f64,
    /// Byte ranges of the annotation signals within a record.
    ranges: Vec<Range<u64>>,
    next: u64,
    broken: u64,
    overlapping: u64,
    misplaced: u64,
    text_bytes: usize,
    full: bool,
    /// How far the current record had to be moved.
    shift_s: f64,
    /// Onset of the first record as written.
    pub first_onset_s: f64,
    pub found: Vec<Found>,
    pub spans: Vec<Span>,
    /// Onsets of the records as written, relative to the first; empty when there are too many.
    pub onsets: Vec<f64>,
}

impl AnnotationScan {
    pub fn new(source: Rc<dyn ByteSource>, header: &Header) -> Self {
        let ranges = header.signals.iter().filter(|s| s.annotations && s.per_record > 0);
        let finest = header.ordinary().map(|s| header.record_s / s.per_record.max(1) as f64).fold(f64::INFINITY, f64::min);
        Self {
            source,
            data_offset: header.data_offset,
            records: header.records,
            record_bytes: header.record_bytes,
            record_s: header.record_s,
            plus: header.plus,
            tolerance_s: (finest / 2.0).min(1e-3),
            ranges: ranges.map(|s| s.at..s.at + s.per_record * header.width).collect(),
            next: 0,
            broken: 0,
            overlapping: 0,
            misplaced: 0,
            text_bytes: 0,
            full: false,
            shift_s: 0.0,
            first_onset_s: 0.0,
            found: Vec::new(),
            spans: Vec::new(),
            onsets: Vec::new(),
        }
    }

    /// Whether every record has been read.
    pub fn done(&self) -> bool {
        self.next >= self.records || self.ranges.is_empty() || self.full
    }

    fn annotation_bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    /// Bytes that the whole scan moves, small reads counted by their cost.
    pub fn cost(&self) -> u64 {
        let direct = self.annotation_bytes().saturating_add(READ_COST * self.ranges.len() as u64);
        direct.min(self.record_bytes).saturating_mul(self.records)
    }

    /// Goes on for about `budget` bytes of cost.
    pub fn advance(&mut self, budget: u64) -> Result<(), crate::formats::SourceError> {
        let mut spent = 0;
        while !self.done() && spent < budget {
            let direct = self.annotation_bytes() + READ_COST * self.ranges.len() as u64;
            if direct < self.record_bytes || self.record_bytes > BLOCK {
                spent += direct;
                self.read_record()?;
            } else {
                spent += self.read_block()?;
            }
        }
        Ok(())
    }

    fn read_record(&mut self) -> Result<(), crate::formats::SourceError> {
        let base = self.data_offset + self.next * self.record_bytes;
        let mut kept_time = false;
        for index in 0..self.ranges.len() {
            let range = self.ranges[index].clone();
            let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(MAX_TEXT);
            let bytes = self.source.read_vec(base + range.start, len)?;
            self.take(self.next, index, &bytes, &mut kept_time);
        }
        self.finish_record(kept_time);
        Ok(())
    }

    fn read_block(&mut self) -> Result<u64, crate::formats::SourceError> {
        let n = (BLOCK / self.record_bytes).max(1).min(self.records - self.next);
        let bytes = self.source.read_vec(self.data_offset + self.next * self.record_bytes, (n * self.record_bytes) as usize)?;
        for record in bytes.chunks_exact(self.record_bytes as usize) {
            let mut kept_time = false;
            for index in 0..self.ranges.len() {
                let range = self.ranges[index].clone();
                self.take(self.next, index, &record[range.start as usize..range.end as usize], &mut kept_time);
            }
            self.finish_record(kept_time);
        }
        Ok(n * self.record_bytes)
    }

    /// Takes the lists of annotation signal `index` of `record`.
    fn take(&mut self, record: u64, index: usize, bytes: &[u8], kept_time: &mut bool) {
        let (tals, broken) = tal::parse(bytes);
        self.broken += broken as u64;
        for (k, tal) in tals.into_iter().enumerate() {
            let keeps_time = index == 0 && k == 0 && tal.texts.first().is_some_and(String::is_empty);
            if keeps_time {
                *kept_time = true;
                if record == 0 {
                    self.first_onset_s = tal.onset_s;
                }
                self.place_record(tal.onset_s - self.first_onset_s);
            }
            self.keep(record, tal);
        }
    }

    fn keep(&mut self, record: u64, tal: Tal) {
        for text in tal.texts.into_iter().filter(|text| !text.is_empty()) {
            self.text_bytes += text.len();
            if self.found.len() >= MAX_ANNOTATIONS || self.text_bytes > MAX_TEXT {
                self.full = self.plus != Plus::Discontinuous;
                return;
            }
            self.found.push(Found { record, onset_s: tal.onset_s, duration_s: tal.duration_s, text, shift_s: self.shift_s });
        }
    }

    /// Notes that the current record begins at `onset_s` after the first.
    fn place_record(&mut self, onset_s: f64) {
        let expected = self.next as f64 * self.record_s;
        if self.plus != Plus::Discontinuous {
            if (onset_s - expected).abs() > self.tolerance_s.max(expected * 1e-6) {
                self.misplaced += 1;
            }
            return;
        }
        if self.onsets.len() < MAX_ONSETS {
            self.onsets.push(onset_s);
        }
        let end = self.spans.last().map_or(0.0, |span| span.onset_s + span.duration_s);
        self.shift_s = if onset_s < end - self.tolerance_s { end - onset_s } else { 0.0 };
        if let Some(last) = self.spans.last_mut()
            && (onset_s < end + self.tolerance_s || self.record_s == 0.0)
        {
            if onset_s < end - self.tolerance_s && self.record_s > 0.0 {
                self.overlapping += 1;
            }
            last.duration_s = expected + self.record_s - last.stored_s;
            return;
        }
        if self.spans.len() < MAX_SPANS {
            self.spans.push(Span { onset_s: onset_s.max(end), stored_s: expected, duration_s: self.record_s });
        } else {
            self.overlapping += 1;
        }
    }

    fn finish_record(&mut self, kept_time: bool) {
        if !kept_time && self.plus == Plus::Discontinuous {
            let end = self.spans.last().map_or(0.0, |span| span.onset_s + span.duration_s);
            self.misplaced += 1;
            self.place_record(end);
        }
        self.next += 1;
    }

    /// Annotations on the recording's own clock, in order of onset.
    pub fn annotations(&self) -> Vec<Annotation> {
        let mut all: Vec<Annotation> = (self.found.iter())
            .map(|f| Annotation {
                onset_s: tidy(f.onset_s - self.first_onset_s + f.shift_s),
                duration_s: f.duration_s,
                text: f.text.clone(),
                channel: None,
            })
            .collect();
        all.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
        all
    }

    /// What was odd.
    pub fn warnings(&self) -> Vec<Warning> {
        let at = self.data_offset + self.ranges.first().map_or(0, |range| range.start);
        let mut warnings = Vec::new();
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                warnings.push(Warning::at("EDF Annotations", at, format!("{what}: {count}")));
            }
        };
        warn(self.broken, "annotation lists that cannot be read and are left out");
        warn(self.overlapping, "records that begin before the one before them ends; they follow it without a gap");
        if self.plus == Plus::Discontinuous {
            warn(self.misplaced, "records that do not state their time; they follow the one before them");
        } else {
            warn(self.misplaced, "records whose stated time contradicts a continuous recording, which it is read as");
        }
        if self.full || self.found.len() >= MAX_ANNOTATIONS {
            warnings.push(Warning::at(
                "EDF Annotations",
                at,
                format!("more than {MAX_ANNOTATIONS} annotations or {MAX_TEXT} bytes of text; the rest is left out"),
            ));
        }
        warnings
    }
}

/// Subtracting the start of the first record must not turn 1.9511719 into 1.9511718999999998.
fn tidy(s: f64) -> f64 {
    let rounded = (s * 1e9).round() / 1e9;
    if s.abs() < 1e6 { rounded } else { s }
}

impl PendingAnnotations for AnnotationScan {
    fn step(&mut self) -> Result<ScanProgress, SampleError> {
        self.advance(16 << 20).map_err(|error| SampleError::Source { what: error.what, offset: error.offset })?;
        if self.done() {
            return Ok(ScanProgress::Done { annotations: self.annotations(), warnings: self.warnings() });
        }
        Ok(ScanProgress::Working { fraction: self.next as f64 / self.records.max(1) as f64 })
    }
}
