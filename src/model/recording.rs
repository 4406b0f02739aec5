//! A recording: channels over one timeline, with annotations.

use serde::{Deserialize, Serialize};

/// One acquired recording. Samples live behind [`Samples`](super::Samples); this is everything else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// File name or names, as the person knows the recording.
    pub name: String,
    /// Short name of the format (`EDF+C`, `BDF`, `WFDB`, `WAV`, `CSV`, ...).
    pub format: String,
    /// When it was recorded, if the file says.
    pub start: Option<StartTime>,
    /// Free text that identifies the recording (EDF: recording identification).
    pub description: String,
    /// Channels in file order.
    pub channels: Vec<Channel>,
    /// Where the stored samples lie in time.
    pub timeline: Timeline,
    /// Annotations in order of onset.
    pub annotations: Vec<Annotation>,
}

/// Local date and time as the file states it; files carry no time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartTime {
    /// ISO 8601 without zone and with the file's own precision: `2025-09-29T21:28:13` (or `.250` behind).
    pub iso: String,
}

/// One signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Label.
    pub name: String,
    /// Unit text as written in the file, `""` when there is none.
    pub unit: String,
    /// Sampling rate in Hz; finite and positive.
    pub fs_hz: f64,
    /// Number of stored samples (gaps are not stored).
    pub n: u64,
    /// Transducer or electrode.
    pub transducer: String,
    /// Filters in the amplifier, as written in the file (`HP:3Hz LP:10kHz`).
    pub prefilter: String,
    /// How stored integers map to physical values, when the container stores integers.
    pub scale: Option<Scale>,
    /// The values are already turned for display: positive means that E1 is negative. False when
    /// positive means that E1 is positive, or when the file does not say.
    pub negative_up: bool,
    /// Time by which this channel lags the recording's clock (WFDB skew), seconds.
    pub skew_s: f64,
}

/// `physical = digital * gain + offset`, for digital values in `digital_min..=digital_max`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Physical units per digital step.
    pub gain: f64,
    /// Physical value of digital 0.
    pub offset: f64,
    /// Smallest digital value that the container or converter can hold.
    pub digital_min: i64,
    /// Largest digital value.
    pub digital_max: i64,
}

/// A marked moment or stretch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Seconds from the start of the recording.
    pub onset_s: f64,
    /// Seconds; `None` for a moment.
    pub duration_s: Option<f64>,
    /// The text.
    pub text: String,
    /// Index of the channel concerned, when the format says so.
    pub channel: Option<usize>,
}

/// A stretch of uninterrupted samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Where it begins, in seconds from the start of the recording.
    pub onset_s: f64,
    /// Where it begins when the gaps are taken out: sample `k` of a channel is stored at `k / fs_hz`.
    pub stored_s: f64,
    /// Its length in seconds.
    pub duration_s: f64,
}

/// The spans of a recording, in order and without overlap. Continuous recordings have one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The spans.
    pub spans: Vec<Span>,
}

impl Timeline {
    /// One span without gaps, starting at zero.
    pub fn continuous(duration_s: f64) -> Self {
        Self { spans: vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s }] }
    }

    /// From the first moment to the last, gaps included, in seconds.
    pub fn duration_s(&self) -> f64 {
        match (self.spans.first(), self.spans.last()) {
            (Some(first), Some(last)) => last.onset_s + last.duration_s - first.onset_s.min(0.0),
            _ => 0.0,
        }
    }

    /// Recording time of stored time `stored_s` (both seconds).
    pub fn time_of_stored(&self, stored_s: f64) -> f64 {
        let at = self.spans.partition_point(|span| span.stored_s <= stored_s).saturating_sub(1);
        self.spans.get(at).map_or(stored_s, |span| span.onset_s + (stored_s - span.stored_s))
    }

    /// Stored time of recording time `time_s`; a moment inside a gap maps to the end of the span before it.
    pub fn stored_of_time(&self, time_s: f64) -> f64 {
        let at = self.spans.partition_point(|span| span.onset_s <= time_s).saturating_sub(1);
        self.spans.get(at).map_or(time_s, |span| span.stored_s + (time_s - span.onset_s).clamp(0.0, span.duration_s))
    }
}
