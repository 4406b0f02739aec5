//! What a recording holds, as data: the one source of `info --json` on the command line and in the
//! browser.
//!
//! Extremes are over all valid samples in the channel's own unit, in one pass and bounded memory.
//! An invalid sample (NaN) is `null` among the first five and takes no part in the extremes; a
//! channel without valid samples has `null` extremes.

use std::ops::ControlFlow;

use serde::Serialize;

use super::stream::{TARGET, stream};
use crate::formats::{Opened, ReadError};
use crate::model::{SampleError, Warning};

/// One recording. The fields are those of the JSON, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Info {
    /// The file, as the person named it.
    pub file: String,
    /// Short name of the format.
    pub format: String,
    /// Date and time, ISO 8601 without zone.
    pub start: Option<String>,
    /// From the first moment to the last, gaps included.
    pub duration_s: f64,
    /// Channels in file order.
    pub channels: Vec<ChannelInfo>,
    /// All annotations.
    pub annotations: Vec<AnnotationInfo>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelInfo {
    /// Label.
    pub name: String,
    /// Unit as in the file.
    pub unit: String,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Number of stored samples.
    pub n: u64,
    /// The first five of them, in `unit`.
    pub first5: Vec<Option<f64>>,
    /// Smallest valid sample.
    pub min: Option<f64>,
    /// Largest valid sample.
    pub max: Option<f64>,
}

/// One annotation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnnotationInfo {
    /// Seconds from the start of the recording.
    pub onset_s: f64,
    /// Seconds, when it is a stretch.
    pub duration_s: Option<f64>,
    /// The text.
    pub text: String,
}

/// A file that was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// The file, as the person named it.
    pub file: String,
    /// Why.
    pub error: RefusalReason,
}

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusalReason {
    /// Short name of the kind (`malformed`, `unsupported`, `limit`, `not_this_format`, `missing`, `source`).
    pub kind: &'static str,
    /// In words.
    pub what: String,
    /// Byte offset, when there is one.
    pub offset: Option<u64>,
}

impl Refusal {
    /// The refusal of `file` for `error`.
    pub fn new(file: &str, error: &ReadError) -> Self {
        let what = match error {
            ReadError::Malformed { what, .. } | ReadError::Source { what, .. } => what.clone(),
            other => other.to_string(),
        };
        Self { file: file.to_owned(), error: RefusalReason { kind: error.kind(), what, offset: error.offset() } }
    }
}

/// Everything about recording `index` of what was opened from `file`; reads all its samples once.
/// `None` when there is no such recording.
///
/// # Errors
/// When the bytes behind the samples cannot be read.
pub fn info(opened: &Opened, index: usize, file: &str) -> Result<Option<Info>, SampleError> {
    let (Some(recording), Some(samples)) = (opened.study.recordings.get(index), opened.samples.get(index)) else { return Ok(None) };
    let mut channels = Vec::with_capacity(recording.channels.len());
    for (number, channel) in recording.channels.iter().enumerate() {
        let mut first = [0.0; 5];
        let n = channel.n.min(5) as usize;
        samples.read(number, 0, &mut first[..n])?;
        channels.push(ChannelInfo {
            name: channel.name.clone(),
            unit: channel.unit.clone(),
            fs_hz: channel.fs_hz,
            n: channel.n,
            first5: first[..n].iter().map(|v| Some(*v).filter(|v| v.is_finite())).collect(),
            min: None,
            max: None,
        });
    }
    let mut extremes = vec![(f64::INFINITY, f64::NEG_INFINITY); channels.len()];
    stream(recording, samples.as_ref(), TARGET, |_, buffers| {
        for ((low, high), buffer) in extremes.iter_mut().zip(buffers) {
            let (l, h) = of_slice(buffer);
            (*low, *high) = (low.min(l), high.max(h));
        }
        ControlFlow::Continue(())
    })?;
    for (channel, (low, high)) in channels.iter_mut().zip(extremes) {
        channel.min = Some(low).filter(|v| v.is_finite());
        channel.max = Some(high).filter(|v| v.is_finite());
    }
    let annotation = |a: &crate::model::Annotation| AnnotationInfo { onset_s: a.onset_s, duration_s: a.duration_s, text: a.text.clone() };
    Ok(Some(Info {
        file: file.to_owned(),
        format: recording.format.clone(),
        start: recording.start.as_ref().map(|s| s.iso.clone()),
        duration_s: recording.timeline.duration_s(),
        channels,
        annotations: recording.annotations.iter().map(annotation).collect(),
        warnings: opened.warnings.clone(),
    }))
}

/// Smallest and largest valid value, infinite when there is none.
fn of_slice(x: &[f64]) -> (f64, f64) {
    // Side by side, so that the compiler can use vector registers; NaN compares false and stays out.
    let (mut low, mut high) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    let (blocks, rest) = x.as_chunks::<8>();
    for block in blocks {
        for k in 0..8 {
            low[k] = if block[k] < low[k] { block[k] } else { low[k] };
            high[k] = if block[k] > high[k] { block[k] } else { high[k] };
        }
    }
    for v in rest {
        low[0] = low[0].min(*v);
        high[0] = high[0].max(*v);
    }
    (low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max))
}
