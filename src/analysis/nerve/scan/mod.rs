//! CMAP scan: the response of a muscle to some hundred stimuli of all strengths between threshold
//! and maximum, and how many motor units it takes to explain it.
//!
//! Without a model (`curve`): maximum, currents for 5, 50 and 95 % of it, D50, steps. With the model
//! of Bostock (Muscle Nerve 2016;53:889) (`likelihood`): number, sizes and thresholds of units
//! (`chain`, `units`), with the interval that holds 95 % of the numbers that explain the scan as
//! well. The fit is deterministic, to the bit, on every machine (`portable`).
//!
//! Input: points of the test in the order of delivery or, where a file holds the responses
//! themselves, sweeps with their currents. Points that are no numbers are left out; fewer than 10, or
//! responses that do not rise above their noise, give an empty summary and a sentence. Cost: 0.5 to
//! 2 s for 500 stimuli.

mod chain;
mod curve;
mod likelihood;
mod portable;
mod show;
mod sweeps;
mod units;

use super::conditions;
use crate::analysis::{Analyzed, Analyzer, Context, TestInput};
use crate::model::{QualityFlag, QualityKind, ScanSummary, Summary, TestKind, TestMeasurement, UnitCount};
use chain::Fit;
use curve::Curve;

/// Name and version.
pub const METHOD: &str = "scan/1";
/// Of the maximum: what the strongest stimuli may still add.
const STILL_RISES: f64 = 0.02;
/// Relative width of the interval at which a number is called uncertain.
const UNCERTAIN: f64 = 0.6;

/// The analyzer of CMAP scans.
#[derive(Debug, Clone, Copy)]
pub struct Scan;

impl Analyzer for Scan {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Scan
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let stored: Vec<(f64, f64)> = input.test.points.iter().map(|point| (point.current_ma, point.amp_uv)).collect();
        let points = if stored.is_empty() { sweeps::points(input) } else { stored };
        let stated = input.test.excitability.as_ref().map(|e| e.stated.clone()).unwrap_or_default();
        Box::new(AnalyzedScan::new(&points, stated))
    }
}

/// A scan that has been analysed.
struct AnalyzedScan {
    curve: Option<Curve>,
    fit: Option<Fit>,
    stated: Vec<(String, String, f64)>,
    quality: Vec<QualityFlag>,
}

impl AnalyzedScan {
    fn new(points: &[(f64, f64)], stated: Vec<(String, String, f64)>) -> Self {
        let mut quality = Vec::new();
        let flag = |kind, what: String| QualityFlag { kind, what };
        let Some(curve) = Curve::new(points) else {
            let what = format!(
                "{} stimuli with a current and a response; no scan is seen in them. It takes at least 10, from below the first to above the last unit.",
                points.len()
            );
            return Self { curve: None, fit: None, stated, quality: vec![flag(QualityKind::TooFew, what)] };
        };
        let lost = points.len() - curve.points.len();
        if lost > 0 {
            quality.push(flag(QualityKind::LeftOut, format!("{lost} stimuli have no current or no response and were left out.")));
        }
        if let Some(rise) = curve.still_rises(STILL_RISES) {
            let what = format!("The response still grew by {:.0} % over the strongest stimuli: units may be missing.", 100.0 * rise);
            quality.push(flag(QualityKind::Submaximal, what));
        }
        let fit = match units::count(&curve) {
            Ok(fit) => {
                let width = (fit.interval[1] - fit.interval[0]) / fit.units.max(1.0);
                if width > UNCERTAIN {
                    let what = format!(
                        "{:.0} to {:.0} motor units explain this scan about equally well: more stimuli or less noise narrow it.",
                        fit.interval[0], fit.interval[1]
                    );
                    quality.push(flag(QualityKind::Noise, what));
                }
                Some(fit)
            }
            Err(why) => {
                quality.push(flag(QualityKind::TooFew, format!("Motor units were not counted: {why}.")));
                None
            }
        };
        Self { curve: Some(curve), fit, stated, quality }
    }

    fn summary(&self) -> ScanSummary {
        let Some(curve) = &self.curve else { return ScanSummary::default() };
        let units = self.fit.as_ref().map(|fit| UnitCount {
            number: fit.units,
            interval: fit.interval,
            large: fit.large,
            mean_uv: (curve.max_uv - curve.base_uv) / fit.units.max(1.0),
            median_uv: fit.median_uv,
            largest_uv: fit.largest_uv,
            relative_spread: fit.relative_spread,
            noise_uv: fit.noise_uv,
        });
        ScanSummary {
            units,
            max_uv: Some(curve.max_uv),
            s5_ma: Some(curve.current_at(0.05)),
            s50_ma: Some(curve.current_at(0.5)),
            s95_ma: Some(curve.current_at(0.95)),
            d50: Some(curve.d50),
            steps_pct: curve.steps.iter().map(|step| step.1).collect(),
            noise_uv: Some([curve.noise_uv, curve.noise_max_uv]),
        }
    }
}

impl Analyzed for AnalyzedScan {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut quality = self.quality.clone();
        quality.extend(conditions::cold_limb(context.test));
        let summary = self.summary();
        let tables = show::tables(&summary, &self.stated);
        let charts = self.curve.as_ref().map(|curve| show::charts(curve, self.fit.as_ref())).unwrap_or_default();
        TestMeasurement { method: METHOD.into(), summary: Summary::Scan(summary), tables, charts, quality, ..TestMeasurement::default() }
    }
}
