//! Filtered signals at the end of a recording that grows: what was filtered once is not filtered again.
//!
//! Filters run forwards and backwards. Forwards, a signal goes on where it was. Backwards it begins at the
//! newest sample, so the last values change with every sample that comes, the less the older they are: from
//! [`Settling::pad`] samples on they are settled. Each time only half of those are made anew (older ones are then
//! off by less than a thousandth), and when enough have gathered, they are made once more and settle. What
//! is settled are the values of the whole signal. **NaN** are refused. **Cost**: a sample forwards, and
//! half a `pad` backwards each time that samples came.

use crate::dsp::iir::{Section, Stream, pad_len};

/// Settled samples that are held still, and the fewest that settle at once.
const MARGIN: usize = 8192;

/// The end of one signal within a stretch without gaps.
#[derive(Debug, Clone)]
pub(super) struct Settling {
    sections: Vec<Section>,
    /// Samples from the end on which values are settled.
    pad: usize,
    /// State of the filters at the newest sample.
    state: Stream,
    /// First sample that is held.
    from: u64,
    /// Run forwards.
    forwards: Vec<f64>,
    /// Run forwards and backwards.
    values: Vec<f64>,
    /// How many of them are settled.
    settled: usize,
    /// The newest samples unfiltered: what the signal is continued by at its end.
    last: Vec<f64>,
}

impl Settling {
    /// Begins with the samples from `at` on, the first of its stretch where `whole`; else the first `pad` of
    /// them, which the filters need, are not held. `None` where there are too few of them, or any is NaN.
    pub fn begin(sections: Vec<Section>, pad: usize, at: u64, input: &[f64], whole: bool) -> Option<Self> {
        let margin = pad_len(&sections);
        let fewest = if whole { margin + 1 } else { 2 * pad };
        if input.len() < fewest.max(margin + 1) || sections.is_empty() || input.iter().any(|value| value.is_nan()) {
            return None;
        }
        let mut state = Stream::new(sections.clone(), true);
        let mut before: Vec<f64> = (1..=margin).rev().map(|k| 2.0 * input[0] - input[k]).collect();
        state.process(&mut before);
        let mut begun = Self { sections, pad, state, from: at, forwards: Vec::new(), values: Vec::new(), settled: 0, last: Vec::new() };
        begun.take(input);
        begun.settle();
        let needless = begun.settled.saturating_sub(MARGIN);
        begun.forget(if whole { needless } else { needless.max(pad) });
        Some(begun)
    }

    /// First sample that is held; those before it are settled.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// One past the newest sample.
    pub fn end(&self) -> u64 {
        self.from + self.values.len() as u64
    }

    /// Samples before this one do not change any more.
    pub fn settled_to(&self) -> u64 {
        self.from + self.settled as u64
    }

    /// Values from sample `at`, which must be held, to the newest.
    pub fn values(&self, at: u64) -> &[f64] {
        let first = at.saturating_sub(self.from).min(self.values.len() as u64) as usize;
        &self.values[first..]
    }

    /// Samples have come; `false` when one is NaN: this is of no use any more then.
    pub fn grow(&mut self, input: &[f64]) -> bool {
        if input.iter().any(|value| value.is_nan()) {
            return false;
        }
        if input.is_empty() {
            return true;
        }
        let known = self.forwards.len();
        self.take(input);
        if self.values.len() - self.settled >= self.pad + MARGIN.max(self.pad / 2) {
            self.settle();
            self.forget(self.settled.saturating_sub(MARGIN));
        } else {
            self.backwards(known.saturating_sub(self.pad / 2).max(self.settled));
        }
        true
    }

    /// Runs samples forwards.
    fn take(&mut self, input: &[f64]) {
        let margin = pad_len(&self.sections);
        self.last.extend(&input[input.len().saturating_sub(margin + 1)..]);
        self.last.drain(..self.last.len().saturating_sub(margin + 1));
        let known = self.forwards.len();
        self.forwards.extend(input);
        self.state.process(&mut self.forwards[known..]);
        self.values.resize(self.forwards.len(), 0.0);
    }

    /// Makes all values anew that are not settled, and settles them as far as they are.
    fn settle(&mut self) {
        self.backwards(self.settled);
        self.settled = self.settled.max(self.values.len().saturating_sub(self.pad));
    }

    /// Makes values anew from the end to the one at `first`.
    fn backwards(&mut self, first: usize) {
        let Some(&end) = self.last.last() else { return };
        // Continued as `sosfiltfilt` does it: turned about the last sample.
        let mut beyond: Vec<f64> = self.last.iter().rev().skip(1).map(|value| 2.0 * end - value).collect();
        self.state.clone().process(&mut beyond);
        let mut back = beyond;
        back.reverse();
        let margin = back.len();
        back.extend(self.forwards[first..].iter().rev());
        Stream::new(self.sections.clone(), true).process(&mut back);
        self.values[first..].iter_mut().zip(back[margin..].iter().rev()).for_each(|(value, &made)| *value = made);
    }

    /// Lets go of the first `n` samples.
    fn forget(&mut self, n: usize) {
        self.forwards.drain(..n);
        self.values.drain(..n);
        self.settled = self.settled.saturating_sub(n);
        self.from += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::iir::{Band, butter, sosfiltfilt};

    #[test]
    fn what_settles_in_pieces_is_the_whole() {
        let mut sections = butter(2, Band::Highpass(20.0), 10_000.0).unwrap();
        sections.extend(butter(2, Band::Lowpass(2000.0), 10_000.0).unwrap());
        let pad = 1600;
        let mut state = 7_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1_u32 << 23) - 1.0
        };
        let input: Vec<f64> = (0..60_000).map(|k| 300.0 + 100.0 * (f64::from(k) / 900.0).sin() + 30.0 * noise()).collect();
        let whole = sosfiltfilt(&sections, &input);
        for (first, whole_stretch) in [(0, true), (20_000, false)] {
            let mut at = first + 5000;
            let mut end = Settling::begin(sections.clone(), pad, first as u64, &input[first..at], whole_stretch).unwrap();
            let mut seen = end.from();
            assert_eq!(seen, if whole_stretch { 0 } else { first as u64 + pad as u64 });
            for step in [1, 37, 800, 3, 2500, 800, 801].into_iter().cycle() {
                let to = (at + step).min(input.len());
                assert!(end.grow(&input[at..to]));
                at = to;
                assert_eq!(end.end(), at as u64);
                // Settled ones never change again and are those of the whole.
                seen = seen.max(end.from());
                while seen < end.settled_to() {
                    let error = (end.values(seen)[0] - whole[seen as usize]).abs();
                    assert!(error < 1e-3, "sample {seen}: off by {error}");
                    seen += 1;
                }
                // What is drawn before it settles is that of the signal up to now, but for a thousandth.
                let now = sosfiltfilt(&sections, &input[..at]);
                let drawn = end.values(end.settled_to());
                for (k, value) in drawn.iter().enumerate() {
                    let expected = now[at - drawn.len() + k];
                    assert!((value - expected).abs() < 0.4, "{k} of {}: {value} for {expected}", drawn.len());
                }
                if at == input.len() {
                    break;
                }
            }
            assert!(seen > 45_000, "{seen}");
        }
        let mut end = Settling::begin(sections.clone(), pad, 0, &input[..100], true).unwrap();
        assert!(!end.grow(&[1.0, f64::NAN]));
        assert!(Settling::begin(sections, pad, 0, &input[..5], true).is_none());
    }
}
