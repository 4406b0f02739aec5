//! Mains interference, estimated and subtracted.
//!
//! A notch filter rings after every sharp potential; subtraction does not. In blocks that overlap
//! by half, a sinusoid near the nominal frequency and its harmonics are fitted and taken away:
//! frequency by maximum of the demodulated power, amplitudes by robust least squares (pseudo-
//! observations: residuals first count as at most 1.5 sigma, then those beyond 3 sigma not at all),
//! so that potentials of any size pull little. Real mains drift: within a block of half a second or
//! more the phase and the amplitude that all harmonics share may bend (polynomials, held back by
//! the noise beside the mains, so that weak hum is not over-fitted). A harmonic is subtracted only
//! when it stands out of its neighbourhood in the spectrum (6 times its power): signal at the very
//! frequency of the mains is not taken for mains unless it keeps phase over the block.
//!
//! **NaN** are left out of the fit and stay NaN. **Limits**: under two mains periods nothing is
//! subtracted; under half a second the nominal frequency is taken and the fit is not tested.
//! **Cost**: about 2 us a sample. Memory: `2 harmonics + 10` values a sample of one block.

use std::f64::consts::PI;

use rustfft::num_complex::Complex64;

use super::robust::{SIGMA_PER_MAD, mad, median};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineOptions {
    /// 50 or 60 Hz.
    pub nominal_hz: f64,
    /// Highest harmonic, 1 is the fundamental alone; at most 16.
    pub harmonics: usize,
    /// How far the mains may be from nominal, Hz.
    pub search_hz: f64,
    /// Length of a block, seconds. Longer suppresses more signal, shorter follows a changing hum.
    pub block_s: f64,
}

impl Default for LineOptions {
    fn default() -> Self {
        Self { nominal_hz: 50.0, harmonics: 7, search_hz: 0.5, block_s: 5.0 }
    }
}

/// What was found in one block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineFit {
    /// Frequency of the fundamental, Hz.
    pub hz: f64,
    /// Amplitude of each harmonic, 0 where it does not stand out; in the unit of the signal.
    pub amplitudes: Vec<f64>,
}

/// The signal without mains. Same length, NaN where the input has NaN.
pub fn subtract_line(x: &[f64], fs_hz: f64, options: &LineOptions) -> Vec<f64> {
    let n = x.len();
    let block = ((options.block_s * fs_hz) as usize).max(1);
    if n <= block.saturating_add(block / 2) {
        let (_, line) = fit_line(x, fs_hz, options);
        return x.iter().zip(&line).map(|(v, m)| v - m).collect();
    }
    let hop = (block / 2).max(1);
    let mut line = vec![0.0; n];
    let mut weights = vec![0.0; n];
    let mut start = 0;
    loop {
        let from = start.min(n - block);
        let (_, part) = fit_line(&x[from..from + block], fs_hz, options);
        for (k, m) in part.iter().enumerate() {
            // A triangle that never reaches zero: every sample is covered by some block.
            let w = (k.min(block - 1 - k) + 1) as f64;
            line[from + k] += w * m;
            weights[from + k] += w;
        }
        if from != start || from + block == n {
            break;
        }
        start += hop;
    }
    x.iter().zip(line.iter().zip(&weights)).map(|(v, (m, w))| v - m / w).collect()
}

