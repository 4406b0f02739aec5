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

/// A threshold-tracking recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Excitability {
    /// Values that the file states: name, unit, value.
    pub stated: Vec<(String, String, f64)>,
}
