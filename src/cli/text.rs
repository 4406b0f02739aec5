//! `info` for people.

use std::io::{self, Write};

use crate::engine::info::Info;

/// Prints one recording as a few lines of text.
pub fn print(out: &mut dyn Write, info: &Info) -> io::Result<()> {
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
    for warning in &info.warnings {
        let place = warning.offset.map(|o| format!(" (byte {o})")).unwrap_or_default();
        let field = warning.field.as_deref().map(|f| format!("{f}: ")).unwrap_or_default();
        writeln!(out, "  warning: {field}{}{place}", warning.what)?;
    }
    Ok(())
}
