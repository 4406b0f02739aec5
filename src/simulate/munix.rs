//! A simulated MUNIX study: a supramaximal CMAP and surface interference patterns of the same motor
//! units at rising force.
//!
//! Small units are recruited first; rates rise with force from 7 to at most 30 a second (after
//! Fuglevand, Winter, Patla: J Neurophysiol 1993;70:2470), intervals are normal.

use std::sync::Arc;

use super::disturb::Disturbance;
use super::muscle::{Muscle, Pool, Stretch};
use super::random::Random;
use super::sweep::{Setup, stimulate};
use crate::model::{Channel, Examination, InMemory, NerveTest, Recording, Side, Site, Stimulus, Study, Subject, Sweep, TestKind, Timeline};

const FS_HZ: f64 = 10_000.0;
/// Length of an epoch, s, and what is left out in front of it, s.
const EPOCH_S: (f64, f64) = (0.5, 0.1);
/// Coefficient of variation of intervals, and the shortest one, s.
const INTERVALS: (f64, f64) = (0.18, 0.012);
/// Range of recruitment: the last unit joins at this force.
const LAST_RECRUITED: f64 = 0.8;

/// Force of each epoch, parts of the maximum.
fn forces() -> impl Iterator<Item = f64> {
    (0..10).map(|k| 0.03 + 0.03 * f64::from(k)).chain((0..8).map(|k| 0.35 + 0.65 * f64::from(k) / 7.0))
}

/// The demo: a CMAP of the left APB and 18 interference patterns. The samples of its two recordings.
pub fn demo_munix_study() -> (Study, Vec<InMemory>) {
    let mut random = Random::new(47);
    let muscle = Muscle { units: 120, amplitude_uv: 10_500.0, ..Muscle::default() };
    let pool = Pool::new(&muscle, &mut random);
    let path = [Stretch::healthy(65.0)];
    let setup = Setup { fs_hz: FS_HZ, before_ms: 5.0, after_ms: 45.0, high_pass_hz: 3.0 };
    let disturbance = Disturbance { noise_uv: 4.0, ..Disturbance::default() };
    let cmap = stimulate(&pool, &path, &setup, &disturbance, &mut random);
    let patterns = patterns(&pool, &path, &mut random);
    let channel = |name: String, n: usize| Channel {
        name,
        unit: "uV".into(),
        fs_hz: FS_HZ,
        n: n as u64,
        transducer: "simulated".into(),
        prefilter: "HP:3Hz".into(),
        scale: None,
        negative_up: true,
        skew_s: 0.0,
    };
    let recording = |name: &str, channels: Vec<Channel>, n: usize| Recording {
        name: name.into(),
        format: "simulated".into(),
        channels,
        timeline: Timeline::continuous(n as f64 / FS_HZ),
        ..Recording::default()
    };
    let n = patterns.first().map_or(0, Vec::len);
    let names = (1..=patterns.len()).map(|k| channel(format!("Effort {k}"), n)).collect();
    let recordings =
        vec![recording("CMAP", vec![channel("APB".into(), cmap.uv.len())], cmap.uv.len()), recording("Interference patterns", names, n)];
    let mut sweeps = vec![Sweep {
        n: cmap.uv.len() as u64,
        stimulus_s: Some(cmap.stimulus_s),
        stimulus: Stimulus { current_ma: Some(22.0), pulse_ms: Some(0.2), ..Stimulus::default() },
        ..Sweep::default()
    }];
    sweeps.extend((0..patterns.len()).map(|channel| Sweep { recording: 1, channel, n: n as u64, ..Sweep::default() }));
    let site = |name: &str, sweeps| Site { name: name.into(), sweeps, ..Site::default() };
    let test = NerveTest {
        kind: TestKind::Munix,
        side: Some(Side::Left),
        nerve: "Median".into(),
        recorded_from: "APB".into(),
        temperature_c: Some(33.5),
        sites: vec![site("Wrist", vec![0]), site("Interference pattern", (1..sweeps.len()).collect())],
        ..NerveTest::default()
    };
    let study = Study {
        subject: Subject { code: "simulated".into(), ..Subject::default() },
        recordings,
        examination: Examination { tests: vec![test], sweeps },
    };
    let in_memory = |channels: Vec<Vec<f64>>| InMemory { channels: channels.into_iter().map(Arc::from).collect() };
    (study, vec![in_memory(vec![cmap.uv]), in_memory(patterns)])
}

/// One epoch a force.
fn patterns(pool: &Pool, path: &[Stretch], random: &mut Random) -> Vec<Vec<f64>> {
    let latencies = pool.latencies(path, random);
    let alone = |unit: usize| {
        let only: Vec<Option<f64>> = latencies.iter().enumerate().map(|(k, latency)| latency.filter(|_| k == unit)).collect();
        pool.wave(&only, 40.0, FS_HZ * 1e-3)
    };
    let mut shapes: Vec<Vec<f64>> = (0..latencies.len()).map(alone).collect();
    let height = |shape: &[f64]| shape.iter().copied().fold(0.0, f64::max);
    shapes.sort_by(|a, b| height(a).total_cmp(&height(b)));
    let last = shapes.len().saturating_sub(1).max(1) as f64;
    let skipped = (EPOCH_S.1 * FS_HZ) as usize;
    let n = (EPOCH_S.0 * FS_HZ) as usize;
    let epoch = |force: f64| {
        let mut out: Vec<f64> = (0..skipped + n).map(|_| random.normal(0.0, 4.0)).collect();
        for (rank, shape) in shapes.iter().enumerate() {
            let joins = ((30.0_f64.ln() * rank as f64 / last).exp() - 1.0) / 29.0 * LAST_RECRUITED;
            if force <= joins {
                continue;
            }
            let rate_hz = (7.0 + 35.0 * (force - joins)).min(30.0);
            let mut t = random.between(0.0, 1.0 / rate_hz);
            while t < EPOCH_S.0 + EPOCH_S.1 {
                let from = (t * FS_HZ) as usize;
                for (value, own) in out.iter_mut().skip(from).zip(shape) {
                    *value += own;
                }
                t += random.normal(1.0 / rate_hz, INTERVALS.0 / rate_hz).max(INTERVALS.1);
            }
        }
        out.split_off(skipped)
    };
    forces().map(epoch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Samples;

    #[test]
    fn patterns_grow_with_force() {
        let (study, samples) = demo_munix_study();
        let n = study.recordings[1].channels[0].n as usize;
        let rms = |channel: usize| {
            let mut uv = vec![0.0; n];
            samples[1].read(channel, 0, &mut uv).unwrap();
            (uv.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt()
        };
        assert!(rms(17) > 2.0 * rms(8) && rms(8) > rms(0), "{} {} {}", rms(0), rms(8), rms(17));
        assert_eq!(study.examination.tests[0].sites[1].sweeps.len(), 18);
    }
}
