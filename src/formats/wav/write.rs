//! Writing WAV with its scale, and the annotations as an event file beside it.
//!
//! Integers of 16 or 24 bits when every channel's own steps fit (then every digital value is kept),
//! otherwise 32-bit floating point relative to a power of two, so that only the rounding to 24 bits
//! of mantissa is lost. RF64 beyond four gigabytes. Gaps close, with a warning.

use super::events;
use super::scale::{self, Entry, Stated};
use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::{Channel, Warning};

/// Writes WAV.
#[derive(Debug, Clone, Copy)]
pub struct WavWriter;

/// How the samples of one channel become stored numbers.
struct Coding {
    /// Physical value of one step (integers) or of 1.0 (floating point).
    step: f64,
}

/// Frames converted at once.
const STEP: u64 = 1 << 16;

impl Writer for WavWriter {
    fn name(&self) -> &'static str {
        "WAV"
    }

    fn extension(&self) -> &'static str {
        "wav"
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        let channels = &export.recording.channels;
        let refuse = |what: &str| WriteError::Unrepresentable { format: "WAV", what: what.to_owned() };
        let first = channels.first().ok_or_else(|| refuse("a recording without channels"))?;
        if channels.iter().any(|c| c.fs_hz != first.fs_hz || c.n != first.n) {
            return Err(refuse("channels of different sampling rates or lengths: choose EDF+ or export them one by one"));
        }
        if channels.len() > 1000 || first.fs_hz >= f64::from(u32::MAX) || first.fs_hz < 0.5 {
            return Err(refuse("this number of channels or this sampling rate"));
        }
        let mut warnings = Vec::new();
        if export.recording.timeline.spans.len() > 1 {
            warnings.push(Warning::new("gaps in the recording are closed: WAV has none"));
        }
        let (width, codings) = choose(export, channels)?;
        let entries = channels.iter().zip(&codings).map(|(channel, coding)| Entry {
            name: Some(channel.name.clone()).filter(|name| !name.is_empty()),
            full_scale: if width == 4 { coding.step } else { coding.step * 2f64.powi(8 * width as i32 - 1) },
            unit: channel.unit.clone(),
        });
        let whole = first.fs_hz.fract() == 0.0;
        let stated = Stated { entries: entries.collect(), fs_hz: (!whole).then_some(first.fs_hz) };
        sink.begin(&format!("{stem}.wav"))?;
        sink.write(&head(export, first, width, &stated))?;
        let missing = write_frames(export, sink, width, &codings, first.n)?;
        if missing > 0 {
            warnings.push(Warning::new(format!("{missing} missing samples were written as 0: integer WAV has no missing samples")));
        }
        if !export.annotations.is_empty() {
            if export.annotations.iter().any(|a| a.duration_s.is_some()) {
                warnings.push(Warning::new("durations of annotations have no place in an event file and were left out"));
            }
            sink.begin(&events::name_for(&format!("{stem}.wav")))?;
            sink.write(events::format(export.annotations).as_bytes())?;
        }
        Ok(warnings)
    }
}

/// Width in bytes (4 is floating point) and the coding of each channel.
fn choose(export: &Export<'_>, channels: &[Channel]) -> Result<(usize, Vec<Coding>), WriteError> {
    for width in [2usize, 3] {
        let steps: Option<Vec<Coding>> = channels.iter().map(|channel| integer_step(channel, width).map(|step| Coding { step })).collect();
        if let Some(codings) = steps {
            return Ok((width, codings));
        }
    }
    let mut codings = Vec::with_capacity(channels.len());
    let mut buffer = vec![0.0; STEP as usize];
    for (index, channel) in channels.iter().enumerate() {
        let mut largest = 0.0f64;
        let mut at = 0;
        while at < channel.n {
            let n = (channel.n - at).min(STEP) as usize;
            export.samples.read(index, at, &mut buffer[..n])?;
            largest = buffer[..n].iter().filter(|v| v.is_finite()).fold(largest, |a, v| a.max(v.abs()));
            at += n as u64;
        }
        // A power of two scales without rounding.
        let exponent = if largest > 0.0 { largest.log2().ceil().clamp(-100.0, 100.0) as i32 } else { 0 };
        codings.push(Coding { step: 2f64.powi(exponent) });
    }
    Ok((4, codings))
}

