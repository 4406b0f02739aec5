//! Where a muscle becomes active after a stimulus, in a single sweep: the shared method of blink,
//! masseter and other reflexes and of motor evoked potentials.
//!
//! Rectified activity, averaged over 2 ms, is held against what it was before the stimulus (or,
//! without at least 8 ms of that, in the quietest tenth of the sweep). A burst begins where it rises
//! above the mean by several standard deviations and stays (Hodges and Bui, Electroencephalogr Clin
//! Neurophysiol 1996;101:511, compare such criteria with experts); its onset is followed back to
//! where single samples leave the band of the quiet.
//!
//! Contract: samples that are not finite count as quiet; times are ms after the stimulus. Cost:
//! linear in samples.

use super::ensemble::smoothed;
use crate::dsp::robust::{SIGMA_PER_MAD, mad, median, percentile};

/// Average of the rectified activity, ms.
const AVERAGE_MS: f64 = 2.0;
/// Standard deviations of the quiet that a burst rises above, and that its foot leaves.
const RISES: f64 = 5.0;
const LEAVES: f64 = 2.5;
/// The quiet that counts as known before the stimulus, ms.
const KNOWN_MS: f64 = 8.0;

/// A sweep, rectified.
#[derive(Debug, Clone)]
pub struct Rectified {
    uv: Vec<f64>,
    average: Vec<f64>,
    per_ms: f64,
    first_ms: f64,
    /// Mean rectified activity of the quiet, uV.
    pub quiet_uv: f64,
    /// Standard deviation of its 2 ms averages, uV.
    pub quiet_sd_uv: f64,
    /// Standard deviation of single samples in the quiet, uV.
    pub noise_uv: f64,
    /// Whether the quiet was taken before the stimulus.
    pub before: bool,
}

/// A stretch of activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Onset, ms.
    pub onset_ms: f64,
    /// End, ms.
    pub end_ms: f64,
    /// Highest value over the level, uV.
    pub amp_uv: f64,
    /// Peak to peak, uV.
    pub pp_uv: f64,
}

impl Rectified {
    /// Rectifies a sweep; `stimulus_s` after its first sample. `None` when too little of it is finite.
    pub fn new(uv: &[f64], fs_hz: f64, stimulus_s: f64) -> Option<Self> {
        if !(fs_hz.is_finite() && (100.0..=1e6).contains(&fs_hz) && stimulus_s.is_finite()) || uv.len() < 64 {
            return None;
        }
        let level = median(uv);
        if !level.is_finite() {
            return None;
        }
        let uv: Vec<f64> = uv.iter().map(|v| if v.is_finite() { v - level } else { 0.0 }).collect();
        let per_ms = fs_hz * 1e-3;
        let rectified: Vec<f64> = uv.iter().map(|v| v.abs()).collect();
        let average = smoothed(&rectified, ((AVERAGE_MS * per_ms).round() as usize).max(1));
        let stimulus = ((stimulus_s * fs_hz).max(0.0) as usize).min(uv.len());
        let end = stimulus.saturating_sub((0.5 * per_ms) as usize);
        let before = end as f64 >= KNOWN_MS * per_ms;
        let (quiet_uv, quiet_sd_uv, noise_uv) = if before {
            (median(&average[..end]), SIGMA_PER_MAD * mad(&average[..end]), SIGMA_PER_MAD * mad(&uv[..end]))
        } else {
            // The quietest tenth; of normal noise the mean is 0.8 of the standard deviation.
            let low = percentile(&average, 10.0);
            (low, 0.25 * low, 1.25 * low)
        };
        let floor = 1e-3 * percentile(&rectified, 99.0);
        // What an average of so many samples of noise wanders; muscle and amplifier noise is no wider
        // than 3 kHz.
        let wanders = 0.75 / (AVERAGE_MS * per_ms.min(6.0)).max(1.0).sqrt();
        Some(Self {
            uv,
            average,
            per_ms,
            first_ms: -stimulus_s * 1e3,
            quiet_uv,
            quiet_sd_uv: quiet_sd_uv.max(wanders * quiet_uv).max(floor),
            noise_uv: noise_uv.max(floor),
            before,
        })
    }

    fn index(&self, t: f64) -> usize {
        (((t - self.first_ms) * self.per_ms).ceil().max(0.0) as usize).min(self.uv.len())
    }

    /// Time of sample `i`, ms.
    pub fn time(&self, i: usize) -> f64 {
        self.first_ms + i as f64 / self.per_ms
    }

    /// Mean rectified activity between two times, uV; `None` when there is nothing.
    pub fn mean(&self, from_ms: f64, to_ms: f64) -> Option<f64> {
        let part = self.uv.get(self.index(from_ms)..self.index(to_ms)).filter(|p| !p.is_empty())?;
        Some(part.iter().map(|v| v.abs()).sum::<f64>() / part.len() as f64)
    }

    /// Bursts between two times that last at least `lasts_ms`, in order; silences up to `gap_ms` do
    /// not end one.
    pub fn bursts(&self, from_ms: f64, to_ms: f64, lasts_ms: f64, gap_ms: f64) -> Vec<Burst> {
        let (from, to) = (self.index(from_ms), self.index(to_ms));
        let high = self.quiet_uv + RISES * self.quiet_sd_uv;
        let low = self.quiet_uv + LEAVES * self.quiet_sd_uv;
        let gap = ((gap_ms * self.per_ms) as usize).max(1);
        let mut out = Vec::new();
        let mut i = from;
        while i < to {
            if self.average[i] <= high {
                i += 1;
                continue;
            }
            let mut last = i;
            let mut k = i;
            while k < to && k - last <= gap {
                if self.average[k] > low {
                    last = k;
                }
                k += 1;
            }
            let onset = self.foot(from, i);
            if (last - onset) as f64 >= lasts_ms * self.per_ms {
                out.push(self.burst(onset, last));
            }
            i = k.max(i + 1);
        }
        out
    }

