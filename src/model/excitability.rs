//! Points of studies that are tracked rather than swept: CMAP scans and nerve excitability.

use serde::{Deserialize, Serialize};

/// One stimulus of a CMAP scan, in the order of delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanPoint {
    /// Current, mA.
    pub current_ma: f64,
    /// Size of the CMAP, microvolts.
    pub amp_uv: f64,
}

/// A threshold-tracking recording: its points as stored, and what the file states beside them. An
/// empty list: that part was not recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Excitability {
    /// Name of the protocol (`TRONDNF`).
    #[serde(default)]
    pub protocol: String,
    /// Largest CMAP: pulse duration (ms) and size (uV).
    #[serde(default)]
    pub max_cmap: Vec<[f64; 2]>,
    /// Stimulus-response: part of the largest response (percent) and current (mA).
    #[serde(default)]
    pub stimulus_response: Vec<[f64; 2]>,
    /// Charge-duration: pulse duration (ms) and threshold (mA).
    #[serde(default)]
    pub charge_duration: Vec<[f64; 2]>,
    /// Threshold electrotonus, one entry a polarizing current.
    #[serde(default)]
    pub threshold_electrotonus: Vec<Electrotonus>,
    /// Recovery cycle: interval (ms) and change of threshold (percent).
    #[serde(default)]
    pub recovery_cycle: Vec<[f64; 2]>,
    /// Current-threshold (I/V): polarizing current (percent of threshold) and reduction of the
    /// threshold (percent).
    #[serde(default)]
    pub current_threshold: Vec<[f64; 2]>,
    /// Values that the file states: name, unit, value.
    pub stated: Vec<(String, String, f64)>,
}

impl Excitability {
    /// Whether no point was recorded.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.stimulus_response, &self.charge_duration, &self.recovery_cycle, &self.current_threshold];
        lists.iter().all(|list| list.is_empty()) && self.threshold_electrotonus.is_empty()
    }
}

/// Threshold while a polarizing current flows, and after it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Electrotonus {
    /// Name in the file (`TE1`).
    pub name: String,
    /// Delay (ms), polarizing current at that moment (percent of threshold), reduction of the
    /// threshold (percent).
    pub points: Vec<[f64; 3]>,
}

impl Electrotonus {
    /// The polarizing current, percent of the threshold: the largest of either sign.
    pub fn current_pct(&self) -> f64 {
        self.points.iter().map(|point| point[1]).fold(0.0, |most: f64, now| if now.abs() > most.abs() { now } else { most })
    }
}
