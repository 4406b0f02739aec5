//! The nerve under the stimulator and what is under the skin electrode: an electric artefact, the CMAP of
//! the axons that the current reaches with their F waves or reflex, or the potential of sensory fibres.
//!
//! An axon answers beyond its own threshold, which follows Weiss' law of strength and duration (charge
//! `Q = Irh (t + c)`; chronaxie of motor axons about 0.25 ms, Mogyoros et al., Brain 1996;119:439).
//! Thresholds are spread over the pool, so that the response grows with the current up to the
//! supramaximal one. An F wave is a few of these units fired back, each after twice the way to the
//! cord and a millisecond of turning round; an H reflex is the units that the afferents reach, which need
//! less current (both as in `late`). Sensory fibres are those of `sensory`.

use super::condition::{Condition, Harm};
use super::front_end::{Overlay, PER_MS};
use super::places::{Over, Tissue};
use crate::simulate::muscle::{Muscle, Pool, Stretch};
use crate::simulate::random::Random;
use crate::simulate::sensory::{self, SensoryNerve};

/// Turning round at the cord, ms.
const TURN_MS: f64 = 1.0;
/// Chronaxie, ms.
const CHRONAXIE_MS: f64 = 0.25;
/// Width for which thresholds are stated, ms.
const WIDTH_MS: f64 = 0.2;
/// Spread of thresholds over the pool (logarithm), and from stimulus to stimulus.
const THRESHOLDS: (f64, f64) = (0.24, 0.015);
/// Mean number of units that fire back.
const BACKFIRING: f64 = 3.0;
/// Length of a unit's surface potential, ms.
const UNIT_MS: f64 = 26.0;
/// Afferents of the reflex: their current relative to that of motor axons, and its spread.
const AFFERENTS: (f64, f64) = (0.72, 0.09);
/// Current that half of the sensory fibres need at 0.2 ms, mA, and relative spread of their velocities.
const SENSORY_MA: f64 = 6.0;
const SENSORY_SPREAD: f64 = 0.1;
/// Artefact at the skin electrode and at the needle, uV a mA.
const ARTEFACT_UV_MA: [f64; 2] = [4.0, 16.0];

/// A stimulus as it reaches the nerve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shock {
    pub current_ma: f64,
    pub width_ms: f64,
    pub biphasic: bool,
    pub reversed: bool,
}

/// A motor axon, or sensory fibres of one velocity.
struct Axon {
    /// Surface potential from its arrival on, uV.
    shape: Vec<f32>,
    /// Latency from each site, ms; none beyond a block.
    latency_ms: Vec<Option<f64>>,
    /// From the uppermost site to the cord, ms.
    central_ms: Option<f64>,
    threshold_ma: f64,
    backfires: f64,
    /// Share of the afferents that makes it answer by the reflex.
    reflex: f64,
}

/// The nerve with its muscle, or its own potential.
pub(super) struct Nerve {
    over: Over,
    axons: Vec<Axon>,
    /// Current that half of the afferents of the reflex need, mA, and how many are left.
    afferents: Option<(f64, f64)>,
    random: Random,
}

impl Nerve {
    /// The nerve under these electrodes.
    pub(super) fn new(over: Over, condition: &Condition, random: Random) -> Self {
        let harm = condition.harm(over);
        match over.tissue() {
            Tissue::Motor { muscle, to_cord_mm, threshold_ma } => {
                let units = (muscle.units as f64 * harm.units).round() as usize;
                let muscle = Muscle { units, amplitude_uv: muscle.amplitude_uv * harm.cmap, ..muscle };
                Self::motor(over, harm, &muscle, to_cord_mm, threshold_ma * harm.threshold, random)
            }
            Tissue::Sensory { velocity_mps, amplitude_uv } => Self::sensory(over, harm, velocity_mps, amplitude_uv, random),
        }
    }

