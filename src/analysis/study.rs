//! From a study's recordings and its examination to what analyzers take, and back to segments.
//!
//! Cost: reads the samples of one sweep; everything else is small.

use super::SweepInput;
use super::nerve::segment;
use crate::model::{Examination, QualityFlag, Recording, SampleError, Samples, SegmentMeasurement, SweepId, SweepMeasurement, TestKind};
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
/// when there is no such sweep.
///
/// Channels whose unit is not a potential are taken as they are: times are right, amplitudes are
/// then in the channel's own unit.
///
/// # Errors
/// When the samples cannot be read.
pub fn input(
    recordings: &[Recording],
    examination: &Examination,
    samples: &dyn Samples,
    id: SweepId,
) -> Result<Option<SweepInput>, SampleError> {
    let Some(sweep) = examination.sweeps.get(id) else { return Ok(None) };
    let Some(channel) = recordings.get(sweep.recording).and_then(|r| r.channels.get(sweep.channel)) else { return Ok(None) };
    let longest = (LONGEST_S * channel.fs_hz).clamp(0.0, 1e7) as u64;
    let mut uv = vec![0.0; usize::try_from(sweep.n.min(longest)).unwrap_or(0)];
    samples.read(sweep.channel, sweep.start, &mut uv)?;
    let scale = Unit::parse(&channel.unit).uv_per_unit().unwrap_or(1.0) * if sweep.turned { -1.0 } else { 1.0 };
    for value in &mut uv {
        *value *= scale;
    }
    let limits_uv = channel.scale.map(|s| {
        let [a, b] = [s.digital_min, s.digital_max].map(|d| (d as f64 * s.gain + s.offset) * scale);
        [a.min(b), a.max(b)]
    });
    let test = examination.tests.iter().find(|test| test.sites.iter().any(|site| site.sweeps.contains(&id)));
    let kind = test.map_or(TestKind::Unknown, |test| test.kind);
    Ok(Some(SweepInput { sweep: id, kind, uv, fs_hz: channel.fs_hz, stimulus_s: sweep.stimulus_s, limits_uv }))
}

/// Values between neighbouring sites of every motor or unknown test. A site counts with the
/// response of largest amplitude among its sweeps, the supramaximal one; sites without a
/// response have no segment.
pub fn segments<'a>(examination: &Examination, measurement: impl Fn(SweepId) -> Option<&'a SweepMeasurement>) -> Vec<Between> {
    let mut out = Vec::new();
    for (t, test) in examination.tests.iter().enumerate() {
        if !matches!(test.kind, TestKind::Motor | TestKind::Unknown) {
            continue;
        }
        let best = |site: usize| {
            let motors = test.sites[site].sweeps.iter().filter_map(|&id| measurement(id)?.motor);
            motors.max_by(|a, b| a.amp_uv.total_cmp(&b.amp_uv))
        };
        for site in 1..test.sites.len() {
            let (Some(distal), Some(proximal)) = (best(site - 1), best(site)) else { continue };
            let segment = segment(&distal, &proximal, test.sites[site].distance_mm);
            out.push(Between { test: t, site, segment, doubt: segment::plausibility(&segment) });
        }
    }
    out
}
