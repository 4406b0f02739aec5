//! What analyses say: values with their method, markers and quality.

use serde::{Deserialize, Serialize};

use super::{MarkerKind, MarkerOrigin, SweepId};

/// The measurement of one sweep. Times are in ms after the stimulus; where the stimulus is not
/// known, after the shock's artefact if one was seen, else after the first sample of the sweep
/// (`stimulus_known` is false then).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepMeasurement {
    /// The sweep measured.
    pub sweep: SweepId,
    /// Method and version (`motor/1`).
    pub method: String,
    /// Whether times count from a known stimulus.
    pub stimulus_known: bool,
    /// The moment that times count from, seconds after the first sample of the sweep.
    #[serde(default)]
    pub zero_s: f64,
    /// Values from the markers as they stand, a person's included; `None`: no response.
    pub motor: Option<MotorMeasurement>,
    /// What the analysis found by itself, for comparison.
    pub automatic: Option<MotorMeasurement>,
    /// Who placed each marker, in the order of [`MarkerKind::ALL`].
    pub origins: [MarkerOrigin; 4],
    /// What weakens the numbers.
    pub quality: Vec<QualityFlag>,
}

/// A compound muscle action potential. Positive numbers are negative (upward) deflections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MotorMeasurement {
    /// Onset latency, ms.
    pub onset_ms: f64,
    /// Latency of the negative peak, ms.
    pub peak_ms: f64,
    /// End of the negative phase, ms.
    pub neg_end_ms: f64,
    /// Latency of the positive peak, ms.
    pub pos_peak_ms: Option<f64>,
    /// Baseline to negative peak, microvolts.
    pub amp_uv: f64,
    /// Negative peak to positive peak, microvolts.
    pub pp_uv: Option<f64>,
    /// Duration of the negative phase, ms.
    pub duration_ms: f64,
    /// Area under the negative phase, microvolt milliseconds.
    pub area_uvms: f64,
    /// Baseline that amplitude and area are taken from, microvolts.
    pub baseline_uv: f64,
}

impl MotorMeasurement {
    /// Latency of one marker, ms.
    pub fn marker_ms(&self, kind: MarkerKind) -> Option<f64> {
        match kind {
            MarkerKind::Onset => Some(self.onset_ms),
            MarkerKind::NegativePeak => Some(self.peak_ms),
            MarkerKind::NegativeEnd => Some(self.neg_end_ms),
            MarkerKind::PositivePeak => self.pos_peak_ms,
        }
    }
}

/// Values between two neighbouring sites of a test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentMeasurement {
    /// Distance between the sites, mm.
    pub distance_mm: Option<f64>,
    /// Latency difference, ms.
    pub latency_difference_ms: f64,
    /// Conduction velocity, m/s; `None` without a distance or with a difference that is not positive.
    pub velocity_mps: Option<f64>,
    /// Amplitude relative to the distal site, percent.
    pub relative_amplitude_pct: f64,
}

/// Kinds of doubt about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityKind {
    /// Signal reaches the converter's limits.
    Saturation,
    /// Stimulus artefact runs into the onset.
    Artefact,
    /// Noise is large against the response.
    Noise,
    /// Mains interference.
    Mains,
    /// The baseline wanders.
    Drift,
    /// A positive deflection comes before the negative one.
    InitialPositivity,
    /// The sweep ends before the response does.
    TooShort,
    /// The stimulus time is not known.
    StimulusUnknown,
    /// A distance or velocity that cannot be right.
    ImplausibleDistance,
}

impl QualityKind {
    /// Whether an onset found in spite of it is to be shown as doubtful.
    pub fn weakens_onset(self) -> bool {
        matches!(self, Self::Artefact | Self::Noise | Self::InitialPositivity | Self::Saturation)
    }
}

/// One doubt, in words with numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityFlag {
    /// What kind.
    pub kind: QualityKind,
    /// A sentence for the reader, with numbers and units.
    pub what: String,
}