    fn motor(over: Over, harm: &Harm, muscle: &Muscle, to_cord_mm: f64, threshold_ma: f64, mut random: Random) -> Self {
        let pool = Pool::new(muscle, &mut random);
        let residual_ms = muscle.residual_ms;
        let mut along = |stretches: &[Stretch]| -> Vec<Option<f64>> {
            pool.latencies(stretches, &mut random).into_iter().map(|l| l.map(|l| l - residual_ms)).collect()
        };
        let above = |mm: f64, blocked: f64| Stretch { mm, relative: (harm.proximal.0, harm.proximal.1), blocked };
        let stretches: Vec<Vec<Option<f64>>> = over
            .sites()
            .iter()
            .enumerate()
            .map(|(at, way)| {
                if at > 0 {
                    return along(&[above(way.mm, harm.proximal.2)]);
                }
                let (relative, spread, length, blocked) = harm.distal;
                let sick = length.min(way.mm);
                along(&[Stretch::healthy(way.mm - sick), Stretch { mm: sick, relative: (relative, spread), blocked }])
            })
            .collect();
        let central = along(&[above(to_cord_mm, 0.0)]);
        let raw: Vec<f64> = (0..pool.units()).map(|_| random.normal(0.0, 1.0).powi(4)).collect();
        let total: f64 = raw.iter().sum::<f64>().max(1e-9);
        let mut axons: Vec<Axon> = (0..pool.units())
            .map(|unit| {
                let only: Vec<Option<f64>> = (0..pool.units()).map(|k| (k == unit).then_some(0.0)).collect();
                let shape = pool.wave(&only, UNIT_MS, PER_MS).into_iter().map(|v| v as f32).collect();
                let part = |all: &[Option<f64>]| all.get(unit).copied().flatten();
                let latency_ms = stretches.iter().scan(Some(residual_ms), |so_far, stretch| {
                    *so_far = so_far.zip(part(stretch)).map(|(a, b)| a + b);
                    Some(*so_far)
                });
                Axon {
                    shape,
                    latency_ms: latency_ms.collect(),
                    central_ms: part(&central),
                    threshold_ma: threshold_ma * random.normal(0.0, THRESHOLDS.0).exp(),
                    backfires: raw.get(unit).map_or(0.0, |r| (BACKFIRING * r / total).min(0.5)),
                    reflex: random.between(0.05, 1.9),
                }
            })
            .collect();
        let height = |axon: &Axon| axon.shape.iter().copied().fold(0.0, f32::max);
        axons.sort_by(|a, b| height(a).total_cmp(&height(b)));
        let afferents = (over == Over::Soleus).then_some((AFFERENTS.0 * threshold_ma, harm.sensory.0));
        Self { over, axons, afferents, random }
    }

    /// Its one site: the way is in the shapes.
    fn sensory(over: Over, harm: &Harm, velocity_mps: f64, amplitude_uv: f64, mut random: Random) -> Self {
        let velocity_mps = velocity_mps * harm.sensory.1;
        let amplitude_uv = amplitude_uv * harm.sensory.0;
        let nerve = SensoryNerve {
            velocity_mps: (velocity_mps, SENSORY_SPREAD * velocity_mps),
            depth_mm: 6.5,
            spacing_mm: 35.0,
            antidromic: true,
            amplitude_uv,
        };
        let fibres = sensory::fibres(&nerve);
        // A slow stretch before the electrodes is as much more of the nerve.
        let (slow_mm, slow) = harm.sensory_slow;
        let distance_mm = over.sites().first().map_or(0.0, |way| way.mm) + slow_mm * (1.0 / slow - 1.0);
        let passed_ms = fibres.iter().map(|fibre| fibre.passed_ms(distance_mm)).fold(0.0, f64::max);
        let samples = (passed_ms * PER_MS) as usize;
        let mut shapes: Vec<Vec<f64>> =
            fibres.iter().map(|fibre| (0..samples).map(|k| fibre.at(k as f64 / PER_MS, distance_mm)).collect()).collect();
        let sum = |k: usize| shapes.iter().filter_map(|shape| shape.get(k)).sum::<f64>();
        let top = (0..samples).map(sum).fold(0.0, f64::max);
        let gain = if top > 0.0 { amplitude_uv / top } else { 0.0 };
        let axons = shapes.drain(..).map(|shape| Axon {
            shape: shape.into_iter().map(|v| (gain * v) as f32).collect(),
            latency_ms: vec![Some(0.0)],
            central_ms: None,
            threshold_ma: SENSORY_MA * harm.threshold * random.normal(0.0, THRESHOLDS.0).exp(),
            backfires: 0.0,
            reflex: f64::INFINITY,
        });
        Self { over, axons: axons.collect(), afferents: None, random }
    }

