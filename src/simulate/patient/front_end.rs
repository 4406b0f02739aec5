//! From microvolts at the electrodes to counts: what is under way in a channel, noise, the filters of
//! the amplifier and its converter.

use std::f64::consts::{PI, SQRT_2, TAU};

use crate::simulate::random::Random;

/// Samples a second; also ticks of the device's clock.
pub(super) const FS_HZ: f64 = 48_000.0;
/// Samples a millisecond.
pub(super) const PER_MS: f64 = 48.0;
/// Microvolts a count.
pub(super) const SCALE_UV: f64 = 0.02;
/// Corners of the amplifier, Hz.
pub(super) const BAND_HZ: (f64, f64) = (2.0, 10_000.0);
/// Largest count of 24 bits.
const TOP: i32 = (1 << 23) - 1;
/// Samples that are looked ahead; a power of two.
const RING: usize = 1 << 14;

/// Delay of the low-pass for slow signals, s: that of a Butterworth filter of second order behind the
/// bilinear transform.
pub(super) fn group_delay_s() -> f64 {
    SQRT_2 / (2.0 * FS_HZ * (PI * BAND_HZ.1 / FS_HZ).tan())
}

/// Potentials that have begun and go on, uV: a ring from the next sample on.
pub(super) struct Overlay {
    ring: Vec<f32>,
    at: usize,
}

impl Overlay {
    pub(super) fn new() -> Self {
        Self { ring: vec![0.0; RING], at: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.ring.fill(0.0);
    }

    /// Adds a shape that begins `ahead` samples after the next one, between samples by interpolation.
    /// What does not fit into the ring (a third of a second) is left out.
    pub(super) fn add(&mut self, ahead: f64, shape: &[f32], gain: f64) {
        if !(ahead >= 0.0 && ahead < RING as f64 && gain.is_finite()) {
            return;
        }
        let whole = ahead as usize;
        let late = (ahead - whole as f64) as f32;
        let (now, then) = ((1.0 - late) * gain as f32, late * gain as f32);
        let mut last = 0.0;
        let tail = std::iter::once(&0.0_f32);
        for (k, &value) in shape.iter().chain(tail).enumerate().take(RING - whole) {
            let slot = (self.at + whole + k) & (RING - 1);
            if let Some(sum) = self.ring.get_mut(slot) {
                *sum += now * value + then * last;
            }
            last = value;
        }
    }

    fn take(&mut self) -> f64 {
        let value = self.ring.get_mut(self.at).map_or(0.0, std::mem::take);
        self.at = (self.at + 1) & (RING - 1);
        f64::from(value)
    }
}

/// A signal that the device makes itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct TestSignal {
    /// 0 none, 1 square, 2 sine, 3 inputs shorted.
    pub shape: u8,
    pub hz: f64,
    pub pp_uv: f64,
}

impl TestSignal {
    /// Its value at a tick; none where the electrodes are connected.
    fn at(&self, tick: u64) -> Option<f64> {
        let turn = (tick as f64 / FS_HZ * self.hz).fract();
        match self.shape {
            1 => Some(if turn < 0.5 { 0.5 } else { -0.5 } * self.pp_uv),
            2 => Some(0.5 * self.pp_uv * (TAU * turn).sin()),
            3 => Some(0.0),
            _ => None,
        }
    }
}

/// One channel.
pub(super) struct FrontEnd {
    pub overlay: Overlay,
    random: Random,
    /// Noise of electrode and tissue, and of the amplifier alone, uV rms.
    noise_uv: (f64, f64),
    mains_uv: f64,
    high: (f64, f64, f64),
    low: [f64; 5],
    kept: [f64; 4],
}

impl FrontEnd {
    pub(super) fn new(random: Random, noise_uv: (f64, f64), mains_uv: f64) -> Self {
        let k = (PI * BAND_HZ.1 / FS_HZ).tan();
        let norm = 1.0 / (1.0 + SQRT_2 * k + k * k);
        let b = k * k * norm;
        let low = [b, 2.0 * b, b, 2.0 * (k * k - 1.0) * norm, (1.0 - SQRT_2 * k + k * k) * norm];
        let keep = (-TAU * BAND_HZ.0 / FS_HZ).exp();
        Self { overlay: Overlay::new(), random, noise_uv, mains_uv, high: (keep, 0.0, 0.0), low, kept: [0.0; 4] }
    }

    /// Forgets what is under way, as after a pause.
    pub(super) fn restart(&mut self) {
        self.overlay.clear();
        (self.high.1, self.high.2, self.kept) = (0.0, 0.0, [0.0; 4]);
    }

    /// The next sample, as a count; `true` where it stands at the end of the range.
    pub(super) fn sample(&mut self, tick: u64, test: &TestSignal) -> (i32, bool) {
        let body = self.overlay.take();
        let input = match test.at(tick) {
            Some(uv) => uv + self.random.normal(0.0, self.noise_uv.1),
            None => {
                let mains = self.mains_uv * (TAU * (tick % 960) as f64 / 960.0).sin();
                body + mains + self.random.normal(0.0, self.noise_uv.0)
            }
        };
        let (keep, last_in, last_out) = self.high;
        let coupled = keep * (last_out + input - last_in);
        self.high = (keep, input, coupled);
        let [x1, x2, y1, y2] = self.kept;
        let [b0, b1, b2, a1, a2] = self.low;
        let out = b0 * coupled + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
        self.kept = [coupled, x1, out, y1];
        let count = (out / SCALE_UV).round();
        let clipped = count.abs() >= f64::from(TOP);
        (count.clamp(-f64::from(TOP) - 1.0, f64::from(TOP)) as i32, clipped)
    }
}
