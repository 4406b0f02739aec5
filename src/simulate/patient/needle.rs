//! The needle in the muscle: motor units recruited by effort, fibrillating fibres, the burst of a
//! movement. Every discharge is drawn when its time comes; nothing repeats.
//!
//! Units have territories over the cross-section of the muscle and fibres within them; a position of
//! the needle decides how near each fibre lies, and so what its unit looks like there. Recruitment is
//! by size, thresholds are exponential and rates rise with the drive (Fuglevand, Winter, Patla: J
//! Neurophysiol 1993;70:2470). Fibrillating fibres fire regularly at 0.5 to 13 Hz (Conrad, Sindermann,
//! Prochazka: J Neurol Neurosurg Psychiatry 1972;35:834); a fibre that ends at the needle gives a
//! positive wave.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::front_end::{FS_HZ, Overlay, PER_MS};
use super::nerve::Nerve;
use crate::simulate::fibre::{Contact, Potential};
use crate::simulate::random::Random;

/// What the patient is asked for with the needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedleAct {
    /// Let go.
    Rest,
    /// The needle is inserted anew; the muscle rests.
    Insert,
    /// Slight effort.
    Slight,
    /// Moderate effort.
    Moderate,
    /// As strong as possible.
    Strong,
}

impl NeedleAct {
    /// Effort, parts of the greatest.
    fn effort(self) -> f64 {
        match self {
            Self::Rest | Self::Insert => 0.0,
            Self::Slight => 0.03,
            Self::Moderate => 0.2,
            Self::Strong => 0.85,
        }
    }
}

/// Radii for which potentials are tabulated: the first, mm, and the ratio of two.
const RADII: (f64, f64, usize) = (0.1, 1.3, 17);
/// Size of the potential of a single fibre 0.3 mm from the needle, peak to peak, uV.
const SINGLE_UV: f64 = 260.0;
/// From the end plates to the needle, and to the tendon, mm.
const PLATE_MM: (f64, f64) = (-22.0, 62.0);
/// Radius of the muscle, and of a unit's territory (mean and spread), mm.
const MUSCLE_MM: f64 = 12.0;
const TERRITORY_MM: (f64, f64) = (3.2, 0.5);
/// Fibres that are looked at one by one lie within this distance, mm; at most so many of a unit.
const NEAR_MM: f64 = 3.0;
const MAX_NEAR: usize = 60;
/// Length of a unit's potential, ms.
const UNIT_MS: f64 = 36.0;
/// What a potential is cut to, uV.
const SILENT_UV: f64 = 0.4;
/// Range of recruitment thresholds, and the drive at which the last unit joins.
const RANGE: (f64, f64) = (30.0, 0.8);
/// Rate at recruitment, Hz, and its rise with the drive.
const RATES: (f64, f64) = (7.5, 36.0);
/// Coefficient of variation of intervals: voluntary, of a fibrillating fibre.
const INTERVAL_CV: (f64, f64) = (0.14, 0.02);
/// Shortest interval of a unit, s.
const REFRACTORY_S: f64 = 0.014;
/// How fast effort follows what is asked, s, and how it trembles.
const EFFORT_S: f64 = 0.2;
const TREMOR: (f64, f64) = (0.07, 0.4);

struct Unit {
    /// Seed of its fibres: they stay where they are when the needle moves.
    seed: u64,
    centre_mm: (f64, f64),
    radius_mm: f64,
    threshold: f64,
    /// Potential at the needle, uV, and how late it begins, samples.
    shape: Vec<f32>,
    from: f64,
    /// Next discharge, samples; none while it is not recruited.
    next: Option<f64>,
}

struct Fibrillating {
    shape: Vec<f32>,
    rate_hz: f64,
    next: f64,
}

/// The needle's side of the muscle.
pub(super) struct Needle {
    condition: Condition,
    random: Random,
    /// Potentials of a fibre that passes, by radius, and of one that ends at the needle.
    passing: Vec<Potential>,
    ending: Vec<f32>,
    gain: f64,
    units: Vec<Unit>,
    fibrillating: Vec<Fibrillating>,
    wanted: f64,
    effort: f64,
    tremor: f64,
    /// What is left of the burst of a movement, and its whole length, samples.
    burst: (f64, f64),
    burst_next: f64,
    /// A movement that has not been seen yet: it pushes the baseline.
    pushed: bool,
}

