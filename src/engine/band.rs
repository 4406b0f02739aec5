//! The band that an amplifier records, out of the words in which files and devices state it, and what of it
//! a study wants to see.
//!
//! Files write the filters of a channel as EDF does (`HP:2Hz LP:10000Hz N:50Hz`: European Data Format,
//! Kemp et al., 1992). What is not such words is left as it stands.

use super::signal;
use crate::model::{Channel, FilterChain, NerveTest};
use crate::scene::divisions::number;

/// Corners that differ by less are the same: parts of the corner.
const SAME: f64 = 0.05;

/// A band.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Band {
    low_hz: Option<f64>,
    high_hz: Option<f64>,
    notch_hz: Option<f64>,
}

impl Band {
    /// Reads words; none where there are others among them.
    fn read(words: &str) -> Option<Self> {
        let mut band = Self::default();
        for word in words.split_whitespace() {
            let (kind, value) = word.split_once(':')?;
            let lower = value.to_ascii_lowercase();
            let (digits, factor) = match lower.strip_suffix("khz") {
                Some(digits) => (digits, 1000.0),
                None => (lower.strip_suffix("hz").unwrap_or(&lower), 1.0),
            };
            let hz = digits.parse::<f64>().ok().filter(|hz| hz.is_finite() && *hz >= 0.0)? * factor;
            let corner = match kind.to_ascii_uppercase().as_str() {
                "HP" => &mut band.low_hz,
                "LP" => &mut band.high_hz,
                "N" => &mut band.notch_hz,
                _ => return None,
            };
            *corner = Some(hz);
        }
        Some(band)
    }

    fn words(self) -> String {
        let ends = match (self.low_hz, self.high_hz) {
            (Some(low), Some(high)) => Some(format!("{} to {}", hertz(low), hertz(high))),
            (Some(low), None) => Some(format!("from {}", hertz(low))),
            (None, Some(high)) => Some(format!("up to {}", hertz(high))),
            (None, None) => None,
        };
        let notch = self.notch_hz.map(|hz| format!("notch {}", hertz(hz)));
        ends.into_iter().chain(notch).collect::<Vec<_>>().join(", ")
    }
}

fn hertz(hz: f64) -> String {
    if hz >= 1000.0 { format!("{} kHz", number(hz / 1000.0, 4)) } else { format!("{} Hz", number(hz, 4)) }
}

/// A chain in words with the amplifier's own filters in front (`2 Hz to 10 kHz, HP 20 Hz`).
pub(super) fn words(filter: &FilterChain, amplifier: &str) -> String {
    let pretty = Band::read(amplifier).map(Band::words);
    signal::words(filter, pretty.as_deref().unwrap_or(amplifier))
}

/// The filters that make a channel's band the customary one of a study; none of those that the amplifier
/// has itself.
pub(super) fn customary(test: &NerveTest, channel: &Channel) -> FilterChain {
    let Some([low_hz, high_hz]) = test.filter_hz else { return FilterChain::default() };
    let band = Band::read(&channel.prefilter).unwrap_or_default();
    let reach_hz = 0.5 * channel.fs_hz;
    FilterChain {
        high_pass_hz: Some(low_hz).filter(|low| band.low_hz.is_none_or(|own| own < low * (1.0 - SAME))),
        low_pass_hz: Some(high_hz).filter(|high| *high < reach_hz && band.high_hz.is_none_or(|own| own > high * (1.0 + SAME))),
        ..FilterChain::default()
    }
}

/// What a channel does not record of the band that its study wants; empty: nothing.
pub(super) fn narrower(test: &NerveTest, channel: &Channel) -> String {
    let Some([low_hz, high_hz]) = test.filter_hz else { return String::new() };
    let band = Band::read(&channel.prefilter).unwrap_or_default();
    let reach_hz = band.high_hz.unwrap_or(f64::INFINITY).min(0.5 * channel.fs_hz);
    let high = (reach_hz < high_hz * (1.0 - SAME)).then(|| format!("records to {}; the study wants {}", hertz(reach_hz), hertz(high_hz)));
    let low = band.low_hz.filter(|own| *own > low_hz * (1.0 + SAME));
    let low = low.map(|own| format!("records from {}; the study wants {}", hertz(own), hertz(low_hz)));
    low.into_iter().chain(high).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{customary, narrower, words};
    use crate::model::{Channel, FilterChain, NerveTest};

    fn channel(prefilter: &str, fs_hz: f64) -> Channel {
        Channel {
            name: "APB".into(),
            unit: "uV".into(),
            fs_hz,
            n: 0,
            transducer: String::new(),
            prefilter: prefilter.into(),
            scale: None,
            negative_up: false,
            skew_s: 0.0,
        }
    }

    #[test]
    fn an_amplifiers_band_is_said_in_words() {
        let plain = FilterChain::default();
        assert_eq!(words(&plain, "HP:2Hz LP:10000Hz"), "2 Hz to 10 kHz");
        assert_eq!(words(&plain, "HP:0.1Hz LP:75Hz N:50Hz"), "0.1 Hz to 75 Hz, notch 50 Hz");
        assert_eq!(words(&plain, "LP:2.5kHz"), "up to 2.5 kHz");
        // What is no such text stays as it is.
        assert_eq!(words(&plain, "first order, 3 dB"), "first order, 3 dB");
        assert_eq!(words(&FilterChain { high_pass_hz: Some(20.0), ..plain }, "HP:2Hz"), "from 2 Hz, HP 20 Hz");
    }

    #[test]
    fn a_study_gets_the_filters_that_the_amplifier_has_not() {
        let test = NerveTest { filter_hz: Some([20.0, 2000.0]), ..NerveTest::default() };
        let wide = customary(&test, &channel("HP:2Hz LP:10000Hz", 48_000.0));
        assert_eq!((wide.high_pass_hz, wide.low_pass_hz), (Some(20.0), Some(2000.0)));
        assert_eq!(customary(&test, &channel("HP:20Hz LP:2000Hz", 48_000.0)), FilterChain::default());
        assert_eq!(customary(&NerveTest::default(), &channel("", 48_000.0)), FilterChain::default());
        // A corner beyond what is sampled is none.
        assert_eq!(customary(&test, &channel("", 2000.0)).low_pass_hz, None);
        assert_eq!(narrower(&test, &channel("HP:2Hz LP:10000Hz", 48_000.0)), "");
        assert_eq!(narrower(&test, &channel("LP:1000Hz", 48_000.0)), "records to 1 kHz; the study wants 2 kHz");
        assert_eq!(
            narrower(&test, &channel("HP:30Hz", 500.0)),
            "records from 30 Hz; the study wants 20 Hz, records to 250 Hz; the study wants 2 kHz"
        );
    }
}
