//! The chunks of a RIFF/RF64 file: `fmt `, `ds64`, `data` and `LIST INFO`.
//!
//! Microsoft "Multiple Channel Audio Data and WAVE Files" for the extensible format; EBU Tech 3306
//! for RF64. At most [`MAX_CHUNKS`] chunks are looked at and [`MAX_INFO`] bytes of text taken in.

use crate::formats::interleaved::Kind;
use crate::formats::{ByteSource, ReadError};
use crate::model::Warning;

const MAX_CHUNKS: usize = 10_000;
const MAX_INFO: usize = 1 << 20;

/// Texts of `LIST INFO`.
#[derive(Debug, Clone, Default)]
pub(super) struct Info {
    pub comment: String,
    pub name: String,
    pub date: String,
}

/// What is needed to read samples.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub kind: Kind,
    pub channels: usize,
    pub sample_rate: u32,
    /// Bytes of one sample of one channel.
    pub width: usize,
    pub data_offset: u64,
    pub frames: u64,
    pub info: Info,
}

impl Layout {
    /// The stored number that stands for 1.0.
    pub fn full_scale(&self) -> f64 {
        match self.kind {
            Kind::Integer => 2f64.powi(8 * self.width as i32 - 1),
            Kind::Float => 1.0,
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Walks through the chunks.
pub(super) fn read(source: &dyn ByteSource, warnings: &mut Vec<Warning>) -> Result<Layout, ReadError> {
    let head = source.read_vec(0, 12)?;
    if !matches!(head.get(..4), Some(b"RIFF" | b"RF64")) || head.get(8..12) != Some(b"WAVE") {
        return Err(ReadError::malformed(0, "the file does not begin with RIFF and WAVE"));
    }
    let mut at = 12u64;
    let mut format = None;
    let mut data = None;
    let mut data_size_64 = None;
    let mut info = Info::default();
    for _ in 0..MAX_CHUNKS {
        let head = source.read_vec(at, 8)?;
        let (Some(id), Some(size)) = (head.get(..4), u32_at(&head, 4)) else { break };
        let body = at + 8;
        let mut size = u64::from(size);
        match id {
            b"fmt " => format = Some((body, source.read_vec(body, size.min(64) as usize)?)),
            b"ds64" => data_size_64 = u64_at(&source.read_vec(body, 28)?, 8),
            b"LIST" => read_info(&source.read_vec(body, size.min(MAX_INFO as u64) as usize)?, &mut info),
            b"data" if data.is_none() => {
                let rest = source.len().saturating_sub(body);
                if size == 0xFFFF_FFFF {
                    size = data_size_64.unwrap_or(rest);
                } else if size == 0 && rest > 0 && !looks_like_chunk(source, body)? {
                    warnings.push(Warning::at("data", at + 4, "the data chunk has no size; it is read to the end of the file"));
                    size = rest;
                }
                if size > rest {
                    let what = format!("the data chunk promises {size} bytes and the file holds {rest}; it was probably cut off");
                    warnings.push(Warning::at("data", at + 4, what));
                    size = rest;
                }
                data = Some((body, size));
            }
            _ => {}
        }
        // Chunks are padded to even sizes.
        at = body.saturating_add(size).saturating_add(size & 1);
    }
    let (format_at, format) = format.ok_or_else(|| ReadError::malformed(at, "there is no fmt chunk"))?;
    let (data_offset, size) = data.ok_or_else(|| ReadError::malformed(at, "there is no data chunk"))?;
    let mut layout = read_format(&format, format_at)?;
    let frame = (layout.channels * layout.width) as u64;
    layout.data_offset = data_offset;
    layout.frames = size / frame;
    layout.info = info;
    if !size.is_multiple_of(frame) {
        let what = format!("bytes behind the last whole frame, left out: {}", size % frame);
        warnings.push(Warning::at("data", data_offset + layout.frames * frame, what));
    }
    Ok(layout)
}

fn looks_like_chunk(source: &dyn ByteSource, at: u64) -> Result<bool, ReadError> {
    Ok(source.read_vec(at, 4)?.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' '))
}

fn read_format(bytes: &[u8], at: u64) -> Result<Layout, ReadError> {
    let short = || ReadError::malformed(at + bytes.len() as u64, "the fmt chunk is too short");
    let mut tag = u16_at(bytes, 0).ok_or_else(short)?;
    let channels = usize::from(u16_at(bytes, 2).ok_or_else(short)?);
    let sample_rate = u32_at(bytes, 4).ok_or_else(short)?;
    let block = usize::from(u16_at(bytes, 12).ok_or_else(short)?);
    let bits = u16_at(bytes, 14).ok_or_else(short)?;
    if tag == 0xFFFE {
        // The first two bytes of the sub-format GUID are the plain tag.
        tag = u16_at(bytes, 24).ok_or_else(short)?;
    }
    if channels == 0 {
        return Err(ReadError::malformed(at + 2, "the fmt chunk declares no channel"));
    }
    if sample_rate == 0 {
        return Err(ReadError::malformed(at + 4, "the sampling rate is 0"));
    }
    let width = if block > 0 && block.is_multiple_of(channels) { block / channels } else { usize::from(bits).div_ceil(8) };
    let kind = match (tag, width) {
        (1, 1..=4) => Kind::Integer,
        (3, 4 | 8) => Kind::Float,
        (1 | 3, _) => return Err(ReadError::malformed(at + 12, format!("samples of {width} bytes do not exist in this format"))),
        _ => return Err(ReadError::Unsupported { feature: format!("WAV compression {tag:#06x}") }),
    };
    Ok(Layout { kind, channels, sample_rate, width, data_offset: 0, frames: 0, info: Info::default() })
}

fn read_info(list: &[u8], info: &mut Info) {
    if list.get(..4) != Some(b"INFO") {
        return;
    }
    let mut at = 4;
    while let (Some(id), Some(size)) = (list.get(at..at + 4), u32_at(list, at + 4)) {
        let from = at + 8;
        let to = from.saturating_add(size as usize).min(list.len());
        let text = String::from_utf8_lossy(&list[from.min(to)..to]).trim_matches('\0').trim().to_owned();
        match id {
            b"ICMT" => info.comment = text,
            b"INAM" => info.name = text,
            b"ICRD" => info.date = text,
            _ => {}
        }
        at = to + (to & 1);
    }
}

/// A date and time in the model's notation; anything else is not a start.
pub(super) fn start(text: &str) -> Option<String> {
    text.replace(' ', "T").parse::<jiff::civil::DateTime>().ok().map(|date| date.to_string())
}
