//! Writing EDF+ and BDF+.
//!
//! Streams record by record. Gaps become a discontinuous file (EDF+ section 2.1.1), annotations
//! time-stamped lists in the records they belong to. Digital values of a source whose scale fits
//! the container are kept exactly. NaN has no place in the format: it becomes the value nearest to
//! zero, with a warning. Everything that can be refused is refused before the first byte.

use jiff::civil::DateTime;

use super::field::{format_number, pad};
use super::identification;
use super::layout::{self, Layout};
use super::packing;
use super::quantize::{self, Container, Quantizer};
use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::{Channel, Recording, Span, Warning};

/// Writes EDF+ (16 bits).
#[derive(Debug, Clone, Copy)]
pub struct EdfWriter;

/// Writes BDF+ (24 bits).
#[derive(Debug, Clone, Copy)]
pub struct BdfWriter;

/// What differs between the two.
pub(super) struct Family {
    format: &'static str,
    pub(super) extension: &'static str,
    width: usize,
    pub(super) container: Container,
}

pub(super) const EDF: Family = Family { format: "EDF+", extension: "edf", width: 2, container: Container { min: -32_768, max: 32_767 } };
pub(super) const BDF: Family =
    Family { format: "BDF+", extension: "bdf", width: 3, container: Container { min: -8_388_608, max: 8_388_607 } };

impl Writer for EdfWriter {
    fn name(&self) -> &'static str {
        EDF.format
    }

    fn extension(&self) -> &'static str {
        EDF.extension
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        write(&EDF, stem, export, None, sink)
    }
}

impl Writer for BdfWriter {
    fn name(&self) -> &'static str {
        BDF.format
    }

    fn extension(&self) -> &'static str {
        BDF.extension
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        write(&BDF, stem, export, None, sink)
    }
}

/// Samples of a channel within a span, by stored index.
pub(super) fn stored_range(channel: &Channel, span: &Span, last: bool) -> (u64, u64) {
    let at = |stored_s: f64| ((stored_s * channel.fs_hz).round().max(0.0) as u64).min(channel.n);
    let from = at(span.stored_s);
    (from, if last { channel.n } else { at(span.stored_s + span.duration_s).max(from) })
}

/// How a recording is divided into records.
pub(super) struct Laid {
    spans: Vec<Span>,
    /// Samples of each channel in each span, by stored index.
    ranges: Vec<Vec<(u64, u64)>>,
    layout: Layout,
}

impl Laid {
    /// Records of each span.
    pub fn records(&self) -> &[u64] {
        &self.layout.records
    }
}

/// Divides a recording.
///
/// # Errors
/// When the format cannot hold it.
pub(super) fn lay_out(family: &Family, recording: &Recording, block_s: Option<f64>) -> Result<Laid, WriteError> {
    let refuse = |what: String| WriteError::Unrepresentable { format: family.format, what };
    let mut spans = recording.timeline.spans.clone();
    if spans.is_empty() {
        spans.push(Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.0 });
    }
    if recording.channels.len() >= 9999 {
        return Err(refuse(format!("{} channels", recording.channels.len())));
    }
    let ranges: Vec<Vec<(u64, u64)>> = (spans.iter().enumerate())
        .map(|(k, span)| recording.channels.iter().map(|channel| stored_range(channel, span, k + 1 == spans.len())).collect())
        .collect();
    let counts: Vec<Vec<u64>> = ranges.iter().map(|span| span.iter().map(|(from, to)| to - from).collect()).collect();
    let rates: Vec<f64> = recording.channels.iter().map(|channel| channel.fs_hz).collect();
    let after = spans.iter().skip(1).map(|span| span.onset_s).chain([f64::INFINITY]);
    let room: Vec<f64> = spans.iter().zip(after).map(|(span, next)| next - span.onset_s).collect();
    let layout = layout::choose(&rates, &counts, &room, family.width as u64, block_s).ok_or_else(|| {
        refuse("these sampling rates: no record duration of eight characters holds a whole number of samples of each channel".into())
    })?;
    Ok(Laid { spans, ranges, layout })
}

