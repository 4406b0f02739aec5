//! The sensory demo: the right hand of a simulated person with carpal tunnel syndrome.
//!
//! Antidromic median (digit 3) and ulnar (digit 5) sensory conduction and the six tests of the
//! Combined Sensory Index. The median nerve is slow across the wrist. Each test is one recording
//! whose sweeps are its spans; one sweep of the median test is spoiled by movement.

use std::sync::Arc;

use super::disturb::Disturbance;
use super::random::Random;
use super::sensory::{SensoryNerve, SensorySetup, SimulatedSensory, stimulate_sensory};
use crate::model::{
    Annotation, Channel, Examination, InMemory, NerveTest, Recording, Response, Scale, Side, Site, Span, Stimulus, Study, Subject, Sweep,
    TestKind, Timeline,
};

/// Seconds between two stimuli.
const EVERY_S: f64 = 1.0;
/// Sweeps a site.
const SWEEPS: usize = 12;
/// Converter: 16 bits over +-2 mV.
const SCALE: Scale = Scale { gain: 0.0625, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };

struct DemoTest {
    nerve: &'static str,
    recorded_from: &'static str,
    site: &'static str,
    study: &'static str,
    mm: f64,
    velocity: f64,
    amplitude_uv: f64,
    antidromic: bool,
    seed: u64,
}

fn tests() -> [DemoTest; 8] {
    let test = |nerve, recorded_from, site, study, mm, velocity, amplitude_uv, antidromic, seed| DemoTest {
        nerve,
        recorded_from,
        site,
        study,
        mm,
        velocity,
        amplitude_uv,
        antidromic,
        seed,
    };
    [
        test("Median", "Digit 3", "Wrist", "median_sensory_d3", 140.0, 41.0, 14.0, true, 41),
        test("Ulnar", "Digit 5", "Wrist", "ulnar_sensory_d5", 140.0, 55.0, 22.0, true, 42),
        test("Median", "Wrist", "Palm", "median_palmar_mixed", 80.0, 38.0, 28.0, false, 43),
        test("Ulnar", "Wrist", "Palm", "ulnar_palmar_mixed", 80.0, 54.0, 24.0, false, 44),
        test("Median", "Digit 4", "Wrist", "median_sensory_d4", 140.0, 41.0, 9.0, true, 45),
        test("Ulnar", "Digit 4", "Wrist", "ulnar_sensory_d4", 140.0, 55.0, 15.0, true, 46),
        test("Median", "Digit 1", "Wrist", "median_sensory_d1", 100.0, 40.0, 16.0, true, 47),
        test("Radial", "Digit 1", "Forearm", "radial_sensory_d1", 100.0, 56.0, 13.0, true, 48),
    ]
}

fn simulate(test: &DemoTest) -> SimulatedSensory {
    let mut random = Random::new(test.seed);
    let nerve = SensoryNerve {
        velocity_mps: (test.velocity, 0.06 * test.velocity),
        depth_mm: 6.5,
        spacing_mm: 35.0,
        antidromic: test.antidromic,
        amplitude_uv: test.amplitude_uv,
    };
    let disturbance = Disturbance {
        noise_uv: 2.0,
        slow_noise_uv: 0.8,
        mains_uv: 1.5,
        mains_hz: 50.0,
        drift_uv: 4.0,
        spike_uv: 150.0,
        tails: [(25.0, 0.3), (2.5, 2.5)],
        offset_uv: 0.0,
    };
    let mut simulated = stimulate_sensory(&nerve, test.mm, SWEEPS, &SensorySetup::default(), &disturbance, &mut random);
    if test.seed == 41
        && let Some(spoiled) = simulated.sweeps_uv.get_mut(4)
    {
        // The hand moved: a muscle answers.
        let n = spoiled.len() as f64;
        for (k, value) in spoiled.iter_mut().enumerate() {
            let u = k as f64 / n;
            *value += 90.0 * (-((u - 0.55) / 0.12).powi(2)).exp() * (u * 95.0).sin();
        }
    }
    for value in simulated.sweeps_uv.iter_mut().flatten() {
        *value = (*value / SCALE.gain).round().clamp(SCALE.digital_min as f64, SCALE.digital_max as f64) * SCALE.gain;
    }
    simulated
}

/// The sensory demo and the samples of its recordings: eight tests of the right hand, a dozen
/// sweeps each, fully labelled.
pub fn demo_sensory_study() -> (Study, Vec<InMemory>) {
    let mut study = Study { subject: Subject { code: "DEMO".to_owned(), ..Subject::default() }, ..Study::default() };
    let mut samples = Vec::new();
    let mut examination = Examination::default();
    let fs_hz = SensorySetup::default().fs_hz;
    for (recording, test) in tests().iter().enumerate() {
        let simulated = simulate(test);
        let (mut stored, mut spans, mut annotations, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, uv) in simulated.sweeps_uv.iter().enumerate() {
            let onset_s = EVERY_S * i as f64;
            let start = stored.len() as u64;
            spans.push(Span { onset_s, stored_s: start as f64 / fs_hz, duration_s: uv.len() as f64 / fs_hz });
            annotations.push(Annotation {
                onset_s: onset_s + simulated.stimulus_s,
                duration_s: None,
                text: format!("{} 22 mA 0.1 ms", test.site),
                channel: Some(0),
            });
            ids.push(examination.sweeps.len());
            examination.sweeps.push(Sweep {
                turned: false,
                recording,
                channel: 0,
                start,
                n: uv.len() as u64,
                stimulus_s: Some(simulated.stimulus_s),
                stimulus: Stimulus { current_ma: Some(22.0), pulse_ms: Some(0.1), ..Stimulus::default() },
                averaged: Some(1),
            });
            stored.extend_from_slice(uv);
        }
        examination.tests.push(NerveTest {
            kind: TestKind::Sensory,
            side: Some(Side::Right),
            nerve: test.nerve.to_owned(),
            recorded_from: test.recorded_from.to_owned(),
            temperature_c: Some(33.1),
            study: Some(test.study.to_owned()),
            sites: vec![Site { name: test.site.to_owned(), distance_mm: Some(test.mm), sweeps: ids }],
            ..NerveTest::default()
        });
        study.recordings.push(Recording {
            name: format!("Right {} sensory ({})", test.nerve.to_lowercase(), test.recorded_from),
            format: "simulated".to_owned(),
            description: "Simulated sensory nerve conduction study".to_owned(),
            channels: vec![Channel {
                negative_up: true,
                name: test.recorded_from.to_owned(),
                unit: "uV".to_owned(),
                fs_hz,
                n: stored.len() as u64,
                transducer: "simulated surface electrodes".to_owned(),
                prefilter: "HP:20Hz LP:2000Hz".to_owned(),
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

/// What the demo's noise-free responses measure, test by test.
pub fn demo_sensory_truth() -> Vec<Option<Response>> {
    tests().iter().map(|test| simulate(test).truth).collect()
}
