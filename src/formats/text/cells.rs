//! Cells of a line and the numbers in them.

/// How lines are divided and numbers written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Separator; a blank stands for any run of blanks and tabs.
    pub separator: u8,
    pub decimal_comma: bool,
}

/// Calls `take(index, cell)` for each cell, trimmed and without quotes.
pub(super) fn each<'a>(line: &'a [u8], dialect: Dialect, take: &mut dyn FnMut(usize, &'a [u8])) {
    if dialect.separator == b' ' {
        for (index, cell) in line.split(|b| matches!(b, b' ' | b'\t')).filter(|cell| !cell.is_empty()).enumerate() {
            take(index, unquote(cell));
        }
        return;
    }
    let (mut start, mut index, mut quoted) = (0, 0, false);
    for (at, &byte) in line.iter().enumerate() {
        if byte == b'"' {
            quoted = !quoted;
        } else if byte == dialect.separator && !quoted {
            take(index, unquote(line[start..at].trim_ascii()));
            start = at + 1;
            index += 1;
        }
    }
    take(index, unquote(line[start..].trim_ascii()));
}

fn unquote(cell: &[u8]) -> &[u8] {
    cell.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(cell)
}

/// All cells as text.
pub(super) fn texts(line: &[u8], dialect: Dialect) -> Vec<String> {
    let mut all = Vec::new();
    each(line, dialect, &mut |_, cell| all.push(decode(cell)));
    all
}

/// UTF-8, or Latin-1 where it is not.
pub(super) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    /// Nothing, or a word for it (`NaN`, `NA`, `-`).
    Blank,
    /// Something else.
    Other,
}

/// Reads a cell.
pub(super) fn number(cell: &[u8], decimal_comma: bool) -> Cell {
    let blank =
        |cell: &[u8]| cell.is_empty() || [&b"nan"[..], b"na", b"n/a", b"null", b"-", b"#n/a"].iter().any(|w| cell.eq_ignore_ascii_case(w));
    if blank(cell) {
        return Cell::Blank;
    }
    if !cell.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b',' | b'e' | b'E')) {
        return Cell::Other;
    }
    let mut replaced = [0u8; 64];
    let text = if decimal_comma {
        // No number is longer; thousands separators are not read.
        let Some(target) = replaced.get_mut(..cell.len()) else { return Cell::Other };
        target.copy_from_slice(cell);
        if target.contains(&b'.') {
            return Cell::Other;
        }
        target.iter_mut().filter(|b| **b == b',').for_each(|b| *b = b'.');
        &*target
    } else {
        cell
    };
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    parsed.filter(|value| value.is_finite()).map_or(Cell::Other, Cell::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_divided() {
        let split = |line: &str, separator| texts(line.as_bytes(), Dialect { separator, decimal_comma: false });
        assert_eq!(split("1, 2 ,\"a,b\",", b','), ["1", "2", "a,b", ""]);
        assert_eq!(split("  1\t 2  ", b' '), ["1", "2"]);
        assert_eq!(split("", b','), [""]);
    }

    #[test]
    fn numbers_and_blanks_are_told_apart() {
        assert_eq!(number(b"-1.5e-3", false), Cell::Number(-0.0015));
        assert_eq!(number(b"-1,5", true), Cell::Number(-1.5));
        assert_eq!(number(b"1.5", true), Cell::Other);
        assert_eq!(number(b"NaN", false), Cell::Blank);
        assert_eq!(number(b"0.0183/", false), Cell::Other);
        assert_eq!(number(b"inf", false), Cell::Other);
        assert_eq!(number(b"1e999", false), Cell::Other);
    }
}
