//! Sweeps cut out of a continuous signal at the discharges of a train or where it passes a level, as
//! the trigger and delay line of an EMG machine does, and spectrograms.

use super::protocol::{Buffer, Event, Output, SpectrogramKey, SpectrogramView, Trigger, TriggeredKey, TriggeredView};
use super::session::Session;
use super::signal::Signal;
use crate::dsp::fft::RealFft;
use crate::dsp::spectrogram::{column_db, window_n};
use crate::model::{Channel, Samples, Timeline};

/// Longest stretch that is searched for a level, samples: five minutes at 48 kHz.
const LONGEST: u64 = 14_400_000;
/// Samples read at once.
const PIECE: u64 = 1 << 20;
/// Most sweeps in one answer, and most values in them.
const MOST: usize = 400;
const MOST_VALUES: usize = 4_000_000;
/// Most columns of a spectrogram.
const COLUMNS: usize = 2000;
/// Windows whose mean is a column when columns are far apart.
const WINDOWS: usize = 4;

/// A signal with what it is read from.
struct Source<'a> {
    signal: Signal,
    channel: &'a Channel,
    timeline: &'a Timeline,
    samples: &'a dyn Samples,
}

impl Source<'_> {
    /// Stored samples from `start` on, fewer at the end.
    fn read(&self, start: u64, n: u64) -> Result<Vec<f64>, String> {
        let n = n.min(self.channel.n.saturating_sub(start)) as usize;
        self.signal.read(self.samples, self.channel, self.timeline, start, n).map_err(|error| error.to_string())
    }

    /// Stored samples of a stretch, first and one past the last.
    fn stretch(&self, from_s: f64, to_s: f64) -> (u64, u64) {
        let at = |time_s: f64| (self.timeline.stored_of_time(time_s) * self.channel.fs_hz).round().max(0.0) as u64;
        (at(from_s).min(self.channel.n), at(to_s).min(self.channel.n))
    }

    fn time_s(&self, stored: f64) -> f64 {
        self.timeline.time_of_stored(stored / self.channel.fs_hz)
    }
}

