//! Fixed-width header fields: tolerant reading, strict writing.
//!
//! Every field knows its name in the specification and its byte offset, so that each warning can
//! name both. Reading never fails: a field that makes no sense gives `None` and a warning.

use crate::model::Warning;

/// One field of the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Name as in the EDF specification, with the signal number where there is one.
    pub name: &'a str,
    /// Byte offset in the file.
    pub offset: u64,
    /// Its bytes, padding included.
    pub bytes: &'a [u8],
}

impl Field<'_> {
    fn warn(&self, warnings: &mut Vec<Warning>, what: impl Into<String>) {
        warnings.push(Warning::at(self.name, self.offset, what));
    }

    /// Text without padding. Bytes beyond US-ASCII are read as UTF-8, else as Latin-1.
    pub fn text(&self, warnings: &mut Vec<Warning>) -> String {
        let text = decode_text(self.bytes);
        let text = text.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
        if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            self.warn(warnings, "the field holds characters outside US-ASCII; they were kept");
        }
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    /// A number. Decimal commas, stray blanks and text behind the number are read around.
    pub fn number(&self, warnings: &mut Vec<Warning>) -> Option<f64> {
        let text = decode_text(self.bytes);
        let trimmed = text.trim_matches(|c: char| c == '\0' || c == ' ');
        let parsed = parse_number(trimmed);
        if parsed.is_some() {
            return parsed;
        }
        let repaired: String =
            trimmed.chars().filter(|c| !c.is_whitespace() && *c != '\0').map(|c| if c == ',' { '.' } else { c }).collect();
        let numeric = repaired.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(repaired.len());
        let value = parse_number(&repaired[..numeric]);
        match value {
            Some(value) => self.warn(warnings, format!("the number is not written as specified; it was read as {value}")),
            None => self.warn(warnings, "the field is not a number"),
        }
        value
    }

    /// A whole number within `i64`.
    pub fn integer(&self, warnings: &mut Vec<Warning>) -> Option<i64> {
        let value = self.number(warnings)?;
        if value.fract() != 0.0 {
            self.warn(warnings, format!("the number should be whole; {} is used", value.round()));
        }
        // The cast saturates, and no field of eight characters reaches that far anyway.
        Some(value.round() as i64)
    }
}

/// A finite number in the notation that EDF allows.
fn parse_number(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which no header means.
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// UTF-8, or Latin-1 where it is not.
pub(super) fn decode_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

/// `value` in at most `width` characters with as many digits as fit; `None` when it does not fit.
pub(super) fn format_number(value: f64, width: usize) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let value = if value == 0.0 { 0.0 } else { value };
    let shortest = format!("{value}");
    if shortest.len() <= width {
        return Some(shortest);
    }
    (0..=width).rev().find_map(|decimals| {
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
        let zero = text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'));
        (text.len() <= width && !zero).then_some(text)
    })
}

/// `text` as a field of `width` bytes: US-ASCII, padded with spaces. Tells whether it had to change.
pub(super) fn pad(text: &str, width: usize) -> (Vec<u8>, bool) {
    let mut changed = false;
    let mut bytes = Vec::with_capacity(width);
    for c in text.chars() {
        match c {
            ' '..='~' => bytes.push(c as u8),
            // The only non-ASCII letter that units commonly carry has a usual replacement.
            '\u{b5}' | '\u{3bc}' => bytes.push(b'u'),
            _ => {
                bytes.push(b'?');
                changed = true;
            }
        }
    }
    changed |= bytes.len() > width;
    bytes.resize(width, b' ');
    (bytes, changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> (Option<f64>, usize) {
        let mut warnings = Vec::new();
        let value = Field { name: "physical maximum", offset: 0, bytes: text.as_bytes() }.number(&mut warnings);
        (value, warnings.len())
    }

    #[test]
    fn numbers_are_read_around_common_faults() {
        assert_eq!(number("100     "), (Some(100.0), 0));
        assert_eq!(number(" -25.5  "), (Some(-25.5), 0));
        assert_eq!(number("1e3     "), (Some(1000.0), 0));
        assert_eq!(number("3,25    "), (Some(3.25), 1));
        assert_eq!(number("- 100   "), (Some(-100.0), 1));
        assert_eq!(number("50uV    "), (Some(50.0), 1));
        assert_eq!(number("        "), (None, 1));
        assert_eq!(number("inf     "), (None, 1));
    }

    #[test]
    fn numbers_are_written_with_all_the_digits_that_fit() {
        assert_eq!(format_number(-163.835, 8).as_deref(), Some("-163.835"));
        assert_eq!(format_number(1.0 / 3.0, 8).as_deref(), Some("0.333333"));
        assert_eq!(format_number(-2_499.961_85, 8).as_deref(), Some("-2499.96"));
        assert_eq!(format_number(1e-9, 8), None);
        assert_eq!(format_number(1e12, 8), None);
        assert_eq!(format_number(0.0, 8).as_deref(), Some("0"));
    }
}
