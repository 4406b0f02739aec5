//! Late responses and trains with their truth: F and A waves, H reflexes, repetitive stimulation,
//! the blink reflex.
//!
//! The spinal cord answers by motor units of the same pool as the M wave: an F wave is a few units
//! fired back, each after twice the way to the cord and 1 ms of turning round; an H reflex is the
//! units that the afferents reach and that the M wave's volley does not meet. Onsets of truth are
//! where the noise-free wave reaches 2 % of its peak-to-peak size, at least 4 uV. A failing
//! neuromuscular junction is a share of each unit's fibres that does not answer.

use super::disturb::{Disturbance, couple};
use super::muscle::{Muscle, Pool, Stretch};
use super::random::Random;

/// Turning round at the cord, ms.
const TURN_MS: f64 = 1.0;
/// Grid of the truth, samples a recorded sample.
const FINER: usize = 2;

/// What one sweep holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LateTruth {
    /// Onset of the F wave or H reflex, ms.
    pub onset_ms: Option<f64>,
    /// Its size, peak to peak, uV.
    pub pp_uv: f64,
    /// Onset of the A wave in the sweep, ms.
    pub a_onset_ms: Option<f64>,
    /// Size of the M wave: baseline to peak, uV.
    pub m_amp_uv: f64,
    /// Peak to peak, uV.
    pub m_pp_uv: f64,
}

/// Sweeps of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Samples of every sweep, uV.
    pub uv: Vec<Vec<f64>>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample.
    pub stimulus_s: f64,
    /// Current of every sweep, mA.
    pub current_ma: Vec<f64>,
    /// What every sweep holds.
    pub truth: Vec<LateTruth>,
}

struct Bench {
    per_ms: f64,
    before_ms: f64,
    after_ms: f64,
    high_pass_hz: f64,
    shock_uv: f64,
    noise_uv: f64,
}

impl Bench {
    fn fine(&self) -> f64 {
        self.per_ms * FINER as f64
    }

    /// A wave that begins at the stimulus, as the amplifier passes it, from `before_ms` on.
    fn pass(&self, wave: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; (self.before_ms * self.fine()).round() as usize];
        out.extend_from_slice(wave);
        couple(&mut out, self.fine(), self.high_pass_hz);
        out
    }

    fn onset(&self, wave: &[f64]) -> (Option<f64>, f64) {
        let (low, high) = wave.iter().fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
        let level = (0.02 * (high - low)).max(4.0);
        let at = wave.iter().position(|v| v.abs() >= level).map(|i| i as f64 / self.fine() - self.before_ms);
        (at, high - low)
    }

    fn record(&self, waves: &[&[f64]], random: &mut Random) -> Vec<f64> {
        let n = waves.iter().map(|w| w.len()).max().unwrap_or(0) / FINER;
        let mut uv: Vec<f64> = (0..n).map(|i| waves.iter().map(|w| w.get(i * FINER).copied().unwrap_or(0.0)).sum()).collect();
        let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
        let disturbance = Disturbance {
            noise_uv: self.noise_uv,
            slow_noise_uv: 0.35 * self.noise_uv,
            mains_uv: 2.0,
            mains_hz: 50.0,
            drift_uv: 0.0,
            spike_uv: -2.0 * sign * self.shock_uv,
            tails: [(sign * self.shock_uv, random.between(0.15, 0.5)), (sign * 0.1 * self.shock_uv, random.between(1.5, 4.0))],
            offset_uv: 0.0,
        };
        disturbance.add(&mut uv, -self.before_ms, self.per_ms, random);
        uv
    }
}

fn size(wave: &[f64]) -> (f64, f64) {
    let (low, high) = wave.iter().fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
    (high, high - low)
}