    /// Back from where the average has risen to where single samples leave the quiet.
    fn foot(&self, from: usize, at: usize) -> usize {
        let limit = 3.0 * self.noise_uv;
        let reach = (4.0 * self.per_ms) as usize;
        let calm = ((0.7 * self.per_ms) as usize).max(1);
        let mut foot = at;
        let mut i = at;
        while i > from && at - i < reach && foot - i < calm {
            i -= 1;
            if self.uv[i].abs() > limit {
                foot = i;
            }
        }
        // The average reaches half its width ahead of the activity.
        (foot..=at + (0.5 * AVERAGE_MS * self.per_ms) as usize).find(|&k| k < self.uv.len() && self.uv[k].abs() > limit).unwrap_or(foot)
    }

    fn burst(&self, onset: usize, last: usize) -> Burst {
        let part = &self.uv[onset..=last];
        let high = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let low = part.iter().copied().fold(f64::INFINITY, f64::min);
        Burst { onset_ms: self.time(onset), end_ms: self.time(last), amp_uv: high, pp_uv: high - low }
    }

    /// The first time from `from_ms` on at which the activity stays at or above `level_uv` for
    /// `lasts_ms`, up to short dips; `None`: not within the sweep.
    pub fn returns(&self, from_ms: f64, level_uv: f64, lasts_ms: f64) -> Option<f64> {
        let smooth = smoothed(&self.uv.iter().map(|v| v.abs()).collect::<Vec<_>>(), ((5.0 * self.per_ms) as usize).max(1));
        let lasts = ((lasts_ms * self.per_ms) as usize).max(1);
        let from = self.index(from_ms);
        let above = |i: usize| smooth.get(i..i + lasts).is_some_and(|w| w.iter().filter(|v| **v >= level_uv).count() * 10 >= 8 * lasts);
        (from..self.uv.len().saturating_sub(lasts)).find(|&i| smooth[i] >= level_uv && above(i)).map(|i| self.time(i))
    }
}

/// Which side a name speaks of.
pub fn side_of(name: &str) -> Option<crate::model::Side> {
    use crate::model::Side::{Left, Right};
    let words: Vec<String> = name.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
    let has = |these: &[&str]| words.iter().any(|w| these.contains(&w.as_str()));
    match (has(&["l", "left", "li", "links", "lt"]), has(&["r", "right", "re", "rechts", "rt"])) {
        (true, false) => Some(Left),
        (false, true) => Some(Right),
        _ => None,
    }
}

/// Sites and channels of a test in their order: each pair is one row of results.
pub fn rows(input: &crate::analysis::TestInput) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    for sweep in &input.sweeps {
        let row = (sweep.site, sweep.channel.clone());
        if !out.contains(&row) {
            out.push(row);
        }
    }
    out
}

/// Name of a row: site and channel.
pub fn row_name(test: &crate::model::NerveTest, site: usize, channel: &str) -> String {
    let site = test.sites.get(site).map_or("", |s| s.name.as_str());
    match (site.is_empty(), channel.is_empty()) {
        (false, false) => format!("{site}, {channel}"),
        (false, true) => site.to_owned(),
        _ => channel.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rectified, side_of};
    use crate::model::Side;
    use crate::simulate::Random;

    fn sweep(onset_ms: f64, uv: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..1500)
            .map(|i| {
                let t = f64::from(i) * 0.1 - 50.0;
                let burst = if t > onset_ms && t < onset_ms + 15.0 { uv * ((t - onset_ms) * 1.3).sin() } else { 0.0 };
                burst + random.normal(0.0, 3.0)
            })
            .collect()
    }

    #[test]
    fn a_burst_is_found_where_it_begins_and_none_in_noise() {
        for seed in 0..20 {
            let found = Rectified::new(&sweep(31.0, 60.0, seed), 10_000.0, 0.05).unwrap().bursts(6.0, 90.0, 3.0, 8.0);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!((found[0].onset_ms - 31.0).abs() < 0.8, "{found:?}");
            assert!((found[0].pp_uv - 120.0).abs() < 20.0);
            let none = Rectified::new(&sweep(31.0, 0.0, seed), 10_000.0, 0.05).unwrap().bursts(6.0, 90.0, 3.0, 8.0);
            assert!(none.is_empty(), "{none:?}");
        }
    }

    #[test]
    fn hopeless_sweeps_are_refused() {
        assert!(Rectified::new(&[f64::NAN; 200], 1e4, 0.0).is_none());
        assert!(Rectified::new(&[1.0; 10], 1e4, 0.0).is_none());
        assert!(Rectified::new(&[0.0; 200], 1e4, 0.01).unwrap().bursts(1.0, 15.0, 1.0, 1.0).is_empty());
        assert!(Rectified::new(&[0.0; 200], f64::NAN, 0.0).is_none());
    }

    #[test]
    fn sides_are_read_from_names() {
        assert_eq!(side_of("L orbicularis oculi"), Some(Side::Left));
        assert_eq!(side_of("Stim right"), Some(Side::Right));
        assert_eq!(side_of("LFDI"), None);
        assert_eq!(side_of("left-right"), None);
    }
}
