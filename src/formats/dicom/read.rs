//! From a data set to recordings.
//!
//! Multiplex groups of the same channels that follow each other in time are one recording with gaps;
//! groups of other rates over the same stretches belong to it; what overlaps is a recording of its own.

use std::rc::Rc;

use super::element::{Parser, Set};
use super::samples::{Kind, Line, Piece, Waveforms};
use super::{ANNOTATIONS, CHANNELS, CREATOR, Kept, NO_DATE, PRIVATE_CREATOR, PRIVATE_KEPT, Place, UNITS, WAVEFORMS};
use crate::formats::{ByteSource, NamedSource, Opened, ReadError};
use crate::model::{Annotation, Channel, Recording, Samples, Scale, Span, StartTime, Study, Subject, Timeline, Warning};

/// Channels of a file at most.
const MAX_CHANNELS: usize = 4096;
/// Longest private text that is read.
const MAX_KEPT: u32 = 64 << 20;

/// A channel as its group defines it.
#[derive(Debug, Clone)]
struct Defined {
    label: String,
    unit: String,
    gain: f64,
    offset: f64,
    number: Option<f64>,
    skew_s: f64,
    calibrated: bool,
}

/// One multiplex group.
struct Group {
    onset_s: f64,
    fs_hz: f64,
    n: u64,
    kind: Kind,
    data_offset: u64,
    padding: Option<i64>,
    channels: Vec<Defined>,
    /// Index of it in the file.
    at: usize,
}

impl Group {
    fn continues(&self, before: &Group) -> bool {
        let same = |(a, b): (&Defined, &Defined)| a.label == b.label && a.gain == b.gain && a.offset == b.offset && a.unit == b.unit;
        self.fs_hz == before.fs_hz
            && self.channels.len() == before.channels.len()
            && self.channels.iter().zip(&before.channels).all(same)
            && self.onset_s >= before.onset_s + (before.n as f64 - 0.5) / self.fs_hz
    }
}

/// A file: what it holds, and the place of its recording in a study of several.
pub(super) struct One {
    pub opened: Opened,
    pub place: Option<Place>,
}

pub(super) fn one(file: &NamedSource) -> Result<One, ReadError> {
    let source: &dyn ByteSource = file.source.as_ref();
    let len = source.len();
    let mut warnings = Vec::new();
    let (implicit, begin) = meta(source, len)?;
    let mut parser = Parser::new(source, implicit);
    let (set, _) = parser.set(begin, len, 0)?;
    if let Some(at) = parser.broken {
        warnings.push(Warning::at("data set", at, "the file ends early or is damaged here; what comes before was read"));
    }
    let latin = set.text(source, 0x0008_0005, true)?.contains("ISO_IR 100");
    let items = set.items(WAVEFORMS);
    if items.is_empty() {
        let class = set.text(source, 0x0008_0016, true)?;
        let what = if set.get(0x0042_0011).is_some() { "an encapsulated document" } else { "no waveform" };
        return Err(ReadError::Unsupported { feature: format!("a DICOM object with {what} (SOP class {class}): only waveforms") });
    }
    let mut groups = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match group(source, item, at, latin, &mut warnings) {
            Ok(group) => groups.push(group),
            Err(error @ ReadError::Source { .. }) => return Err(error),
            Err(error) => warnings.push(Warning::new(format!("multiplex group {} was left out: {error}", at + 1))),
        }
    }
    if groups.iter().map(|group| group.channels.len()).sum::<usize>() > MAX_CHANNELS {
        return Err(ReadError::Limit { what: "the number of channels".into(), max: MAX_CHANNELS as u64 });
    }
    if groups.is_empty() {
        let first = warnings.last().map_or_else(String::new, |warning| format!(": {}", warning.what));
        return Err(ReadError::Unsupported { feature: format!("what its waveforms are stored as{first}") });
    }
    let mut annotations = annotations(source, &set, latin, &mut warnings)?;
    let mut study = Study { subject: subject(source, &set, latin)?, ..Study::default() };
    let start = start(source, &set)?;
    let description = set.text(source, 0x0008_103E, latin)?;
    let mut samples: Vec<Rc<dyn Samples>> = Vec::new();
    for (at, of) in recordings(groups).into_iter().enumerate() {
        let (mut recording, lines, places) = joined(&of);
        recording.name = if at == 0 { file.name.clone() } else { format!("{} ({})", file.name, at + 1) };
        recording.start.clone_from(&start);
        recording.description.clone_from(&description);
        let own = |annotation: &mut (Annotation, Option<(usize, usize)>)| match annotation.1 {
            None => at == 0,
            Some(place) => {
                annotation.0.channel = places.iter().find(|(known, _)| *known == place).map(|(_, channel)| *channel);
                annotation.0.channel.is_some()
            }
        };
        recording.annotations = annotations.extract_if(.., own).map(|(annotation, _)| annotation).collect();
        recording.annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
        study.recordings.push(recording);
        samples.push(Rc::new(Waveforms { source: Rc::clone(&file.source), lines, scratch: Default::default() }));
    }
    let (mut edits, mut place) = (None, None);
    if let Some((kept, exact)) = kept(source, &set, &study, file, &mut warnings)? {
        study.recordings = vec![kept.recording];
        study.examination = kept.examination;
        samples = vec![exact];
        (edits, place) = (kept.edits, kept.place);
    }
    Ok(One { opened: Opened { study, samples, warnings, used: vec![file.name.clone()], edits }, place })
}

