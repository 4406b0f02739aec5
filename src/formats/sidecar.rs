//! `<stem>.meta.json`: what a file of stimulus-locked sweeps does not say about itself.
//!
//! Each channel of the recording beside it is one sweep; the sidecar tells when the stimulus came,
//! what kind of test it was, which site each sweep belongs to and how far the sites are apart. The
//! keys are written down in `docs/sidecar.md`. Unknown keys are left alone; a key of the wrong type
//! is a warning. At most [`MAX_BYTES`] are read.

use serde_json::{Map, Value};

use super::{Files, Opened};
use crate::model::{Examination, NerveTest, Side, Site, Stimulus, Study, Sweep, TestKind, Warning};

/// Largest sidecar that is read.
pub const MAX_BYTES: u64 = 4 << 20;
/// Ends the name of a sidecar, behind the stem of the recording's main file.
pub const SUFFIX: &str = ".meta.json";

/// Applies the sidecar that lies beside the main file of `opened`, if there is one.
pub(super) fn apply_beside(files: &Files, opened: &mut Opened) {
    let Some(main) = opened.used.first() else { return };
    let stem = main.rsplit_once('.').map_or(main.as_str(), |(stem, _)| stem);
    let Some(file) = files.named(&format!("{stem}{SUFFIX}")) else { return };
    opened.used.push(file.name.clone());
    if file.source.len() > MAX_BYTES {
        opened.warnings.push(Warning::new(format!("{} is larger than {MAX_BYTES} bytes and was left out", file.name)));
        return;
    }
    match file.source.read_vec(0, MAX_BYTES as usize) {
        Ok(bytes) => {
            let before = opened.study.examination.tests.len();
            apply(&bytes, 0, &mut opened.study, &mut opened.warnings);
            if opened.study.examination.tests.len() > before
                && let Ok(Value::Object(map)) = serde_json::from_slice(&bytes)
            {
                super::companion::complete(files, &map, opened);
            }
        }
        Err(error) => opened.warnings.push(Warning::new(format!("{} could not be read: {error}", file.name))),
    }
}

/// Values of a sidecar, with warnings for what has the wrong type.
struct Keys<'a> {
    map: &'a Map<String, Value>,
    warnings: &'a mut Vec<Warning>,
}

impl Keys<'_> {
    fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.map.get(key).filter(|v| !v.is_null())?;
        let number = value.as_f64().filter(|v| v.is_finite());
        if number.is_none() {
            self.wrong(key, "a number");
        }
        number
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.map.get(key).filter(|v| !v.is_null())?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(key, "a text");
        }
        text
    }

    /// A number for each entry, or one number for all.
    fn numbers(&mut self, key: &str) -> Vec<Option<f64>> {
        match self.map.get(key) {
            Some(Value::Array(list)) => list.iter().map(|v| v.as_f64().filter(|v| v.is_finite())).collect(),
            _ => self.number(key).into_iter().map(Some).collect(),
        }
    }

    fn wrong(&mut self, key: &str, expected: &str) {
        self.warnings.push(Warning {
            what: format!("the sidecar's \"{key}\" is not {expected} and was left out"),
            field: Some(key.to_owned()),
            offset: None,
        });
    }
}

