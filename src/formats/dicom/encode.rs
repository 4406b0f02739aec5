//! Elements to bytes, and the attributes that stand before the waveforms.

use super::write::{CLASS, UNKNOWN_DATE, identifier};
use crate::formats::Export;
use crate::model::{Subject, Warning};

/// Appends elements in the order in which they are given, which must be that of their tags.
#[derive(Debug, Default)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    /// Goes on behind `bytes`.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// What was built so far, taken out.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn tag(&mut self, tag: u32) {
        self.bytes.extend(((tag >> 16) as u16).to_le_bytes());
        self.bytes.extend((tag as u16).to_le_bytes());
    }

    /// Head of an element with a length of four bytes.
    pub fn long_head(&mut self, tag: u32, vr: &[u8; 2], len: u32) {
        self.tag(tag);
        self.bytes.extend(vr);
        self.bytes.extend([0, 0]);
        self.bytes.extend(len.to_le_bytes());
    }

    /// An element of any kind; an odd value gets a padding byte.
    pub fn bytes(&mut self, tag: u32, vr: &[u8; 2], value: &[u8]) {
        let pad = value.len() % 2;
        if [b"OB", b"OW", b"UT", b"UC", b"UN"].contains(&vr) {
            self.long_head(tag, vr, (value.len() + pad) as u32);
        } else {
            self.tag(tag);
            self.bytes.extend(vr);
            self.bytes.extend(((value.len() + pad) as u16).to_le_bytes());
        }
        self.bytes.extend(value);
        if pad == 1 {
            self.bytes.push(if matches!(vr, b"UI" | b"OB" | b"OW") { 0 } else { b' ' });
        }
    }

    /// A text.
    pub fn text(&mut self, tag: u32, vr: &[u8; 2], text: &str) {
        self.bytes(tag, vr, text.as_bytes());
    }

    /// A number of two bytes.
    pub fn u16(&mut self, tag: u32, value: u16) {
        self.bytes(tag, b"US", &value.to_le_bytes());
    }

    /// A number of four bytes.
    pub fn u32(&mut self, tag: u32, value: u32) {
        self.bytes(tag, b"UL", &value.to_le_bytes());
    }

    /// Begins a sequence.
    pub fn begin_sequence(&mut self, tag: u32) {
        self.long_head(tag, b"SQ", u32::MAX);
    }

    /// Ends it.
    pub fn end_sequence(&mut self) {
        self.tag(0xFFFE_E0DD);
        self.bytes.extend([0; 4]);
    }

    /// Begins an item.
    pub fn begin_item(&mut self) {
        self.tag(0xFFFE_E000);
        self.bytes.extend(u32::MAX.to_le_bytes());
    }

    /// Ends it.
    pub fn end_item(&mut self) {
        self.tag(0xFFFE_E00D);
        self.bytes.extend([0; 4]);
    }

    /// An item that is a code.
    pub fn code(&mut self, value: &str, scheme: &str, meaning: &str) {
        self.begin_item();
        self.text(0x0008_0100, b"SH", &short(value, 16));
        self.text(0x0008_0102, b"SH", scheme);
        self.text(0x0008_0104, b"LO", &short(meaning, 64));
        self.end_item();
    }
}

/// At most `most` characters, without the one that divides values and without control characters.
pub(super) fn short(text: &str, most: usize) -> String {
    text.chars().map(|c| if c == '\\' { '/' } else { c }).filter(|c| !c.is_control() || *c == '\n').take(most).collect()
}

/// A decimal string: at most 16 characters, as near to the value as they allow.
pub(super) fn ds(value: f64) -> String {
    let fits = |text: &String| text.len() <= 16;
    let mut texts: Vec<String> = vec![format!("{value}"), format!("{value:e}")];
    texts.extend((0..16).flat_map(|digits| [format!("{value:.digits$}"), format!("{value:.digits$e}")]));
    let error = |text: &String| (text.parse::<f64>().unwrap_or(f64::INFINITY) - value).abs();
    texts.into_iter().filter(fits).min_by(|a, b| error(a).total_cmp(&error(b))).unwrap_or_else(|| "0".into())
}

/// An identifier of 128 bits of a hash.
pub(super) fn uid(hash: &[u8]) -> String {
    let bits = hash.iter().take(16).fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    // Version 8 and variant of RFC 9562: a UUID by a rule of one's own.
    let bits = (bits & !(0xF << 76) | (0x8 << 76)) & !(0x3 << 62) | (0x2 << 62);
    format!("2.25.{bits}")
}

/// Preamble and meta information.
pub(super) fn meta(class: &str, instance: &str) -> Vec<u8> {
    let mut meta = Builder::default();
    meta.bytes(0x0002_0001, b"OB", &[0, 1]);
    meta.text(0x0002_0002, b"UI", class);
    meta.text(0x0002_0003, b"UI", instance);
    meta.text(0x0002_0010, b"UI", "1.2.840.10008.1.2.1");
    meta.text(0x0002_0012, b"UI", &identifier(&[b"myoscope"]));
    meta.text(0x0002_0013, b"SH", "MYOSCOPE");
    let meta = meta.take();
    let mut out = Builder { bytes: vec![0; 128] };
    out.bytes.extend(b"DICM");
    out.u32(0x0002_0000, meta.len() as u32);
    out.bytes.extend(meta);
    out.take()
}

