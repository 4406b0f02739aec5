//! A PDF wrapped as a DICOM object: Encapsulated PDF Storage.

use super::encode::{Builder, date_time, meta, patient, short};
use super::write::{UNKNOWN_DATE, identifier};
use crate::model::Subject;

const CLASS: &str = "1.2.840.10008.5.1.4.1.1.104.1";

/// `pdf` as a DICOM file. `start` is the beginning of the examination as ISO 8601; who was examined stands in the
/// PDF too, or in neither.
pub fn encapsulated_pdf(pdf: &[u8], title: &str, subject: &Subject, start: Option<&str>) -> Vec<u8> {
    let (date, time) = start.and_then(date_time).unwrap_or_else(|| (UNKNOWN_DATE.into(), "000000".into()));
    let person = [subject.code.as_bytes(), subject.name.as_bytes(), subject.birth_date.as_bytes(), date.as_bytes()];
    // The same study as that of its waveforms.
    let study = identifier(&[&[b"study".as_slice()], &person[..]].concat());
    let series = identifier(&[b"reports", study.as_bytes()]);
    let instance = identifier(&[b"report", study.as_bytes(), pdf]);
    let mut out = Builder::of(meta(CLASS, &instance));
    out.text(0x0008_0005, b"CS", "ISO_IR 192");
    out.text(0x0008_0016, b"UI", CLASS);
    out.text(0x0008_0018, b"UI", &instance);
    let day = if start.is_some() { date.as_str() } else { "" };
    out.text(0x0008_0020, b"DA", day);
    out.text(0x0008_0023, b"DA", day);
    out.text(0x0008_002A, b"DT", &if day.is_empty() { String::new() } else { format!("{date}{time}") });
    out.text(0x0008_0030, b"TM", if day.is_empty() { "" } else { &time });
    out.text(0x0008_0033, b"TM", if day.is_empty() { "" } else { &time });
    out.text(0x0008_0050, b"SH", "");
    out.text(0x0008_0060, b"CS", "DOC");
    out.text(0x0008_0064, b"CS", "WSD");
    out.text(0x0008_0070, b"LO", "");
    out.text(0x0008_0090, b"PN", "");
    patient(&mut out, subject);
    out.text(0x0018_1020, b"LO", concat!("Myoscope ", env!("CARGO_PKG_VERSION")));
    out.text(0x0020_000D, b"UI", &study);
    out.text(0x0020_000E, b"UI", &series);
    out.text(0x0020_0010, b"SH", "");
    out.text(0x0020_0011, b"IS", "1");
    out.text(0x0020_0013, b"IS", "1");
    out.text(0x0028_0301, b"CS", if subject.name.is_empty() && subject.code.is_empty() { "NO" } else { "YES" });
    out.begin_sequence(0x0040_A043);
    out.end_sequence();
    out.text(0x0042_0010, b"ST", &short(title, 1024));
    out.bytes(0x0042_0011, b"OB", pdf);
    out.text(0x0042_0012, b"LO", "application/pdf");
    out.u32(0x0042_0015, pdf.len() as u32);
    out.take()
}