/// Whether values are implicit, and where the data set begins.
fn meta(source: &dyn ByteSource, len: u64) -> Result<(bool, u64), ReadError> {
    let mut parser = Parser::new(source, false);
    let head = source.read_vec(132, 12)?;
    let group = head.get(8..12).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes));
    let Some(group) = group.filter(|_| head.starts_with(&[2, 0, 0, 0, b'U', b'L'])) else {
        return Err(ReadError::malformed(132, "the file does not begin with the length of its meta information (0002,0000)"));
    };
    let end = 144u64.saturating_add(group.into()).min(len);
    let (set, _) = parser.set(144, end, 0)?;
    let syntax = set.text(source, 0x0002_0010, true)?;
    match syntax.as_str() {
        "1.2.840.10008.1.2.1" => Ok((false, end)),
        "1.2.840.10008.1.2" => Ok((true, end)),
        "1.2.840.10008.1.2.2" => Err(ReadError::Unsupported { feature: "big-endian DICOM".into() }),
        "1.2.840.10008.1.2.1.99" => Err(ReadError::Unsupported { feature: "deflated DICOM".into() }),
        _ => Err(ReadError::Unsupported { feature: format!("the DICOM transfer syntax '{}'", syntax.escape_default()) }),
    }
}

fn group(source: &dyn ByteSource, item: &Set, at: usize, latin: bool, warnings: &mut Vec<Warning>) -> Result<Group, ReadError> {
    let missing = |what: &str| ReadError::malformed(0, format!("{what} is missing or no number"));
    let bits = item.unsigned(source, 0x5400_1004)?.ok_or_else(|| missing("WaveformBitsAllocated"))?;
    let term = item.text(source, 0x5400_1006, true)?;
    let kind = Kind::of(&term, bits)
        .ok_or_else(|| ReadError::Unsupported { feature: format!("{bits}-bit samples of interpretation '{}'", term.escape_default()) })?;
    let fs_hz = item.number(source, 0x003A_001A)?.filter(|hz| *hz > 0.0).ok_or_else(|| missing("SamplingFrequency"))?;
    let stated = u64::from(item.unsigned(source, 0x003A_0010)?.ok_or_else(|| missing("NumberOfWaveformSamples"))?);
    let mut channels = Vec::new();
    for (index, of) in item.items(CHANNELS).iter().enumerate().take(MAX_CHANNELS + 1) {
        channels.push(defined(source, of, index, latin)?);
    }
    if channels.is_empty() {
        return Err(ReadError::malformed(0, "ChannelDefinitionSequence has no channel"));
    }
    if let Some(count) = item.unsigned(source, 0x003A_0005)?.filter(|count| *count as usize != channels.len()) {
        let what = format!("group {} states {count} channels and defines {}: those that are defined were read", at + 1, channels.len());
        warnings.push(Warning::new(what));
    }
    if channels.iter().any(|channel| !channel.calibrated) {
        let what = format!("group {} has channels without a sensitivity: their samples are shown as stored, without a unit", at + 1);
        warnings.push(Warning::new(what));
    }
    let data = item.get(0x5400_1010).ok_or_else(|| missing("WaveformData"))?;
    let there = u64::from(data.len) / (channels.len() * kind.width()) as u64;
    if there < stated {
        let what = format!("group {} states {stated} samples and holds {there}", at + 1);
        warnings.push(Warning::at("WaveformData", data.offset, what));
    }
    let padding = match item.get(0x5400_100A) {
        Some(of) => kind.decode(&source.read_vec(of.offset, (of.len as usize).min(4))?),
        None => None,
    };
    let onset_s = item.number(source, 0x0018_1068)?.unwrap_or(0.0) / 1e3;
    Ok(Group { onset_s, fs_hz, n: stated.min(there), kind, data_offset: data.offset, padding, channels, at })
}

