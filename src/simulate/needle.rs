//! A needle in a muscle: rest, then slight effort. Continuous, two channels: the needle and a
//! surface electrode over the same muscle.
//!
//! Each motor unit has fibres scattered around the needle; near ones make the sharp part of its
//! potential. Units are recruited one after the other and fire at about 8 to 12 per second with
//! normal intervals (coefficient of variation 0.12), as in healthy muscle.

use std::sync::Arc;

use super::fibre::{Contact, Potential};
use super::random::Random;
use crate::model::{Annotation, Channel, InMemory, Recording, Scale, Study, Subject, Timeline};

const FS_HZ: f64 = 25_000.0;
/// Share of the recording at rest before the effort begins.
const REST: f64 = 0.25;
/// Coefficient of variation of the intervals between discharges.
const INTERVAL_CV: f64 = 0.12;
/// Shortest interval, s.
const REFRACTORY_S: f64 = 0.02;
/// Length of a unit's potential, ms.
const LENGTH_MS: f64 = 40.0;
const SCALES: [Scale; 2] = [
    Scale { gain: 0.25, offset: 0.0, digital_min: -32_768, digital_max: 32_767 },
    Scale { gain: 0.1, offset: 0.0, digital_min: -32_768, digital_max: 32_767 },
];

struct NeedleUnit {
    rate_hz: f64,
    recruited_s: f64,
    shapes: [Vec<f64>; 2],
}

/// A unit whose nearest fibre lies `near_mm` from the needle, with the peak-to-peak amplitude
/// `needle_uv` there and `surface_uv` on the skin.
fn unit(random: &mut Random, near_mm: f64, sizes_uv: [f64; 2], rate_hz: f64, recruited_s: f64) -> NeedleUnit {
    let endplate = -random.between(18.0, 26.0);
    let n = (LENGTH_MS * FS_HZ * 1e-3) as usize;
    let mut shapes = [vec![0.0; n], vec![0.0; n]];
    for fibre in 0..14 {
        let radial = near_mm * (1.0 + f64::from(fibre) * random.between(0.25, 0.6));
        let plate = endplate + random.normal(0.0, 1.2);
        let velocity = random.normal(3.8, 0.16).clamp(3.0, 4.8);
        let delay = random.normal(1.0, 0.12).max(0.0);
        for (shape, (radial, along)) in shapes.iter_mut().zip([(radial, 0.0), (11.0 + radial, 2.0)]) {
            let contacts = [Contact { along_mm: along, radial_mm: radial, weight: 1.0 }];
            let potential = Potential::new(plate, random.between(60.0, 70.0), &contacts);
            for (i, value) in shape.iter_mut().enumerate() {
                let t = i as f64 / FS_HZ * 1e3 - delay;
                *value += potential.at(t * velocity);
            }
        }
    }
    for (shape, size) in shapes.iter_mut().zip(sizes_uv) {
        let (low, high) = shape.iter().fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
        let gain = if high > low { size / (high - low) } else { 0.0 };
        for value in shape {
            *value *= gain;
        }
    }
    NeedleUnit { rate_hz, recruited_s, shapes }
}

/// A needle signal with known discharges.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedNeedle {
    /// Signal, uV, negative up.
    pub uv: Vec<f64>,
    /// Rate, Hz.
    pub fs_hz: f64,
    /// When each unit's potential has its largest value, s.
    pub trains: Vec<Vec<f64>>,
    /// Each unit's potential, uV, with its largest value at the discharge.
    pub potentials: Vec<Vec<f64>>,
}

