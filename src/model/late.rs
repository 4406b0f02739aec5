//! What tests of late responses, trains and slow responses say as a whole.

use serde::{Deserialize, Serialize};

use super::SweepId;

/// F waves, site by site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FWaveSummary {
    /// One entry a stimulation site.
    pub sites: Vec<FWaveSite>,
}

/// F waves of one site. Latencies in ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FWaveSite {
    /// Index of the site.
    pub site: usize,
    /// Onset of the M wave: median.
    pub m_latency_ms: Option<f64>,
    /// Amplitude of the M wave, baseline to negative peak, uV: median.
    pub m_amp_uv: Option<f64>,
    /// Stimuli counted.
    pub stimuli: usize,
    /// Those with an F wave.
    pub present: usize,
    /// Share of stimuli with an F wave, percent.
    pub persistence_pct: f64,
    /// Shortest F latency.
    pub min_ms: Option<f64>,
    /// Mean F latency.
    pub mean_ms: Option<f64>,
    /// Longest F latency.
    pub max_ms: Option<f64>,
    /// Longest less shortest.
    pub chronodispersion_ms: Option<f64>,
    /// Shortest F latency less M latency.
    pub f_minus_m_ms: Option<f64>,
    /// F ratio: (F - M - 1) / 2 M, of the shortest latency (Kimura); from the wrist or the ankle the
    /// modified F ratio.
    pub f_ratio: Option<f64>,
    /// Mean peak-to-peak size of the F waves, uV.
    pub mean_pp_uv: Option<f64>,
    /// Mean F over M amplitude, both from the baseline, percent.
    pub f_m_amp_pct: Option<f64>,
    /// Share of F waves that come again in the same shape, percent.
    pub repeaters_pct: Option<f64>,
    /// The A wave, when there is one.
    pub a_wave: Option<AWaveSummary>,
}

/// An A wave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AWaveSummary {
    /// Onset, ms.
    pub onset_ms: f64,
    /// Peak to peak, uV.
    pub pp_uv: f64,
    /// Sweeps that hold it.
    pub sweeps: usize,
}

/// H reflex.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HReflexSummary {
    /// One entry a stimulus, in the order of delivery.
    pub levels: Vec<HLevel>,
    /// Shortest latency of a clear H reflex, ms.
    pub latency_ms: Option<f64>,
    /// Largest H reflex, peak to peak, uV.
    pub h_max_uv: Option<f64>,
    /// Largest M wave, peak to peak, uV.
    pub m_max_uv: Option<f64>,
    /// Largest H over largest M.
    pub h_m_ratio: Option<f64>,
    /// Lowest current with an H reflex, and with an M wave, mA.
    pub h_threshold_ma: Option<f64>,
    /// Lowest current with an M wave, mA.
    pub m_threshold_ma: Option<f64>,
    /// Pairs of stimuli: second over first H reflex, median, percent; `None` without pairs.
    pub paired_pct: Option<f64>,
}

/// M wave and H reflex of one stimulus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HLevel {
    /// The sweep.
    pub sweep: SweepId,
    /// Current, mA.
    pub current_ma: Option<f64>,
    /// M wave, peak to peak, uV.
    pub m_pp_uv: f64,
    /// H reflex, peak to peak, uV.
    pub h_pp_uv: f64,
    /// Onset of the H reflex, ms; `None`: no clear one.
    pub h_onset_ms: Option<f64>,
}

/// Trains of repetitive stimulation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepetitiveSummary {
    /// One entry a train, in the order of the protocol.
    pub trains: Vec<TrainSummary>,
}

/// One train. Changes are percent of the first response; a fall is positive in decrements, a rise
/// in increments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainSummary {
    /// Index of the site that stands for it.
    pub site: usize,
    /// Amplitudes, uV, response by response; NaN where there is none.
    pub amps_uv: Vec<f64>,
    /// Negative-phase areas, uV ms.
    pub areas_uvms: Vec<f64>,
    /// Fall from the first to the fourth response, by amplitude.
    pub decrement4_pct: Option<f64>,
    /// The same to the fifth.
    pub decrement5_pct: Option<f64>,
    /// Largest fall, and which response (from 1).
    pub decrement_largest_pct: Option<f64>,
    /// Number of the smallest response.
    pub smallest: Option<usize>,
    /// Fall from the first to the fourth response, by area.
    pub area_decrement4_pct: Option<f64>,
    /// Largest rise over the first response, by amplitude.
    pub increment_pct: Option<f64>,
    /// First response against the first of the first train, percent change: facilitation or
    /// potentiation after exercise.
    pub facilitation_pct: Option<f64>,
    /// Decrement of the first train less this one's, points: positive is repair, negative exhaustion.
    pub repair_points: Option<f64>,
}