/// F waves of a hand muscle after `n` supramaximal shocks at the wrist; `excitable`: mean number of
/// units that fire back; with `a_wave`, one axon answers at a constant latency in nearly all.
pub fn f_waves(seed: u64, n: usize, excitable: f64, a_wave: bool) -> Recorded {
    let mut random = Random::new(seed);
    let pool = Pool::new(
        &Muscle { units: 120, velocity_mps: (56.0, 2.6), residual_ms: 1.5, off_endplate_mm: 0.0, amplitude_uv: 9000.0 },
        &mut random,
    );
    let bench = Bench { per_ms: 20.0, before_ms: 5.0, after_ms: 55.0, high_pass_hz: 10.0, shock_uv: 300.0, noise_uv: 3.5 };
    let (near, central) = (70.0, 720.0);
    let direct = pool.latencies(&[Stretch::healthy(near)], &mut random);
    let far = pool.latencies(&[Stretch::healthy(near + central)], &mut random);
    let back: Vec<Option<f64>> =
        direct.iter().zip(&far).map(|(d, f)| Some(d.as_ref()? + 2.0 * (f.as_ref()? - d.as_ref()?) + TURN_MS)).collect();
    // Some units fire back often, most never.
    let raw: Vec<f64> = (0..pool.units()).map(|_| random.normal(0.0, 1.0).powi(4)).collect();
    let total: f64 = raw.iter().sum();
    let chance: Vec<f64> = raw.iter().map(|r| (excitable * r / total).min(0.45)).collect();
    let axon = (random.unit() * pool.units() as f64) as usize % pool.units();
    let m = bench.pass(&pool.wave(&direct, bench.after_ms, bench.fine()));
    let (m_amp_uv, m_pp_uv) = size(&m);
    let (mut uv, mut truth) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let fired: Vec<Option<f64>> =
            back.iter().zip(&chance).map(|(b, p)| b.filter(|_| random.unit() < *p).map(|b| b + random.normal(0.0, 0.03))).collect();
        let f = bench.pass(&pool.wave(&fired, bench.after_ms, bench.fine()));
        let mut a = vec![0.0; m.len()];
        if a_wave && random.unit() < 0.94 {
            let jitter = random.normal(0.0, 0.03);
            let mut one: Vec<Option<(f64, f64)>> = vec![None; pool.units()];
            one[axon] = Some((19.5 + jitter, 2.0));
            a = bench.pass(&pool.weighted_wave(&one, bench.after_ms, bench.fine()));
        }
        let (onset_ms, pp_uv) = bench.onset(&f);
        let (a_onset_ms, _) = bench.onset(&a);
        truth.push(LateTruth { onset_ms, pp_uv, a_onset_ms, m_amp_uv, m_pp_uv });
        uv.push(bench.record(&[&m, &f, &a], &mut random));
    }
    Recorded { uv, fs_hz: 20_000.0, stimulus_s: bench.before_ms * 1e-3, current_ma: vec![22.0; n], truth }
}

/// M wave and H reflex of the soleus muscle at `n` rising currents at the knee.
pub fn h_reflexes(seed: u64, n: usize) -> Recorded {
    let mut random = Random::new(seed);
    let pool = Pool::new(
        &Muscle { units: 140, velocity_mps: (50.0, 2.5), residual_ms: 1.6, off_endplate_mm: 2.0, amplitude_uv: 11_000.0 },
        &mut random,
    );
    let bench = Bench { per_ms: 10.0, before_ms: 10.0, after_ms: 80.0, high_pass_hz: 5.0, shock_uv: 200.0, noise_uv: 5.0 };
    let direct = pool.latencies(&[Stretch::healthy(180.0)], &mut random);
    let far = pool.latencies(&[Stretch::healthy(800.0)], &mut random);
    let motor: Vec<f64> = (0..pool.units()).map(|_| random.normal(14.0, 2.2)).collect();
    let drive: Vec<f64> = (0..pool.units()).map(|_| random.between(0.05, 1.9)).collect();
    let (mut uv, mut truth, mut current_ma) = (Vec::new(), Vec::new(), Vec::new());
    for k in 0..n {
        let ma = 6.0 + 16.0 * k as f64 / (n.max(2) - 1) as f64;
        // Afferents are recruited first.
        let afferent = 1.0 / (1.0 + (-(ma - 10.0) / 0.9).exp());
        let m: Vec<Option<f64>> = direct.iter().zip(&motor).map(|(d, t)| d.filter(|_| *t < ma)).collect();
        let h: Vec<Option<f64>> = (0..pool.units())
            .map(|u| {
                let answers = afferent > drive[u] && motor[u] >= ma;
                let (d, f) = (direct[u]?, far[u]?);
                answers.then(|| d + 1.96 * (f - d) + TURN_MS + random.normal(0.0, 0.05))
            })
            .collect();
        let m = bench.pass(&pool.wave(&m, bench.after_ms, bench.fine()));
        let h = bench.pass(&pool.wave(&h, bench.after_ms, bench.fine()));
        let (onset_ms, pp_uv) = bench.onset(&h);
        let (m_amp_uv, m_pp_uv) = size(&m);
        truth.push(LateTruth { onset_ms, pp_uv, a_onset_ms: None, m_amp_uv, m_pp_uv });
        uv.push(bench.record(&[&m, &h], &mut random));
        current_ma.push((10.0 * ma).round() / 10.0);
    }
    Recorded { uv, fs_hz: 10_000.0, stimulus_s: bench.before_ms * 1e-3, current_ma, truth }
}

