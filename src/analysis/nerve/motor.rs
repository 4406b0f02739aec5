//! Motor conduction: the compound muscle action potential (CMAP) of one stimulus-locked sweep.
//!
//! The sweep is taken apart into background and response (`locate`), the response is smoothed
//! (`curve`) and marked: onset where the wave reaches 1 % of its negative peak in either
//! direction, negative peak, end of the negative phase at the first return through the baseline,
//! positive peak behind it. Only 100 ms before and 150 ms after the stimulus are looked at.
//!
//! Contract: samples that are not finite count as missing; too few of them, a constant sweep or
//! a senseless rate give no measurement, never a panic. Positive numbers are upward, negative at
//! E1. Cost: about 0.3 ms for 50 ms at 20 kHz.

use super::background::Trace;
use super::curve::{Curve, Onset};
use super::locate::locate;
use super::stimulus::{find_shock, spike_end};
use super::{conditions, segment};
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput, quality};
use crate::model::{
    MarkerKind, MotorSummary, NerveTest, PlacedMarker, QualityFlag, Response, SegmentMeasurement, Summary, SweepId, SweepMeasurement,
    TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "motor/3";
/// Stretch looked at, ms before and after the stimulus.
const BEFORE_MS: f64 = 100.0;
const AFTER_MS: f64 = 150.0;

/// Where times count from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zero {
    /// The stimulus, as the file or a person states it.
    Stated(f64),
    /// The shock's artefact found in the sweep.
    Artefact(f64),
    /// The first sample: no stimulus is known or seen.
    SweepStart,
}

impl Zero {
    /// Seconds after the first sample of the sweep.
    pub fn seconds(self) -> f64 {
        match self {
            Self::Stated(s) | Self::Artefact(s) => s,
            Self::SweepStart => 0.0,
        }
    }
}

/// One analysed sweep; kept while markers are dragged, so that each move costs microseconds.
#[derive(Debug, Clone)]
pub struct Analysis {
    zero: Zero,
    curve: Option<Curve>,
    automatic: Option<Response>,
    quality: Vec<QualityFlag>,
}

impl Analysis {
    /// Analyses one sweep.
    ///
    /// `sweep_uv`: samples in microvolts; `stimulus_s`: seconds after the first of them, `None`
    /// when unknown; `limits_uv`: the lowest and highest value that the converter can give.
    pub fn new(sweep_uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>, limits_uv: Option<[f64; 2]>) -> Self {
        let usable = fs_hz.is_finite() && (100.0..=1e7).contains(&fs_hz) && sweep_uv.len() >= 32;
        let inside = |s: &f64| s.is_finite() && *s >= 0.0 && *s * fs_hz < sweep_uv.len() as f64;
        let zero = match stimulus_s.filter(inside) {
            Some(s) => Zero::Stated(s),
            None if usable => find_shock(sweep_uv).map_or(Zero::SweepStart, |i| Zero::Artefact(i as f64 / fs_hz)),
            None => Zero::SweepStart,
        };
        let mut analysis = Self { zero, curve: None, automatic: None, quality: Vec::new() };
        if !usable {
            analysis.quality.push(quality::unusable(sweep_uv.len(), fs_hz));
            return analysis;
        }
        let per_ms = fs_hz * 1e-3;
        let at = zero.seconds() * fs_hz;
        let from = (at - BEFORE_MS * per_ms).ceil().max(0.0) as usize;
        let to = ((at + AFTER_MS * per_ms) as usize).clamp(from, sweep_uv.len());
        let trace = Trace { uv: &sweep_uv[from..to], per_ms, first_ms: (from as f64 - at) / per_ms };
        let artefact = zero != Zero::SweepStart;
        let after_ms = if artefact { spike_end(&trace, limits_uv) } else { 0.0 };
        let mut onset = None;
        if let Some(located) = locate(&trace, after_ms, artefact) {
            let response = located.response;
            analysis.curve = Curve::new(&trace, located);
            if let (Some(curve), Some(response)) = (&analysis.curve, response) {
                let (peak, amp) = curve.peak_between((response.peak_ms - 1.0).max(response.rough_ms), response.peak_ms + 1.0);
                if amp > 0.0 {
                    let found = curve.onset_before(peak, response.dip_ms);
                    let end = curve.end_after(peak);
                    analysis.automatic = Some(curve.values(found.at_ms, peak, end, curve.positive_after(end)));
                    onset = Some(found);
                }
            }
        }
        analysis.quality = quality::flags(&quality::Evidence {
            trace: &trace,
            zero,
            limits_uv,
            curve: analysis.curve.as_ref(),
            automatic: analysis.automatic.as_ref(),
            onset_sd_ms: onset.map_or(f64::NAN, |o: Onset| o.sd_ms),
        });
        analysis
    }

