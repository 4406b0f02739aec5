//! All samples of a recording once, in bounded memory: what minima, pyramids and exports go through.
//!
//! **NaN** pass through. **Cost**: one pass over the file where the format interleaves its channels;
//! buffers hold about `target` samples over all channels, a little more where one block of the
//! format is larger, never more than 16 times as many.

use std::ops::ControlFlow;

use crate::model::{Recording, SampleError, Samples};

/// Samples over all channels that are read at once by default: 2 MB.
pub const TARGET: usize = 1 << 18;

/// Reads every stored sample of `recording` in order and hands over chunks: the first sample index
/// of each channel, and one buffer a channel (empty where a slow channel has none). Stops early
/// when `each` breaks; returns whether everything was read.
///
/// # Errors
/// When the bytes behind the samples cannot be read.
pub fn stream(
    recording: &Recording,
    samples: &dyn Samples,
    target: usize,
    mut each: impl FnMut(&[u64], &[Vec<f64>]) -> ControlFlow<()>,
) -> Result<bool, SampleError> {
    let channels = &recording.channels;
    let rate: f64 = channels.iter().map(|c| c.fs_hz).sum();
    let seconds = channels.iter().map(|c| c.n as f64 / c.fs_hz).fold(0.0, f64::max);
    let total: u64 = channels.iter().map(|c| c.n).fold(0, u64::saturating_add);
    let mut chunk_s = target.max(1) as f64 / rate;
    if let Some(block_s) = samples.block_s().filter(|b| *b > 0.0 && b.is_finite()) {
        let blocks = (chunk_s / block_s).floor().max(1.0);
        // A block of half an hour is not read at once.
        if blocks * block_s <= 16.0 * chunk_s {
            chunk_s = blocks * block_s;
        }
    }
    let chunks = (seconds / chunk_s).ceil();
    if !(chunks.is_finite() && chunks <= total as f64 + 16.0) {
        return one_by_one(channels.iter().map(|c| c.n), samples, target, each);
    }
    let mut starts = vec![0u64; channels.len()];
    let mut buffers: Vec<Vec<f64>> = vec![Vec::new(); channels.len()];
    let chunks = chunks as u64;
    for chunk in 1..=chunks {
        let until = chunk as f64 * chunk_s;
        for ((channel, start), buffer) in channels.iter().zip(&starts).zip(&mut buffers) {
            let end = if chunk == chunks { channel.n } else { ((until * channel.fs_hz).round() as u64).min(channel.n) };
            buffer.resize(end.saturating_sub(*start) as usize, 0.0);
        }
        samples.read_all(&starts, &mut buffers)?;
        if each(&starts, &buffers).is_break() {
            return Ok(false);
        }
        starts.iter_mut().zip(&buffers).for_each(|(start, buffer)| *start += buffer.len() as u64);
    }
    Ok(true)
}

/// Channel after channel, for rates so different that common chunks would be mostly empty.
fn one_by_one(
    lengths: impl Iterator<Item = u64>,
    samples: &dyn Samples,
    target: usize,
    mut each: impl FnMut(&[u64], &[Vec<f64>]) -> ControlFlow<()>,
) -> Result<bool, SampleError> {
    let lengths: Vec<u64> = lengths.collect();
    let mut starts = vec![0u64; lengths.len()];
    let mut buffers: Vec<Vec<f64>> = vec![Vec::new(); lengths.len()];
    for (channel, n) in lengths.iter().enumerate() {
        while starts[channel] < *n {
            let count = (n - starts[channel]).min(target.max(1) as u64) as usize;
            buffers[channel].resize(count, 0.0);
            samples.read(channel, starts[channel], &mut buffers[channel])?;
            if each(&starts, &buffers).is_break() {
                return Ok(false);
            }
            starts[channel] += count as u64;
        }
        buffers[channel].clear();
    }
    Ok(true)
}
