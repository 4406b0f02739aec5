//! `info` and `measure` for people.

use std::io::{self, Write};

use crate::engine::info::Info;
use crate::engine::measure::Measured;
use crate::engine::protocol::{ActivityView, NeedleView};
use crate::model::{Cell, Column, Examination, Table, Warning};

/// Prints one recording as a few lines of text.
pub fn info(out: &mut dyn Write, info: &Info) -> io::Result<()> {
    let start = info.start.as_deref().map(|s| format!(", {}", s.replace('T', " "))).unwrap_or_default();
    writeln!(out, "{}: {}, {:.3} s{start}", info.file, info.format, info.duration_s)?;
    let width = info.channels.iter().map(|c| c.name.chars().count()).max().unwrap_or(0).min(40);
    for channel in &info.channels {
        let extreme = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.6}"));
        let range = format!("{} to {} {}", extreme(channel.min), extreme(channel.max), channel.unit);
        writeln!(out, "  {:width$}  {} Hz  {} samples  {}", channel.name, channel.fs_hz, channel.n, range.trim_end())?;
    }
    for a in &info.annotations {
        let duration = a.duration_s.map(|d| format!(" for {d:.3} s")).unwrap_or_default();
        writeln!(out, "  at {:.3} s{duration}: {}", a.onset_s, a.text)?;
    }
    warnings(out, &info.warnings)
}

/// Prints the tests of a file that holds no recording.
pub fn tests(out: &mut dyn Write, file: &str, examination: &Examination) -> io::Result<()> {
    writeln!(out, "{file}: {} tests, no recording", examination.tests.len())?;
    for test in &examination.tests {
        let words = [test.kind.name(), &test.nerve, &test.recorded_from].map(str::to_owned);
        let points = if test.points.is_empty() { String::new() } else { format!("{} stimuli", test.points.len()) };
        let all: Vec<String> = words.into_iter().chain([points]).filter(|word| !word.is_empty()).collect();
        writeln!(out, "  {}", all.join(", "))?;
    }
    Ok(())
}

/// Prints the sweeps of one file as a table.
pub fn measured(out: &mut dyn Write, measured: &Measured) -> io::Result<()> {
    writeln!(out, "{}: {} tests, {} sweeps", measured.file, measured.tests.len(), measured.sweeps.len())?;
    if !measured.sweeps.is_empty() {
        let heads = ["onset ms", "peak ms", "end ms", "amp mV", "area mV ms"];
        writeln!(out, "  {:<16} {}", "sweep", heads.map(|h| format!("{h:>10}")).join(" "))?;
    }
    for s in &measured.sweeps {
        let name: String = s.site.as_deref().unwrap_or(&s.channel).chars().take(16).collect();
        let cell = |v: Option<f64>, per: f64| v.map_or("-".to_owned(), |v| format!("{:.2}", v / per));
        let cells = [cell(s.onset_ms, 1.0), cell(s.peak_ms, 1.0), cell(s.neg_end_ms, 1.0), cell(s.amp_uv, 1e3), cell(s.area_uvms, 1e3)];
        writeln!(out, "  {name:<16} {}", cells.map(|c| format!("{c:>10}")).join(" "))?;
        for flag in &s.quality {
            writeln!(out, "    {}", flag.what)?;
        }
    }
    for s in &measured.segments {
        let velocity = s.velocity_mps.map_or("velocity unknown".to_owned(), |v| format!("{v:.1} m/s"));
        writeln!(out, "  {} to {}: {velocity}, amplitude {:.0} % of distal", s.from, s.to, s.relative_amplitude_pct)?;
        if let Some(finding) = &s.finding {
            let care = if finding.unverified() { ", not verified" } else { "" };
            writeln!(out, "    {}: {} ({}{care})", finding.what, finding.why, finding.source)?;
        }
        if let Some(doubt) = &s.doubt {
            writeln!(out, "    {}", doubt.what)?;
        }
    }
    for test in &measured.tests {
        if !test.tables.is_empty() || !test.quality.is_empty() {
            writeln!(out, "  {}", test.title)?;
        }
        for flag in &test.quality {
            writeln!(out, "    {}", flag.what)?;
        }
        for shown in &test.tables {
            table(out, shown)?;
        }
    }
    for shown in measured.needle.iter().flat_map(NeedleView::tables) {
        table(out, &shown)?;
    }
    warnings(out, &measured.warnings)
}

/// Prints what an analysis says of a stretch.
pub fn analysed(out: &mut dyn Write, file: &str, channel: &str, view: &ActivityView, of_file: &[Warning]) -> io::Result<()> {
    let (key, measured) = (&view.key, &view.measurement);
    writeln!(out, "{file}: {channel}, {:.3} to {:.3} s: {}", key.from_s, key.to_s, key.task.name())?;
    if !measured.verdict.is_empty() {
        writeln!(out, "  {}", measured.verdict)?;
    }
    for train in &measured.trains {
        let count = train.span_s.map_or(format!("{} times", train.times_s.len()), |[from_s, to_s]| format!("{from_s:.3} to {to_s:.3} s"));
        writeln!(out, "  {}: {}, {count}", train.name, train.class.name())?;
        for words in train.why.iter().chain((!train.warning.is_empty()).then_some(&train.warning)) {
            writeln!(out, "    {words}")?;
        }
    }
    if !measured.unresolved_s.is_empty() {
        writeln!(out, "  not resolved: {} times", measured.unresolved_s.len())?;
    }
    for flag in &measured.quality {
        writeln!(out, "    {}", flag.what)?;
    }
    for shown in &measured.tables {
        table(out, shown)?;
    }
    warnings(out, of_file)
}

/// Prints a table with its columns in line.
fn table(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    writeln!(out, "    {}", table.title)?;
    let head = |column: &Column| if column.unit.is_empty() { column.name.clone() } else { format!("{} {}", column.name, column.unit) };
    let mut lines = vec![std::iter::once(String::new()).chain(table.columns.iter().map(head)).collect::<Vec<_>>()];
    for row in &table.rows {
        let cells = row.cells.iter().zip(&table.columns).map(|(cell, column)| match cell {
            Cell::Abnormal(_) => format!("{} *", cell.shown(column)),
            _ => cell.shown(column),
        });
        lines.push(std::iter::once(row.name.clone()).chain(cells).collect());
    }
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=table.columns.len()).map(width).collect();
    for line in &lines {
        write!(out, "      {:<w$}", line[0], w = widths[0])?;
        for (cell, w) in line[1..].iter().zip(&widths[1..]) {
            write!(out, "  {cell:>w$}")?;
        }
        writeln!(out)?;
    }
    if !table.note.is_empty() {
        writeln!(out, "      {}", table.note)?;
    }
    Ok(())
}

fn warnings(out: &mut dyn Write, warnings: &[Warning]) -> io::Result<()> {
    for warning in warnings {
        let place = warning.offset.map(|o| format!(" (byte {o})")).unwrap_or_default();
        let field = warning.field.as_deref().map(|f| format!("{f}: ")).unwrap_or_default();
        writeln!(out, "  warning: {field}{}{place}", warning.what)?;
    }
    Ok(())
}