fn defined(source: &dyn ByteSource, of: &Set, index: usize, latin: bool) -> Result<Defined, ReadError> {
    let mut label = of.text(source, 0x003A_0203, latin)?;
    let meaning = of.items(super::SOURCE).first().map(|code| code.text(source, 0x0008_0104, latin)).transpose()?.unwrap_or_default();
    // A label has 16 characters; its source may say more.
    if label.is_empty() || (meaning.len() > label.len() && meaning.starts_with(&label)) {
        label = meaning;
    }
    if label.is_empty() {
        label = format!("ch{}", index + 1);
    }
    let sensitivity = of.number(source, 0x003A_0210)?.filter(|gain| *gain != 0.0);
    let correction = of.number(source, 0x003A_0212)?.filter(|factor| *factor != 0.0).unwrap_or(1.0);
    let gain = sensitivity.map(|gain| gain * correction).filter(|gain| gain.is_finite() && *gain != 0.0);
    let code = of.items(UNITS).first().map(|code| code.text(source, 0x0008_0100, latin)).transpose()?;
    Ok(Defined {
        label,
        unit: code.filter(|_| gain.is_some()).map(|code| super::units::unit(&code)).unwrap_or_default(),
        gain: gain.unwrap_or(1.0),
        offset: gain.and(of.number(source, 0x003A_0213)?).unwrap_or(0.0),
        number: of.number(source, 0x003A_0202)?,
        skew_s: of.number(source, 0x003A_0214)?.unwrap_or(0.0),
        calibrated: gain.is_some(),
    })
}

/// The groups of each recording: classes of one rate, each in order of time.
fn recordings(groups: Vec<Group>) -> Vec<Vec<Vec<Group>>> {
    let mut classes: Vec<Vec<Group>> = Vec::new();
    for group in groups {
        match classes.iter_mut().find(|class| class.last().is_some_and(|last| group.continues(last))) {
            Some(class) => class.push(group),
            None => classes.push(vec![group]),
        }
    }
    let mut out: Vec<Vec<Vec<Group>>> = Vec::new();
    for class in classes {
        let beside = |of: &&mut Vec<Vec<Group>>| {
            let first = &of[0];
            let near = |(a, b): (&Group, &Group)| {
                let step = 1.0 / a.fs_hz.min(b.fs_hz);
                (a.onset_s - b.onset_s).abs() < step && (a.n as f64 / a.fs_hz - b.n as f64 / b.fs_hz).abs() <= step
            };
            // The same rate at the same time is another recording, unless only its length differs.
            let other = of.iter().all(|known| known[0].fs_hz != class[0].fs_hz);
            other && first.len() == class.len() && first.iter().zip(&class).all(near)
        };
        match out.iter_mut().find(beside) {
            Some(of) => of.push(class),
            None => out.push(vec![class]),
        }
    }
    out
}

/// Place of a channel in the file (group, channel), and in the recording.
type Places = Vec<((usize, usize), usize)>;

/// A channel with its number and its places in the file.
type Found = (Option<f64>, Channel, Line, Vec<(usize, usize)>);

