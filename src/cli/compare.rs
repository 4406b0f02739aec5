//! `compare EARLIER LATER`: two studies of one person side by side.

use std::io::{self, Write};

use super::args::Options;
use super::desk::Desk;
use super::{Failure, OK, REFUSED};
use crate::engine::compare::{Compared, ComparedWords, compare};
use crate::engine::protocol::{Request, StudyView};

/// Compares the two files of `options`.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut views: Vec<StudyView> = Vec::new();
    for file in &options.files {
        let one = Options { files: vec![file.clone()], open: options.open.clone(), stim_ms: options.stim_ms, ..Options::default() };
        let Some((name, opened)) = super::the_recording(&one)? else { return Ok(REFUSED) };
        for warning in &opened.warnings {
            let _ = writeln!(io::stderr(), "myoscope: {name}: warning: {}", warning.what);
        }
        let mut desk = Desk::open(opened, &name, &one)?;
        let study = desk.study();
        desk.ask(Request::Together { study })?;
        views.push(desk.view);
    }
    let [earlier, later] = &views[..] else {
        return Err(Failure::Usage("compare wants two files: the earlier study, then the later one".into()));
    };
    let compared = compare(earlier, later);
    if options.json {
        super::json_line(out, &compared)?;
    } else {
        text(out, &compared)?;
    }
    Ok(OK)
}

fn text(out: &mut dyn Write, compared: &Compared) -> io::Result<()> {
    for doubt in &compared.doubts {
        writeln!(out, "! {doubt}")?;
    }
    let mut last = "";
    for row in &compared.values {
        if row.of != last {
            writeln!(out, "{}", row.of)?;
            last = &row.of;
        }
        let normal = Some(row.normal()).filter(|words| !words.is_empty()).map(|words| format!("; {words}")).unwrap_or_default();
        let at = if row.site.is_empty() { String::new() } else { format!("{}, ", row.site) };
        writeln!(
            out,
            "  {at}{}: {:.2} then, {:.2} now, {:+.2} {} ({}){normal}",
            row.measure,
            row.then,
            row.now,
            row.difference,
            row.unit,
            row.retest()
        )?;
    }
    if compared.values.is_empty() {
        writeln!(out, "No value is in both studies.")?;
    }
    let [gone, new] = compared.unmatched;
    writeln!(out, "Only in the earlier study: {gone} values; only in the later one: {new}.")?;
    list(out, "Needle", &compared.needle)?;
    list(out, "Conclusions", &compared.conclusions)
}

fn list(out: &mut dyn Write, title: &str, rows: &[ComparedWords]) -> io::Result<()> {
    if !rows.is_empty() {
        writeln!(out, "{title}")?;
    }
    let shown = |words: &str| if words.is_empty() { "not there".to_owned() } else { words.to_owned() };
    for row in rows {
        let sign = if row.changed { "*" } else { " " };
        writeln!(out, "{sign} {}: then {}; now {}", row.of, shown(&row.then), shown(&row.now))?;
    }
    Ok(())
}
