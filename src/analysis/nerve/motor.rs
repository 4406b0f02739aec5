//! Motor conduction: the compound muscle action potential of one sweep.

use super::background::{Background, Quiet, Trace};
use super::foot::{self, Rise};
use super::smooth::Spline;
use crate::model::{MotorMeasurement, QualityFlag};

/// Everything found in a sweep.
#[derive(Debug, Clone)]
pub struct Found {
    pub background: Background,
    pub measurement: Option<MotorMeasurement>,
    pub t10: f64,
    pub t50: f64,
}

fn moving_average(x: &[f64], width: usize) -> Vec<f64> {
    let half = width / 2;
    let mut sum = vec![0.0; x.len() + 1];
    let mut count = vec![0.0; x.len() + 1];
    for (i, &v) in x.iter().enumerate() {
        let ok = v.is_finite();
        sum[i + 1] = sum[i] + if ok { v } else { 0.0 };
        count[i + 1] = count[i] + if ok { 1.0 } else { 0.0 };
    }
    (0..x.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(half), (i + half + 1).min(x.len()));
            let n: f64 = count[b] - count[a];
            if n > 0.0 { (sum[b] - sum[a]) / n } else { f64::NAN }
        })
        .collect()
}

fn percentile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let k = ((values.len() - 1) as f64 * q) as usize;
    *values.select_nth_unstable_by(k, f64::total_cmp).1
}

/// Measures one sweep.
pub fn measure(sweep_uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>) -> (Option<MotorMeasurement>, Vec<QualityFlag>) {
    (analyse(sweep_uv, fs_hz, stimulus_s).and_then(|f| f.measurement), Vec::new())
}

pub fn analyse(sweep_uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>) -> Option<Found> {
    let per_ms = fs_hz * 1e-3;
    let trace = Trace { uv: sweep_uv, per_ms, first_ms: -stimulus_s.unwrap_or(0.0) * 1e3 };
    let last = trace.last_ms();
    let after = 0.25;
    let mut settled: Vec<f64> = sweep_uv[trace.index(2.0)..].iter().copied().filter(|v| v.is_finite()).collect();
    if settled.len() < 40 {
        return None;
    }
    let high = percentile(&mut settled, 0.998);
    let low = percentile(&mut settled, 0.002);
    let range = high - low;
    let artefact = stimulus_s.is_some();
    let mut quiet = Quiet { before_ms: -0.05, after_ms: after, onset_ms: 1.7, tail_ms: (last * 0.62).max(20.0), artefact };
    let width = ((0.3 * per_ms) as usize).max(1);
    let mut out = None;
    let mut before: Option<Background> = None;
    for pass in 0..4 {
        let background = Background::fit(&trace, &quiet, range, before.as_ref())?;
        let residual: Vec<f64> = sweep_uv.iter().enumerate().map(|(i, v)| v - background.at(trace.time(i))).collect();
        let smooth = moving_average(&residual, width);
        let from = trace.index(1.2);
        let to = trace.index(quiet.tail_ms.max(last * 0.7)).max(from);
        let (mut peak, mut height) = (from, f64::NEG_INFINITY);
        for (i, &v) in smooth.iter().enumerate().take(to).skip(from) {
            if v > height {
                (peak, height) = (i, v);
            }
        }
        let sigma = background.sigma_uv;
        let level = (0.04 * height).max(4.0 * sigma / (width as f64).sqrt());
        if height < level * 1.05 {
            out = Some((background, residual, None));
            break;
        }
        let mut i = peak;
        while i > from && !(smooth[i] < level) {
            i -= 1;
        }
        let rough = trace.time(i);
        before = Some(background.clone());
        out = Some((background, residual, Some((rough, peak, height))));
        if pass == 3 {
            break;
        }
        let guard = if pass == 0 { 0.5 } else { 0.3 };
        quiet.onset_ms = (rough - guard).max(1.2);
        quiet.tail_ms = (trace.time(peak) + 16.0).max(rough + 17.0).min(last - 4.0);
    }
    let (background, residual, response) = out?;
    let mut found = Found { background, measurement: None, t10: 0.0, t50: 0.0 };
    let Some((rough, peak, _)) = response else { return Some(found) };
    let sigma = found.background.sigma_uv;
    let a = trace.index(rough - 1.5);
    let spline = Spline::fit(&residual[a..], trace.time(a), 1.0 / per_ms, 0.15, sigma)?;
    let tp = trace.time(peak);
    let (peak_ms, amp_uv) = spline.maximum((tp - 1.0).max(rough), (tp + 1.0).min(last));
    let down = |level: f64| {
        let mut t = peak_ms;
        while t > rough - 1.5 && spline.at(t).0 > level {
            t -= 0.01;
        }
        t
    };
    found.t50 = down(0.5 * amp_uv);
    found.t10 = down(0.1 * amp_uv);
    let f0 = trace.index((rough - 3.0).max(after + 0.1));
    let rise = Rise {
        uv: &residual[f0..],
        first_ms: trace.time(f0),
        per_ms,
        t10_ms: found.t10,
        t50_ms: found.t50,
        peak_uv: amp_uv,
        sigma_uv: sigma,
        baseline_sd_uv: found.background.sd(found.t10),
    };
    let onset_ms = foot::reach(&rise, 0.01 * amp_uv).unwrap_or_else(|| down(0.01 * amp_uv));
    let mut t = peak_ms;
    while t < last && spline.at(t).0 > 0.0 {
        t += 0.01;
    }
    let neg_end_ms = t;
    let mut area = 0.0;
    let mut t = onset_ms;
    while t < neg_end_ms {
        area += spline.at(t).0.max(0.0) * 0.02;
        t += 0.02;
    }
    let (pos, low) = {
        let mut best = (neg_end_ms, 0.0);
        let mut t = neg_end_ms;
        while t < (neg_end_ms + 15.0).min(last) {
            let v = spline.at(t).0;
            if v < best.1 {
                best = (t, v);
            }
            t += 0.02;
        }
        best
    };
    found.measurement = Some(MotorMeasurement {
        onset_ms,
        peak_ms,
        neg_end_ms,
        pos_peak_ms: Some(pos),
        amp_uv,
        pp_uv: Some(amp_uv - low),
        duration_ms: neg_end_ms - onset_ms,
        area_uvms: area,
        baseline_uv: found.background.at(onset_ms),
    });
    Some(found)
}