/// Writes; `integers` are the least and largest integer of each channel where all its values are such by
/// its scale, which then are kept whatever their limits come to in eight characters.
pub(super) fn write(
    family: &Family,
    stem: &str,
    export: &Export<'_>,
    integers: Option<&[(i64, i64)]>,
    sink: &mut dyn Sink,
) -> Result<Vec<Warning>, WriteError> {
    let recording = export.recording;
    let refuse = |what: String| WriteError::Unrepresentable { format: family.format, what };
    let Laid { spans, ranges, layout } = lay_out(family, recording, export.samples.block_s())?;
    let mut warnings = Vec::new();
    if layout.rate_error > 1e-9 {
        warnings.push(Warning::new(format!("sampling rates were rounded by up to {:.1e} of their value", layout.rate_error)));
    }
    if layout.padding > 0 {
        warnings.push(Warning::new(format!("{} samples of padding were added, since a record cannot be partly filled", layout.padding)));
    }
    let mut quantizers = Vec::with_capacity(recording.channels.len());
    for (index, channel) in recording.channels.iter().enumerate() {
        let known = integers.and_then(|ranges| ranges.get(index)).zip(channel.scale.as_ref());
        quantizers.push(match known {
            Some((range, scale)) => quantize::keep(scale, family.container, Some(*range))
                .or_else(|| quantize::near(scale, family.container))
                .ok_or_else(|| refuse(format!("the limits of {} in eight characters", channel.name)))?,
            None => quantizer(family, export, index, channel, &mut warnings)?,
        });
    }

    let start = recording.start.as_ref().and_then(|start| start.iso.parse::<DateTime>().ok());
    if recording.start.is_some() && start.is_none() {
        warnings.push(Warning::new("the start time is not a date and time, so it could not be written"));
    }
    let fraction_s = start.map_or(0.0, |start| f64::from(start.subsec_nanosecond()) / 1e9);
    let onsets = record_onsets(&spans, &layout, fraction_s);
    let packed = packing::pack(&onsets, layout.record_s, export.annotations, fraction_s, &mut warnings);
    // Annotation bytes are counted in samples of the container.
    let annotation_samples = packed.capacity.div_ceil(family.width);
    let contiguous = onsets.windows(2).all(|pair| (pair[1] - pair[0] - layout.record_s).abs() < 1e-6);

    sink.begin(&format!("{stem}.{}", family.extension))?;
    let header = header(family, export, &layout, &quantizers, start, contiguous, annotation_samples, onsets.len(), &mut warnings);
    sink.write(&header)?;
    write_records(family, export, sink, &layout, &ranges, &quantizers, &packed, annotation_samples, &mut warnings)?;
    Ok(warnings)
}

fn record_onsets(spans: &[Span], layout: &Layout, fraction_s: f64) -> Vec<f64> {
    let mut onsets = Vec::new();
    for (span, &n) in spans.iter().zip(&layout.records) {
        // Nanoseconds: what is left of the sums beyond that is dust.
        onsets.extend((0..n).map(|k| ((span.onset_s + k as f64 * layout.record_s + fraction_s) * 1e9).round() / 1e9));
    }
    onsets
}

