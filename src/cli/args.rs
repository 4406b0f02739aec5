//! Arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use super::Failure;
use super::simulate::SimulateOptions;
use crate::engine::protocol::{PastDivision, ReportDepth, ReportForm};
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
  myoscope report FILE -o OUT.(html|txt|pdf)   a report: the answer, values with their limits, waveforms
  myoscope report FILE -o OUT.csv              every value, one a row
  myoscope report FILE -o OUT.json             a FHIR R4 bundle: report and observations
  myoscope report FILE -o OUT.dcm              the PDF within a DICOM object
  myoscope pack FILE -o STUDY.myo              the whole study as one file (docs/study-format.md)
  myoscope unpack STUDY.myo -o FOLDER          its parts: recordings as EDF+, the rest as JSON and HTML
  myoscope verify STUDY.myo... [--json]        whether they are what was written
  myoscope simulate --condition ID (-o OUT.EXT | --pty)
                                               a simulated patient: a recording (.myoraw is the raw log
                                               of a live one), or an amplifier behind a pseudo-terminal
  myoscope conclude CASES.toml... [--json]     where, how severe, since when: from values written down
  myoscope norms (FOLDER | TABLE)... [-o LIMITS.csv]
                                               a laboratory's own limits, computed from past studies
  myoscope compare EARLIER LATER [--json]      two studies of one person: values then and now
  myoscope --help | --version

FILE is a recording, a folder, or - for standard input. Files that belong to a recording (signal
files and annotations of a .hea, a .meta.json sidecar) are found beside it.

Options:
  --json          one JSON object a file, one line each
  --verify        check all checksums, however large the file
  --rate HZ       sampling rate, for text files that do not state one
  --unit UNIT     unit of the values, for files that do not state one
  --stim-ms MS    stimulus, ms after the first sample of each sweep, for files that do not say
  --needle FILE   table of muscles exported by the page, for measure, report and pack
  --limits FILE   a laboratory's own limits (docs/limits.md), for conclude, report and pack
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

Options of report:
  --depth DEPTH   summary for the referring doctor (default), full, or patient
  --form FORM     html, text, pdf, dicom, values or fhir (default: by the ending of OUT)
  --letterhead FILE
                  the clinic's letterhead and texts (docs/report.md), for pack too
  --signed N      version N of those that were signed, as it was (html, txt)
  --without-names leave out what tells who was examined, the day of the test included (also for export
                  and pack)
  --shift-days N  without names: days later by N (or earlier) instead of their year alone (for pack)

Options of norms:
  --ages A-B,C-D  ages apart, both ends included (default: all together)
  --sexes         women and men apart
  --name NAME     what the limits are called (default: Our laboratory)

Options of simulate:
  --condition ID  healthy, carpal_tunnel, l5_radiculopathy, polyneuropathy, myopathy or fibrillating
  --seconds S     length of the recording (default 10)
  --effort WORD   rest (default), insert, slight, moderate or strong
  --seed N        another patient with the same condition (default 1)
  --pty           print the path of a pseudo-terminal and serve it in real time until interrupted

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
    Export(Options, PathBuf, bool),
    /// Draw a recording into this file.
    Plot(Options, PlotOptions, PathBuf),
    /// Write a report into this file.
    Report(Options, ReportOptions, PathBuf),
    /// Compute limits from past studies, into this file.
    Norms(Options, NormsOptions, Option<PathBuf>),
    /// Conclude from cases.
    Conclude(Options),
    /// Compare an earlier study with a later one.
    Compare(Options),
    /// Write a study into one file.
    Pack(Options, ReportOptions, PathBuf),
    /// Take the parts out of a study file, into this folder.
    Unpack(Options, PathBuf),
    /// Check study files.
    Verify(Options),
    /// Simulate a patient into this file, or behind a terminal.
    Simulate(SimulateOptions, Option<PathBuf>),
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

/// What `norms` takes besides.
#[derive(Debug, Default)]
pub struct NormsOptions {
    /// How people are divided.
    pub division: PastDivision,
    /// What the limits are called.
    pub name: Option<String>,
    /// The first of these options that was given, for a refusal by commands without them.
    given: Option<&'static str>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// PDF.
    Pdf,
    /// PDF within a DICOM object.
    Dicom,
    /// What the engine writes itself.
    Plain(ReportForm),
}

impl Form {
    /// By its name (`html`) or the ending of a file (`txt`).
    pub fn named(name: &str) -> Option<Self> {
        let plain = ReportForm::ALL.into_iter().find(|form| form.id() == name || form.extension() == name);
        plain.map(Self::Plain).or(match name {
            "pdf" => Some(Self::Pdf),
            "dicom" | "dcm" => Some(Self::Dicom),
            _ => None,
        })
    }
}

