//! `myoscope norms FOLDER`: a laboratory's own limits from its past studies.

use std::io::Write;
use std::path::Path;

use super::args::{NormsOptions, Options};
use super::{Failure, OK, REFUSED};
use crate::engine::past::{row, values_of};
use crate::engine::protocol::PastRow;
use crate::norms::past::{self, Computed, PastValue};

/// What limits are called that nobody named.
const NAME: &str = "Our laboratory";
/// Largest table, bytes.
const MOST_BYTES: u64 = 64 << 20;

/// The text of a table of past values; `None` where the file is none.
fn table(path: &Path) -> Option<String> {
    let small = path.is_file() && path.metadata().is_ok_and(|about| about.len() <= MOST_BYTES);
    let text = small.then(|| std::fs::read(path).ok()).flatten()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    past::is_table(&text).then_some(text)
}

/// Tables of values that were named, or lie in folders that were.
fn tables(options: &Options) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for path in &options.files {
        let within = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut paths: Vec<_> = if path.is_dir() { within.collect() } else { vec![path.clone()] };
        paths.sort();
        out.extend(paths.iter().filter_map(|path| Some((path.to_string_lossy().into_owned(), table(path)?))));
    }
    out
}

/// Gathers values and prints or writes what they come to.
pub fn run(options: &Options, wanted: &NormsOptions, target: Option<&Path>, out: &mut dyn Write) -> Result<u8, Failure> {
    if options.files.is_empty() {
        return Err(Failure::Usage("norms wants a folder of past studies, or a table of their values".into()));
    }
    let (mut values, mut studies, mut left_out, mut code) = (Vec::<PastValue>::new(), 0, 0, OK);
    let mut take = |found: Vec<(PastValue, bool)>| {
        studies += usize::from(found.iter().any(|(_, counts)| *counts));
        left_out += found.iter().filter(|(_, counts)| !counts).count();
        values.extend(found.into_iter().filter_map(|(value, counts)| counts.then_some(value)));
    };
    let tables = tables(options);
    for (name, text) in &tables {
        match past::read(text, name) {
            Ok((found, problems)) => {
                take(found.into_iter().map(|value| (value, true)).collect());
                problems.iter().for_each(|what| eprintln!("myoscope: {name}: {what}; the row was left out"));
            }
            Err(what) => {
                code = REFUSED;
                eprintln!("myoscope: {name}: {what}");
            }
        }
    }
    let mut source = super::input::Source::default();
    for argument in &options.files {
        for (file, result) in source.open(argument, options) {
            if tables.iter().any(|(name, _)| *name == file) {
                continue;
            }
            match result {
                Ok(opened) => take(values_of(opened, &file, None)),
                Err(error) => {
                    code = REFUSED;
                    eprintln!("myoscope: {file}: {error}");
                }
            }
        }
    }
    let computed = past::compute(&values, &wanted.division);
    if options.json {
        let rows: Vec<PastRow> = computed.iter().map(row).collect();
        super::json_line(out, &serde_json::json!({ "studies": studies, "left_out": left_out, "rows": rows }))?;
    } else {
        text(out, studies, left_out, &computed)?;
    }
    let Some(target) = target else { return Ok(code) };
    let found: Vec<&Computed> = computed.iter().filter(|computed| computed.found.is_ok()).collect();
    if found.is_empty() {
        return Err(Failure::Write(format!("{} was not written: no limit was found", target.display())));
    }
    let table = past::table(wanted.name.as_deref().unwrap_or(NAME), studies, &found);
    std::fs::write(target, table).map_err(|error| Failure::Write(format!("{}: {error}", target.display())))?;
    Ok(code)
}

fn text(out: &mut dyn Write, studies: usize, left_out: usize, computed: &[Computed]) -> Result<(), Failure> {
    writeln!(out, "{studies} studies or tables; {left_out} values left out because of their distance or a cold limb")?;
    for row in computed.iter().map(row) {
        let people = if row.people.is_empty() { String::new() } else { format!(" ({})", row.people) };
        write!(out, "{}: {}{people}: ", row.study, row.measure)?;
        let published = row.published.map_or_else(|| "none published".to_owned(), |limit| format!("published {limit}"));
        match &row.found {
            Some(found) => writeln!(
                out,
                "{} {} {}, {published}; middle {:.2}, {} of {} people on the plateau from {:.2} to {:.2}{}",
                if row.upper { "\u{2264}" } else { "\u{2265}" },
                found.limit,
                row.unit,
                found.middle,
                found.on_plateau,
                row.n,
                found.from_to[0],
                found.from_to[1],
                if found.uncertain { "; uncertain: few people" } else { "" }
            )?,
            None => writeln!(out, "no limit: {}; {published}", row.problem)?,
        }
    }
    Ok(())
}