/// So many units of 250 to 1000 uV, all active from the beginning at 7 to 13 per second, in white
/// noise of `noise_uv`. At most 40 units and an hour.
pub fn simulate_needle(seed: u64, units: usize, seconds: f64, noise_uv: f64) -> SimulatedNeedle {
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, 3600.0) } else { 0.0 };
    let mut random = Random::new(seed);
    let mut uv: Vec<f64> = (0..(seconds * FS_HZ) as usize).map(|_| random.normal(0.0, noise_uv)).collect();
    let (mut trains, mut potentials) = (Vec::new(), Vec::new());
    for _ in 0..units.min(40) {
        let (near_mm, size_uv, rate_hz) = (random.between(0.2, 0.4), random.between(250.0, 1000.0), random.between(7.0, 13.0));
        let unit = unit(&mut random, near_mm, [size_uv, 20.0], rate_hz, 0.0);
        let [shape, _] = unit.shapes;
        let peak = shape.iter().enumerate().fold((0, 0.0_f64), |m, (i, v)| if v.abs() > m.1 { (i, v.abs()) } else { m }).0;
        let (mut train, mut t) = (Vec::new(), random.unit() / rate_hz);
        while t < seconds {
            let at = (t * FS_HZ) as usize;
            for (value, add) in uv.iter_mut().skip(at).zip(&shape) {
                *value += add;
            }
            if at + peak < uv.len() {
                train.push((at + peak) as f64 / FS_HZ);
            }
            t += random.normal(1.0 / rate_hz, INTERVAL_CV / rate_hz).max(REFRACTORY_S);
        }
        trains.push(train);
        potentials.push(shape);
    }
    SimulatedNeedle { uv, fs_hz: FS_HZ, trains, potentials }
}

/// A needle recording of so many seconds (at least 2): left tibialis anterior, needle and
/// surface at 25 kHz, with annotations `rest` and `slight effort`.
pub fn demo_needle(seconds: f64) -> (Study, InMemory) {
    let seconds = if seconds.is_finite() { seconds.clamp(2.0, 3600.0) } else { 2.0 };
    let mut random = Random::new(41);
    let effort_s = REST * seconds;
    let units = [
        unit(&mut random, 0.35, [620.0, 42.0], 8.6, effort_s),
        unit(&mut random, 0.6, [340.0, 30.0], 9.4, effort_s + 0.08 * seconds),
        unit(&mut random, 0.28, [880.0, 55.0], 7.8, effort_s + 0.16 * seconds),
        unit(&mut random, 1.1, [150.0, 36.0], 8.9, effort_s + 0.22 * seconds),
        unit(&mut random, 0.5, [430.0, 60.0], 7.4, effort_s + 0.4 * seconds),
    ];
    let n = (seconds * FS_HZ) as usize;
    let mut channels = [vec![0.0; n], vec![0.0; n]];
    for (channel, noise) in channels.iter_mut().zip([4.0, 3.0]) {
        for value in channel.iter_mut() {
            *value = random.normal(0.0, noise);
        }
    }
    for unit in &units {
        let mut t = unit.recruited_s + random.unit() / unit.rate_hz;
        while t < seconds {
            let at = (t * FS_HZ) as usize;
            for (channel, shape) in channels.iter_mut().zip(&unit.shapes) {
                for (value, add) in channel.iter_mut().skip(at).zip(shape) {
                    *value += add;
                }
            }
            t += random.normal(1.0 / unit.rate_hz, INTERVAL_CV / unit.rate_hz).max(REFRACTORY_S);
        }
    }
    for (channel, scale) in channels.iter_mut().zip(SCALES) {
        for value in channel.iter_mut() {
            *value = (*value / scale.gain).round().clamp(-32_768.0, 32_767.0) * scale.gain;
        }
    }
    let channel = |name: &str, transducer: &str, scale| Channel {
        negative_up: true,
        name: name.to_owned(),
        unit: "uV".to_owned(),
        fs_hz: FS_HZ,
        n: n as u64,
        transducer: transducer.to_owned(),
        prefilter: String::new(),
        scale: Some(scale),
        skew_s: 0.0,
    };
    let note = |onset_s: f64, duration_s: f64, text: &str| Annotation {
        onset_s,
        duration_s: Some(duration_s),
        text: text.to_owned(),
        channel: None,
    };
    let recording = Recording {
        name: "Left tibialis anterior".to_owned(),
        format: "simulated".to_owned(),
        description: "Simulated needle EMG".to_owned(),
        channels: vec![
            channel("Needle L tib ant", "simulated concentric needle", SCALES[0]),
            channel("Surface L tib ant", "simulated surface electrode", SCALES[1]),
        ],
        timeline: Timeline::continuous(n as f64 / FS_HZ),
        annotations: vec![note(0.0, effort_s, "rest"), note(effort_s, seconds - effort_s, "slight effort")],
        ..Recording::default()
    };
    let study =
        Study { subject: Subject { code: "DEMO".to_owned(), ..Subject::default() }, recordings: vec![recording], ..Study::default() };
    (study, InMemory { channels: channels.into_iter().map(Arc::from).collect() })
}
