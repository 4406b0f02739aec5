//! From a study's recordings and its examination to what analyzers take.
//!
//! Cost: reads the samples of the sweeps asked for; everything else is small.

use std::rc::Rc;

use super::{SweepInput, TestInput};
use crate::model::{Edits, Examination, Recording, SampleError, Samples, SweepId};
use crate::units::Unit;

/// The longest sweep read, seconds, for tests whose responses come within it: a sweep that covers
/// a recording of hours must not be read whole.
const LONGEST_S: f64 = 2.0;
/// The same for tests of slow responses (skin response, heart beats).
const LONGEST_SLOW_S: f64 = 600.0;
/// Sweeps of one test that are analysed.
const MOST_SWEEPS: usize = 4000;

/// What the analyzer of sweep `id` takes. `samples`: those of the sweep's recording. `Ok(None)`
/// when there is no such sweep.
///
/// Channels whose unit is not a potential are taken as they are: times are right, amplitudes are
/// then in the channel's own unit.
///
/// # Errors
/// When the samples cannot be read.
pub fn sweep_input(
    recordings: &[Recording],
    examination: &Examination,
    samples: &dyn Samples,
    id: SweepId,
) -> Result<Option<SweepInput>, SampleError> {
    let Some(sweep) = examination.sweeps.get(id) else { return Ok(None) };
    let Some(channel) = recordings.get(sweep.recording).and_then(|r| r.channels.get(sweep.channel)) else { return Ok(None) };
    let place = examination.tests.iter().find_map(|test| Some((test, test.sites.iter().position(|site| site.sweeps.contains(&id))?)));
    let longest_s = if place.is_some_and(|(test, _)| test.kind.is_slow()) { LONGEST_SLOW_S } else { LONGEST_S };
    let longest = (longest_s * channel.fs_hz).clamp(0.0, 1e7) as u64;
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
    Ok(Some(SweepInput {
        sweep: id,
        site: place.map_or(0, |(_, site)| site),
        channel: channel.name.clone(),
        current_ma: sweep.stimulus.current_ma,
        averaged: sweep.averaged,
        uv,
        fs_hz: channel.fs_hz,
        stimulus_s: sweep.stimulus_s,
        limits_uv,
    }))
}

/// What the analyzer of test `index` takes; `samples`: one entry a recording. Sweeps without a
/// recording are left out. `Ok(None)` when there is no such test.
///
/// # Errors
/// When the samples cannot be read.
pub fn input(
    recordings: &[Recording],
    examination: &Examination,
    samples: &[Rc<dyn Samples>],
    edits: &Edits,
    index: usize,
) -> Result<Option<TestInput>, SampleError> {
    let Some(test) = examination.tests.get(index) else { return Ok(None) };
    let mut sweeps = Vec::new();
    let ids = test.sites.iter().enumerate().flat_map(|(site, view)| view.sweeps.iter().map(move |id| (site, *id)));
    for (site, id) in ids.take(MOST_SWEEPS) {
        let Some(source) = examination.sweeps.get(id).and_then(|sweep| samples.get(sweep.recording)) else { continue };
        if let Some(input) = sweep_input(recordings, examination, source.as_ref(), id)? {
            sweeps.push(SweepInput { site, ..input });
        }
    }
    Ok(Some(TestInput { test: test.clone(), sweeps, left_out: edits.left_out.clone(), taken_in: edits.taken_in.clone() }))
}
