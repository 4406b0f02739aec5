//! BrainVision: a header (`.vhdr`) that names a file of numbers and one of markers.
//!
//! Read: binary numbers of 16 and 32 bits and 32-bit floating point, multiplexed (all channels of a
//! moment together); what the core data format 1.0 of Brain Products calls the usual case. Markers
//! become annotations (`Stimulus/S255`); `New Segment` behind the first sample is kept as one. A
//! header names its companions by the names they had when they were recorded; files that were
//! renamed together are found by the header's own name.
//!
//! NaN of floating-point files stays NaN; there are no gaps. Cost: the two text files, then ranges.

use std::rc::Rc;

use super::interleaved::{Frames, Interleaved, Kind};
use super::{Files, NamedSource, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Annotation, Channel, Recording, Samples, Scale, StartTime, Study, Timeline, Warning};

/// Largest header or marker file that is read, bytes.
const MAX_TEXT: u64 = 16 << 20;
/// Most channels and markers.
const MAX_CHANNELS: usize = 4096;
const MAX_MARKERS: usize = 200_000;

/// Reader of BrainVision recordings.
#[derive(Debug, Clone, Copy)]
pub struct BrainVision;

impl Reader for BrainVision {
    fn name(&self) -> &'static str {
        "BrainVision"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["vhdr", "vmrk", "eeg"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let first = String::from_utf8_lossy(head.get(..200.min(head.len())).unwrap_or_default()).into_owned();
        let first = first.trim_start_matches('\u{feff}');
        let signed = ["Brain Vision Data Exchange Header File", "BrainVision Data Exchange Header File"];
        match () {
            () if signed.iter().any(|words| first.starts_with(words)) => 100,
            () if name.to_ascii_lowercase().ends_with(".vhdr") => 10,
            () => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, _: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        let header = Sections::parse(&text(file)?);
        let mut warnings = Vec::new();
        let layout = layout(&header)?;
        let stem = file.name.rsplit_once('.').map_or(file.name.as_str(), |(stem, _)| stem);
        let stated = header.value("Common Infos", "DataFile").unwrap_or_default();
        let data = companion(files, &stated, &[&format!("{stem}.eeg"), &format!("{stem}.dat")])
            .ok_or_else(|| ReadError::Missing { file: if stated.is_empty() { format!("{stem}.eeg") } else { stated.clone() } })?;
        let mut used = vec![file.name.clone(), data.name.clone()];
        let frame = (layout.channels.len() * layout.width) as u64;
        let frames = data.source.len() / frame;
        if data.source.len() % frame != 0 {
            let left = data.source.len() % frame;
            warnings.push(Warning::at(
                "DataFile",
                frames * frame,
                format!("{left} bytes at the end are no whole moment and were left out"),
            ));
        }
        let fs_hz = 1e6 / layout.interval_us;
        let mut start = None;
        let marker_file = header.value("Common Infos", "MarkerFile").unwrap_or_default();
        let mut annotations = Vec::new();
        match companion(files, &marker_file, &[&format!("{stem}.vmrk")]) {
            Some(markers) => {
                used.push(markers.name.clone());
                let sections = Sections::parse(&text(markers)?);
                annotations = read_markers(&sections, fs_hz, frames, &mut start, &mut warnings);
            }
            None if marker_file.is_empty() => {}
            None => {
                let what = format!("{marker_file} was not given: there are no markers. Open it together with the header");
                warnings.push(Warning { field: Some("MarkerFile".into()), ..Warning::new(what) });
            }
        }
        let gains: Vec<f64> = layout.channels.iter().map(|channel| channel.gain).collect();
        let limit = 1_i64 << (8 * layout.width as u32 - 1);
        let channels = layout.channels.iter().map(|channel| Channel {
            negative_up: false,
            name: channel.name.clone(),
            unit: channel.unit.clone(),
            fs_hz,
            n: frames,
            transducer: String::new(),
            prefilter: String::new(),
            scale: (layout.kind == Kind::Integer).then_some(Scale {
                gain: channel.gain,
                offset: 0.0,
                digital_min: -limit,
                digital_max: limit - 1,
            }),
            skew_s: 0.0,
        });
        let recording = Recording {
            name: file.name.clone(),
            format: "BrainVision".into(),
            start,
            description: String::new(),
            channels: channels.collect(),
            timeline: Timeline::continuous(frames as f64 / fs_hz),
            annotations,
        };
        let layout = Frames { kind: layout.kind, width: layout.width, channels: layout.channels.len(), data_offset: 0, frames, gains };
        let samples: Rc<dyn Samples> = Rc::new(Interleaved::new(Rc::clone(&data.source), layout));
        Ok(Opened {
            study: Study { recordings: vec![recording], ..Study::default() },
            samples: vec![samples],
            warnings,
            used,
            ..Opened::default()
        })
    }
}

/// The companion that a header names, else the first of `others` that was given.
fn companion<'a>(files: &'a Files, stated: &str, others: &[&str]) -> Option<&'a NamedSource> {
    let bare = stated.rsplit(['/', '\\']).next().unwrap_or_default();
    files.named(bare).filter(|_| !bare.is_empty()).or_else(|| others.iter().find_map(|name| files.named(name)))
}

