//! Elements of a data set: tags, value representations, lengths, nested items.
//!
//! Own code, not a library: those that exist read a file as a whole, allocate what it states, and
//! bring a dictionary of five thousand attributes, of which forty are needed. Values stay in the
//! file until they are asked for; only sequences that are known here are gone into.

use crate::formats::{ByteSource, ReadError};

/// Sequences of sequences at most.
const MAX_DEPTH: u32 = 8;
/// Elements of a file at most.
const MAX_ELEMENTS: u32 = 200_000;
/// Longest text that is read as such.
const MAX_TEXT: u32 = 1 << 16;
const UNDEFINED: u32 = u32::MAX;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;

/// Sequences that are gone into, also where the file does not say that they are sequences.
const SEQUENCES: [u32; 5] = [super::WAVEFORMS, super::CHANNELS, super::SOURCE, super::UNITS, super::ANNOTATIONS];

/// Tag, representation, length and where the value begins.
type Head = (u32, [u8; 2], u32, u64);

/// One element: where its value lies, or its items.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub tag: u32,
    pub offset: u64,
    pub len: u32,
    pub items: Vec<Set>,
}

/// The elements of a data set or item.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    elements: Vec<Element>,
}

impl Set {
    pub fn get(&self, tag: u32) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    pub fn items(&self, tag: u32) -> &[Set] {
        self.get(tag).map_or(&[], |element| &element.items)
    }

    /// A text without the padding around it.
    pub fn text(&self, source: &dyn ByteSource, tag: u32, latin: bool) -> Result<String, ReadError> {
        let Some(element) = self.get(tag) else { return Ok(String::new()) };
        let bytes = source.read_vec(element.offset, element.len.min(MAX_TEXT) as usize)?;
        let text = if latin { bytes.iter().map(|byte| char::from(*byte)).collect() } else { String::from_utf8_lossy(&bytes).into_owned() };
        Ok(text.trim_matches([' ', '\0']).to_owned())
    }

    /// The first number of a decimal or integer string.
    pub fn number(&self, source: &dyn ByteSource, tag: u32) -> Result<Option<f64>, ReadError> {
        Ok(self.numbers(source, tag)?.first().copied())
    }

    /// All of its numbers that are numbers.
    pub fn numbers(&self, source: &dyn ByteSource, tag: u32) -> Result<Vec<f64>, ReadError> {
        let text = self.text(source, tag, true)?;
        Ok(text.split('\\').filter_map(|part| part.trim().parse::<f64>().ok().filter(|value| value.is_finite())).collect())
    }

    /// An unsigned number of two or four bytes.
    pub fn unsigned(&self, source: &dyn ByteSource, tag: u32) -> Result<Option<u32>, ReadError> {
        let Some(element) = self.get(tag) else { return Ok(None) };
        let bytes = source.read_vec(element.offset, element.len.min(4) as usize)?;
        Ok(match bytes.as_slice() {
            [a, b] => Some(u32::from(u16::from_le_bytes([*a, *b]))),
            [a, b, c, d] => Some(u32::from_le_bytes([*a, *b, *c, *d])),
            _ => None,
        })
    }
}

/// Reads the elements from `at` to the end; what is broken behind a good beginning ends the list.
pub(super) struct Parser<'a> {
    pub source: &'a dyn ByteSource,
    pub implicit: bool,
    pub left: u32,
    /// Where reading had to end early.
    pub broken: Option<u64>,
}

impl<'a> Parser<'a> {
    pub fn new(source: &'a dyn ByteSource, implicit: bool) -> Self {
        Self { source, implicit, left: MAX_ELEMENTS, broken: None }
    }

    /// The elements of `at..end`, and where they ended.
    pub fn set(&mut self, mut at: u64, end: u64, depth: u32) -> Result<(Set, u64), ReadError> {
        let mut set = Set::default();
        while at < end {
            let Some((tag, vr, len, value)) = self.head(at)? else {
                self.broken.get_or_insert(at);
                return Ok((set, end));
            };
            if tag == ITEM_END || tag == SEQUENCE_END {
                return Ok((set, value));
            }
            self.left =
                self.left.checked_sub(1).ok_or(ReadError::Limit { what: "the number of elements".into(), max: MAX_ELEMENTS.into() })?;
            let sequence = &vr == b"SQ" || SEQUENCES.contains(&tag) || len == UNDEFINED;
            let known = SEQUENCES.contains(&tag) || len == UNDEFINED;
            let mut element = Element { tag, offset: value, len, items: Vec::new() };
            if sequence && known {
                let until = if len == UNDEFINED { end } else { value.saturating_add(len.into()).min(end) };
                (element.items, at) = self.items(value, until, depth + 1)?;
            } else {
                at = value.saturating_add(len.into());
                if at > end {
                    self.broken.get_or_insert(value);
                    element.len = end.saturating_sub(value).min(len.into()) as u32;
                    at = end;
                }
            }
            set.elements.push(element);
            if self.broken.is_some() {
                break;
            }
        }
        Ok((set, at))
    }

    fn items(&mut self, mut at: u64, end: u64, depth: u32) -> Result<(Vec<Set>, u64), ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::Limit { what: "the depth of nested sequences".into(), max: MAX_DEPTH.into() });
        }
        let mut items = Vec::new();
        while at < end && self.broken.is_none() {
            let head = self.source.read_vec(at, 8)?;
            let Some((tag, len)) = tag_and_length(&head) else {
                self.broken.get_or_insert(at);
                break;
            };
            at += 8;
            match tag {
                SEQUENCE_END => return Ok((items, at)),
                ITEM => {
                    self.left = self
                        .left
                        .checked_sub(1)
                        .ok_or(ReadError::Limit { what: "the number of elements".into(), max: MAX_ELEMENTS.into() })?;
                    let until = if len == UNDEFINED { end } else { at.saturating_add(len.into()).min(end) };
                    let (set, next) = self.set(at, until, depth)?;
                    items.push(set);
                    at = if len == UNDEFINED { next } else { until };
                }
                _ => {
                    self.broken.get_or_insert(at - 8);
                }
            }
        }
        Ok((items, at))
    }

    /// Tag, representation, length and where the value begins; `None`: the file ends, or is none.
    fn head(&self, at: u64) -> Result<Option<Head>, ReadError> {
        let head = self.source.read_vec(at, 12)?;
        let Some((tag, long)) = tag_and_length(&head) else { return Ok(None) };
        if tag >> 16 == 0xFFFE || self.implicit {
            return Ok(Some((tag, *b"UN", long, at + 8)));
        }
        let vr = [head[4], head[5]];
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return Ok(None);
        }
        if [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"].contains(&&vr) {
            let len = head.get(8..12).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes));
            return Ok(len.map(|len| (tag, vr, len, at + 12)));
        }
        Ok(Some((tag, vr, u32::from(u16::from_le_bytes([head[6], head[7]])), at + 8)))
    }
}

fn tag_and_length(head: &[u8]) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h] = *head.first_chunk::<8>()?;
    let tag = (u32::from(u16::from_le_bytes([a, b])) << 16) | u32::from(u16::from_le_bytes([c, d]));
    Some((tag, u32::from_le_bytes([e, f, g, h])))
}
