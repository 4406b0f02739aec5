//! From a set of files to a recording: which file holds which signal, and what the header says.

use std::rc::Rc;

use super::annotations;
use super::codec::Format;
use super::group::{Group, Member};
use super::header::{self, Header, MAX_HEADER, Signal};
use super::record::{Record, SegmentData};
use crate::formats::probe::PROBE_BYTES;
use crate::formats::{Files, NamedSource, Opened, ReadError};
use crate::model::{Channel, Recording, Samples, Scale, StartTime, Study, Timeline, Warning};

/// Records of up to this many bytes of samples have their checksums verified when opened.
pub const VERIFY_BYTES: u64 = 8 << 20;
/// Most samples in one frame of one file.
const MAX_WIDTH: usize = 1 << 20;
/// Most samples of one channel, and most frames that no file holds (gaps).
const MAX_SAMPLES: u64 = 1 << 53;
const MAX_GAP: u64 = 1 << 31;
/// Most channels of a record.
const MAX_CHANNELS: u64 = 4096;

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn read_header(file: &NamedSource, warnings: &mut Vec<Warning>) -> Result<Header, ReadError> {
    if file.source.len() > MAX_HEADER {
        return Err(ReadError::Limit { what: format!("header of {} bytes", file.source.len()), max: MAX_HEADER });
    }
    let bytes = file.source.read_vec(0, MAX_HEADER as usize)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // Old headers are Latin-1; every byte is a character of the same number there.
        Err(error) => error.as_bytes().iter().map(|b| char::from(*b)).collect(),
    };
    header::parse(text.trim_start_matches('\u{feff}'), warnings)
}

/// The file that a header names, in the folder of the header or after a common rename.
fn companion<'a>(files: &'a Files, header_file: &str, named: &str, warnings: &mut Vec<Warning>) -> Result<&'a NamedSource, ReadError> {
    let plain = named.rsplit(['/', '\\']).next().unwrap_or(named);
    if let Some(file) = files.named(plain) {
        return Ok(file);
    }
    if let Some((_, extension)) = plain.rsplit_once('.') {
        let renamed = format!("{}.{extension}", stem(header_file));
        if let Some(file) = files.named(&renamed) {
            warnings.push(Warning::at("file name", 0, format!("the header names {plain}, which was not given; {renamed} was taken")));
            return Ok(file);
        }
    }
    Err(ReadError::Missing { file: plain.to_owned() })
}

/// A segment with its header.
struct Part {
    header: Header,
    groups: Vec<Group>,
    /// For each signal of the header: group and member.
    places: Vec<Option<(usize, usize)>>,
    frames: u64,
}

/// Opens the signal files of a single-segment header.
fn load(files: &Files, name: &str, header: Header, used: &mut Vec<String>, warnings: &mut Vec<Warning>) -> Result<Part, ReadError> {
    let mut groups: Vec<(String, Vec<(usize, &Signal)>)> = Vec::new();
    for (index, signal) in header.signals.iter().enumerate() {
        if signal.file == "~" || signal.format == 0 {
            continue;
        }
        if signal.file == "-" {
            return Err(ReadError::Unsupported { feature: "a signal file on standard input".into() });
        }
        match groups.iter_mut().find(|(file, _)| *file == signal.file) {
            Some((_, list)) => list.push((index, signal)),
            None => groups.push((signal.file.clone(), vec![(index, signal)])),
        }
    }
    let mut part = Part { groups: Vec::new(), places: vec![None; header.signals.len()], frames: 0, header: Header::default() };
    for (file, list) in &groups {
        let source = companion(files, name, file, warnings)?;
        let (_, first) = list[0];
        let format = Format::from_code(first.format)
            .ok_or_else(|| ReadError::Unsupported { feature: format!("WFDB signal format {}", first.format) })?;
        if let Some((_, other)) = list.iter().find(|(_, s)| s.format != first.format) {
            return Err(ReadError::malformed(other.at, format!("format: {file} holds format {} and {}", first.format, other.format)));
        }
        let (mut at, mut members) = (0usize, Vec::new());
        for (index, signal) in list {
            part.places[*index] = Some((part.groups.len(), members.len()));
            members.push(Member {
                at,
                per_frame: signal.per_frame,
                skew: signal.skew,
                gain: signal.gain,
                baseline: signal.baseline as f64,
                initial: signal.initial as i32,
                checksum: signal.checksum,
            });
            at += signal.per_frame;
            if at > MAX_WIDTH {
                return Err(ReadError::Limit { what: "samples in a frame".into(), max: MAX_WIDTH as u64 });
            }
        }
        part.groups.push(Group::new(Rc::clone(&source.source), format, first.offset, members));
        used.push(source.name.clone());
    }
    let held = part.groups.iter().map(|g| g.frames).min();
    part.frames = match (header.frames, held) {
        (Some(promised), Some(held)) if promised > held => {
            let what = format!("{promised} samples per signal are promised, the files hold {held}: those were taken");
            warnings.push(Warning::at("samples per signal", 0, what));
            held
        }
        (Some(promised), _) => promised,
        (None, held) => held.unwrap_or(0),
    };
    if let Some(promised) = header.frames {
        for (group, (file, _)) in part.groups.iter().zip(&groups) {
            if group.frames > promised {
                let what = format!("{file} holds {} frames more than the header says; they were left out", group.frames - promised);
                warnings.push(Warning::at("samples per signal", 0, what));
            }
        }
    }
    part.header = header;
    Ok(part)
}