/// Trains of ten stimuli at 3 a second; each entry of `falls` is a train: the share that the fourth
/// response has lost. Junctions differ, so shapes change a little, too.
pub fn trains(seed: u64, falls: &[f64]) -> Vec<Recorded> {
    /// How the loss of a train grows from response to response.
    const COURSE: [f64; 10] = [0.0, 0.55, 0.85, 1.0, 0.98, 0.93, 0.9, 0.88, 0.88, 0.88];
    let mut random = Random::new(seed);
    let pool = Pool::new(
        &Muscle { units: 110, velocity_mps: (55.0, 2.6), residual_ms: 1.6, off_endplate_mm: 0.0, amplitude_uv: 8200.0 },
        &mut random,
    );
    let bench = Bench { per_ms: 20.0, before_ms: 5.0, after_ms: 40.0, high_pass_hz: 2.0, shock_uv: 400.0, noise_uv: 5.0 };
    let direct = pool.latencies(&[Stretch::healthy(75.0)], &mut random);
    let weak: Vec<f64> = (0..pool.units()).map(|_| random.normal(1.0, 0.35).clamp(0.0, 2.0)).collect();
    let mut out = Vec::new();
    for fall in falls {
        let (mut uv, mut truth) = (Vec::new(), Vec::new());
        for course in COURSE {
            let answer: Vec<Option<(f64, f64)>> =
                direct.iter().zip(&weak).map(|(d, w)| d.map(|d| (d, (1.0 - fall * course * w).max(0.0)))).collect();
            let m = bench.pass(&pool.weighted_wave(&answer, bench.after_ms, bench.fine()));
            let (m_amp_uv, m_pp_uv) = size(&m);
            truth.push(LateTruth { m_amp_uv, m_pp_uv, ..LateTruth::default() });
            uv.push(bench.record(&[&m], &mut random));
        }
        let n = uv.len();
        out.push(Recorded { uv, fs_hz: 20_000.0, stimulus_s: bench.before_ms * 1e-3, current_ma: vec![25.0; n], truth });
    }
    out
}

/// Orbicularis oculi of both sides after `n` shocks to the supraorbital nerve of one: the stimulated
/// side (R1 and R2), then the other (R2). Truth holds the onset of R2 and, as the A wave's, of R1.
pub fn blink(seed: u64, n: usize) -> [Recorded; 2] {
    let mut random = Random::new(seed);
    let (per_ms, before_ms, after_ms) = (10.0, 20.0, 100.0);
    let burst = |from: f64, lasts: f64, uv: f64, random: &mut Random| -> Vec<f64> {
        let (mut a, mut b) = (0.0, 0.0);
        (0..((before_ms + after_ms) * per_ms) as usize)
            .map(|i| {
                let u = (i as f64 / per_ms - before_ms - from) / lasts;
                // Interference of many units: noise in a band, in an envelope.
                a += 0.45 * (random.normal(0.0, 1.0) - a);
                b += 0.08 * (a - b);
                if (0.0..1.0).contains(&u) { uv * (a - b) * (6.0 * u).min(1.0) * (1.0 - u).sqrt() * 2.0 } else { 0.0 }
            })
            .collect()
    };
    let mut side = |direct: bool| {
        let (mut uv, mut truth) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let (r1, r2) = (random.normal(10.8, 0.25), random.normal(32.5, 1.5) + if direct { 0.0 } else { 1.0 });
            let early = burst(r1, 6.0, if direct { 220.0 } else { 0.0 }, &mut random);
            let late = burst(r2, 34.0, 130.0, &mut random);
            let mut sum: Vec<f64> = early.iter().zip(&late).map(|(a, b)| a + b).collect();
            let disturbance = Disturbance { noise_uv: 2.5, mains_uv: 1.0, mains_hz: 50.0, spike_uv: 400.0, ..Disturbance::default() };
            disturbance.add(&mut sum, -before_ms, per_ms, &mut random);
            truth.push(LateTruth { onset_ms: Some(r2), a_onset_ms: direct.then_some(r1), ..LateTruth::default() });
            uv.push(sum);
        }
        Recorded { uv, fs_hz: 1e3 * per_ms, stimulus_s: before_ms * 1e-3, current_ma: vec![12.0; n], truth }
    };
    [side(true), side(false)]
}
