//! What is heard of a recording that runs: the samples of one lane as they come, filtered forwards.
//!
//! The picture's filters run both ways, which needs what follows; the ear cannot wait for that, so the
//! same Butterworth filters run forwards alone, and mains that the picture subtracts are notched out.

use super::Take;
use super::take::is_shot;
use crate::dsp::iir::Stream;
use crate::engine::signal::forwards;
use crate::model::{LaneSettings, Samples};

/// What has not been heard for so long is left out: the sound stays with the signal, s.
const BEHIND_S: f64 = 0.5;
/// What is left of it, s.
const KEPT_S: f64 = 0.05;

/// An event of a device comes behind its samples, but never so late, s.
const LATE_S: f64 = 2.0;
/// Two moments that are so near are one, s: where a rate is measured anew, moments move a little.
const SAME_S: f64 = 1e-3;

/// New samples for the loudspeaker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// Rate, Hz.
    pub fs_hz: f64,
    /// Number of the first, counted in stored samples of the channel.
    pub first: u64,
    /// Values in the channel's unit.
    pub values: Vec<f32>,
    /// Samples before which something is missing.
    pub seams: Vec<u64>,
    /// Samples at which stimuli were given, as far as they have become known since.
    pub stimuli: Vec<u64>,
}

/// One who listens.
pub(super) struct Ear {
    lane: LaneSettings,
    filter: Option<Stream>,
    /// Where it is in the signal; `None` before the first sample.
    next: Option<u64>,
    spans: usize,
    /// Samples of the stimuli of late that were told.
    told: Vec<u64>,
    /// Nothing was heard of it yet.
    fresh: bool,
}

impl Ear {
    /// For a lane, from the next sample on.
    pub fn new(lane: LaneSettings) -> Self {
        Self { lane, filter: None, next: None, spans: 0, told: Vec::new(), fresh: true }
    }

    /// What has come since the last call; `None` when nothing has.
    pub fn hear(&mut self, take: &Take) -> Option<Heard> {
        let lane = &self.lane;
        let recording = take.recordings.get(lane.recording)?;
        let channel = recording.channels.get(lane.channel)?;
        let (fs_hz, n) = (channel.fs_hz, channel.n);
        let sample = |stored_s: f64| (stored_s * fs_hz).round().max(0.0) as u64;
        let mut heard = Heard { fs_hz, ..Heard::default() };
        // In order of onset, so that only the end has to be looked at.
        let oldest = n.saturating_sub((LATE_S * fs_hz) as u64);
        let moments = recording.annotations.iter().rev().map(|of| (sample(recording.timeline.stored_of_time(of.onset_s)), &of.text));
        let mut stimuli: Vec<u64> =
            moments.take_while(|(at, _)| *at >= oldest).filter(|(_, text)| is_shot(text)).map(|(at, _)| at).collect();
        stimuli.reverse();
        let from = match self.next {
            Some(next) => next,
            None => {
                self.filter = Some(forwards(&lane.filter, fs_hz));
                self.spans = recording.timeline.spans.len();
                self.told.clone_from(&stimuli);
                n
            }
        };
        let late = n.saturating_sub(from) as f64 > BEHIND_S * fs_hz;
        heard.first = if late { n - (KEPT_S * fs_hz) as u64 } else { from };
        self.next = Some(n);
        if late || self.fresh && n > from {
            self.fresh = false;
            heard.seams.push(heard.first);
        }
        let spans = recording.timeline.spans.iter().skip(self.spans).map(|span| sample(span.stored_s));
        heard.seams.extend(spans.filter(|at| *at >= heard.first));
        heard.seams.dedup();
        self.spans = recording.timeline.spans.len();
        heard.stimuli = untold(&stimuli, &self.told, (SAME_S * fs_hz) as u64);
        self.told = stimuli;
        let mut values = vec![0.0; n.saturating_sub(heard.first) as usize];
        let samples = take.samples.get(lane.recording)?;
        samples.read(lane.channel, heard.first, &mut values).ok()?;
        if let Some(minus) = lane.minus {
            let mut other = vec![0.0; values.len()];
            samples.read(minus, heard.first, &mut other).ok()?;
            values.iter_mut().zip(&other).for_each(|(value, other)| *value -= other);
        }
        // Behind a gap a filter begins anew.
        let cuts: Vec<usize> = heard.seams.iter().map(|at| (at - heard.first) as usize).chain([values.len()]).collect();
        let mut at = 0;
        for cut in cuts {
            let piece = values.get_mut(at..cut).unwrap_or_default();
            self.filter.iter_mut().for_each(|filter| filter.process(piece));
            if cut < values.len() {
                self.filter.iter_mut().for_each(Stream::reset);
            }
            at = cut;
        }
        heard.values = values.into_iter().map(|value| value as f32).collect();
        (!heard.values.is_empty() || !heard.stimuli.is_empty()).then_some(heard)
    }
}

/// Of the stimuli of late those that were not told, in whichever order they became known.
fn untold(stimuli: &[u64], told: &[u64], same: u64) -> Vec<u64> {
    stimuli.iter().copied().filter(|at| told.iter().all(|known| known.abs_diff(*at) > same)).collect()
}

#[cfg(test)]
mod tests {
    use super::untold;

    #[test]
    fn a_stimulus_that_becomes_known_behind_a_later_one_is_told() {
        assert_eq!(untold(&[1000, 2000], &[], 48), [1000, 2000]);
        assert_eq!(untold(&[1000, 1500, 2000], &[1000, 2000], 48), [1500], "between two that were told");
        assert_eq!(untold(&[1002, 2001], &[1000, 2000], 48), [0; 0], "moved with a rate that was measured anew");
    }
}
