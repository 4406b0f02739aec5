//! The command line: the same core as in the browser, for scripts and for people at a terminal.
//!
//! Results go to standard output, everything else to standard error. A closed pipe ends quietly.

mod analyse;
mod args;
mod compare;
mod conclude;
mod desk;
mod export;
mod input;
mod norms;
mod plot;
mod report;
mod simulate;
mod study_file;
mod text;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::analysis::polarity;
use crate::engine::info::{Refusal, info};
use crate::engine::measure::measure;
use crate::engine::muscles;
use crate::formats::{Opened, ReadError};
use crate::model::{Edits, NerveTest, SampleError, Site, Study, Sweep, TestKind};
use args::{Command, Options};
use input::Source;

/// Everything was done.
pub const OK: u8 = 0;
/// A result could not be written.
pub const FAILED: u8 = 1;
/// At least one file was refused.
pub const REFUSED: u8 = 2;
/// The command line itself was wrong (sysexits.h, EX_USAGE).
pub const USAGE: u8 = 64;
/// The reader of our output went away: what a shell reports for a program that died of SIGPIPE.
pub const PIPE: u8 = 141;

/// Why a command ended before its end.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Output(#[from] io::Error),
    #[error("{0}")]
    Write(String),
}

/// Runs the program on its arguments, the first being its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let stdout = io::stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    let result = dispatch(arguments, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    let mut err = io::stderr();
    ExitCode::from(match result {
        Ok(code) => code,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => PIPE,
        Err(Failure::Usage(what)) => {
            // Nothing is left to do about a standard error that is gone.
            let _ = writeln!(err, "myoscope: {what}\nTry 'myoscope --help'.");
            USAGE
        }
        Err(error) => {
            let _ = writeln!(err, "myoscope: {error}");
            FAILED
        }
    })
}

fn dispatch(arguments: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<u8, Failure> {
    match args::parse(arguments)? {
        Command::Help => write!(out, "{}", args::HELP)?,
        Command::Version => writeln!(out, "myoscope {}", env!("CARGO_PKG_VERSION"))?,
        Command::Info(options) => return print_info(&options, out),
        Command::Measure(options) => return print_measure(&options, out),
        Command::Analyse(options, wanted) => return analyse::run(&options, &wanted, out),
        Command::Norms(options, wanted, target) => return norms::run(&options, &wanted, target.as_deref(), out),
        Command::Compare(options) => return compare::run(&options, out),
        Command::Conclude(options) => return conclude::run(&options, out),
        Command::Export(options, target, nameless) => return export::run(&options, &target, nameless),
        Command::Simulate(options, target) => return simulate::run(&options, target.as_deref(), out),
        Command::Report(options, wanted, target) => return report::run(&options, &wanted, &target, out),
        Command::Pack(options, wanted, target) => return study_file::pack(&options, &wanted, &target),
        Command::Unpack(options, folder) => return study_file::unpack(&options, &folder),
        Command::Verify(options) => return study_file::verify(&options, out),
        Command::Plot(options, plot, target) => return plot::run(&options, &plot, &target, out),
    }
    Ok(OK)
}

/// One line of JSON.
fn json_line(out: &mut dyn Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value).map_err(|e| Failure::Write(e.to_string()))?;
    Ok(writeln!(out, "{line}")?)
}

/// The one recording that a command works on, with its name; `None` when it was refused, which has
/// been said then.
fn the_recording(options: &Options) -> Result<Option<(String, Opened)>, Failure> {
    let mut results = Source::default().open(&options.files[0], options);
    if results.len() > 1 {
        return Err(Failure::Usage("the folder holds several recordings; name one".into()));
    }
    let Some((file, result)) = results.pop() else {
        return Err(Failure::Usage(format!("{} holds no recording", options.files[0].display())));
    };
    match result {
        Ok(opened) => Ok(Some((file, opened))),
        Err(error) => {
            let _ = writeln!(io::stderr(), "myoscope: {file}: {error}");
            Ok(None)
        }
    }
}

