//! `pack`, `unpack` and `verify`: a whole study as one file, and back.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;

use super::args::{Options, ReportOptions};
use super::desk::Desk;
use super::export::FileSink;
use super::{Failure, OK, REFUSED, report};
use crate::engine::protocol::{Leaving, Request};
use crate::formats::{FileSource, NamedSource, ReadError, myo};

/// Writes the study of the only file of `options` into `target`.
pub fn pack(options: &Options, wanted: &ReportOptions, target: &Path) -> Result<u8, Failure> {
    let name = target.file_name().and_then(|name| name.to_str()).ok_or_else(|| Failure::Usage("the output has no readable name".into()))?;
    if !name.to_ascii_lowercase().ends_with(".myo") {
        return Err(Failure::Usage("a study file is called .myo".into()));
    }
    if options
        .files
        .first()
        .is_some_and(|file| file.canonicalize().is_ok_and(|file| target.canonicalize().is_ok_and(|target| file == target)))
    {
        return Err(Failure::Usage("the output would replace the input".into()));
    }
    let Some((file, opened)) = super::the_recording(options)? else { return Ok(REFUSED) };
    for warning in &opened.warnings {
        warn(&file, &warning.what);
    }
    let mut desk = Desk::open(opened, &file, options)?;
    report::furnish(&mut desk, options, wanted.letterhead.as_deref())?;
    let leaving = Leaving { nameless: wanted.nameless, shift_days: wanted.shift_days, ..Leaving::default() };
    let study = desk.study();
    desk.ask(Request::Together { study })?;
    let failed = |error: &dyn std::fmt::Display| Failure::Write(format!("{}: {error}", target.display()));
    let mut sink = FileSink::new(target.parent().unwrap_or(Path::new("")));
    let lost = desk.pack_into(name, &leaving, &mut sink).map_err(|error| failed(&error))?;
    sink.finish().map_err(|error| failed(&error))?;
    lost.iter().for_each(|warning| warn(&file, &warning.what));
    Ok(OK)
}

fn warn(file: &str, what: &str) {
    // Nothing is left to do about a standard error that is gone.
    let _ = writeln!(io::stderr(), "myoscope: {file}: warning: {what}");
}

fn source(path: &Path) -> Result<NamedSource, ReadError> {
    let source = FileSource::open(path).map_err(|error| ReadError::Source { what: error.to_string(), offset: 0 })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(NamedSource { name, source: Rc::new(source) })
}

/// Takes the parts out of a study file. Part names are checked by the reader: none leads out of `folder`.
pub fn unpack(options: &Options, folder: &Path) -> Result<u8, Failure> {
    let path = &options.files[0];
    let shown = path.display().to_string();
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if folder.exists() && (!folder.is_dir() || occupied) {
        return Err(Failure::Usage(format!("{} is there already and not empty: nothing is overwritten", folder.display())));
    }
    let write = |part: &str, next: &mut dyn FnMut() -> Option<Vec<u8>>| -> io::Result<()> {
        let target = folder.join(part);
        fs::create_dir_all(target.parent().unwrap_or(folder))?;
        let mut out = BufWriter::new(File::create(target)?);
        while let Some(piece) = next() {
            out.write_all(&piece)?;
        }
        out.flush()
    };
    let mut failed = None;
    let result = source(path).and_then(|file| {
        myo::parts(&file, |part, next| {
            write(part, next).map_err(|error| {
                failed = Some(Failure::Write(format!("{}: {error}", folder.join(part).display())));
                ReadError::Source { what: String::new(), offset: 0 }
            })
        })
    });
    match (failed, result) {
        (Some(failure), _) => Err(failure),
        (None, Ok(problems)) => {
            problems.iter().for_each(|what| warn(&shown, what));
            Ok(if problems.is_empty() { OK } else { REFUSED })
        }
        (None, Err(error)) => {
            let _ = writeln!(io::stderr(), "myoscope: {shown}: {error}");
            Ok(REFUSED)
        }
    }
}

/// What `verify --json` prints of a file.
#[derive(Serialize)]
struct Verified<'a> {
    file: &'a str,
    whole: bool,
    #[serde(flatten)]
    checked: &'a myo::Checked,
}

/// Checks study files.
pub fn verify(options: &Options, out: &mut dyn Write) -> Result<u8, Failure> {
    let mut code = OK;
    for path in &options.files {
        let file = path.display().to_string();
        let checked = match source(path).and_then(|source| myo::verify(&source)) {
            Ok(checked) => checked,
            Err(error) => {
                super::refuse(options, out, &file, &error)?;
                code = REFUSED;
                continue;
            }
        };
        if !checked.whole() {
            code = REFUSED;
        }
        if options.json {
            super::json_line(out, &Verified { file: &file, whole: checked.whole(), checked: &checked })?;
            continue;
        }
        writeln!(out, "{file}: {}", if checked.whole() { "whole" } else { "NOT what was written" })?;
        for part in &checked.parts {
            let words = part.problem.as_deref().unwrap_or("as written");
            writeln!(out, "  {:<28} {:>12} bytes  {words}", part.path, part.bytes)?;
        }
        for problem in &checked.problems {
            writeln!(out, "  {problem}")?;
        }
    }
    Ok(code)
}
