//! Potentials in the raw signal: averaged at the discharges, the other units taken away.
//!
//! Each unit's average serves to subtract it under the others, some rounds over: a step of the
//! joint least-squares solution each. Values beyond the middle three fifths of the discharges are left
//! out of a sample's average, which takes care of what is not resolved. **Cost**: at most
//! [`MOST`] discharges a unit, 36 ms each.

use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::model::needle::{AveragedPotential, Decomposition, UnitTrain};

/// From so long before the discharge, ms.
const BEFORE_MS: f64 = 12.0;
/// To so long after, ms.
const AFTER_MS: f64 = 24.0;
/// Most discharges averaged, evenly from the train.
const MOST: usize = 300;
/// Rounds of subtraction.
const ROUNDS: usize = 3;
/// Part of the values left out at each end.
const TRIM: f64 = 0.2;
/// Length of the means whose error is the slow noise, ms.
const SLOW_MS: f64 = 1.2;
/// What lies before and after any potential, ms from the first and to the last sample.
const FIRST_MS: f64 = 2.5;
const LAST_MS: f64 = 4.0;
/// What a potential may still have there, uV.
const TRUE_OFFSET_UV: f64 = 2.0;
/// Drift of the electrode below this is taken away, Hz; far below anything of a potential.
const DRIFT_HZ: f64 = 2.0;
/// A long signal is filtered in pieces of this length, s, each with so much on either side.
const PIECE_S: f64 = 60.0;
const SETTLE_S: f64 = 2.0;

/// Position of a discharge in a signal: sample and fraction.
fn place(at_s: f64, fs_hz: f64) -> (i64, f64) {
    let at = at_s * fs_hz;
    (at.floor() as i64, at - at.floor())
}

/// Value of `x` at sample `i` plus `t` by four-point Lagrange weights.
fn weights(t: f64) -> [f64; 4] {
    [
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    ]
}

/// Mean without the extremes, and its standard error. Values that are not finite are left out.
fn trimmed(column: &mut Vec<f64>) -> (f64, f64) {
    column.retain(|v| v.is_finite());
    let n = column.len();
    if n == 0 {
        return (0.0, 0.0);
    }
    let cut = ((n as f64 * TRIM) as usize).min((n - 1) / 2);
    if cut > 0 {
        // The kept part between its own ends, which the winsorized values are.
        let (_, _, upper) = column.select_nth_unstable_by(cut, f64::total_cmp);
        upper.select_nth_unstable_by(n - 2 * cut - 2, f64::total_cmp);
    }
    let kept = &column[cut..n - cut];
    let mean = kept.iter().sum::<f64>() / kept.len() as f64;
    // Error of a trimmed mean: the winsorized variance over the kept part squared (Tukey and McLaughlin 1963).
    let (low, high) = (kept[0], kept[kept.len() - 1]);
    let inner: f64 = kept.iter().map(|v| (v - mean) * (v - mean)).sum();
    let outer = cut as f64 * ((low - mean).powi(2) + (high - mean).powi(2));
    let kept_part = kept.len() as f64 / n as f64;
    (mean, ((inner + outer) / (n as f64 - 1.0).max(1.0)).sqrt() / (kept_part * (n as f64).sqrt()))
}

#[derive(Clone, Default)]
struct Average {
    uv: Vec<f64>,
    error_uv: Vec<f64>,
    slow_error_uv: f64,
}

/// Takes away the line through both ends of an average, which are beyond the potential, by the part
/// of it that noise explains.
fn level(uv: &mut [f64], slow_error_uv: f64, fs_hz: f64) {
    let ends = [FIRST_MS, LAST_MS].map(|ms| ((ms / 1000.0 * fs_hz).round() as usize).clamp(1, uv.len().max(1)));
    if uv.len() < ends[0] + ends[1] {
        return;
    }
    let n = uv.len();
    let a = uv[..ends[0]].iter().sum::<f64>() / ends[0] as f64;
    let b = uv[n - ends[1]..].iter().sum::<f64>() / ends[1] as f64;
    let (at_a, at_b) = (ends[0] as f64 / 2.0, n as f64 - ends[1] as f64 / 2.0);
    let noise = slow_error_uv * slow_error_uv;
    let part = noise / (noise + TRUE_OFFSET_UV * TRUE_OFFSET_UV);
    for (i, v) in uv.iter_mut().enumerate() {
        *v -= part * (a + (b - a) * (i as f64 - at_a) / (at_b - at_a));
    }
}

struct Averaging {
    values: Vec<f64>,
    fs_hz: f64,
    before: i64,
    len: usize,
    trains: Vec<Vec<(i64, f64)>>,
    waves: Vec<Vec<f64>>,
}

