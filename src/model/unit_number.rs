//! Results of studies that count motor units or test a nerve's excitability.

use serde::{Deserialize, Serialize};

/// A CMAP scan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanSummary {
    /// Motor units, fitted; `None` where they cannot be counted.
    pub units: Option<UnitCount>,
    /// Largest CMAP, microvolts.
    pub max_uv: Option<f64>,
    /// Currents for 5, 50 and 95 % of it, mA.
    pub s5_ma: Option<f64>,
    /// See `s5_ma`.
    pub s50_ma: Option<f64>,
    /// See `s5_ma`.
    pub s95_ma: Option<f64>,
    /// How many of the largest gaps between responses in order of size make half of the maximum.
    pub d50: Option<usize>,
    /// Steps, percent of the maximum, the smallest response first.
    pub steps_pct: Vec<f64>,
    /// Noise of the responses to the weakest and to the strongest stimuli, microvolts.
    pub noise_uv: Option<[f64; 2]>,
}

/// A number of motor units with its uncertainty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitCount {
    /// Estimated number.
    pub number: f64,
    /// Bounds that hold 95 % of what explains the scan as well.
    pub interval: [f64; 2],
    /// How many of them are at least 0.25 % of the CMAP, the limit of other programs.
    pub large: f64,
    /// Mean size: the CMAP over the number, microvolts.
    pub mean_uv: f64,
    /// Median and largest size, microvolts.
    pub median_uv: f64,
    /// See `median_uv`.
    pub largest_uv: f64,
    /// Standard deviation of a unit's threshold over the threshold.
    pub relative_spread: f64,
    /// Noise that the fit leaves, microvolts.
    pub noise_uv: f64,
}

/// Motor unit number index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MunixSummary {
    /// The index (no count of units, but in proportion to it).
    pub munix: Option<f64>,
    /// Motor unit size index: CMAP amplitude over the index, microvolts.
    pub musix_uv: Option<f64>,
    /// CMAP amplitude, microvolts.
    pub cmap_uv: Option<f64>,
    /// Area of its negative phase, mV ms, and power, mV squared ms.
    pub cmap_area_mvms: Option<f64>,
    /// See `cmap_area_mvms`.
    pub cmap_power: Option<f64>,
    /// The fitted power law `ICMUC = factor * area^exponent`.
    pub factor: Option<f64>,
    /// See `factor`.
    pub exponent: Option<f64>,
    /// Epochs used, and all.
    pub epochs: [usize; 2],
}

/// Nerve excitability.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExcitabilitySummary {
    /// What follows from the points, beside what the file states.
    pub values: Vec<ExcitabilityValue>,
}

/// One measure of excitability.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExcitabilityValue {
    /// Name in the field's words (`Rheobase`).
    pub name: String,
    /// Unit; empty for plain numbers.
    pub unit: String,
    /// From the points; `None` where they do not reach.
    pub value: Option<f64>,
    /// As the file states it.
    pub stated: Option<f64>,
}