/// What `report`, `export` and `pack` take besides.
#[derive(Debug, Default)]
pub struct ReportOptions {
    /// How much it says.
    pub depth: ReportDepth,
    /// Written how; `None`: by the name of the file.
    pub form: Option<Form>,
    /// Without names.
    pub nameless: bool,
    /// The clinic's letterhead.
    pub letterhead: Option<PathBuf>,
    /// Without names: days later by so many.
    pub shift_days: Option<i32>,
    /// A signed version, from 0 on.
    pub version: Option<usize>,
    /// Which of these options were given, for a refusal by commands without them.
    given: Vec<&'static str>,
}

impl ReportOptions {
    /// The first option given that a command does not have.
    fn refused(&self, command: &str) -> Option<&'static str> {
        let has: &[&str] = match command {
            "report" => &["depth", "form", "without-names", "letterhead", "signed"],
            "export" => &["without-names"],
            "pack" => &["without-names", "letterhead", "shift-days"],
            _ => &[],
        };
        self.given.iter().find(|given| !has.contains(given)).copied()
    }
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
    /// A laboratory's own limits.
    pub limits: Option<PathBuf>,
    /// Stimulus for sweeps that do not state it.
    pub stim_ms: Option<f64>,
    /// For the readers.
    pub open: OpenOptions,
}

/// All commands.
const COMMANDS: [&str; 13] =
    ["info", "measure", "analyse", "export", "plot", "report", "simulate", "conclude", "norms", "compare", "pack", "unpack", "verify"];

/// Understands the arguments, the first being the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let (mut command, mut options, mut plot, mut output) = (None, Options::default(), PlotOptions::default(), None);
    let (mut analyse, mut simulate, mut simulated) = (AnalyseOptions::default(), SimulateOptions::default(), None);
    let (mut report, mut norms) = (ReportOptions::default(), NormsOptions::default());
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            Long("json") => options.json = true,
            Long("verify") => options.verify = true,
            Long("rate") => options.open.fs_hz = Some(number(&mut parser, "--rate wants a positive number of Hz", |hz| hz > 0.0)?),
            Long("stim-ms") => options.stim_ms = Some(number(&mut parser, "--stim-ms wants a number of ms", |ms| ms >= 0.0)?),
            Long("needle") => options.needle = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("limits") => options.limits = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long("task") => analyse.task = Some(task(&word(&mut parser, "--task")?)?),
            Long("channel") => analyse.channel = Some(word(&mut parser, "--channel")?),
            Long("unit") => options.open.unit = Some(word(&mut parser, "--unit")?),
            Long("output" | "out") | Short('o') => output = Some(PathBuf::from(parser.value().map_err(usage)?)),
            Long(name) if PLOT_ONLY.contains(&name) => {
                plot.given = PLOT_ONLY.into_iter().find(|known| *known == name);
                plot_option(&mut plot, &mut parser)?;
            }
            Long(name) if REPORT_ONLY.contains(&name) => {
                let name = REPORT_ONLY.into_iter().find(|known| *known == name).unwrap_or_default();
                report.given.push(name);
                report_option(&mut report, name, &mut parser)?;
            }
            Long(name) if NORMS_ONLY.contains(&name) => {
                norms.given = NORMS_ONLY.into_iter().find(|known| *known == name);
                norms_option(&mut norms, &mut parser)?;
            }
            Long(name) if SIMULATE_ONLY.contains(&name) => {
                let name = SIMULATE_ONLY.into_iter().find(|known| *known == name).unwrap_or_default();
                simulated = Some(name);
                simulate_option(&mut simulate, name, &mut parser)?;
            }
            Value(word) if command.is_none() => command = Some(word),
            Value(file) => options.files.push(PathBuf::from(file)),
            other => return Err(usage(other.unexpected())),
        }
    }
    let Some(command) = command else { return Err(Failure::Usage("a command is missing".into())) };
    let name = command.to_string_lossy();
    if !COMMANDS.contains(&&*name) {
        return Err(Failure::Usage(format!("there is no command '{name}'")));
    }
    if name == "simulate" {
        let other = plot.given.is_some()
            || !report.given.is_empty()
            || analyse.task.is_some()
            || analyse.channel.is_some()
            || options.needle.is_some();
        return match options.files.first() {
            Some(file) => Err(Failure::Usage(format!("simulate reads no file ('{}')", file.display()))),
            None if other => Err(Failure::Usage("simulate has only options of its own and -o".into())),
            None => Ok(Command::Simulate(simulate, output)),
        };
    }
    if let Some(given) = simulated {
        return Err(Failure::Usage(format!("{name} has no --{given}")));
    }
    if options.files.is_empty() {
        return Err(Failure::Usage(format!("{name} wants a file")));
    }
    if let Some(given) = report.refused(&name) {
        return Err(Failure::Usage(format!("{name} has no --{given}")));
    }
    if report.shift_days.is_some() && !report.nameless {
        return Err(Failure::Usage("--shift-days goes with --without-names".into()));
    }
    if options.needle.is_some() && !matches!(&*name, "measure" | "report" | "pack") {
        return Err(Failure::Usage(format!("{name} has no --needle")));
    }
    if options.limits.is_some() && !matches!(&*name, "conclude" | "report" | "pack") {
        return Err(Failure::Usage(format!("{name} has no --limits")));
    }
    if let Some(given) = norms.given.filter(|_| name != "norms") {
        return Err(Failure::Usage(format!("{name} has no --{given}")));
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
        ("norms", output) => Ok(Command::Norms(options, norms, output)),
        ("compare", None) if options.files.len() == 2 => Ok(Command::Compare(options)),
        ("compare", None) => Err(Failure::Usage("compare wants two files: the earlier study, then the later one".into())),
        ("conclude", None) => Ok(Command::Conclude(options)),
        ("verify", None) => Ok(Command::Verify(options)),
        ("info" | "measure" | "analyse" | "conclude" | "compare" | "verify", Some(_)) => {
            Err(Failure::Usage(format!("{name} has no --output")))
        }
        (_, None) => Err(Failure::Usage(format!("{name} wants -o OUT"))),
        (_, Some(_)) if options.files.len() > 1 => Err(Failure::Usage(format!("{name} takes one file at a time"))),
        ("report", Some(output)) => Ok(Command::Report(options, report, output)),
        ("pack", Some(output)) => Ok(Command::Pack(options, report, output)),
        ("unpack", Some(output)) => Ok(Command::Unpack(options, output)),
        ("plot", Some(output)) => Ok(Command::Plot(options, plot, output)),
        (_, Some(output)) => Ok(Command::Export(options, output, report.nameless)),
    }
}

