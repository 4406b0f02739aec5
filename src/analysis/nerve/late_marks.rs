//! Late responses as they stand: what the analysis found, with what a person placed or declared.
//!
//! A placed late onset moves the sweep's main late response (the first that is no A wave) or makes
//! one; its size is then read off again. A sweep declared to have no response loses its late
//! responses, not its M wave.

use super::motor::AnalyzedSweep;
use super::wave::Flat;
use crate::analysis::{Context, SweepInput};
use crate::model::{LateKind, LateResponse, MarkerKind, PlacedMarker, SweepId, SweepMeasurement};

/// A response read off again lasts this long when nobody says its end, ms.
const LASTS_MS: f64 = 15.0;

/// A sweep with its direct response, and a trace that holds nothing but late responses.
#[derive(Debug, Clone)]
pub struct LateSweep {
    /// The sweep.
    pub sweep: SweepId,
    /// The direct response; `None` where none is looked for.
    pub direct: Option<AnalyzedSweep>,
    /// Late responses found.
    pub found: Vec<LateResponse>,
    /// Samples less everything else, uV; may be empty.
    pub late_uv: Vec<f64>,
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Time of the first of them, ms.
    pub first_ms: f64,
    /// The moment that times count from, seconds after the first sample of the sweep.
    pub zero_s: f64,
    /// Whether that is a known stimulus.
    pub stimulus_known: bool,
}

impl LateSweep {
    /// A sweep without a direct response, as it was recorded.
    pub fn plain(input: &SweepInput, found: Vec<LateResponse>) -> Self {
        let zero_s = input.stimulus_s.filter(|s| s.is_finite()).unwrap_or(0.0);
        Self {
            sweep: input.sweep,
            direct: None,
            found,
            late_uv: input.uv.clone(),
            per_ms: input.fs_hz * 1e-3,
            first_ms: -zero_s * 1e3,
            zero_s,
            stimulus_known: input.stimulus_s.is_some(),
        }
    }

    /// The trace to measure in.
    pub fn flat(&self, noise_uv: f64) -> Flat<'_> {
        Flat { uv: &self.late_uv, per_ms: self.per_ms, first_ms: self.first_ms, noise_uv, doubt_uv: 0.0 }
    }

    /// The measurement with what a person placed; a late response that a person places where there
    /// was none is of `kind`.
    pub fn measurement(&self, method: &str, kind: LateKind, context: &Context) -> SweepMeasurement {
        let own = context.placed_on(self.sweep);
        let is_late = |m: &&PlacedMarker| matches!(m.kind, MarkerKind::LateOnset | MarkerKind::LateEnd);
        let direct: Vec<PlacedMarker> = context.placed.iter().filter(|m| !is_late(m)).copied().collect();
        let mut out = match &self.direct {
            Some(sweep) => sweep.measurement(method, &Context { placed: &direct, no_response: &[], ..*context }),
            None => SweepMeasurement {
                sweep: self.sweep,
                method: method.to_owned(),
                stimulus_known: self.stimulus_known,
                zero_s: self.zero_s,
                ..SweepMeasurement::default()
            },
        };
        out.late.clone_from(&self.found);
        out.automatic_late.clone_from(&self.found);
        if context.no_response.contains(&self.sweep) {
            out.late.retain(|late| late.kind == LateKind::A);
            return out;
        }
        let placed = |kind: MarkerKind| own.iter().rev().find(|m| m.kind == kind).map(|m| (m.at_s - self.zero_s) * 1e3);
        let (onset, end) = (placed(MarkerKind::LateOnset), placed(MarkerKind::LateEnd));
        out.placed.extend([MarkerKind::LateOnset, MarkerKind::LateEnd].into_iter().filter(|k| placed(*k).is_some()));
        if onset.is_none() && end.is_none() {
            return out;
        }
        let at = out.late.iter().position(|late| late.kind != LateKind::A);
        let mut late = match (at, onset) {
            (Some(at), _) => out.late.remove(at),
            (None, Some(onset_ms)) => LateResponse { kind, onset_ms, end_ms: None, amp_uv: 0.0, pp_uv: 0.0 },
            (None, None) => return out,
        };
        late.onset_ms = onset.unwrap_or(late.onset_ms);
        late.end_ms = end.or(late.end_ms);
        if let Some((amp_uv, pp_uv)) = self.size(late.onset_ms, late.end_ms.unwrap_or(late.onset_ms + LASTS_MS)) {
            (late.amp_uv, late.pp_uv) = (amp_uv, pp_uv);
        }
        out.late.push(late);
        out.late.sort_by(|a, b| a.onset_ms.total_cmp(&b.onset_ms));
        out
    }

    /// Height over the value at the onset, and peak-to-peak size, between two times, of averages over
    /// half a millisecond.
    fn size(&self, from_ms: f64, to_ms: f64) -> Option<(f64, f64)> {
        let index = |t: f64| (((t - self.first_ms) * self.per_ms).round().max(0.0) as usize).min(self.late_uv.len());
        let smooth = super::ensemble::smoothed(&self.late_uv, ((0.5 * self.per_ms) as usize).max(1));
        let part = smooth.get(index(from_ms)..index(to_ms)).filter(|p| p.len() > 1)?;
        let high = part.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let low = part.iter().copied().filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
        (high >= low).then(|| (high - part[0], high - low))
    }
}