/// The sums that do not agree, as warnings.
fn checksum_warnings(part: &Part, name: &str) -> Result<Vec<Warning>, ReadError> {
    let mut warnings = Vec::new();
    let source = |e: crate::model::SampleError| ReadError::Source { what: e.to_string(), offset: 0 };
    for (k, group) in part.groups.iter().enumerate() {
        if group.members.iter().all(|m| m.checksum.is_none()) {
            continue;
        }
        let sums = group.checksums(part.frames).map_err(source)?;
        for (index, signal) in part.header.signals.iter().enumerate() {
            let Some((_, member)) = part.places[index].filter(|place| place.0 == k) else { continue };
            if let Some(promised) = signal.checksum.filter(|sum| *sum != sums[member]) {
                let got = sums[member];
                let what = format!("signal {index} of {name} sums to {got}, the header says {promised}: samples were changed or lost");
                warnings.push(Warning::at("checksum", signal.at, what));
            }
        }
    }
    Ok(warnings)
}

/// Everything that was found, before it becomes a study.
struct Loaded {
    header: Header,
    parts: Vec<(u64, Option<Part>)>,
    layout: Option<Header>,
    used: Vec<String>,
    warnings: Vec<Warning>,
}

fn gather(files: &Files, main: usize) -> Result<Loaded, ReadError> {
    let file = &files.all[main];
    let head = file.source.read_vec(0, PROBE_BYTES)?;
    if !file.name.to_ascii_lowercase().ends_with(".hea") && !header::is_certainly_header(&String::from_utf8_lossy(&head)) {
        return Err(ReadError::Missing { file: format!("{}.hea", stem(&file.name)) });
    }
    let mut warnings = Vec::new();
    let mut used = vec![file.name.clone()];
    let mut header = read_header(file, &mut warnings)?;
    let Some(segments) = header.segments.take() else {
        let part = load(files, &file.name, header.clone(), &mut used, &mut warnings)?;
        return Ok(Loaded { header, parts: vec![(part.frames, Some(part))], layout: None, used, warnings });
    };
    let mut layout = None;
    let mut parts = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if segment.name == "~" {
            parts.push((segment.frames, None));
            continue;
        }
        let name = format!("{}.hea", segment.name);
        let source = files.named(&name).ok_or_else(|| ReadError::Missing { file: name.clone() })?;
        let mut inner = read_header(source, &mut warnings)?;
        used.push(source.name.clone());
        if inner.segments.is_some() {
            return Err(ReadError::malformed(0, format!("segment {name} is itself a multi-segment record")));
        }
        if index == 0 && segment.frames == 0 {
            layout = Some(inner);
            continue;
        }
        if (inner.fs_hz - header.fs_hz).abs() > 1e-9 * header.fs_hz {
            return Err(ReadError::Unsupported { feature: format!("segment {name} with another sampling frequency than the record") });
        }
        // The record's own list of lengths decides.
        inner.frames = Some(segment.frames).filter(|n| *n > 0);
        let part = load(files, &name, inner, &mut used, &mut warnings)?;
        parts.push((segment.frames, Some(part)));
    }
    Ok(Loaded { header, parts, layout, used, warnings })
}

