//! Samples of an EDF/BDF file, decoded from ranges.
//!
//! Whole records are read in blocks of about one megabyte, whatever the file size; a single channel
//! of large records is read by its own ranges. The decoding loops take fixed-size chunks, so that
//! the compiler drops all bounds checks and vectorises them. There are no NaN: the format has none.

use std::cell::RefCell;
use std::rc::Rc;

use super::header::Header;
use super::scan::AnnotationScan;
use crate::formats::ByteSource;
use crate::model::{PendingAnnotations, SampleError, Samples};

/// Bytes read at once: large enough for the cost of a browser read to vanish, small enough for the cache.
const BLOCK: u64 = 1 << 20;

/// Where one channel lies in a record.
#[derive(Debug, Clone, Copy)]
struct Lane {
    at: u64,
    per_record: u64,
    gain: f64,
    offset: f64,
}

pub(super) struct EdfSamples {
    source: Rc<dyn ByteSource>,
    width: u64,
    data_offset: u64,
    records: u64,
    record_bytes: u64,
    record_s: f64,
    lanes: Vec<Lane>,
    scratch: RefCell<Vec<u8>>,
    pending: Option<AnnotationScan>,
}

impl EdfSamples {
    /// Samples of the ordinary signals of `header`.
    pub fn new(source: Rc<dyn ByteSource>, header: &Header, pending: Option<AnnotationScan>) -> Self {
        let lane = |signal: &super::header::Signal| Lane {
            at: signal.at,
            per_record: signal.per_record,
            gain: signal.gain,
            offset: signal.offset,
        };
        Self {
            source,
            width: header.width,
            data_offset: header.data_offset,
            records: header.records,
            record_bytes: header.record_bytes,
            record_s: header.record_s,
            lanes: header.ordinary().filter(|signal| signal.per_record > 0).map(lane).collect(),
            scratch: RefCell::default(),
            pending,
        }
    }

    fn lane(&self, channel: usize, start: u64, len: usize) -> Result<Lane, SampleError> {
        let end = start.saturating_add(len as u64);
        let lane = self.lanes.get(channel).filter(|lane| end <= lane.per_record * self.records);
        lane.copied().ok_or(SampleError::OutOfRange { channel, start, end })
    }

    /// Calls `take` with `len` bytes of the file from `offset` on.
    fn with_bytes(&self, offset: u64, len: u64, take: &mut dyn FnMut(&[u8])) -> Result<(), SampleError> {
        let fail = |what: String, offset| SampleError::Source { what, offset };
        let len = usize::try_from(len).map_err(|_| fail("the block is too large".into(), offset))?;
        let mut scratch = self.scratch.borrow_mut();
        if scratch.len() < len {
            scratch.resize(len, 0);
        }
        self.source.read_exact_at(offset, &mut scratch[..len]).map_err(|error| fail(error.what, error.offset))?;
        take(&scratch[..len]);
        Ok(())
    }

    fn decode(&self, lane: Lane, bytes: &[u8], out: &mut [f64]) {
        if self.width == 2 {
            decode_16(bytes, lane.gain, lane.offset, out);
        } else {
            decode_24(bytes, lane.gain, lane.offset, out);
        }
    }

    /// Decodes what `out` (from stored sample `start` on) shares with the records in `bytes`.
    fn decode_records(&self, lane: Lane, first_record: u64, bytes: &[u8], start: u64, out: &mut [f64]) {
        let end = start + out.len() as u64;
        for (k, record) in bytes.chunks_exact(self.record_bytes as usize).enumerate() {
            let record_start = (first_record + k as u64) * lane.per_record;
            let from = start.max(record_start);
            let to = end.min(record_start + lane.per_record);
            if from >= to {
                continue;
            }
            let at = (lane.at + (from - record_start) * self.width) as usize;
            let len = ((to - from) * self.width) as usize;
            self.decode(lane, &record[at..at + len], &mut out[(from - start) as usize..(to - start) as usize]);
        }
    }

