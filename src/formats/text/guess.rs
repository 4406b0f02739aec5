//! Understanding the beginning of a text file.

use super::cells::{self, Cell, Dialect};
use super::time::Times;
use super::{Column, Preview, Role, header, lines};
use crate::formats::{ByteSource, OpenOptions, ReadError};

/// How much of the file is looked at, bytes.
const HEAD: usize = 256 * 1024;
const PREVIEW_ROWS: usize = 20;
const MAX_COLUMNS: usize = 4096;

/// What the readers of rows need to know.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub dialect: Dialect,
    pub terminator: u8,
    /// Byte offset of the first row.
    pub data_start: u64,
    pub columns: usize,
    pub time: Option<usize>,
    pub time_unit_s: f64,
    /// Columns whose numbers count, by index.
    pub wanted: Vec<bool>,
}

/// The result of guessing.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    pub preview: Preview,
    pub shape: Shape,
    pub stated_fs_hz: Option<f64>,
}

/// Whether a line is a comment.
pub(super) fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    matches!(line.first(), Some(b'#' | b'%')) || line.starts_with(b"//")
}

/// Whether the beginning of a file holds rows of numbers.
pub(super) fn looks_numeric(head: &[u8]) -> bool {
    let rows = split(head, false);
    best_dialect(&rows, &OpenOptions::default()).is_some_and(|(_, columns, share, count)| columns > 0 && share >= 0.6 && count >= 2)
}

/// Lines of the head with their offsets; the last one only when it is known to be whole.
fn split(head: &[u8], whole: bool) -> Vec<(u64, &[u8])> {
    let end = lines::terminator(head);
    let mut all = Vec::new();
    let mut at = 0;
    for line in head.split(|&b| b == end) {
        all.push((at, lines::trim(line, at)));
        at += line.len() as u64 + 1;
    }
    if !whole || all.last().is_some_and(|(_, line)| line.is_empty()) {
        all.pop();
    }
    all
}

/// Numbers, blanks and all cells of a line.
fn count_cells(line: &[u8], dialect: Dialect) -> (usize, usize, usize) {
    let (mut numbers, mut blanks, mut total) = (0, 0, 0);
    cells::each(line, dialect, &mut |index, cell| {
        match cells::number(cell, dialect.decimal_comma) {
            Cell::Number(_) => numbers += 1,
            Cell::Blank => blanks += 1,
            Cell::Other => {}
        }
        total = index + 1;
    });
    (numbers, blanks, total)
}

/// The dialect that turns most of the last lines into numbers: with it the number of columns, the
/// share of numbers and the number of rows looked at.
fn best_dialect(rows: &[(u64, &[u8])], options: &OpenOptions) -> Option<(Dialect, usize, f64, usize)> {
    let sample: Vec<&[u8]> =
        rows.iter().rev().map(|(_, line)| *line).filter(|line| !line.trim_ascii().is_empty() && !is_comment(line)).take(100).collect();
    let mut best: Option<(Dialect, usize, f64, usize)> = None;
    for separator in [b'\t', b';', b',', b' ', b'|'] {
        if options.separator.is_some_and(|asked| asked != char::from(separator)) {
            continue;
        }
        for decimal_comma in [false, true] {
            if options.decimal_comma.is_some_and(|asked| asked != decimal_comma) || (decimal_comma && separator == b',') {
                continue;
            }
            let dialect = Dialect { separator, decimal_comma };
            let counts: Vec<(usize, usize, usize)> = sample.iter().map(|line| count_cells(line, dialect)).collect();
            let rows: Vec<_> = counts.iter().filter(|(numbers, ..)| *numbers > 0).collect();
            let mut totals: Vec<usize> = rows.iter().map(|(_, _, total)| *total).collect();
            totals.sort_unstable();
            let Some(&columns) = totals.get(totals.len() / 2) else { continue };
            if columns > MAX_COLUMNS {
                continue;
            }
            let share = |(numbers, blanks, total): &(usize, usize, usize)| {
                if *total != columns || *numbers == 0 { 0.0 } else { (*numbers as f64 + *blanks as f64 * 0.8) / columns as f64 }
            };
            let mean = counts.iter().map(share).sum::<f64>() / counts.len().max(1) as f64;
            // More columns win among dialects that explain the lines about equally well.
            let better = best.is_none_or(|(_, most, highest, _)| mean > highest + 0.05 || (mean > highest - 0.05 && columns > most));
            if better {
                best = Some((dialect, columns, mean, rows.len()));
            }
        }
    }
    best
}

