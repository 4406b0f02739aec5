//! The signal in which discharges are looked for: without mains, 200 Hz to 3 kHz, at some 12 kHz.
//!
//! Potentials of muscle fibres near the needle have most of their energy there, while mains, drift
//! and distant units lie below it (McGill, Cummins and Dorfman 1985 filter for the same reason).
//! Work is done in windows, so that memory beside the input is a quarter of it at 48 kHz.
//!
//! **NaN** and infinite samples become zero in the working signal; nothing is found within 5 ms of
//! them. **Cost**: about 0.1 us a sample; with mains 2 us more.

use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::dsp::line::{LineOptions, fit_line, subtract_line};
use crate::dsp::robust::{SIGMA_PER_MAD, mad, percentile};

/// Length of a window, s.
pub const WINDOW_S: f64 = 10.0;
/// What filters see beyond a window, s.
const SETTLE_S: f64 = 0.1;
/// Length of the blocks in which noise and artefacts are judged, s.
pub const BLOCK_S: f64 = 0.005;
/// Blocks of noise, in blocks of [`BLOCK_S`].
const NOISE_BLOCKS: usize = 8;
/// Lowest rate that shows the shape of a fibre's potential, Hz.
pub const LEAST_FS_HZ: f64 = 4000.0;
/// The working signal has no lower rate than this (or that of the input), Hz.
const WORKING_FS_HZ: f64 = 12_000.0;
/// Mains of a lower amplitude are let be, uV.
const MAINS_UV: f64 = 1.5;
/// So many times the noise above 3.5 kHz, through [`ARTEFACT_BLOCKS`] blocks, is no muscle.
const ARTEFACT_RISE: f64 = 2.5;
/// 20 ms: no potential of rest has its sharp part as long.
const ARTEFACT_BLOCKS: usize = 4;
/// What muscle leaves above 3.5 kHz, as part of its rms from 200 Hz to 3 kHz, is less than this.
const ARTEFACT_PART: f64 = 0.17;

/// The working signal.
#[derive(Debug, Clone, Default)]
pub struct Working {
    /// Samples, microvolts.
    pub uv: Vec<f64>,
    /// Rate, Hz.
    pub fs_hz: f64,
    /// One sample of it is so many of the input.
    pub step: usize,
    /// Standard deviation of the noise, microvolts, one a window.
    pub sigma_uv: Vec<f64>,
    /// Where the signal is missing or no muscle's, one a block of [`BLOCK_S`].
    pub bad: Vec<bool>,
    /// Amplitude of mains taken away, microvolts, the highest of all windows.
    pub mains_uv: f64,
    /// Standard deviation of the input between discharges, microvolts, one a window.
    pub wide_uv: Vec<f64>,
}

impl Working {
    /// For an input at `fs_hz`, empty; `None` when its rate is too low.
    pub fn new(fs_hz: f64) -> Option<Self> {
        if !(fs_hz.is_finite() && (LEAST_FS_HZ..=1e6).contains(&fs_hz)) {
            return None;
        }
        let step = ((fs_hz / WORKING_FS_HZ) as usize).max(1);
        Some(Self { fs_hz: fs_hz / step as f64, step, ..Self::default() })
    }

    /// Samples of the input that one window has; a multiple of [`Self::step`].
    pub fn window(&self) -> usize {
        (WINDOW_S * self.fs_hz) as usize * self.step
    }

    /// Samples of a block.
    fn block(&self) -> usize {
        ((BLOCK_S * self.fs_hz) as usize).max(1)
    }

    /// Noise around a sample of the working signal, uV.
    pub fn sigma(&self, at: usize) -> f64 {
        let i = at / (self.window() / self.step).max(1);
        self.sigma_uv.get(i).or(self.sigma_uv.last()).copied().unwrap_or(1.0)
    }

    /// Whether a train is no larger than the largest of so many samples of noise (Gaussian: the square
    /// root of twice the logarithm of their number) and `beyond`, in standard deviations, and has no rhythm.
    pub fn is_noise(&self, train: &super::trains::Train, beyond: f64) -> bool {
        let at = train.times_s.first().map_or(0.0, |t| t * self.fs_hz) as usize;
        let most = (2.0 * (self.uv.len().max(2) as f64).ln()).sqrt() + beyond;
        train.size_uv() < most * self.sigma(at) && !train.is_regular()
    }

    /// Whether a sample of the working signal lies in an artefact or a gap.
    pub fn is_bad(&self, at: usize) -> bool {
        self.bad.get(at / self.block()).copied().unwrap_or(true)
    }

    /// Seconds that are neither artefact nor gap.
    pub fn usable_s(&self) -> f64 {
        self.bad.iter().filter(|bad| !**bad).count() as f64 * self.block() as f64 / self.fs_hz
    }

    /// Judges the noise anew in what is left of the working signal: a circuit that goes on all the time
    /// was taken for noise.
    pub fn judge_noise(&mut self, left: &[f64]) {
        let (window, block) = (self.window() / self.step, self.block() * NOISE_BLOCKS);
        for (sigma, piece) in self.sigma_uv.iter_mut().zip(left.chunks(window.max(1))) {
            *sigma = sigma.min(quiet(piece, block));
        }
    }

