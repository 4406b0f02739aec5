//! Derived signals: a channel, less another (montage), through filters. Nothing here changes data.
//!
//! Filters are Butterworth of second order run forwards and backwards, so that no peak moves. Each
//! stretch between gaps is filtered for itself, with enough of its surroundings that a piece of a
//! signal has the same values whichever way it was asked for.

use super::settling::Settling;
use crate::dsp::iir::{Band, Section, Stream, butter, iirnotch, sosfiltfilt};
use crate::dsp::line::{LineOptions, subtract_line};
use crate::dsp::robust::median;
use crate::model::{Channel, FilterChain, LineFilter, SampleError, Samples, Timeline};

/// Quality of the notch: 50 Hz with a width of 2 Hz.
const NOTCH_Q: f64 = 25.0;
/// Longest surroundings taken for a filter, samples.
const MAX_PAD: f64 = 262_144.0;
/// Block of the line subtraction, seconds; pieces are aligned to it so that blocks agree.
const LINE_BLOCK_S: f64 = 5.0;

/// What is drawn in one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Signal {
    pub recording: usize,
    pub channel: usize,
    pub minus: Option<usize>,
    pub filter: FilterChain,
    /// Level subtracted when the filter asks for a flat baseline.
    pub baseline: f64,
}

/// Every signal that was ever looked at, by number.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub list: Vec<Signal>,
}

impl Signals {
    /// The number of a signal; a new one when it was never looked at.
    pub fn number(
        &mut self,
        recording: usize,
        channel: usize,
        minus: Option<usize>,
        filter: FilterChain,
        baseline: impl FnOnce() -> f64,
    ) -> u32 {
        let same = |s: &Signal| (s.recording, s.channel, s.minus, s.filter) == (recording, channel, minus, filter);
        let at = self.list.iter().position(same).unwrap_or_else(|| {
            let baseline = if filter.baseline { baseline() } else { 0.0 };
            self.list.push(Signal { recording, channel, minus, filter, baseline });
            self.list.len() - 1
        });
        at as u32
    }
}

impl Signal {
    /// Whether the values are those of the channel itself.
    pub fn is_raw(&self) -> bool {
        self.minus.is_none() && self.filter == FilterChain::default()
    }

    /// Samples before the end of a recording that grows whose values still change as more come.
    pub fn settles_n(&self, fs_hz: f64) -> u64 {
        if self.is_raw() { 0 } else { pad(&self.filter, fs_hz) }
    }

    /// Values of the channel, less those of the other, before any filter.
    fn unfiltered(&self, samples: &dyn Samples, start: u64, n: usize) -> Result<Vec<f64>, SampleError> {
        let mut values = vec![0.0; n];
        samples.read(self.channel, start, &mut values)?;
        if let Some(minus) = self.minus {
            let mut other = vec![0.0; n];
            samples.read(minus, start, &mut other)?;
            values.iter_mut().zip(&other).for_each(|(value, other)| *value -= other);
        }
        Ok(values)
    }

    /// Brings the end of the signal up to `channel`, whose recording grows, or begins it; `None` where it cannot
    /// be followed (no filter, mains subtracted, too few samples, NaN) and has to be filtered as it is read.
    pub fn follow(&self, known: Option<Settling>, samples: &dyn Samples, channel: &Channel, timeline: &Timeline) -> Option<Settling> {
        if self.is_raw() || matches!(self.filter.line, LineFilter::Subtract(_)) {
            return None;
        }
        let (span_from, _) = span_around(timeline, channel, channel.n.saturating_sub(1));
        let pad = pad(&self.filter, channel.fs_hz);
        let enough = 2 * pad + 65_536;
        if let Some(mut known) =
            known.filter(|known| known.end() > span_from && known.end() <= channel.n && channel.n - known.end() < enough)
        {
            let input = self.unfiltered(samples, known.end(), (channel.n - known.end()) as usize).ok()?;
            return known.grow(&input).then_some(known);
        }
        let from = channel.n.saturating_sub(enough).max(span_from);
        let input = self.unfiltered(samples, from, (channel.n - from) as usize).ok()?;
        Settling::begin(sections(&self.filter, channel.fs_hz), pad as usize, from, &input, from == span_from)
    }

    /// Values `start..start + n` of the signal, in the channel's unit. The range must lie within
    /// the channel.
    pub fn read(
        &self,
        samples: &dyn Samples,
        channel: &Channel,
        timeline: &Timeline,
        start: u64,
        n: usize,
    ) -> Result<Vec<f64>, SampleError> {
        let mut out = Vec::with_capacity(n);
        let end = start + n as u64;
        if self.is_raw() {
            out.resize(n, 0.0);
            samples.read(self.channel, start, &mut out)?;
            return Ok(out);
        }
        let sections = sections(&self.filter, channel.fs_hz);
        let pad = pad(&self.filter, channel.fs_hz);
        let mut at = start;
        while at < end {
            let (span_from, span_to) = span_around(timeline, channel, at);
            let stop = end.min(span_to.max(at + 1));
            let mut from = at.saturating_sub(pad).max(span_from);
            let to = (stop + pad).min(span_to).max(stop).min(channel.n);
            if self.filter.line != LineFilter::Off {
                let block = (LINE_BLOCK_S * channel.fs_hz) as u64;
                from = (from - span_from) / block.max(1) * block + span_from;
            }
            let filtered = run(self.unfiltered(samples, from, (to - from) as usize)?, &self.filter, &sections, channel.fs_hz);
            let first = (at - from) as usize;
            out.extend(filtered[first..first + (stop - at) as usize].iter().map(|value| value - self.baseline));
            at = stop;
        }
        Ok(out)
    }
}

