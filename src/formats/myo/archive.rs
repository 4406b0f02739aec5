//! The zip around a study: what parts it has and where; and what is left of a damaged one.

use std::io::{self, Read};
use std::rc::Rc;

use rawzip::{CompressionMethod, ReaderAt, ZipLocator};

use super::blocks::inflate;
use crate::formats::{ByteSource, SourceError};

/// Most parts of a file.
const MAX_PARTS: usize = 4096;
/// Bytes read at once of the directory.
const BUFFER: usize = 1 << 16;
/// Most bytes of a damaged file that are searched, and most that are inflated of it.
const MAX_RESCUED: usize = 1 << 29;
/// A local header without name and extra field.
const LOCAL: usize = 30;

/// Where a part lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub path: String,
    pub deflated: bool,
    pub at: u64,
    pub compressed: u64,
    pub bytes: u64,
}

/// A part that was found without the directory.
pub(super) struct Found {
    pub path: String,
    pub bytes: Vec<u8>,
    /// The stream ended as it should.
    pub whole: bool,
}

struct Bytes(Rc<dyn ByteSource>);

impl ReaderAt for Bytes {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(offset, buf).map_err(|error| io::Error::other(error.what))
    }
}

/// Whether a part may have this name: folders and names of plain letters, nothing that leads elsewhere.
pub(super) fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    path.len() <= 200 && path.split('/').all(name)
}

/// The parts by the file's directory.
///
/// # Errors
/// What is wrong with the directory, in words.
pub(super) fn directory(source: &Rc<dyn ByteSource>) -> Result<Vec<Entry>, String> {
    let mut buffer = vec![0; BUFFER];
    let words = |error: rawzip::Error| error.to_string();
    let located = ZipLocator::new().locate_in_reader(Bytes(Rc::clone(source)), &mut buffer, source.len());
    let archive = located.map_err(|(_, error)| words(error))?;
    let mut listed = Vec::new();
    {
        let mut entries = archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(words)? {
            if listed.len() == MAX_PARTS {
                return Err(format!("it lists more than {MAX_PARTS} parts"));
            }
            let path = std::str::from_utf8(entry.file_path().as_bytes()).unwrap_or_default().to_owned();
            let deflated = match entry.compression_method() {
                CompressionMethod::DEFLATE => true,
                CompressionMethod::STORE => false,
                _ => return Err("a part is compressed in a way that is not read here".into()),
            };
            let header = entry.local_header_offset();
            listed.push((path, deflated, header, entry.wayfinder()));
        }
    }
    let mut out: Vec<Entry> = Vec::new();
    for (path, deflated, header, wayfinder) in listed {
        if !is_path(&path) || out.iter().any(|entry| entry.path == path) {
            return Err("a part has a name that none may have, or two have the same".into());
        }
        // A damaged local header is as long as this program writes it.
        let range = archive.get_entry(wayfinder).map(|entry| entry.compressed_data_range());
        let at = range.map_or(header.saturating_add((LOCAL + path.len()) as u64), |(from, _)| from);
        let (compressed, bytes) = (wayfinder.compressed_size_hint(), wayfinder.uncompressed_size_hint());
        if at.checked_add(compressed).is_none_or(|end| end > source.len()) {
            return Err(format!("{path} lies beyond the end of the file"));
        }
        out.push(Entry { path, deflated, at, compressed, bytes });
    }
    Ok(out)
}

/// The check sum that the file's end states, and where what it is about ends.
pub(super) fn sum(source: &Rc<dyn ByteSource>) -> Option<(String, u64)> {
    let mut buffer = vec![0; BUFFER];
    let archive = ZipLocator::new().locate_in_reader(Bytes(Rc::clone(source)), &mut buffer, source.len()).ok()?;
    let mut comment = String::new();
    archive.comment().take(100).read_to_string(&mut comment).ok()?;
    Some((comment.strip_prefix("sha256 ")?.to_owned(), archive.directory_offset()))
}

/// A small part, whole.
///
/// # Errors
/// When it cannot be read, is larger than `most`, or does not inflate to what the directory says.
pub(super) fn part(source: &dyn ByteSource, entry: &Entry, most: usize) -> Result<Vec<u8>, SourceError> {
    let fail = |what: String| SourceError { what, offset: entry.at };
    if entry.bytes > most as u64 || entry.compressed > most as u64 + 1024 {
        return Err(fail(format!("{} states {} bytes; up to {most} are taken in", entry.path, entry.bytes)));
    }
    let mut compressed = vec![0; entry.compressed as usize];
    source.read_exact_at(entry.at, &mut compressed)?;
    if !entry.deflated {
        return Ok(compressed);
    }
    let (bytes, ended, _) = inflate(&compressed, entry.bytes as usize);
    if ended && bytes.len() as u64 == entry.bytes { Ok(bytes) } else { Err(fail(format!("{} does not inflate", entry.path))) }
}

/// Parts of a file whose directory is lost, in the order in which they lie there.
///
/// # Errors
/// When the bytes cannot be read.
pub(super) fn rescue(source: &dyn ByteSource) -> Result<Vec<Found>, SourceError> {
    let all = source.read_vec(0, MAX_RESCUED)?;
    let (mut found, mut at, mut room): (Vec<Found>, usize, usize) = (Vec::new(), 0, MAX_RESCUED);
    while let Some(begin) = next_header(&all, at).filter(|_| found.len() < MAX_PARTS) {
        at = begin + 4;
        let Some(head) = all.get(begin..begin + LOCAL) else { break };
        let word = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let (method, name, extra) = (word(8), word(26), word(28));
        let data = begin + LOCAL + name + extra;
        let path =
            all.get(begin + LOCAL..begin + LOCAL + name).and_then(|name| std::str::from_utf8(name).ok()).filter(|path| is_path(path));
        // Only deflated parts say where they end; the stored one says nothing that is not known.
        let (Some(path), 8, Some(stream)) = (path, method, all.get(data..)) else { continue };
        let (bytes, whole, taken) = inflate(stream, room);
        room -= bytes.len();
        if whole {
            at = data + taken;
        }
        if !found.iter().any(|part| part.path == path) {
            found.push(Found { path: path.to_owned(), bytes, whole });
        }
    }
    Ok(found)
}

fn next_header(all: &[u8], from: usize) -> Option<usize> {
    let rest = all.get(from..)?;
    rest.windows(4).position(|four| four == b"PK\x03\x04").map(|at| from + at)
}