/// Understands the beginning of a file.
pub(super) fn guess(source: &dyn ByteSource, options: &OpenOptions) -> Result<Guess, ReadError> {
    let refuse = |what: &str| ReadError::NotThisFormat { what: what.to_owned() };
    let head = source.read_vec(0, HEAD)?;
    if lines::is_utf16(&head) {
        return Err(ReadError::Unsupported { feature: "text in UTF-16 (save it as UTF-8)".into() });
    }
    if !lines::looks_like_text(&head) {
        return Err(refuse("this is not text"));
    }
    let rows = split(&head, head.len() as u64 == source.len());
    let (dialect, mut columns, ..) = best_dialect(&rows, options)
        .filter(|(_, columns, share, count)| *columns > 0 && *share >= 0.6 && *count >= 2)
        .ok_or_else(|| refuse("no table of numbers was found in this text"))?;
    // Without any separator, name the one that a spreadsheet expects.
    let dialect = if columns == 1 && !dialect.decimal_comma && options.separator.is_none() {
        Dialect { separator: b',', ..dialect }
    } else {
        dialect
    };
    let is_row = |line: &[u8]| {
        let (numbers, _, total) = count_cells(line, dialect);
        !is_comment(line) && numbers > 0 && numbers * 2 >= columns && total >= columns.div_ceil(2)
    };
    let first = (0..rows.len())
        .find(|&k| is_row(rows[k].1) && rows.get(k + 1).is_none_or(|next| is_row(next.1)))
        .ok_or_else(|| refuse("no row of numbers was found in this text"))?;
    // A separator at the end of every line is no column.
    let sample: Vec<Vec<String>> =
        rows[first..].iter().take(200).filter(|(_, l)| is_row(l)).map(|(_, l)| cells::texts(l, dialect)).collect();
    while columns > 1 && sample.iter().all(|row| row.get(columns - 1).is_none_or(String::is_empty)) {
        columns -= 1;
    }

    let above: Vec<String> = rows[..first].iter().map(|(_, line)| cells::decode(line)).collect();
    let mut doubts = Vec::new();
    let (names, units) = read_names(&above, dialect, columns);
    let stated_fs_hz = read_rate(&above, &mut doubts);
    let mut described: Vec<Column> = (0..columns)
        .map(|c| {
            let name = names.as_ref().and_then(|names| names.get(c)).map_or("", String::as_str);
            let (name, unit) = header::split_unit(name);
            let unit = if unit.is_empty() { units.get(c).cloned().unwrap_or_default() } else { unit };
            Column { name, unit, role: Role::Value }
        })
        .collect();
    let time = assign_roles(&mut described, &sample, dialect, names.is_some(), stated_fs_hz, options, &mut doubts);
    let time_unit_s = time.map_or(1.0, |c| unit_of_time(&described[c], c, &sample, dialect, &mut doubts));
    for (c, column) in described.iter_mut().enumerate() {
        if column.name.is_empty() {
            column.name = format!("col{c}");
        }
    }
    if !described.iter().any(|column| column.role == Role::Value) {
        return Err(refuse("the table has no column of values"));
    }
    if dialect.separator == b',' && columns == 2 && time.is_none() && options.separator.is_none() && !head.contains(&b'.') {
        doubts.push("the commas may be decimal commas of one column rather than separate two columns".into());
    }
    let mut times = Times::default();
    if let Some(c) = time {
        for (k, row) in sample.iter().enumerate() {
            if let Some(Cell::Number(t)) = row.get(c).map(|cell| cells::number(cell.as_bytes(), dialect.decimal_comma)) {
                times.feed(k as u64, t * time_unit_s, last_digit(row[c].as_bytes()) * time_unit_s);
            }
        }
    }
    if time.is_none() && stated_fs_hz.is_none() && options.fs_hz.is_none() {
        doubts.push("neither a time column nor a sampling rate was found".into());
    }
    let wanted = described.iter().map(|column| column.role == Role::Value).collect();
    let preview = Preview {
        separator: char::from(dialect.separator),
        decimal_comma: dialect.decimal_comma,
        header_lines: first,
        columns: described,
        time_unit_s,
        fs_hz: options.fs_hz.or_else(|| times.rate_hz()).or(stated_fs_hz),
        certain: doubts.is_empty() && (options.fs_hz.is_some() || time.is_some() || stated_fs_hz.is_some()),
        doubts,
        first_rows: sample.into_iter().take(PREVIEW_ROWS).collect(),
    };
    let terminator = lines::terminator(&head);
    let shape = Shape { dialect, terminator, data_start: rows[first].0, columns, time, time_unit_s, wanted };
    Ok(Guess { preview, shape, stated_fs_hz })
}

