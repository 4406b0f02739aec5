//! What a test says as a whole: one struct a study type.

use serde::{Deserialize, Serialize};

use super::{ExcitabilitySummary, MunixSummary, ScanSummary, SegmentMeasurement};

/// Values of a test as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "study", rename_all = "snake_case")]
pub enum Summary {
    /// Nothing beyond the sweeps.
    #[default]
    None,
    /// Motor conduction.
    Motor(MotorSummary),
    /// CMAP scan.
    Scan(ScanSummary),
    /// Motor unit number index.
    Munix(MunixSummary),
    /// Nerve excitability.
    Excitability(ExcitabilitySummary),
}

impl Summary {
    /// Values between sites, where the study has them.
    pub fn segments(&self) -> &[SegmentMeasurement] {
        match self {
            Self::Motor(motor) => &motor.segments,
            _ => &[],
        }
    }
}

/// Motor conduction along one nerve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MotorSummary {
    /// Between neighbouring sites, distal first.
    pub segments: Vec<SegmentMeasurement>,
    /// Residual latency, ms: distal latency less the distal distance at the velocity of the next
    /// segment.
    pub residual_latency_ms: Option<f64>,
    /// Terminal latency index: distal distance over velocity times distal latency.
    pub terminal_latency_index: Option<f64>,
}
