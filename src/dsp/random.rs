//! A seeded source of random numbers, the same on every machine: xoshiro256++ (Blackman and Vigna,
//! ACM TOMS 2021;47:36) seeded by splitmix64. Not for secrets.

/// The generator.
#[derive(Debug, Clone)]
pub struct Xoshiro([u64; 4]);

impl Xoshiro {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        let mut z = seed;
        Self([0; 4].map(|_: u64| {
            z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let x = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        }))
    }

    /// Uniform in `0.0..1.0`, from the upper 53 bits.
    pub fn unit(&mut self) -> f64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        (out >> 11) as f64 / (1_u64 << 53) as f64
    }
}
