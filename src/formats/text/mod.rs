//! Tables in text: CSV, TSV and columns divided by blanks.
//!
//! Nothing declares what such a file means, so it is guessed from its beginning ([`preview`]) and a
//! person may overrule each point ([`OpenOptions`]). Separator, decimal comma, header and comment
//! lines, a time column or a stated rate, units in the header; LF, CRLF or CR; a byte order mark.
//!
//! Blank cells and cells that are no numbers become NaN, the latter with a warning that names the
//! byte. A jump in the time column is a gap of the timeline. Without a time column and without a
//! stated rate the file is refused with [`ReadError::NeedsInput`].
//!
//! Cost: one pass through the file with memory for one offset in a thousand rows; rows are then read
//! and parsed on demand. A line longer than a megabyte is refused.

mod cells;
mod guess;
mod header;
mod index;
mod lines;
mod samples;
mod time;
mod write;

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{ByteSource, Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Channel, Recording, Samples, Study, Warning};

pub use write::CsvWriter;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Time of the row.
    Time,
    /// A channel.
    Value,
    /// A row number, a clock text or an empty column.
    Ignored,
}

/// One column as it is understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name from the header, or `col0`, `col1`, ...
    pub name: String,
    /// Unit from the header, `""` when there is none.
    pub unit: String,
    /// What it is taken for.
    pub role: Role,
}

/// How the beginning of a text file is understood, for a person to confirm or correct.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// Field separator; a blank stands for any run of blanks and tabs.
    pub separator: char,
    /// Whether numbers use a decimal comma.
    pub decimal_comma: bool,
    /// Lines before the first row of numbers.
    pub header_lines: usize,
    /// The columns.
    pub columns: Vec<Column>,
    /// Seconds that one unit of the time column stands for.
    pub time_unit_s: f64,
    /// Sampling rate: stated by a person or in the header, or fitted to the first rows.
    pub fs_hz: Option<f64>,
    /// Nothing had to be assumed.
    pub certain: bool,
    /// What had to be assumed, in sentences.
    pub doubts: Vec<String>,
    /// Cells of the first rows, as written.
    pub first_rows: Vec<Vec<String>>,
}

/// Understands the beginning of a file; reads at most 256 kB of it.
///
/// # Errors
/// When it is not a table of numbers, or cannot be read.
pub fn preview(source: &dyn ByteSource, options: &OpenOptions) -> Result<Preview, ReadError> {
    guess::guess(source, options).map(|guess| guess.preview)
}

/// Reader of tables in text: the last to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl Reader for Text {
    fn name(&self) -> &'static str {
        "CSV"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt", "asc", "dat"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let lower = name.to_ascii_lowercase();
        let by_name = ["csv", "tsv", "txt", "asc"].iter().any(|e| lower.ends_with(&format!(".{e}")));
        if by_name && lines::is_utf16(head) {
            return 5;
        }
        if !lines::looks_like_text(head) {
            return 0;
        }
        // The head may end inside a long header; a text file by name is worth a closer look.
        match guess::looks_numeric(head) {
            true => 10,
            false if by_name && !head.is_empty() => 5,
            false => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        let guess = guess::guess(&*file.source, options)?;
        let mut warnings: Vec<Warning> = guess.preview.doubts.iter().map(Warning::new).collect();
        let table = index::scan(&file.source, &guess, &mut warnings)?;
        let fitted = table.times.finish(options.fs_hz, guess.stated_fs_hz, table.rows, &mut warnings)?;
        let Some((fs_hz, timeline)) = fitted else {
            return Err(ReadError::NeedsInput {
                what: "the table has no time column and states no sampling rate: enter the sampling rate".into(),
                option: "fs_hz".into(),
            });
        };
        let columns = &guess.preview.columns;
        let values: Vec<usize> = (0..columns.len()).filter(|&c| columns[c].role == Role::Value).collect();
        let channel = |&c: &usize| Channel {
            negative_up: false,
            name: columns[c].name.clone(),
            unit: if columns[c].unit.is_empty() { options.unit.clone().unwrap_or_default() } else { columns[c].unit.clone() },
            fs_hz,
            n: table.rows,
            transducer: String::new(),
            prefilter: String::new(),
            scale: None,
            skew_s: 0.0,
        };
        let annotations = table.notes.iter().map(|(row, text)| crate::model::Annotation {
            onset_s: timeline.time_of_stored(*row as f64 / fs_hz),
            duration_s: None,
            text: text.clone(),
            channel: None,
        });
        let recording = Recording {
            name: file.name.clone(),
            format: if guess.preview.separator == '\t' { "TSV" } else { "CSV" }.into(),
            start: None,
            description: String::new(),
            channels: values.iter().map(channel).collect(),
            annotations: annotations.collect(),
            timeline: timeline.clone(),
        };
        let samples: Rc<dyn Samples> =
            Rc::new(samples::TextSamples::new(Rc::clone(&file.source), guess.shape, &values, table.blocks, table.rows));
        Ok(Opened {
            study: Study { recordings: vec![recording], ..Study::default() },
            samples: vec![samples],
            warnings,
            used: vec![file.name.clone()],
            ..Opened::default()
        })
    }
}
