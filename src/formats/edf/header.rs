//! The EDF/BDF header record: parsing with repair.
//!
//! EDF specification (Kemp 1992), EDF+ section 2.1.1, and BioSemi's BDF (24-bit samples). Faults
//! that leave the data readable become warnings with field name and byte offset; a header without
//! a usable layout is refused.

use jiff::civil::{Date, DateTime, Time};

use super::field::Field;
use super::identification;
use crate::formats::{ByteSource, ReadError};
use crate::model::Warning;

/// Whether the file follows EDF+ and whether its records are contiguous (reserved field).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    /// Plain EDF or BDF.
    No,
    /// `EDF+C`, `BDF+C`.
    Continuous,
    /// `EDF+D`, `BDF+D`.
    Discontinuous,
}

/// One signal of the header.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    pub label: String,
    pub transducer: String,
    pub unit: String,
    pub prefilter: String,
    pub gain: f64,
    pub offset: f64,
    pub digital_min: i64,
    pub digital_max: i64,
    /// Samples in each data record.
    pub per_record: u64,
    /// Byte offset within a data record.
    pub at: u64,
    /// Carries annotations, not samples.
    pub annotations: bool,
}

/// Everything before the first data record.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// Bytes a sample: 2 (EDF) or 3 (BDF).
    pub width: u64,
    pub plus: Plus,
    pub patient: String,
    pub recording: String,
    pub start: Option<DateTime>,
    /// Byte offset of the first data record.
    pub data_offset: u64,
    pub records: u64,
    /// Duration of a data record in seconds; 0 only without ordinary signals.
    pub record_s: f64,
    pub record_bytes: u64,
    pub signals: Vec<Signal>,
}

impl Header {
    /// Short format name for the model.
    pub fn format(&self) -> &'static str {
        match (self.width, self.plus) {
            (2, Plus::No) => "EDF",
            (2, Plus::Continuous) => "EDF+C",
            (2, Plus::Discontinuous) => "EDF+D",
            (_, Plus::No) => "BDF",
            (_, Plus::Continuous) => "BDF+C",
            (_, Plus::Discontinuous) => "BDF+D",
        }
    }

    /// Signals that carry samples.
    pub fn ordinary(&self) -> impl Iterator<Item = &Signal> {
        self.signals.iter().filter(|signal| !signal.annotations)
    }

    /// Sampling rate of a signal, without the dust of the division.
    pub fn fs_hz(&self, signal: &Signal) -> f64 {
        let exact = signal.per_record as f64 / self.record_s;
        let tidy = (exact * 1e6).round() / 1e6;
        if tidy > 0.0 && (tidy - exact).abs() <= 1e-12 * exact { tidy } else { exact }
    }
}

/// Whether the 256 first bytes look like a header: the version, and digits where digits must be.
pub(super) fn signature(head: &[u8]) -> Option<u64> {
    let numeric = |from: usize, to: usize| {
        let bytes = head.get(from..to).unwrap_or_default();
        bytes.iter().any(u8::is_ascii_digit) && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | 0 | b'.' | b'-' | b'+'))
    };
    if !numeric(252, 256) {
        return None;
    }
    match head.get(..8)? {
        [255, rest @ ..] if rest == b"BIOSEMI" => Some(3),
        [b'0', rest @ ..] if rest.iter().all(|b| matches!(b, b' ' | 0)) => Some(2),
        _ => None,
    }
}