    /// Surface potential of the unit of this rank among `of`, by size.
    pub(super) fn unit_shape(&self, rank: usize, of: usize) -> &[f32] {
        let at = (rank * self.axons.len()).checked_div(of).unwrap_or(0);
        self.axons.get(at).map_or(&[], |axon| &axon.shape)
    }

    /// A stimulus at a site `ahead` samples after the next one of both channels.
    pub(super) fn shock(&mut self, at: usize, ahead: f64, shock: &Shock, needle: &mut Overlay, surface: &mut Overlay) {
        if !(shock.current_ma > 0.0 && shock.width_ms > 0.0) {
            return;
        }
        let sign = if shock.reversed { -1.0 } else { 1.0 };
        for (overlay, size) in [(needle, ARTEFACT_UV_MA[0]), (&mut *surface, ARTEFACT_UV_MA[1])] {
            overlay.add(ahead, &artefact(shock), sign * size * shock.current_ma);
        }
        let deeper = self.over.sites().get(at).map_or(1.0, |way| way.deeper);
        // Stimulation under the anode needs more and begins a little later, at the cathode behind it;
        // a second phase takes back a part of the first.
        let (harder, later_ms) = if shock.reversed { (1.25, 0.35) } else { (1.0, 0.0) };
        let harder = harder * if shock.biphasic { 1.1 } else { 1.0 };
        let weiss = |width_ms: f64| 1.0 + CHRONAXIE_MS / width_ms;
        let needed = deeper * harder * weiss(shock.width_ms) / weiss(WIDTH_MS);
        let excited = self
            .afferents
            .map_or(0.0, |(half_ma, left)| left / (1.0 + (-(shock.current_ma / needed - half_ma) / (AFFERENTS.1 * half_ma)).exp()));
        for axon in &self.axons {
            let threshold = axon.threshold_ma * needed * (1.0 + self.random.normal(0.0, THRESHOLDS.1));
            let (fires_back, jitter_ms) = (self.random.unit() < axon.backfires, self.random.normal(0.0, 0.02));
            let Some(latency) = axon.latency_ms.get(at).copied().flatten() else { continue };
            let from_top = axon.latency_ms.last().copied().flatten();
            let way_ms = from_top.zip(axon.central_ms).map(|(top, central)| top - latency + central);
            let mut answer = |ms: f64| surface.add(ahead + (ms + later_ms) * PER_MS, &axon.shape, 1.0);
            if shock.current_ma > threshold {
                answer(latency);
                if let Some(way_ms) = way_ms.filter(|_| fires_back) {
                    answer(latency + 2.0 * way_ms + TURN_MS + jitter_ms);
                }
            } else if let Some(way_ms) = way_ms.filter(|_| excited > axon.reflex) {
                // Afferents are a little faster than the way back; an axon that the stimulus itself
                // reached is met by its own volley.
                answer(latency + 1.96 * way_ms + TURN_MS + 2.0 * jitter_ms);
            }
        }
    }
}

/// The shock as the electrodes see it, relative: its pulse, then their discharge.
fn artefact(shock: &Shock) -> Vec<f32> {
    let pulse = shock.width_ms * PER_MS;
    let whole = if shock.biphasic { 2.0 * pulse } else { pulse };
    let n = (whole + 8.0 * PER_MS) as usize;
    // The share of a sample that a pulse fills: the end between two samples keeps its charge.
    let filled = |i: f64, from: f64, to: f64| ((i + 1.0).min(to) - i.max(from)).clamp(0.0, 1.0);
    (0..n)
        .map(|i| {
            let i = i as f64;
            let second = if shock.biphasic { filled(i, pulse, whole) } else { 0.0 };
            let behind = (i - whole) / PER_MS;
            let tail = if behind >= 0.0 { 0.09 * (-behind / 0.25).exp() + 0.012 * (-behind / 1.8).exp() } else { 0.0 };
            (filled(i, 0.0, pulse) - second + tail) as f32
        })
        .collect()
}