    /// What was found without help; `None`: no response.
    pub fn automatic(&self) -> Option<&Response> {
        self.automatic.as_ref()
    }

    /// What weakens the numbers.
    pub fn quality(&self) -> &[QualityFlag] {
        &self.quality
    }

    /// Where latencies count from.
    pub fn zero(&self) -> Zero {
        self.zero
    }

    /// Values for markers of which a person placed some. Placed ones stay where they are; the
    /// others keep their automatic place unless that no longer fits in order, and are looked
    /// for beside the placed ones then. Of several markers of one kind the last counts.
    pub fn placed(&self, markers: &[PlacedMarker]) -> Response {
        place(self.curve.as_ref(), self.zero.seconds(), self.automatic.as_ref(), markers)
    }
}

/// The analyzer of motor conduction.
#[derive(Debug, Clone, Copy)]
pub struct Motor;

impl Analyzer for Motor {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Motor
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let kind = input.test.kind;
        let method = if kind == TestKind::Motor { METHOD.to_owned() } else { format!("{METHOD} for {}", kind.name().to_lowercase()) };
        let sweeps = input.sweeps.iter().map(AnalyzedSweep::new).collect();
        Box::new(AnalyzedMotor { method, sweeps, left_out: input.left_out.clone() })
    }
}

/// A sweep with a direct response, analysed as a motor response; other analyzers use it for the M
/// wave.
#[derive(Debug, Clone)]
pub struct AnalyzedSweep {
    sweep: SweepId,
    site: usize,
    current_ma: Option<f64>,
    analysis: Analysis,
}

impl AnalyzedSweep {
    /// Analyses a sweep.
    pub fn new(input: &SweepInput) -> Self {
        Self {
            sweep: input.sweep,
            site: input.site,
            current_ma: input.current_ma,
            analysis: Analysis::new(&input.uv, input.fs_hz, input.stimulus_s, input.limits_uv),
        }
    }

    /// The measurement with what a person placed.
    pub fn measurement(&self, method: &str, context: &Context) -> SweepMeasurement {
        let automatic = self.analysis.automatic().copied();
        let own = context.placed_on(self.sweep);
        let response = match (context.no_response.contains(&self.sweep), own.is_empty()) {
            (true, _) => None,
            (false, true) => automatic,
            (false, false) => Some(self.analysis.placed(&own)),
        };
        SweepMeasurement {
            sweep: self.sweep,
            method: method.to_owned(),
            stimulus_known: matches!(self.analysis.zero(), Zero::Stated(_)),
            zero_s: self.analysis.zero().seconds(),
            response,
            automatic,
            placed: MarkerKind::MOTOR.into_iter().filter(|kind| own.iter().any(|m| m.kind == *kind)).collect(),
            quality: self.analysis.quality().to_vec(),
            ..SweepMeasurement::default()
        }
    }
}

struct AnalyzedMotor {
    method: String,
    sweeps: Vec<AnalyzedSweep>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedMotor {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut sweeps: Vec<SweepMeasurement> = self.sweeps.iter().map(|sweep| sweep.measurement(&self.method, context)).collect();
        for sweep in sweeps.iter_mut().filter(|sweep| self.left_out.contains(&sweep.sweep)) {
            sweep.left_out = Some("left out by a person".into());
        }
        let test = context.test;
        // A site counts with its largest response, the supramaximal one.
        let best = |site: usize| {
            let of_site = self.sweeps.iter().zip(&sweeps).filter(|(analyzed, m)| analyzed.site == site && m.left_out.is_none());
            of_site.filter_map(|(_, m)| m.response).max_by(|a, b| a.amp_uv.total_cmp(&b.amp_uv))
        };
        let responses: Vec<Option<Response>> = (0..test.sites.len()).map(best).collect();
        let names: Vec<(usize, &str)> = test.sites.iter().enumerate().map(|(index, site)| (index, site.name.as_str())).collect();
        let segments = (1..test.sites.len()).filter_map(|site| {
            let (distal, proximal) = (responses[site - 1].as_ref()?, responses[site].as_ref()?);
            Some(segment(&test.nerve, [names[site - 1], names[site]], distal, proximal, test.sites[site].distance_mm))
        });
        let segments: Vec<SegmentMeasurement> = segments.collect();
        let mut quality: Vec<QualityFlag> = conditions::cold_limb(test).into_iter().collect();
        for (site, name) in &names {
            let series: Vec<(f64, f64)> = self
                .sweeps
                .iter()
                .zip(&sweeps)
                .filter(|(analyzed, _)| analyzed.site == *site)
                .filter_map(|(analyzed, m)| Some((analyzed.current_ma?, m.response.map_or(0.0, |r| r.amp_uv))))
                .collect();
            quality.extend(conditions::submaximal(name, &series));
        }
        if test.kind == TestKind::Motor {
            quality.extend(conditions::missing_distance(test, false));
        }
        let summary = Summary::Motor(summary(test, &responses, segments));
        TestMeasurement { method: self.method.clone(), sweeps, summary, quality, ..TestMeasurement::default() }
    }
}

