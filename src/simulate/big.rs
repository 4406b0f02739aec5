//! A recording of any length that takes no memory, for benchmarks of readers and writers.

use std::sync::Arc;

use super::random::Random;
use crate::model::{Channel, Recording, SampleError, Samples, Scale, Study, Timeline};

/// Samples computed as they are read: each channel repeats its own prime number of noise samples.
#[derive(Debug, Clone)]
pub struct Procedural {
    tables: Vec<Arc<[f64]>>,
    n: u64,
}

/// Microvolts a digital step.
const STEP_UV: f64 = 0.25;
/// Samples in the table of a channel: primes, so that no two channels repeat together.
const LENGTHS: [usize; 4] = [65_521, 65_537, 65_539, 65_543];

/// A study of one recording with `channels` channels, and its samples. Values lie on the grid of
/// a 16-bit container, so that writing and reading it back is exact.
pub fn big_recording(channels: usize, fs_hz: f64, seconds: f64) -> (Study, Procedural) {
    let n = (fs_hz * seconds).max(0.0) as u64;
    let table = |channel: usize| -> Arc<[f64]> {
        let mut random = Random::new(channel as u64 + 1);
        let length = LENGTHS[channel % LENGTHS.len()] + 2 * (channel / LENGTHS.len());
        let mut spike = 0.0_f64;
        (0..length)
            .map(|_| {
                // About 30 decaying spikes a second of 10 kHz over the noise.
                spike = if random.unit() < 0.003 { random.between(-800.0, 800.0) } else { 0.85 * spike };
                ((random.normal(0.0, 12.0) + spike) / STEP_UV).round() * STEP_UV
            })
            .collect()
    };
    let samples = Procedural { tables: (0..channels).map(table).collect(), n };
    let scale = Scale { gain: STEP_UV, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };
    let channel = |i: usize| Channel {
        negative_up: true,
        name: format!("EMG {}", i + 1),
        unit: "uV".to_owned(),
        fs_hz,
        n,
        transducer: String::new(),
        prefilter: String::new(),
        scale: Some(scale),
        skew_s: 0.0,
    };
    let recording = Recording {
        name: "big".to_owned(),
        format: "simulated".to_owned(),
        channels: (0..channels).map(channel).collect(),
        timeline: Timeline::continuous(n as f64 / fs_hz),
        ..Recording::default()
    };
    (Study { recordings: vec![recording], ..Study::default() }, samples)
}

impl Samples for Procedural {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        let table = self.tables.get(channel).filter(|_| end <= self.n).ok_or(SampleError::OutOfRange { channel, start, end })?;
        let mut at = (start % table.len() as u64) as usize;
        let mut out = out;
        while !out.is_empty() {
            let take = (table.len() - at).min(out.len());
            let (now, later) = out.split_at_mut(take);
            now.copy_from_slice(&table[at..at + take]);
            (out, at) = (later, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::big_recording;
    use crate::model::Samples;

    #[test]
    fn reads_agree_wherever_they_begin_and_stop_at_the_end() {
        let (study, samples) = big_recording(2, 10_000.0, 20.0);
        assert_eq!(study.recordings[0].channels[1].n, 200_000);
        let mut whole = vec![0.0; 200_000];
        samples.read(1, 0, &mut whole).unwrap();
        let mut part = vec![0.0; 3000];
        samples.read(1, 65_000, &mut part).unwrap();
        assert_eq!(part, whole[65_000..68_000]);
        assert!(samples.read(1, 199_999, &mut part).is_err());
        assert!(samples.read(2, 0, &mut part).is_err());
    }
}
