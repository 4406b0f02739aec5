//! A simulated CMAP scan: a nerve stimulated some hundred times from above the last to below the
//! first of its motor units.
//!
//! Unit sizes are log-normal above a smallest one, thresholds normal; each unit responds with the
//! probability of Bostock's model (Muscle Nerve 2016;53:889).

use super::random::Random;
use crate::model::{Examination, NerveTest, ScanPoint, Side, Site, Study, Subject, TestKind};

/// What is stimulated, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanSetup {
    /// Number of motor units.
    pub units: usize,
    /// Smallest unit, and median of what is above it, microvolts.
    pub size_uv: (f64, f64),
    /// Standard deviation of the logarithm of sizes.
    pub size_spread: f64,
    /// Mean threshold and its standard deviation over the units, mA.
    pub threshold_ma: (f64, f64),
    /// Standard deviation of a unit's threshold over the threshold.
    pub relative_spread: f64,
    /// Noise, microvolts.
    pub noise_uv: f64,
    /// Stimuli between the plateaus, and on each of them.
    pub stimuli: (usize, usize),
}

impl Default for ScanSetup {
    fn default() -> Self {
        Self {
            units: 80,
            size_uv: (15.0, 50.0),
            size_spread: 0.65,
            threshold_ma: (10.0, 1.5),
            relative_spread: 0.017,
            noise_uv: 10.0,
            stimuli: (460, 20),
        }
    }
}

/// A scan with the sizes of the units that it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedScan {
    /// Stimuli in the order of delivery, the strongest first.
    pub points: Vec<ScanPoint>,
    /// Sizes of the units, microvolts.
    pub sizes_uv: Vec<f64>,
}

/// Simulates a scan.
pub fn simulate_scan(setup: &ScanSetup, random: &mut Random) -> SimulatedScan {
    let mut unit = || {
        let size = setup.size_uv.0 + setup.size_uv.1 * random.normal(0.0, setup.size_spread).exp();
        (random.normal(setup.threshold_ma.0, setup.threshold_ma.1).max(0.4 * setup.threshold_ma.0), size)
    };
    let units: Vec<(f64, f64)> = (0..setup.units).map(|_| unit()).collect();
    let low = units.iter().map(|u| u.0).fold(f64::INFINITY, f64::min).min(setup.threshold_ma.0 * 2.0) * 0.97;
    let high = units.iter().map(|u| u.0).fold(0.0, f64::max).max(low) * 1.04;
    let (middle, plateau) = setup.stimuli;
    let steps = (0..middle).map(|k| high + (low - high) * k as f64 / middle.saturating_sub(1).max(1) as f64);
    let currents = std::iter::repeat_n(high, plateau).chain(steps).chain(std::iter::repeat_n(low, plateau));
    let mut point = |current_ma: f64| {
        let mut amp_uv = random.normal(0.0, setup.noise_uv);
        for (threshold, size) in &units {
            // The threshold of this very stimulus.
            if current_ma > threshold * (1.0 + random.normal(0.0, setup.relative_spread)) {
                amp_uv += size;
            }
        }
        ScanPoint { current_ma, amp_uv }
    };
    let points = currents.map(&mut point).collect();
    SimulatedScan { points, sizes_uv: units.into_iter().map(|u| u.1).collect() }
}

/// The demo: two scans of one muscle, before and after a loss of two thirds of its units with the
/// growth of those that are left.
pub fn demo_scan_study() -> Study {
    let mut random = Random::new(31);
    let healthy = ScanSetup { units: 96, ..ScanSetup::default() };
    let lost = ScanSetup { units: 32, size_uv: (15.0, 125.0), ..ScanSetup::default() };
    let test = |side, setup: &ScanSetup, random: &mut Random| NerveTest {
        kind: TestKind::Scan,
        side: Some(side),
        nerve: "Median".into(),
        recorded_from: "APB".into(),
        temperature_c: Some(33.0),
        sites: vec![Site { name: "Wrist".into(), ..Site::default() }],
        points: simulate_scan(setup, random).points,
        ..NerveTest::default()
    };
    let tests = vec![test(Side::Left, &healthy, &mut random), test(Side::Right, &lost, &mut random)];
    Study {
        subject: Subject { code: "simulated".into(), ..Subject::default() },
        examination: Examination { tests, sweeps: Vec::new() },
        ..Study::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_falls_from_the_sum_of_its_units_to_nothing() {
        let scan = simulate_scan(&ScanSetup::default(), &mut Random::new(1));
        let sum: f64 = scan.sizes_uv.iter().sum();
        assert_eq!((scan.points.len(), scan.sizes_uv.len()), (500, 80));
        assert!((scan.points[3].amp_uv / sum - 1.0).abs() < 0.05);
        assert!(scan.points[497].amp_uv.abs() < 0.05 * sum);
        assert_eq!(demo_scan_study().examination.tests.len(), 2);
        assert!(simulate_scan(&ScanSetup { units: 0, ..ScanSetup::default() }, &mut Random::new(1)).points.len() == 500);
    }
}