/// Names and units above the table.
fn read_names(above: &[String], dialect: Dialect, columns: usize) -> (Option<Vec<String>>, Vec<String>) {
    let mut units = Vec::new();
    // LabChart begins each line of its header with a key in the time column.
    let keyed = |key: &str| {
        let line = above.iter().find(|line| line.starts_with(key))?;
        let mut cells = cells::texts(line.as_bytes(), dialect);
        cells.truncate(columns);
        cells.first_mut()?.clear();
        Some(cells)
    };
    if let Some(mut names) = keyed("ChannelTitle=") {
        names[0] = "time".into();
        let units = keyed("UnitName=").unwrap_or_default();
        return (Some(names), units.into_iter().map(|unit| unit.replace('*', "")).collect());
    }
    for line in above.iter().rev() {
        let bare = line.trim_start_matches(['#', '%', '/']).trim();
        if bare.is_empty() {
            continue;
        }
        if let Some(names) = header::listed_names(bare, columns) {
            return (Some(names), units);
        }
        let commented = bare.len() != line.trim().len();
        let mut found = cells::texts(if commented { bare.as_bytes() } else { line.as_bytes() }, dialect);
        while found.len() > columns && found.last().is_some_and(String::is_empty) {
            found.pop();
        }
        let fits = found.len() == columns && (columns > 1 || !commented);
        let filled = found.iter().filter(|cell| !cell.is_empty()).count();
        if !fits || filled * 2 < columns {
            continue;
        }
        if units.is_empty() && found.iter().all(|cell| cell.is_empty() || header::is_unit(cell)) {
            units = found;
            continue;
        }
        return (Some(found), units);
    }
    (None, units)
}

/// The sampling rate above the table.
fn read_rate(above: &[String], doubts: &mut Vec<String>) -> Option<f64> {
    let stated: Vec<f64> = above.iter().filter_map(|line| header::stated_rate(line)).collect();
    if let Some(&first) = stated.first() {
        if stated.iter().any(|rate| *rate != first) {
            doubts.push("the header states several sampling rates; only channels of the first are read rightly".into());
        }
        return Some(first);
    }
    // Vicon writes `Devices`, then the rate alone.
    let bare = |line: &String| line.trim().trim_end_matches([',', ';', '\t']).to_owned();
    match above.iter().map(bare).collect::<Vec<_>>().as_slice() {
        [title, rate, ..] if title.eq_ignore_ascii_case("devices") => rate.parse().ok().filter(|fs: &f64| fs.is_finite() && *fs > 0.0),
        _ => None,
    }
}

