//! Writing an Electromyogram Waveform object: explicit VR, little-endian, UTF-8.
//!
//! A multiplex group for each sampling rate and each stretch between gaps, with its time offset.
//! Digital values of the source are kept where they fit 16 or 32 bits; other values are rounded to
//! 32 bits of their range. What the attributes cannot hold to the last digit stands once more in
//! a private element. Identifiers are made of the content: the same recording gives the same file.

use sha2::{Digest, Sha256};

use super::encode::{Builder, ds, uid};
use super::samples::Kind;
use super::{Kept, NO_DATE, SOP_CLASS};
use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::{Channel, Warning};

/// Writes DICOM.
#[derive(Debug, Clone, Copy)]
pub struct DicomWriter;

/// Samples converted at once.
const STEP: u64 = 1 << 14;
/// Largest value of a 32-bit sample; the one below its negative marks a missing one.
const MOST: f64 = i32::MAX as f64;

/// How a channel is stored.
struct Plan {
    gain: f64,
    offset: f64,
    low: i64,
    high: i64,
    missing: bool,
    exact: bool,
}

impl Plan {
    fn fits16(&self) -> bool {
        self.low > i64::from(i16::MIN) && self.high <= i64::from(i16::MAX)
    }
}

fn no(what: impl Into<String>) -> WriteError {
    WriteError::Unrepresentable { format: "DICOM", what: what.into() }
}

impl Writer for DicomWriter {
    fn name(&self) -> &'static str {
        "DICOM"
    }

    fn extension(&self) -> &'static str {
        "dcm"
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        let channels = &export.recording.channels;
        if channels.is_empty() {
            return Err(no("a recording without channels"));
        }
        let mut hash = Sha256::new();
        let mut warnings = Vec::new();
        let mut plans = Vec::new();
        for (index, channel) in channels.iter().enumerate() {
            let plan = plan(export, index, &mut hash)?;
            if !plan.exact {
                let what = format!(
                    "{} has no steps that 32 bits hold: its values were rounded to steps of {:e} {}",
                    channel.name, plan.gain, channel.unit
                );
                warnings.push(Warning::new(what));
            }
            plans.push(plan);
        }
        let groups = groups(export, &plans)?;
        let head = super::encode::head(export, &hash.finalize(), &mut warnings);
        sink.begin(&format!("{stem}.dcm"))?;
        sink.write(&head)?;
        annotations(export, &groups, sink)?;
        let mut begin = Builder::default();
        begin.begin_sequence(super::WAVEFORMS);
        sink.write(&begin.take())?;
        for group in &groups {
            write_group(export, &plans, group, sink)?;
        }
        let mut end = Builder::default();
        end.end_sequence();
        if let Some(kept) = kept(export, &plans)
            && let Ok(json) = serde_json::to_string(&kept)
        {
            end.text(super::PRIVATE_CREATOR, b"LO", super::CREATOR);
            end.text(super::PRIVATE_KEPT, b"UT", &json);
        }
        sink.write(&end.take())?;
        Ok(warnings)
    }
}

/// What the attributes cannot hold; `None` for a recording that is none of the study's.
fn kept(export: &Export<'_>, plans: &[Plan]) -> Option<Kept> {
    let all = &export.study.recordings;
    let number = all.iter().position(|recording| std::ptr::eq(recording, export.recording))?;
    let mut recording = export.recording.clone();
    if export.edits.is_none() {
        recording.annotations = export.annotations.to_vec();
    }
    let place = (all.len() > 1).then(|| {
        let whole = serde_json::to_vec(&(all, &export.study.examination, export.edits)).unwrap_or_default();
        super::Place { study: identifier(&[&whole]), number, of: all.len() }
    });
    let scales = plans.iter().map(|plan| [plan.gain, plan.offset]).collect();
    Some(Kept { recording, examination: export.study.examination.clone(), scales, edits: export.edits.cloned(), place })
}

