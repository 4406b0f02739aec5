//! Lanes of the continuous view: settings, the signal behind each, and a gain that suits it.

use super::protocol::LaneView;
use super::session::Session;
use crate::dsp::robust::percentile;
use crate::model::{FilterChain, LaneSettings};
use crate::units::Unit;

/// Samples looked at for a gain.
const LOOK_AT: u64 = 65_536;
/// Pieces that they are taken from.
const PIECES: u64 = 16;

impl Session {
    /// Settings of a recording's lanes: a person's, or one lane a channel.
    pub fn lane_settings(&self, recording: usize) -> Vec<LaneSettings> {
        let mine: Vec<LaneSettings> = self.edits.lanes.iter().filter(|lane| lane.recording == recording).cloned().collect();
        if !mine.is_empty() {
            return mine;
        }
        let channels = self.acquired.recordings.get(recording).map_or(0, |recording| recording.channels.len());
        (0..channels).map(|channel| LaneSettings { recording, channel, ..LaneSettings::default() }).collect()
    }

    pub fn lane_views(&mut self, recording: usize) -> Vec<LaneView> {
        let settings = self.lane_settings(recording);
        self.suit_raw(recording, &settings);
        settings.into_iter().filter_map(|lane| self.lane_view(lane)).collect()
    }

    fn lane_view(&mut self, settings: LaneSettings) -> Option<LaneView> {
        let recording = self.acquired.recordings.get(settings.recording)?;
        let channel = recording.channels.get(settings.channel)?.clone();
        let minus = settings.minus.and_then(|minus| recording.channels.get(minus)).map(|minus| minus.name.clone());
        let samples = self.samples.get(settings.recording)?.clone();
        let raw_level = || {
            level(samples.as_ref(), settings.channel, channel.n)
                - settings.minus.map_or(0.0, |minus| level(samples.as_ref(), minus, channel.n))
        };
        let number = self.signals.number(settings.recording, settings.channel, settings.minus, settings.filter, raw_level);
        let made = match &minus {
            Some(minus) => format!("{} \u{2212} {minus}", channel.name),
            None => channel.name.clone(),
        };
        let view = LaneView {
            name: settings.name.clone().filter(|name| !name.is_empty()).unwrap_or(made),
            unit: channel.unit.clone(),
            fs_hz: channel.fs_hz,
            n: channel.n,
            signal: number,
            filter: super::band::words(&settings.filter, &channel.prefilter),
            amplifier: channel.prefilter.trim().to_owned(),
            suggested_gain: self.suited(number).0,
            middle: self.suited(number).1,
            negative_up: channel.negative_up,
            potential: Unit::parse(&channel.unit) != Unit::Other,
            settings,
        };
        Some(view)
    }

    /// Units a division such that the signal fills about four divisions, and
    /// the value that the lane is centred on: zero, unless the signal lies far from it.
    fn suited(&mut self, number: u32) -> (f64, f64) {
        if let Some(&suited) = self.suited.get(&number) {
            return suited;
        }
        let signal = self.signals.list[number as usize];
        let recording = &self.acquired.recordings[signal.recording];
        let channel = &recording.channels[signal.channel];
        let mut values = Vec::new();
        for (start, n) in pieces(channel.n) {
            values.extend(signal.read(self.samples[signal.recording].as_ref(), channel, &recording.timeline, start, n).unwrap_or_default());
        }
        self.suit(number, &values)
    }

    /// Gains of all lanes that show a channel as it is, from one look at the file: reading each
    /// channel for itself costs a person seconds with a large file in a browser.
    fn suit_raw(&mut self, recording: usize, settings: &[LaneSettings]) {
        let (Some(source), Some(samples)) = (self.acquired.recordings.get(recording), self.samples.get(recording).cloned()) else { return };
        let lengths: Vec<u64> = source.channels.iter().map(|channel| channel.n).collect();
        let raw = settings.iter().filter(|lane| lane.minus.is_none() && lane.filter == FilterChain::default());
        let raw: Vec<usize> = raw.map(|lane| lane.channel).filter(|channel| *channel < lengths.len()).collect();
        let mut numbers = Vec::new();
        for channel in raw {
            let number = self.signals.number(recording, channel, None, FilterChain::default(), || 0.0);
            if !self.suited.contains_key(&number) {
                numbers.push((channel, number));
            }
        }
        if numbers.len() < 2 {
            return;
        }
        let mut values = vec![Vec::new(); lengths.len()];
        for k in 0..PIECES as usize {
            let (mut starts, mut buffers) = (vec![0; lengths.len()], vec![Vec::new(); lengths.len()]);
            for &(channel, _) in &numbers {
                let (start, n) = pieces(lengths[channel]).nth(k).unwrap_or_default();
                starts[channel] = start;
                buffers[channel] = vec![0.0; n];
            }
            if samples.read_all(&starts, &mut buffers).is_ok() {
                values.iter_mut().zip(&buffers).for_each(|(values, buffer): (&mut Vec<f64>, _)| values.extend(buffer));
            }
        }
        for (channel, number) in numbers {
            self.suit(number, &values[channel]);
        }
    }

    fn suit(&mut self, number: u32, values: &[f64]) -> (f64, f64) {
        let middle = crate::dsp::robust::median(values);
        let reach = (percentile(values, 99.9) - middle).abs().max((middle - percentile(values, 0.1)).abs());
        let gain = crate::scene::divisions::nice_up(if reach.is_finite() && reach > 0.0 { reach / 2.0 } else { 1.0 });
        let middle = if middle.is_finite() && middle.abs() > 3.0 * gain { middle } else { 0.0 };
        self.suited.insert(number, (gain, middle));
        (gain, middle)
    }
}

/// Pieces spread over a whole channel, as start and length: the beginning alone is often rest.
fn pieces(n: u64) -> impl Iterator<Item = (u64, usize)> {
    let piece = LOOK_AT / PIECES;
    (0..PIECES).map(move |k| {
        let start = n.saturating_sub(piece) / PIECES.max(2) * k;
        (start, piece.min(n - start) as usize)
    })
}

/// Median of a channel, from chunks spread over the whole.
fn level(samples: &dyn crate::model::Samples, channel: usize, n: u64) -> f64 {
    const CHUNK: u64 = 64;
    let chunks = (n / CHUNK).clamp(1, 256);
    let mut values = Vec::new();
    for chunk in 0..chunks {
        let start = if chunks == 1 { 0 } else { (n - CHUNK.min(n)) / (chunks - 1).max(1) * chunk };
        let mut buffer = vec![0.0; CHUNK.min(n - start) as usize];
        if samples.read(channel, start, &mut buffer).is_ok() {
            values.extend(buffer);
        }
    }
    let level = crate::dsp::robust::median(&values);
    if level.is_finite() { level } else { 0.0 }
}