/// The scale of one channel; reads the channel once when its range must be known.
fn quantizer(
    family: &Family,
    export: &Export<'_>,
    index: usize,
    channel: &Channel,
    warnings: &mut Vec<Warning>,
) -> Result<Quantizer, WriteError> {
    let usable = |scale: &crate::model::Scale| quantize::keep(scale, family.container, None);
    if let Some(quantizer) = channel.scale.as_ref().and_then(usable) {
        return Ok(quantizer);
    }
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut buffer = vec![0.0; 1 << 16];
    let mut at = 0;
    while at < channel.n {
        let n = (channel.n - at).min(buffer.len() as u64) as usize;
        export.samples.read(index, at, &mut buffer[..n])?;
        for value in buffer[..n].iter().copied().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        at += n as u64;
    }
    if let Some(scale) = &channel.scale
        && low <= high
        && scale.gain != 0.0
    {
        let ends = [low, high].map(|value| ((value - scale.offset) / scale.gain).round() as i64);
        if let Some(quantizer) = quantize::keep(scale, family.container, Some((ends[0].min(ends[1]), ends[0].max(ends[1])))) {
            return Ok(quantizer);
        }
        warnings.push(Warning::new(format!(
            "{}: the converter's own steps do not fit {}; values were rounded to new ones",
            channel.name, family.format
        )));
    }
    quantize::spread(low, high, family.container).ok_or_else(|| WriteError::Unrepresentable {
        format: family.format,
        what: format!("the range {low} to {high} of {} in eight characters: choose another unit", channel.name),
    })
}

#[allow(clippy::too_many_arguments)] // a header is made of this many things
fn header(
    family: &Family,
    export: &Export<'_>,
    layout: &Layout,
    quantizers: &[Quantizer],
    start: Option<DateTime>,
    contiguous: bool,
    annotation_samples: usize,
    records: usize,
    warnings: &mut Vec<Warning>,
) -> Vec<u8> {
    let recording = export.recording;
    let ns = recording.channels.len() + 1;
    let mut out = Vec::with_capacity(256 * (ns + 1));
    let mut shortened = Vec::new();
    let mut put = |out: &mut Vec<u8>, what: &str, text: &str, width: usize| {
        let (bytes, changed) = pad(text, width);
        if changed {
            shortened.push(what.to_owned());
        }
        out.extend_from_slice(&bytes);
    };
    if family.width == 2 {
        put(&mut out, "version", "0", 8);
    } else {
        out.extend_from_slice(b"\xffBIOSEMI");
    }
    put(&mut out, "patient identification", &identification::patient(&export.study.subject), 80);
    put(&mut out, "recording identification", &identification::recording(&recording.description, start.map(DateTime::date)), 80);
    // 01.01.85 00.00.00 stands for an unknown start, as EDF+ recommends for anonymous files.
    let (date, time) = start.map_or_else(
        || ("01.01.85".to_owned(), "00.00.00".to_owned()),
        |s| {
            let year = if (1985..2085).contains(&s.year()) { format!("{:02}", s.year() % 100) } else { "yy".to_owned() };
            (format!("{:02}.{:02}.{year}", s.day(), s.month()), format!("{:02}.{:02}.{:02}", s.hour(), s.minute(), s.second()))
        },
    );
    put(&mut out, "startdate", &date, 8);
    put(&mut out, "starttime", &time, 8);
    put(&mut out, "header size", &(256 * (ns + 1)).to_string(), 8);
    let kind = &family.format[..3];
    put(&mut out, "reserved", &format!("{kind}+{}", if contiguous { 'C' } else { 'D' }), 44);
    put(&mut out, "number of data records", &records.to_string(), 8);
    put(&mut out, "duration of a data record", &layout.record, 8);
    put(&mut out, "number of signals", &ns.to_string(), 4);

    let annotation = format!("{kind} Annotations");
    let limits = (family.container.min.to_string(), family.container.max.to_string());
    let channel = |f: &dyn Fn(usize) -> String, last: &str| -> Vec<String> { (0..ns - 1).map(f).chain([last.to_owned()]).collect() };
    let of = |k: usize| &recording.channels[k];
    let fields: [(&str, usize, Vec<String>); 10] = [
        ("label", 16, channel(&|k| of(k).name.clone(), &annotation)),
        ("transducer type", 80, channel(&|k| of(k).transducer.clone(), "")),
        ("physical dimension", 8, channel(&|k| of(k).unit.clone(), "")),
        ("physical minimum", 8, channel(&|k| quantizers[k].physical_min.clone(), "-1")),
        ("physical maximum", 8, channel(&|k| quantizers[k].physical_max.clone(), "1")),
        ("digital minimum", 8, channel(&|k| quantizers[k].digital_min.to_string(), &limits.0)),
        ("digital maximum", 8, channel(&|k| quantizers[k].digital_max.to_string(), &limits.1)),
        ("prefiltering", 80, channel(&|k| of(k).prefilter.clone(), "")),
        ("samples in a record", 8, channel(&|k| layout.per_record[k].to_string(), &annotation_samples.to_string())),
        ("reserved", 32, channel(&|_| String::new(), "")),
    ];
    for (name, width, texts) in &fields {
        for text in texts {
            put(&mut out, name, text, *width);
        }
    }
    shortened.sort();
    shortened.dedup();
    for what in shortened {
        warnings.push(Warning::new(format!("{what}: shortened or rewritten in US-ASCII to fit its field")));
    }
    debug_assert_eq!(format_number(layout.record_s, 8).as_deref(), Some(layout.record.as_str()));
    out
}

