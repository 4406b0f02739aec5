//! What a sidecar says that takes samples or another recording: the points of a CMAP scan, and the
//! interference patterns of a motor unit number index.

use serde_json::{Map, Value};

use super::probe::PROBE_BYTES;
use super::{Files, OpenOptions, Opened, readers};
use crate::model::{ScanPoint, Site, Sweep, TestKind, Warning};

/// Most points of a scan, and most channels of interference patterns.
const MOST_POINTS: u64 = 20_000;
const MOST_CHANNELS: usize = 1000;

/// Completes the test that a sidecar made last; `map` is the sidecar.
pub(super) fn complete(files: &Files, map: &Map<String, Value>, opened: &mut Opened) {
    match opened.study.examination.tests.last().map(|test| test.kind) {
        Some(TestKind::Scan) => points(map, opened),
        Some(TestKind::Munix) => interference(files, map, opened),
        _ => {}
    }
}

/// Sizes are the samples of the first channel, currents the list `intensity_mA`.
fn points(map: &Map<String, Value>, opened: &mut Opened) {
    let Some(currents) = map.get("intensity_mA").and_then(Value::as_array) else { return };
    let Some((channel, samples)) = opened.study.recordings.first().and_then(|r| r.channels.first()).zip(opened.samples.first()) else {
        return;
    };
    let n = channel.n.min(currents.len() as u64).min(MOST_POINTS);
    if channel.n != currents.len() as u64 {
        let what = format!("the sidecar has {} currents for {} responses: the first {n} were taken", currents.len(), channel.n);
        opened.warnings.push(Warning { field: Some("intensity_mA".into()), ..Warning::new(what) });
    }
    let mut values = vec![0.0; n as usize];
    if let Err(error) = samples.read(0, 0, &mut values) {
        return opened.warnings.push(Warning::new(format!("the responses of the scan could not be read: {error}")));
    }
    let scale = crate::units::Unit::parse(&channel.unit).uv_per_unit().unwrap_or(1.0);
    let pair = |(current, value): (&Value, f64)| ScanPoint { current_ma: current.as_f64().unwrap_or(f64::NAN), amp_uv: value * scale };
    let points: Vec<ScanPoint> =
        currents.iter().zip(values).map(pair).filter(|p| p.current_ma.is_finite() && p.amp_uv.is_finite()).collect();
    if let Some(test) = opened.study.examination.tests.last_mut() {
        test.points = points;
    }
}

/// The record `sip_record` beside this one: each channel an epoch. It becomes the second recording
/// of the study and a second site of the test.
fn interference(files: &Files, map: &Map<String, Value>, opened: &mut Opened) {
    let Some(stem) = map.get("sip_record").and_then(Value::as_str) else { return };
    let is_it = |name: &str| name.rsplit_once('.').is_some_and(|(own, _)| own.eq_ignore_ascii_case(stem));
    let candidates = files.all.iter().enumerate().filter(|(_, file)| is_it(&file.name) && !opened.used.contains(&file.name));
    let best = candidates.filter_map(|(index, file)| {
        let head = file.source.read_vec(0, PROBE_BYTES).ok()?;
        let (score, reader) = readers().iter().map(|reader| (reader.score(&file.name, &head), *reader)).max_by_key(|scored| scored.0)?;
        (score > 20).then_some((score, index, reader))
    });
    let Some((_, index, reader)) = best.max_by_key(|(score, index, _)| (*score, std::cmp::Reverse(*index))) else {
        let what = "the interference patterns that the sidecar names are missing: open their files together with the CMAP";
        return opened.warnings.push(Warning { field: Some("sip_record".into()), ..Warning::new(what) });
    };
    let added = match reader.open(files, index, &OpenOptions::default()) {
        Ok(added) => added,
        Err(error) => return opened.warnings.push(Warning::new(format!("the interference patterns could not be read: {error}"))),
    };
    let examination = &mut opened.study.examination;
    let mut site = Site { name: "Interference pattern".into(), ..Site::default() };
    for (mut recording, samples) in added.study.recordings.into_iter().zip(added.samples) {
        let number = opened.study.recordings.len();
        for (channel, entry) in recording.channels.iter_mut().enumerate().take(MOST_CHANNELS) {
            entry.negative_up = true;
            site.sweeps.push(examination.sweeps.len());
            examination.sweeps.push(Sweep { recording: number, channel, n: entry.n, ..Sweep::default() });
        }
        opened.study.recordings.push(recording);
        opened.samples.push(samples);
    }
    if let Some(test) = examination.tests.last_mut() {
        test.sites.push(site);
    }
    opened.warnings.extend(added.warnings);
    opened.used.extend(added.used);
}