/// Residual latency and terminal latency index from the distal site and the segment above it
/// (Kimura, Electrodiagnosis in Diseases of Nerve and Muscle).
fn summary(test: &NerveTest, responses: &[Option<Response>], segments: Vec<SegmentMeasurement>) -> MotorSummary {
    let distal = test.sites.first().and_then(|site| site.distance_mm).filter(|mm| *mm > 0.0);
    let velocity = segments.iter().find(|segment| segment.from == Some(0)).and_then(|segment| segment.velocity_mps);
    let latency = responses.first().copied().flatten().map(|response| response.onset_ms);
    let known = distal.zip(velocity).zip(latency).filter(|((_, velocity), latency)| *velocity > 0.0 && *latency > 0.0);
    MotorSummary {
        segments,
        residual_latency_ms: known.map(|((mm, velocity), latency)| latency - mm / velocity),
        terminal_latency_index: known.map(|((mm, velocity), latency)| mm / (velocity * latency)),
    }
}

/// Measures one sweep: the response, when there is one, and what weakens the numbers.
/// Arguments as in [`Analysis::new`].
pub fn measure(sweep_uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>, limits_uv: Option<[f64; 2]>) -> (Option<Response>, Vec<QualityFlag>) {
    let analysis = Analysis::new(sweep_uv, fs_hz, stimulus_s, limits_uv);
    (analysis.automatic, analysis.quality)
}

/// Values of one sweep for markers of which a person placed some; as [`Analysis::placed`], with
/// `automatic` in place of the markers that the analysis finds.
pub fn remeasure(sweep_uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>, automatic: Option<&Response>, placed: &[PlacedMarker]) -> Response {
    let analysis = Analysis::new(sweep_uv, fs_hz, stimulus_s, None);
    place(analysis.curve.as_ref(), analysis.zero.seconds(), automatic, placed)
}

fn place(curve: Option<&Curve>, zero_s: f64, automatic: Option<&Response>, markers: &[PlacedMarker]) -> Response {
    let by_hand = |kind: MarkerKind| markers.iter().rev().find(|m| m.kind == kind && m.at_s.is_finite()).map(|m| (m.at_s - zero_s) * 1e3);
    let [onset, peak, end, positive] = MarkerKind::MOTOR.map(by_hand);
    let Some(curve) = curve else {
        // Nothing can be read off such a sweep; the times still stand.
        let mut values = automatic.copied().unwrap_or_default();
        values.onset_ms = onset.unwrap_or(values.onset_ms);
        values.peak_ms = peak.unwrap_or(values.peak_ms);
        values.neg_end_ms = end.unwrap_or(values.neg_end_ms);
        values.pos_peak_ms = positive.or(values.pos_peak_ms);
        values.duration_ms = values.neg_end_ms - values.onset_ms;
        return values;
    };
    let after = |t: Option<f64>, bound: Option<f64>| t.filter(|t| bound.is_none_or(|b| *t > b));
    let before = |t: Option<f64>, bound: Option<f64>| t.filter(|t| bound.is_none_or(|b| *t < b));
    let peak_ms = peak.or_else(|| before(after(automatic.map(|a| a.peak_ms), onset), end)).unwrap_or_else(|| {
        let from = onset.unwrap_or_else(|| end.map_or(f64::NEG_INFINITY, |e| curve.earliest_before(e)));
        curve.peak_between(from, end.unwrap_or(f64::INFINITY)).0
    });
    let onset_ms = onset
        .or_else(|| before(automatic.map(|a| a.onset_ms), Some(peak_ms)))
        .unwrap_or_else(|| curve.onset_before(peak_ms, None).at_ms.min(peak_ms));
    let neg_end_ms = end.or_else(|| after(automatic.map(|a| a.neg_end_ms), Some(peak_ms))).unwrap_or_else(|| curve.end_after(peak_ms));
    let pos_peak_ms =
        positive.or_else(|| after(automatic.and_then(|a| a.pos_peak_ms), Some(neg_end_ms))).or_else(|| curve.positive_after(neg_end_ms));
    curve.values(onset_ms, peak_ms, neg_end_ms, pos_peak_ms)
}
