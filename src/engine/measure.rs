//! The measurements of every sweep as data: the one source of `measure --json` on the command line
//! and in the browser.
//!
//! Times are ms after the stimulus (`stimulus_known`), else after what `zero_ms` names, which is
//! counted from the first sample of the sweep. Positive amplitudes are negative deflections. Numbers
//! are rounded to six decimals (nanoseconds, picovolts). A sweep without a response has
//! `present: false` and `null` numbers. **Cost**: reads the samples of each sweep once.

use serde::Serialize;
use serde_json::Value;

use super::protocol::NeedleView;
use crate::analysis::{self, Context};
use crate::formats::Opened;
use crate::model::{
    Edits, Finding, NerveTest, QualityFlag, SampleError, SegmentMeasurement, SweepMeasurement, Table, TestKind, Warning, averaged_site,
};

/// All tests and sweeps of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The file, as the person named it.
    pub file: String,
    /// One entry a test.
    pub tests: Vec<TestRow>,
    /// One entry a sweep (averages included), in the order of the tests.
    pub sweeps: Vec<SweepRow>,
    /// Values between neighbouring sites.
    pub segments: Vec<SegmentRow>,
    /// The table of the needle examination; not printed while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needle: Option<NeedleView>,
    /// What was odd about the file.
    pub warnings: Vec<Warning>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestRow {
    /// Heading (`L Median motor (APB)`).
    pub title: String,
    /// Kind.
    pub kind: TestKind,
    /// Method and version.
    pub method: String,
    /// Values of the test as a whole ([`Summary`](crate::model::Summary)); `study` names the type.
    pub summary: Value,
    /// The tables as they are shown, for printing.
    #[serde(skip)]
    pub tables: Vec<Table>,
    /// What weakens the test as a whole.
    pub quality: Vec<QualityFlag>,
}

/// One sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow {
    /// Index of the sweep; averages have numbers from 16777216 on.
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
    /// Later responses (F, H, R2, A, silent period).
    pub late: Value,
    /// Why the sweep was left out of averages and summaries.
    pub left_out: Option<String>,
    /// What weakens the numbers.
    pub quality: Vec<QualityFlag>,
}

/// Values between a site and the next more distal one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRow {
    /// Nerve of the test.
    pub nerve: String,
    /// Distal site; `electrode` for the recording electrode.
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
    /// Fall of the area of the negative phase, percent.
    pub area_drop_pct: Option<f64>,
    /// Rise of its duration, percent.
    pub duration_increase_pct: Option<f64>,
    /// What a published criterion makes of it.
    pub finding: Option<Finding>,
    /// What is doubtful about distance or velocity.
    pub doubt: Option<QualityFlag>,
}

/// Measures every test of the study of what was opened from `file`. A table of muscles comes from a
/// person's edits ([`of_edits`](super::muscles::of_edits)).
///
/// # Errors
/// When the bytes behind the samples cannot be read.
pub fn measure(opened: &Opened, file: &str) -> Result<Measured, SampleError> {
    let study = &opened.study;
    let mut out = Measured {
        file: file.to_owned(),
        tests: Vec::new(),
        sweeps: Vec::new(),
        segments: Vec::new(),
        needle: None,
        warnings: opened.warnings.clone(),
    };
    let edits = Edits::default();
    for (index, test) in study.examination.tests.iter().enumerate() {
        let Some(input) = analysis::input(&study.recordings, &study.examination, &opened.samples, &edits, index)? else { continue };
        let context =
            Context { test, placed: &[], no_response: &[], height_cm: study.subject.height_cm, age_years: study.subject.age_years };
        let measured = analysis::analyze(&input).measurement(&context);
        out.sweeps.extend(measured.sweeps.iter().map(|sweep| row(opened, test, sweep)));
        out.segments.extend(measured.summary.segments().iter().map(|segment| segment_row(test, segment)));
        out.tests.push(TestRow {
            title: super::view::title(test, index),
            kind: test.kind,
            method: measured.method,
            summary: rounded_value(serde_json::to_value(&measured.summary).unwrap_or_default()),
            tables: measured.tables,
            quality: measured.quality,
        });
    }
    Ok(out)
}

fn segment_row(test: &NerveTest, segment: &SegmentMeasurement) -> SegmentRow {
    let name = |site: usize| test.sites.get(site).map(|s| s.name.clone()).unwrap_or_default();
    SegmentRow {
        nerve: test.nerve.clone(),
        from: segment.from.map_or_else(|| "electrode".to_owned(), name),
        to: name(segment.to),
        distance_mm: segment.distance_mm,
        latency_difference_ms: rounded(segment.latency_difference_ms),
        velocity_mps: segment.velocity_mps.map(rounded),
        relative_amplitude_pct: rounded(segment.relative_amplitude_pct),
        area_drop_pct: segment.area_drop_pct.map(rounded),
        duration_increase_pct: segment.duration_increase_pct.map(rounded),
        finding: segment.finding.clone(),
        doubt: segment.doubt.clone(),
    }
}

/// All numbers of a value, as [`rounded`].
pub(super) fn rounded_value(value: Value) -> Value {
    match value {
        Value::Number(number) if !(number.is_i64() || number.is_u64()) => {
            number.as_f64().and_then(|value| serde_json::Number::from_f64(rounded(value))).map_or(Value::Null, Value::Number)
        }
        Value::Array(list) => Value::Array(list.into_iter().map(rounded_value).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, rounded_value(value))).collect()),
        other => other,
    }
}

/// To six decimals of a millisecond or microvolt: the last bits of a fit differ between processors,
/// mean nothing, and would make the same sweep read differently in the browser.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn row(opened: &Opened, test: &NerveTest, m: &SweepMeasurement) -> SweepRow {
    let study = &opened.study;
    let first = averaged_site(m.sweep).unwrap_or(m.sweep);
    let channel = study.examination.sweeps.get(first).and_then(|s| study.recordings.get(s.recording)?.channels.get(s.channel));
    let site = test.sites.iter().find(|site| site.sweeps.contains(&first));
    let response = m.response.as_ref();
    SweepRow {
        sweep: m.sweep,
        channel: channel.map(|c| c.name.clone()).unwrap_or_default(),
        kind: Some(test.kind),
        nerve: Some(test.nerve.clone()).filter(|n| !n.is_empty()),
        site: site.map(|site| site.name.clone()).filter(|n| !n.is_empty()),
        method: m.method.clone(),
        stimulus_known: m.stimulus_known,
        zero_ms: rounded(m.zero_s * 1e3),
        present: response.is_some(),
        onset_ms: response.map(|v| rounded(v.onset_ms)),
        peak_ms: response.map(|v| rounded(v.peak_ms)),
        neg_end_ms: response.map(|v| rounded(v.neg_end_ms)),
        pos_peak_ms: response.and_then(|v| v.pos_peak_ms).map(rounded),
        amp_uv: response.map(|v| rounded(v.amp_uv)),
        pp_uv: response.and_then(|v| v.pp_uv).map(rounded),
        duration_ms: response.map(|v| rounded(v.duration_ms)),
        area_uvms: response.map(|v| rounded(v.area_uvms)),
        baseline_uv: response.map(|v| rounded(v.baseline_uv)),
        late: rounded_value(serde_json::to_value(&m.late).unwrap_or_default()),
        left_out: m.left_out.clone(),
        quality: m.quality.clone(),
    }
}