/// Options that only `norms` has.
const NORMS_ONLY: [&str; 3] = ["ages", "sexes", "name"];

fn norms_option(norms: &mut NormsOptions, parser: &mut lexopt::Parser) -> Result<(), Failure> {
    match norms.given {
        Some("ages") => norms.division.ages = PastDivision::ages(&word(parser, "--ages")?).map_err(Failure::Usage)?,
        Some("name") => norms.name = Some(word(parser, "--name")?),
        _ => norms.division.sexes = true,
    }
    Ok(())
}

/// Options that only `simulate` has.
const SIMULATE_ONLY: [&str; 5] = ["condition", "seconds", "effort", "seed", "pty"];

fn simulate_option(simulate: &mut SimulateOptions, name: &str, parser: &mut lexopt::Parser) -> Result<(), Failure> {
    match name {
        "condition" => simulate.condition = Some(word(parser, "--condition")?),
        "seconds" => simulate.seconds = Some(number(parser, "--seconds wants a positive number", |s| s > 0.0)?),
        "effort" => simulate.effort = Some(word(parser, "--effort")?),
        "seed" => {
            let seed = number(parser, "--seed wants a whole number", |n| (0.0..9e15).contains(&n) && n.fract() == 0.0)?;
            simulate.seed = Some(seed as u64);
        }
        _ => simulate.pty = true,
    }
    Ok(())
}

/// Options of what writes reports and studies.
const REPORT_ONLY: [&str; 6] = ["depth", "form", "without-names", "letterhead", "shift-days", "signed"];

fn report_option(report: &mut ReportOptions, name: &str, parser: &mut lexopt::Parser) -> Result<(), Failure> {
    match name {
        "depth" => {
            let name = word(parser, "--depth")?;
            let depth = ReportDepth::ALL.into_iter().find(|depth| depth.id() == name);
            report.depth = depth.ok_or_else(|| Failure::Usage("--depth wants summary, full or patient".into()))?;
        }
        "form" => {
            let name = word(parser, "--form")?;
            report.form =
                Some(Form::named(&name).ok_or_else(|| Failure::Usage("--form wants html, text, pdf, dicom, values or fhir".into()))?);
        }
        "shift-days" => {
            let whole = |days: f64| days.fract() == 0.0 && days.abs() <= 36_500.0;
            report.shift_days = Some(number(parser, "--shift-days wants a whole number of days, up to 36500 either way", whole)? as i32);
        }
        "signed" => {
            let n = number(parser, "--signed wants the number of a signed version, from 1 on", |n| n >= 1.0 && n.fract() == 0.0)?;
            report.version = Some(n as usize - 1);
        }
        "letterhead" => report.letterhead = Some(PathBuf::from(parser.value().map_err(usage)?)),
        _ => report.nameless = true,
    }
    Ok(())
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
