//! Is everything in a study file what was written?

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::archive;
use super::blocks::hex;
use super::read::Parts;
use super::{MANIFEST, MAX_TEXT, MIMETYPE};
use crate::formats::{ByteSource, NamedSource, ReadError};

/// Bytes of the file hashed at once.
const STEP: usize = 1 << 20;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The parts in the order in which they lie in the file.
    pub parts: Vec<PartState>,
    /// What is wrong with the file as a whole.
    pub problems: Vec<String>,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartState {
    /// Its path.
    pub path: String,
    /// Its inflated bytes.
    pub bytes: u64,
    /// What is wrong with it.
    pub problem: Option<String>,
}

impl Checked {
    /// Nothing is wrong.
    pub fn whole(&self) -> bool {
        self.problems.is_empty() && self.parts.iter().all(|part| part.problem.is_none())
    }
}

/// Checks every byte of a study file.
///
/// # Errors
/// When nothing of it can be read, or it is of a newer version.
pub fn verify(file: &NamedSource) -> Result<Checked, ReadError> {
    let parts = Parts::of(file)?;
    let mut checked = Checked { parts: Vec::new(), problems: Vec::new() };
    for entry in &parts.entries {
        let problem = match entry.path.as_str() {
            MIMETYPE | MANIFEST => archive::part(file.source.as_ref(), entry, MAX_TEXT).err().map(|error| error.to_string()),
            path => parts.damage(path).map(|(lost, all)| format!("{lost} of {all} pieces are not what was written")),
        };
        checked.parts.push(PartState { path: entry.path.clone(), bytes: entry.bytes, problem });
    }
    checked.problems.extend(parts.absent().into_iter().map(|path| format!("{path} is missing")));
    checked.problems.extend(parts.added().into_iter().map(|path| format!("{path} was added afterwards")));
    checked.problems.extend(parts.warnings.into_inner().into_iter().map(|warning| warning.what));
    match archive::sum(&file.source) {
        Some((stated, end)) if stated != hash(file.source.as_ref(), end)? => {
            checked.problems.push("the file's check sum is another: something in it was changed".into());
        }
        Some(_) => {}
        None => checked.problems.push("the file's check sum is missing".into()),
    }
    Ok(checked)
}

fn hash(source: &dyn ByteSource, end: u64) -> Result<String, ReadError> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < end {
        let bytes = source.read_vec(at, (end - at).min(STEP as u64) as usize)?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok(hex(&hash.finalize()))
}

/// The parts of a file with their bytes, for `unpack`: those that can be read, and what is wrong.
///
/// # Errors
/// When nothing of it can be read, or `take` fails.
pub fn parts(
    file: &NamedSource,
    mut take: impl FnMut(&str, &mut dyn FnMut() -> Option<Vec<u8>>) -> Result<(), ReadError>,
) -> Result<Vec<String>, ReadError> {
    let parts = Parts::of(file)?;
    let mut problems = Vec::new();
    for path in parts.paths() {
        let Some(source) = parts.any(&path) else { continue };
        let mut at = 0;
        let mut broken = false;
        take(&path, &mut || {
            let piece = source.read_vec(at, STEP);
            at += STEP as u64;
            match piece {
                Ok(bytes) if !bytes.is_empty() => Some(bytes),
                Ok(_) => None,
                Err(_) => {
                    broken = true;
                    None
                }
            }
        })?;
        if broken {
            problems.push(format!("{path} is damaged: what comes before the damage was written"));
        }
    }
    problems.extend(parts.warnings.into_inner().into_iter().map(|warning| warning.what));
    Ok(problems)
}
