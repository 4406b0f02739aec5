//! Sweeps around moments of a continuous signal, and its spectrogram: what is asked, what comes back.

use serde::{Deserialize, Serialize};

/// What makes a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// These moments, seconds of recording time: the discharges of a train.
    Moments(Vec<f64>),
    /// The signal passes this value, in its unit as it is shown, away from zero. For as long as a sweep
    /// lasts no other begins.
    Level(f64),
    /// The same, but only where it comes back without reaching the second value, which is farther from
    /// zero: potentials of one height.
    Window(f64, f64),
    /// Nothing: sweeps follow each other without a break.
    Free,
}

/// Sweeps of a signal around its triggers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TriggeredKey {
    /// Signal shown in the lane.
    pub signal: u32,
    /// Its values are turned over.
    pub turned: bool,
    /// Look for triggers from here, seconds of recording time.
    pub from_s: f64,
    /// To here.
    pub to_s: f64,
    /// What makes a sweep.
    pub trigger: Trigger,
    /// Seconds before the trigger.
    pub before_s: f64,
    /// Seconds behind it.
    pub after_s: f64,
    /// Leave out so many sweeps at the beginning.
    pub skip: usize,
    /// Give so many at most.
    pub most: usize,
    /// Count from the newest one back, and give only those whose end has been recorded.
    #[serde(default)]
    pub newest: bool,
}

/// Sweeps around triggers; their values, sweep after sweep, are in the buffer beside it. Where there is
/// no signal they are NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TriggeredView {
    /// What was asked.
    pub key: TriggeredKey,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Samples of a sweep.
    pub n: usize,
    /// Trigger of each sweep: recording time, seconds, and seconds after its first sample.
    pub sweeps: Vec<(f64, f64)>,
    /// Triggers in the whole stretch.
    pub found: usize,
    /// The end of the stretch that was searched, seconds: less than asked for when it is very long.
    pub searched_to_s: f64,
}

/// A stretch of a signal as a spectrogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpectrogramKey {
    /// Signal shown in the lane.
    pub signal: u32,
    /// From, seconds of recording time.
    pub from_s: f64,
    /// To.
    pub to_s: f64,
    /// Columns.
    pub columns: usize,
}

/// A spectrogram; its power densities, dB of 1 (unit of the signal)² / Hz, column after column and each
/// from zero upwards, are in the buffer beside it. NaN where there is no signal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpectrogramView {
    /// What was asked.
    pub key: SpectrogramKey,
    /// Densities of a column.
    pub rows: usize,
    /// From one density to the next, Hz.
    pub row_hz: f64,
    /// Length of the window of one column, seconds.
    pub window_s: f64,
}
