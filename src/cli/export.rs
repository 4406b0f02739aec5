//! `export`: a recording into another format.
//!
//! Files appear under their names only when all is written; a failure leaves nothing behind and
//! nothing overwritten.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::args::Options;
use super::{Failure, OK, REFUSED};
use crate::engine::without_names;
use crate::formats::{Export, Sink, WriteError, writers};

/// Writes the only file of `options` to `target`, without what tells who was examined if `nameless`.
pub fn run(options: &Options, target: &Path, nameless: bool) -> Result<u8, Failure> {
    let extension = target.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let known: Vec<&str> = writers().iter().map(|w| w.extension()).collect();
    let writer = writers().iter().find(|w| w.extension() == extension);
    let writer = writer.ok_or_else(|| Failure::Usage(format!("'.{extension}' is not written here; known are {}", known.join(", "))))?;
    let stem = target.file_stem().and_then(|s| s.to_str()).ok_or_else(|| Failure::Usage("the output has no readable name".into()))?;
    let Some((file, mut opened)) = super::the_recording(options)? else { return Ok(REFUSED) };
    if nameless {
        (opened.study, opened.edits) = without_names(&opened.study, opened.edits.take());
    }
    let folder = target.parent().unwrap_or(Path::new("")).to_owned();
    let place = |folder: &Path| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }.canonicalize().ok();
    let input_folder = options.files[0].parent().unwrap_or(Path::new(""));
    let replaces =
        opened.used.iter().any(|name| Path::new(name).file_stem() == target.file_stem() && name.ends_with(&format!(".{extension}")));
    if replaces && place(&folder).is_some() && place(&folder) == place(input_folder) {
        return Err(Failure::Usage("the output would replace the input".into()));
    }
    if opened.study.recordings.is_empty() {
        return Err(Failure::Write(format!("{file} holds no recording")));
    }
    // One format has room for a study of several, and for what a person did.
    let (study, whole) = (&opened.study, extension == "dcm");
    let all = study.recordings.len();
    let mut sink = FileSink::new(&folder);
    let mut lost = Vec::new();
    for (number, (recording, samples)) in study.recordings.iter().zip(&opened.samples).take(if whole { all } else { 1 }).enumerate() {
        let edits = opened.edits.as_ref().filter(|_| whole);
        let export = Export { study, recording, samples: samples.as_ref(), annotations: &recording.annotations, edits };
        let name = if whole && all > 1 { format!("{stem}-{}", number + 1) } else { stem.to_owned() };
        lost.extend(writer.write(&name, &export, &mut sink).map_err(|e| Failure::Write(format!("{}: {e}", target.display())))?);
    }
    sink.finish().map_err(|e| Failure::Write(format!("{}: {e}", target.display())))?;
    for warning in opened.warnings.iter().chain(&lost) {
        let _ = writeln!(io::stderr(), "myoscope: {file}: warning: {}", warning.what);
    }
    if all > 1 && !whole {
        let _ = writeln!(io::stderr(), "myoscope: {file}: warning: only the first of {all} recordings was written");
    }
    Ok(OK)
}

/// Files in a folder, under temporary names until all is well.
pub(super) struct FileSink {
    folder: PathBuf,
    open: Option<BufWriter<File>>,
    /// Temporary and final path.
    done: Vec<(PathBuf, PathBuf)>,
}

fn sink_error(error: &io::Error) -> WriteError {
    WriteError::Sink { what: error.to_string() }
}

impl FileSink {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: None, done: Vec::new() }
    }

    fn close(&mut self) -> Result<(), WriteError> {
        let Some(mut writer) = self.open.take() else { return Ok(()) };
        writer.flush().map_err(|e| sink_error(&e))
    }

    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        self.close()?;
        for (temporary, path) in std::mem::take(&mut self.done) {
            std::fs::rename(&temporary, &path).map_err(|e| sink_error(&e))?;
        }
        Ok(())
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        for (temporary, _) in &self.done {
            // Left over from a failure that is being reported already.
            let _ = std::fs::remove_file(temporary);
        }
    }
}

impl Sink for FileSink {
    fn begin(&mut self, name: &str) -> Result<(), WriteError> {
        self.close()?;
        let path = self.folder.join(name);
        let temporary = self.folder.join(format!(".{name}.{}.partial", std::process::id()));
        let file = File::create(&temporary).map_err(|e| sink_error(&e))?;
        self.done.push((temporary, path));
        self.open = Some(BufWriter::with_capacity(1 << 18, file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let writer = self.open.as_mut().ok_or_else(|| WriteError::Sink { what: "no file was begun".into() })?;
        writer.write_all(bytes).map_err(|e| sink_error(&e))
    }
}
