//! Answers of the program's own analyzers to a suite of recordings with known truth.
//!
//!     cargo run --release --example score_suite -- SUITE_DIR GOT_DIR [--only ncs,pair,fwave]
//!
//! For every `x.meta.json` of the suite the recording beside it is opened as a user's file would
//! be, analysed, and the answer written to `GOT_DIR/x.got.json` in the schema of the scorer. The
//! truth is never read. One file a task; [`TASKS`] lists them.

#![allow(clippy::print_stdout, reason = "a command line program")]

mod clean;
mod decomp;
mod fwave;
mod hreflex;
mod jitter;
mod munix;
mod ncs;
mod rns;
mod scan;
mod semg;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use myoscope::analysis::signal::SignalInput;
use myoscope::analysis::{self, Context, analyzer_for};
use myoscope::formats::{Files, NamedSource, OpenOptions, Opened, SliceSource, open};
use myoscope::model::{Edits, TestMeasurement};
use serde_json::Value;

/// One recording of a suite, opened.
pub struct Case {
    /// Name without ending.
    pub id: String,
    /// The folder it lies in.
    pub folder: PathBuf,
    /// Where answers go; signals are written there as files.
    pub got: PathBuf,
    /// Its sidecar.
    pub meta: Value,
    /// The recording.
    pub opened: Opened,
}

type Answer = Result<Value, Box<dyn Error>>;

type Task = fn(&Case) -> Answer;

/// What answers a task: the `task` of the sidecar, and how.
const TASKS: &[(&str, Task)] = &[
    ("clean", clean::clean),
    ("decomp", decomp::decomp),
    ("ncs", ncs::ncs),
    ("pair", ncs::pair),
    ("fwave", fwave::fwave),
    ("hreflex", hreflex::hreflex),
    ("rns", rns::rns),
    ("scan", scan::scan),
    ("munix", munix::munix),
    ("jitter", jitter::jitter),
    ("semg", semg::semg),
];

impl Case {
    fn new(folder: &Path, got: &Path, id: &str) -> Result<Self, Box<dyn Error>> {
        let meta = serde_json::from_slice(&std::fs::read(folder.join(format!("{id}.meta.json")))?)?;
        Ok(Self { id: id.to_owned(), folder: folder.to_owned(), got: got.to_owned(), meta, opened: record(folder, id)? })
    }

    /// What the analyzer of the first test sees.
    pub fn input(&self) -> Result<analysis::TestInput, Box<dyn Error>> {
        let study = &self.opened.study;
        let input = analysis::input(&study.recordings, &study.examination, &self.opened.samples, &Edits::default(), 0)?;
        Ok(input.ok_or("the recording holds no test")?)
    }

    /// The first channel as analyzers of continuous signals see it.
    pub fn signal(&self) -> Result<SignalInput, Box<dyn Error>> {
        let recording = self.opened.study.recordings.first().ok_or("no recording")?;
        let channel = recording.channels.first().ok_or("no channel")?;
        let mut uv = vec![0.0; usize::try_from(channel.n)?];
        self.opened.samples.first().ok_or("no samples")?.read(0, 0, &mut uv)?;
        Ok(SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() })
    }

    /// The first test of the recording, as the app measures it.
    pub fn measure(&self) -> Result<TestMeasurement, Box<dyn Error>> {
        let study = &self.opened.study;
        let test = study.examination.tests.first().ok_or("the recording holds no test")?;
        let input = analysis::input(&study.recordings, &study.examination, &self.opened.samples, &Edits::default(), 0)?;
        let context =
            Context { test, placed: &[], no_response: &[], height_cm: study.subject.height_cm, age_years: study.subject.age_years };
        Ok(analyzer_for(test.kind).analyze(&input.ok_or("no test")?).measurement(&context))
    }
}

/// Opens the record `id` of a folder with the files that belong to it.
pub fn record(folder: &Path, id: &str) -> Result<Opened, Box<dyn Error>> {
    let mut all = Vec::new();
    let meta: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{id}.meta.json")))?)?;
    let mut names: Vec<String> = ["hea", "dat", "meta.json"].iter().map(|ending| format!("{id}.{ending}")).collect();
    if let Some(patterns) = meta["sip_record"].as_str() {
        names.extend([format!("{patterns}.hea"), format!("{patterns}.dat")]);
    }
    for name in names {
        let source = SliceSource::from(std::fs::read(folder.join(&name))?);
        all.push(NamedSource { name, source: std::rc::Rc::new(source) });
    }
    let (_, opened) = open(&Files { all }, &OpenOptions::default()).into_iter().next().ok_or("nothing opened")?;
    Ok(opened?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut folders, mut only) = (Vec::new(), None);
    while let Some(argument) = arguments.next() {
        if argument == "--only" {
            only = arguments.next().map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
        } else {
            folders.push(PathBuf::from(argument));
        }
    }
    let [suite, got] = folders.as_slice() else { return Err("usage: score_suite SUITE_DIR GOT_DIR [--only ncs,pair]".into()) };
    std::fs::create_dir_all(got)?;
    let mut names: Vec<String> = std::fs::read_dir(suite)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let (mut done, mut left) =
        (std::collections::BTreeMap::<String, (usize, f64)>::new(), std::collections::BTreeMap::<String, usize>::new());
    for id in names.iter().filter_map(|name| name.strip_suffix(".meta.json")) {
        let meta: Value = serde_json::from_slice(&std::fs::read(suite.join(format!("{id}.meta.json")))?)?;
        let task = meta["task"].as_str().unwrap_or_default().to_owned();
        // Interference patterns belong to the recording that names them.
        if task == "munix_sip" || only.as_ref().is_some_and(|only| !only.contains(&task)) {
            continue;
        }
        let Some((_, answer)) = TASKS.iter().find(|(name, _)| *name == task) else {
            *left.entry(task).or_default() += 1;
            continue;
        };
        let started = Instant::now();
        let value = answer(&Case::new(suite, got, id)?).map_err(|error| format!("{id}: {error}"))?;
        std::fs::write(got.join(format!("{id}.got.json")), serde_json::to_vec(&value)?)?;
        let entry = done.entry(task).or_default();
        *entry = (entry.0 + 1, entry.1 + started.elapsed().as_secs_f64());
    }
    for (task, (n, seconds)) in &done {
        println!("{task}: {n} cases in {seconds:.2} s");
    }
    for (task, n) in &left {
        println!("{task}: {n} cases not analysed");
    }
    Ok(())
}
