//! Files, tables and JSON out of a session; and the sweeps of a test.

use std::fmt::Write as _;

use super::protocol::{Buffer, Event, Output, SweepData};
use super::session::Session;
use super::{analysed, band, info, measure, muscles, signal};
use crate::formats::{Export, MemorySink, Opened, WriteError, Writer, writers};
use crate::model::{Examination, FilterChain, NerveTest, Warning};
use crate::units::Unit;

/// Samples of a recording that is exported in one piece, in memory.
pub(super) const MAX_EXPORT: u64 = 150_000_000;
/// Rows of a CSV of the view; more is an export of the recording.
const MAX_ROWS: u64 = 2_000_000;
/// The format that has room for a person's work.
const DICOM: &str = "dcm";

/// A file name without its ending and without what some system does not take.
pub(super) fn stem(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).take(80).collect()
}

impl Session {
    /// The sweeps of a test, measured, filtered for display.
    pub fn sweeps(&mut self, test: usize, out: &mut dyn FnMut(Output)) {
        let examination = self.examination();
        let Some(of) = examination.tests.get(test) else {
            super::failed(out, "This test is no longer there.");
            return;
        };
        let ids: Vec<_> = of.sites.iter().flat_map(|site| site.sweeps.clone()).collect();
        let newly = !self.tested.contains_key(&test);
        if newly {
            self.remeasure(&examination, test);
        }
        let (mut sweeps, mut buffers) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(sweep) = examination.sweeps.get(id) else { continue };
            let Some(channel) = self.acquired.recordings.get(sweep.recording).and_then(|r| r.channels.get(sweep.channel)) else { continue };
            let Some(input) = self.sweep_input(&examination, id) else { continue };
            let before = sweep.stimulus_s.map_or(0, |at_s| (at_s * channel.fs_hz) as usize);
            let filter = self.edits.sweep_filter.unwrap_or_else(|| band::customary(of, channel));
            let shown = signal::filter_sweep(input.uv, &filter, channel.fs_hz, before);
            let potential = Unit::parse(&channel.unit) != Unit::Other;
            sweeps.push(SweepData {
                id,
                fs_hz: channel.fs_hz,
                stimulus_s: sweep.stimulus_s,
                unit: if potential { "\u{b5}V".into() } else { channel.unit.clone() },
                filter: band::words(&filter, &channel.prefilter),
                narrower: band::narrower(of, channel),
            });
            buffers.push(Buffer::F32(shown.into_iter().map(|value| value as f32).collect()));
        }
        let filter = self.sweep_filter(of, &examination);
        for trace in self.tested.get(&test).into_iter().flat_map(|tested| &tested.traces) {
            sweeps.push(SweepData {
                id: trace.id,
                fs_hz: trace.fs_hz,
                stimulus_s: trace.stimulus_s,
                unit: "\u{b5}V".into(),
                filter: if filter == FilterChain::default() { String::new() } else { band::words(&filter, "") },
                narrower: String::new(),
            });
            let before = trace.stimulus_s.map_or(0, |at_s| (at_s * trace.fs_hz).max(0.0) as usize);
            let shown = match filter == FilterChain::default() {
                true => trace.uv.clone(),
                false => {
                    let uv = trace.uv.iter().map(|value| f64::from(*value)).collect();
                    signal::filter_sweep(uv, &filter, trace.fs_hz, before).into_iter().map(|value| value as f32).collect()
                }
            };
            buffers.push(Buffer::F32(shown));
        }
        if newly {
            let view = self.view();
            out(Event::Changed { view }.into());
        }
        out(Output { event: Event::Sweeps { study: self.key, test, sweeps }, buffers });
    }

    /// Filters that sweeps of a test are seen through.
    pub(super) fn sweep_filter(&self, test: &NerveTest, examination: &Examination) -> FilterChain {
        let first = test.sites.iter().find_map(|site| examination.sweeps.get(*site.sweeps.first()?));
        let channel = first.and_then(|sweep| self.acquired.recordings.get(sweep.recording)?.channels.get(sweep.channel));
        let customary = || channel.map(|channel| band::customary(test, channel)).unwrap_or_default();
        self.edits.sweep_filter.unwrap_or_else(customary)
    }

    /// A recording with its edited annotations as a file of another format.
    pub fn export(&mut self, recording: usize, extension: &str, out: &mut dyn FnMut(Output)) {
        let annotations = self.annotations(recording);
        let (Some(source), Some(samples)) = (self.acquired.recordings.get(recording), self.samples.get(recording)) else {
            super::failed(out, "This recording is no longer there.");
            return;
        };
        let Some(writer) = writers().iter().find(|writer| writer.extension() == extension) else {
            super::failed(out, format!("Nothing here writes .{extension} files."));
            return;
        };
        let all = self.acquired.recordings.iter().enumerate().filter(|(at, _)| extension == DICOM || *at == recording);
        let samples_total: u64 = all.flat_map(|(_, recording)| &recording.channels).map(|channel| channel.n).sum();
        if samples_total > MAX_EXPORT {
            super::failed(
                out,
                format!(
                    "The recording has {samples_total} samples; up to {MAX_EXPORT} can be exported here, because the file is made in memory. The command line has no such limit: myoscope export."
                ),
            );
            return;
        }
        let stem = stem(&source.name);
        let mut sink = MemorySink::default();
        let written = if extension == DICOM {
            self.write_all(*writer, &stem, &mut sink)
        } else {
            let export =
                Export { study: &self.acquired, recording: source, samples: samples.as_ref(), annotations: &annotations, edits: None };
            writer.write(&stem, &export, &mut sink)
        };
        match written {
            Ok(warnings) => {
                let (names, files): (Vec<_>, Vec<_>) = sink.files.into_iter().unzip();
                out(Output { event: Event::Exported { names, warnings }, buffers: files.into_iter().map(Buffer::Bytes).collect() });
            }
            Err(error) => super::failed(out, format!("The recording was not exported: {error}.")),
        }
    }

    /// Every recording of the study, a file each, and with each what a person did: together they are the
    /// study again.
    fn write_all(&self, writer: &dyn Writer, stem: &str, sink: &mut MemorySink) -> Result<Vec<Warning>, WriteError> {
        let mut warnings = Vec::new();
        let all = self.acquired.recordings.len();
        for (number, (recording, samples)) in self.acquired.recordings.iter().zip(&self.samples).enumerate() {
            let annotations = self.annotations(number);
            let (samples, edits) = (samples.as_ref(), Some(&self.edits));
            let export = Export { study: &self.acquired, recording, samples, annotations: &annotations, edits };
            let name = if all == 1 { stem.to_owned() } else { format!("{stem}-{}", number + 1) };
            warnings.extend(writer.write(&name, &export, sink)?);
        }
        Ok(warnings)
    }

    /// The visible lanes between two moments as CSV, filtered as they are shown. Channels of other
    /// rates than the first lane's are left out and named.
    pub fn export_view(&mut self, recording: usize, from_s: f64, to_s: f64, out: &mut dyn FnMut(Output)) {
        let lanes: Vec<_> = self.lane_views(recording).into_iter().filter(|lane| !lane.settings.hidden).collect();
        let (Some(first), Some(source)) = (lanes.first(), self.acquired.recordings.get(recording)) else {
            super::failed(out, "There is no visible lane to export.");
            return;
        };
        let fs_hz = first.fs_hz;
        let timeline = &source.timeline;
        let sample = |time_s: f64| (timeline.stored_of_time(time_s) * fs_hz).round().max(0.0) as u64;
        let (from, to) = (sample(from_s), sample(to_s).min(first.n));
        let n = to.saturating_sub(from);
        if n == 0 || n > MAX_ROWS {
            super::failed(
                out,
                format!(
                    "The view holds {n} samples a lane; between 1 and {MAX_ROWS} can be exported as a table. Zoom in, or export the recording."
                ),
            );
            return;
        }
        let (same, other): (Vec<_>, Vec<_>) = lanes.iter().partition(|lane| lane.fs_hz == fs_hz && lane.n >= to);
        let mut columns = Vec::new();
        for lane in &same {
            let signal = self.signals.list[lane.signal as usize];
            match signal.read(self.samples[recording].as_ref(), &source.channels[signal.channel], timeline, from, n as usize) {
                Ok(values) => columns.push(values),
                Err(error) => {
                    super::failed(out, error.to_string());
                    return;
                }
            }
        }
        let quote =
            |text: &str| if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() };
        let mut csv = String::from("time (s)");
        for lane in &same {
            let _ = write!(csv, ",{}", quote(&format!("{} ({})", lane.name, lane.unit)));
        }
        csv.push('\n');
        for row in 0..n as usize {
            let _ = write!(csv, "{:.6}", timeline.time_of_stored((from + row as u64) as f64 / fs_hz));
            for column in &columns {
                let _ = if column[row].is_finite() { write!(csv, ",{}", column[row] as f32) } else { write!(csv, ",") };
            }
            csv.push('\n');
        }
        let warnings = other.iter().map(|lane| Warning::new(format!("{} has another sampling rate and was left out", lane.name))).collect();
        out(Output { event: Event::Exported { names: vec!["view.csv".into()], warnings }, buffers: vec![Buffer::Bytes(csv.into_bytes())] });
    }

    /// What the command line prints for this study's files; of the edits only the table of muscles, and
    /// the trains of the analysis in view.
    pub fn json(&mut self, out: &mut dyn FnMut(Output)) {
        let opened = Opened {
            study: self.acquired.clone(),
            samples: self.samples.clone(),
            warnings: self.warnings.clone(),
            used: Vec::new(),
            ..Opened::default()
        };
        let json = || -> Result<(String, String, Option<String>), String> {
            let words = |error: &dyn std::error::Error| error.to_string();
            let info = info::info(&opened, 0, &self.title).map_err(|e| words(&e))?;
            let mut measured = measure::measure(&opened, &self.title).map_err(|e| words(&e))?;
            measured.needle = muscles::of_edits(&self.edits, &self.acquired);
            let analysed = self.whole_activity().map(|view| {
                let recording = self.acquired.recordings.get(view.key.recording);
                let name = |index: usize| recording.and_then(|recording| recording.channels.get(index)).map(|channel| channel.name.clone());
                let minus = view.key.minus.and_then(name).map(|name| format!(" \u{2212} {name}")).unwrap_or_default();
                let channel = name(view.key.channel).unwrap_or_default() + &minus;
                analysed::analysed(&view, &self.title, &channel)
            });
            let analyse = analysed.map(|analysed| serde_json::to_string(&analysed)).transpose().map_err(|e| words(&e))?;
            let info = serde_json::to_string(&info).map_err(|e| words(&e))?;
            Ok((info, serde_json::to_string(&measured).map_err(|e| words(&e))?, analyse))
        };
        match json() {
            Ok((info, measure, analyse)) => out(Event::Json { info, measure, analyse }.into()),
            Err(what) => super::failed(out, what),
        }
    }
}
