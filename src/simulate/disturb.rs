//! What an amplifier adds to a response: coupling, noise, mains, drift, the shock's artefact.

use super::random::Random;

/// Disturbances of one sweep. The default adds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Disturbance {
    /// White noise, uV rms.
    pub noise_uv: f64,
    /// Slow noise (low-passed at about 40 Hz), uV rms.
    pub slow_noise_uv: f64,
    /// Mains fundamental, uV, and its frequency, Hz. A fifth of it stands at the third harmonic.
    pub mains_uv: f64,
    /// Mains frequency, Hz.
    pub mains_hz: f64,
    /// Drift over the sweep, uV.
    pub drift_uv: f64,
    /// Height of the shock's spike, uV (sign as given).
    pub spike_uv: f64,
    /// The electrodes' discharge behind it: height, uV, and time constant, ms; fast and slow.
    pub tails: [(f64, f64); 2],
    /// A constant, uV.
    pub offset_uv: f64,
}

impl Disturbance {
    /// Adds everything to `uv`, whose first sample lies `first_ms` after the stimulus.
    pub fn add(&self, uv: &mut [f64], first_ms: f64, per_ms: f64, random: &mut Random) {
        let phases = [(); 3].map(|()| random.between(0.0, std::f64::consts::TAU));
        let last = uv.len() as f64;
        let decay = (-std::f64::consts::TAU * 0.04 / per_ms).exp();
        let mut slow = random.normal(0.0, self.slow_noise_uv);
        for (i, value) in uv.iter_mut().enumerate() {
            let t = first_ms + i as f64 / per_ms;
            *value += self.offset_uv + random.normal(0.0, self.noise_uv);
            slow = decay * slow + random.normal(0.0, self.slow_noise_uv * (1.0 - decay * decay).sqrt());
            *value += slow;
            let turn = std::f64::consts::TAU * self.mains_hz * t * 1e-3;
            *value += self.mains_uv * ((turn + phases[0]).sin() + 0.2 * (3.0 * turn + phases[1]).sin());
            let u = i as f64 / last;
            *value += self.drift_uv * (u + 0.3 * (4.0 * u + phases[2]).sin());
            if t >= 0.0 {
                if t < 0.2 {
                    *value += self.spike_uv;
                }
                for (height, tau) in self.tails {
                    if height != 0.0 {
                        *value += height * (-t / tau).exp();
                    }
                }
            }
        }
    }
}

/// The amplifier's coupling: a first-order high-pass at `corner_hz`, in place.
pub fn couple(uv: &mut [f64], per_ms: f64, corner_hz: f64) {
    let keep = (-std::f64::consts::TAU * corner_hz / (per_ms * 1e3)).exp();
    let (mut last_in, mut last_out) = (uv.first().copied().unwrap_or(0.0), 0.0);
    for value in uv {
        last_out = keep * (last_out + *value - last_in);
        last_in = *value;
        *value = last_out;
    }
}