/// Fits one block: what was found, and the mains as a signal of the length of `x`.
pub fn fit_line(x: &[f64], fs_hz: f64, options: &LineOptions) -> (LineFit, Vec<f64>) {
    let n = x.len();
    let seconds = n as f64 / fs_hz;
    let nominal = options.nominal_hz;
    let nothing = (LineFit { hz: nominal, amplitudes: Vec::new() }, vec![0.0; n]);
    let usable = fs_hz.is_finite() && nominal > 0.0 && seconds * nominal >= 2.0 && x.iter().any(|v| v.is_finite());
    if !usable {
        return nothing;
    }
    // A short stretch cannot tell many harmonics from a potential.
    let affordable = ((seconds * nominal / 8.0) as usize).max(1);
    let below_nyquist = (0.45 * fs_hz / (nominal + options.search_hz)) as usize;
    let harmonics = options.harmonics.min(16).min(affordable).min(below_nyquist);
    if harmonics == 0 {
        return nothing;
    }
    let centre = median(x);
    let spread = mad(x) * SIGMA_PER_MAD;
    let clipped: Vec<f64> = x.iter().map(|v| if v.is_finite() { (v - centre).clamp(-3.0 * spread, 3.0 * spread) } else { 0.0 }).collect();
    let valid: Vec<bool> = x.iter().map(|v| v.is_finite()).collect();
    let testable = seconds >= 0.5;
    let mut hz = nominal;
    let mut keep = vec![true; harmonics];
    if testable {
        let seen = examine(&clipped, fs_hz, harmonics, options);
        (hz, keep) = (seen.hz, seen.keep);
    }
    let shifted: Vec<f64> = x.iter().map(|v| if v.is_finite() { v - centre } else { 0.0 }).collect();
    let still = Modulation::none(n);
    let mut fit = Fit::new(&valid, fs_hz, hz, &keep, &still);
    let mut pseudo = fit.robust(&shifted, &clipped, &valid);
    if testable {
        // With the potentials out of the way frequency and presence are seen better.
        let seen = examine(&pseudo, fs_hz, harmonics, options);
        (hz, keep) = (seen.hz, seen.keep);
        fit = Fit::new(&valid, fs_hz, hz, &keep, &still);
        pseudo = fit.robust(&shifted, &pseudo, &valid);
        let degree = if seconds >= 2.0 { 4 } else { 2 };
        let mut modulation = still;
        for _ in 0..3 {
            let Some(better) = fit.bend(&pseudo, &modulation, degree, seen.noise * n as f64 / 4.0) else { break };
            modulation = better;
            fit = Fit::new(&valid, fs_hz, hz, &keep, &modulation);
            pseudo = fit.robust(&shifted, &pseudo, &valid);
        }
    }
    drop(pseudo);
    let mut amplitudes = vec![0.0; harmonics];
    for (pair, h) in fit.coefficients[2..].chunks_exact(2).zip(&fit.harmonics) {
        amplitudes[h - 1] = pair[0].hypot(pair[1]);
    }
    (LineFit { hz, amplitudes }, fit.line())
}

/// What the spectrum around the mains shows.
struct Seen {
    /// Frequency of the fundamental.
    hz: f64,
    /// Which harmonics stand out.
    keep: Vec<bool>,
    /// Mean square amplitude of a sinusoid beside the harmonics that stand out.
    noise: f64,
}

fn examine(x: &[f64], fs_hz: f64, harmonics: usize, options: &LineOptions) -> Seen {
    let nominal = options.nominal_hz;
    let piece = ((fs_hz / nominal) * 2.0).max(1.0) as usize;
    let step = Complex64::from_polar(1.0, -2.0 * PI * nominal / fs_hz);
    let mut phasors: Vec<Vec<Complex64>> = vec![Vec::with_capacity(x.len() / piece + 1); harmonics];
    let mut times = Vec::with_capacity(x.len() / piece + 1);
    for (k, values) in x.chunks(piece).enumerate() {
        let begin = (k * piece) as f64;
        let mut turn = Complex64::from_polar(1.0, -2.0 * PI * (nominal * begin / fs_hz).fract());
        let mut sums = [Complex64::default(); 16];
        for v in values {
            let mut power = turn;
            for sum in &mut sums[..harmonics] {
                *sum += power * *v;
                power *= turn;
            }
            turn *= step;
        }
        times.push((begin + values.len() as f64 / 2.0) / fs_hz);
        for (list, sum) in phasors.iter_mut().zip(sums) {
            list.push(sum);
        }
    }
    let power = |h: usize, delta_hz: f64| -> f64 {
        let turned = phasors[h].iter().zip(&times).map(|(z, t)| z * Complex64::from_polar(1.0, -2.0 * PI * delta_hz * t));
        turned.sum::<Complex64>().norm_sqr()
    };
    let seconds = x.len() as f64 / fs_hz;
    let total = |delta: f64| (0..harmonics).map(|h| power(h, (h + 1) as f64 * delta)).sum::<f64>();
    let grid = 1.0 / (8.0 * seconds * harmonics as f64);
    let reach = ((options.search_hz / grid).ceil() as i32).clamp(1, 2000);
    let scores: Vec<f64> = (-reach..=reach).map(|k| total(f64::from(k) * grid)).collect();
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(reach as usize);
    let (vertex, _) = super::peaks::parabolic_vertex(&scores, best);
    let delta = (vertex - f64::from(reach)) * grid;
    // Far enough from the line that its slow drift does not count as noise.
    let beside = |h: usize| {
        let at = (h + 1) as f64 * delta;
        let around: Vec<f64> =
            [4.5, 5.5, 6.5, 7.5, 8.5].iter().flat_map(|k| [power(h, at + k / seconds), power(h, at - k / seconds)]).collect();
        // Powers of noise are exponential: their mean is the median over ln 2.
        median(&around) / std::f64::consts::LN_2
    };
    let keep: Vec<bool> = (0..harmonics).map(|h| power(h, (h + 1) as f64 * delta) > 6.0 * beside(h)).collect();
    let kept: Vec<f64> = (0..harmonics).filter(|h| keep[*h]).map(beside).collect();
    let n = x.len() as f64;
    let noise = 4.0 * kept.iter().sum::<f64>() / kept.len().max(1) as f64 / (n * n);
    Seen { hz: nominal + delta, keep, noise }
}

