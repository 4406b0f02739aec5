//! Mains in a single sweep, before a muscle's activity is looked for in it.
//!
//! A sweep is too short to find the frequency of its mains: 50 and 60 Hz are both tried
//! ([`fit_line`] fits robustly, so that a response pulls little), and the better one is taken away
//! only when what is left is clearly calmer. Muscle activity does not become calmer by that.

use crate::dsp::line::{LineOptions, fit_line};
use crate::dsp::robust::mad;

/// Mains that there may be, Hz.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];
/// Harmonics, 1 is the fundamental alone; more would fit a response.
const HARMONICS: usize = 3;
/// How much calmer a sweep must become.
const CALMER: f64 = 0.75;

/// The sweep without mains, and the amplitude that the mains had, microvolts; `None`: there is none,
/// and the sweep is as it was. NaN stay NaN.
pub fn without_hum(uv: &[f64], fs_hz: f64) -> (Vec<f64>, Option<f64>) {
    if !(fs_hz.is_finite() && fs_hz > 4.0 * MAINS_HZ[1]) {
        return (uv.to_vec(), None);
    }
    let before = mad(uv);
    let mut best = (CALMER * before, None);
    for nominal_hz in MAINS_HZ {
        let options = LineOptions { nominal_hz, harmonics: HARMONICS, search_hz: 0.0, block_s: uv.len() as f64 / fs_hz };
        let (fit, line) = fit_line(uv, fs_hz, &options);
        let left: Vec<f64> = uv.iter().zip(&line).map(|(v, l)| v - l).collect();
        let calm = mad(&left);
        if calm < best.0 {
            best = (calm, Some((left, fit.amplitudes.first().copied().unwrap_or(0.0))));
        }
    }
    match best.1 {
        Some((left, uv)) => (left, Some(uv)),
        None => (uv.to_vec(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::without_hum;
    use crate::dsp::robust::mad;
    use crate::simulate::Random;

    #[test]
    fn mains_goes_and_nothing_else_does() {
        let mut random = Random::new(3);
        let noise: Vec<f64> = (0..600).map(|_| random.normal(0.0, 4.0)).collect();
        let wave = |i: usize, hz: f64| (std::f64::consts::TAU * hz * i as f64 / 5000.0 + 0.4).sin();
        for hz in [50.0, 60.0] {
            let hum: Vec<f64> = noise.iter().enumerate().map(|(i, v)| v + 50.0 * wave(i, hz)).collect();
            let (left, uv) = without_hum(&hum, 5000.0);
            assert!((uv.unwrap() - 50.0).abs() < 3.0, "{uv:?}");
            assert!(mad(&left) < 1.2 * mad(&noise));
        }
        // A response on quiet ground, and activity throughout, stay as they are.
        let response: Vec<f64> =
            noise.iter().enumerate().map(|(i, v)| if (250..300).contains(&i) { v + 500.0 * wave(i, 100.0) } else { *v }).collect();
        assert_eq!(without_hum(&response, 5000.0), (response, None));
        let active: Vec<f64> = (0..600).map(|_| random.normal(0.0, 60.0)).collect();
        assert_eq!(without_hum(&active, 5000.0).1, None);
        assert_eq!(without_hum(&[], 5000.0), (Vec::new(), None));
        assert_eq!(without_hum(&[1.0; 30], f64::NAN).1, None);
    }
}
