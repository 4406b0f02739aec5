//! Putting annotations into records.
//!
//! An annotation goes into the record that its onset falls into (EDF+ section 2.2.3), unless that
//! would make the annotation signal large out of proportion: then it goes into the next record
//! with room. Every record begins with its time.

use super::tal;
use crate::model::{Annotation, Warning};

/// Up to this total, each annotation stays in its own record.
const ROOMY: usize = 8 << 20;

/// The bytes of the annotation signal.
pub(super) struct Packed {
    /// Bytes reserved in each record.
    pub capacity: usize,
    /// Lists of each record, not longer than `capacity`.
    pub records: Vec<Vec<u8>>,
}

/// `onsets` and `fraction_s` count from the full second of the start time in the header.
pub(super) fn pack(onsets: &[f64], record_s: f64, annotations: &[Annotation], fraction_s: f64, warnings: &mut Vec<Warning>) -> Packed {
    if onsets.is_empty() {
        if !annotations.is_empty() {
            warnings.push(Warning::new("annotations were left out: there is no record to hold them"));
        }
        return Packed { capacity: 60, records: Vec::new() };
    }
    let times: Vec<Vec<u8>> = onsets
        .iter()
        .map(|&onset| {
            let mut bytes = Vec::new();
            tal::write_time(&mut bytes, onset);
            bytes
        })
        .collect();
    let mut changed = 0;
    let mut texts: Vec<(usize, Vec<u8>)> = Vec::with_capacity(annotations.len());
    for annotation in annotations {
        let onset = ((annotation.onset_s + fraction_s) * 1e9).round() / 1e9;
        if !onset.is_finite() {
            warnings.push(Warning::new("an annotation without a time was left out"));
            continue;
        }
        let mut bytes = Vec::new();
        let text = if annotation.text.is_empty() { " " } else { &annotation.text };
        changed += usize::from(tal::write_text(&mut bytes, onset, annotation.duration_s.filter(|d| d.is_finite()), text));
        let record = onsets.partition_point(|&start| start <= onset + record_s * 1e-9).saturating_sub(1);
        texts.push((record, bytes));
    }
    if changed > 0 {
        warnings.push(Warning::new(format!("control characters in {changed} annotations were replaced by blanks")));
    }
    texts.sort_by_key(|(record, _)| *record);

    let mut own: Vec<usize> = times.iter().map(Vec::len).collect();
    for (record, bytes) in &texts {
        own[*record] += bytes.len();
    }
    let largest = own.iter().copied().max().unwrap_or(0);
    let longest_time = times.iter().map(Vec::len).max().unwrap_or(0);
    let longest_text = texts.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
    let total: usize = texts.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut capacity = largest;
    if largest.saturating_mul(times.len()) > ROOMY {
        capacity = longest_time + longest_text.max(2 * total.div_ceil(times.len().max(1)));
    }
    // An even number of at least 60 bytes: some programs expect room for the time of every record.
    capacity = capacity.max(60).next_multiple_of(6);
    loop {
        if let Some(records) = fill(&times, &texts, capacity) {
            return Packed { capacity, records };
        }
        capacity = (capacity * 2).next_multiple_of(6);
    }
}

/// Each annotation in the first record from its own on that has room; `None` when some find none.
fn fill(times: &[Vec<u8>], texts: &[(usize, Vec<u8>)], capacity: usize) -> Option<Vec<Vec<u8>>> {
    let mut records = times.to_vec();
    let mut at = 0;
    for (record, bytes) in texts {
        at = at.max(*record);
        while records.get(at)?.len() + bytes.len() > capacity {
            at += 1;
        }
        records[at].extend_from_slice(bytes);
    }
    Some(records)
}