/// How phase and amplitude of the mains bend within a block, the same for all harmonics.
#[derive(Clone)]
struct Modulation {
    /// Phase of the fundamental beyond that of a steady sinusoid, radians.
    phase: Vec<f64>,
    /// Logarithm of the amplitude.
    gain: Vec<f64>,
}

impl Modulation {
    fn none(n: usize) -> Self {
        Self { phase: vec![0.0; n], gain: vec![0.0; n] }
    }
}

/// Legendre polynomials of degree 1 to `degree` at `t` (-1 to 1).
fn legendre(t: f64, degree: usize, out: &mut [f64]) {
    let (mut before, mut now) = (1.0, t);
    for (k, out) in out.iter_mut().enumerate().take(degree) {
        *out = now;
        let d = (k + 1) as f64;
        (before, now) = (now, ((2.0 * d + 1.0) * t * now - d * before) / (d + 1.0));
    }
}

/// Least squares with a constant, a slope, and cosine and sine of each harmonic kept.
struct Fit {
    harmonics: Vec<usize>,
    columns: Vec<Vec<f64>>,
    factor: Vec<Vec<f64>>,
    coefficients: Vec<f64>,
}

impl Fit {
    fn new(valid: &[bool], fs_hz: f64, hz: f64, keep: &[bool], modulation: &Modulation) -> Self {
        let n = valid.len();
        let harmonics: Vec<usize> = (1..=keep.len()).filter(|h| keep[h - 1]).collect();
        let mut columns = vec![vec![1.0; n], (0..n).map(|k| 2.0 * k as f64 / n as f64 - 1.0).collect()];
        let steady = modulation.phase.iter().chain(&modulation.gain).all(|v| *v == 0.0);
        for h in &harmonics {
            let (mut cosine, mut sine) = (Vec::with_capacity(n), Vec::with_capacity(n));
            let cycles_per_sample = *h as f64 * hz / fs_hz;
            let step = Complex64::from_polar(1.0, 2.0 * PI * cycles_per_sample);
            let mut turn = Complex64::new(1.0, 0.0);
            for k in 0..n {
                if k % 1024 == 0 {
                    turn = Complex64::from_polar(1.0, 2.0 * PI * (cycles_per_sample * k as f64).fract());
                }
                let bent =
                    if steady { turn } else { turn * Complex64::from_polar(modulation.gain[k].exp(), *h as f64 * modulation.phase[k]) };
                cosine.push(bent.re);
                sine.push(bent.im);
                turn *= step;
            }
            columns.extend([cosine, sine]);
        }
        for column in &mut columns {
            column.iter_mut().zip(valid).filter(|(_, valid)| !**valid).for_each(|(v, _)| *v = 0.0);
        }
        let factor = factored(&columns, &[]);
        let coefficients = vec![0.0; columns.len()];
        Self { harmonics, columns, factor, coefficients }
    }

    /// One Gauss-Newton step: how phase and amplitude have to bend for the model to come closer to
    /// `x`. `noise` is the variance per sample near the mains. `None` when nothing was fitted or the
    /// bend would be more than mains can do.
    fn bend(&self, x: &[f64], now: &Modulation, degree: usize, noise: f64) -> Option<Modulation> {
        const PHASE_PRIOR: f64 = 0.3;
        const GAIN_PRIOR: f64 = 0.15;
        let n = x.len();
        if self.harmonics.is_empty() || n < 2 {
            return None;
        }
        let line = self.line();
        let mut slope = vec![0.0; n];
        for ((pair, c), h) in self.columns[2..].chunks_exact(2).zip(self.coefficients[2..].chunks_exact(2)).zip(&self.harmonics) {
            for (k, out) in slope.iter_mut().enumerate() {
                *out += *h as f64 * (c[1] * pair[0][k] - c[0] * pair[1][k]);
            }
        }
        let mut columns = self.columns.clone();
        let first = columns.len();
        columns.resize(first + 2 * degree, vec![0.0; n]);
        let mut shape = [0.0; 8];
        let time = |k: usize| 2.0 * k as f64 / (n - 1) as f64 - 1.0;
        for k in 0..n {
            legendre(time(k), degree, &mut shape);
            for j in 0..degree {
                columns[first + j][k] = slope[k] * shape[j];
                columns[first + degree + j][k] = line[k] * shape[j];
            }
        }
        let mut held = vec![0.0; columns.len()];
        for j in 0..degree {
            held[first + j] = noise / (PHASE_PRIOR * PHASE_PRIOR);
            held[first + degree + j] = noise / (GAIN_PRIOR * GAIN_PRIOR);
        }
        let model = self.sum(0);
        let left: Vec<f64> = x.iter().zip(&model).map(|(v, m)| v - m).collect();
        let right = columns.iter().map(|column| dot(column, &left)).collect();
        let step = solve(&factored(&columns, &held), right);
        let mut next = now.clone();
        for k in 0..n {
            legendre(time(k), degree, &mut shape);
            for j in 0..degree {
                next.phase[k] += step[first + j] * shape[j];
                next.gain[k] += step[first + degree + j] * shape[j];
            }
        }
        let sane = next.phase.iter().all(|p| p.abs() < 1.5) && next.gain.iter().all(|g| g.abs() < 0.7);
        sane.then_some(next)
    }

