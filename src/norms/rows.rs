//! Tables as any spreadsheet saves them: commas, semicolons or tabs, remarks behind `#`, columns in any order.

use csv::StringRecord;

/// The first line that is no remark.
pub fn heading(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default()
}

/// The character between columns: the one that the heading has most of.
fn delimiter(text: &str) -> u8 {
    let head = heading(text);
    [b',', b';', b'\t'].into_iter().max_by_key(|of| head.bytes().filter(|byte| byte == of).count()).unwrap_or(b',')
}

/// A table whose heading was read.
pub struct Table<'a> {
    reader: csv::Reader<&'a [u8]>,
    head: StringRecord,
    /// Columns end with semicolons, so numbers may have decimal commas.
    pub comma: bool,
}

impl<'a> Table<'a> {
    /// Reads the heading.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(text: &'a str) -> Result<Self, csv::Error> {
        let text = text.trim_start_matches('\u{feff}');
        let between = delimiter(text);
        let mut options = csv::ReaderBuilder::new();
        options.delimiter(between).comment(Some(b'#')).flexible(true).trim(csv::Trim::All);
        let mut reader = options.from_reader(text.as_bytes());
        let head = reader.headers()?.clone();
        Ok(Self { reader, head, comma: between == b';' })
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        index(&self.head, column).is_some()
    }

    /// What `take` makes of each row, at most `most` of them; what is wrong with a row is said in the
    /// second value, with its line.
    pub fn rows<T>(mut self, most: usize, take: impl Fn(&Row<'_>) -> Result<T, String>) -> (Vec<T>, Vec<String>) {
        let (mut taken, mut problems) = (Vec::new(), Vec::new());
        for (at, record) in self.reader.records().take(most).enumerate() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    problems.push(format!("row {}: {error}", at + 1));
                    continue;
                }
            };
            if record.iter().all(str::is_empty) {
                continue;
            }
            match take(&Row { head: &self.head, record: &record }) {
                Ok(row) => taken.push(row),
                Err(what) => problems.push(format!("line {}: {what}", record.position().map_or(at as u64 + 2, csv::Position::line))),
            }
        }
        (taken, problems)
    }
}

/// One row.
pub struct Row<'a> {
    head: &'a StringRecord,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// What stands in a column; empty where there is none.
    pub fn cell(&self, column: &str) -> &'a str {
        index(self.head, column).and_then(|at| self.record.get(at)).unwrap_or_default()
    }
}

fn index(head: &StringRecord, column: &str) -> Option<usize> {
    head.iter().position(|name| name.eq_ignore_ascii_case(column))
}

/// The first problem as a sentence behind another.
pub fn first(problems: &[String]) -> String {
    problems.first().map(|what| format!(" First: {what}.")).unwrap_or_default()
}
