//! The demo study: the left arm and leg of a simulated person, motor conduction.
//!
//! The median nerve is healthy. The fibular nerve is slowed and partly blocked between the
//! fibular head and the popliteal fossa, as by pressure there, so that the demo has something to
//! find. Each test is one recording whose sweeps are its spans.

use std::sync::Arc;

use super::disturb::Disturbance;
use super::muscle::{Muscle, Pool, Stretch};
use super::random::Random;
use super::sweep::{Setup, SimulatedSweep, stimulate};
use crate::model::{
    Annotation, Channel, Examination, InMemory, NerveTest, Recording, Response, Scale, Side, Site, Span, Stimulus, Study, Subject, Sweep,
    TestKind, Timeline,
};

/// Seconds between two stimuli of the demo.
const EVERY_S: f64 = 12.0;
/// Converter of the demo: 16 bits over +-16 mV.
const SCALE: Scale = Scale { gain: 0.5, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };

struct DemoSite {
    name: &'static str,
    current_ma: f64,
    stretch: Stretch,
}

struct DemoTest {
    nerve: &'static str,
    muscle_name: &'static str,
    temperature_c: f64,
    muscle: Muscle,
    fs_hz: f64,
    sites: Vec<DemoSite>,
    seed: u64,
}

fn tests() -> [DemoTest; 2] {
    let site = |name, current_ma, stretch| DemoSite { name, current_ma, stretch };
    [
        DemoTest {
            nerve: "Median",
            muscle_name: "APB",
            temperature_c: 33.4,
            muscle: Muscle { units: 110, velocity_mps: (56.0, 2.6), residual_ms: 1.7, off_endplate_mm: 0.0, amplitude_uv: 9600.0 },
            fs_hz: 48_000.0,
            sites: vec![site("Wrist", 14.5, Stretch::healthy(80.0)), site("Elbow", 18.0, Stretch::healthy(225.0))],
            seed: 11,
        },
        DemoTest {
            nerve: "Fibular",
            muscle_name: "EDB",
            temperature_c: 31.8,
            muscle: Muscle { units: 80, velocity_mps: (47.0, 2.4), residual_ms: 2.2, off_endplate_mm: 1.0, amplitude_uv: 4300.0 },
            fs_hz: 24_000.0,
            sites: vec![
                site("Ankle", 22.0, Stretch::healthy(80.0)),
                site("Below fibular head", 31.0, Stretch::healthy(305.0)),
                site("Popliteal fossa", 36.5, Stretch { mm: 100.0, relative: (0.66, 0.05), blocked: 0.45 }),
            ],
            seed: 23,
        },
    ]
}

fn sweeps(test: &DemoTest) -> Vec<SimulatedSweep> {
    let mut random = Random::new(test.seed);
    let pool = Pool::new(&test.muscle, &mut random);
    let setup = Setup { fs_hz: test.fs_hz, ..Setup::default() };
    let mut path = Vec::new();
    let mut out = Vec::new();
    for site in &test.sites {
        path.push(site.stretch);
        let size = random.between(0.7, 1.3);
        let disturbance = Disturbance {
            noise_uv: 3.0,
            slow_noise_uv: 2.0,
            mains_uv: 4.0,
            mains_hz: 50.0,
            drift_uv: random.between(-25.0, 25.0),
            spike_uv: -2600.0 * size,
            tails: [(420.0 * size, 0.28), (45.0 * size, 2.2)],
            offset_uv: 0.0,
        };
        let mut sweep = stimulate(&pool, &path, &setup, &disturbance, &mut random);
        for value in &mut sweep.uv {
            *value = (*value / SCALE.gain).round().clamp(SCALE.digital_min as f64, SCALE.digital_max as f64) * SCALE.gain;
        }
        out.push(sweep);
    }
    out
}

/// The demo study and the samples of its recordings: left median motor to APB (wrist, elbow) and
/// left fibular motor to EDB (ankle, below the fibular head, popliteal fossa), one 50 ms sweep a
/// site, fully labelled.
pub fn demo_motor_study() -> (Study, Vec<InMemory>) {
    let mut study = Study { subject: Subject { code: "DEMO".to_owned(), ..Subject::default() }, ..Study::default() };
    let mut samples = Vec::new();
    let mut examination = Examination::default();
    for (recording, test) in tests().iter().enumerate() {
        let (mut stored, mut spans, mut annotations, mut sites) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, (site, sweep)) in test.sites.iter().zip(sweeps(test)).enumerate() {
            let onset_s = EVERY_S * i as f64;
            let start = stored.len() as u64;
            spans.push(Span { onset_s, stored_s: start as f64 / test.fs_hz, duration_s: sweep.uv.len() as f64 / test.fs_hz });
            annotations.push(Annotation {
                onset_s: onset_s + sweep.stimulus_s,
                duration_s: None,
                text: format!("{} {} mA 0.2 ms", site.name, site.current_ma),
                channel: Some(0),
            });
            let id = examination.sweeps.len();
            examination.sweeps.push(Sweep {
                turned: false,
                recording,
                channel: 0,
                start,
                n: sweep.uv.len() as u64,
                stimulus_s: Some(sweep.stimulus_s),
                stimulus: Stimulus { current_ma: Some(site.current_ma), pulse_ms: Some(0.2), ..Stimulus::default() },
                averaged: Some(1),
            });
            sites.push(Site { name: site.name.to_owned(), distance_mm: Some(site.stretch.mm), sweeps: vec![id] });
            stored.extend(sweep.uv);
        }
        examination.tests.push(NerveTest {
            kind: TestKind::Motor,
            side: Some(Side::Left),
            nerve: test.nerve.to_owned(),
            recorded_from: test.muscle_name.to_owned(),
            temperature_c: Some(test.temperature_c),
            sites,
            ..NerveTest::default()
        });
        study.recordings.push(Recording {
            name: format!("Left {} motor ({})", test.nerve.to_lowercase(), test.muscle_name),
            format: "simulated".to_owned(),
            description: "Simulated motor nerve conduction study".to_owned(),
            channels: vec![Channel {
                negative_up: true,
                name: test.muscle_name.to_owned(),
                unit: "uV".to_owned(),
                fs_hz: test.fs_hz,
                n: stored.len() as u64,
                transducer: "simulated surface electrodes".to_owned(),
                prefilter: "HP:2Hz".to_owned(),
                scale: Some(SCALE),
                skew_s: 0.0,
            }],
            timeline: Timeline { spans },
            annotations,
            ..Recording::default()
        });
        samples.push(InMemory { channels: vec![Arc::from(stored)] });
    }
    study.examination = examination;
    (study, samples)
}

/// What the demo's noise-free responses measure, by sweep.
pub fn demo_motor_truth() -> Vec<Option<Response>> {
    tests().iter().flat_map(sweeps).map(|sweep| sweep.truth).collect()
}
