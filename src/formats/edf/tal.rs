//! Time-stamped annotation lists (EDF+ section 2.2.2): parsing and writing.
//!
//! `onset [0x15 duration] 0x14 text 0x14 ... 0x14 0x00`; an empty text keeps the time of the record.

use super::field::decode_text;

/// One list: one time, any number of texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tal {
    pub onset_s: f64,
    pub duration_s: Option<f64>,
    /// Texts in order; an empty one is a time-keeping annotation.
    pub texts: Vec<String>,
}

/// All lists of one annotation signal of one record; the number of broken ones beside them.
pub(super) fn parse(bytes: &[u8]) -> (Vec<Tal>, usize) {
    let mut tals = Vec::new();
    let mut broken = 0;
    // A list ends with 0x14 0x00; the rest is filled with zeros.
    for chunk in bytes.split(|&b| b == 0).filter(|chunk| !chunk.is_empty()) {
        match parse_one(chunk) {
            Some(tal) => tals.push(tal),
            None => broken += 1,
        }
    }
    (tals, broken)
}

fn parse_one(chunk: &[u8]) -> Option<Tal> {
    let mut parts = chunk.split(|&b| b == 0x14);
    let stamp = parts.next()?;
    let mut times = stamp.splitn(2, |&b| b == 0x15);
    let onset_s = seconds(times.next()?)?;
    let duration_s = times.next().and_then(seconds).filter(|s| *s >= 0.0);
    let mut texts: Vec<String> = parts.map(decode_text).collect();
    // The byte 0x14 ends each text, so splitting leaves one empty piece behind the last.
    let terminated = texts.pop()?;
    if !terminated.trim().is_empty() {
        texts.push(terminated);
    }
    Some(Tal { onset_s, duration_s, texts })
}

fn seconds(bytes: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.')) {
        return None;
    }
    text.parse::<f64>().ok().filter(|s| s.is_finite())
}

/// Seconds as EDF+ writes them: digits and a dot, no exponent.
fn format_seconds(s: f64) -> String {
    let shortest = format!("{s}");
    if shortest.len() <= 24 { shortest } else { format!("{s:.9}") }
}

/// Appends the time-keeping annotation of a record.
pub(super) fn write_time(out: &mut Vec<u8>, onset_s: f64) {
    write_onset(out, onset_s);
    out.extend_from_slice(&[0x14, 0x14, 0]);
}

/// Appends one annotation. Bytes that structure lists are replaced by blanks; tells whether any were.
pub(super) fn write_text(out: &mut Vec<u8>, onset_s: f64, duration_s: Option<f64>, text: &str) -> bool {
    write_onset(out, onset_s);
    if let Some(duration) = duration_s {
        out.push(0x15);
        out.extend_from_slice(format_seconds(duration.max(0.0)).as_bytes());
    }
    out.push(0x14);
    let forbidden = |b: u8| b < 0x20 && !matches!(b, 9 | 10 | 13);
    let changed = text.bytes().any(forbidden);
    out.extend(text.bytes().map(|b| if forbidden(b) { b' ' } else { b }));
    out.extend_from_slice(&[0x14, 0]);
    changed
}

fn write_onset(out: &mut Vec<u8>, onset_s: f64) {
    if onset_s >= 0.0 {
        out.push(b'+');
    }
    out.extend_from_slice(format_seconds(if onset_s == 0.0 { 0.0 } else { onset_s }).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let (tals, broken) = parse(b"+180\x14Lights off\x14Close door\x14\0+1800.2\x1525.5\x14Apnea\x14\0\0\0");
        assert_eq!(broken, 0);
        assert_eq!(tals[0], Tal { onset_s: 180.0, duration_s: None, texts: vec!["Lights off".into(), "Close door".into()] });
        assert_eq!(tals[1], Tal { onset_s: 1800.2, duration_s: Some(25.5), texts: vec!["Apnea".into()] });
        let (tals, _) = parse(b"+567\x14\x14\0-0.065\x14Pre-stimulus beep 1000Hz\x14\0");
        assert_eq!(tals[0].texts, [""]);
        assert_eq!(tals[1].onset_s, -0.065);
    }

    #[test]
    fn odd_lists_do_not_hide_the_others() {
        let (tals, broken) = parse(b"rubbish\0+1\x14B\xFCrste\x14\0+2\x14unfinished");
        assert_eq!(broken, 1);
        assert_eq!(tals[0].texts, ["B\u{fc}rste"]);
        assert_eq!(tals[1].texts, ["unfinished"]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = Vec::new();
        write_time(&mut bytes, 0.0);
        assert!(!write_text(&mut bytes, 0.1 + 0.2, Some(1e-3), "StimA \u{b5}V"));
        assert!(write_text(&mut bytes, -0.5, None, "a\x14b"));
        let (tals, broken) = parse(&bytes);
        assert_eq!(broken, 0);
        assert_eq!(tals[0], Tal { onset_s: 0.0, duration_s: None, texts: vec![String::new()] });
        assert_eq!(tals[1], Tal { onset_s: 0.1 + 0.2, duration_s: Some(1e-3), texts: vec!["StimA \u{b5}V".into()] });
        assert_eq!(tals[2].texts, ["a b"]);
    }
}
