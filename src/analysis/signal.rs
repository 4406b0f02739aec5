//! Analyses of continuous signals, in steps: one [`SignalAnalyzer`] a task.

use super::needle;
use crate::model::{EditedTrain, SignalMeasurement, SignalTask, TrainChange};

/// A stretch of one channel as analyzers see it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalInput {
    /// Samples, microvolts, upward negative; NaN where none is valid.
    pub uv: Vec<f64>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Muscle or name of the channel, as far as known.
    pub muscle: String,
    /// Age of the person examined, years.
    pub age_years: Option<f64>,
}

/// Answers one task.
pub trait SignalAnalyzer: Sync {
    /// Which.
    fn task(&self) -> SignalTask;

    /// Name and version; goes into every measurement.
    fn name(&self) -> &'static str;

    /// Begins; cheap. The work is done in [`SignalAnalysis::step`].
    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis>;
}

/// An analysis under way.
pub trait SignalAnalysis {
    /// Does a piece of work of some ten milliseconds; the part done so far, 0 to 1, or `None` when
    /// nothing is left to do.
    fn step(&mut self) -> Option<f64>;

    /// What is known so far. Times count from the start of the input.
    fn measurement(&self) -> SignalMeasurement;

    /// Takes a person's trains in place of those found; `None`: those found. Times count from the
    /// start of the input. `true` when that takes further steps.
    fn revise(&mut self, _trains: Option<Vec<EditedTrain>>) -> bool {
        false
    }

    /// All trains as they would be after a change; [`Self::revise`] takes them.
    ///
    /// # Errors
    /// A sentence when the change cannot be made.
    fn changed(&self, _change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
        Err("The trains of this analysis cannot be changed.".into())
    }
}

/// An analysis that is done in one piece.
pub struct Once<F: FnOnce(&SignalInput) -> SignalMeasurement> {
    work: Option<(F, SignalInput)>,
    done: SignalMeasurement,
}

impl<F: FnOnce(&SignalInput) -> SignalMeasurement> Once<F> {
    /// From its work.
    pub fn new(input: SignalInput, work: F) -> Self {
        Self { work: Some((work, input)), done: SignalMeasurement::default() }
    }
}

impl<F: FnOnce(&SignalInput) -> SignalMeasurement> SignalAnalysis for Once<F> {
    fn step(&mut self) -> Option<f64> {
        if let Some((work, input)) = self.work.take() {
            self.done = work(&input);
        }
        None
    }

    fn measurement(&self) -> SignalMeasurement {
        self.done.clone()
    }
}

/// The registry: one line a task.
static ANALYZERS: &[&dyn SignalAnalyzer] = &[
    &needle::rest::RestAnalyzer,
    &needle::units::Units,
    &needle::interference::Interference,
    &needle::jitter::Jitter,
    &needle::surface::Surface,
];

/// Who answers a task.
pub fn signal_analyzer(task: SignalTask) -> Option<&'static dyn SignalAnalyzer> {
    ANALYZERS.iter().copied().find(|analyzer| analyzer.task() == task)
}
