//! What analyses say: values with their method, markers and quality.

use serde::{Deserialize, Serialize};

use super::{Chart, MarkerKind, MarkerOrigin, Summary, SweepId, Table};

/// The measurement of a whole test: its sweeps, what follows from them together, and how that is
/// shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestMeasurement {
    /// Method and version (`motor/3`).
    pub method: String,
    /// One entry for each sweep that was measured, averages (see [`average_id`]) included.
    pub sweeps: Vec<SweepMeasurement>,
    /// Values of the test as a whole.
    pub summary: Summary,
    /// The same as tables, for reading, printing and export.
    pub tables: Vec<Table>,
    /// And as charts (recruitment curves, scans, trains).
    pub charts: Vec<Chart>,
    /// What weakens the test as a whole.
    pub quality: Vec<QualityFlag>,
}

impl TestMeasurement {
    /// The measurement of one sweep.
    pub fn sweep(&self, id: SweepId) -> Option<&SweepMeasurement> {
        self.sweeps.iter().find(|sweep| sweep.sweep == id)
    }
}

/// Numbers of averages begin here; no examination has so many sweeps.
const AVERAGES: SweepId = 1 << 24;

/// The number of the average of the sweeps of a site, of which `first` is the first one.
pub fn average_id(first: SweepId) -> SweepId {
    AVERAGES + first
}

/// The first sweep of the site of which `id` is the average; `None` when it is no average.
pub fn averaged_site(id: SweepId) -> Option<SweepId> {
    id.checked_sub(AVERAGES)
}

/// Why a sweep is left out whose samples are not there: what it held is not known.
pub const MISSING_SAMPLES: &str = "its samples are missing";

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
    /// The direct response (CMAP, SNAP, M wave, MEP, R1) from the markers as they stand, a
    /// person's included; `None`: no response.
    pub response: Option<Response>,
    /// What the analysis found by itself, for comparison.
    pub automatic: Option<Response>,
    /// Later responses (F, A, H, R2, silent period) as they stand, in order of time.
    pub late: Vec<LateResponse>,
    /// The later responses that the analysis found by itself.
    pub automatic_late: Vec<LateResponse>,
    /// Markers that a person placed.
    pub placed: Vec<MarkerKind>,
    /// Left out of averages and summaries, and why.
    pub left_out: Option<String>,
    /// What weakens the numbers.
    pub quality: Vec<QualityFlag>,
}

impl SweepMeasurement {
    /// Whether its samples are missing: it has no response that could be looked for.
    pub fn is_missing(&self) -> bool {
        self.left_out.as_deref() == Some(MISSING_SAMPLES)
    }

    /// Who placed a marker.
    pub fn origin(&self, kind: MarkerKind) -> MarkerOrigin {
        if self.placed.contains(&kind) { MarkerOrigin::Person } else { MarkerOrigin::Automatic }
    }

    /// Latency of a marker as it stands, ms.
    pub fn marker_ms(&self, kind: MarkerKind) -> Option<f64> {
        marker_ms(self.response.as_ref(), &self.late, kind)
    }

    /// Latency of a marker where the analysis puts it, ms.
    pub fn automatic_ms(&self, kind: MarkerKind) -> Option<f64> {
        marker_ms(self.automatic.as_ref(), &self.automatic_late, kind)
    }

    /// Puts a marker where a person does, before the values that follow from it are known.
    pub fn expect(&mut self, kind: MarkerKind, ms: f64) {
        if !self.placed.contains(&kind) {
            self.placed.push(kind);
        }
        if let Some(response) = &mut self.response {
            match kind {
                MarkerKind::Onset => response.onset_ms = ms,
                MarkerKind::NegativePeak => response.peak_ms = ms,
                MarkerKind::NegativeEnd => response.neg_end_ms = ms,
                MarkerKind::PositivePeak => response.pos_peak_ms = Some(ms),
                MarkerKind::InitialPositive => response.initial_positive_ms = Some(ms),
                MarkerKind::LateOnset | MarkerKind::LateEnd => {}
            }
        }
        if let Some(late) = self.late.iter_mut().find(|late| late.kind != LateKind::A) {
            match kind {
                MarkerKind::LateOnset => late.onset_ms = ms,
                MarkerKind::LateEnd => late.end_ms = Some(ms),
                _ => {}
            }
        }
    }

    /// The later response that the late markers stand on: the first one that is no A wave.
    pub fn main_late(&self) -> Option<&LateResponse> {
        main_late(&self.late)
    }
}