/// A step of which every digital value of the channel is a multiple, if `width` bytes hold them all.
fn integer_step(channel: &Channel, width: usize) -> Option<f64> {
    let scale = channel.scale?;
    if !(scale.gain.is_finite() && scale.gain != 0.0 && scale.offset.is_finite()) {
        return None;
    }
    let limit = 2f64.powi(8 * width as i32 - 1);
    let parts = [1.0, 2.0].into_iter().find(|parts| {
        // WAV knows no offset, so it must be a multiple of the step: a half step often is.
        let offset = scale.offset / scale.gain * parts;
        (offset - offset.round()).abs() < 1e-6
    })?;
    let reach = |digital: i64| (digital as f64 + scale.offset / scale.gain) * parts;
    let (a, b) = (reach(scale.digital_min), reach(scale.digital_max));
    (a.min(b) >= -limit && a.max(b) < limit).then_some(scale.gain / parts)
}

/// Everything in front of the samples.
fn head(export: &Export<'_>, first: &Channel, width: usize, stated: &Stated) -> Vec<u8> {
    let channels = export.recording.channels.len();
    let frame = channels * width;
    let data = first.n * frame as u64;
    let rate = first.fs_hz.round() as u32;
    let mut info = b"INFO".to_vec();
    let texts = [
        (b"ICMT", scale::format(stated)),
        (b"INAM", export.recording.description.clone()),
        (b"ICRD", export.recording.start.as_ref().map(|start| start.iso.clone()).unwrap_or_default()),
        (b"ISFT", "Myoscope".to_owned()),
    ];
    for (id, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        info.extend_from_slice(*id);
        info.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        info.extend_from_slice(&bytes);
        if bytes.len() % 2 == 1 {
            info.push(0);
        }
    }
    let mut body = Vec::new();
    body.extend_from_slice(b"fmt ");
    body.extend_from_slice(&16u32.to_le_bytes());
    body.extend_from_slice(&(if width == 4 { 3u16 } else { 1 }).to_le_bytes());
    body.extend_from_slice(&(channels as u16).to_le_bytes());
    body.extend_from_slice(&rate.to_le_bytes());
    body.extend_from_slice(&(u64::from(rate) * frame as u64).min(u64::from(u32::MAX)).to_le_bytes()[..4]);
    body.extend_from_slice(&(frame as u16).to_le_bytes());
    body.extend_from_slice(&((8 * width) as u16).to_le_bytes());
    body.extend_from_slice(b"LIST");
    body.extend_from_slice(&(info.len() as u32).to_le_bytes());
    body.extend_from_slice(&info);
    body.extend_from_slice(b"data");

    let large = data + body.len() as u64 + 64 > u64::from(u32::MAX);
    let small_data = if large { u32::MAX } else { data as u32 };
    body.extend_from_slice(&small_data.to_le_bytes());
    let mut out = Vec::new();
    if large {
        let riff = data + (data & 1) + body.len() as u64 + 4 + 36;
        out.extend_from_slice(b"RF64\xff\xff\xff\xffWAVEds64");
        out.extend_from_slice(&28u32.to_le_bytes());
        out.extend_from_slice(&riff.to_le_bytes());
        out.extend_from_slice(&data.to_le_bytes());
        out.extend_from_slice(&first.n.to_le_bytes());
        out.extend_from_slice(&0u32.to_le_bytes());
    } else {
        out.extend_from_slice(b"RIFF");
        out.extend_from_slice(&((data + (data & 1)) as u32 + body.len() as u32 + 4).to_le_bytes());
        out.extend_from_slice(b"WAVE");
    }
    out.extend_from_slice(&body);
    out
}

/// Writes the frames; returns how many NaN became 0.
fn write_frames(export: &Export<'_>, sink: &mut dyn Sink, width: usize, codings: &[Coding], n: u64) -> Result<u64, WriteError> {
    let limit = 2f64.powi(8 * width as i32 - 1);
    let mut buffers = vec![Vec::new(); codings.len()];
    let mut bytes = Vec::new();
    let (mut at, mut missing) = (0, 0);
    // Few channels at a time would tear frames apart, so the step shrinks with their number.
    let step = (STEP / codings.len() as u64).max(256);
    while at < n {
        let count = (n - at).min(step) as usize;
        for buffer in &mut buffers {
            buffer.resize(count, 0.0);
        }
        export.samples.read_all(&vec![at; codings.len()], &mut buffers)?;
        bytes.clear();
        for k in 0..count {
            for (buffer, coding) in buffers.iter().zip(codings) {
                let value = buffer[k] / coding.step;
                if width == 4 {
                    bytes.extend_from_slice(&(value as f32).to_le_bytes());
                    continue;
                }
                missing += u64::from(value.is_nan());
                // The cast takes NaN to 0.
                let digital = value.round().clamp(-limit, limit - 1.0) as i32;
                bytes.extend_from_slice(&digital.to_le_bytes()[..width]);
            }
        }
        sink.write(&bytes)?;
        at += count as u64;
    }
    if (n * (codings.len() * width) as u64) % 2 == 1 {
        sink.write(&[0])?;
    }
    Ok(missing)
}