/// Reads and repairs the header.
pub(super) fn read(source: &dyn ByteSource, warnings: &mut Vec<Warning>) -> Result<Header, ReadError> {
    let head = source.read_vec(0, 256)?;
    if head.len() < 256 {
        return Err(ReadError::malformed(head.len() as u64, "the file ends inside the EDF header (256 bytes)"));
    }
    let width =
        signature(&head).ok_or_else(|| ReadError::malformed(0, "neither the version field nor the signal count is that of EDF or BDF"))?;
    let field = |name, from: usize, len: usize| Field { name, offset: from as u64, bytes: &head[from..from + len] };
    let patient = field("local patient identification", 8, 80).text(warnings);
    let recording = field("local recording identification", 88, 80).text(warnings);
    let start = read_start(field("startdate", 168, 8), field("starttime", 176, 8), &recording, warnings);
    let stated_size = field("number of bytes in header record", 184, 8).integer(warnings);
    let reserved = field("reserved", 192, 44).text(warnings);
    let stated_records = field("number of data records", 236, 8).integer(warnings);
    let stated_duration = field("duration of a data record", 244, 8).number(warnings);
    let count_field = field("number of signals", 252, 4);
    let count = count_field.integer(warnings).filter(|n| (1..=9999).contains(n));
    let count = count.ok_or_else(|| ReadError::malformed(252, "number of signals is not a count"))? as usize;

    let table = source.read_vec(256, count * 256)?;
    if table.len() < count * 256 {
        return Err(ReadError::malformed(
            256 + table.len() as u64,
            format!("the file ends inside the signal headers ({count} signals are declared)"),
        ));
    }
    let mut signals = read_signals(&table, count, width, warnings);
    let mut record_bytes = 0u64;
    for signal in &mut signals {
        signal.at = record_bytes;
        record_bytes += signal.per_record * width;
    }
    if record_bytes == 0 {
        return Err(ReadError::malformed(256 + 216 * count as u64, "no signal has any sample in a data record"));
    }
    let plus = read_plus(&reserved, width, &signals, warnings);
    let computed = 256 * (count as u64 + 1);
    let data_offset = choose_offset(stated_size, computed, source.len(), record_bytes, warnings);
    let records = count_records(stated_records, source.len() - data_offset.min(source.len()), record_bytes, data_offset, warnings);
    let ordinary = signals.iter().any(|signal| !signal.annotations);
    let record_s = match stated_duration {
        Some(s) if (1e-6..1e9).contains(&s) => s,
        Some(0.0) if !ordinary => 0.0,
        Some(s) if (-1e9..-1e-6).contains(&s) => {
            warnings.push(Warning::at("duration of a data record", 244, format!("the duration is negative; {} s is used", -s)));
            -s
        }
        _ => {
            warnings.push(Warning::at(
                "duration of a data record",
                244,
                "no usable duration is stated; 1 s is assumed, so times and rates may be wrong",
            ));
            1.0
        }
    };
    Ok(Header { width, plus, patient, recording, start, data_offset, records, record_s, record_bytes, signals })
}

/// Start of the recording; the four-digit year of the EDF+ recording field wins (section 2.1.3.2).
fn read_start(date: Field<'_>, time: Field<'_>, recording: &str, warnings: &mut Vec<Warning>) -> Option<DateTime> {
    let clock = three_numbers(time, warnings).and_then(|[h, m, s]| Time::new(h, m, s, 0).ok());
    let short = three_numbers(date, warnings).and_then(|[d, m, y]| {
        // Clipping year 1985: section 2.1.3.2 of EDF+.
        let year = i16::from(y) + if y >= 85 { 1900 } else { 2000 };
        Date::new(year, m, d).ok()
    });
    let long = identification::start_date(recording);
    if clock.is_none() {
        warnings.push(Warning::at(time.name, time.offset, "the start time cannot be read"));
    }
    // EDF+ writes an unknown start as the first moment of 1985.
    if recording.get(..11).is_some_and(|text| text.eq_ignore_ascii_case("Startdate X"))
        && short == Date::new(1985, 1, 1).ok()
        && clock == Some(Time::midnight())
    {
        return None;
    }
    match (long, short) {
        (Some(long), short) => {
            if short.is_some_and(|short| short != long) {
                warnings.push(Warning::at(
                    date.name,
                    date.offset,
                    format!("the date contradicts the recording identification; {long} is used"),
                ));
            }
            Some(long.to_datetime(clock.unwrap_or_default()))
        }
        (None, Some(short)) => Some(short.to_datetime(clock.unwrap_or_default())),
        (None, None) => {
            warnings.push(Warning::at(date.name, date.offset, "the start date cannot be read"));
            None
        }
    }
}

