//! Integers of a recording in EDF+ or BDF+, without loss: what a study file keeps its recordings in.
//!
//! The header states limits in eight characters, which many scales do not fit. Whoever knows the scale
//! itself gets every value back to the last bit, if the rule that made values of integers is known.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::header;
use super::quantize;
use super::samples::EdfSamples;
use super::write::{self, BDF, EDF, Family};
use crate::formats::{ByteSource, Export, ReadError, Sink, WriteError};
use crate::model::{Channel, Recording, SampleError, Samples, Scale, Span, Warning};

/// Samples looked at in one piece.
const STEP: usize = 1 << 16;

/// How values were made of integers, with the channel's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `integer * gain + offset`
    Multiply,
    /// `(integer - baseline) / steps`, with `steps = 1 / gain` and `baseline = -offset * steps` (WFDB).
    Divide,
}

impl Rule {
    /// The value of an integer.
    pub fn value(self, integer: f64, scale: &Scale) -> f64 {
        match self {
            Self::Multiply => integer * scale.gain + scale.offset,
            Self::Divide => {
                let steps = 1.0 / scale.gain;
                (integer - (-scale.offset * steps).round()) / steps
            }
        }
    }
}

/// A recording whose values are integers of its scales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Rule of each channel.
    pub rules: Vec<Rule>,
    /// Records in each span.
    pub records: Vec<u64>,
    ranges: Vec<(i64, i64)>,
    wide: bool,
}

impl Plan {
    /// Ending of the file that holds them.
    pub fn extension(&self) -> &'static str {
        if self.wide { BDF.extension } else { EDF.extension }
    }
}

/// Reads a recording once: how it goes into 16 or 24 bits without loss; `None` when it does not.
///
/// # Errors
/// When its samples cannot be read.
pub fn plan(recording: &Recording, samples: &dyn Samples) -> Result<Option<Plan>, SampleError> {
    let (mut rules, mut ranges) = (Vec::new(), Vec::new());
    for (index, channel) in recording.channels.iter().enumerate() {
        let Some((rule, range)) = of_channel(channel, index, samples)? else { return Ok(None) };
        rules.push(rule);
        ranges.push(range);
    }
    let fits = |family: &Family| ranges.iter().all(|(low, high)| *low >= family.container.min && *high <= family.container.max);
    let Some((family, wide)) = [(&EDF, false), (&BDF, true)].into_iter().find(|(family, _)| fits(family)) else { return Ok(None) };
    let near = |channel: &Channel| channel.scale.is_some_and(|scale| quantize::near(&scale, family.container).is_some());
    let laid = write::lay_out(family, recording, samples.block_s()).ok().filter(|_| recording.channels.iter().all(near));
    Ok(laid.map(|laid| Plan { rules, records: laid.records().to_vec(), ranges, wide }))
}

/// A rule, with the least and largest integer.
type Found = (Rule, (i64, i64));

fn of_channel(channel: &Channel, index: usize, samples: &dyn Samples) -> Result<Option<Found>, SampleError> {
    let Some(scale) = channel.scale.filter(|scale| scale.gain.is_finite() && scale.gain != 0.0 && scale.offset.is_finite()) else {
        return Ok(None);
    };
    let mut rules = vec![Rule::Multiply, Rule::Divide];
    let (mut low, mut high) = (0i64, 0i64);
    let mut buffer = vec![0.0; STEP];
    let mut at = 0;
    while at < channel.n && !rules.is_empty() {
        let n = (channel.n - at).min(STEP as u64) as usize;
        samples.read(index, at, &mut buffer[..n])?;
        for value in &buffer[..n] {
            // NaN and infinities become integers that give other values.
            if !value.is_finite() {
                return Ok(None);
            }
            // Adding zero takes the sign from a zero, which no integer has.
            let integer = ((value - scale.offset) / scale.gain).round() + 0.0;
            rules.retain(|rule| rule.value(integer, &scale).to_bits() == value.to_bits());
            (low, high) = (low.min(integer as i64), high.max(integer as i64));
        }
        at += n as u64;
    }
    Ok(rules.first().map(|rule| (*rule, (low, high))))
}

/// Writes a recording as planned. Returns what could not be kept of the rest.
///
/// # Errors
/// As writing EDF+.
pub fn write(plan: &Plan, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
    write::write(if plan.wide { &BDF } else { &EDF }, stem, export, Some(&plan.ranges), sink)
}