/// Decides what each column is; returns the time column.
fn assign_roles(
    columns: &mut [Column],
    sample: &[Vec<String>],
    dialect: Dialect,
    named: bool,
    stated: Option<f64>,
    options: &OpenOptions,
    doubts: &mut Vec<String>,
) -> Option<usize> {
    let value = |row: &Vec<String>, c: usize| match row.get(c).map(|cell| cells::number(cell.as_bytes(), dialect.decimal_comma)) {
        Some(Cell::Number(value)) => Some(value),
        _ => None,
    };
    for (c, column) in columns.iter_mut().enumerate() {
        let numbers = sample.iter().filter(|row| value(row, c).is_some()).count();
        if numbers * 2 < sample.len() || header::is_counter(&column.name) {
            column.role = Role::Ignored;
        }
    }
    let time = match options.time_column {
        // The column that calls itself time, else the first.
        Some(true) => Some(columns.iter().position(|c| header::is_time(&c.name, &c.unit)).unwrap_or(0)),
        Some(false) => None,
        None => (0..columns.len())
            .find(|&c| columns[c].role == Role::Value && header::is_time(&columns[c].name, &columns[c].unit))
            .or_else(|| {
                let first: Vec<f64> = sample.iter().filter_map(|row| value(row, 0)).collect();
                let rises = columns.len() > 1
                    && columns[0].role == Role::Value
                    && first.len() >= 2
                    && first.windows(2).all(|w| w[1] >= w[0])
                    && first.first() < first.last();
                if !rises {
                    return None;
                }
                let steps: Vec<f64> = first.windows(2).map(|w| w[1] - w[0]).collect();
                let (low, high) = steps.iter().fold((f64::INFINITY, 0.0f64), |(l, h), s| (l.min(*s), h.max(*s)));
                let even = high <= 2.0 * low + 1e-4;
                if even && low == 1.0 && high == 1.0 {
                    // Whole steps of one count rows.
                    columns[0].role = Role::Ignored;
                    doubts.push("the first column counts rows and was left out".into());
                    return None;
                }
                if even && (named || stated.is_some()) {
                    doubts.push(format!("column {} rises evenly and was taken for time in seconds", columns[0].name));
                }
                even.then_some(0)
            }),
    };
    if let Some(time) = time {
        columns[time].role = Role::Time;
        drop_other_clocks(columns, sample, time, doubts);
    }
    time
}

/// Tables of pairs (time, value, time, value, ...): values that run on another clock are left out.
fn drop_other_clocks(columns: &mut [Column], sample: &[Vec<String>], time: usize, doubts: &mut Vec<String>) {
    let mut own_clock = true;
    let mut dropped = 0;
    for c in time + 1..columns.len() {
        if columns[c].role == Role::Value && header::is_time(&columns[c].name, &columns[c].unit) && columns[c].name == columns[time].name {
            columns[c].role = Role::Ignored;
            own_clock = sample.iter().all(|row| row.get(c) == row.get(time));
        } else if !own_clock {
            columns[c].role = Role::Ignored;
            dropped += 1;
        }
    }
    if dropped > 0 {
        doubts.push(format!("{dropped} columns run at another rate than the first and were left out"));
    }
}

fn unit_of_time(column: &Column, c: usize, sample: &[Vec<String>], dialect: Dialect, doubts: &mut Vec<String>) -> f64 {
    if let Some(unit) = header::time_unit(&column.unit) {
        return unit;
    }
    let times: Vec<f64> = (sample.iter())
        .filter_map(|row| match cells::number(row.get(c)?.as_bytes(), dialect.decimal_comma) {
            Cell::Number(value) => Some(value),
            _ => None,
        })
        .collect();
    let step = match (times.first(), times.last()) {
        (Some(first), Some(last)) if times.len() > 1 => (last - first) / (times.len() - 1) as f64,
        _ => return 1.0,
    };
    // No biosignal is sampled below 20 Hz; a step like that is one of milliseconds.
    if step > 0.05 && step <= 50.0 {
        doubts.push("the time column states no unit; its steps make sense only as milliseconds".into());
        return 1e-3;
    }
    1.0
}

/// Value of the last written digit of a number.
pub(super) fn last_digit(cell: &[u8]) -> f64 {
    let mantissa = cell.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(cell.len());
    let exponent = cell.get(mantissa + 1..).and_then(|e| std::str::from_utf8(e).ok()).and_then(|e| e.parse::<i32>().ok()).unwrap_or(0);
    let point = cell[..mantissa].iter().position(|b| matches!(b, b'.' | b','));
    let decimals = point.map_or(0, |at| mantissa - at - 1).min(30) as i32;
    10f64.powi(exponent.clamp(-300, 300) - decimals)
}
