//! Which nerve, which site, which sweep: the structure of a nerve conduction examination.

use serde::{Deserialize, Serialize};

/// Index of a sweep in [`Examination::sweeps`]; stable for the same files.
pub type SweepId = usize;

/// All nerve tests of a study.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// Tests in the order in which they were done.
    pub tests: Vec<NerveTest>,
    /// Every stimulus-locked sweep; sites refer to them by index.
    pub sweeps: Vec<Sweep>,
}

/// What kind of nerve test it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// Motor nerve conduction.
    #[default]
    Motor,
    /// Sensory nerve conduction.
    Sensory,
    /// F response.
    FWave,
    /// Somatosensory evoked potential.
    Sep,
    /// Stimulus-locked sweeps of a kind that is not known.
    Unknown,
}

/// Side of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// One nerve tested with one pair of recording electrodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NerveTest {
    /// What was done.
    pub kind: TestKind,
    /// Side, when known.
    pub side: Option<Side>,
    /// Nerve, in the field's words (`Median`); empty when unknown.
    pub nerve: String,
    /// Where the response was recorded: muscle or skin site (`APB`).
    pub recorded_from: String,
    /// Skin temperature in degrees Celsius, and where it was measured.
    pub temperature_c: Option<f64>,
    /// Stimulation sites, distal first.
    pub sites: Vec<Site>,
}

/// One stimulation site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Name (`Wrist`, `StimA`).
    pub name: String,
    /// Distance to the next more distal site (to the recording electrode for the first), mm.
    pub distance_mm: Option<f64>,
    /// Sweeps recorded from this site.
    pub sweeps: Vec<SweepId>,
}

/// What was delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stimulus {
    /// Current in mA.
    pub current_ma: Option<f64>,
    /// Pulse duration in ms.
    pub pulse_ms: Option<f64>,
}

/// A stretch of one channel around one stimulus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Index of the recording in the study.
    pub recording: usize,
    /// Channel index.
    pub channel: usize,
    /// First stored sample.
    pub start: u64,
    /// Number of samples.
    pub n: u64,
    /// Stimulus, in seconds after the first sample of the sweep; `None` when unknown.
    pub stimulus_s: Option<f64>,
    /// Stored values are turned over: positive means that E1 is positive.
    pub turned: bool,
    /// What was delivered, when known.
    pub stimulus: Stimulus,
    /// How many single responses were averaged, when known.
    pub averaged: Option<u32>,
}
