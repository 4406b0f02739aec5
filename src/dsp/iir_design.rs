//! Butterworth and notch design into second-order sections.
//!
//! Analogue prototype on the unit circle, frequency transformation, bilinear transform with
//! prewarping (Oppenheim and Schafer, Discrete-Time Signal Processing, chapter 7). Poles are paired
//! with their conjugates, zeros lie where a Butterworth filter has them, so no search is needed.
//! Sections come in order of growing resonance: the one nearest the unit circle is last.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use rustfft::num_complex::Complex64;

/// One second-order section: `b0 + b1/z + b2/z^2` over `1 + a1/z + a2/z^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    /// Numerator.
    pub b: [f64; 3],
    /// Denominator without its leading 1.
    pub a: [f64; 2],
}

/// Which frequencies pass. All in Hz.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Band {
    /// Everything below.
    Lowpass(f64),
    /// Everything above.
    Highpass(f64),
    /// Everything between.
    Bandpass(f64, f64),
    /// Everything outside.
    Bandstop(f64, f64),
}

/// Why a filter cannot be designed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DesignError {
    /// A corner outside the open interval from 0 to half the sampling rate, or a pair out of order.
    #[error("the corner {hz} Hz does not lie between 0 and half the sampling rate of {fs_hz} Hz")]
    Corner {
        /// The corner.
        hz: f64,
        /// Sampling rate.
        fs_hz: f64,
    },
    /// Order 0 or above [`MAX_ORDER`].
    #[error("a filter of order {0} is not offered")]
    Order(usize),
}

/// Highest order of the prototype.
pub const MAX_ORDER: usize = 16;

fn check(hz: f64, fs_hz: f64) -> Result<f64, DesignError> {
    // A NaN or infinite rate fails these comparisons too.
    if fs_hz.is_finite() && hz > 0.0 && hz < fs_hz / 2.0 { Ok(hz) } else { Err(DesignError::Corner { hz, fs_hz }) }
}

/// Butterworth filter of any order, as `scipy.signal.butter(order, ..., output="sos")`: the same
/// transfer function; sections may be grouped differently. `fs_hz` in Hz.
///
/// # Errors
/// When a corner or the order is out of range.
pub fn butter(order: usize, band: Band, fs_hz: f64) -> Result<Vec<Section>, DesignError> {
    if order == 0 || order > MAX_ORDER {
        return Err(DesignError::Order(order));
    }
    let (low, high) = match band {
        Band::Lowpass(hz) | Band::Highpass(hz) => (check(hz, fs_hz)?, hz),
        Band::Bandpass(low, high) | Band::Bandstop(low, high) => (check(low, fs_hz)?, check(high, fs_hz)?),
    };
    if matches!(band, Band::Bandpass(..) | Band::Bandstop(..)) && low >= high {
        return Err(DesignError::Corner { hz: high, fs_hz });
    }
    // Prewarped for a bilinear transform with s = (z - 1) / (z + 1).
    let (w_low, w_high) = ((PI * low / fs_hz).tan(), (PI * high / fs_hz).tan());
    let (centre2, width) = (w_low * w_high, w_high - w_low);
    let one = Complex64::new(1.0, 0.0);
    let mut poles = Vec::with_capacity(2 * order);
    for k in 0..order {
        let angle = PI * (2 * k + 1 + order) as f64 / (2 * order) as f64;
        let mut p = Complex64::from_polar(1.0, angle);
        if 2 * k + 1 == order {
            p = -one; // exactly real, not within rounding
        }
        match band {
            Band::Lowpass(_) => poles.push(p * w_low),
            Band::Highpass(_) => poles.push(w_low / p),
            Band::Bandpass(..) | Band::Bandstop(..) => {
                let half = if matches!(band, Band::Bandpass(..)) { p * width / 2.0 } else { width / 2.0 / p };
                let root = (half * half - centre2).sqrt();
                poles.extend([half + root, half - root]);
            }
        }
    }
    let poles: Vec<Complex64> = poles.into_iter().map(|p| (one + p) / (one - p)).collect();
    let mut sections = pair_poles(&poles);
    // Where the gain is 1: the middle of the pass band.
    let middle = match band {
        Band::Lowpass(_) | Band::Bandstop(..) => one,
        Band::Highpass(_) => -one,
        Band::Bandpass(..) => Complex64::from_polar(1.0, 2.0 * centre2.sqrt().atan()),
    };
    let stop = 2.0 * centre2.sqrt().atan();
    for section in &mut sections {
        let first_order = section.a[1] == 0.0 && order % 2 == 1 && matches!(band, Band::Lowpass(_) | Band::Highpass(_));
        section.b = match band {
            Band::Lowpass(_) if first_order => [1.0, 1.0, 0.0],
            Band::Lowpass(_) => [1.0, 2.0, 1.0],
            Band::Highpass(_) if first_order => [1.0, -1.0, 0.0],
            Band::Highpass(_) => [1.0, -2.0, 1.0],
            Band::Bandpass(..) => [1.0, 0.0, -1.0],
            Band::Bandstop(..) => [1.0, -2.0 * stop.cos(), 1.0],
        };
        let gain = response(std::slice::from_ref(section), middle).norm();
        section.b = section.b.map(|b| b / gain);
    }
    Ok(sections)
}