    /// Reads a channel by its own ranges: for records too large to be read whole.
    fn read_ranges(&self, lane: Lane, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let mut done = 0usize;
        while done < out.len() {
            let sample = start + done as u64;
            let (record, within) = (sample / lane.per_record, sample % lane.per_record);
            let n = (lane.per_record - within).min((out.len() - done) as u64).min(BLOCK / self.width);
            let offset = self.data_offset + record * self.record_bytes + lane.at + within * self.width;
            let part = &mut out[done..done + n as usize];
            self.with_bytes(offset, n * self.width, &mut |bytes| self.decode(lane, bytes, part))?;
            done += n as usize;
        }
        Ok(())
    }
}

impl Samples for EdfSamples {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let lane = self.lane(channel, start, out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        let lane_bytes = lane.per_record * self.width;
        // One read costs about as much as moving some tens of kilobytes.
        let sparse = self.record_bytes - lane_bytes > 64 * 1024 || self.record_bytes > BLOCK;
        if sparse || (start % lane.per_record) + out.len() as u64 <= lane.per_record {
            return self.read_ranges(lane, start, out);
        }
        let last = (start + out.len() as u64 - 1) / lane.per_record;
        let step = BLOCK / self.record_bytes;
        let mut record = start / lane.per_record;
        while record <= last {
            let n = step.min(last + 1 - record);
            let offset = self.data_offset + record * self.record_bytes;
            self.with_bytes(offset, n * self.record_bytes, &mut |bytes| self.decode_records(lane, record, bytes, start, out))?;
            record += n;
        }
        Ok(())
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        let mut wanted = Vec::with_capacity(out.len());
        let (mut first, mut last, mut longest) = (u64::MAX, 0, 0);
        for (channel, (&start, out)) in start.iter().zip(out.iter()).enumerate() {
            let lane = self.lane(channel, start, out.len())?;
            wanted.push((lane, start));
            if !out.is_empty() {
                let (from, to) = (start / lane.per_record, (start + out.len() as u64 - 1) / lane.per_record);
                first = first.min(from);
                last = last.max(to);
                longest = longest.max(to + 1 - from);
            }
        }
        if longest == 0 {
            return Ok(());
        }
        // Reading whole records pays while the channels ask for about the same time.
        if self.record_bytes > BLOCK || last + 1 - first > 2 * longest {
            for (channel, (&start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
                self.read(channel, start, out)?;
            }
            return Ok(());
        }
        let step = BLOCK / self.record_bytes;
        let mut record = first;
        while record <= last {
            let n = step.min(last + 1 - record);
            let offset = self.data_offset + record * self.record_bytes;
            self.with_bytes(offset, n * self.record_bytes, &mut |bytes| {
                for (&(lane, start), out) in wanted.iter().zip(out.iter_mut()) {
                    self.decode_records(lane, record, bytes, start, out);
                }
            })?;
            record += n;
        }
        Ok(())
    }

    fn block_s(&self) -> Option<f64> {
        (self.record_s > 0.0).then_some(self.record_s)
    }

    fn pending_annotations(&self) -> Option<Box<dyn PendingAnnotations>> {
        self.pending.clone().map(|scan| Box::new(scan) as Box<dyn PendingAnnotations>)
    }
}

fn decode_16(bytes: &[u8], gain: f64, offset: f64, out: &mut [f64]) {
    let (samples, _) = bytes.as_chunks::<2>();
    for (out, sample) in out.iter_mut().zip(samples) {
        *out = f64::from(i16::from_le_bytes(*sample)) * gain + offset;
    }
}

fn decode_24(bytes: &[u8], gain: f64, offset: f64, out: &mut [f64]) {
    let (samples, _) = bytes.as_chunks::<3>();
    for (out, &[a, b, c]) in out.iter_mut().zip(samples) {
        // Three bytes in the upper part of the word; the shift back extends the sign.
        *out = f64::from(i32::from_le_bytes([0, a, b, c]) >> 8) * gain + offset;
    }
}