/// `dd.mm.yy` or `hh.mm.ss`, with other separators read around.
fn three_numbers(field: Field<'_>, warnings: &mut Vec<Warning>) -> Option<[i8; 3]> {
    let mut parts = [0i8; 3];
    let mut count = 0;
    for part in field.bytes.split(|b| !b.is_ascii_digit()).filter(|part| !part.is_empty()) {
        let value = std::str::from_utf8(part).ok()?.parse().ok()?;
        *parts.get_mut(count)? = value;
        count += 1;
    }
    if count != 3 {
        return None;
    }
    if field.bytes.get(2) != Some(&b'.') || field.bytes.get(5) != Some(&b'.') {
        warnings.push(Warning::at(field.name, field.offset, "the parts should stand in columns of two, separated by dots"));
    }
    Some(parts)
}

fn read_plus(reserved: &str, width: u64, signals: &[Signal], warnings: &mut Vec<Warning>) -> Plus {
    let has_annotations = signals.iter().any(|signal| signal.annotations);
    // A BDF file may carry `EDF+C` by mistake of its writer; only the letter behind the plus counts.
    let stated = match reserved.get(..5).map(str::to_ascii_uppercase).as_deref() {
        Some("EDF+C" | "BDF+C") => Plus::Continuous,
        Some("EDF+D" | "BDF+D") => Plus::Discontinuous,
        _ => Plus::No,
    };
    match (stated, has_annotations) {
        (Plus::No, true) => {
            warnings.push(Warning::at(
                "reserved",
                192,
                "there is an annotation signal although the file is not marked as EDF+; it is read as annotations",
            ));
            Plus::Continuous
        }
        (Plus::Continuous | Plus::Discontinuous, false) => {
            let name = if width == 2 { "EDF" } else { "BDF" };
            warnings.push(Warning::at(
                "reserved",
                192,
                format!("the file is marked as {name}+ but has no annotation signal; it is read as continuous {name}"),
            ));
            Plus::No
        }
        (stated, _) => stated,
    }
}

fn choose_offset(stated: Option<i64>, computed: u64, len: u64, record_bytes: u64, warnings: &mut Vec<Warning>) -> u64 {
    let stated = stated.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    if stated == computed {
        return computed;
    }
    let divides = |offset: u64| len > offset && (len - offset).is_multiple_of(record_bytes);
    // Some writers put extra bytes behind the signal headers; believe them only if the size agrees.
    let chosen = if stated > computed && divides(stated) && !divides(computed) { stated } else { computed };
    warnings.push(Warning::at(
        "number of bytes in header record",
        184,
        format!("the header size should be {computed}; data are read from byte {chosen}"),
    ));
    chosen
}

fn count_records(stated: Option<i64>, available: u64, record_bytes: u64, data_offset: u64, warnings: &mut Vec<Warning>) -> u64 {
    let whole = available / record_bytes;
    let rest = available % record_bytes;
    let name = "number of data records";
    match stated.and_then(|n| u64::try_from(n).ok()) {
        None => warnings.push(Warning::at(name, 236, format!("the number of records is not stated; the file size gives {whole}"))),
        Some(n) if n > whole => {
            warnings.push(Warning::at(
                name,
                236,
                format!("{n} records are stated but the file holds only {whole}; it was probably cut off"),
            ));
        }
        Some(n) if n < whole => {
            warnings.push(Warning::at(name, 236, format!("{n} records are stated but the file holds {whole}; all are read")));
        }
        Some(_) => {}
    }
    if rest > 0 {
        let offset = data_offset + whole * record_bytes;
        warnings.push(Warning::at("data records", offset, format!("bytes behind the last whole record, left out: {rest}")));
    }
    whole
}

