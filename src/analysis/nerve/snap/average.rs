//! The average of the sweeps of one site, without those that would spoil it.
//!
//! Sweeps are aligned at the stimulus and compared with their median sweep: one is left out when
//! it reaches the amplifier's limit outside the shock, misses samples, or when its noise, its drift
//! or its difference from the others is far beyond what is usual among them (robust z scores by
//! median and MAD; Hampel, JASA 1974;69:383). Two sweeps cannot outvote each other: there only
//! limits and missing samples count. A person's word goes before all of this.
//!
//! Contract: NaN are missing samples. Averages of unequal numbers of responses weigh by them.
//! Cost: a few passes over the sweeps.

use crate::analysis::SweepInput;
use crate::dsp::fft::RealFft;
use crate::dsp::robust::{SIGMA_PER_MAD, median, percentile};
use crate::model::SweepId;

/// Stretch looked at, ms before and after the stimulus: latencies of sensory nerves are below 16.
pub const STRETCH_MS: [f64; 2] = [-12.0, 32.0];
/// The shock itself: what happens here says nothing about the sweep, ms.
const SHOCK_MS: [f64; 2] = [-0.1, 1.5];
/// Samples at the converter's end that make saturation.
const AT_LIMIT: usize = 3;
/// Share of missing samples that a sweep may have.
const MISSING: f64 = 0.1;
/// A sweep's noise or drift is gross when it stands this many deviations above the median of all,
/// and this many times the median itself.
const DEVIATIONS: f64 = 6.0;
const TIMES: f64 = 1.8;
/// And drift, which is fitted anyway, only from this many times the usual noise on.
const STEEP: f64 = 40.0;
/// Band in which noise counts, Hz: where the response has its power.
const BAND_HZ: [f64; 2] = [250.0, 1500.0];

/// A sweep that is not in the average.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Which.
    pub sweep: SweepId,
    /// Why, in words with numbers.
    pub why: String,
    /// Whether a person said so.
    pub by_person: bool,
}

/// The average of one site.
#[derive(Debug, Clone)]
pub struct Average {
    /// Values, uV; NaN where no sweep has one.
    pub uv: Vec<f64>,
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Time of the first value, ms after the stimulus.
    pub first_ms: f64,
    /// The sweeps in it.
    pub of: Vec<SweepId>,
    /// How many single responses that are.
    pub responses: u32,
    /// Those not in it.
    pub left_out: Vec<LeftOut>,
    /// Noise of the average a sample within the band, uV, from the differences between sweeps;
    /// `None` with fewer than three.
    pub sigma_uv: Option<f64>,
    /// Ends of the converter, when one of the sweeps states them.
    pub limits_uv: Option<[f64; 2]>,
}

struct Aligned<'a> {
    input: &'a SweepInput,
    uv: Vec<f64>,
    weight: f64,
}

