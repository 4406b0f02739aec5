//! A bounded buffer of bytes that wait for the rest of their frame.
//!
//! A decoder looks at [`Scanner::rest`], takes a frame, or skips a byte and looks again. Skipped bytes
//! are counted and reported in one event when the next frame is found (or a kilobyte has gathered), so
//! that reports do not depend on how the bytes were divided.

use super::{DeviceEvent, Losses, Reject};

/// Skipped bytes that are reported together at most.
const REPORT: u32 = 1024;

#[derive(Clone, Default)]
pub(crate) struct Scanner {
    buffer: Vec<u8>,
    at: usize,
    skipped: u32,
    /// What ends words between frames; empty where the protocol has none.
    end: &'static [u8],
    words: Vec<u8>,
}

impl Scanner {
    /// A scanner that reports printable bytes between frames as text when `end` follows them.
    pub fn with_words(end: &'static [u8]) -> Self {
        Self { end, ..Self::default() }
    }

    /// Adds bytes. Whoever calls this must take or skip until less than a frame is left.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 && self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        } else if self.at > 4096.max(self.buffer.len() / 2) {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are neither taken nor skipped.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Skips bytes that belong to no frame: they may be words.
    pub fn skip(&mut self, n: usize, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        for _ in 0..n {
            let Some(&byte) = self.buffer.get(self.at) else { return };
            self.at += 1;
            if self.end.is_empty() || !(byte.is_ascii_graphic() || b" \t\r\n".contains(&byte)) {
                self.no_words(losses, out);
                self.count(1, losses, out);
                continue;
            }
            self.words.push(byte);
            if self.words.ends_with(self.end) {
                let words = &self.words[..self.words.len() - self.end.len()];
                let text = String::from_utf8_lossy(words).trim().to_owned();
                self.words.clear();
                if !text.is_empty() {
                    self.count_out(out);
                    out.push(DeviceEvent::Text(text));
                }
            } else if self.words.len() >= REPORT as usize {
                self.no_words(losses, out);
            }
        }
    }

    fn no_words(&mut self, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        let n = self.words.len() as u32;
        self.words.clear();
        self.count(n, losses, out);
    }

    fn count(&mut self, n: u32, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        losses.skipped_bytes += u64::from(n);
        self.skipped += n;
        if self.skipped >= REPORT {
            self.count_out(out);
        }
    }

    fn count_out(&mut self, out: &mut Vec<DeviceEvent>) {
        if self.skipped > 0 {
            out.push(DeviceEvent::Rejected { bytes: self.skipped, why: Reject::NoFrame });
            self.skipped = 0;
        }
    }

    /// Reports what was skipped; to be called before the events of a frame.
    pub fn report(&mut self, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        self.no_words(losses, out);
        self.count_out(out);
    }

    /// Takes a frame's bytes away.
    pub fn take(&mut self, n: usize) {
        self.at = (self.at + n).min(self.buffer.len());
    }
}

/// How far two counters of `modulus` are apart: frames missing between two that follow each other.
/// The same number twice is a whole turn: such a loss cannot be told from a counter that stands still.
pub(crate) fn missing(last: u64, now: u64, modulus: u64) -> u64 {
    (now + 2 * modulus - last - 1) % modulus
}

/// Sign-extended big-endian 24 bits.
pub(crate) fn i24_be(b: [u8; 3]) -> i32 {
    i32::from_be_bytes([b[0], b[1], b[2], 0]) >> 8
}

/// Sign-extended little-endian 24 bits.
pub(crate) fn i24_le(b: [u8; 3]) -> i32 {
    i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8
}

/// Bit n for each value n at the end of the range `low..=high`.
pub(crate) fn clipped(values: impl Iterator<Item = i32>, low: i32, high: i32) -> u32 {
    values.take(32).enumerate().fold(0, |mask, (n, v)| if v <= low || v >= high { mask | 1 << n } else { mask })
}
