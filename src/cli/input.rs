//! From an argument to opened recordings: the file, its companions in the same folder, a whole
//! folder, or standard input.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::args::Options;
use crate::engine::live::replay::open;
use crate::formats::{FileSource, Files, NamedSource, Opened, ReadError, SliceSource, sidecar, wfdb};

/// Most bytes taken from standard input, which has to be held in memory.
const MAX_STDIN: u64 = 1 << 30;
/// Most files of one set.
const MAX_FILES: usize = 10_000;
/// Most of a header that is looked at for the names of other files.
const MAX_HEADER: usize = 1 << 20;

/// One result for each recording: the name to show, and what came of it.
pub type Results = Vec<(String, Result<Opened, ReadError>)>;

/// Opens arguments; a file that was part of an earlier recording is not opened again.
#[derive(Default)]
pub struct Source {
    used: BTreeSet<PathBuf>,
}

impl Source {
    /// Opens `argument`.
    pub fn open(&mut self, argument: &Path, options: &Options) -> Results {
        let shown = argument.to_string_lossy().into_owned();
        if argument == Path::new("-") {
            return vec![(shown, from_stdin(options))];
        }
        if argument.is_dir() {
            return self.open_folder(argument, options);
        }
        let folder = argument.parent().unwrap_or(Path::new("")).to_owned();
        if self.used.contains(argument) {
            return Vec::new();
        }
        let Some(main) = argument.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return vec![(shown, Err(cannot_read("this is not a file")))];
        };
        let first = match named_source(argument) {
            Ok(source) => source,
            Err(error) => return vec![(shown, Err(error))],
        };
        let mut files = Files { all: vec![first] };
        add_companions(&mut files, &folder, &main);
        // A companion may be a recording of its own; asked for was the one that holds `main`.
        let holds = |name: &str, result: &Result<Opened, ReadError>| name == main || result.as_ref().is_ok_and(|o| o.used.contains(&main));
        let found = open(&files, &options.open).into_iter().find(|(name, result)| holds(name, result));
        let Some((name, mut result)) = found else {
            return vec![(shown, Err(ReadError::NotThisFormat { what: format!("{main} is none of the formats read here") }))];
        };
        if let Ok(opened) = &mut result {
            self.used.extend(opened.used.iter().map(|name| folder.join(name)));
            check_sums(&files, &name, opened, options);
        }
        vec![(shown, result)]
    }

    /// Every recording in a folder; files that are none are passed over.
    fn open_folder(&mut self, folder: &Path, options: &Options) -> Results {
        let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(|e| e.ok().map(|e| e.path())).filter(|p| p.is_file()).take(MAX_FILES).collect(),
            Err(error) => return vec![(folder.to_string_lossy().into_owned(), Err(cannot_read(&error.to_string())))],
        };
        paths.sort();
        let files = Files { all: paths.iter().filter_map(|path| named_source(path).ok()).collect() };
        let mut results = Vec::new();
        for (name, mut result) in open(&files, &options.open) {
            if matches!(result, Err(ReadError::NotThisFormat { .. })) {
                continue;
            }
            if let Ok(opened) = &mut result {
                self.used.extend(opened.used.iter().map(|name| folder.join(name)));
                check_sums(&files, &name, opened, options);
            }
            results.push((folder.join(name).to_string_lossy().into_owned(), result));
        }
        results
    }
}

/// Adds what a full check finds, where it was asked for and not done at opening.
fn check_sums(files: &Files, name: &str, opened: &mut Opened, options: &Options) {
    let Some(main) = files.all.iter().position(|f| f.name == name).filter(|_| options.verify) else { return };
    if opened.study.recordings.iter().any(|r| r.format == "WFDB")
        && let Ok(found) = wfdb::verify(files, main)
    {
        let new: Vec<_> = found.into_iter().filter(|w| !opened.warnings.contains(w)).collect();
        opened.warnings.extend(new);
    }
}

fn cannot_read(what: &str) -> ReadError {
    ReadError::Source { what: what.to_owned(), offset: 0 }
}