/// Conjugate pairs into denominators, real poles two by two, the least resonant first.
fn pair_poles(poles: &[Complex64]) -> Vec<Section> {
    let real = |p: &Complex64| p.im.abs() <= 1e-14 * p.norm().max(1e-300);
    let mut radius_a: Vec<(f64, [f64; 2])> =
        poles.iter().filter(|p| !real(p) && p.im > 0.0).map(|p| (p.norm(), [-2.0 * p.re, p.norm_sqr()])).collect();
    let mut reals: Vec<f64> = poles.iter().filter(|p| real(p)).map(|p| p.re).collect();
    reals.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    if reals.len() % 2 == 1 {
        let alone = reals.remove(0);
        radius_a.push((alone.abs(), [-alone, 0.0]));
    }
    for pair in reals.chunks_exact(2) {
        radius_a.push((pair[1].abs(), [-(pair[0] + pair[1]), pair[0] * pair[1]]));
    }
    radius_a.sort_by(|x, y| x.0.total_cmp(&y.0));
    radius_a.into_iter().map(|(_, a)| Section { b: [1.0, 0.0, 0.0], a }).collect()
}

/// Notch of quality `q` (centre over width at -3 dB), as `scipy.signal.iirnotch`.
///
/// # Errors
/// When the frequency is out of range or `q` is not positive.
pub fn iirnotch(hz: f64, q: f64, fs_hz: f64) -> Result<Vec<Section>, DesignError> {
    check(hz, fs_hz)?;
    if !(q > 0.0 && q.is_finite()) {
        return Err(DesignError::Corner { hz, fs_hz });
    }
    let w0 = 2.0 * PI * hz / fs_hz;
    let beta = (1.0 - FRAC_1_SQRT_2 * FRAC_1_SQRT_2).sqrt() / FRAC_1_SQRT_2 * (w0 / q / 2.0).tan();
    let gain = 1.0 / (1.0 + beta);
    let b1 = -2.0 * w0.cos() * gain;
    Ok(vec![Section { b: [gain, b1, gain], a: [b1, 2.0 * gain - 1.0] }])
}

/// Transfer function of a cascade at `z` (on the unit circle: `exp(j 2 pi f / fs)`).
pub fn response(sections: &[Section], z: Complex64) -> Complex64 {
    let w = z.inv();
    let mut h = Complex64::new(1.0, 0.0);
    for s in sections {
        h *= (w * (w * s.b[2] + s.b[1]) + s.b[0]) / (w * (w * s.a[1] + s.a[0]) + 1.0);
    }
    h
}
