//! A recording to a WFDB record: `.hea`, `.dat` in format 16, 24 or 32, and `.atr`.
//!
//! Specifications: header(5), signal(5), annot(5). Two passes over the samples with bounded
//! buffers: the first finds the digital values that are used, the narrowest format that holds them
//! all, sums and initial values; the second writes. Digital values of the source are kept to the
//! last bit; a channel without integers behind it is written by its decimal places when it has few,
//! else scaled to 32 bits. **NaN** and gaps become the format's code for an invalid sample.

use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::{Channel, Timeline, Warning};

/// Writes WFDB records.
pub struct WfdbWriter;

const NAME: &str = "WFDB";
/// Frames handled at once.
const CHUNK: u64 = 8192;
/// Most frames of gaps that are written out.
const MAX_GAP: u64 = 1 << 31;

fn cannot(what: impl Into<String>) -> WriteError {
    WriteError::Unrepresentable { format: NAME, what: what.into() }
}

/// How one channel is written.
#[derive(Debug, Clone, Copy)]
struct Column {
    per_frame: u64,
    n: u64,
    gain: f64,
    baseline: f64,
    low: f64,
    high: f64,
}

impl Column {
    fn digital(&self, v: f64) -> f64 {
        (v * self.gain + self.baseline).round()
    }
}

/// A stretch of the written record.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    gap: u64,
    first: u64,
    frames: u64,
}

/// Frame rate and samples of each channel in a frame.
fn layout(channels: &[Channel]) -> Result<(f64, Vec<u64>), WriteError> {
    let slowest = channels.iter().map(|c| c.fs_hz).fold(f64::INFINITY, f64::min);
    for divisor in 1..=1000 {
        let frame = slowest / f64::from(divisor);
        let whole = |c: &Channel| ((c.fs_hz / frame) - (c.fs_hz / frame).round()).abs() < 1e-9 * (c.fs_hz / frame);
        if channels.iter().all(whole) {
            return Ok((frame, channels.iter().map(|c| (c.fs_hz / frame).round() as u64).collect()));
        }
    }
    Err(cannot("channels whose sampling rates have no common frame; export them separately"))
}

/// Samples of one channel that are read in one go: `CHUNK` frames, and no more than this.
const MAX_READ: u64 = 1 << 22;

fn stretches(timeline: &Timeline, frame_hz: f64, frames: u64, warnings: &mut Vec<Warning>) -> Result<Vec<Stretch>, WriteError> {
    let mut out = Vec::new();
    let (mut cursor, mut gaps) = (0u64, 0u64);
    for (k, span) in timeline.spans.iter().enumerate() {
        let next = timeline.spans.get(k + 1).map_or(frames, |next| (next.stored_s * frame_hz).round() as u64);
        let first = ((span.stored_s * frame_hz).round() as u64).min(frames);
        let count = next.min(frames).saturating_sub(first);
        let onset = (span.onset_s * frame_hz).round().max(0.0) as u64;
        let gap = if k == 0 { 0 } else { onset.saturating_sub(cursor) };
        gaps = gaps.saturating_add(gap);
        cursor = cursor.max(onset).saturating_add(count);
        out.push(Stretch { gap, first, frames: count });
    }
    if gaps > MAX_GAP {
        return Err(cannot("gaps of this length; export the parts separately"));
    }
    if gaps > 0 {
        warnings.push(Warning::new("gaps were written as invalid samples"));
    }
    if out.is_empty() {
        out.push(Stretch { gap: 0, first: 0, frames });
    }
    Ok(out)
}