fn named_source(path: &Path) -> Result<NamedSource, ReadError> {
    let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
    if !path.is_file() && path.exists() {
        // A pipe or device has no length to read ranges of.
        let bytes = std::fs::File::open(path).map_err(|e| cannot_read(&e.to_string())).and_then(read_bounded)?;
        return Ok(NamedSource { name, source: Rc::new(SliceSource::from(bytes)) });
    }
    let source = FileSource::open(path).map_err(|e| cannot_read(&e.to_string()))?;
    Ok(NamedSource { name, source: Rc::new(source) })
}

fn read_bounded(from: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    from.take(MAX_STDIN + 1).read_to_end(&mut bytes).map_err(|e| cannot_read(&e.to_string()))?;
    if bytes.len() as u64 > MAX_STDIN {
        return Err(ReadError::Limit { what: "input that is not a file".into(), max: MAX_STDIN });
    }
    Ok(bytes)
}

fn from_stdin(options: &Options) -> Result<Opened, ReadError> {
    let bytes = read_bounded(std::io::stdin().lock())?;
    let source: Rc<SliceSource> = Rc::new(SliceSource::from(bytes));
    let files = Files { all: vec![NamedSource { name: "-".into(), source }] };
    let nothing = || ReadError::NotThisFormat { what: "standard input is none of the formats read here".into() };
    open(&files, &options.open).into_iter().next().map_or_else(|| Err(nothing()), |(_, result)| result)
}

/// Adds the files of `folder` that may belong to `main`.
fn add_companions(files: &mut Files, folder: &Path, main: &str) {
    // Recordings in their own right, and things that are no companions of any.
    const OTHERS: [&str; 20] = [
        "edf", "bdf", "rec", "wav", "csv", "tsv", "txt", "json", "npy", "mat", "eaf", "png", "svg", "pdf", "md", "zip", "gz", "toml",
        "html", "xml",
    ];
    let stem = main.rsplit_once('.').map_or(main, |(stem, _)| stem);
    let add = |files: &mut Files, name: &str| {
        let new = files.all.len() < MAX_FILES && !files.all.iter().any(|f| f.name == name);
        if let Some(source) = Some(folder.join(name)).filter(|path| new && path.is_file()).and_then(|path| named_source(&path).ok()) {
            files.all.push(source);
        }
    };
    add(files, &format!("{stem}{}", sidecar::SUFFIX));
    add(files, &format!("{stem}-events.txt"));
    let is_record = |name: &str| {
        matches!(name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).as_deref(), Some("hea" | "dat" | "atr" | "qrs" | "vhdr"))
    };
    if !is_record(main) {
        return;
    }
    let entries = std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((other, extension)) = name.rsplit_once('.') else { continue };
        if other.eq_ignore_ascii_case(stem) && !OTHERS.contains(&extension.to_ascii_lowercase().as_str()) {
            add(files, &name);
        }
    }
    // A sidecar may name a second record (the interference patterns of a MUNIX study).
    let beside = files.named(&format!("{stem}{}", sidecar::SUFFIX)).and_then(|file| file.source.read_vec(0, MAX_HEADER).ok());
    let named = beside.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    if let Some(record) = named.as_ref().and_then(|map| map.get("sip_record")?.as_str()) {
        let record = record.rsplit(['/', '\\']).next().unwrap_or_default();
        add(files, &format!("{record}.hea"));
    }
    // Headers name signal files and segments.
    let mut at = 0;
    while at < files.all.len() {
        let file = files.all[at].clone();
        at += 1;
        if !file.name.to_ascii_lowercase().ends_with(".hea") {
            continue;
        }
        let head = file.source.read_vec(0, MAX_HEADER).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        for line in text.split(['\n', '\r']).map(str::trim).filter(|line| !line.starts_with('#')) {
            let word = line.split_ascii_whitespace().next().unwrap_or("");
            let name = word.rsplit(['/', '\\']).next().unwrap_or("");
            if !name.is_empty() && name != "~" && name != "-" {
                add(files, name);
                add(files, &format!("{name}.hea"));
            }
        }
    }
}