    /// Iterates from the pseudo-observations `start` to a robust estimate; returns the final ones.
    fn robust(&mut self, x: &[f64], start: &[f64], valid: &[bool]) -> Vec<f64> {
        const SOFT: usize = 5;
        const ROUNDS: usize = 12;
        let mut pseudo = start.to_vec();
        // Enough values for a scale; an odd stride shares no factor with usual mains periods.
        let stride = (x.len() / 4096).max(1) | 1;
        for round in 0..ROUNDS {
            let right: Vec<f64> = self.columns.iter().map(|column| dot(column, &pseudo)).collect();
            self.coefficients = solve(&self.factor, right);
            if round + 1 == ROUNDS {
                break;
            }
            let model = self.sum(0);
            let sample: Vec<f64> = (0..x.len()).step_by(stride).filter(|&k| valid[k]).map(|k| (x[k] - model[k]).abs()).collect();
            let sigma = SIGMA_PER_MAD * median(&sample);
            if sigma.is_nan() {
                break;
            }
            for ((p, v), m) in pseudo.iter_mut().zip(x).zip(&model) {
                let r = v - m;
                let counted = match round < SOFT {
                    true => r.clamp(-1.5 * sigma, 1.5 * sigma),
                    false if r.abs() <= 3.0 * sigma => r,
                    false => 0.0,
                };
                *p = m + counted;
            }
        }
        pseudo
    }

    fn sum(&self, from: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.columns.first().map_or(0, Vec::len)];
        for (column, c) in self.columns.iter().zip(&self.coefficients).skip(from) {
            out.iter_mut().zip(column).for_each(|(out, v)| *out += c * v);
        }
        out
    }

    /// The mains alone, without constant and slope.
    fn line(&self) -> Vec<f64> {
        self.sum(2)
    }
}

/// Cholesky factor of the normal equations, with `held` added to the diagonal.
fn factored(columns: &[Vec<f64>], held: &[f64]) -> Vec<Vec<f64>> {
    let size = columns.len();
    let mut factor = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            factor[i][j] = dot(&columns[i], &columns[j]);
        }
        factor[i][i] = factor[i][i] * (1.0 + 1e-12) + held.get(i).copied().unwrap_or(0.0);
    }
    cholesky(&mut factor);
    factor
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums side by side let the compiler use vector registers.
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    let done = a.len() / 4 * 4;
    sums.iter().sum::<f64>() + a[done..].iter().zip(&b[done..]).map(|(a, b)| a * b).sum::<f64>()
}

fn cholesky(m: &mut [Vec<f64>]) {
    for i in 0..m.len() {
        for j in 0..=i {
            let sum = m[i][j] - (0..j).map(|k| m[i][k] * m[j][k]).sum::<f64>();
            // A column that the others explain gets no weight instead of an infinite one.
            m[i][j] = if i == j { if sum > 1e-9 * m[i][i].abs() { sum.sqrt() } else { f64::INFINITY } } else { sum / m[j][j] };
        }
    }
}

fn solve(factor: &[Vec<f64>], mut right: Vec<f64>) -> Vec<f64> {
    for i in 0..right.len() {
        let sum: f64 = (0..i).map(|k| factor[i][k] * right[k]).sum();
        right[i] = (right[i] - sum) / factor[i][i];
    }
    for i in (0..right.len()).rev() {
        let sum: f64 = (i + 1..right.len()).map(|k| if factor[k][i].is_finite() { factor[k][i] * right[k] } else { 0.0 }).sum();
        right[i] = (right[i] - sum) / factor[i][i];
    }
    right
}
