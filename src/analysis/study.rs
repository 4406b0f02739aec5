//! From a study's recordings and a person's edits to what analyzers take, and back to segments.
//!
//! Cost: reads the samples of one sweep; everything else is small.

use super::nerve::segment;
use super::{SweepInput, analyzer_for};
use crate::model::{Edits, QualityFlag, SampleError, Samples, SegmentMeasurement, Study, SweepId, SweepMeasurement, TestKind};
use crate::units::Unit;

/// The longest sweep read, seconds; analyzers look at the first fraction of a second after the
/// stimulus, and a sweep that covers a recording of hours must not be read whole.
const LONGEST_S: f64 = 2.0;

/// Values between two neighbouring sites.
#[derive(Debug, Clone, PartialEq)]
pub struct Between {
    /// Index of the test.
    pub test: usize,
    /// Index of the proximal site; the distal one is the site before it.
    pub site: usize,
    /// The values.
    pub segment: SegmentMeasurement,
    /// What is doubtful about distance or velocity.
    pub doubt: Option<QualityFlag>,
}

/// What the analyzer of sweep `id` takes. `samples`: those of the sweep's recording. `Ok(None)`
/// when the study has no such sweep.
///
/// Channels whose unit is not a potential are taken as they are: times are right, amplitudes are
/// then in the channel's own unit.
///
/// # Errors
/// When the samples cannot be read.
pub fn input(study: &Study, edits: &Edits, samples: &dyn Samples, id: SweepId) -> Result<Option<SweepInput>, SampleError> {
    let Some(sweep) = study.examination.sweeps.get(id) else { return Ok(None) };
    let Some(channel) = study.recordings.get(sweep.recording).and_then(|r| r.channels.get(sweep.channel)) else { return Ok(None) };
    let longest = (LONGEST_S * channel.fs_hz).clamp(0.0, 1e7) as u64;
    let mut uv = vec![0.0; usize::try_from(sweep.n.min(longest)).unwrap_or(0)];
    samples.read(sweep.channel, sweep.start, &mut uv)?;
    let scale = Unit::parse(&channel.unit).uv_per_unit().unwrap_or(1.0);
    for value in &mut uv {
        *value *= scale;
    }
    let limits_uv = channel.scale.map(|s| {
        let [a, b] = [s.digital_min, s.digital_max].map(|d| (d as f64 * s.gain + s.offset) * scale);
        [a.min(b), a.max(b)]
    });
    let kind = kind_of(study, edits, id);
    let stimulus_s = sweep.stimulus_s.or(edits.stimulus_s);
    Ok(Some(SweepInput { sweep: id, kind, uv, fs_hz: channel.fs_hz, stimulus_s, limits_uv }))
}

/// Measures sweep `id` with a person's markers. Arguments and errors as [`input`].
///
/// # Errors
/// When the samples cannot be read.
pub fn measure_sweep(study: &Study, edits: &Edits, samples: &dyn Samples, id: SweepId) -> Result<Option<SweepMeasurement>, SampleError> {
    Ok(input(study, edits, samples, id)?
        .map(|input| analyzer_for(input.kind).analyze(&input).measurement(&edits.markers, edits.no_response.contains(&id))))
}

fn kind_of(study: &Study, edits: &Edits, id: SweepId) -> TestKind {
    let tests = &study.examination.tests;
    let Some(test) = tests.iter().position(|t| t.sites.iter().any(|s| s.sweeps.contains(&id))) else { return TestKind::Unknown };
    edits.tests.get(&test).and_then(|t| t.kind).unwrap_or(tests[test].kind)
}

/// Values between neighbouring sites of every motor or unknown test. A site counts with the
/// response of largest amplitude among its sweeps, the supramaximal one; sites without a
/// response have no segment.
pub fn segments(study: &Study, edits: &Edits, measurements: &[SweepMeasurement]) -> Vec<Between> {
    let mut out = Vec::new();
    for (t, test) in study.examination.tests.iter().enumerate() {
        let kind = edits.tests.get(&t).and_then(|e| e.kind).unwrap_or(test.kind);
        if !matches!(kind, TestKind::Motor | TestKind::Unknown) {
            continue;
        }
        let best = |site: usize| {
            let sweeps = test.sites.get(site).map_or(&[][..], |s| &s.sweeps);
            let of_site = measurements.iter().filter(|m| sweeps.contains(&m.sweep));
            of_site.filter_map(|m| m.motor).max_by(|a, b| a.amp_uv.total_cmp(&b.amp_uv))
        };
        for site in 1..test.sites.len() {
            let (Some(distal), Some(proximal)) = (best(site - 1), best(site)) else { continue };
            let edited = edits.sites.iter().rev().find(|e| e.test == t && e.site == site && e.distance_mm.is_some());
            let distance = edited.and_then(|e| e.distance_mm).or(test.sites[site].distance_mm);
            let segment = segment(&distal, &proximal, distance);
            out.push(Between { test: t, site, segment, doubt: segment::plausibility(&segment) });
        }
    }
    out
}