/// Checks every sum that the headers promise, whatever the size; one pass over all samples.
///
/// # Errors
/// As opening.
pub fn verify(files: &Files, main: usize) -> Result<Vec<Warning>, ReadError> {
    let loaded = gather(files, main)?;
    let mut warnings = Vec::new();
    for part in loaded.parts.iter().filter_map(|(_, part)| part.as_ref()) {
        warnings.extend(checksum_warnings(part, &part.header.name)?);
    }
    Ok(warnings)
}

pub(super) fn open(files: &Files, main: usize) -> Result<Opened, ReadError> {
    let Loaded { header, mut parts, layout, mut used, mut warnings } = gather(files, main)?;
    let bytes: u64 = parts.iter().filter_map(|(_, p)| p.as_ref()).flat_map(|p| &p.groups).map(|g| g.source.len()).sum();
    if bytes <= VERIFY_BYTES {
        for (promised, part) in &parts {
            // A record cut short cannot sum up; that was said already.
            if let Some(part) = part.as_ref().filter(|p| p.frames == *promised) {
                warnings.extend(checksum_warnings(part, &part.header.name)?);
            }
        }
    }
    // The layout names the signals of a variable record, the first segment those of a fixed one.
    let signals: Vec<Signal> = match &layout {
        Some(layout) => layout.signals.clone(),
        None => parts.iter().find_map(|(_, p)| p.as_ref()).map(|p| p.header.signals.clone()).unwrap_or_default(),
    };
    if signals.len() as u64 > MAX_CHANNELS {
        return Err(ReadError::Limit { what: format!("number of signals ({})", signals.len()), max: MAX_CHANNELS });
    }
    let mut record =
        Record { segments: Vec::new(), per_frame: signals.iter().map(|s| s.per_frame as u64).collect(), fs_hz: header.fs_hz, frames: 0 };
    let single = parts.len() == 1;
    let mut gaps = 0u64;
    let mut scales: Vec<Option<Scale>> = vec![None; signals.len()];
    for (promised, part) in &mut parts {
        let frames = if single { part.as_ref().map_or(*promised, |p| p.frames) } else { *promised };
        let mut segment = SegmentData { start: record.frames, frames, groups: Vec::new(), map: vec![None; signals.len()] };
        if let Some(part) = part {
            for (channel, wanted) in signals.iter().enumerate() {
                // Fixed layout goes by position, variable layout by description.
                let by_name = || part.header.signals.iter().position(|s| s.description == wanted.description);
                let index = if layout.is_some() { by_name() } else { Some(channel).filter(|c| *c < part.header.signals.len()) };
                let Some(index) = index else { continue };
                let signal = &part.header.signals[index];
                if signal.per_frame != wanted.per_frame {
                    let feature = format!("signal {index} of segment {} with another number of samples per frame", part.header.name);
                    return Err(ReadError::Unsupported { feature });
                }
                segment.map[channel] = part.places[index];
                if let (None, Some((group, _))) = (&scales[channel], part.places[index]) {
                    scales[channel] = Some(scale(signal, part.groups[group].format));
                }
            }
            segment.groups = std::mem::take(&mut part.groups);
        }
        let held = segment.groups.iter().map(|g| g.frames).max().unwrap_or(0);
        gaps = gaps.saturating_add(frames.saturating_sub(held));
        record.frames = record.frames.saturating_add(frames);
        if gaps > MAX_GAP {
            return Err(ReadError::Limit { what: format!("{gaps} frames without samples"), max: MAX_GAP });
        }
        record.segments.push(segment);
    }
    let widest = record.per_frame.iter().copied().max().unwrap_or(1);
    if record.frames.saturating_mul(widest) > MAX_SAMPLES {
        return Err(ReadError::Limit { what: "number of samples of a channel".into(), max: MAX_SAMPLES });
    }
    if let Some(promised) = header.frames.filter(|n| *n != record.frames && !single) {
        let what = format!("the record line promises {promised} samples per signal, the segments add up to {}", record.frames);
        warnings.push(Warning::at("samples per signal", 0, what));
    }
    let info = parts.iter().find_map(|(_, p)| p.as_ref()).map_or(&header, |p| &p.header);
    let comments = if header.comments.is_empty() { &info.comments } else { &header.comments };
    let prefilter = prefilter(comments);
    let mut channels = Vec::with_capacity(signals.len());
    for (index, (signal, scale)) in signals.iter().zip(scales).enumerate() {
        // header(5) gives this name to a signal without description.
        let unnamed = || format!("record {}, signal {index}", header.name);
        let name = if signal.description.is_empty() { unnamed() } else { signal.description.clone() };
        channels.push(Channel {
            negative_up: false,
            name,
            unit: signal.unit.clone(),
            fs_hz: header.fs_hz * signal.per_frame as f64,
            n: record.frames * signal.per_frame as u64,
            transducer: String::new(),
            prefilter: prefilter.clone(),
            scale,
            skew_s: 0.0,
        });
    }
    let timed = if header.time.is_some() { &header } else { info };
    let mut recording = Recording {
        name: files.all[main].name.clone(),
        format: "WFDB".to_owned(),
        start: start_time(timed, &mut warnings),
        description: comments.join("\n"),
        timeline: Timeline::continuous(record.frames as f64 / header.fs_hz),
        channels,
        annotations: Vec::new(),
    };
    annotations::collect(files, stem(&files.all[main].name), header.fs_hz, &mut recording, &mut used, &mut warnings)?;
    let mut study = Study::default();
    study.subject.sex = sex(comments);
    study.recordings.push(recording);
    used.dedup();
    Ok(Opened { study, samples: vec![Rc::new(record) as Rc<dyn Samples>], warnings, used, ..Opened::default() })
}