/// `20250929` and `212813` of an ISO time.
pub(super) fn date_time(iso: &str) -> Option<(String, String)> {
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let date: String = date.chars().filter(char::is_ascii_digit).collect();
    let time: String = time.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(13).collect();
    (date.len() == 8).then_some((date, if time.len() >= 6 { time } else { "000000".into() }))
}

/// Birth dates as EDF writes them, or with dashes, as `YYYYMMDD`.
fn birth(text: &str) -> String {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let parts: Vec<&str> = text.split('-').collect();
    if let [day, month, year] = parts.as_slice()
        && let Some(at) = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month))
    {
        return format!("{year}{:02}{day:0>2}", at + 1);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 8 { digits } else { String::new() }
}

/// The person, element by element.
pub(super) fn patient(out: &mut Builder, subject: &Subject) {
    out.text(0x0010_0010, b"PN", &short(&subject.name.replace(['^', '='], " "), 64));
    out.text(0x0010_0020, b"LO", &short(&subject.code, 64));
    out.text(0x0010_0030, b"DA", &birth(&subject.birth_date));
    let sex = match subject.sex.as_str() {
        "F" | "M" => subject.sex.as_str(),
        "X" => "O",
        _ => "",
    };
    out.text(0x0010_0040, b"CS", sex);
    if let Some(age) = subject.age_years.filter(|age| (0.0..1000.0).contains(age)) {
        out.text(0x0010_1010, b"AS", &format!("{:03}Y", age.floor()));
    }
    if let Some(height) = subject.height_cm.filter(|height| height.is_finite()) {
        out.text(0x0010_1020, b"DS", &ds(height / 100.0));
    }
}

/// Everything before annotations and waveforms.
pub(super) fn head(export: &Export<'_>, samples: &[u8], warnings: &mut Vec<Warning>) -> Vec<u8> {
    let (subject, recording) = (&export.study.subject, export.recording);
    let start = recording.start.as_ref().and_then(|start| date_time(&start.iso));
    if start.is_none() {
        warnings.push(Warning::new("the recording does not say when it was made, and DICOM demands a date: 1 January 1900 was written"));
    }
    let (date, time) = start.unwrap_or_else(|| (UNKNOWN_DATE.into(), "000000".into()));
    let person = [subject.code.as_bytes(), subject.name.as_bytes(), subject.birth_date.as_bytes(), date.as_bytes()];
    let study = identifier(&[&[b"study".as_slice()], &person[..]].concat());
    let series = identifier(&[b"series", study.as_bytes()]);
    let clock = identifier(&[b"clock", study.as_bytes(), samples]);
    let annotations = serde_json::to_vec(&export.annotations).unwrap_or_default();
    let instance = identifier(&[b"instance", study.as_bytes(), samples, recording.name.as_bytes(), time.as_bytes(), &annotations]);
    let mut out = Builder::of(meta(CLASS, &instance));
    out.text(0x0008_0005, b"CS", "ISO_IR 192");
    out.text(0x0008_0016, b"UI", CLASS);
    out.text(0x0008_0018, b"UI", &instance);
    out.text(0x0008_0020, b"DA", &date);
    out.text(0x0008_0023, b"DA", &date);
    out.text(0x0008_002A, b"DT", &format!("{date}{time}"));
    out.text(0x0008_0030, b"TM", &time);
    out.text(0x0008_0033, b"TM", &time);
    out.text(0x0008_0050, b"SH", "");
    out.text(0x0008_0060, b"CS", "EMG");
    out.text(0x0008_0070, b"LO", "");
    out.text(0x0008_0090, b"PN", "");
    out.text(0x0008_103E, b"LO", &short(&recording.description, 64));
    patient(&mut out, subject);
    out.text(0x0018_1020, b"LO", concat!("Myoscope ", env!("CARGO_PKG_VERSION")));
    out.text(0x0018_106A, b"CS", "NO TRIGGER");
    out.text(0x0018_1800, b"CS", "N");
    out.text(0x0020_000D, b"UI", &study);
    out.text(0x0020_000E, b"UI", &series);
    out.text(0x0020_0010, b"SH", "");
    out.text(0x0020_0011, b"IS", "1");
    out.text(0x0020_0013, b"IS", "1");
    out.text(0x0020_0200, b"UI", &clock);
    out.begin_sequence(0x0040_0555);
    out.end_sequence();
    out.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_strings_have_sixteen_characters_and_the_nearest_value() {
        assert_eq!(ds(0.005), "0.005");
        assert_eq!(ds(-250.0), "-250");
        for value in [1.0 / 3.0, 1000.0 / 8_388_608.0, -1.0 / 13.107, 1e-300 / 3.0, 123_456_789.123_456_78] {
            let text = ds(value);
            assert!(text.len() <= 16 && (text.parse::<f64>().unwrap() / value - 1.0).abs() < 1e-9, "{value}: {text}");
        }
    }

    #[test]
    fn identifiers_are_legal() {
        let id = identifier(&[b"a", b"b"]);
        assert!(id.len() <= 64 && id.starts_with("2.25.") && id != identifier(&[b"ab"]));
    }

    #[test]
    fn dates_of_files_become_dates_of_dicom() {
        assert_eq!(birth("02-MAY-1951"), "19510502");
        assert_eq!(birth("1951-05-02"), "19510502");
        assert_eq!(birth("X"), "");
        assert_eq!(date_time("2025-09-29T21:28:13"), Some(("20250929".into(), "212813".into())));
    }
}