fn joined(classes: &[Vec<Group>]) -> (Recording, Vec<Line>, Places) {
    let mut spans = Vec::new();
    let mut stored_s = 0.0;
    for group in &classes[0] {
        let duration_s = group.n as f64 / group.fs_hz;
        spans.push(Span { onset_s: group.onset_s, stored_s, duration_s });
        stored_s += duration_s;
    }
    let mut found: Vec<Found> = Vec::new();
    for class in classes {
        for (at, defined) in class[0].channels.iter().enumerate() {
            let (mut pieces, mut start, mut places) = (Vec::new(), 0, Vec::new());
            for group in class {
                let Group { n, data_offset, kind, padding, .. } = *group;
                pieces.push(Piece { start, n, data_offset, kind, channels: group.channels.len(), at, padding });
                places.push((group.at, at));
                start += n;
            }
            let limits = class.iter().map(|group| group.kind.limits()).fold((0, 0), |a, b| (a.0.min(b.0), a.1.max(b.1)));
            let scale = Scale { gain: defined.gain, offset: defined.offset, digital_min: limits.0, digital_max: limits.1 };
            let channel = Channel {
                name: defined.label.clone(),
                unit: defined.unit.clone(),
                fs_hz: class[0].fs_hz,
                n: start,
                transducer: String::new(),
                prefilter: String::new(),
                scale: Some(scale),
                negative_up: false,
                skew_s: defined.skew_s,
            };
            found.push((defined.number, channel, Line { gain: defined.gain, offset: defined.offset, n: start, pieces }, places));
        }
    }
    // Numbers of channels order those of several rates.
    if classes.len() > 1 && found.iter().all(|(number, ..)| number.is_some()) {
        found.sort_by(|a, b| a.0.unwrap_or(0.0).total_cmp(&b.0.unwrap_or(0.0)));
    }
    let mut recording = Recording { format: "DICOM".into(), timeline: Timeline { spans }, ..Recording::default() };
    let (mut lines, mut places) = (Vec::new(), Vec::new());
    for (at, (_, channel, line, of)) in found.into_iter().enumerate() {
        recording.channels.push(channel);
        lines.push(line);
        places.extend(of.into_iter().map(|place| (place, at)));
    }
    (recording, lines, places)
}

/// Annotations with the channel in the file that they are about.
type Placed = (Annotation, Option<(usize, usize)>);

fn annotations(source: &dyn ByteSource, set: &Set, latin: bool, warnings: &mut Vec<Warning>) -> Result<Vec<Placed>, ReadError> {
    let (mut out, mut left_out) = (Vec::new(), 0);
    for item in set.items(ANNOTATIONS) {
        let times = item.numbers(source, 0x0040_A138)?;
        let text = item.text(source, 0x0070_0006, latin)?;
        let Some(onset_s) = times.first().copied().filter(|_| !text.is_empty()) else {
            left_out += 1;
            continue;
        };
        let place = match item.get(0x0040_A0B0) {
            Some(of) => source.read_vec(of.offset, of.len.min(4) as usize)?,
            None => Vec::new(),
        };
        let place = place.first_chunk::<4>().map(|[a, b, c, d]| (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d])));
        let place = place.filter(|(group, channel)| *group > 0 && *channel > 0);
        let duration_s = times.get(1).map(|end_s| end_s - onset_s).filter(|length| *length >= 0.0);
        let annotation = Annotation { onset_s, duration_s, text, channel: None };
        out.push((annotation, place.map(|(group, channel)| (usize::from(group) - 1, usize::from(channel) - 1))));
    }
    if left_out > 0 {
        let what = format!("{left_out} annotations have no text or no time in seconds (codes, sample positions) and were left out");
        warnings.push(Warning { field: Some("WaveformAnnotationSequence".into()), ..Warning::new(what) });
    }
    Ok(out)
}

fn subject(source: &dyn ByteSource, set: &Set, latin: bool) -> Result<Subject, ReadError> {
    let name = set.text(source, 0x0010_0010, latin)?;
    let name: Vec<&str> = name.split('^').map(str::trim).filter(|part| !part.is_empty()).collect();
    let born = set.text(source, 0x0010_0030, latin)?;
    let age = set.text(source, 0x0010_1010, latin)?;
    let age = age.strip_suffix('Y').and_then(|years| years.trim().parse::<f64>().ok()).filter(|years| years.is_finite());
    Ok(Subject {
        code: set.text(source, 0x0010_0020, latin)?,
        name: name.join(" "),
        sex: match set.text(source, 0x0010_0040, latin)?.as_str() {
            sex @ ("F" | "M") => sex.to_owned(),
            "O" => "X".into(),
            _ => String::new(),
        },
        birth_date: dashed(&born).unwrap_or_default(),
        height_cm: set.number(source, 0x0010_1020)?.filter(|m| *m > 0.0).map(|m| m * 100.0),
        age_years: age,
    })
}