#[allow(clippy::too_many_arguments)] // the same
fn write_records(
    family: &Family,
    export: &Export<'_>,
    sink: &mut dyn Sink,
    layout: &Layout,
    ranges: &[Vec<(u64, u64)>],
    quantizers: &[Quantizer],
    packed: &packing::Packed,
    annotation_samples: usize,
    warnings: &mut Vec<Warning>,
) -> Result<(), WriteError> {
    let record_samples: u64 = layout.per_record.iter().sum();
    // About a million samples at once, at least one record.
    let step = ((1 << 20) / record_samples.max(1)).max(1);
    let mut buffers: Vec<Vec<f64>> = vec![Vec::new(); quantizers.len()];
    let (mut missing, mut outside) = (0u64, 0u64);
    let mut bytes = Vec::new();
    let mut record = 0usize;
    for (span, &n_records) in ranges.iter().zip(&layout.records) {
        let mut within = 0;
        while within < n_records {
            let n = step.min(n_records - within);
            let starts: Vec<u64> = span.iter().zip(&layout.per_record).map(|((from, to), per)| (from + within * per).min(*to)).collect();
            for (((buffer, (_, to)), per), start) in buffers.iter_mut().zip(span).zip(&layout.per_record).zip(&starts) {
                buffer.resize((per * n).min(to - start) as usize, 0.0);
            }
            export.samples.read_all(&starts, &mut buffers)?;
            bytes.clear();
            for k in 0..n {
                for ((buffer, quantizer), &per) in buffers.iter().zip(quantizers).zip(&layout.per_record) {
                    let per = per as usize;
                    let from = (k as usize * per).min(buffer.len());
                    let part = &buffer[from..buffer.len().min(from + per)];
                    let mut held = quantizer.clamped(buffer.last().copied().unwrap_or(0.0));
                    for &value in part {
                        held = quantizer.digital(value).unwrap_or_else(|| {
                            if value.is_nan() {
                                missing += 1;
                            } else {
                                outside += 1;
                            }
                            quantizer.clamped(value)
                        });
                        bytes.extend_from_slice(&held.to_le_bytes()[..family.width]);
                    }
                    // Padding holds the last value: a step would look like a signal.
                    for _ in part.len()..per {
                        bytes.extend_from_slice(&held.to_le_bytes()[..family.width]);
                    }
                }
                let tals = packed.records.get(record).map_or(&[][..], Vec::as_slice);
                bytes.extend_from_slice(tals);
                bytes.resize(bytes.len() + annotation_samples * family.width - tals.len(), 0);
                record += 1;
            }
            sink.write(&bytes)?;
            within += n;
        }
    }
    if missing > 0 {
        warnings.push(Warning::new(format!(
            "{missing} missing samples were written as the value nearest to zero: the format has no missing samples"
        )));
    }
    if outside > 0 {
        warnings.push(Warning::new(format!("{outside} samples beyond the limits of their channel were written as the limit")));
    }
    Ok(())
}