impl Session {
    fn source(&self, signal: u32) -> Result<Source<'_>, String> {
        let signal = *self.signals.list.get(signal as usize).ok_or("This signal is no longer there.")?;
        let recording = self.acquired.recordings.get(signal.recording).ok_or("This recording is no longer there.")?;
        let channel = recording.channels.get(signal.channel).ok_or("This channel is no longer there.")?;
        let samples = self.samples.get(signal.recording).ok_or("This recording is no longer there.")?.as_ref();
        if !(channel.fs_hz > 0.0 && channel.fs_hz.is_finite()) {
            return Err(format!("{} has no sampling rate.", channel.name));
        }
        Ok(Source { signal, channel, timeline: &recording.timeline, samples })
    }

    /// Answers with sweeps around triggers.
    pub fn triggered(&self, key: TriggeredKey, out: &mut dyn FnMut(Output)) {
        match self.cut(key) {
            Ok((view, values)) => {
                out(Output { event: Event::Triggered { study: self.key, view }, buffers: vec![Buffer::F32(values)] });
            }
            Err(what) => super::failed(out, what),
        }
    }

    fn cut(&self, key: TriggeredKey) -> Result<(TriggeredView, Vec<f32>), String> {
        let source = self.source(key.signal)?;
        let fs_hz = source.channel.fs_hz;
        let (before_s, after_s) = (key.before_s.clamp(0.0, 1.0), key.after_s.clamp(0.0, 1.0));
        let n = ((before_s + after_s) * fs_hz).round() as usize + 1;
        let sign = if key.turned { -1.0 } else { 1.0 };
        let stretch = self.stretch(&source, &key);
        let dead = ((after_s * fs_hz) as u64).max(1);
        let mut triggers: Vec<f64> = match key.trigger {
            Trigger::Moments(ref moments_s) => {
                let inside = moments_s.iter().filter(|time_s| **time_s >= key.from_s && **time_s <= key.to_s);
                inside.map(|time_s| source.timeline.stored_of_time(*time_s) * fs_hz).collect()
            }
            Trigger::Level(level) => passes(&source, stretch, [sign * level, level.signum() * sign * f64::INFINITY], dead)?,
            Trigger::Window(low, high) if low * high <= 0.0 || high.abs() <= low.abs() => {
                return Err("The second level lies farther from zero than the first, on the same side.".into());
            }
            Trigger::Window(low, high) => passes(&source, stretch, [sign * low, sign * high], dead)?,
            Trigger::Free => {
                // Counted from the recording's beginning: they stay where they are when it grows.
                let (first, last) = (stretch.0.div_ceil(n as u64), stretch.1 / n as u64);
                (first..last).map(|at| (at * n as u64) as f64).collect()
            }
        };
        let searched_to_s = match key.trigger {
            Trigger::Level(_) | Trigger::Window(..) if stretch.2 => source.time_s(stretch.1 as f64),
            _ => key.to_s,
        };
        if key.newest {
            let recorded = source.channel.n as f64;
            triggers.retain(|at| at + after_s * fs_hz < recorded);
            let past = triggers.len().saturating_sub(key.skip);
            triggers.truncate(past);
        }
        let found = triggers.len() + if key.newest { key.skip } else { 0 };
        let most = key.most.min(MOST).min(MOST_VALUES / n.max(1));
        let mut values = Vec::new();
        let mut sweeps = Vec::new();
        let skip = if key.newest { triggers.len().saturating_sub(most) } else { key.skip };
        for &at in triggers.iter().skip(skip).take(most) {
            let first = (at - before_s * fs_hz).round();
            let lead = (-first).max(0.0).min(n as f64) as usize;
            let read = source.read(first.max(0.0) as u64, (n - lead) as u64)?;
            let end = values.len() + n;
            values.resize(values.len() + lead, f32::NAN);
            values.extend(read.iter().map(|value| (sign * value) as f32));
            values.resize(end, f32::NAN);
            sweeps.push((source.time_s(at), (at - first) / fs_hz));
        }
        Ok((TriggeredView { fs_hz, n, sweeps, found, searched_to_s, key }, values))
    }

    /// Stored samples that are searched, first and one past the last, and whether they are fewer than
    /// asked for.
    fn stretch(&self, source: &Source<'_>, key: &TriggeredKey) -> (u64, u64, bool) {
        let (from, wanted) = source.stretch(key.from_s, key.to_s);
        if !key.newest {
            let to = wanted.min(from.saturating_add(LONGEST));
            return (from, to, to < wanted);
        }
        // What a filter may still change is not searched yet.
        let settles = if self.growing { source.signal.settles_n(source.channel.fs_hz) } else { 0 };
        let to = wanted.min(source.channel.n.saturating_sub(settles)).max(from);
        (from.max(to.saturating_sub(LONGEST)), to, false)
    }

    /// Answers with a spectrogram.
    pub fn spectrogram(&self, key: SpectrogramKey, out: &mut dyn FnMut(Output)) {
        match self.over_time(key) {
            Ok((view, values)) => {
                out(Output { event: Event::Spectrogram { study: self.key, view }, buffers: vec![Buffer::F32(values)] });
            }
            Err(what) => super::failed(out, what),
        }
    }

    fn over_time(&self, mut key: SpectrogramKey) -> Result<(SpectrogramView, Vec<f32>), String> {
        let source = self.source(key.signal)?;
        let fs_hz = source.channel.fs_hz;
        key.columns = key.columns.clamp(1, COLUMNS);
        let span_s = key.to_s - key.from_s;
        if !(span_s > 0.0 && span_s.is_finite() && key.from_s.is_finite()) {
            return Err("There is nothing between these two moments.".into());
        }
        let column_s = span_s / key.columns as f64;
        let n = window_n(fs_hz, column_s);
        let windows = ((column_s * fs_hz / n as f64) as usize).clamp(1, WINDOWS);
        let rows = n / 2 + 1;
        let mut fft = RealFft::new();
        let mut values = Vec::with_capacity(key.columns * rows);
        for column in 0..key.columns {
            let mut sum = vec![0.0_f32; rows];
            let mut taken = 0.0_f32;
            for window in 0..windows {
                let time_s = key.from_s + (column as f64 + (window as f64 + 0.5) / windows as f64) * column_s;
                let spans = &source.timeline.spans;
                if !spans.iter().any(|span| time_s >= span.onset_s && time_s <= span.onset_s + span.duration_s) {
                    continue;
                }
                let middle = source.timeline.stored_of_time(time_s) * fs_hz;
                let start = (middle - n as f64 / 2.0).round().max(0.0) as u64;
                let read = source.read(start.min(source.channel.n.saturating_sub(n as u64)), n as u64)?;
                if read.len() == n {
                    let density = column_db(&mut fft, &read, fs_hz);
                    sum.iter_mut().zip(density).for_each(|(sum, db)| *sum += db);
                    taken += 1.0;
                }
            }
            values.extend(sum.iter().map(|sum| if taken > 0.0 { sum / taken } else { f32::NAN }));
        }
        Ok((SpectrogramView { key, rows, row_hz: fs_hz / n as f64, window_s: n as f64 / fs_hz }, values))
    }
}

/// Stored moments, in samples, at which a signal passes the first of two levels away from zero and comes
/// back without reaching the second. After each there is none for `dead` samples.
fn passes(source: &Source<'_>, (from, to, _): (u64, u64, bool), [level, limit]: [f64; 2], dead: u64) -> Result<Vec<f64>, String> {
    if !(level.is_finite() && level != 0.0) {
        return Err("A trigger level is a value other than zero.".into());
    }
    let away = level.signum();
    let (mut found, mut free, mut before) = (Vec::new(), from, f64::NAN);
    // A moment that counts unless the limit is reached.
    let mut may: Option<f64> = None;
    let mut start = from;
    while start < to {
        let values = source.read(start, PIECE.min(to - start))?;
        if values.is_empty() {
            break;
        }
        for (k, &value) in values.iter().enumerate() {
            let at = start + k as u64;
            if at >= free && before * away < level * away && value * away >= level * away {
                let around = k.checked_sub(2).and_then(|first| values.get(first..k + 2)?.first_chunk());
                let part = around.and_then(|around| crossing(around, level)).unwrap_or((level - before) / (value - before));
                may = Some(at as f64 - 1.0 + part);
            }
            if let Some(moment) = may {
                if value * away >= limit * away {
                    may = None;
                } else if limit.is_infinite() || value * away < level * away || at as f64 >= moment + dead as f64 {
                    found.push(moment);
                    free = moment as u64 + 1 + dead;
                    may = None;
                }
            }
            before = value;
        }
        start += values.len() as u64;
    }
    Ok(found)
}

/// Where a curve through four samples passes a level between the second and the third, as a part of a
/// sample: the cubic of Catmull and Rom. A straight line would let steep potentials shake.
fn crossing(&[a, b, c, d]: &[f64; 4], level: f64) -> Option<f64> {
    let curve = |t: f64| b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)));
    let rising = c > b;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        if (curve(middle) < level) == rising { low = middle } else { high = middle }
    }
    [a, d].iter().all(|value| value.is_finite()).then_some(low)
}