/// `1951-05-02` of `19510502`.
fn dashed(date: &str) -> Option<String> {
    let digits = date.get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

fn start(source: &dyn ByteSource, set: &Set) -> Result<Option<StartTime>, ReadError> {
    let text = set.text(source, 0x0008_002A, true)?;
    let Some(date) = dashed(&text).filter(|_| !text.starts_with(NO_DATE)) else { return Ok(None) };
    let time = text.get(8..14).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or("000000");
    let fraction = text.get(14..).filter(|rest| rest.starts_with('.')).map(|rest| rest.split(['+', '-', '&']).next().unwrap_or_default());
    let iso = format!("{date}T{}:{}:{}{}", &time[..2], &time[2..4], &time[4..], fraction.unwrap_or_default());
    Ok(Some(StartTime { iso }))
}

/// What was kept, with samples of the steps that it states.
type Whole = (Kept, Rc<dyn Samples>);

/// What this program kept beside the attributes, if it fits what they say.
fn kept(
    source: &dyn ByteSource,
    set: &Set,
    study: &Study,
    file: &NamedSource,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Whole>, ReadError> {
    let Some(element) = set.get(PRIVATE_KEPT).filter(|element| element.len <= MAX_KEPT) else { return Ok(None) };
    if set.text(source, PRIVATE_CREATOR, true)? != CREATOR {
        return Ok(None);
    }
    let bytes = source.read_vec(element.offset, element.len as usize)?;
    let kept = std::str::from_utf8(&bytes).ok().and_then(|text| serde_json::from_str::<Kept>(text.trim_end_matches(' ')).ok());
    let fitting = kept.filter(|kept| fits(kept, study));
    let ([recording], Some(mut kept)) = (study.recordings.as_slice(), fitting) else {
        warnings
            .push(Warning::new("what this program had kept in the file does not fit its waveforms any more: the waveforms were believed"));
        return Ok(None);
    };
    // The attributes hold the samples; the steps stand there with sixteen characters.
    let mut groups = Vec::new();
    for (at, item) in set.items(WAVEFORMS).iter().enumerate() {
        groups.extend(group(source, item, at, false, &mut Vec::new()));
    }
    let all = recordings(groups);
    let Some(classes) = all.first() else { return Ok(None) };
    let (_, mut lines, _) = joined(classes);
    for (line, [gain, offset]) in lines.iter_mut().zip(&kept.scales) {
        (line.gain, line.offset) = (*gain, *offset);
    }
    for ((channel, [gain, offset]), read) in kept.recording.channels.iter_mut().zip(&kept.scales).zip(&recording.channels) {
        if channel.scale.is_none_or(|scale| scale.gain != *gain || scale.offset != *offset) {
            channel.scale = read.scale.map(|scale| Scale { gain: *gain, offset: *offset, ..scale });
        }
    }
    kept.recording.name.clone_from(&recording.name);
    kept.recording.format.clone_from(&recording.format);
    let samples = Waveforms { source: Rc::clone(&file.source), lines, scratch: Default::default() };
    Ok(Some((kept, Rc::new(samples))))
}

/// Whether what was kept is about these waveforms and contradicts nothing.
fn fits(kept: &Kept, study: &Study) -> bool {
    let [recording] = study.recordings.as_slice() else { return false };
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-3);
    let of = &kept.recording;
    let channels = of.channels.len() == recording.channels.len()
        && kept.scales.len() == of.channels.len()
        && of.channels.iter().zip(&recording.channels).zip(&kept.scales).all(|((own, read), [gain, offset])| {
            let stored = read
                .scale
                .is_some_and(|scale| near(*gain, scale.gain) && (offset - scale.offset).abs() <= 1e-6 * scale.offset.abs().max(gain.abs()));
            own.n == read.n && near(own.fs_hz, read.fs_hz) && own.fs_hz > 0.0 && stored
        });
    let spans = of.timeline.spans.len() == recording.timeline.spans.len()
        && of
            .timeline
            .spans
            .iter()
            .zip(&recording.timeline.spans)
            .all(|(a, b)| (a.onset_s - b.onset_s).abs() < 1e-6 * b.onset_s.abs().max(1.0));
    let sweeps = &kept.examination.sweeps;
    let (number, all) = kept.place.as_ref().map_or((0, 1), |place| (place.number, place.of));
    let inside = number < all
        && sweeps.iter().all(|sweep| {
            let channel = of.channels.get(sweep.channel);
            let holds = |channel: &Channel| sweep.start.checked_add(sweep.n).is_some_and(|end| end <= channel.n);
            if sweep.recording == number { channel.is_some_and(holds) } else { sweep.recording < all }
        });
    let sites = kept.examination.tests.iter().flat_map(|test| &test.sites).flat_map(|site| &site.sweeps);
    channels && spans && inside && sites.copied().all(|id| id < sweeps.len()) && of.annotations.iter().all(|of| of.onset_s.is_finite())
}
