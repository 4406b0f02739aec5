//! Arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use super::Failure;
use crate::formats::OpenOptions;
use crate::model::SignalTask;

/// What `--help` prints.
pub const HELP: &str = "\
Myoscope reads electrodiagnostic recordings: nerve conduction and needle EMG.

Usage:
  myoscope info FILE... [--json] [--verify]    what each file holds
  myoscope measure FILE... [--json]            latencies and amplitudes of stimulus-locked sweeps
  myoscope analyse FILE... --task TASK [--json]
                                               needle and surface EMG: TASK is rest, units, pattern,
                                               jitter or surface
  myoscope export FILE -o OUT.EXT              writes a recording in the format of EXT
  myoscope plot FILE -o OUT.(svg|png)          draws a recording as the viewer shows it
  myoscope --help | --version

FILE is a recording, a folder, or - for standard input. Files that belong to a recording (signal
files and annotations of a .hea, a .meta.json sidecar) are found beside it.

Options:
  --json          one JSON object a file, one line each
  --verify        check all checksums, however large the file
  --rate HZ       sampling rate, for text files that do not state one
  --unit UNIT     unit of the values, for files that do not state one
  --stim-ms MS    stimulus, ms after the first sample of each sweep, for files that do not say
  --needle FILE   table of muscles exported by the page, printed by measure beside the rest
  -o, --output    file to write; for plot, - is SVG on standard output

Options of analyse:
  --channel NAME  channel by its name or number, from 1 on (default: the first of a potential)
  --from S        first moment, seconds of the recording (default: its beginning)
  --to S          last moment, likewise

Options of plot:
  --test N        the nerve test to draw, from 1 on (default: the first)
  --continuous    draw the recording, not its sweeps
  --from S        left edge, seconds of the recording (of sweeps: after the stimulus)
  --to S          right edge, likewise
  --width PX      width (default 1200)
  --height PX     height (default: by the number of traces)
  --theme NAME    paper (default), scope or contrast

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
    /// Analyse a stretch of a channel.
    Analyse(Options, AnalyseOptions),
    /// Write a recording to this file.
    Export(Options, PathBuf),
    /// Draw a recording into this file.
    Plot(Options, PlotOptions, PathBuf),
}

/// What `analyse` takes besides.
#[derive(Debug, Default)]
pub struct AnalyseOptions {
    /// What is asked.
    pub task: Option<SignalTask>,
    /// Name or number of the channel.
    pub channel: Option<String>,
    /// First moment, seconds.
    pub from_s: Option<f64>,
    /// Last moment, seconds.
    pub to_s: Option<f64>,
}

/// What `plot` takes besides.
#[derive(Debug, Default)]
pub struct PlotOptions {
    /// Index of the test.
    pub test: Option<usize>,
    /// Lanes even where there are tests.
    pub continuous: bool,
    /// Left edge, seconds.
    pub from_s: Option<f64>,
    /// Right edge, seconds.
    pub to_s: Option<f64>,
    /// Width, px.
    pub width: Option<f32>,
    /// Height, px.
    pub height: Option<f32>,
    /// Name of the theme.
    pub theme: Option<String>,
    /// The first of these options that was given, for a refusal by commands without them.
    given: Option<&'static str>,
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
    /// Table of muscles, as the page exports it.
    pub needle: Option<PathBuf>,
    /// Stimulus for sweeps that do not state it.
    pub stim_ms: Option<f64>,
    /// For the readers.
    pub open: OpenOptions,
}