    /// The same of the input, for potentials that are measured in it.
    pub fn judge_wide_noise(&mut self, input: &[f64]) {
        let (window, block) = (self.window(), self.block() * NOISE_BLOCKS * self.step);
        for (wide, piece) in self.wide_uv.iter_mut().zip(input.chunks(window.max(1))) {
            *wide = wide.min(quiet(piece, block));
        }
    }

    /// Takes in the next window `from..to` of the input, and removes mains from it in place.
    pub fn take(&mut self, input: &mut [f64], from: usize, to: usize, fs_hz: f64) {
        let Some(window) = input.get_mut(from..to) else { return };
        self.mains_uv = self.mains_uv.max(without_mains(window, fs_hz));
        let settle = (SETTLE_S * self.fs_hz) as usize * self.step;
        let (start, end) = (from.saturating_sub(settle), (to + settle).min(input.len()));
        let piece: Vec<f64> = input[start..end].iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
        let nyquist = 0.45 * fs_hz;
        let filtered = |band| butter(2, band, fs_hz).map_or_else(|_| piece.clone(), |s| sosfiltfilt(&s, &piece));
        let middle = filtered(Band::Bandpass(200.0, 3000.0_f64.min(nyquist)));
        let high = (nyquist > 3600.0).then(|| filtered(Band::Highpass(3500.0)));
        let first = self.uv.len();
        self.uv.extend(middle[from - start..to - start].iter().step_by(self.step));
        let n = self.uv.len() - first;
        let block = self.block();
        let rms = |x: &[f64]| (x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64).sqrt();
        let blocks = n.div_ceil(block);
        let inside = |k: usize| (from - start + k * block * self.step, (from - start + (k + 1) * block * self.step).min(to - start));
        let middles: Vec<f64> = (0..blocks).map(|k| rms(&middle[inside(k).0..inside(k).1])).collect();
        let highs: Vec<f64> = high.as_ref().map_or_else(Vec::new, |h| (0..blocks).map(|k| rms(&h[inside(k).0..inside(k).1])).collect());
        let mut bad = vec![false; blocks];
        let floor = percentile(&highs, 25.0);
        if floor.is_finite() {
            let odd: Vec<bool> = highs.iter().zip(&middles).map(|(h, m)| *h > ARTEFACT_RISE * floor && *h > ARTEFACT_PART * m).collect();
            for (k, run) in odd.windows(ARTEFACT_BLOCKS).enumerate() {
                if run.iter().filter(|o| **o).count() == ARTEFACT_BLOCKS {
                    let (a, b) = (k.saturating_sub(1), (k + ARTEFACT_BLOCKS + 1).min(blocks));
                    bad[a..b].fill(true);
                }
            }
        }
        for k in 0..blocks {
            let (a, b) = (start + inside(k).0, start + inside(k).1);
            if input[a..b].iter().any(|v| !v.is_finite()) {
                let (a, b) = (k.saturating_sub(1), (k + 2).min(blocks));
                bad[a..b].fill(true);
            }
        }
        self.bad.extend(bad);
        let noise = quiet(&self.uv[first..], block * NOISE_BLOCKS);
        self.sigma_uv.push(noise);
        self.wide_uv.push(quiet(&piece[from - start..to - start], block * NOISE_BLOCKS * self.step));
    }
}

/// Standard deviation where a signal is quiet, of blocks so many samples long.
pub fn quiet(x: &[f64], length: usize) -> f64 {
    let spreads: Vec<f64> = x.chunks(length.max(1)).map(mad).filter(|m| *m > 0.0).collect();
    let spread = percentile(&spreads, 25.0) * SIGMA_PER_MAD * 1.05;
    if spread.is_finite() { spread.max(1e-9) } else { 1e-9 }
}

/// Removes mains of 50 or 60 Hz where there are any; their amplitude, uV.
fn without_mains(x: &mut [f64], fs_hz: f64) -> f64 {
    let second = (fs_hz as usize).min(x.len());
    let middle = (x.len() - second) / 2;
    let mut worst = 0.0_f64;
    for nominal_hz in [50.0, 60.0] {
        let options = LineOptions { nominal_hz, harmonics: 7, ..LineOptions::default() };
        let seen = goertzel(&x[middle..middle + second], fs_hz, nominal_hz);
        if seen < MAINS_UV {
            continue;
        }
        let (fit, _) = fit_line(&x[middle..middle + second], fs_hz, &options);
        let amplitude = fit.amplitudes.iter().copied().fold(0.0, f64::max);
        if amplitude >= MAINS_UV {
            let clean = subtract_line(x, fs_hz, &options);
            x.copy_from_slice(&clean);
            worst = worst.max(amplitude);
        }
    }
    worst
}

/// Amplitude at a frequency, the median over tenths of the stretch.
fn goertzel(x: &[f64], fs_hz: f64, hz: f64) -> f64 {
    let piece = (x.len() / 10).max(1);
    let amplitudes: Vec<f64> = x
        .chunks_exact(piece)
        .map(|x| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, v) in x.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let phase = std::f64::consts::TAU * hz * i as f64 / fs_hz;
                re += v * phase.cos();
                im += v * phase.sin();
            }
            2.0 * f64::hypot(re, im) / piece as f64
        })
        .collect();
    percentile(&amplitudes, 50.0)
}
