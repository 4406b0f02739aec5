//! Surface EMG: bursts with onset and offset, envelope, mean and median frequency, fatigue.
//!
//! `bursts` finds contractions, `spectrum` their frequencies and the trend, `show` makes tables and
//! charts. The signal is passed once, a million samples a step, into the power of milliseconds;
//! memory beside the input is small.
//!
//! **NaN** and samples beyond any amplifier are gaps: they belong to no contraction.

mod bursts;
mod show;
mod spectrum;

use super::pieces::{plausible_rate, samples};
use crate::analysis::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::dsp::fft::RealFft;
use crate::model::{SignalMeasurement, SignalTask};

use bursts::{Contractions, Power};
pub use spectrum::Trend;

/// Samples that a step covers.
const STEP: usize = 1_000_000;

/// One contraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Onset, seconds.
    pub on_s: f64,
    /// End, seconds.
    pub off_s: f64,
    /// Root mean square, microvolts.
    pub rms_uv: f64,
    /// Mean frequency, Hz; NaN when there is no power above the rest's.
    pub mean_hz: f64,
    /// Median frequency, Hz.
    pub median_hz: f64,
}

/// What a recording shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Contractions in order.
    pub bursts: Vec<Burst>,
    /// Root mean square between them, microvolts; NaN when there is no rest.
    pub rest_uv: f64,
    /// Whether the recording is one contraction without rest, whose onset and end are not in it.
    pub sustained: bool,
    /// Times in seconds and median frequencies in Hz that the trend goes through: one a burst, or
    /// one every two seconds of long ones.
    pub medians: Vec<[f64; 2]>,
    /// The trend of the median frequency.
    pub trend: Option<Trend>,
    /// Times in seconds and root mean square over 50 ms in microvolts, thinned for a chart.
    pub envelope: Vec<[f64; 2]>,
}

/// The analyzer.
pub struct Surface;

impl SignalAnalyzer for Surface {
    fn task(&self) -> SignalTask {
        SignalTask::Surface
    }

    fn name(&self) -> &'static str {
        "surface/1"
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        Box::new(Work::new(input))
    }
}

/// Measures a whole recording at once.
pub fn measure(input: SignalInput) -> Measured {
    let mut work = Work::new(input);
    while work.step().is_some() {}
    work.done
}

/// The analysis of one recording.
struct Work {
    input: SignalInput,
    power: Option<Power>,
    found: Option<Contractions>,
    /// Next contraction to measure.
    next: usize,
    rest: Option<crate::dsp::spectrum::Density>,
    fft: RealFft,
    done: Measured,
}

impl Work {
    fn new(input: SignalInput) -> Self {
        let power = plausible_rate(input.fs_hz).then(|| Power::new(input.fs_hz)).flatten();
        Self { input, power, found: None, next: 0, rest: None, fft: RealFft::new(), done: Measured::default() }
    }
}

impl SignalAnalysis for Work {
    fn step(&mut self) -> Option<f64> {
        let power = self.power.as_mut()?;
        let n = self.input.uv.len();
        if power.at < n {
            power.pass(&self.input.uv[power.at..(power.at + STEP).min(n)]);
            return Some(0.7 * power.at as f64 / n as f64);
        }
        let fs_hz = self.input.fs_hz;
        let Some(found) = &self.found else {
            let found = bursts::find(power, &self.input.uv, fs_hz)?;
            self.done.rest_uv = found.rest_uv;
            self.done.sustained = found.sustained;
            self.done.envelope = found.envelope.clone();
            self.rest = spectrum::rest(&mut self.fft, &self.input.uv, fs_hz, &found.spans);
            self.found = Some(found);
            return Some(0.75);
        };
        if let Some(&span) = found.spans.get(self.next) {
            self.next += 1;
            let uv = &self.input.uv[span[0]..span[1]];
            self.done.bursts.push(spectrum::burst(&mut self.fft, uv, span, fs_hz, self.rest.as_ref()));
            self.done.medians.extend(spectrum::medians(&mut self.fft, uv, span, fs_hz, self.rest.as_ref()));
            return Some(0.75 + 0.25 * self.next as f64 / found.spans.len() as f64);
        }
        // Long ones are followed piece by piece; short ones, or both, by one value each.
        if !spectrum::only_long(&found.spans, samples(spectrum::LONG_S, fs_hz)) {
            self.done.medians = spectrum::one_each(&self.done.bursts);
        }
        self.done.trend = spectrum::trend(&self.done.medians);
        None
    }

    fn measurement(&self) -> SignalMeasurement {
        show::measurement(&self.input, &self.done)
    }
}