/// Adds the nerve test that the sidecar `bytes` describe to `study`, from its recording `index`. A
/// sidecar that describes none (no `stim_ms`, no `kind` and no scan) changes nothing.
pub fn apply(bytes: &[u8], index: usize, study: &mut Study, warnings: &mut Vec<Warning>) {
    let map = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(map)) => map,
        Ok(_) => return warnings.push(Warning::new("the sidecar is not a JSON object and was left out")),
        Err(error) => return warnings.push(Warning::new(format!("the sidecar is not JSON and was left out: {error}"))),
    };
    let mut keys = Keys { map: &map, warnings };
    let stim_ms = keys.number("stim_ms");
    let kind = keys.text("kind");
    let task = keys.text("task").unwrap_or_default();
    let points = map.get("intensity_mA").is_some_and(Value::is_array);
    if stim_ms.is_none() && kind.is_none() && !(task == "scan" && points) {
        return;
    }
    let kind = match (kind.as_deref(), task.as_str()) {
        (Some("motor"), _) | (None, "pair") => TestKind::Motor,
        (Some("sensory"), _) => TestKind::Sensory,
        (Some("f_wave" | "fwave"), _) | (None, "fwave") => TestKind::FWave,
        (Some("sep"), _) => TestKind::Sep,
        (Some("h_reflex"), _) | (None, "hreflex") => TestKind::HReflex,
        (Some("repetitive"), _) | (None, "rns") => TestKind::Repetitive,
        (Some("scan"), _) | (None, "scan") => TestKind::Scan,
        (Some("munix"), _) | (None, "munix") => TestKind::Munix,
        (Some("blink"), _) => TestKind::Blink,
        (Some("mep"), _) => TestKind::Mep,
        _ => TestKind::Unknown,
    };
    let Some(recording) = study.recordings.get(index) else { return };
    if let (Some(fs), Some(channel)) = (keys.number("fs"), recording.channels.first())
        && (fs - channel.fs_hz).abs() > 1e-6 * channel.fs_hz
    {
        let what = format!("the sidecar says {fs} Hz, the recording {} Hz: the recording was believed", channel.fs_hz);
        keys.warnings.push(Warning::new(what));
    }
    let names: Vec<String> = match map.get("sites") {
        Some(Value::Array(list)) => list.iter().map(|v| v.as_str().unwrap_or("").to_owned()).collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(_) => {
            keys.wrong("sites", "a list");
            Vec::new()
        }
    };
    // Site of each channel: stated, or one after the other where every channel has its own.
    let of_channel = keys.numbers("site_of_channel");
    let site_count = names.len().clamp(1, recording.channels.len().max(1));
    let stated = keys.numbers("current_ma");
    let currents = if stated.is_empty() { keys.numbers("intensities") } else { stated };
    let averaged = keys.number("averaged").filter(|n| *n >= 1.0).map(|n| n as u32);
    let mut test = NerveTest {
        kind,
        side: match keys.text("side").as_deref() {
            Some("left") => Some(Side::Left),
            Some("right") => Some(Side::Right),
            _ => None,
        },
        nerve: keys.text("nerve").unwrap_or_default(),
        recorded_from: keys.text("recorded_from").unwrap_or_default(),
        temperature_c: keys.number("temperature_c"),
        rate_hz: keys.number("rate_hz").filter(|hz| *hz > 0.0),
        sites: (0..site_count).map(|k| Site { name: names.get(k).cloned().unwrap_or_default(), ..Site::default() }).collect(),
        ..NerveTest::default()
    };
    // A single distance lies before the last site: to the electrode for one site, between two.
    let distances = keys.numbers("distance_mm");
    let shift = site_count - distances.len().min(site_count);
    for (site, distance) in test.sites.iter_mut().skip(shift).zip(distances) {
        site.distance_mm = distance.filter(|d| *d > 0.0);
    }
    let Examination { tests, sweeps } = &mut study.examination;
    let mut outside = false;
    // The samples of a scan's record are sizes of responses, no sweeps.
    let swept = if kind == TestKind::Scan && points { &[][..] } else { &recording.channels[..] };
    for (number, channel) in swept.iter().enumerate() {
        let site = match of_channel.get(number).copied().flatten() {
            Some(site) => (site.max(0.0) as usize).min(site_count - 1),
            None if site_count > 1 => number.min(site_count - 1),
            None => 0,
        };
        let seconds = channel.n as f64 / channel.fs_hz;
        let stimulus_s = stim_ms.map(|ms| ms / 1e3);
        outside |= stimulus_s.is_some_and(|s| s < 0.0 || s > seconds);
        test.sites[site].sweeps.push(sweeps.len());
        sweeps.push(Sweep {
            turned: false,
            recording: index,
            channel: number,
            start: 0,
            n: channel.n,
            stimulus_s: stimulus_s.filter(|s| (0.0..=seconds).contains(s)),
            stimulus: Stimulus {
                current_ma: currents.get(number).or(currents.first()).copied().flatten(),
                pulse_ms: None,
                ..Stimulus::default()
            },
            averaged,
        });
    }
    if outside {
        keys.warnings.push(Warning::at("stim_ms", 0, "the stimulus lies outside the sweep and was left out"));
    }
    // Sidecars describe sweeps as they are displayed: positive is up.
    study.recordings[index].channels.iter_mut().for_each(|channel| channel.negative_up = true);
    if let Some(filter) = keys.text("filter") {
        for channel in study.recordings[index].channels.iter_mut().filter(|c| c.prefilter.is_empty()) {
            channel.prefilter.clone_from(&filter);
        }
    }
    tests.push(test);
}