/// Understands the arguments, the first being the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let (mut command, mut options, mut plot, mut output) = (None, Options::default(), PlotOptions::default(), None);
    let mut analyse = AnalyseOptions::default();
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            Long("json") => options.json = true,
            Long("verify") => options.verify = true,
            Long("rate") => options.open.fs_hz = Some(number(&mut parser, "--rate wants a positive number of Hz", |hz| hz > 0.0)?),
            Long("stim-ms") => options.stim_ms = Some(number(&mut parser, "--stim-ms wants a number of ms", |ms| ms >= 0.0)?),
            Long("needle") => options.needle = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("task") => analyse.task = Some(task(&word(&mut parser, "--task")?)?),
            Long("channel") => analyse.channel = Some(word(&mut parser, "--channel")?),
            Long("unit") => options.open.unit = Some(word(&mut parser, "--unit")?),
            Long("output") | Short('o') => output = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long(name) if PLOT_ONLY.contains(&name) => {
                plot.given = PLOT_ONLY.into_iter().find(|known| *known == name);
                plot_option(&mut plot, &mut parser)?;
            }
            Value(word) if command.is_none() => command = Some(word),
            Value(file) => options.files.push(PathBuf::from(file)),
            other => return Err(usage(other.unexpected())),
        }
    }
    let Some(command) = command else { return Err(Failure::Usage("a command is missing".into())) };
    let name = command.to_string_lossy();
    if !matches!(&*name, "info" | "measure" | "analyse" | "export" | "plot") {
        return Err(Failure::Usage(format!("there is no command '{name}'")));
    }
    if options.files.is_empty() {
        return Err(Failure::Usage(format!("{name} wants a file")));
    }
    if options.needle.is_some() && name != "measure" {
        return Err(Failure::Usage(format!("{name} has no --needle")));
    }
    let both = name == "analyse";
    if let Some(given) = plot.given.filter(|given| name != "plot" && !(both && STRETCH.contains(given))) {
        return Err(Failure::Usage(format!("{name} has no --{given}")));
    }
    if (analyse.task.is_some() || analyse.channel.is_some()) && !both {
        let given = if analyse.task.is_some() { "task" } else { "channel" };
        return Err(Failure::Usage(format!("{name} has no --{given}")));
    }
    (analyse.from_s, analyse.to_s) = (plot.from_s, plot.to_s);
    match (&*name, output) {
        ("info", None) => Ok(Command::Info(options)),
        ("measure", None) => Ok(Command::Measure(options)),
        ("analyse", None) => Ok(Command::Analyse(options, analyse)),
        ("info" | "measure" | "analyse", Some(_)) => Err(Failure::Usage(format!("{name} has no --output"))),
        (_, None) => Err(Failure::Usage(format!("{name} wants -o OUT"))),
        (_, Some(_)) if options.files.len() > 1 => Err(Failure::Usage(format!("{name} takes one file at a time"))),
        ("plot", Some(output)) => Ok(Command::Plot(options, plot, output)),
        (_, Some(output)) => Ok(Command::Export(options, output)),
    }
}

/// Options that only `plot` has.
const PLOT_ONLY: [&str; 7] = ["test", "continuous", "from", "to", "width", "height", "theme"];
/// Those of them that `analyse` has as well.
const STRETCH: [&str; 2] = ["from", "to"];
/// Smallest and largest side of a picture, px; a PNG takes four bytes a pixel.
const SIDE_PX: std::ops::RangeInclusive<f64> = 100.0..=10_000.0;

fn plot_option(plot: &mut PlotOptions, parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let side = |what: &str| format!("--{what} wants a number of pixels from {} to {}", SIDE_PX.start(), SIDE_PX.end());
    match plot.given {
        Some("continuous") => plot.continuous = true,
        Some("test") => {
            let n = number(parser, "--test wants the number of a test, from 1 on", |n| n >= 1.0 && n.fract() == 0.0)?;
            plot.test = Some(n as usize - 1);
        }
        Some("from") => plot.from_s = Some(number(parser, "--from wants a number of seconds", |_| true)?),
        Some("to") => plot.to_s = Some(number(parser, "--to wants a number of seconds", |_| true)?),
        Some("width") => plot.width = Some(number(parser, &side("width"), |px| SIDE_PX.contains(&px))? as f32),
        Some("height") => plot.height = Some(number(parser, &side("height"), |px| SIDE_PX.contains(&px))? as f32),
        _ => {
            let theme = word(parser, "--theme")?;
            if !["paper", "scope", "contrast"].contains(&theme.as_str()) {
                return Err(Failure::Usage("--theme wants paper, scope or contrast".into()));
            }
            plot.theme = Some(theme);
        }
    }
    Ok(())
}

fn task(name: &str) -> Result<SignalTask, Failure> {
    let task = SignalTask::ALL.into_iter().find(|task| task.short().eq_ignore_ascii_case(name));
    task.ok_or_else(|| Failure::Usage("--task wants rest, units, pattern, jitter or surface".into()))
}

#[allow(clippy::needless_pass_by_value, reason = "passed to map_err by name")]
fn usage(error: lexopt::Error) -> Failure {
    Failure::Usage(error.to_string())
}

/// The next argument as a finite number that fits; `wants` says what would.
fn number(parser: &mut lexopt::Parser, wants: &str, fits: impl Fn(f64) -> bool) -> Result<f64, Failure> {
    let text = parser.value().map_err(usage)?;
    let value = text.to_str().and_then(|t| t.parse::<f64>().ok()).filter(|value| value.is_finite() && fits(*value));
    value.ok_or_else(|| Failure::Usage(wants.to_owned()))
}

fn word(parser: &mut lexopt::Parser, option: &str) -> Result<String, Failure> {
    parser.value().map_err(usage)?.into_string().map_err(|_| Failure::Usage(format!("{option} is not text")))
}
