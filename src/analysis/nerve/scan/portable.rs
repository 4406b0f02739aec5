//! Logarithm, exponential, normal distribution and random numbers in plain arithmetic.
//!
//! The mathematical functions of two platforms may differ in the last bit. In a chain of random
//! decisions such a bit grows into another answer, so the fit of a scan uses these, which consist of
//! additions, multiplications and square roots alone and give the same bits in a browser and
//! natively.

use crate::dsp::random::Xoshiro;

/// Natural logarithm of a positive, normal number; error below 1e-10.
pub(super) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut power = (bits >> 52) as i64 as f64 - 1023.0;
    let mut m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        power += 1.0;
    }
    let t = (m - 1.0) / (m + 1.0);
    let q = t * t;
    let series = 1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0))));
    power * std::f64::consts::LN_2 + 2.0 * t * series
}

/// Exponential; relative error below 1e-8, zero below -700 and never above that of 700.
pub(super) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let power = (x * std::f64::consts::LOG2_E + 0.5).floor();
    let f = x - power * std::f64::consts::LN_2;
    let tail = 1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0 + f / 5040.0));
    let series = 1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * tail)));
    series * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

/// Beyond this many standard deviations a unit always or never responds.
pub(super) const Z_MAX: f64 = 3.6;
const STEPS_A_SD: f64 = 128.0;

/// The cumulative normal distribution as a table.
pub(super) struct Normal(Vec<f64>);

impl Normal {
    pub(super) fn new() -> Self {
        let density = |z: f64| 0.398_942_280_401_432_7 * exp(-0.5 * z * z);
        let step = 1.0 / STEPS_A_SD;
        // The part below the table, then Simpson's rule.
        let mut sum = 1.591_085_6e-4;
        let table = (0..(2.0 * Z_MAX * STEPS_A_SD) as usize + 2).map(|i| {
            let here = sum;
            let z = -Z_MAX + i as f64 * step;
            sum += step / 6.0 * (density(z) + 4.0 * density(z + 0.5 * step) + density(z + step));
            here
        });
        Self(table.collect())
    }

    /// Probability of a value below `z`; 0 and 1 beyond [`Z_MAX`].
    pub(super) fn below(&self, z: f64) -> f64 {
        if z.is_nan() || z <= -Z_MAX {
            return 0.0;
        }
        if z >= Z_MAX {
            return 1.0;
        }
        let at = (z + Z_MAX) * STEPS_A_SD;
        let (i, f) = (at as usize, at - (at as usize) as f64);
        self.0[i] * (1.0 - f) + self.0[i + 1] * f
    }
}

/// Random numbers whose transformations are those of this file, so that no decision depends on the
/// machine.
pub(super) struct Draws(Xoshiro);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro::new(seed))
    }

    /// Uniform in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// A whole number below `n`, which is positive.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Normal with mean 0 and standard deviation 1 (polar method).
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let r2 = u * u + v * v;
            if r2 > 1e-300 && r2 < 1.0 {
                return u * (-2.0 * ln(r2) / r2).sqrt();
            }
        }
    }

    /// Logarithm of a uniform number: what a proposal's gain must exceed to be taken.
    pub(super) fn threshold(&mut self) -> f64 {
        ln(self.unit().max(1e-300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_equal_the_standard_ones() {
        for i in 1..2000 {
            let x = f64::from(i) * 0.37;
            assert!((ln(x) - x.ln()).abs() < 1e-10, "ln {x}");
            let y = f64::from(i) * 0.05 - 60.0;
            assert!((exp(y) / y.exp() - 1.0).abs() < 1e-7, "exp {y}");
        }
        assert_eq!(exp(-1e9), 0.0);
        let normal = Normal::new();
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.959_964, 0.025), (3.0, 0.998_650_1), (9.0, 1.0), (-9.0, 0.0)] {
            assert!((normal.below(z) - p).abs() < 3e-6, "{z} {}", normal.below(z));
        }
        assert_eq!(normal.below(f64::NAN), 0.0);
    }

    #[test]
    fn draws_have_their_moments() {
        let mut draws = Draws::new(5);
        let values: Vec<f64> = (0..20_000).map(|_| draws.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!(mean.abs() < 0.03 && (sd - 1.0).abs() < 0.02, "{mean} {sd}");
        assert!((0..1000).all(|_| draws.below(7) < 7));
    }
}