fn size(values: impl Iterator<Item = f64>) -> f64 {
    let (low, high) = values.fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    high - low
}

/// A concentric needle: its core, and its shaft as a reference some millimetres away.
fn contacts(radial_mm: f64) -> [Contact; 2] {
    [Contact { along_mm: 0.0, radial_mm, weight: 1.0 }, Contact { along_mm: 0.0, radial_mm: radial_mm.hypot(3.5), weight: -1.0 }]
}

impl Needle {
    pub(super) fn new(condition: &Condition, mut random: Random) -> Self {
        let radius = |k: usize| RADII.0 * RADII.1.powi(k as i32);
        let passing: Vec<Potential> = (0..RADII.2).map(|k| Potential::new(PLATE_MM.0, PLATE_MM.1, &contacts(radius(k)))).collect();
        // Waves of passing fibres are looked at from 10 to 35 mm of their way: without the ends.
        let middle = |p: &Potential| size((100..350).map(|i| p.at(f64::from(i) * 0.1)));
        let near = passing.get(4).map_or(0.0, middle);
        let gain = if near > 0.0 { SINGLE_UV / near } else { 0.0 };
        // Ends 0.1 mm behind the needle: only its approach is seen.
        let ends = Potential::new(PLATE_MM.0, -PLATE_MM.0 + 0.1, &contacts(0.25));
        let ending = cut(&ends, 3.6, 12.0, 40.0);
        let n = condition.units;
        let last = n.saturating_sub(1).max(1) as f64;
        let units = (0..n)
            .map(|rank| {
                let (r, turn) = (MUSCLE_MM * random.unit().sqrt(), random.between(0.0, std::f64::consts::TAU));
                Unit {
                    seed: (random.unit() * 9e15) as u64,
                    centre_mm: (r * turn.cos(), r * turn.sin()),
                    radius_mm: random.normal(TERRITORY_MM.0, TERRITORY_MM.1).clamp(1.5, 5.0) * (0.85 + 0.3 * rank as f64 / last),
                    threshold: ((RANGE.0.ln() * rank as f64 / last).exp() - 1.0) / (RANGE.0 - 1.0) * RANGE.1,
                    shape: Vec::new(),
                    from: 0.0,
                    next: None,
                }
            })
            .collect();
        let mut needle = Self {
            condition: *condition,
            random,
            passing,
            ending,
            gain,
            units,
            fibrillating: Vec::new(),
            wanted: 0.0,
            effort: 0.0,
            tremor: 0.0,
            burst: (0.0, 1.0),
            burst_next: 0.0,
            pushed: false,
        };
        needle.place();
        needle
    }

    pub(super) fn act(&mut self, act: NeedleAct) {
        self.wanted = act.effort();
        if act == NeedleAct::Insert {
            self.effort = 0.0;
            self.units.iter_mut().for_each(|unit| unit.next = None);
            self.move_on();
        }
    }

    /// Another place in the same muscle.
    pub(super) fn move_on(&mut self) {
        self.place();
        let length = self.condition.insertional_ms * self.random.between(0.8, 1.25) * PER_MS;
        self.burst = (length, length);
        self.burst_next = 0.0;
        self.pushed = true;
    }

    /// Time does not count while nothing is looked at.
    pub(super) fn restart(&mut self) {
        self.units.iter_mut().for_each(|unit| unit.next = None);
        self.burst.0 = 0.0;
        self.pushed = false;
    }

    /// Rates of the fibrillating fibres at this place, Hz.
    pub(super) fn fibrillation_hz(&self) -> Vec<f64> {
        self.fibrillating.iter().map(|f| f.rate_hz).collect()
    }

    /// Units that are recruited.
    pub(super) fn recruited(&self) -> usize {
        self.units.iter().filter(|unit| unit.next.is_some()).count()
    }

    /// Looks from a new place: fibres keep theirs, the needle does not.
    fn place(&mut self) {
        let (r, turn) = (0.55 * MUSCLE_MM * self.random.unit().sqrt(), self.random.between(0.0, std::f64::consts::TAU));
        let at = (r * turn.cos(), r * turn.sin());
        let Self { condition, passing, gain, units, .. } = self;
        for unit in units {
            (unit.shape, unit.from) = look(unit, condition, passing, *gain, at);
        }
        // As many fibres as chance has it: half to one and a half times the mean.
        let many = (self.condition.fibrillating * self.random.between(0.5, 1.5)).round() as usize;
        self.fibrillating = (0..many).map(|_| self.fibrillating_fibre()).collect();
    }