/// Reads a channel once: its range, and how its values are stored.
fn plan(export: &Export<'_>, index: usize, hash: &mut Sha256) -> Result<Plan, WriteError> {
    let channel = &export.recording.channels[index];
    let scale = channel.scale.filter(|scale| scale.gain.is_finite() && scale.gain != 0.0 && scale.offset.is_finite());
    let (mut low, mut high, mut missing, mut exact) = (f64::INFINITY, f64::NEG_INFINITY, false, scale.is_some());
    let mut steps = (0.0f64, 0.0f64);
    let mut buffer = vec![0.0; STEP as usize];
    let mut at = 0;
    while at < channel.n {
        let n = (channel.n - at).min(STEP) as usize;
        export.samples.read(index, at, &mut buffer[..n])?;
        for value in &buffer[..n] {
            hash.update(value.to_le_bytes());
            if !value.is_finite() {
                missing = true;
                continue;
            }
            (low, high) = (low.min(*value), high.max(*value));
            if let Some(scale) = scale.filter(|_| exact) {
                let digital = ((value - scale.offset) / scale.gain).round();
                let back = digital * scale.gain + scale.offset;
                exact = digital.abs() <= MOST && (back - value).abs() <= 1e-6 * scale.gain.abs();
                steps = (steps.0.min(digital), steps.1.max(digital));
            }
        }
        at += n as u64;
    }
    if let Some(scale) = scale.filter(|_| exact) {
        return Ok(Plan { gain: scale.gain, offset: scale.offset, low: steps.0 as i64, high: steps.1 as i64, missing, exact });
    }
    let largest = if low <= high { low.abs().max(high.abs()) } else { 0.0 };
    // Whole numbers need no other step, and a step that is written in full is read in full.
    let gain = if largest > 0.0 { largest / (MOST - 1024.0) } else { 1.0 };
    let gain = ds(gain).parse::<f64>().ok().filter(|written| *written > 0.0 && largest / written <= MOST);
    let gain = gain.ok_or_else(|| no(format!("the values of {}: they are too large or too small", channel.name)))?;
    let (low, high) = if low <= high { ((low / gain).round() as i64, (high / gain).round() as i64) } else { (0, 0) };
    Ok(Plan { gain, offset: 0.0, low, high, missing, exact: largest == 0.0 })
}

/// A multiplex group: channels of one rate in one stretch.
struct Group {
    members: Vec<usize>,
    fs_hz: f64,
    start: u64,
    n: u64,
    onset_s: f64,
    kind: Kind,
}

fn groups(export: &Export<'_>, plans: &[Plan]) -> Result<Vec<Group>, WriteError> {
    let recording = export.recording;
    let mut rates: Vec<(f64, u64, Vec<usize>)> = Vec::new();
    for (index, channel) in recording.channels.iter().enumerate().filter(|(_, channel)| channel.n > 0) {
        match rates.iter_mut().find(|(fs, n, _)| *fs == channel.fs_hz && *n == channel.n) {
            Some((.., members)) => members.push(index),
            None => rates.push((channel.fs_hz, channel.n, vec![index])),
        }
    }
    let spans = &recording.timeline.spans;
    let mut groups = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        for (fs_hz, total, members) in &rates {
            let sample = |stored_s: f64| ((stored_s * fs_hz).round().max(0.0) as u64).min(*total);
            let start = sample(span.stored_s);
            let end = spans.get(at + 1).map_or(*total, |next| sample(next.stored_s));
            let small = members.iter().all(|member| plans[*member].fits16());
            let kind = if small { Kind::I16 } else { Kind::I32 };
            let n = end.saturating_sub(start);
            if n.saturating_mul((members.len() * kind.width()) as u64) > u64::from(u32::MAX - 2) {
                return Err(no("more than 4 GB of samples in one stretch: export a shorter recording"));
            }
            if members.len() > usize::from(u16::MAX) {
                return Err(no("more than 65535 channels"));
            }
            if n > 0 {
                groups.push(Group { members: members.clone(), fs_hz: *fs_hz, start, n, onset_s: span.onset_s, kind });
            }
        }
    }
    if groups.is_empty() { Err(no("a recording without samples")) } else { Ok(groups) }
}

fn write_group(export: &Export<'_>, plans: &[Plan], group: &Group, sink: &mut dyn Sink) -> Result<(), WriteError> {
    let mut head = Builder::default();
    head.begin_item();
    head.text(0x0018_1068, b"DS", &ds(group.onset_s * 1e3));
    head.text(0x003A_0004, b"CS", "ORIGINAL");
    head.u16(0x003A_0005, group.members.len() as u16);
    head.u32(0x003A_0010, group.n as u32);
    head.text(0x003A_001A, b"DS", &ds(group.fs_hz));
    head.begin_sequence(super::CHANNELS);
    for member in &group.members {
        channel(&mut head, *member, &export.recording.channels[*member], &plans[*member], group.kind);
    }
    head.end_sequence();
    let bits = 8 * group.kind.width() as u16;
    head.u16(0x5400_1004, bits);
    head.text(0x5400_1006, b"CS", if group.kind == Kind::I16 { "SS" } else { "SL" });
    let padding = group.kind.limits().0;
    if group.members.iter().any(|member| plans[*member].missing) {
        head.bytes(0x5400_100A, b"OW", &padding.to_le_bytes()[..group.kind.width()]);
    }
    let frame = group.members.len() * group.kind.width();
    head.long_head(0x5400_1010, b"OW", group.n as u32 * frame as u32);
    sink.write(&head.take())?;
    let (mut values, mut bytes) = (vec![0.0; STEP as usize], Vec::new());
    let mut done = 0;
    while done < group.n {
        let n = (group.n - done).min(STEP) as usize;
        bytes.clear();
        bytes.resize(n * frame, 0);
        for (at, member) in group.members.iter().enumerate() {
            export.samples.read(*member, group.start + done, &mut values[..n])?;
            let plan = &plans[*member];
            for (frame, value) in bytes.chunks_exact_mut(frame).zip(&values) {
                let digital = if value.is_finite() { ((value - plan.offset) / plan.gain).round() as i64 } else { padding };
                let width = group.kind.width();
                frame[at * width..][..width].copy_from_slice(&digital.to_le_bytes()[..width]);
            }
        }
        sink.write(&bytes)?;
        done += n as u64;
    }
    let mut end = Builder::default();
    end.end_item();
    sink.write(&end.take())
}

