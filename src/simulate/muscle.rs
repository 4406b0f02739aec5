//! A muscle answering one shock to its nerve: motor units, their axons and the CMAP.
//!
//! Axon velocities and unit sizes are spread over the pool; a unit's surface potential is that
//! of a few fibres spread over its territory, between E1 over the belly and E2 on the tendon.
//! A CMAP is the sum of the units' potentials, each after its axon's latency.

use super::fibre::{Contact, Potential};
use super::random::Random;

/// Fibres that stand for a unit.
const FIBRES: usize = 6;
/// Muscle fibre velocity, mm/ms, and its spread.
const FIBRE_VELOCITY: (f64, f64) = (4.1, 0.35);

/// What a muscle and its nerve are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Muscle {
    /// Number of motor units.
    pub units: usize,
    /// Mean axon velocity, m/s, and its standard deviation.
    pub velocity_mps: (f64, f64),
    /// Time at the terminal and the junction, ms.
    pub residual_ms: f64,
    /// How far E1 lies off the end-plate zone, mm. Beyond about 15 an initial positive
    /// deflection appears.
    pub off_endplate_mm: f64,
    /// Amplitude of the supramaximal distal response, uV.
    pub amplitude_uv: f64,
}

impl Default for Muscle {
    fn default() -> Self {
        Self { units: 100, velocity_mps: (55.0, 3.0), residual_ms: 1.3, off_endplate_mm: 0.0, amplitude_uv: 8000.0 }
    }
}

/// A stretch of nerve with its own conduction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Length, mm.
    pub mm: f64,
    /// Velocity relative to the axon's own; the spread makes dispersion.
    pub relative: (f64, f64),
    /// Share of the axons that do not conduct.
    pub blocked: f64,
}

impl Stretch {
    /// A healthy stretch.
    pub fn healthy(mm: f64) -> Self {
        Self { mm, relative: (1.0, 0.0), blocked: 0.0 }
    }
}

struct Unit {
    velocity: f64,
    potentials: Vec<(Potential, f64, f64)>,
}

/// A pool of motor units, ready to be stimulated.
pub struct Pool {
    units: Vec<Unit>,
    residual_ms: f64,
    gain: f64,
}

impl Pool {
    /// Builds the pool.
    pub fn new(muscle: &Muscle, random: &mut Random) -> Self {
        let reference_mm = random.between(32.0, 45.0);
        let half = random.between(23.0, 28.0);
        let mut units = Vec::with_capacity(muscle.units);
        for _ in 0..muscle.units {
            let size = random.normal(0.0, 0.55).exp();
            let velocity = (random.normal(muscle.velocity_mps.0, muscle.velocity_mps.1) + 1.5 * size.ln()).clamp(12.0, 78.0);
            let depth = random.between(8.0, 15.0);
            let centre = random.normal(-muscle.off_endplate_mm, 1.6);
            let contacts = [
                Contact { along_mm: 0.0, radial_mm: depth / 1.3, weight: 1.0 },
                Contact { along_mm: reference_mm, radial_mm: depth / 1.3, weight: -0.5 },
            ];
            let potentials = (0..FIBRES)
                .map(|_| {
                    let potential = Potential::new(random.normal(centre, 1.4), random.normal(half, 4.0).clamp(12.0, 34.0), &contacts);
                    let v = random.normal(FIBRE_VELOCITY.0, FIBRE_VELOCITY.1).clamp(3.0, 5.4);
                    // Terminal branches and the junction spread the fibres by a fraction of a ms.
                    let delay: f64 = (0..3).map(|_| -random.unit().max(1e-9).ln() * 0.08).sum();
                    let mut scaled = Potential::new(0.0, 0.1, &[]);
                    scaled.add(&potential, size / FIBRES as f64);
                    (scaled, v, delay)
                })
                .collect();
            units.push(Unit { velocity, potentials });
        }
        let mut pool = Self { units, residual_ms: muscle.residual_ms, gain: 1.0 };
        let reference = pool.wave(&pool.latencies(&[Stretch::healthy(70.0)], random), 20.0, 200.0);
        let highest = reference.iter().copied().fold(0.0, f64::max);
        pool.gain = if highest > 0.0 { muscle.amplitude_uv / highest } else { 0.0 };
        pool
    }

    /// When each unit's potential begins, ms after a shock at the far end of `path` (the
    /// stretch next to the muscle first); `None`: the unit is blocked.
    pub fn latencies(&self, path: &[Stretch], random: &mut Random) -> Vec<Option<f64>> {
        self.units
            .iter()
            .map(|unit| {
                let mut latency = Some(self.residual_ms);
                for stretch in path {
                    let relative = random.normal(stretch.relative.0, stretch.relative.1).clamp(0.2, 1.1);
                    let conducts = random.unit() >= stretch.blocked;
                    latency = latency.filter(|_| conducts).map(|l| l + stretch.mm / (unit.velocity * relative));
                }
                latency
            })
            .collect()
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// The response to a shock at t = 0, uV, `duration_ms` long at `per_ms` samples a ms.
    pub fn wave(&self, latencies: &[Option<f64>], duration_ms: f64, per_ms: f64) -> Vec<f64> {
        let weighted: Vec<Option<(f64, f64)>> = latencies.iter().map(|l| l.map(|l| (l, 1.0))).collect();
        self.weighted_wave(&weighted, duration_ms, per_ms)
    }

    /// The same with a weight for each unit: the share of its fibres that answer.
    pub fn weighted_wave(&self, units: &[Option<(f64, f64)>], duration_ms: f64, per_ms: f64) -> Vec<f64> {
        let n = (duration_ms * per_ms) as usize;
        let mut out = vec![0.0; n];
        for (unit, answer) in self.units.iter().zip(units) {
            let Some((latency, weight)) = answer else { continue };
            for (potential, v, delay) in &unit.potentials {
                let start = latency + delay;
                let from = (start * per_ms).ceil().max(0.0) as usize;
                let to = (((start + potential.way_mm() / v) * per_ms) as usize + 1).min(n);
                for (i, value) in out.iter_mut().enumerate().take(to).skip(from) {
                    *value += weight * self.gain * potential.at((i as f64 / per_ms - start) * v);
                }
            }
        }
        out
    }
}