    fn fibrillating_fibre(&mut self) -> Fibrillating {
        let random = &mut self.random;
        let uv = random.normal(90.0_f64.ln(), 0.5).exp().clamp(35.0, 450.0);
        let shape = if random.unit() < 0.35 { self.ending.clone() } else { self.single() };
        let random = &mut self.random;
        let rate_hz = random.normal(3.5_f64.ln(), 0.6).exp().clamp(0.5, 13.0);
        Fibrillating { shape: scaled(&shape, uv), rate_hz, next: random.unit() * FS_HZ / rate_hz }
    }

    /// The potential of one fibre, of size 1.
    fn single(&mut self) -> Vec<f32> {
        let (near, velocity) = (self.random.between(1.0, 6.0) as usize, self.random.normal(3.4, 0.3).clamp(2.5, 4.4));
        self.passing.get(near).map_or_else(Vec::new, |potential| cut(potential, velocity, 14.0, 33.0))
    }

    /// Adds what begins within the next `n` samples; `seen` is the muscle's nerve, and how much of its units
    /// the skin electrode sees.
    pub(super) fn run(&mut self, n: usize, needle: &mut Overlay, surface: &mut Overlay, seen: Option<(&Nerve, f64)>) {
        let n = n as f64;
        self.voluntary(n, needle, surface, seen);
        let random = &mut self.random;
        for fibre in &mut self.fibrillating {
            while fibre.next < n {
                needle.add(fibre.next.max(0.0), &fibre.shape, random.normal(1.0, 0.02));
                fibre.rate_hz = (fibre.rate_hz * random.normal(0.0, 0.01).exp()).clamp(0.5, 13.0);
                fibre.next += FS_HZ / fibre.rate_hz * random.normal(1.0, INTERVAL_CV.1).clamp(0.8, 1.2);
            }
            fibre.next -= n;
        }
        self.burst(n, needle);
    }

    fn voluntary(&mut self, n: f64, needle: &mut Overlay, surface: &mut Overlay, seen: Option<(&Nerve, f64)>) {
        let step_s = n / FS_HZ;
        let random = &mut self.random;
        self.effort += (self.wanted - self.effort) * (1.0 - (-step_s / EFFORT_S).exp());
        let keep = (-step_s / TREMOR.1).exp();
        self.tremor = keep * self.tremor + random.normal(0.0, TREMOR.0 * (1.0 - keep * keep).sqrt());
        let drive = (self.effort * self.condition.drive * (1.0 + self.tremor)).min(1.0);
        let all = self.units.len();
        for (rank, unit) in self.units.iter_mut().enumerate() {
            // A unit stays until the drive is a little below what recruited it.
            let needed = if unit.next.is_some() { 0.92 * unit.threshold - 0.002 } else { unit.threshold };
            if drive <= needed.max(0.002) {
                unit.next = None;
                continue;
            }
            let rate_hz = (RATES.0 + RATES.1 * (drive - unit.threshold)).clamp(5.0, self.condition.top_rate_hz);
            let mut next = unit.next.unwrap_or_else(|| random.unit() * FS_HZ / rate_hz);
            while next < n {
                needle.add(next.max(0.0) + unit.from, &unit.shape, random.normal(1.0, 0.015));
                if let Some((nerve, shared)) = seen.filter(|(_, shared)| *shared > 0.0) {
                    surface.add(next.max(0.0) + 0.15 * PER_MS, nerve.unit_shape(rank, all), shared);
                }
                next += FS_HZ * (random.normal(1.0, INTERVAL_CV.0) / rate_hz).max(REFRACTORY_S);
            }
            unit.next = Some(next - n);
        }
    }

    /// The burst of a movement: fibres that the needle hits, fewer and fewer.
    fn burst(&mut self, n: f64, needle: &mut Overlay) {
        if std::mem::take(&mut self.pushed) {
            let half = 90.0 * PER_MS;
            let push: Vec<f32> = (0..half as usize).map(|i| (std::f64::consts::PI * i as f64 / half).sin() as f32).collect();
            needle.add(0.0, &push, self.random.between(-400.0, 400.0));
        }
        let (left, whole) = self.burst;
        while self.burst_next < n.min(left) {
            let uv = self.random.normal(140.0_f64.ln(), 0.6).exp().min(900.0);
            let shape = if self.random.unit() < 0.3 { self.ending.clone() } else { self.single() };
            needle.add(self.burst_next.max(0.0), &scaled(&shape, uv), 1.0);
            let rate_hz = 30.0 + 320.0 * (left / whole).powi(2);
            self.burst_next -= FS_HZ / rate_hz * self.random.unit().max(1e-6).ln();
        }
        self.burst_next = (self.burst_next - n).max(0.0);
        self.burst.0 = (left - n).max(0.0);
    }
}

