//! Writing CSV: a time column in seconds and one column a channel, `name (unit)`.
//!
//! Numbers are written with as many digits as bring back the same 64-bit value; a missing sample is
//! a blank cell, a gap a jump in the time column. Channels of another sampling rate go into a file
//! of their own beside the first.

use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::Warning;

/// Writes CSV.
#[derive(Debug, Clone, Copy)]
pub struct CsvWriter;

/// Rows converted at once.
const STEP: u64 = 1 << 14;

impl Writer for CsvWriter {
    fn name(&self) -> &'static str {
        "CSV"
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
        let channels = &export.recording.channels;
        if channels.is_empty() {
            return Err(WriteError::Unrepresentable { format: "CSV", what: "a recording without channels".into() });
        }
        let mut warnings = Vec::new();
        let mut groups: Vec<(f64, u64, Vec<usize>)> = Vec::new();
        for (index, channel) in channels.iter().enumerate() {
            match groups.iter_mut().find(|(fs, n, _)| *fs == channel.fs_hz && *n == channel.n) {
                Some((.., members)) => members.push(index),
                None => groups.push((channel.fs_hz, channel.n, vec![index])),
            }
        }
        if groups.len() > 1 {
            warnings.push(Warning::new(format!(
                "the channels have {} different sampling rates and were written to as many files",
                groups.len()
            )));
        }
        if !export.annotations.is_empty() {
            warnings.push(Warning::new(format!("{} annotations have no place in CSV and were left out", export.annotations.len())));
        }
        for (k, (fs_hz, n, members)) in groups.iter().enumerate() {
            let name = if k == 0 { format!("{stem}.csv") } else { format!("{stem}-{}.csv", k + 1) };
            sink.begin(&name)?;
            write_table(export, sink, *fs_hz, *n, members)?;
        }
        Ok(warnings)
    }
}

fn write_table(export: &Export<'_>, sink: &mut dyn Sink, fs_hz: f64, n: u64, members: &[usize]) -> Result<(), WriteError> {
    let channels = &export.recording.channels;
    let mut text = format!("# Sampling rate: {fs_hz} Hz\n\"time (s)\"");
    for &member in members {
        let channel = &channels[member];
        let name = channel.name.replace(['"', '\n', '\r'], "'");
        let unit = if channel.unit.is_empty() { String::new() } else { format!(" ({})", channel.unit) };
        text.push_str(&format!(",\"{name}{unit}\""));
    }
    text.push('\n');
    let mut buffers = vec![Vec::new(); members.len()];
    let mut at = 0;
    while at < n {
        let count = (n - at).min(STEP) as usize;
        for (buffer, &member) in buffers.iter_mut().zip(members) {
            buffer.resize(count, 0.0);
            export.samples.read(member, at, buffer)?;
        }
        for k in 0..count {
            let time_s = export.recording.timeline.time_of_stored((at + k as u64) as f64 / fs_hz);
            // A picosecond is finer than any clock; what lies beyond is dust of the division.
            text.push_str(&((time_s * 1e12).round() / 1e12).to_string());
            for buffer in &buffers {
                text.push(',');
                if buffer[k].is_finite() {
                    text.push_str(&buffer[k].to_string());
                }
            }
            text.push('\n');
        }
        sink.write(text.as_bytes())?;
        text.clear();
        at += count as u64;
    }
    if !text.is_empty() {
        sink.write(text.as_bytes())?;
    }
    Ok(())
}
