//! Pieces of signals to draw. Fine levels are made from samples on demand, coarse ones come from
//! the pyramid; a tile that the pyramid has not reached yet is sent as far as it goes.

use std::collections::{BTreeMap, HashMap};

use super::protocol::{Buffer, Event, Output, TileKey};
use super::session::Session;
use crate::dsp::pyramid::Pyramid;
use crate::scene::tiles::{TILE_BUCKETS, bucket_samples, tile_samples};

/// The first level that the pyramid holds: its buckets have [`crate::dsp::pyramid::BUCKET`] samples.
const FIRST_STORED: u8 = 6;

/// Samples over all channels that are read at once for tiles.
const MAX_TOGETHER: u64 = 8 << 20;

/// Samples as a tile of a fine level has them: themselves, or the extremes of each bucket.
fn drawn(level: u8, values: &[f64]) -> Vec<f32> {
    if level == 0 {
        return values.iter().map(|&value| value as f32).collect();
    }
    let pairs = values.chunks(bucket_samples(level) as usize).flat_map(|bucket| {
        let pair = bucket.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &value| {
            let value = value as f32;
            [if value < low { value } else { low }, if value > high { value } else { high }]
        });
        if pair[0] > pair[1] { [f32::NAN; 2] } else { pair }
    });
    pairs.collect()
}

impl Session {
    pub fn tiles(&mut self, keys: &[TileKey], out: &mut dyn FnMut(Output)) {
        let mut together = self.read_together(keys);
        let mut tiles = Vec::new();
        let mut buffers = Vec::new();
        for &key in keys {
            let tile = together.remove(&key).map_or_else(|| self.tile(key), |values| Ok((drawn(key.level, &values), true)));
            match tile {
                Ok((values, complete)) => {
                    tiles.push((key, complete));
                    buffers.push(Buffer::F32(values));
                }
                Err(what) => {
                    super::failed(out, what);
                    return;
                }
            }
        }
        out(Output { event: Event::Tiles { study: self.key, tiles }, buffers });
    }

    /// Samples of those tiles that show the same stretch of several channels of one recording: one
    /// pass over the file instead of one a channel. What cannot be read here is left to [`Self::tile`].
    fn read_together(&self, keys: &[TileKey]) -> HashMap<TileKey, Vec<f64>> {
        let mut groups: BTreeMap<(usize, u8, u32), Vec<(usize, TileKey)>> = BTreeMap::new();
        for &key in keys.iter().filter(|key| key.level < FIRST_STORED) {
            if let Some(signal) = self.signals.list.get(key.signal as usize).filter(|signal| signal.is_raw()) {
                groups.entry((signal.recording, key.level, key.index)).or_default().push((signal.channel, key));
            }
        }
        let mut found = HashMap::new();
        for ((recording, level, index), mut group) in groups {
            let channels = &self.acquired.recordings[recording].channels;
            let (start, most) = (tile_samples(level).saturating_mul(u64::from(index)), tile_samples(level));
            group.retain(|(channel, _)| channels[*channel].n > start);
            if group.len() < 2 || most.saturating_mul(group.len() as u64) > MAX_TOGETHER {
                continue;
            }
            let (mut starts, mut values) = (vec![0; channels.len()], vec![Vec::new(); channels.len()]);
            for &(channel, _) in &group {
                starts[channel] = start;
                values[channel] = vec![0.0; most.min(channels[channel].n - start) as usize];
            }
            if self.samples[recording].read_all(&starts, &mut values).is_ok() {
                found.extend(group.into_iter().map(|(channel, key)| (key, std::mem::take(&mut values[channel]))));
            }
        }
        found
    }

    fn tile(&mut self, key: TileKey) -> Result<(Vec<f32>, bool), String> {
        let signal = *self.signals.list.get(key.signal as usize).ok_or("This signal is no longer there.")?;
        let recording = &self.acquired.recordings[signal.recording];
        let channel = &recording.channels[signal.channel];
        let start = tile_samples(key.level).saturating_mul(u64::from(key.index));
        if start >= channel.n {
            return Ok((Vec::new(), true));
        }
        if key.level >= FIRST_STORED {
            self.pyramids.want(key.signal);
            let level = usize::from(key.level - FIRST_STORED);
            let Some(pyramid) = self.pyramids.of(key.signal) else { return Ok((Vec::new(), false)) };
            return Ok(from_pyramid(pyramid, level, key.index, channel.n));
        }
        let n = tile_samples(key.level).min(channel.n - start) as usize;
        let samples = self.samples[signal.recording].as_ref();
        let values = signal.read(samples, channel, &recording.timeline, start, n).map_err(|error| error.to_string())?;
        Ok((drawn(key.level, &values), true))
    }

    pub fn snap(&mut self, signal: u32, time_s: f64, within_s: f64, out: &mut dyn FnMut(Output)) {
        let Some(&signal) = self.signals.list.get(signal as usize) else { return };
        let recording = &self.acquired.recordings[signal.recording];
        let channel = &recording.channels[signal.channel];
        let sample = |time_s: f64| ((recording.timeline.stored_of_time(time_s) * channel.fs_hz).max(0.0) as u64).min(channel.n);
        let (from, to) = (sample(time_s - within_s), sample(time_s + within_s));
        // A window of more than this is not a neighbourhood; the page asks for some pixels.
        let n = (to.saturating_sub(from) as usize).min(4_000_000);
        if n == 0 {
            return;
        }
        let Ok(values) = signal.read(self.samples[signal.recording].as_ref(), channel, &recording.timeline, from, n) else { return };
        let middle = crate::dsp::robust::median(&values);
        let farthest = values.iter().enumerate().filter(|(_, value)| value.is_finite());
        let Some((at, value)) = farthest.max_by(|a, b| (a.1 - middle).abs().total_cmp(&(b.1 - middle).abs())) else { return };
        let stored_s = (from + at as u64) as f64 / channel.fs_hz;
        out(Event::Snapped { time_s: recording.timeline.time_of_stored(stored_s), value: *value }.into());
    }
}

/// Buckets of a stored level; complete when the pyramid has passed them.
fn from_pyramid(pyramid: &Pyramid, level: usize, index: u32, n: u64) -> (Vec<f32>, bool) {
    let first = u64::from(index) * TILE_BUCKETS;
    let bucket = Pyramid::bucket(level);
    let covered = first.saturating_add(TILE_BUCKETS).saturating_mul(bucket).min(n);
    let complete = pyramid.is_finished() || pyramid.samples() >= covered;
    let mut values = pyramid.columns(level, first as usize, TILE_BUCKETS as usize).to_vec();
    if values.is_empty() && pyramid.is_finished() && first == 0 {
        // Shorter than one bucket of this level: its extremes are the whole.
        values = pyramid.extremes().to_vec();
    }
    (values, complete)
}
