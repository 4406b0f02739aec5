//! Mains subtraction: what is left of the mains, and what happens to potentials.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have

use myoscope::dsp::line::{LineOptions, fit_line, subtract_line};
use std::f64::consts::PI;

/// Reproducible noise of about unit variance.
fn noise(n: usize, mut seed: u64) -> Vec<f64> {
    let mut uniform = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..n).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

fn mains(n: usize, fs: f64, hz: f64, amplitude: f64) -> Vec<f64> {
    let parts = [(1.0, 1.0, 0.3), (2.0, 0.08, 1.0), (3.0, 0.25, 2.0), (5.0, 0.12, 4.0)];
    let value = |t: f64| parts.iter().map(|(h, a, p)| amplitude * a * (2.0 * PI * h * hz * t + p).sin()).sum();
    (0..n).map(|k| value(k as f64 / fs)).collect()
}

fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt()
}

#[test]
fn twenty_to_eighty_microvolts_of_mains_leave_less_than_three() {
    let fs = 25_000.0;
    let n = 125_000;
    let mut signal: Vec<f64> = noise(n, 1).iter().map(|v| 8.0 * v).collect();
    for start in (1000..n - 300).step_by(1900) {
        for k in 0..150 {
            let t = f64::from(k) / 25.0;
            signal[start + k as usize] += 600.0 * (-(t - 2.0) * (t - 2.0) * 4.0).exp() - 300.0 * (-(t - 3.0) * (t - 3.0) * 3.0).exp();
        }
    }
    for (amplitude, hz, nominal) in [(20.0, 50.04, 50.0), (80.0, 49.93, 50.0), (80.0, 60.06, 60.0), (1000.0, 50.11, 50.0)] {
        let hum = mains(n, fs, hz, amplitude);
        let dirty: Vec<f64> = signal.iter().zip(&hum).map(|(s, m)| s + m).collect();
        let clean = subtract_line(&dirty, fs, &LineOptions { nominal_hz: nominal, ..LineOptions::default() });
        let left: Vec<f64> = clean.iter().zip(&signal).map(|(c, s)| c - s).collect();
        assert!(rms(&left) < 3.0, "{amplitude} uV at {hz} Hz leave {} uV", rms(&left));
    }
    let untouched = subtract_line(&signal, fs, &LineOptions::default());
    let change: Vec<f64> = untouched.iter().zip(&signal).map(|(c, s)| c - s).collect();
    assert!(rms(&change) < 1.0, "a signal without mains is changed by {} uV", rms(&change));
}

#[test]
fn long_recordings_are_done_in_blocks_and_gaps_stay() {
    let fs = 2000.0;
    let n = 60_000;
    let mut x = mains(n, fs, 49.97, 100.0);
    let truth = noise(n, 5);
    x.iter_mut().zip(&truth).for_each(|(x, t)| *x += t);
    x[20_000..21_000].fill(f64::NAN);
    let clean = subtract_line(&x, fs, &LineOptions::default());
    let left: Vec<f64> = clean.iter().zip(&truth).map(|(c, t)| c - t).filter(|v| !v.is_nan()).collect();
    assert_eq!(left.len(), n - 1000);
    assert!(rms(&left) < 0.5, "{}", rms(&left));
}

#[test]
fn a_sweep_keeps_its_potential() {
    let fs = 20_000.0;
    let n = 1200;
    let cmap = |k: usize| {
        let t = k as f64 / 20.0 - 12.0;
        6000.0 * (-t * t / 3.0).exp()
    };
    let hum = mains(n, fs, 50.0, 40.0);
    let x: Vec<f64> = hum.iter().zip(noise(n, 9)).enumerate().map(|(k, (m, e))| m + 3.0 * e + cmap(k)).collect();
    let clean = subtract_line(&x, fs, &LineOptions::default());
    let peak = clean.iter().copied().fold(f64::MIN, f64::max);
    assert!((peak - 6000.0).abs() < 60.0, "{peak}");
    let tail: Vec<f64> = clean[600..].to_vec();
    assert!(rms(&tail) < rms(&hum) * 0.75, "{} of {}", rms(&tail), rms(&hum));
}

#[test]
fn odd_inputs_are_left_alone() {
    for x in [vec![], vec![1.0; 3], vec![f64::NAN; 5000], vec![0.0; 5000]] {
        let y = subtract_line(&x, 1000.0, &LineOptions::default());
        assert_eq!(y.len(), x.len());
        assert!(y.iter().zip(&x).all(|(y, x)| y == x || (y.is_nan() && x.is_nan())));
    }
    for fs in [f64::NAN, 0.0, -1.0, f64::INFINITY, 60.0] {
        assert_eq!(subtract_line(&[1.0; 500], fs, &LineOptions::default()).len(), 500, "{fs}");
    }
    let (fit, _) = fit_line(&mains(10_000, 1000.0, 50.02, 10.0), 1000.0, &LineOptions::default());
    assert!((fit.hz - 50.02).abs() < 0.002 && (fit.amplitudes[0] - 10.0).abs() < 0.1, "{fit:?}");
}
