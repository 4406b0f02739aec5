//! Pieces of signals to draw. Fine levels are made from samples on demand, coarse ones come from
//! the pyramid; a tile that the pyramid has not reached yet is sent as far as it goes.

use std::collections::{BTreeMap, HashMap};

use super::protocol::{Buffer, Event, Output, TileKey};
use super::session::Session;
use super::settling::Settling;
use crate::dsp::pyramid::{Pages, Pyramid};
use crate::model::SampleError;
use crate::scene::tiles::{TILE_BUCKETS, bucket_samples, tile_samples};

/// The first level that the pyramid holds: its buckets have [`crate::dsp::pyramid::BUCKET`] samples.
const FIRST_STORED: u8 = 6;

/// Samples over all channels that are read at once for tiles.
const MAX_TOGETHER: u64 = 8 << 20;

/// Tiles of recordings that grow of which the settled part is held.
const MAX_OPEN: usize = 256;

/// The longest bucket of a tile whose end is drawn before the pyramid has it, samples.
const MAX_BUCKET: u64 = 8192;

/// The end of a signal that was not looked at for so long is forgotten, seconds.
const UNSEEN_S: f64 = 10.0;

/// What is known of the ends of signals whose recordings grow, so that a frame costs what is new.
#[derive(Default)]
pub(super) struct Ends {
    /// Filtered signals by number, with the rate that they were filtered for, Hz.
    settling: HashMap<u32, (f64, Settling)>,
    /// The settled buckets of tiles that are not complete, likewise.
    drawn: HashMap<TileKey, (f64, Vec<f32>)>,
}

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
                    tiles.push((key, complete && self.settled(key)));
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
        for &key in keys.iter().filter(|key| key.level < FIRST_STORED && self.settled(**key)) {
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

    /// Whether a tile stays as it is while its recording grows.
    fn settled(&self, key: TileKey) -> bool {
        let end = tile_samples(key.level).saturating_mul(u64::from(key.index) + 1);
        !self.growing || end <= self.settled_to(key.signal)
    }

    /// Brings the end of a filtered signal up to its recording while that grows.
    pub fn follow(&mut self, number: u32) {
        let Some(signal) = self.signals.list.get(number as usize).filter(|_| self.growing) else { return };
        let recording = &self.acquired.recordings[signal.recording];
        let channel = &recording.channels[signal.channel];
        let known = self.ends.settling.remove(&number).filter(|(fs_hz, _)| *fs_hz == channel.fs_hz).map(|(_, known)| known);
        let begins = known.is_none();
        if let Some(end) = signal.follow(known, self.samples[signal.recording].as_ref(), channel, &recording.timeline) {
            self.ends.settling.insert(number, (channel.fs_hz, end));
            if begins {
                // Signals that nobody looks at any more are let go.
                let n = channel.n;
                self.ends.settling.retain(|_, (fs_hz, end)| end.end() as f64 + UNSEEN_S * *fs_hz >= n as f64);
            }
        }
    }

    /// One past the last sample of a signal that does not change as its recording grows.
    pub fn settled_to(&self, number: u32) -> u64 {
        let Some(signal) = self.signals.list.get(number as usize) else { return u64::MAX };
        let channel = &self.acquired.recordings[signal.recording].channels[signal.channel];
        match self.ends.settling.get(&number) {
            _ if !self.growing => channel.n,
            Some((_, end)) => end.settled_to(),
            None => channel.n.saturating_sub(signal.settles_n(channel.fs_hz)),
        }
    }

    /// Values `start..end` of a signal, which must lie within its channel.
    pub fn values(&self, number: u32, start: u64, end: u64) -> Result<Vec<f64>, SampleError> {
        let Some(signal) = self.signals.list.get(number as usize) else { return Ok(Vec::new()) };
        let recording = &self.acquired.recordings[signal.recording];
        let (channel, samples) = (&recording.channels[signal.channel], self.samples[signal.recording].as_ref());
        let known = self.ends.settling.get(&number).map(|(_, known)| known).filter(|known| end <= known.end() && end > known.from());
        let until = known.map_or(end, |known| known.from().max(start));
        let mut values = signal.read(samples, channel, &recording.timeline, start, (until - start) as usize)?;
        if let Some(known) = known {
            values.extend(known.values(until).iter().take((end - until) as usize).map(|value| value - signal.baseline));
        }
        Ok(values)
    }

    fn tile(&mut self, key: TileKey) -> Result<(Vec<f32>, bool), String> {
        let signal = *self.signals.list.get(key.signal as usize).ok_or("This signal is no longer there.")?;
        self.follow(key.signal);
        let channel = &self.acquired.recordings[signal.recording].channels[signal.channel];
        let (n, fs_hz) = (channel.n, channel.fs_hz);
        let start = tile_samples(key.level).saturating_mul(u64::from(key.index));
        let end = start.saturating_add(tile_samples(key.level)).min(n);
        if start >= n {
            return Ok((Vec::new(), true));
        }
        if key.level >= FIRST_STORED {
            self.pyramids.want(key.signal);
            let level = usize::from(key.level - FIRST_STORED);
            let Some(pyramid) = self.pyramids.of(key.signal) else { return Ok((Vec::new(), false)) };
            let (mut values, complete) = from_pyramid(pyramid, &self.pyramids.shelf, level, key.index, n);
            let bucket = bucket_samples(key.level);
            let from = start + values.len() as u64 / 2 * bucket;
            if self.growing
                && !signal.is_raw()
                && bucket <= MAX_BUCKET
                && from < end
                && end - from <= 2 * signal.settles_n(fs_hz) + 2 * MAX_BUCKET
            {
                // The end of a filtered signal, as it is now.
                let rest = self.values(key.signal, from, end).map_err(|error| error.to_string())?;
                values.extend(drawn(key.level, &rest));
            }
            return Ok((values, complete));
        }
        if !self.growing {
            let values = self.values(key.signal, start, end).map_err(|error| error.to_string())?;
            return Ok((drawn(key.level, &values), true));
        }
        // What was drawn of settled samples is taken up where it ended.
        let (bucket, width) = (bucket_samples(key.level), if key.level == 0 { 1 } else { 2 });
        let known = self.ends.drawn.remove(&key).filter(|(known_hz, _)| *known_hz == fs_hz);
        let mut pairs = known.map(|(_, pairs)| pairs).unwrap_or_default();
        let at = start + (pairs.len() / width) as u64 * bucket;
        let values = self.values(key.signal, at, end.max(at)).map_err(|error| error.to_string())?;
        pairs.extend(drawn(key.level, &values));
        if !self.settled(key) {
            let held = (self.settled_to(key.signal).max(at) - start) / bucket;
            if self.ends.drawn.len() >= MAX_OPEN {
                self.ends.drawn.clear();
            }
            self.ends.drawn.insert(key, (fs_hz, pairs[..pairs.len().min(held as usize * width)].to_vec()));
        }
        Ok((pairs, true))
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
fn from_pyramid(pyramid: &Pyramid, pages: &dyn Pages, level: usize, index: u32, n: u64) -> (Vec<f32>, bool) {
    let first = u64::from(index) * TILE_BUCKETS;
    let bucket = Pyramid::bucket(level);
    let covered = first.saturating_add(TILE_BUCKETS).saturating_mul(bucket).min(n);
    let complete = pyramid.is_finished() || pyramid.samples() >= covered;
    let mut values = pyramid.columns(level, first as usize, TILE_BUCKETS as usize, pages);
    if values.is_empty() && pyramid.is_finished() && first == 0 {
        // Shorter than one bucket of this level: its extremes are the whole.
        values = pyramid.extremes().to_vec();
    }
    (values, complete)
}