/// A piece of a potential as samples, between two points of its way, faded at both ends.
fn cut(potential: &Potential, velocity_mps: f64, from_mm: f64, to_mm: f64) -> Vec<f32> {
    let step = velocity_mps / PER_MS;
    let n = ((to_mm - from_mm) / step) as usize;
    let values = (0..n).map(|i| {
        let fade = (i as f64 / 24.0).min((n - i) as f64 / 96.0).min(1.0);
        fade * potential.at(from_mm + i as f64 * step)
    });
    let values: Vec<f64> = values.collect();
    let whole = size(values.iter().copied()).max(1e-12);
    values.iter().map(|v| (v / whole) as f32).collect()
}

fn scaled(shape: &[f32], uv: f64) -> Vec<f32> {
    shape.iter().map(|v| v * uv as f32).collect()
}

/// A unit as the needle sees it, uV, and how late what is seen begins, samples.
fn look(unit: &Unit, condition: &Condition, passing: &[Potential], gain: f64, at_mm: (f64, f64)) -> (Vec<f32>, f64) {
    let mut random = Random::new(unit.seed);
    let fibres = (condition.fibres_mm2 * std::f64::consts::PI * unit.radius_mm.powi(2)).round().clamp(1.0, 900.0) as usize;
    let n = (UNIT_MS * PER_MS) as usize;
    let mut sum = vec![0.0_f64; n];
    let (mut near, mut far) = (0, 0.0);
    let mut add = |radial_mm: f64, weight: f64, velocity: f64, delay_ms: f64| {
        let place = ((radial_mm / RADII.0).ln() / RADII.1.ln()).clamp(0.0, RADII.2 as f64 - 1.001);
        let (k, part) = (place as usize, place.fract());
        let (Some(a), Some(b)) = (passing.get(k), passing.get(k + 1)) else { return };
        let from = (delay_ms * PER_MS).ceil().max(0.0) as usize;
        for (i, value) in sum.iter_mut().enumerate().skip(from) {
            let way = (i as f64 / PER_MS - delay_ms) * velocity;
            if way > a.way_mm() {
                break;
            }
            *value += weight * gain * ((1.0 - part) * a.at(way) + part * b.at(way));
        }
    };
    for _ in 0..fibres {
        // Always the same draws a fibre, so that it is the same one from everywhere.
        let (r, turn) = (unit.radius_mm * random.unit().sqrt(), random.between(0.0, std::f64::consts::TAU));
        let (plate, velocity) = (random.normal(0.0, condition.scatter.0), random.normal(3.8, condition.scatter.1).clamp(2.2, 5.4));
        let delay_ms = (1.5 + random.normal(0.0, 0.15) + plate / velocity).max(0.0);
        let (x, y) = (unit.centre_mm.0 + r * turn.cos() - at_mm.0, unit.centre_mm.1 + r * turn.sin() - at_mm.1);
        let radial_mm = x.hypot(y).max(0.12);
        if radial_mm <= NEAR_MM && near < MAX_NEAR {
            near += 1;
            add(radial_mm, 1.0, velocity, delay_ms);
        } else {
            far += 1.0;
        }
    }
    // Fibres far away differ in time only: a few stand for all.
    let (x, y) = (unit.centre_mm.0 - at_mm.0, unit.centre_mm.1 - at_mm.1);
    for _ in 0..5 {
        let plate = random.normal(0.0, condition.scatter.0);
        add(x.hypot(y).max(NEAR_MM), far / 5.0, 3.8, (1.5 + plate / 3.8).max(0.0));
    }
    let heard = |v: &f64| v.abs() > SILENT_UV;
    let (Some(from), Some(to)) = (sum.iter().position(heard), sum.iter().rposition(heard)) else { return (Vec::new(), 0.0) };
    (sum[from..=to].iter().map(|v| *v as f32).collect(), from as f64)
}