/// Blink reflex: latencies in ms, the shortest consistent ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlinkSummary {
    /// One entry a recording channel and stimulated site.
    pub sides: Vec<BlinkSide>,
}

/// One recording side of a blink reflex.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlinkSide {
    /// Index of the site.
    pub site: usize,
    /// Channel.
    pub channel: String,
    /// Recorded on the stimulated side; `None`: not known.
    pub ipsilateral: Option<bool>,
    /// Trials.
    pub trials: usize,
    /// R1 onset, ms.
    pub r1_ms: Option<f64>,
    /// R1 size, peak to peak, uV.
    pub r1_pp_uv: Option<f64>,
    /// R2 onset, ms.
    pub r2_ms: Option<f64>,
    /// Trials with an R2.
    pub r2_trials: usize,
}

/// Late responses in general (masseter reflex, long-loop responses).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LateSummary {
    /// One entry a site and channel.
    pub sides: Vec<LateSide>,
}

/// One recording side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LateSide {
    /// Index of the site.
    pub site: usize,
    /// Channel.
    pub channel: String,
    /// Trials, and those with a response.
    pub trials: usize,
    /// Trials with a response.
    pub present: usize,
    /// Shortest onset, ms.
    pub min_ms: Option<f64>,
    /// Median onset, ms.
    pub median_ms: Option<f64>,
    /// Largest peak-to-peak size, uV.
    pub largest_pp_uv: Option<f64>,
}

/// Sympathetic skin response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SympatheticSummary {
    /// Shortest latency, s.
    pub latency_s: Option<f64>,
    /// Largest peak-to-peak size, uV.
    pub largest_uv: Option<f64>,
    /// Stimuli and responses.
    pub stimuli: usize,
    /// Responses.
    pub present: usize,
    /// Last over first response, percent: habituation.
    pub last_of_first_pct: Option<f64>,
}

/// Variation of the interval between heart beats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RrSummary {
    /// One entry a sweep.
    pub parts: Vec<RrPart>,
}

/// One stretch of heart beats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RrPart {
    /// The sweep.
    pub sweep: SweepId,
    /// Beats found.
    pub beats: usize,
    /// Mean interval, ms.
    pub mean_ms: Option<f64>,
    /// Standard deviation, ms.
    pub sd_ms: Option<f64>,
    /// Coefficient of variation, percent.
    pub cv_pct: Option<f64>,
    /// Root mean square of successive differences, ms.
    pub rmssd_ms: Option<f64>,
    /// Mean of the longest over mean of the shortest intervals of the breaths (E:I).
    pub ei_ratio: Option<f64>,
    /// Longest interval around beat 30 over shortest around beat 15 after standing up.
    pub ratio_30_15: Option<f64>,
    /// Longest over shortest interval (Valsalva manoeuvre).
    pub longest_shortest: Option<f64>,
}

/// Motor evoked potentials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MepSummary {
    /// One entry a site and channel.
    pub sides: Vec<MepSide>,
}

/// Motor evoked potentials of one site and channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MepSide {
    /// Index of the site.
    pub site: usize,
    /// Channel.
    pub channel: String,
    /// Stimuli.
    pub stimuli: usize,
    /// Responses.
    pub present: usize,
    /// Shortest onset, ms.
    pub onset_ms: Option<f64>,
    /// Largest peak-to-peak size, uV.
    pub largest_pp_uv: Option<f64>,
    /// Median peak-to-peak size, uV.
    pub median_pp_uv: Option<f64>,
    /// Longest cortical silent period, from the stimulus, ms.
    pub silent_end_ms: Option<f64>,
    /// The muscle was contracting before the stimuli.
    pub contracting: bool,
}
