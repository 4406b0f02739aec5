//! The one pass through a table: counts rows, notes where blocks of rows begin, reads the time column.

use std::rc::Rc;

use super::cells::{self, Cell};
use super::guess::{Guess, Shape, is_comment, last_digit};
use super::lines;
use super::time::Times;
use crate::formats::{ByteSource, ReadError};
use crate::model::Warning;

/// A block ends after this many rows or bytes.
const BLOCK_ROWS: u64 = 1024;
const BLOCK_BYTES: u64 = 1 << 20;
const MAX_NOTES: usize = 100_000;

/// Where a block of rows begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub row: u64,
    pub offset: u64,
}

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub rows: u64,
    pub blocks: Vec<Block>,
    pub times: Times,
    /// Comments at the end of rows.
    pub notes: Vec<(u64, String)>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Line {
    /// A row; `time_s` with the value of its last digit.
    Row { time: Option<(f64, f64)>, broken: bool, cells: usize },
    /// A comment, blank, or a repeated header.
    Skipped { odd: bool },
}

/// Reads one line. `take(column, value)` gets the numbers of the wanted columns.
pub(super) fn read_line(line: &[u8], shape: &Shape, take: &mut dyn FnMut(usize, f64)) -> Line {
    if line.trim_ascii().is_empty() || is_comment(line) {
        return Line::Skipped { odd: false };
    }
    let (mut numbers, mut broken, mut count) = (0usize, false, 0usize);
    let mut no_time = false;
    let mut time = None;
    cells::each(line, shape.dialect, &mut |index, cell| {
        count = index + 1;
        let is_time = shape.time == Some(index);
        if !is_time && !shape.wanted.get(index).copied().unwrap_or(false) {
            return;
        }
        match cells::number(cell, shape.dialect.decimal_comma) {
            Cell::Number(value) if is_time => {
                numbers += 1;
                time = Some((value * shape.time_unit_s, last_digit(cell) * shape.time_unit_s));
            }
            Cell::Number(value) => {
                numbers += 1;
                take(index, value);
            }
            Cell::Blank => {}
            Cell::Other if is_time => no_time = true,
            Cell::Other => broken = true,
        }
    });
    // Without a time column even a line without a number holds a place in time; with one, a line
    // that has words for its time and among its values is a header that is repeated.
    let repeated_header = if no_time { broken || numbers == 0 } else { broken && numbers == 0 };
    if repeated_header && shape.time.is_some() {
        return Line::Skipped { odd: true };
    }
    Line::Row { time, broken: broken || no_time, cells: count }
}

/// Goes through the file.
pub(super) fn scan(source: &Rc<dyn ByteSource>, guess: &Guess, warnings: &mut Vec<Warning>) -> Result<Table, ReadError> {
    let shape = &guess.shape;
    let mut table = Table::default();
    let mut odd = Tally::default();
    let mut broken = Tally::default();
    let mut uneven = Tally::default();
    lines::each(&**source, shape.data_start, source.len(), shape.terminator, &mut |offset, line| {
        match read_line(line, shape, &mut |_, _| {}) {
            Line::Skipped { odd: false } => {}
            Line::Skipped { odd: true } => odd.add(offset),
            Line::Row { time, broken: is_broken, cells } => {
                let fresh =
                    table.blocks.last().is_none_or(|block| table.rows - block.row >= BLOCK_ROWS || offset - block.offset >= BLOCK_BYTES);
                if fresh {
                    table.blocks.push(Block { row: table.rows, offset });
                }
                if is_broken {
                    broken.add(offset);
                }
                if cells < shape.columns {
                    uneven.add(offset);
                } else if cells > shape.columns {
                    note_or_uneven(line, shape, table.rows, offset, &mut table.notes, &mut uneven);
                }
                if let Some((time_s, step_s)) = time {
                    table.times.feed(table.rows, time_s, step_s);
                }
                table.rows += 1;
            }
        }
        true
    })?;
    odd.warn(warnings, "lines without numbers between the rows, passed over");
    broken.warn(warnings, "rows with cells that are no numbers; those samples are missing");
    uneven.warn(warnings, "rows with more or fewer cells than the others");
    Ok(table)
}

/// A cell that begins with `#` behind the columns is a comment on the row (LabChart).
fn note_or_uneven(line: &[u8], shape: &Shape, row: u64, offset: u64, notes: &mut Vec<(u64, String)>, uneven: &mut Tally) {
    let mut extra = String::new();
    cells::each(line, shape.dialect, &mut |index, cell| {
        if index >= shape.columns {
            let separator = if extra.is_empty() { "" } else { " " };
            extra = format!("{extra}{separator}{}", cells::decode(cell));
        }
    });
    match extra.trim().strip_prefix('#') {
        Some(text) if notes.len() < MAX_NOTES => notes.push((row, text.trim_start_matches('*').trim().to_owned())),
        _ if extra.trim().is_empty() => {}
        _ => uneven.add(offset),
    }
}

/// How often something happened, and where first.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    first: u64,
}

impl Tally {
    fn add(&mut self, offset: u64) {
        if self.count == 0 {
            self.first = offset;
        }
        self.count += 1;
    }

    fn warn(&self, warnings: &mut Vec<Warning>, what: &str) {
        if self.count > 0 {
            warnings.push(Warning::at("row", self.first, format!("{what}: {}", self.count)));
        }
    }
}