/// Says why a file was refused, where the person expects it.
fn refuse(options: &Options, out: &mut dyn Write, file: &str, error: &ReadError) -> Result<(), Failure> {
    if options.json {
        return json_line(out, &Refusal::new(file, error));
    }
    // What was printed so far comes first on a terminal.
    out.flush()?;
    let _ = writeln!(io::stderr(), "myoscope: {file}: {error}");
    Ok(())
}

fn print_info(options: &Options, out: &mut dyn Write) -> Result<u8, Failure> {
    each_file(options, out, |opened, file, out| {
        let read = |index| info(opened, index, file).map_err(|e| source_error(&e));
        let infos = (0..opened.study.recordings.len()).map(read).collect::<Result<Vec<_>, _>>()?;
        // Some formats hold tests without a recording.
        if infos.is_empty() && !options.json {
            text::tests(out, file, &opened.study.examination)?;
        }
        for info in infos.into_iter().flatten() {
            if options.json { json_line(out, &info)? } else { text::info(out, &info)? }
        }
        Ok(())
    })
}

fn print_measure(options: &Options, out: &mut dyn Write) -> Result<u8, Failure> {
    let edits = edits_of(options)?;
    each_file(options, out, |opened, file, out| {
        whole_channels_as_sweeps(&mut opened.study, options);
        for sweep in &mut opened.study.examination.sweeps {
            sweep.stimulus_s = sweep.stimulus_s.or(options.stim_ms.map(|ms| ms / 1e3));
        }
        polarity::settle(&opened.study.recordings, &mut opened.study.examination, &opened.samples);
        let mut measured = measure(opened, file).map_err(|e| source_error(&e))?;
        measured.needle = muscles::of_edits(&edits, &opened.study);
        if options.json {
            json_line(out, &measured)?;
        } else {
            text::measured(out, &measured)?;
        }
        Ok(())
    })
}

/// What `--needle` brings.
fn edits_of(options: &Options) -> Result<Edits, Failure> {
    let Some(path) = &options.needle else { return Ok(Edits::default()) };
    let of_file = |what: String| Failure::Usage(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| of_file(error.to_string()))?;
    muscles::read_edits(&bytes).map_err(of_file)
}

/// With `--stim-ms`, a recording that knows of no sweeps is taken as one a channel.
fn whole_channels_as_sweeps(study: &mut Study, options: &Options) {
    if options.stim_ms.is_none() || !study.examination.sweeps.is_empty() {
        return;
    }
    for (recording, r) in study.recordings.iter().enumerate() {
        let mut test = NerveTest { kind: TestKind::Unknown, ..NerveTest::default() };
        for (channel, c) in r.channels.iter().enumerate() {
            test.sites.push(Site { name: c.name.clone(), distance_mm: None, sweeps: vec![study.examination.sweeps.len()] });
            study.examination.sweeps.push(Sweep { recording, channel, n: c.n, ..Sweep::default() });
        }
        study.examination.tests.push(test);
    }
}

fn source_error(error: &SampleError) -> Stop {
    let offset = if let SampleError::Source { offset, .. } = error { *offset } else { 0 };
    Stop::File(ReadError::Source { what: error.to_string(), offset })
}

/// What ends the work on one file: a defect of the file, or of everything.
enum Stop {
    File(ReadError),
    All(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::All(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::All(error.into())
    }
}

/// Opens every file and does `work` on each; goes on behind a refused one.
fn each_file(
    options: &Options,
    out: &mut dyn Write,
    mut work: impl FnMut(&mut Opened, &str, &mut dyn Write) -> Result<(), Stop>,
) -> Result<u8, Failure> {
    let mut code = OK;
    let mut source = Source::default();
    for argument in &options.files {
        for (file, result) in source.open(argument, options) {
            let result = result.map_err(Stop::File).and_then(|mut opened| work(&mut opened, &file, out));
            match result {
                Ok(()) => {}
                Err(Stop::All(failure)) => return Err(failure),
                Err(Stop::File(error)) => {
                    code = REFUSED;
                    refuse(options, out, &file, &error)?;
                }
            }
        }
    }
    Ok(code)
}