/// Averages the sweeps of one site, given with the stimulus of each in seconds after its first
/// sample. `None` without a usable sweep.
pub fn average(sweeps: &[(&SweepInput, f64)], left_out: &[SweepId], taken_in: &[SweepId]) -> Option<Average> {
    let mut out: Vec<LeftOut> = Vec::new();
    let mut say = |sweep: SweepId, why: String| out.push(LeftOut { sweep, why, by_person: false });
    let rates: Vec<f64> = sweeps.iter().map(|(input, _)| input.fs_hz).filter(|hz| hz.is_finite() && (200.0..=1e7).contains(hz)).collect();
    let fs_hz = percentile(&rates, 50.0);
    let fs_hz = rates.iter().copied().min_by(|a, b| (a - fs_hz).abs().total_cmp(&(b - fs_hz).abs()))?;
    let per_ms = fs_hz * 1e-3;
    let mut usable: Vec<(&SweepInput, f64)> = Vec::new();
    for &(input, stimulus_s) in sweeps {
        if left_out.contains(&input.sweep) {
            continue;
        }
        if (input.fs_hz - fs_hz).abs() > 1e-6 * fs_hz {
            say(input.sweep, format!("recorded at {:.0} Hz, the others at {fs_hz:.0} Hz", input.fs_hz));
        } else if input.uv.len() < 32 || !(stimulus_s.is_finite() && stimulus_s * fs_hz < input.uv.len() as f64) {
            say(input.sweep, format!("{} samples are too few", input.uv.len()));
        } else {
            usable.push((input, stimulus_s));
        }
    }
    // The stretch that most sweeps cover.
    let edge = |of: &dyn Fn(&SweepInput, f64) -> f64| percentile(&usable.iter().map(|(input, s)| of(input, *s)).collect::<Vec<_>>(), 50.0);
    let before = (edge(&|_, s| (s * fs_hz).round()).min(-STRETCH_MS[0] * per_ms)).max(0.0) as usize;
    let behind = edge(&|input, s| input.uv.len() as f64 - (s * fs_hz).round()).min(STRETCH_MS[1] * per_ms).max(0.0) as usize;
    let n = before + behind;
    let first_ms = -(before as f64) / per_ms;
    let time = |k: usize| first_ms + k as f64 / per_ms;
    let shock: Vec<bool> = (0..n).map(|k| (SHOCK_MS[0]..SHOCK_MS[1]).contains(&time(k))).collect();
    let mut aligned: Vec<Aligned> = Vec::new();
    for (input, stimulus_s) in usable {
        let start = (stimulus_s * fs_hz).round() as i64 - before as i64;
        let at = |k: usize| usize::try_from(start + k as i64).ok().and_then(|i| input.uv.get(i)).copied().filter(|v| v.is_finite());
        let uv: Vec<f64> = (0..n).map(|k| at(k).unwrap_or(f64::NAN)).collect();
        let wanted = taken_in.contains(&input.sweep);
        let missing = uv.iter().filter(|v| v.is_nan()).count();
        if missing as f64 > MISSING * n as f64 && (!wanted || missing == n) {
            say(input.sweep, format!("{:.0} % of its samples are missing", 100.0 * missing as f64 / n.max(1) as f64));
        } else if let Some(at_ms) = saturated(&uv, &shock, input.limits_uv).filter(|_| !wanted) {
            say(input.sweep, format!("at the amplifier's limit at {:.1} ms", time(at_ms)));
        } else {
            aligned.push(Aligned { input, uv, weight: f64::from(input.averaged.unwrap_or(1).max(1)) });
        }
    }
    for (index, why) in outliers(&aligned, &shock, per_ms).into_iter().rev() {
        if !taken_in.contains(&aligned[index].input.sweep) {
            say(aligned[index].input.sweep, why);
            aligned.remove(index);
        }
    }
    if aligned.is_empty() || n < 32 {
        return None;
    }
    let uv = mean(&aligned, n);
    let sigma_uv = scatter(&aligned, &uv, first_ms, per_ms);
    let person = |sweep: &(&SweepInput, f64)| left_out.contains(&sweep.0.sweep);
    out.extend(sweeps.iter().filter(|s| person(s)).map(|(input, _)| LeftOut {
        sweep: input.sweep,
        why: "left out by a person".to_owned(),
        by_person: true,
    }));
    out.sort_by_key(|left| left.sweep);
    Some(Average {
        per_ms,
        first_ms,
        of: aligned.iter().map(|a| a.input.sweep).collect(),
        responses: aligned.iter().fold(0, |sum: u32, a| sum.saturating_add(a.input.averaged.unwrap_or(1).max(1))),
        left_out: out,
        sigma_uv,
        limits_uv: aligned.iter().find_map(|a| a.input.limits_uv),
        uv,
    })
}

fn mean(aligned: &[Aligned], n: usize) -> Vec<f64> {
    let value = |k: usize| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for a in aligned.iter().filter(|a| a.uv[k].is_finite()) {
            sum += a.weight * a.uv[k];
            weight += a.weight;
        }
        sum / weight
    };
    (0..n).map(value).collect()
}

