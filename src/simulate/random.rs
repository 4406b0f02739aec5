//! A seeded source of random numbers: the same seed gives the same numbers on every machine.
//!
//! xoshiro256++ (Blackman and Vigna, ACM TOMS 2021;47:36) seeded by splitmix64. Not for secrets.

/// The generator.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        let mut z = seed;
        let mut next = || {
            z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = z;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        };
        Self { state: [next(), next(), next(), next()], spare: None }
    }

    fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
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