fn scale(signal: &Signal, format: Format) -> Scale {
    let (low, high) = format.range();
    // The converter may use fewer bits than the format offers, but files often state too few.
    Scale { gain: 1.0 / signal.gain, offset: -(signal.baseline as f64) / signal.gain, digital_min: low, digital_max: high }
}

/// `HP:... LP:...` from the comments of EMGLAB headers (`high-pass filter: 8 Hz`).
fn prefilter(comments: &[String]) -> String {
    let find = |what: &str, mark: &str| {
        let value = comments.iter().find_map(|c| c.strip_prefix(what)).and_then(|c| c.strip_prefix(':'));
        value.map(|v| v.trim().replace(' ', "")).filter(|v| !v.is_empty()).map(|v| format!("{mark}:{v}"))
    };
    let parts: Vec<String> = [find("high-pass filter", "HP"), find("low-pass filter", "LP")].into_iter().flatten().collect();
    parts.join(" ")
}

/// `F` or `M` from `sex: M`, `<sex>: M` or `gender: f`.
fn sex(comments: &[String]) -> String {
    let find = |comment: &String| {
        let lower = comment.to_ascii_lowercase();
        let at = ["sex>:", "sex:", "gender:"].iter().find_map(|key| lower.find(key).map(|at| at + key.len()))?;
        match lower[at..].trim_start().chars().next()? {
            'f' => Some("F"),
            'm' => Some("M"),
            _ => None,
        }
    };
    comments.iter().find_map(find).unwrap_or("").to_owned()
}

/// Date and time as ISO 8601; a time without a date says nothing about the day and is left out.
fn start_time(header: &Header, warnings: &mut Vec<Warning>) -> Option<StartTime> {
    let date = header.date.as_deref()?;
    let iso = || {
        let mut fields = date.split('/');
        let mut number = |digits: usize| fields.next().filter(|f| f.len() <= digits).and_then(|f| f.parse::<u16>().ok());
        let (day, month, year) = (number(2)?, number(2)?, number(4)?);
        let date = jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        // HH:MM:SS, MM:SS or SS, with an optional fraction.
        let (clock, fraction) = header.time.as_deref()?.split_once('.').unwrap_or((header.time.as_deref()?, ""));
        let parts: Vec<u8> = clock.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
        let (h, m, s) = match parts[..] {
            [h, m, s] => (h, m, s),
            [m, s] => (0, m, s),
            [s] => (0, 0, s),
            _ => return None,
        };
        let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && fraction.len() <= 9;
        if h > 23 || m > 59 || s > 59 || !digits {
            return None;
        }
        let behind = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        Some(StartTime { iso: format!("{date}T{h:02}:{m:02}:{s:02}{behind}") })
    };
    let iso = iso();
    if iso.is_none() {
        warnings.push(Warning::at("base time", 0, "date and time of the record line are not understood and were left out"));
    }
    iso
}