/// The recording that was written as planned, from its file.
pub struct Integers {
    stored: EdfSamples,
    per_record: Vec<u64>,
    channels: Vec<Channel>,
    rules: Vec<Rule>,
    spans: Vec<Span>,
    records: Vec<u64>,
    /// Records that the file has; it may have been cut off.
    there: u64,
}

impl Integers {
    /// `channels`, `spans` and `rules` are those of the recording, `records` the number of records in each span.
    ///
    /// # Errors
    /// When the file's header cannot be read, or is of another recording.
    pub fn open(source: Rc<dyn ByteSource>, recording: &Recording, rules: &[Rule], records: &[u64]) -> Result<Self, ReadError> {
        let mut header = header::read(&*source, &mut Vec::new())?;
        for signal in &mut header.signals {
            (signal.gain, signal.offset) = (1.0, 0.0);
        }
        let per_record: Vec<u64> = header.ordinary().map(|signal| signal.per_record).collect();
        let channels = recording.channels.clone();
        let mut spans = recording.timeline.spans.clone();
        if spans.is_empty() {
            spans.push(Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.0 });
        }
        let alike = per_record.len() == channels.len() && rules.len() == channels.len() && records.len() == spans.len();
        let fits = |(channel, per): (&Channel, &u64)| {
            spans.iter().zip(records).enumerate().all(|(k, (span, n))| {
                let (from, to) = write::stored_range(channel, span, k + 1 == spans.len());
                to - from <= n.saturating_mul(*per)
            })
        };
        if !alike || !channels.iter().zip(&per_record).all(fits) {
            return Err(ReadError::malformed(0, "the file holds another recording than the study says"));
        }
        // A channel without a sample in a record is none that samples are read of.
        let stored = EdfSamples::new(source, &header, None);
        let there = header.records;
        Ok(Self { stored, per_record, channels, rules: rules.to_vec(), spans, records: records.to_vec(), there })
    }

    /// The place of a channel among those that have samples.
    fn lane(&self, channel: usize) -> usize {
        self.per_record[..channel].iter().filter(|per| **per > 0).count()
    }
}

impl Samples for Integers {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        let of = self.channels.get(channel).filter(|of| end <= of.n).ok_or(SampleError::OutOfRange { channel, start, end })?;
        let (lane, per_record, rule) = (self.lane(channel), self.per_record[channel], self.rules[channel]);
        let mut records = 0u64;
        for (k, (span, n)) in self.spans.iter().zip(&self.records).enumerate() {
            let (from, to) = write::stored_range(of, span, k + 1 == self.spans.len());
            let (first, last) = (start.max(from), end.min(to));
            if first < last {
                let place = records.saturating_mul(per_record).saturating_add(first - from);
                if place.saturating_add(last - first) > self.there.saturating_mul(per_record) {
                    return Err(SampleError::Source { what: "the recording ends before".into(), offset: place });
                }
                let part = &mut out[(first - start) as usize..(last - start) as usize];
                self.stored.read(lane, place, part)?;
                if let Some(scale) = &of.scale {
                    part.iter_mut().for_each(|value| *value = rule.value(*value, scale));
                }
            }
            records = records.saturating_add(*n);
        }
        Ok(())
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        // One pass through the records, unless samples lie elsewhere than in the recording.
        let cut = self.records.iter().fold(0, |all: u64, n| all.saturating_add(*n)) > self.there;
        if cut || self.spans.len() > 1 || self.per_record.contains(&0) || out.len() != self.channels.len() {
            for (channel, (&start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
                self.read(channel, start, out)?;
            }
            return Ok(());
        }
        for (channel, ((of, start), out)) in self.channels.iter().zip(start).zip(out.iter()).enumerate() {
            let end = start.saturating_add(out.len() as u64);
            if end > of.n {
                return Err(SampleError::OutOfRange { channel, start: *start, end });
            }
        }
        self.stored.read_all(start, out)?;
        for ((of, rule), out) in self.channels.iter().zip(&self.rules).zip(out.iter_mut()) {
            if let Some(scale) = &of.scale {
                out.iter_mut().for_each(|value| *value = rule.value(*value, scale));
            }
        }
        Ok(())
    }

    fn block_s(&self) -> Option<f64> {
        self.stored.block_s()
    }
}