fn text(file: &NamedSource) -> Result<String, ReadError> {
    let len = file.source.len();
    if len > MAX_TEXT {
        return Err(ReadError::Limit { what: format!("{} ({len} bytes)", file.name), max: MAX_TEXT });
    }
    let bytes = file.source.read_vec(0, len as usize)?;
    // Older recorders wrote Latin-1, where only the micro sign matters.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()))
}

/// Sections of `key=value` lines; comments and the free text of `[Comment]` are left out.
struct Sections {
    rows: Vec<(String, String, String)>,
}

impl Sections {
    fn parse(text: &str) -> Self {
        let (mut section, mut rows) = (String::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(';')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=')
                && !section.eq_ignore_ascii_case("Comment")
            {
                rows.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self { rows }
    }

    fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.rows.iter().filter(move |(of, _, _)| of.eq_ignore_ascii_case(section)).map(|(_, key, value)| (key.as_str(), value.as_str()))
    }

    fn value(&self, section: &str, key: &str) -> Option<String> {
        self.of(section).find(|(of, _)| of.eq_ignore_ascii_case(key)).map(|(_, value)| value.to_owned())
    }
}

struct ChannelInfo {
    name: String,
    unit: String,
    gain: f64,
}

struct Layout {
    kind: Kind,
    width: usize,
    interval_us: f64,
    channels: Vec<ChannelInfo>,
}

fn layout(header: &Sections) -> Result<Layout, ReadError> {
    let common = |key: &str| header.value("Common Infos", key);
    let wanted = |key: &str, of: Option<String>| of.ok_or_else(|| ReadError::malformed(0, format!("the header has no {key}")));
    if let Some(format) = common("DataFormat").filter(|format| !format.eq_ignore_ascii_case("BINARY")) {
        return Err(ReadError::Unsupported { feature: format!("DataFormat={format}") });
    }
    if let Some(order) = common("DataOrientation").filter(|order| !order.eq_ignore_ascii_case("MULTIPLEXED")) {
        return Err(ReadError::Unsupported { feature: format!("DataOrientation={order}") });
    }
    let binary = header.value("Binary Infos", "BinaryFormat");
    let (kind, width) = match wanted("BinaryFormat", binary)?.to_ascii_uppercase().as_str() {
        "INT_16" => (Kind::Integer, 2),
        "INT_32" => (Kind::Integer, 4),
        "IEEE_FLOAT_32" => (Kind::Float, 4),
        other => return Err(ReadError::Unsupported { feature: format!("BinaryFormat={other}") }),
    };
    if header.value("Binary Infos", "UseBigEndianOrder").is_some_and(|order| order.eq_ignore_ascii_case("YES")) {
        return Err(ReadError::Unsupported { feature: "UseBigEndianOrder=YES".into() });
    }
    let number = |key: &str| wanted(key, common(key)).map(|text| text.replace(',', ".").parse::<f64>().unwrap_or(f64::NAN));
    let interval_us = number("SamplingInterval")?;
    if !(1e-3..=1e9).contains(&interval_us) {
        return Err(ReadError::malformed(0, "SamplingInterval is no number of microseconds"));
    }
    let count = number("NumberOfChannels")?;
    if !(count >= 1.0 && count <= MAX_CHANNELS as f64) {
        return Err(ReadError::malformed(0, format!("NumberOfChannels must lie between 1 and {MAX_CHANNELS}")));
    }
    let channel = |index: usize| {
        let fields: Vec<String> = header
            .value("Channel Infos", &format!("Ch{}", index + 1))
            .unwrap_or_default()
            .split(',')
            .map(|field| field.replace("\\1", ","))
            .collect();
        let field = |at: usize| fields.get(at).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        ChannelInfo {
            name: field(0).unwrap_or_else(|| format!("Ch{}", index + 1)),
            gain: field(2).and_then(|text| text.parse().ok()).filter(|gain: &f64| gain.is_finite() && *gain != 0.0).unwrap_or(1.0),
            // The specification's default.
            unit: field(3).unwrap_or_else(|| "\u{b5}V".into()),
        }
    };
    Ok(Layout { kind, width, interval_us, channels: (0..count as usize).map(channel).collect() })
}

/// Markers as annotations: `type/description`, at their position (counted from 1).
fn read_markers(
    sections: &Sections,
    fs_hz: f64,
    frames: u64,
    start: &mut Option<StartTime>,
    warnings: &mut Vec<Warning>,
) -> Vec<Annotation> {
    let mut out = Vec::new();
    let (mut unread, mut outside) = (0_u32, 0_u32);
    for (key, value) in sections.of("Marker Infos").take(MAX_MARKERS) {
        let fields: Vec<&str> = value.split(',').collect();
        let [kind, description, position, rest @ ..] = fields.as_slice() else {
            unread += u32::from(key.starts_with("Mk"));
            continue;
        };
        let Ok(position) = position.trim().parse::<u64>() else {
            unread += 1;
            continue;
        };
        if kind.eq_ignore_ascii_case("New Segment") && position <= 1 {
            *start = start.take().or_else(|| rest.get(2).and_then(|date| moment(date)));
            continue;
        }
        if position == 0 || position > frames {
            outside += 1;
            continue;
        }
        let words: Vec<String> =
            [kind, description].iter().map(|text| text.trim().replace("\\1", ",")).filter(|text| !text.is_empty()).collect();
        let size = rest.first().and_then(|size| size.trim().parse::<f64>().ok()).filter(|size| *size > 1.0);
        let channel = rest.get(1).and_then(|channel| channel.trim().parse::<usize>().ok()).and_then(|channel| channel.checked_sub(1));
        out.push(Annotation {
            onset_s: (position - 1) as f64 / fs_hz,
            duration_s: size.map(|size| size / fs_hz),
            text: words.join("/"),
            channel,
        });
    }
    for (count, what) in [(unread, "could not be read"), (outside, "lie outside the recording")] {
        if count > 0 {
            warnings
                .push(Warning { field: Some("Marker Infos".into()), ..Warning::new(format!("{count} markers {what} and were left out")) });
        }
    }
    out
}

/// `20220920164101214738` as ISO 8601.
fn moment(text: &str) -> Option<StartTime> {
    let text = text.trim();
    if text.len() < 14 || !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with("0000") {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to);
    Some(StartTime { iso: format!("{}-{}-{}T{}:{}:{}", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?) })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use crate::formats::{Files, NamedSource, OpenOptions, Opened, ReadError, SliceSource, open};

    const HEADER: &str = "BrainVision Data Exchange Header File Version 1.0\r\n[Common Infos]\r\nDataFile=old.eeg\r\nMarkerFile=old.vmrk\r\nDataFormat=BINARY\r\nDataOrientation=MULTIPLEXED\r\nNumberOfChannels=2\r\nSamplingInterval=200\r\n[Binary Infos]\r\nBinaryFormat=INT_16\r\n[Channel Infos]\r\nCh1=L\\1FDI,,0.5,\u{b5}V\r\nCh2=RFDI,,,mV\r\n[Comment]\r\nCh1=not a channel\r\n";
    const MARKERS: &str = "BrainVision Data Exchange Marker File Version 1.0\n[Marker Infos]\nMk1=New Segment,,1,1,0,20220920164101214738\nMk2=Stimulus,S255,11,1,0\nMk3=Comment,a\\1b,12,10,2\nMk4=Stimulus,S1,9999,1,0\nMk5=Stimulus\n";

    fn files(list: &[(&str, &[u8])]) -> Files {
        let named =
            |(name, bytes): &(&str, &[u8])| NamedSource { name: (*name).into(), source: Rc::new(SliceSource::from(bytes.to_vec())) };
        Files { all: list.iter().map(named).collect() }
    }

    fn data() -> Vec<u8> {
        (0..40_i16).flat_map(|k| [k.to_le_bytes(), (-k).to_le_bytes()].concat()).collect()
    }

    fn first(files: &Files) -> Result<Opened, ReadError> {
        open(files, &OpenOptions::default()).into_iter().next().unwrap().1
    }

    #[test]
    fn numbers_markers_and_names_are_read_from_renamed_files() {
        let opened = first(&files(&[("x.vhdr", HEADER.as_bytes()), ("x.eeg", &data()), ("x.vmrk", MARKERS.as_bytes())])).unwrap();
        let recording = &opened.study.recordings[0];
        assert_eq!(
            recording.channels.iter().map(|c| (c.name.as_str(), c.unit.as_str())).collect::<Vec<_>>(),
            [("L,FDI", "\u{b5}V"), ("RFDI", "mV")]
        );
        assert!((recording.channels[0].fs_hz - 5000.0).abs() < 1e-9);
        assert_eq!(recording.start.as_ref().unwrap().iso, "2022-09-20T16:41:01");
        let texts: Vec<_> =
            recording.annotations.iter().map(|a| (a.text.as_str(), (a.onset_s * 5000.0).round() as i64, a.channel)).collect();
        assert_eq!(texts, [("Stimulus/S255", 10, None), ("Comment/a,b", 11, Some(1))]);
        let mut out = [0.0; 3];
        opened.samples[0].read(0, 5, &mut out).unwrap();
        assert_eq!(out, [2.5, 3.0, 3.5]);
        assert_eq!(opened.warnings.len(), 2, "one marker outside, one unreadable: {:?}", opened.warnings);
        assert_eq!(opened.used.len(), 3);
        // The stimulus made a sweep of each channel.
        assert_eq!(opened.study.examination.tests.len(), 2);
    }

    #[test]
    fn what_is_missing_or_not_read_is_named() {
        let missing = first(&files(&[("x.vhdr", HEADER.as_bytes())]));
        assert!(matches!(missing, Err(ReadError::Missing { file }) if file == "old.eeg"));
        for (from, to, words) in [
            ("MULTIPLEXED", "VECTORIZED", "VECTORIZED"),
            ("INT_16", "INT_99", "INT_99"),
            ("SamplingInterval=200", "SamplingInterval=0", "SamplingInterval"),
            ("NumberOfChannels=2", "NumberOfChannels=-1", "NumberOfChannels"),
            ("BinaryFormat=INT_16", "", "BinaryFormat"),
        ] {
            let header = HEADER.replace(from, to);
            let error = first(&files(&[("x.vhdr", header.as_bytes()), ("x.eeg", &data())])).err().unwrap();
            assert!(error.to_string().contains(words), "{error}");
        }
        let cut = first(&files(&[("x.vhdr", HEADER.as_bytes()), ("x.eeg", &data()[..9])])).unwrap();
        assert_eq!(cut.study.recordings[0].channels[0].n, 2);
        assert!(cut.warnings.iter().any(|w| w.what.contains("1 bytes")) && cut.warnings.iter().any(|w| w.what.contains("old.vmrk")));
    }
}