/// Where outside the shock the sweep stays at the converter's end.
fn saturated(uv: &[f64], shock: &[bool], limits_uv: Option<[f64; 2]>) -> Option<usize> {
    let [low, high] = limits_uv?;
    let slack = 1e-3 * (high - low);
    let mut run = 0;
    for (k, v) in uv.iter().enumerate() {
        run = if !shock[k] && (*v <= low + slack || *v >= high - slack) { run + 1 } else { 0 };
        if run == AT_LIMIT {
            return Some(k);
        }
    }
    None
}

/// Sweeps that differ from the others, by index, with the reason.
fn outliers(aligned: &[Aligned], shock: &[bool], per_ms: f64) -> Vec<(usize, String)> {
    if aligned.len() < 3 {
        return Vec::new();
    }
    let typical: Vec<f64> = (0..shock.len()).map(|k| median(&aligned.iter().map(|a| a.uv[k]).collect::<Vec<f64>>())).collect();
    let block = ((0.3 * per_ms) as usize).max(1);
    let (mut noise, mut drift) = (Vec::new(), Vec::new());
    for a in aligned {
        let difference: Vec<f64> =
            (0..shock.len()).filter(|&k| !shock[k]).map(|k| a.uv[k] - typical[k]).filter(|v| v.is_finite()).collect();
        // Averages over 0.3 ms: as slow as a response; their steps are free of drift.
        let blocks: Vec<f64> = difference.chunks_exact(block).map(|b| b.iter().sum::<f64>() / block as f64).collect();
        let steps: f64 = blocks.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
        noise.push((0.5 * steps / (blocks.len().max(2) - 1) as f64).sqrt());
        let third = (blocks.len() / 3).max(1);
        let level = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        let levels: Vec<f64> = blocks.chunks(third).take(3).map(level).collect();
        let (low, high) = levels.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        drift.push((high - low).max(0.0));
    }
    let usual_noise = median(&noise);
    let mut out = Vec::new();
    for (i, _) in aligned.iter().enumerate() {
        if let Some(times) = gross(&noise, i, 0.15 * usual_noise) {
            out.push((i, format!("differs from the other sweeps: noise or another shape, {times:.1} times the usual")));
        } else if let Some(times) = gross(&drift, i, usual_noise).filter(|_| drift[i] > STEEP * usual_noise) {
            out.push((i, format!("its baseline wanders by {:.0} \u{b5}V, {times:.1} times the usual", drift[i])));
        }
    }
    // Where a third of the sweeps differs from the rest there is no usual one.
    if 3 * out.len() > aligned.len() { Vec::new() } else { out }
}

/// How many times the median value `i` is, when it is grossly above the others. `floor`: least
/// deviation that counts as one.
fn gross(values: &[f64], i: usize, floor: f64) -> Option<f64> {
    let centre = median(values);
    let deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    let sd = (SIGMA_PER_MAD * median(&deviations)).max(floor);
    let value = values[i];
    (value > centre + DEVIATIONS * sd && value > TIMES * centre).then_some(value / centre.max(1e-12))
}

/// Noise of the average from the scatter of the sweeps.
fn scatter(aligned: &[Aligned], mean: &[f64], first_ms: f64, per_ms: f64) -> Option<f64> {
    let n = aligned.len() as f64;
    if aligned.len() < 3 {
        return None;
    }
    let from = (((1.0 - first_ms) * per_ms) as usize).min(mean.len());
    let total: f64 = aligned.iter().map(|a| a.weight).sum();
    let mut sum = 0.0;
    let mut fft = RealFft::new();
    for a in aligned {
        let difference: Vec<f64> = a.uv[from..].iter().zip(&mean[from..]).map(|(v, m)| v - m).collect();
        // Variance of a single response; a sweep of weight w has 1 / w of it.
        sum += a.weight * band_variance(&mut fft, &difference, per_ms)?;
    }
    let single = sum / (n - 1.0);
    Some((single / total).sqrt()).filter(|s| *s > 0.0)
}

