//! What a test says as a whole: one struct a study type.

use serde::{Deserialize, Serialize};

use super::{BlinkSummary, FWaveSummary, HReflexSummary, LateSummary, MepSummary, RepetitiveSummary, RrSummary, SympatheticSummary};
use super::{ExcitabilitySummary, MunixSummary, ScanSummary, SegmentMeasurement, SweepId};

/// Values of a test as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "study", rename_all = "snake_case")]
pub enum Summary {
    /// Nothing beyond the sweeps.
    #[default]
    None,
    /// Motor conduction.
    Motor(MotorSummary),
    /// Sensory or mixed conduction.
    Sensory(SensorySummary),
    /// F waves.
    FWave(FWaveSummary),
    /// H reflex.
    HReflex(HReflexSummary),
    /// Repetitive stimulation.
    Repetitive(RepetitiveSummary),
    /// Blink reflex.
    Blink(BlinkSummary),
    /// Other late responses.
    Late(LateSummary),
    /// Sympathetic skin response.
    Sympathetic(SympatheticSummary),
    /// Intervals between heart beats.
    RrInterval(RrSummary),
    /// Motor evoked potentials.
    Mep(MepSummary),
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
            Self::Sensory(sensory) => &sensory.segments,
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

/// Sensory or mixed conduction along one nerve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SensorySummary {
    /// What was averaged at each site.
    pub sites: Vec<SensorySite>,
    /// From the recording electrode to the first site (`from` is `None`), then between neighbouring
    /// sites.
    pub segments: Vec<SegmentMeasurement>,
}

/// What was averaged at one site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SensorySite {
    /// Index of the site.
    pub site: usize,
    /// The sweep that carries its measurement: the average, or the only sweep.
    pub sweep: SweepId,
    /// Sweeps in the average.
    pub sweeps: usize,
    /// Sweeps left out of it.
    pub left_out: usize,
    /// Single responses in it, those of averaged sweeps counted.
    pub responses: u32,
}
