//! `report`: a recording as a report, by the engine that the page uses.

use std::io::{self, Write};
use std::path::Path;

use super::args::{Form, Options, ReportOptions};
use super::desk::Desk;
use super::{Failure, OK, REFUSED};
use crate::engine::protocol::{Buffer, Event, Output, PdfOrder, ReportForm, ReportWanted, Request};
use crate::engine::report;

/// Writes the report of the only file of `options` into `target`.
pub fn run(options: &Options, wanted: &ReportOptions, target: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    let extension = target.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let to_stdout = target == Path::new("-");
    let form = match wanted.form.or(Form::named(&extension)) {
        Some(form) => form,
        None if to_stdout => Form::Plain(ReportForm::Text),
        None => {
            return Err(Failure::Usage(format!(
                "'.{extension}' is no form of a report; known are html, txt, pdf, dcm, csv, json (or name it by --form)"
            )));
        }
    };
    let Some((file, opened)) = super::the_recording(options)? else { return Ok(REFUSED) };
    for warning in &opened.warnings {
        let _ = writeln!(io::stderr(), "myoscope: {file}: warning: {}", warning.what);
    }
    let mut desk = Desk::open(opened, &file, options)?;
    furnish(&mut desk, options, wanted.letterhead.as_deref())?;
    let wanted = ReportWanted { depth: wanted.depth, nameless: wanted.nameless, version: wanted.version };
    let study = desk.study();
    let bytes = match form {
        Form::Plain(form) => plain(desk.ask(Request::Report { study, wanted, form })?),
        Form::Pdf => pdf(desk.ask(Request::Material { study, wanted })?, false)?,
        Form::Dicom => pdf(desk.ask(Request::Material { study, wanted })?, true)?,
    };
    let Some(bytes) = bytes else { return Err(Failure::Write("no report was made".into())) };
    if to_stdout {
        out.write_all(&bytes)?;
    } else {
        std::fs::write(target, bytes).map_err(|e| Failure::Write(format!("{}: {e}", target.display())))?;
    }
    Ok(OK)
}

/// Lays the clinic's letterhead and limits on a desk.
pub(super) fn furnish(desk: &mut Desk, options: &Options, letterhead: Option<&Path>) -> Result<(), Failure> {
    if let Some(path) = letterhead {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
        desk.ask(Request::UseLetterhead { name, text: Some(text) }).map_err(|error| match error {
            Failure::Write(what) => Failure::Usage(what),
            other => other,
        })?;
    }
    if let Some(path) = &options.limits {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
        let outputs = desk.ask(Request::UseLimits { name, text: Some(text) })?;
        let problems =
            outputs.iter().filter_map(|output| if let Event::Limits { problems, .. } = &output.event { Some(problems) } else { None });
        for what in problems.flatten() {
            let _ = writeln!(io::stderr(), "myoscope: {}: {what}; the row was left out", path.display());
        }
    }
    Ok(())
}

fn plain(outputs: Vec<Output>) -> Option<Vec<u8>> {
    let report = outputs.into_iter().find(|output| matches!(output.event, Event::Exported { .. }))?;
    report.buffers.into_iter().find_map(|buffer| if let Buffer::Bytes(bytes) = buffer { Some(bytes) } else { None })
}

fn pdf(outputs: Vec<Output>, dicom: bool) -> Result<Option<Vec<u8>>, Failure> {
    let found = outputs.into_iter().find_map(|output| match output.event {
        Event::Material { material } => Some((PdfOrder { material, dicom }, output.buffers)),
        _ => None,
    });
    found.map(|(order, buffers)| report::file(&order, buffers)).transpose().map_err(Failure::Write)
}