/// Variance a sample of white noise that would have the density of `x` within the band. Missing
/// samples count as zero. `None` when it is too short to have frequencies there.
pub fn band_variance(fft: &mut RealFft, x: &[f64], per_ms: f64) -> Option<f64> {
    let finite: Vec<f64> = x.iter().copied().filter(|v| v.is_finite()).collect();
    let n = x.len();
    if finite.len() < 16 {
        return None;
    }
    let level = finite.iter().sum::<f64>() / finite.len() as f64;
    let window = crate::dsp::spectrum::hann(n);
    let power: f64 = window.iter().zip(x).filter(|(_, v)| v.is_finite()).map(|(w, _)| w * w).sum();
    let values: Vec<f64> = x.iter().zip(&window).map(|(v, w)| if v.is_finite() { (v - level) * w } else { 0.0 }).collect();
    let bin_hz = per_ms * 1e3 / n as f64;
    let high = BAND_HZ[1].min(0.4e3 * per_ms);
    let low = BAND_HZ[0].min(0.5 * high);
    let bins = fft.forward(&values);
    let within: Vec<f64> =
        bins.iter().enumerate().filter(|(k, _)| (low..=high).contains(&(*k as f64 * bin_hz))).map(|(_, z)| z.norm_sqr()).collect();
    (!within.is_empty() && power > 0.0).then(|| within.iter().sum::<f64>() / within.len() as f64 / power)
}

#[cfg(test)]
mod tests {
    use super::average;
    use crate::analysis::SweepInput;

    fn sweep(id: usize, change: impl Fn(usize) -> f64) -> SweepInput {
        let noise = |k: usize| ((k * 7919 + id * 104_729) % 1000) as f64 / 500.0 - 1.0;
        let uv = (0..440).map(|k| 10.0 * (-((k as f64 - 140.0) / 8.0).powi(2)).exp() + noise(k) + change(k)).collect();
        SweepInput { sweep: id, uv, fs_hz: 20_000.0, stimulus_s: Some(0.003), limits_uv: Some([-500.0, 500.0]), ..SweepInput::default() }
    }

    fn ids(sweeps: &[SweepInput], left_out: &[usize], taken_in: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let all: Vec<(&SweepInput, f64)> = sweeps.iter().map(|s| (s, 0.003)).collect();
        let a = average(&all, left_out, taken_in).unwrap();
        (a.of, a.left_out.iter().map(|l| l.sweep).collect())
    }

    #[test]
    fn sweeps_that_spoil_the_average_are_left_out_and_a_person_overrules() {
        let mut sweeps: Vec<SweepInput> = (0..6).map(|id| sweep(id, |_| 0.0)).collect();
        sweeps.push(sweep(6, |k| if (200..320).contains(&k) { 60.0 * (k as f64 * 0.7).sin() } else { 0.0 }));
        sweeps.push(sweep(7, |k| 0.4 * k as f64));
        sweeps.push(sweep(8, |k| if (300..310).contains(&k) { 900.0 } else { 0.0 }));
        sweeps[8].uv.iter_mut().for_each(|v| *v = v.min(500.0));
        let good = vec![0, 1, 2, 3, 4, 5];
        assert_eq!(ids(&sweeps, &[], &[]), (good, vec![6, 7, 8]));
        assert_eq!(ids(&sweeps, &[2], &[7]), (vec![0, 1, 3, 4, 5, 7], vec![2, 6, 8]));
    }

    #[test]
    fn rates_that_differ_and_nothing_at_all() {
        let mut sweeps: Vec<SweepInput> = (0..3).map(|id| sweep(id, |_| 0.0)).collect();
        sweeps[1].fs_hz = 10_000.0;
        assert_eq!(ids(&sweeps, &[], &[]).1, vec![1]);
        assert!(average(&[], &[], &[]).is_none());
        let empty = SweepInput::default();
        assert!(average(&[(&empty, 0.0)], &[], &[]).is_none());
        let missing = SweepInput { uv: vec![f64::NAN; 400], fs_hz: 20_000.0, ..SweepInput::default() };
        assert!(average(&[(&missing, 0.003)], &[], &[]).is_none());
    }
}