impl Averaging {
    /// Subtracts all other discharges near one of unit `k` from its piece of signal (sign -1).
    fn piece(&self, k: usize, at: (i64, f64), out: &mut [f64]) {
        let first = at.0 - self.before;
        let w = weights(at.1);
        let get = |i: i64| usize::try_from(i).ok().and_then(|i| self.values.get(i)).copied().unwrap_or(f64::NAN);
        for (i, v) in out.iter_mut().enumerate() {
            let s = first + i as i64;
            *v = w[0] * get(s - 1) + w[1] * get(s) + w[2] * get(s + 1) + w[3] * get(s + 2);
        }
        let reach = self.len as i64;
        for (j, (train, wave)) in self.trains.iter().zip(&self.waves).enumerate() {
            if wave.is_empty() {
                continue;
            }
            let from = train.partition_point(|o| o.0 < at.0 - reach);
            for other in train[from..].iter().take_while(|o| o.0 <= at.0 + reach) {
                if j == k && other.0 == at.0 {
                    continue;
                }
                // out[i] is at time at - before + i; the other's wave[m] at other - before + m.
                let shift = (at.0 - other.0) as f64 + at.1 - other.1;
                let (whole, part) = (shift.floor() as i64, shift - shift.floor());
                for (i, v) in out.iter_mut().enumerate() {
                    let m = i as i64 + whole;
                    if m >= 0 && (m as usize) + 1 < wave.len() {
                        let m = m as usize;
                        *v -= wave[m] + (wave[m + 1] - wave[m]) * part;
                    }
                }
            }
        }
    }

    /// The first `most` discharges of unit `k`.
    fn pieces(&self, k: usize, most: usize) -> Vec<Vec<f64>> {
        let chosen = self.trains.get(k).into_iter().flatten().take(most);
        chosen
            .map(|at| {
                let mut piece = vec![0.0; self.len];
                self.piece(k, *at, &mut piece);
                piece
            })
            .collect()
    }

    fn average(&self, k: usize) -> Average {
        let train = &self.trains[k];
        let stride = train.len().div_ceil(MOST).max(1);
        let chosen: Vec<(i64, f64)> = train.iter().copied().step_by(stride).collect();
        let mut pieces = vec![0.0; chosen.len() * self.len];
        for (at, piece) in chosen.iter().zip(pieces.chunks_mut(self.len)) {
            self.piece(k, *at, piece);
        }
        let mut column = Vec::with_capacity(chosen.len());
        let (mut uv, error_uv): (Vec<f64>, Vec<f64>) = (0..self.len)
            .map(|i| {
                column.clear();
                column.extend(pieces.chunks(self.len).map(|p| p[i]));
                trimmed(&mut column)
            })
            .unzip();
        let block = ((SLOW_MS / 1000.0 * self.fs_hz).round() as usize).max(1);
        let errors: Vec<f64> = (0..self.len / block)
            .map(|b| {
                column.clear();
                column.extend(pieces.chunks(self.len).map(|p| p[b * block..(b + 1) * block].iter().sum::<f64>() / block as f64));
                trimmed(&mut column).1
            })
            .collect();
        let slow_error_uv = crate::dsp::robust::median(&errors);
        let slow_error_uv = if slow_error_uv.is_finite() { slow_error_uv } else { 0.0 };
        level(&mut uv, slow_error_uv, self.fs_hz);
        Average { uv, error_uv, slow_error_uv }
    }
}

/// A signal without drift; what is missing is NaN. A long one is filtered in pieces, for the memory that
/// a filter takes.
fn without_drift(uv: &[f64], fs_hz: f64) -> Vec<f64> {
    let finite = |part: &[f64]| -> Vec<f64> { part.iter().map(|v| if v.is_finite() { *v } else { f64::NAN }).collect() };
    let Ok(high) = butter(1, Band::Highpass(DRIFT_HZ), fs_hz) else { return finite(uv) };
    let [piece, settle] = [PIECE_S, SETTLE_S].map(|s| (s * fs_hz) as usize);
    let mut out = Vec::with_capacity(uv.len());
    while out.len() < uv.len() {
        let from = out.len();
        let left = uv.len() - from;
        let to = if left > piece + piece / 2 { from + piece } else { uv.len() };
        let start = from.saturating_sub(settle);
        let filtered = sosfiltfilt(&high, &finite(&uv[start..(to + settle).min(uv.len())]));
        out.extend_from_slice(&filtered[from - start..to - start]);
    }
    out
}

/// The signal without drift, and all trains in it.
fn averaging(uv: &[f64], fs_hz: f64, trains: &[&[f64]]) -> Averaging {
    let values = without_drift(uv, fs_hz);
    let before = (BEFORE_MS / 1000.0 * fs_hz).round() as i64;
    let len = before as usize + (AFTER_MS / 1000.0 * fs_hz).round() as usize + 1;
    let trains: Vec<Vec<(i64, f64)>> = trains.iter().map(|t| t.iter().map(|s| place(*s, fs_hz)).collect()).collect();
    Averaging { values, fs_hz, before, len, waves: vec![Vec::new(); trains.len()], trains }
}

