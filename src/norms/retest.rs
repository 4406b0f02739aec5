//! How much a value may differ between two tests of one person when nothing has changed.
//!
//! Repeatability is 1.96 times the square root of 2 times the coefficient of variation between sessions
//! (Bland and Altman, Lancet 1986;1:307). Of the coefficients that are published as a range over nerves
//! the largest is taken: what is beyond it is beyond what any of them varies by.

use std::sync::OnceLock;

use serde::Deserialize;

use super::studies::citation;

/// Of two values that differ by chance alone 95 in 100 lie within this many standard deviations.
const WITHIN: f64 = 1.96 * std::f64::consts::SQRT_2;

/// A limit of the difference between two tests of one person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Retest {
    measure: String,
    cov_percent: f64,
    source: Vec<String>,
}

impl Retest {
    /// Largest difference, per cent of the mean of both values.
    pub fn percent(&self) -> f64 {
        WITHIN * self.cov_percent
    }

    /// Where the variation is published.
    pub fn source(&self) -> String {
        self.source.iter().map(|key| citation(key)).collect::<Vec<_>>().join("; ")
    }
}

/// The limit of a measure by its name (`onset latency`); `None` where no variation of it is published here.
pub fn retest(measure: &str) -> Option<&'static Retest> {
    static ALL: OnceLock<Vec<Retest>> = OnceLock::new();
    let all = ALL.get_or_init(|| serde_json::from_str(include_str!("data/retest.json")).unwrap_or_default());
    let measure = measure.replace('_', " ");
    // Of differences and falls nothing is published.
    let plain = !measure.contains("difference") && !measure.contains("relative");
    all.iter().find(|row| plain && measure.contains(&row.measure))
}

#[cfg(test)]
mod tests {
    use super::retest;

    #[test]
    fn latencies_velocities_and_amplitudes_have_a_limit_and_others_none() {
        let percent = |measure: &str| retest(measure).map(|row| row.percent().round());
        assert_eq!(percent("onset latency"), Some(27.0));
        assert_eq!(percent("f_min_latency"), Some(27.0));
        assert_eq!(percent("conduction_velocity"), Some(27.0));
        assert_eq!(percent("amplitude peak to peak"), Some(55.0));
        assert!(["duration", "area", "latency difference", "relative amplitude"].iter().all(|measure| retest(measure).is_none()));
        assert!(retest("amplitude").unwrap().source().contains("Kong"));
    }
}
