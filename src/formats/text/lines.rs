//! Lines of a file that is read by ranges, whatever ends them.

use crate::formats::{ByteSource, ReadError};

/// Longest line that is taken for text, bytes.
pub(super) const MAX_LINE: usize = 1 << 20;
const BLOCK: usize = 1 << 20;

/// What ends a line: LF (a CR before it is dropped), or CR alone.
pub(super) fn terminator(head: &[u8]) -> u8 {
    if !head.contains(&b'\n') && head.contains(&b'\r') { b'\r' } else { b'\n' }
}

/// Whether bytes are text at all: no NUL, hardly a control character. Some are tolerated, since
/// real exports carry damaged bytes.
pub(super) fn looks_like_text(head: &[u8]) -> bool {
    let odd = head.iter().filter(|&&b| b < 32 && !matches!(b, b'\t' | b'\n' | b'\r')).count();
    !head.contains(&0) && odd * 200 <= head.len()
}

/// Whether a byte order mark says UTF-16, which spreadsheets call Unicode text.
pub(super) fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// The part of `line` without the CR of a CRLF and, at the start of the file, the byte order mark.
pub(super) fn trim(line: &[u8], offset: u64) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if offset == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line }
}

/// Calls `take(offset, line)` for each line from byte `from` up to byte `to`, until it returns false.
pub(super) fn each(
    source: &dyn ByteSource,
    from: u64,
    to: u64,
    end: u8,
    take: &mut dyn FnMut(u64, &[u8]) -> bool,
) -> Result<(), ReadError> {
    let mut buffer: Vec<u8> = Vec::new();
    let mut at = from;
    loop {
        let known = buffer.len();
        let want = usize::try_from(to.saturating_sub(at + known as u64)).unwrap_or(usize::MAX).min(BLOCK);
        if want > 0 {
            buffer.resize(known + want, 0);
            let got = source.read_at(at + known as u64, &mut buffer[known..])?;
            buffer.truncate(known + got);
        }
        let last = buffer.len() == known;
        let mut line_start = 0;
        while let Some(length) = buffer[line_start..].iter().position(|&b| b == end) {
            let line = &buffer[line_start..line_start + length];
            if !take(at + line_start as u64, trim(line, at + line_start as u64)) {
                return Ok(());
            }
            line_start += length + 1;
        }
        if last {
            if line_start < buffer.len() {
                take(at + line_start as u64, trim(&buffer[line_start..], at + line_start as u64));
            }
            return Ok(());
        }
        buffer.drain(..line_start);
        at += line_start as u64;
        if buffer.len() > MAX_LINE {
            return Err(ReadError::Limit { what: format!("the line at byte {at}"), max: MAX_LINE as u64 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::SliceSource;

    fn collect(text: &[u8]) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        let source = SliceSource::from(text.to_vec());
        each(&source, 0, text.len() as u64, terminator(text), &mut |at, line| {
            all.push((at, String::from_utf8_lossy(line).into_owned()));
            true
        })
        .unwrap();
        all
    }

    #[test]
    fn every_kind_of_line_end_is_known() {
        let expected = [(0, "a".to_owned()), (2, "b".to_owned()), (4, "c".to_owned())];
        assert_eq!(collect(b"a\nb\nc"), expected);
        assert_eq!(collect(b"a\rb\rc\r"), expected);
        assert_eq!(collect(b"a\r\nb\r\n"), [(0, "a".to_owned()), (3, "b".to_owned())]);
        assert_eq!(collect(b"\xef\xbb\xbfa\n\n"), [(0, "a".to_owned()), (5, String::new())]);
        assert_eq!(collect(b""), []);
    }
}