/// Filters one uninterrupted piece.
fn run(mut values: Vec<f64>, filter: &FilterChain, sections: &[Section], fs_hz: f64) -> Vec<f64> {
    if let LineFilter::Subtract(hz) = filter.line {
        values = subtract_line(&values, fs_hz, &LineOptions { nominal_hz: hz, block_s: LINE_BLOCK_S, ..LineOptions::default() });
    }
    sosfiltfilt(sections, &values)
}

/// Filters a sweep as a whole; with `baseline` the mean before `baseline_n` is subtracted.
pub(super) fn filter_sweep(values: Vec<f64>, filter: &FilterChain, fs_hz: f64, baseline_n: usize) -> Vec<f64> {
    let mut values = run(values, filter, &sections(filter, fs_hz), fs_hz);
    if filter.baseline {
        let level = if baseline_n >= 4 { median(&values[..baseline_n.min(values.len())]) } else { median(&values) };
        values.iter_mut().for_each(|value| *value -= level);
    }
    values
}

/// All filters as one cascade, which one pass runs.
fn sections(filter: &FilterChain, fs_hz: f64) -> Vec<Section> {
    let high = filter.high_pass_hz.and_then(|hz| butter(2, Band::Highpass(hz), fs_hz).ok());
    let low = filter.low_pass_hz.and_then(|hz| butter(2, Band::Lowpass(hz), fs_hz).ok());
    let notch = match filter.line {
        LineFilter::Notch(hz) => iirnotch(hz, NOTCH_Q, fs_hz).ok(),
        _ => None,
    };
    [high, low, notch].into_iter().flatten().flatten().collect()
}

/// The same filters for a signal that is heard as it comes: forwards alone; mains that are subtracted from
/// a picture are notched out.
pub(super) fn forwards(filter: &FilterChain, fs_hz: f64) -> Stream {
    let line = match filter.line {
        LineFilter::Subtract(hz) => LineFilter::Notch(hz),
        line => line,
    };
    Stream::new(sections(&FilterChain { line, ..*filter }, fs_hz), true)
}

/// Samples after which what lies beside a piece no longer shows in it (to about 1e-6).
fn pad(filter: &FilterChain, fs_hz: f64) -> u64 {
    let settle_s = |hz: f64| 14.0 / (2.0 * std::f64::consts::PI * hz * std::f64::consts::FRAC_1_SQRT_2);
    let mut pad_s: f64 = 0.0;
    for hz in [filter.high_pass_hz, filter.low_pass_hz].into_iter().flatten() {
        pad_s = pad_s.max(settle_s(hz));
    }
    match filter.line {
        LineFilter::Notch(hz) => pad_s = pad_s.max(14.0 * NOTCH_Q / (std::f64::consts::PI * hz)),
        LineFilter::Subtract(_) => pad_s = pad_s.max(2.0 * LINE_BLOCK_S),
        LineFilter::Off => {}
    }
    (pad_s * fs_hz).min(MAX_PAD).ceil() as u64
}

/// First and one past the last sample of the span that holds stored sample `at`.
fn span_around(timeline: &Timeline, channel: &Channel, at: u64) -> (u64, u64) {
    let sample = |stored_s: f64| (stored_s * channel.fs_hz).round() as u64;
    let index = timeline.spans.partition_point(|span| sample(span.stored_s) <= at).saturating_sub(1);
    match timeline.spans.get(index) {
        Some(_) if timeline.spans.len() == 1 => (0, channel.n),
        Some(span) => (sample(span.stored_s), sample(span.stored_s + span.duration_s).min(channel.n)),
        None => (0, channel.n),
    }
}

/// Refuses corners that the sampling rate cannot carry, in words.
///
/// # Errors
/// A sentence that says what is possible.
pub(super) fn check_filter(filter: &FilterChain, fs_hz: f64) -> Result<(), String> {
    let nyquist = fs_hz / 2.0;
    for (what, hz) in [("high-pass", filter.high_pass_hz), ("low-pass", filter.low_pass_hz)] {
        if let Some(hz) = hz.filter(|&hz| !(hz.is_finite() && hz > 0.0 && hz < nyquist)) {
            return Err(format!("A {what} of {hz} Hz is not possible at {fs_hz} Hz: it must lie between 0 and {nyquist} Hz."));
        }
    }
    if let (Some(high), Some(low)) = (filter.high_pass_hz, filter.low_pass_hz)
        && high >= low
    {
        return Err(format!("A high-pass of {high} Hz with a low-pass of {low} Hz leaves nothing."));
    }
    if let LineFilter::Notch(hz) | LineFilter::Subtract(hz) = filter.line
        && !(hz > 0.0 && hz < nyquist)
    {
        return Err(format!("Mains of {hz} Hz cannot be removed at a rate of {fs_hz} Hz."));
    }
    Ok(())
}

/// A chain in words (`HP 20 Hz, LP 2 kHz, notch 50 Hz`), with the amplifier's own filters in front.
pub(super) fn words(filter: &FilterChain, amplifier: &str) -> String {
    let hz = |hz: f64| if hz >= 1000.0 { format!("{} kHz", hz / 1000.0) } else { format!("{hz} Hz") };
    let mut parts = Vec::new();
    if !amplifier.trim().is_empty() {
        parts.push(amplifier.trim().to_owned());
    }
    parts.extend(filter.high_pass_hz.map(|corner| format!("HP {}", hz(corner))));
    parts.extend(filter.low_pass_hz.map(|corner| format!("LP {}", hz(corner))));
    match filter.line {
        LineFilter::Off => {}
        LineFilter::Notch(line) => parts.push(format!("notch {}", hz(line))),
        LineFilter::Subtract(line) => parts.push(format!("{} subtracted", hz(line))),
    }
    if filter.baseline {
        parts.push("baseline corrected".into());
    }
    parts.join(", ")
}
