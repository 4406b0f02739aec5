//! A seeded source of random numbers: the same seed gives the same numbers on every machine.
//!
//! The generator itself is [`Xoshiro`]; here stand the distributions that simulations draw from.

use crate::dsp::random::Xoshiro;

/// The generator.
#[derive(Debug, Clone)]
pub struct Random {
    source: Xoshiro,
    spare: Option<f64>,
}

impl Random {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        Self { source: Xoshiro::new(seed), spare: None }
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        self.source.unit()
    }

    /// Uniform between two values.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal with this mean and standard deviation (polar method).
    pub fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        if let Some(spare) = self.spare.take() {
            return mean + sd * spare;
        }
        loop {
            let (u, v) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let r2 = u * u + v * v;
            if r2 > 0.0 && r2 < 1.0 {
                let scale = (-2.0 * r2.ln() / r2).sqrt();
                self.spare = Some(v * scale);
                return mean + sd * u * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_gives_the_same_numbers_with_the_stated_moments() {
        let (mut a, mut b) = (Random::new(3), Random::new(3));
        let values: Vec<f64> = (0..20_000).map(|_| a.normal(2.0, 3.0)).collect();
        assert!(values.iter().all(|v| *v == b.normal(2.0, 3.0)));
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!((mean - 2.0).abs() < 0.07 && (sd - 3.0).abs() < 0.05, "{mean} {sd}");
    }
}
