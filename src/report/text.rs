//! A report as plain text, for pasting into a record system: lines of at most [`WIDTH`] characters,
//! nothing but letters, digits and common signs. Figures are their words.

use super::{Block, Column, Document, Table};

/// Longest line, characters.
pub const WIDTH: usize = 78;
/// Between two columns of a table.
const GAP: usize = 2;

/// Writes a document.
pub fn write(document: &Document) -> String {
    let mut out = String::new();
    if let Some(head) = &document.letterhead {
        std::iter::once(&head.name)
            .chain(&head.lines)
            .filter(|line| !line.trim().is_empty())
            .for_each(|line| wrapped(&mut out, line, "", ""));
        out.push('\n');
    }
    line(&mut out, &document.title.to_uppercase());
    wrapped(&mut out, &document.subtitle, "", "");
    out.push('\n');
    for item in &document.identity {
        wrapped(&mut out, &format!("{}: {}", item.name, item.value), "", "    ");
    }
    out.push('\n');
    wrapped(&mut out, &document.state, "", "");
    for block in &document.blocks {
        self::block(&mut out, block);
    }
    if !document.foot.is_empty() {
        out.push('\n');
        line(&mut out, &"-".repeat(WIDTH));
        document.foot.iter().for_each(|words| wrapped(&mut out, words, "", "  "));
    }
    out
}

fn block(out: &mut String, block: &Block) {
    match block {
        Block::Answer(words) => {
            out.push('\n');
            wrapped(out, words, "", "");
        }
        Block::Heading { level, text } => {
            out.push('\n');
            let text = if *level < 2 { text.to_uppercase() } else { text.clone() };
            wrapped(out, &text, "", "");
            if *level < 2 {
                line(out, &"-".repeat(text.chars().count().min(WIDTH)));
            }
        }
        Block::Paragraph(words) | Block::Note(words) => {
            words.lines().for_each(|words| wrapped(out, words, "", ""));
        }
        Block::Facts(facts) => {
            for fact in facts {
                let note = if fact.note.is_empty() { String::new() } else { format!(" ({})", fact.note) };
                wrapped(out, &format!("{}: {}{note}", fact.name, fact.value), "", "    ");
            }
        }
        Block::List(points) => points.iter().for_each(|point| wrapped(out, point, "- ", "  ")),
        Block::Table(table) => self::table(out, table),
        Block::Figure(figure) => {
            out.push('\n');
            wrapped(out, &format!("[Figure: {}] {}", figure.caption, figure.picture.alt), "", "    ");
        }
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// Words in lines that fit; a word that is longer than a line is divided.
fn wrapped(out: &mut String, text: &str, first: &str, next: &str) {
    for row in lines(text, WIDTH, first, next) {
        line(out, &row);
    }
}

fn lines(text: &str, width: usize, first: &str, next: &str) -> Vec<String> {
    let (mut rows, mut row, mut empty) = (Vec::new(), first.to_owned(), true);
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if !empty && row.chars().count() + 1 + word.len() > width {
            rows.push(std::mem::replace(&mut row, next.to_owned()));
            empty = true;
        }
        if !empty {
            row.push(' ');
        }
        // At least one letter a line, or this would never end.
        while row.chars().count() + word.len() > width {
            let room = width.saturating_sub(row.chars().count()).clamp(1, word.len());
            row.extend(word.drain(..room));
            if word.is_empty() {
                break;
            }
            rows.push(std::mem::replace(&mut row, next.to_owned()));
        }
        row.extend(word);
        empty = false;
    }
    if !empty {
        rows.push(row);
    }
    rows
}

/// Name and unit of a column.
fn head(column: &Column) -> String {
    if column.unit.is_empty() { column.name.clone() } else { format!("{} {}", column.name, column.unit) }
}

fn table(out: &mut String, table: &Table) {
    out.push('\n');
    wrapped(out, &table.caption, "", "");
    let columns = table.columns.len();
    let heads: Vec<String> = table.columns.iter().map(head).collect();
    let longest = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
    // Heads break between words; cells stay whole where that fits.
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let cells = table.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.shown().chars().count());
            cells.max().unwrap_or(0).max(heads.get(at).map_or(0, |head| longest(head)))
        })
        .collect();
    let all: usize = widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1);
    if all > WIDTH {
        rows_as_lists(out, table, &heads);
    } else {
        grid(out, table, &heads, &widths);
    }
    if !table.note.is_empty() {
        wrapped(out, &table.note, "", "");
    }
}

fn grid(out: &mut String, table: &Table, heads: &[String], widths: &[usize]) {
    let put = |cells: &[String]| {
        let mut row = String::new();
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let numeric = table.columns.get(at).is_some_and(|column| column.numeric);
            let (before, behind) = if numeric { (pad.as_str(), "") } else { ("", pad.as_str()) };
            let gap = if at == 0 { 0 } else { GAP };
            row.extend([&" ".repeat(gap), before, cell, behind]);
        }
        row
    };
    let broken: Vec<Vec<String>> = heads.iter().zip(widths).map(|(head, width)| lines(head, *width, "", "")).collect();
    let deep = broken.iter().map(Vec::len).max().unwrap_or(0);
    for k in 0..deep {
        let cells: Vec<String> =
            broken.iter().map(|head| (k + head.len()).checked_sub(deep).and_then(|k| head.get(k)).cloned().unwrap_or_default()).collect();
        line(out, &put(&cells));
    }
    line(out, &"-".repeat(widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)));
    for row in &table.rows {
        line(out, &put(&row.iter().map(super::Cell::shown).collect::<Vec<_>>()));
    }
}

/// A table that is too wide: a paragraph a row.
fn rows_as_lists(out: &mut String, table: &Table, heads: &[String]) {
    for row in &table.rows {
        let mut cells = row.iter().zip(heads);
        let name = cells.next().map(|(cell, _)| cell.shown()).unwrap_or_default();
        let rest: Vec<String> = cells
            .filter(|(cell, _)| !cell.text.is_empty())
            .map(|(cell, head)| format!("{} {}", head.to_lowercase(), cell.shown()))
            .collect();
        wrapped(out, &format!("{name}: {}", rest.join("; ")), "- ", "  ");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Item};
    use super::*;

    fn wide() -> Table {
        let columns = (0..9).map(|at| Column::number(format!("Velocity of segment {at}"), "m/s")).collect();
        Table {
            caption: "Motor".into(),
            columns,
            rows: vec![(0..9).map(|at| Cell::text(format!("segment {at}"))).collect()],
            note: String::new(),
        }
    }

    #[test]
    fn no_line_is_longer_than_a_record_system_takes() {
        let narrow = Table {
            caption: "Sensory".into(),
            columns: vec![Column::words("Nerve"), Column::number("Onset", "ms")],
            rows: vec![vec![Cell::text("Median"), Cell { doubt: true, ..Cell::text("3.5") }]],
            note: String::new(),
        };
        let document = Document {
            title: "Report".into(),
            identity: vec![Item::new("Name", "x".repeat(300))],
            blocks: vec![
                Block::Table(narrow),
                Block::Table(wide()),
                Block::List(vec!["word ".repeat(60)]),
                Block::Paragraph("\u{b5}".repeat(200)),
            ],
            ..Document::default()
        };
        let text = write(&document);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("Median  3.5 ?"), "{text}");
        assert!(text.contains("velocity of segment 3 m/s segment 3"), "{text}");
        let letters = text.matches('x').count();
        assert!(letters >= 300, "only {letters} letters of the long name are left");
    }
}