fn main_late(late: &[LateResponse]) -> Option<&LateResponse> {
    late.iter().find(|late| late.kind != LateKind::A)
}

fn marker_ms(response: Option<&Response>, late: &[LateResponse], kind: MarkerKind) -> Option<f64> {
    match kind {
        MarkerKind::LateOnset => main_late(late).map(|late| late.onset_ms),
        MarkerKind::LateEnd => main_late(late).and_then(|late| late.end_ms),
        _ => response.and_then(|response| response.marker_ms(kind)),
    }
}

/// A compound muscle or nerve action potential. Positive numbers are negative (upward) deflections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Onset latency, ms.
    pub onset_ms: f64,
    /// Latency of the negative peak, ms.
    pub peak_ms: f64,
    /// End of the negative phase, ms.
    pub neg_end_ms: f64,
    /// Latency of the positive peak behind the negative phase, ms.
    pub pos_peak_ms: Option<f64>,
    /// Latency of the positive peak in front of the negative phase, ms (sensory responses).
    #[serde(default)]
    pub initial_positive_ms: Option<f64>,
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

impl Response {
    /// Latency of one marker, ms; `None` for those of later responses.
    pub fn marker_ms(&self, kind: MarkerKind) -> Option<f64> {
        match kind {
            MarkerKind::Onset => Some(self.onset_ms),
            MarkerKind::NegativePeak => Some(self.peak_ms),
            MarkerKind::NegativeEnd => Some(self.neg_end_ms),
            MarkerKind::PositivePeak => self.pos_peak_ms,
            MarkerKind::InitialPositive => self.initial_positive_ms,
            MarkerKind::LateOnset | MarkerKind::LateEnd => None,
        }
    }
}

/// Kinds of responses behind the direct one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateKind {
    /// F wave.
    F,
    /// A wave (axon reflex).
    A,
    /// H reflex.
    H,
    /// R1 of the blink reflex, where it is not the direct response.
    R1,
    /// R2 of the blink reflex.
    R2,
    /// Silence of a contracting muscle.
    SilentPeriod,
    /// Another one.
    Other,
}

impl LateKind {
    /// Name in the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::A => "A",
            Self::H => "H",
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::SilentPeriod => "Silent period",
            Self::Other => "Late response",
        }
    }
}

/// A response behind the direct one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LateResponse {
    /// What it is.
    pub kind: LateKind,
    /// Onset latency, ms.
    pub onset_ms: f64,
    /// Its end, ms, where that is measured.
    pub end_ms: Option<f64>,
    /// Baseline to negative peak, microvolts.
    pub amp_uv: f64,
    /// Peak to peak, microvolts.
    pub pp_uv: f64,
}

/// Values between two sites of a test, or between the most distal one and the recording electrode.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentMeasurement {
    /// Index of the distal site; `None`: the recording electrode (sensory studies).
    pub from: Option<usize>,
    /// Index of the proximal site.
    pub to: usize,
    /// Distance, mm.
    pub distance_mm: Option<f64>,
    /// Latency difference, ms.
    pub latency_difference_ms: f64,
    /// Conduction velocity, m/s; `None` without a distance or with a difference that is not positive.
    pub velocity_mps: Option<f64>,
    /// Amplitude relative to the distal site, percent; NaN where there is none.
    pub relative_amplitude_pct: f64,
    /// Fall of the negative-phase area from the distal to the proximal site, percent.
    pub area_drop_pct: Option<f64>,
    /// Rise of the negative-phase duration, percent.
    pub duration_increase_pct: Option<f64>,
    /// What a published criterion makes of it (conduction block, temporal dispersion).
    pub finding: Option<Finding>,
    /// What is doubtful about distance or velocity.
    pub doubt: Option<QualityFlag>,
}

/// What a published criterion says of a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// In the field's words (`definite conduction block`).
    pub what: String,
    /// The criterion in a sentence, with its numbers.
    pub why: String,
    /// Where it is published.
    pub source: String,
    /// Whether the figures were read again in the source: `primary`, `secondary` or `recall`.
    pub verified: String,
}

impl Finding {
    /// Whether its figures were not read again in the source.
    pub fn unverified(&self) -> bool {
        self.verified == "recall"
    }
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
    /// A velocity is asked for and there is no distance.
    MissingDistance,
    /// The response still grew with the strongest stimuli.
    Submaximal,
    /// The limb is colder than the limits assume.
    ColdLimb,
    /// Too few sweeps for what is asked.
    TooFew,
    /// The response changes in a way that is no physiology (movement, a slipped electrode).
    Movement,
    /// A sweep was left out.
    LeftOut,
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