fn channel(head: &mut Builder, index: usize, channel: &Channel, plan: &Plan, kind: Kind) {
    head.begin_item();
    head.text(0x003A_0202, b"IS", &(index + 1).to_string());
    head.text(0x003A_0203, b"SH", &super::encode::short(&channel.name, 16));
    head.begin_sequence(super::SOURCE);
    head.code(&format!("CH{}", index + 1), super::SCHEME, if channel.name.is_empty() { "channel" } else { &channel.name });
    head.end_sequence();
    head.text(0x003A_0210, b"DS", &ds(plan.gain));
    head.begin_sequence(super::UNITS);
    let (code, meaning) = super::units::ucum(&channel.unit);
    head.code(&code, "UCUM", &meaning);
    head.end_sequence();
    head.text(0x003A_0212, b"DS", "1");
    head.text(0x003A_0213, b"DS", &ds(plan.offset));
    head.text(0x003A_0214, b"DS", &ds(channel.skew_s));
    head.u16(0x003A_021A, 8 * kind.width() as u16);
    head.end_item();
}

/// Annotations, and the stimuli of sweeps, in seconds from the start.
fn annotations(export: &Export<'_>, groups: &[Group], sink: &mut dyn Sink) -> Result<(), WriteError> {
    let mut all: Vec<(f64, Option<f64>, String, Option<usize>)> =
        export.annotations.iter().map(|of| (of.onset_s, of.duration_s, of.text.clone(), of.channel)).collect();
    let own = export.study.recordings.iter().position(|recording| std::ptr::eq(recording, export.recording));
    for sweep in export.study.examination.sweeps.iter().filter(|sweep| own == Some(sweep.recording)) {
        let Some(channel) = export.recording.channels.get(sweep.channel) else { continue };
        let Some(at_s) = sweep.stimulus_s else { continue };
        let onset_s = export.recording.timeline.time_of_stored(sweep.start as f64 / channel.fs_hz) + at_s;
        if !all.iter().any(|(at, ..)| (at - onset_s).abs() < 1e-3) {
            all.push((onset_s, None, format!("Stimulus of {}", channel.name), Some(sweep.channel)));
        }
    }
    let mut out = Builder::default();
    if !all.is_empty() {
        out.begin_sequence(super::ANNOTATIONS);
        for (onset_s, duration_s, text, channel) in all {
            let place = channel.and_then(|channel| {
                groups.iter().enumerate().find_map(|(at, group)| Some((at, group.members.iter().position(|member| *member == channel)?)))
            });
            let (group, channel) = place.map_or((1, 0), |(group, channel)| (group as u16 + 1, channel as u16 + 1));
            out.begin_item();
            out.bytes(0x0040_A0B0, b"US", &[group.to_le_bytes(), channel.to_le_bytes()].concat());
            out.text(0x0040_A130, b"CS", if duration_s.is_some() { "SEGMENT" } else { "POINT" });
            let times = duration_s.map_or_else(|| ds(onset_s), |length| format!("{}\\{}", ds(onset_s), ds(onset_s + length)));
            out.text(0x0040_A138, b"DS", &times);
            out.text(0x0070_0006, b"ST", &super::encode::short(&text, 1024));
            out.end_item();
        }
        out.end_sequence();
    }
    sink.write(&out.take())
}

/// The SOP class, for those who wrap other things.
pub(super) const CLASS: &str = SOP_CLASS;
/// Written where a date must be and none is known.
pub(super) const UNKNOWN_DATE: &str = NO_DATE;

/// An identifier made of content.
pub(super) fn identifier(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    uid(&hash.finalize())
}
