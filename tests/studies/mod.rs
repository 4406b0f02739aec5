//! What the golden directories of studies are made of: one function a study.

mod late;
mod nerve;
mod tracked;

use myoscope::simulate::{Disturbance, Pool, Random, couple};
use serde_json::{Map, Value, json};

type Named = (&'static str, fn() -> Case);

/// Every directory and what makes it.
pub const ALL: &[Named] = &[
    ("sensory", nerve::sensory),
    ("repetitive", nerve::repetitive),
    ("munix", nerve::munix),
    ("f_wave", late::f_wave),
    ("h_reflex", late::h_reflex),
    ("blink", late::blink),
    ("mep", late::mep),
    ("scan", tracked::scan),
    ("scan_units_lost", tracked::scan_units_lost),
    ("excitability", tracked::excitability),
];

/// How far off a value may be.
#[derive(Clone, Copy)]
pub enum Off {
    By(f64),
    Pct(f64),
}

/// A value of the simulator: name, where the measurement has it, the value, how far off it may be.
pub type Truth = (String, String, f64, Off);

/// A golden directory.
pub struct Case {
    pub note: &'static str,
    /// Name of the file to open.
    pub main: &'static str,
    pub inputs: Vec<(String, Vec<u8>)>,
    pub truth: Vec<Truth>,
}

pub fn pretty(value: &Value) -> Vec<u8> {
    (serde_json::to_string_pretty(value).unwrap() + "\n").into_bytes()
}

impl Case {
    /// All files, what is expected included.
    pub fn files(self) -> Vec<(String, Vec<u8>)> {
        let (mut rules, mut expected) = (Map::new(), Map::new());
        for (name, at, value, off) in self.truth {
            let rule = match off {
                Off::By(within) => json!({"at": at, "within": within}),
                Off::Pct(within) => json!({"at": at, "within_pct": within}),
            };
            rules.insert(name.clone(), rule);
            expected.insert(name, json!(value));
        }
        let mut files = self.inputs;
        files.push(("case.json".into(), pretty(&json!({"note": self.note, "file": self.main, "values": rules}))));
        files.push(("expected.json".into(), pretty(&Value::Object(expected))));
        files
    }
}

/// A WFDB record: sweeps of one length as signals, 16 bits, by one gain.
pub fn wfdb(stem: &str, fs_hz: f64, signals: &[(String, Vec<f64>)]) -> Vec<(String, Vec<u8>)> {
    let largest = signals.iter().flat_map(|s| &s.1).fold(0.0_f64, |most, v| most.max(v.abs()));
    let per_uv = (30_000.0 / largest).clamp(0.01, 100.0);
    let per_uv = if per_uv > 1.0 { per_uv.floor() } else { per_uv };
    let n = signals.iter().map(|s| s.1.len()).min().unwrap_or(0);
    let digital: Vec<Vec<i16>> = signals.iter().map(|s| s.1.iter().take(n).map(|v| (v * per_uv).round() as i16).collect()).collect();
    let mut header = format!("{stem} {} {fs_hz} {n}\n", signals.len());
    for ((name, _), values) in signals.iter().zip(&digital) {
        let sum = values.iter().fold(0_u16, |sum, v| sum.wrapping_add(*v as u16));
        header += &format!("{stem}.dat 16 {per_uv}(0)/uV 16 0 {} {sum} 0 {name}\n", values[0]);
    }
    let bytes = (0..n).flat_map(|i| digital.iter().flat_map(move |values| values[i].to_le_bytes())).collect();
    vec![(format!("{stem}.hea"), header.into_bytes()), (format!("{stem}.dat"), bytes)]
}

/// `input.hea`, `input.dat` and the sidecar beside them.
pub fn sweeps(fs_hz: f64, signals: &[(String, Vec<f64>)], sidecar: &Value) -> Vec<(String, Vec<u8>)> {
    let mut files = wfdb("input", fs_hz, signals);
    files.push(("input.meta.json".into(), pretty(sidecar)));
    files
}

/// Names for signals that need none.
pub fn numbered(signals: Vec<Vec<f64>>) -> Vec<(String, Vec<f64>)> {
    signals.into_iter().enumerate().map(|(k, uv)| (format!("sweep{}", k + 1), uv)).collect()
}

/// Signals of one channel.
pub fn named(name: &str, signals: Vec<Vec<f64>>) -> Vec<(String, Vec<f64>)> {
    signals.into_iter().map(|uv| (name.to_owned(), uv)).collect()
}

/// What a clinic's amplifier adds, of moderate size.
pub fn clinic() -> Disturbance {
    Disturbance {
        noise_uv: 3.0,
        slow_noise_uv: 1.0,
        mains_uv: 3.0,
        mains_hz: 50.0,
        drift_uv: 20.0,
        spike_uv: -2000.0,
        tails: [(400.0, 0.3), (30.0, 2.5)],
        offset_uv: 0.0,
    }
}

/// Grid of the truth, samples a recorded sample.
const FINER: usize = 5;

/// How sweeps are recorded.
#[derive(Clone, Copy)]
pub struct Grid {
    pub fs_hz: f64,
    pub before_ms: f64,
    pub after_ms: f64,
}

impl Grid {
    fn lead(&self) -> usize {
        (self.before_ms * self.fs_hz * 1e-3).round() as usize * FINER
    }

    fn fine(&self) -> f64 {
        self.fs_hz * 1e-3 * FINER as f64
    }

    /// The wave of units that begin at these latencies, on the fine grid.
    pub fn wave(&self, pool: &Pool, latencies: &[Option<f64>]) -> Vec<f64> {
        let mut wave = vec![0.0; self.lead()];
        wave.extend(pool.wave(latencies, self.after_ms, self.fine()));
        couple(&mut wave, self.fine(), 2.0);
        wave
    }

    /// The sum of waves as it is recorded.
    pub fn record(&self, waves: &[&[f64]], disturbance: &Disturbance, random: &mut Random) -> Vec<f64> {
        let at = |k: usize| waves.iter().map(|wave| wave[k]).sum::<f64>();
        let n = waves.iter().map(|wave| wave.len()).min().unwrap_or(0);
        let mut uv: Vec<f64> = (0..n).step_by(FINER).map(at).collect();
        disturbance.add(&mut uv, -self.before_ms, self.fs_hz * 1e-3, random);
        uv
    }

    /// The same of units whose potentials are over in a part of the time, as those of the short
    /// fibres of the face.
    pub fn brief(&self, pool: &Pool, latencies: &[Option<f64>], part: f64) -> Vec<f64> {
        let longer: Vec<Option<f64>> = latencies.iter().map(|l| l.map(|l| l / part)).collect();
        let mut wave = vec![0.0; self.lead()];
        wave.extend(pool.wave(&longer, self.after_ms / part, self.fine() * part));
        couple(&mut wave, self.fine(), 10.0);
        wave
    }

    /// When a late response begins, ms after the stimulus: at 2 % of its peak-to-peak size.
    pub fn onset_ms(&self, wave: &[f64]) -> f64 {
        self.reaches_ms(wave, 0.02 * span(wave))
    }

    /// When an M wave or another volley of many units begins: at 1 % of its negative peak.
    pub fn motor_onset_ms(&self, wave: &[f64]) -> f64 {
        self.reaches_ms(wave, 0.01 * top(wave))
    }

    fn reaches_ms(&self, wave: &[f64], least: f64) -> f64 {
        let first = wave.iter().position(|v| v.abs() >= least).unwrap();
        (first as f64 - self.lead() as f64) / self.fine()
    }
}

pub fn top(wave: &[f64]) -> f64 {
    wave.iter().copied().fold(0.0, f64::max)
}

/// Peak to peak.
pub fn span(wave: &[f64]) -> f64 {
    top(wave) - wave.iter().copied().fold(0.0, f64::min)
}

pub fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

pub fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn truth(name: &str, at: &str, value: f64, off: Off) -> Truth {
    (name.to_owned(), at.to_owned(), value, off)
}