/// The single discharges of each train in the raw signal, the other trains' potentials taken away:
/// each as long as the averaged potential and aligned with it, at most `most` a train from the
/// beginning. Missing samples are NaN. What does not fit together gives none.
pub fn aligned_discharges(uv: &[f64], fs_hz: f64, found: &Decomposition, most: usize) -> Vec<Vec<Vec<f64>>> {
    let all = with_potentials(uv, fs_hz, found);
    (0..found.trains.len()).map(|unit| all.as_ref().map_or_else(Vec::new, |all| all.pieces(unit, most))).collect()
}

/// As [`aligned_discharges`], of train `unit` alone.
pub fn discharges(uv: &[f64], fs_hz: f64, found: &Decomposition, unit: usize, most: usize) -> Vec<Vec<f64>> {
    with_potentials(uv, fs_hz, found).map_or_else(Vec::new, |all| all.pieces(unit, most))
}

fn with_potentials(uv: &[f64], fs_hz: f64, found: &Decomposition) -> Option<Averaging> {
    if !(fs_hz.is_finite() && fs_hz >= 1000.0) || found.trains.is_empty() {
        return None;
    }
    let times: Vec<Vec<f64>> = found.trains.iter().map(UnitTrain::times_s).collect();
    let mut all = averaging(uv, fs_hz, &times.iter().map(Vec::as_slice).collect::<Vec<_>>());
    for (wave, train) in all.waves.iter_mut().zip(&found.trains) {
        if train.potential.uv.len() == all.len {
            wave.clone_from(&train.potential.uv);
        }
    }
    Some(all)
}

/// Averaged potentials of trains given in seconds. A train without discharges has an empty one.
pub fn potentials(uv: &[f64], fs_hz: f64, trains: &[&[f64]]) -> Vec<AveragedPotential> {
    if !(fs_hz.is_finite() && fs_hz >= 1000.0) || trains.iter().all(|t| t.is_empty()) {
        return vec![AveragedPotential::default(); trains.len()];
    }
    let none = vec![None; trains.len()];
    let mut averages = Averages::new(uv, fs_hz, trains, &none);
    while averages.step() {}
    (0..trains.len()).map(|k| averages.potential(k)).collect()
}

/// Potentials of some trains among others whose potentials are known and stay, a train at a time.
pub(super) struct Averages {
    all: Averaging,
    averages: Vec<Average>,
    /// Trains whose potentials are sought.
    sought: Vec<usize>,
    /// How many averages were made, of [`ROUNDS`] a train.
    made: usize,
}

impl Averages {
    /// `trains` in seconds; `known` has the potentials that stay.
    pub(super) fn new(uv: &[f64], fs_hz: f64, trains: &[&[f64]], known: &[Option<&AveragedPotential>]) -> Self {
        let mut all = averaging(uv, fs_hz, trains);
        for (wave, known) in all.waves.iter_mut().zip(known) {
            if let Some(known) = known.filter(|known| known.uv.len() == all.len) {
                wave.clone_from(&known.uv);
            }
        }
        let sought = |k: &usize| !all.trains[*k].is_empty() && known.get(*k).is_none_or(Option::is_none);
        let sought = (0..all.trains.len()).filter(sought).collect();
        Self { averages: vec![Average::default(); all.trains.len()], all, sought, made: 0 }
    }

    /// One average; false when all are made.
    pub(super) fn step(&mut self) -> bool {
        let Some(&k) = self.sought.get(self.made % self.sought.len().max(1)).filter(|_| self.made < ROUNDS * self.sought.len()) else {
            return false;
        };
        self.averages[k] = self.all.average(k);
        self.all.waves[k].clone_from(&self.averages[k].uv);
        self.made += 1;
        true
    }

    /// The potential of train `k`, if it was sought.
    pub(super) fn potential(&self, k: usize) -> AveragedPotential {
        let (Some(average), Some(train)) = (self.averages.get(k), self.all.trains.get(k)) else { return AveragedPotential::default() };
        AveragedPotential {
            uv: average.uv.clone(),
            error_uv: average.error_uv.clone(),
            slow_error_uv: average.slow_error_uv,
            fs_hz: self.all.fs_hz,
            at: self.all.before as usize,
            n: train.len(),
        }
    }

    /// The first `most` discharges of train `k`, as [`aligned_discharges`] gives them.
    pub(super) fn discharges(&self, k: usize, most: usize) -> Vec<Vec<f64>> {
        self.all.pieces(k, most)
    }
}
