//! The measurements of every sweep as data: the one source of `measure --json` on the command line
//! and in the browser.
//!
//! Times are ms after the stimulus (`stimulus_known`), else after what `zero_ms` names, which is
//! counted from the first sample of the sweep. Positive amplitudes are negative deflections. Numbers
//! are rounded to six decimals (nanoseconds, picovolts). A sweep without a response has
//! `present: false` and `null` numbers. **Cost**: reads the samples of each sweep once.

use serde::Serialize;

use crate::analysis;
use crate::formats::Opened;
use crate::model::{QualityFlag, SampleError, SweepMeasurement, TestKind, Warning};

/// All sweeps of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The file, as the person named it.
    pub file: String,
    /// One entry a sweep, in the order of the examination.
    pub sweeps: Vec<SweepRow>,
    /// Values between neighbouring sites.
    pub segments: Vec<SegmentRow>,
    /// What was odd about the file.
    pub warnings: Vec<Warning>,
}

/// One sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow {
    /// Index of the sweep.
    pub sweep: usize,
    /// Channel that it was recorded in.
    pub channel: String,
    /// Kind of the test it belongs to.
    pub kind: Option<TestKind>,
    /// Nerve of the test.
    pub nerve: Option<String>,
    /// Stimulation site.
    pub site: Option<String>,
    /// Method and version.
    pub method: String,
    /// Whether times count from a known stimulus.
    pub stimulus_known: bool,
    /// What times count from, ms after the first sample of the sweep.
    pub zero_ms: f64,
    /// Whether there is a response.
    pub present: bool,
    /// Onset latency.
    pub onset_ms: Option<f64>,
    /// Latency of the negative peak.
    pub peak_ms: Option<f64>,
    /// End of the negative phase.
    pub neg_end_ms: Option<f64>,
    /// Latency of the positive peak.
    pub pos_peak_ms: Option<f64>,
    /// Baseline to negative peak.
    pub amp_uv: Option<f64>,
    /// Negative to positive peak.
    pub pp_uv: Option<f64>,
    /// Duration of the negative phase.
    pub duration_ms: Option<f64>,
    /// Area of the negative phase.
    pub area_uvms: Option<f64>,
    /// Baseline.
    pub baseline_uv: Option<f64>,
    /// What weakens the numbers.
    pub quality: Vec<QualityFlag>,
}

/// Values between a site and the next more distal one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRow {
    /// Nerve of the test.
    pub nerve: String,
    /// Distal site.
    pub from: String,
    /// Proximal site.
    pub to: String,
    /// Distance.
    pub distance_mm: Option<f64>,
    /// Latency difference.
    pub latency_difference_ms: f64,
    /// Conduction velocity, when a distance is known.
    pub velocity_mps: Option<f64>,
    /// Amplitude relative to the distal site.
    pub relative_amplitude_pct: f64,
    /// What is doubtful about distance or velocity.
    pub doubt: Option<QualityFlag>,
}

/// Measures every sweep of the study of what was opened from `file`.
///
/// # Errors
/// When the bytes behind the samples cannot be read.
pub fn measure(opened: &Opened, file: &str) -> Result<Measured, SampleError> {
    let study = &opened.study;
    let mut measurements = Vec::new();
    for (id, sweep) in study.examination.sweeps.iter().enumerate() {
        let Some(samples) = opened.samples.get(sweep.recording) else { continue };
        let input = analysis::input(&study.recordings, &study.examination, samples.as_ref(), id)?;
        measurements.extend(input.map(|input| analysis::analyzer_for(input.kind).analyze(&input).measurement(&[], false)));
    }
    let of_sweep = |id| measurements.iter().find(|m| m.sweep == id);
    let segments = analysis::segments(&study.examination, of_sweep).into_iter().filter_map(|between| {
        let test = study.examination.tests.get(between.test)?;
        let name = |site: usize| test.sites.get(site).map(|s| s.name.clone()).unwrap_or_default();
        Some(SegmentRow {
            nerve: test.nerve.clone(),
            from: name(between.site.saturating_sub(1)),
            to: name(between.site),
            distance_mm: between.segment.distance_mm,
            latency_difference_ms: rounded(between.segment.latency_difference_ms),
            velocity_mps: between.segment.velocity_mps.map(rounded),
            relative_amplitude_pct: rounded(between.segment.relative_amplitude_pct),
            doubt: between.doubt,
        })
    });
    let segments = segments.collect();
    let sweeps = measurements.iter().map(|m| row(opened, m)).collect();
    Ok(Measured { file: file.to_owned(), sweeps, segments, warnings: opened.warnings.clone() })
}

/// To six decimals of a millisecond or microvolt: the last bits of a fit differ between processors,
/// mean nothing, and would make the same sweep read differently in the browser.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn row(opened: &Opened, m: &SweepMeasurement) -> SweepRow {
    let study = &opened.study;
    let channel = study.examination.sweeps.get(m.sweep).and_then(|s| study.recordings.get(s.recording)?.channels.get(s.channel));
    let place = study.examination.tests.iter().find_map(|t| t.sites.iter().find(|s| s.sweeps.contains(&m.sweep)).map(|s| (t, s)));
    let motor = m.motor.as_ref();
    SweepRow {
        sweep: m.sweep,
        channel: channel.map(|c| c.name.clone()).unwrap_or_default(),
        kind: place.map(|(test, _)| test.kind),
        nerve: place.map(|(test, _)| test.nerve.clone()).filter(|n| !n.is_empty()),
        site: place.map(|(_, site)| site.name.clone()).filter(|n| !n.is_empty()),
        method: m.method.clone(),
        stimulus_known: m.stimulus_known,
        zero_ms: rounded(m.zero_s * 1e3),
        present: motor.is_some(),
        onset_ms: motor.map(|v| rounded(v.onset_ms)),
        peak_ms: motor.map(|v| rounded(v.peak_ms)),
        neg_end_ms: motor.map(|v| rounded(v.neg_end_ms)),
        pos_peak_ms: motor.and_then(|v| v.pos_peak_ms).map(rounded),
        amp_uv: motor.map(|v| rounded(v.amp_uv)),
        pp_uv: motor.and_then(|v| v.pp_uv).map(rounded),
        duration_ms: motor.map(|v| rounded(v.duration_ms)),
        area_uvms: motor.map(|v| rounded(v.area_uvms)),
        baseline_uv: motor.map(|v| rounded(v.baseline_uv)),
        quality: m.quality.clone(),
    }
}
