//! Arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use super::Failure;
use crate::formats::OpenOptions;

/// What `--help` prints.
pub const HELP: &str = "\
Myoscope reads electrodiagnostic recordings: nerve conduction and needle EMG.

Usage:
  myoscope info FILE... [--json] [--verify]    what each file holds
  myoscope measure FILE... [--json]            latencies and amplitudes of stimulus-locked sweeps
  myoscope export FILE -o OUT.EXT              writes a recording in the format of EXT
  myoscope --help | --version

FILE is a recording, a folder, or - for standard input. Files that belong to a recording (signal
files and annotations of a .hea, a .meta.json sidecar) are found beside it.

Options:
  --json          one JSON object a file, one line each
  --verify        check all checksums, however large the file
  --rate HZ       sampling rate, for text files that do not state one
  --unit UNIT     unit of the values, for files that do not state one
  --stim-ms MS    stimulus, ms after the first sample of each sweep, for files that do not say
  -o, --output    file to write

Exit status: 0 done, 1 a result could not be written, 2 a file was refused, 64 wrong usage.
";

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Say what files hold.
    Info(Options),
    /// Measure sweeps.
    Measure(Options),
    /// Write a recording to this file.
    Export(Options, PathBuf),
}

/// What commands share.
#[derive(Debug, Default)]
pub struct Options {
    /// Files in the order given.
    pub files: Vec<PathBuf>,
    /// JSON instead of text.
    pub json: bool,
    /// Check every checksum.
    pub verify: bool,
    /// Stimulus for sweeps that do not state it.
    pub stim_ms: Option<f64>,
    /// For the readers.
    pub open: OpenOptions,
}

/// Understands the arguments, the first being the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let (mut command, mut options, mut output) = (None, Options::default(), None);
    let usage = |e: lexopt::Error| Failure::Usage(e.to_string());
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            Long("json") => options.json = true,
            Long("verify") => options.verify = true,
            Long("rate") => {
                let text = parser.value().map_err(usage)?;
                let hz = text.to_str().and_then(|t| t.parse::<f64>().ok()).filter(|hz| hz.is_finite() && *hz > 0.0);
                options.open.fs_hz = Some(hz.ok_or_else(|| Failure::Usage("--rate wants a positive number of Hz".into()))?);
            }
            Long("stim-ms") => {
                let text = parser.value().map_err(usage)?;
                let ms = text.to_str().and_then(|t| t.parse::<f64>().ok()).filter(|ms| ms.is_finite() && *ms >= 0.0);
                options.stim_ms = Some(ms.ok_or_else(|| Failure::Usage("--stim-ms wants a number of ms".into()))?);
            }
            Long("unit") => {
                let text = parser.value().map_err(usage)?;
                options.open.unit = Some(text.into_string().map_err(|_| Failure::Usage("--unit is not text".into()))?);
            }
            Long("output") | Short('o') => output = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Value(word) if command.is_none() => command = Some(word),
            Value(file) => options.files.push(PathBuf::from(file)),
            other => return Err(usage(other.unexpected())),
        }
    }
    let Some(command) = command else { return Err(Failure::Usage("a command is missing".into())) };
    let name = command.to_string_lossy();
    if !matches!(&*name, "info" | "measure" | "export") {
        return Err(Failure::Usage(format!("there is no command '{name}'")));
    }
    if options.files.is_empty() {
        return Err(Failure::Usage(format!("{name} wants a file")));
    }
    match (&*name, output) {
        ("info", None) => Ok(Command::Info(options)),
        ("measure", None) => Ok(Command::Measure(options)),
        ("info" | "measure", Some(_)) => Err(Failure::Usage(format!("{name} has no --output"))),
        (_, None) => Err(Failure::Usage("export wants -o OUT".into())),
        (_, Some(_)) if options.files.len() > 1 => Err(Failure::Usage("export takes one file at a time".into())),
        (_, Some(output)) => Ok(Command::Export(options, output)),
    }
}