/// The signal headers, stored field by field (all labels, then all transducers, ...).
fn read_signals(table: &[u8], count: usize, width: u64, warnings: &mut Vec<Warning>) -> Vec<Signal> {
    let mut signals = Vec::with_capacity(count);
    for index in 0..count {
        let mut from = 0;
        let mut next = |name: &str, len: usize| {
            let at = from + index * len;
            from += count * len;
            (format!("{name} of signal {}", index + 1), 256 + at as u64, &table[at..at + len])
        };
        let raw = [
            next("label", 16),
            next("transducer type", 80),
            next("physical dimension", 8),
            next("physical minimum", 8),
            next("physical maximum", 8),
            next("digital minimum", 8),
            next("digital maximum", 8),
            next("prefiltering", 80),
            next("number of samples in each data record", 8),
        ];
        let field = |k: usize| Field { name: &raw[k].0, offset: raw[k].1, bytes: raw[k].2 };
        let label = field(0).text(warnings);
        let annotations = matches!(label.as_str(), "EDF Annotations" | "BDF Annotations");
        let per_record = field(8).integer(warnings).and_then(|n| u64::try_from(n).ok());
        if per_record.is_none() {
            warnings.push(Warning::at(field(8).name, field(8).offset, "the signal has no samples and is left out"));
        }
        let mut signal = Signal {
            label,
            transducer: field(1).text(warnings),
            unit: field(2).text(warnings),
            prefilter: field(7).text(warnings),
            gain: 1.0,
            offset: 0.0,
            digital_min: if width == 2 { -32_768 } else { -8_388_608 },
            digital_max: if width == 2 { 32_767 } else { 8_388_607 },
            // The field has eight characters; the bound only guards against exponents in it.
            per_record: per_record.unwrap_or(0).min(99_999_999),
            at: 0,
            annotations,
        };
        if !annotations {
            let limits = [3, 4, 5, 6].map(|k| field(k).number(warnings));
            calibrate(&mut signal, limits, field(3).offset, field(5).offset, warnings);
        }
        signals.push(signal);
    }
    signals
}

/// `physical = digital * gain + offset` through the two corner points (EDF specification).
fn calibrate(signal: &mut Signal, limits: [Option<f64>; 4], physical_at: u64, digital_at: u64, warnings: &mut Vec<Warning>) {
    let label = &signal.label;
    let broken = |warnings: &mut Vec<Warning>, field: &str, offset: u64, what: &str| {
        warnings.push(Warning::at(format!("{field} of {label}"), offset, format!("{what}; plain digital values are shown, without unit")));
    };
    let usable = match limits {
        [Some(pmin), Some(pmax), Some(dmin), Some(dmax)] => {
            if pmin == pmax {
                broken(warnings, "physical minimum and maximum", physical_at, "both are the same");
                None
            } else if dmin == dmax {
                broken(warnings, "digital minimum and maximum", digital_at, "both are the same");
                None
            } else if !((pmax - pmin) / (dmax - dmin)).is_finite() || pmax.abs() > 1e300 {
                broken(warnings, "physical minimum and maximum", physical_at, "they are out of all proportion");
                None
            } else {
                if dmin > dmax {
                    let what = "the minimum is above the maximum; the line through both points is used as it stands";
                    warnings.push(Warning::at(format!("digital minimum and maximum of {label}"), digital_at, what));
                }
                Some((pmin, pmax, dmin, dmax))
            }
        }
        _ => {
            broken(warnings, "physical or digital limits", physical_at, "they cannot be read");
            None
        }
    };
    match usable {
        Some((pmin, pmax, dmin, dmax)) => {
            signal.gain = (pmax - pmin) / (dmax - dmin);
            signal.offset = pmin - signal.gain * dmin;
            signal.digital_min = dmin.min(dmax) as i64;
            signal.digital_max = dmin.max(dmax) as i64;
        }
        None => signal.unit.clear(),
    }
}