/// Reads every stretch in chunks: gaps come as `None`, samples as one buffer a channel (short at
/// the end of a channel whose last frame is not full).
fn each_chunk(
    export: &Export<'_>,
    columns: &[Column],
    stretches: &[Stretch],
    mut each: impl FnMut(u64, Option<&[Vec<f64>]>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let widest = columns.iter().map(|c| c.per_frame).max().unwrap_or(1);
    let chunk = CHUNK.min(MAX_READ / widest).max(1);
    let mut buffers = vec![Vec::new(); columns.len()];
    for stretch in stretches {
        if stretch.gap > 0 {
            each(stretch.gap, None)?;
        }
        let mut at = stretch.first;
        while at < stretch.first + stretch.frames {
            let count = chunk.min(stretch.first + stretch.frames - at);
            let starts: Vec<u64> = columns.iter().map(|c| (at * c.per_frame).min(c.n)).collect();
            for ((buffer, column), start) in buffers.iter_mut().zip(columns).zip(&starts) {
                buffer.resize((count * column.per_frame).min(column.n - start) as usize, 0.0);
            }
            export.samples.read_all(&starts, &mut buffers)?;
            each(count, Some(&buffers))?;
            at += count;
        }
    }
    Ok(())
}

/// As [`each_chunk`] with digital values, whole frames, and `invalid` where there is no sample.
fn each_digital(
    export: &Export<'_>,
    columns: &[Column],
    stretches: &[Stretch],
    invalid: i32,
    mut each: impl FnMut(&[Vec<i32>]) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let mut digital: Vec<Vec<i32>> = vec![Vec::new(); columns.len()];
    each_chunk(export, columns, stretches, |count, buffers| {
        let mut left = count;
        while left > 0 {
            let frames = if buffers.is_some() { left } else { left.min(CHUNK) };
            for (k, column) in columns.iter().enumerate() {
                digital[k].clear();
                if let Some(buffers) = buffers {
                    digital[k].extend(buffers[k].iter().map(|v| if v.is_nan() { invalid } else { column.digital(*v) as i32 }));
                }
                digital[k].resize((frames * column.per_frame) as usize, invalid);
            }
            each(&digital)?;
            left -= frames;
        }
        Ok(())
    })
}

/// Gain for channels that were never integers: by decimal places when few suffice, else by range.
fn scale_real_numbers(
    export: &Export<'_>,
    columns: &mut [Column],
    stretches: &[Stretch],
    warnings: &mut Vec<Warning>,
) -> Result<(), WriteError> {
    if columns.iter().all(|c| c.gain != 0.0) {
        return Ok(());
    }
    const PLACES: i32 = 9;
    let mut places = vec![0; columns.len()];
    let mut largest = vec![0.0f64; columns.len()];
    each_chunk(export, columns, stretches, |_, buffers| {
        for (k, buffer) in buffers.unwrap_or(&[]).iter().enumerate().filter(|(k, _)| columns[*k].gain == 0.0) {
            for v in buffer.iter().filter(|v| v.is_finite()) {
                largest[k] = largest[k].max(v.abs());
                let whole = |p: i32| {
                    let scaled = v * 10f64.powi(p);
                    (scaled - scaled.round()).abs() <= 1e-12 * scaled.abs().max(1e-3)
                };
                while places[k] <= PLACES && !whole(places[k]) {
                    places[k] += 1;
                }
            }
        }
        Ok(())
    })?;
    for (k, column) in columns.iter_mut().enumerate().filter(|(_, c)| c.gain == 0.0) {
        column.gain = 10f64.powi(places[k]);
        if places[k] > PLACES || largest[k] * column.gain > f64::from(i32::MAX - 1) {
            column.gain = if largest[k] > 0.0 { (f64::from(i32::MAX) - 1.0) / largest[k] } else { 1.0 };
            let name = &export.recording.channels[k].name;
            warnings.push(Warning::new(format!("the values of {name} are not integers: they were rounded to 32 bits of their range")));
        }
    }
    Ok(())
}

/// The header. `shape`: frames a second, frames, bits.
fn header_text(
    stem: &str,
    export: &Export<'_>,
    columns: &[Column],
    sums: &[(Option<i32>, u16)],
    shape: (f64, u64, u32),
    warnings: &mut Vec<Warning>,
) -> String {
    let recording = export.recording;
    let (frame_hz, frames, bits) = shape;
    let mut text = format!("{stem} {} {frame_hz} {frames}", columns.len());
    if let Some((date, time)) = recording.start.as_ref().and_then(|s| s.iso.split_once('T')) {
        let parts: Vec<&str> = date.split('-').collect();
        if let [year, month, day] = parts[..] {
            text += &format!(" {time} {day}/{month}/{year}");
        }
    }
    text.push('\n');
    for ((channel, column), (initial, sum)) in recording.channels.iter().zip(columns).zip(sums) {
        let times = if column.per_frame > 1 { format!("x{}", column.per_frame) } else { String::new() };
        let words = |s: &str, between: &str| s.split_whitespace().collect::<Vec<_>>().join(between);
        let unit = words(&channel.unit, "_");
        let unit = if unit.is_empty() { "NU" } else { &unit };
        let (gain, baseline, initial) = (column.gain, column.baseline, initial.unwrap_or(0));
        let name = words(&channel.name, " ");
        text += &format!("{stem}.dat {bits}{times} {gain}({baseline})/{unit} {bits} 0 {initial} {} 0 {name}\n", sum.cast_signed());
    }
    for line in recording.description.lines() {
        text += &format!("# {line}\n");
    }
    let subject = &export.study.subject;
    if !subject.sex.is_empty() && !recording.description.to_ascii_lowercase().contains("sex") {
        text += &format!("# sex: {}\n", subject.sex);
    }
    if !(subject.name.is_empty() && subject.code.is_empty() && subject.birth_date.is_empty()) {
        warnings.push(Warning::new("WFDB has no field for the person: name, code and birth date were left out"));
    }
    if recording.channels.iter().any(|c| c.skew_s != 0.0) {
        warnings.push(Warning::new("the lag of single channels was left out"));
    }
    text
}

/// Shortest decimal number whose inverse is exactly `step`, or the inverse itself.
fn gain_of(step: f64) -> f64 {
    let gain = 1.0 / step;
    let shorter = (6..17).filter_map(|digits| format!("{gain:.digits$e}").parse::<f64>().ok());
    shorter.into_iter().find(|g| 1.0 / g == step).unwrap_or(gain)
}

/// Makes the steps of `column` finer until its zero falls on one, as the format demands: EDF from
/// -32768 to 32767 has it between two. Takes the smallest factor, or where none fits into 32 bits
/// the largest; returns by how many of the old steps the zero moved.
fn refine(column: &mut Column) -> f64 {
    let old = column.baseline;
    let occurring = if column.low <= column.high { column.low.abs().max(column.high.abs()) } else { 0.0 };
    let most = (f64::from(i32::MAX) / (occurring + 2.0 * old.abs() + 1.0)).floor().clamp(1.0, 65_536.0) as u32;
    let moved = |m: u32| (old - (old * f64::from(m)).round() / f64::from(m)).abs();
    let m = (1..=most).find(|m| moved(*m) * f64::from(*m) < 1e-6).unwrap_or(most);
    let fine = f64::from(m);
    column.gain *= fine;
    column.baseline = (old * fine).round() + 0.0; // -0 would be written as such
    column.low = ((column.low - old) * fine + column.baseline).round();
    column.high = ((column.high - old) * fine + column.baseline).round();
    moved(m)
}

impl WfdbWriter {
    /// Gain and baseline as the source has them; gain 0 where it has none.
    fn columns(export: &Export<'_>, per_frame: &[u64]) -> Vec<Column> {
        let mut columns = Vec::new();
        for (channel, per_frame) in export.recording.channels.iter().zip(per_frame) {
            let (mut gain, mut baseline) = (0.0, 0.0);
            if let Some(scale) = channel.scale.filter(|s| s.gain.is_finite() && s.gain != 0.0 && s.offset.is_finite()) {
                gain = gain_of(scale.gain);
                baseline = -scale.offset / scale.gain;
            }
            let empty = (f64::INFINITY, f64::NEG_INFINITY);
            columns.push(Column { per_frame: *per_frame, n: channel.n, gain, baseline, low: empty.0, high: empty.1 });
        }
        columns
    }
}

impl Writer for WfdbWriter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn extension(&self) -> &'static str {
        "hea"
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        let mut warnings = Vec::new();
        let channels = &export.recording.channels;
        if channels.is_empty() {
            return Err(cannot("a recording without channels"));
        }
        if stem.is_empty() || stem.contains(|c: char| c.is_whitespace() || c == '/' || c.is_control()) {
            return Err(cannot(format!("the name \"{stem}\": choose one without blanks")));
        }
        let (frame_hz, per_frame) = layout(channels)?;
        let mut columns = Self::columns(export, &per_frame);
        let frames = columns.iter().map(|c| c.n.div_ceil(c.per_frame)).max().unwrap_or(0);
        if columns.iter().any(|c| c.n != frames * c.per_frame) {
            warnings.push(Warning::new("channels of unequal length were filled up with invalid samples"));
        }
        let stretches = stretches(&export.recording.timeline, frame_hz, frames, &mut warnings)?;
        scale_real_numbers(export, &mut columns, &stretches, &mut warnings)?;
        // What occurs, without invalid samples.
        let fixed = columns.clone();
        each_chunk(export, &fixed, &stretches, |_, buffers| {
            for (column, buffer) in columns.iter_mut().zip(buffers.unwrap_or(&[])) {
                for v in buffer.iter().filter(|v| !v.is_nan()) {
                    let d = column.digital(*v);
                    column.low = column.low.min(d);
                    column.high = column.high.max(d);
                }
            }
            Ok(())
        })?;
        for (column, channel) in columns.iter_mut().zip(channels) {
            let moved = refine(column);
            if moved > 0.01 {
                warnings.push(Warning::new(format!("the zero of {} was moved by {moved:.2} of a step", channel.name)));
            }
        }
        let fits = |bits: u32| {
            let half = f64::from(2u32).powi(bits as i32 - 1);
            columns.iter().all(|c| c.low > c.high || (c.low > -half && c.high < half))
        };
        let bits = *[16, 24, 32].iter().find(|bits| fits(**bits)).ok_or_else(|| cannot("values of more than 32 bits"))?;
        let invalid = (-(1i64 << (bits - 1))) as i32;
        let total: u64 = stretches.iter().map(|s| s.gap + s.frames).sum();
        let mut sums: Vec<(Option<i32>, u16)> = vec![(None, 0); columns.len()];
        each_digital(export, &columns, &stretches, invalid, |digital| {
            for ((initial, sum), values) in sums.iter_mut().zip(digital) {
                *initial = initial.or(values.first().copied());
                *sum = values.iter().fold(*sum, |sum, v| sum.wrapping_add(*v as u16));
            }
            Ok(())
        })?;
        let header = header_text(stem, export, &columns, &sums, (frame_hz, total, bits), &mut warnings);
        sink.begin(&format!("{stem}.hea"))?;
        sink.write(header.as_bytes())?;
        sink.begin(&format!("{stem}.dat"))?;
        let (size, mut bytes) = (bits as usize / 8, Vec::new());
        each_digital(export, &columns, &stretches, invalid, |digital| {
            bytes.clear();
            let frames = digital.first().map_or(0, |d| d.len() / columns[0].per_frame as usize);
            for frame in 0..frames {
                for (values, column) in digital.iter().zip(&columns) {
                    let n = column.per_frame as usize;
                    values[frame * n..(frame + 1) * n].iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()[..size]));
                }
            }
            sink.write(&bytes)
        })?;
        if !export.annotations.is_empty() {
            sink.begin(&format!("{stem}.atr"))?;
            sink.write(&super::annotations::write(export.annotations, frame_hz, &mut warnings))?;
        }
        Ok(warnings)
    }
}
