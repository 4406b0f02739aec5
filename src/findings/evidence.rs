//! Values held against their limits: what of an examination is normal, abnormal, or says nothing.

use crate::model::Side;
use crate::norms::anatomy::{Segment, anatomy};
use crate::norms::criteria::param;
use crate::norms::temperature::is_cold;
use crate::norms::{Bound, Limit, MuscleDef, Person, by_id, limits, muscle_by_id};

use super::Tested;
use super::case::{Case, Motor, Needle, Sensory};

/// A response below this share of the other side's is low, whatever the limit says
/// (rule `axon_loss_severity`: mild ends at half of the other side).
const LOW_OF_OTHER: f64 = 0.5;

/// A value and its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// The value.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// Whether more is abnormal.
    pub upper: bool,
    /// Whether the limit was not verified.
    pub unverified: bool,
}

impl Held {
    /// Beyond its limit.
    pub fn abnormal(&self) -> bool {
        if self.upper { self.value > self.limit } else { self.value < self.limit }
    }

    /// Value as a multiple of its limit.
    pub fn ratio(&self) -> f64 {
        self.value / self.limit
    }
}

fn beyond(held: Option<Held>) -> bool {
    held.is_some_and(|held| held.abnormal())
}

/// A piece of nerve between two sites.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The segment of the study.
    pub segment: &'static Segment,
    /// Velocity, m/s.
    pub velocity: Option<Held>,
    /// Velocity where the reference has no limit, m/s.
    pub velocity_m_per_s: Option<f64>,
    /// Fall of amplitude from the distal to the proximal site, per cent; 100 where the proximal one is absent.
    pub drop_percent: Option<f64>,
    /// Fall of area from the distal to the proximal site, per cent; 100 where the proximal one is absent.
    pub area_drop_percent: Option<f64>,
    /// Growth of duration from the distal to the proximal site, per cent.
    pub dispersion_percent: Option<f64>,
}

/// A motor study of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct MotorStudy {
    /// Study.
    pub study: String,
    /// Nerve (`fibular`).
    pub nerve: &'static str,
    /// Side.
    pub side: Side,
    /// No response at the distal site.
    pub absent: bool,
    /// Distal motor latency, ms.
    pub latency: Option<Held>,
    /// Distal amplitude, mV.
    pub amplitude: Option<Held>,
    /// Distal amplitude as a share of the other side's, where it is low.
    pub low_of_other: Option<f64>,
    /// Duration of the distal negative peak, ms.
    pub duration_ms: Option<f64>,
    /// Its pieces, distal first.
    pub pieces: Vec<Piece>,
}

impl MotorStudy {
    /// Fewer fibres than there should be.
    pub fn low(&self) -> bool {
        self.absent || beyond(self.amplitude) || self.low_of_other.is_some()
    }

    /// Distal latency too long.
    pub fn late(&self) -> bool {
        beyond(self.latency)
    }

    /// A piece by its name (`below_elbow-above_elbow`).
    pub fn piece(&self, id: &str) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.segment.id == id)
    }

    /// Share of the amplitude that is left, of its lower limit or of the other side, whichever is worse.
    pub fn left(&self) -> f64 {
        if self.absent {
            return 0.0;
        }
        self.amplitude.map_or(1.0, |held| held.ratio()).min(self.low_of_other.unwrap_or(1.0))
    }
}

/// A sensory study of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct SensoryStudy {
    /// Study.
    pub study: String,
    /// Nerve.
    pub nerve: &'static str,
    /// Side.
    pub side: Side,
    /// No response.
    pub absent: bool,
    /// Onset latency, ms.
    pub onset: Option<Held>,
    /// Peak latency, ms.
    pub peak: Option<Held>,
    /// Amplitude, uV.
    pub amplitude: Option<Held>,
    /// Amplitude as a share of the other side's, where it is low.
    pub low_of_other: Option<f64>,
    /// Amplitude without a limit, uV.
    pub amplitude_uv: Option<f64>,
}

impl SensoryStudy {
    /// Fewer fibres than there should be.
    pub fn low(&self) -> bool {
        self.absent || beyond(self.amplitude) || self.low_of_other.is_some()
    }

    /// Too slow.
    pub fn slow(&self) -> bool {
        beyond(self.onset) || beyond(self.peak)
    }

    /// Either.
    pub fn abnormal(&self) -> bool {
        self.low() || self.slow()
    }
}

/// A late response of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct LateStudy {
    /// Study.
    pub study: String,
    /// Side.
    pub side: Side,
    /// No response.
    pub absent: bool,
    /// Smallest latency, ms.
    pub latency: Option<Held>,
    /// Later than the other side's by more than the rule allows.
    pub late_for_side: bool,
}

impl LateStudy {
    /// Late or absent.
    pub fn abnormal(&self) -> bool {
        self.absent || beyond(self.latency) || self.late_for_side
    }
}

/// A muscle under the needle.
#[derive(Debug, Clone, PartialEq)]
pub struct Muscle {
    /// Which.
    pub def: &'static MuscleDef,
    /// What was seen.
    pub row: Needle,
}

/// Everything, judged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Motor studies.
    pub motor: Vec<MotorStudy>,
    /// Sensory and mixed studies.
    pub sensory: Vec<SensoryStudy>,
    /// Late responses.
    pub late: Vec<LateStudy>,
    /// Muscles.
    pub muscles: Vec<Muscle>,
    /// Comparisons: study, side, value in ms, limit in ms.
    pub comparison: Vec<(String, Side, Held)>,
    /// Slowing that a cold limb may explain, in words.
    pub cold: Vec<String>,
    /// Low or falling amplitudes that submaximal stimuli may explain, in words.
    pub submaximal: Vec<String>,
}

/// The studies of a leg and those of an arm differ in what warmth they want.
pub fn is_leg(study: &str) -> bool {
    let muscle = by_id(study).and_then(|def| def.record_muscle.clone());
    let leg = |id: &str| anatomy().nodes.get(id).is_some_and(|node| node.region == "leg");
    if let Some(muscle) = muscle {
        return leg(&muscle);
    }
    anatomy().tested.get(study).is_some_and(|edges| edges.iter().any(|edge| anatomy().edges.get(edge).is_some_and(|edge| leg(&edge.to))))
}

/// The nerve of a late response (`f_tibial`) is that of an arm or a leg by its name.
pub fn is_late_of_leg(study: &str) -> bool {
    ["soleus", "tibial", "fibular"].iter().any(|word| study.contains(word))
}

struct Limits<'a> {
    rows: Vec<&'a Limit>,
}

impl<'a> Limits<'a> {
    fn of(study: &str, person: &'a Person) -> Self {
        Self { rows: limits(study, person) }
    }

    fn hold(&self, measure: &str, segment: Option<&str>, kind: Option<&str>, value: Option<f64>) -> Option<Held> {
        let value = value?;
        let fits = |row: &&&Limit| {
            row.measure == measure && row.segment.as_deref() == segment && (row.amp_kind.is_none() || row.amp_kind.as_deref() == kind)
        };
        let row = self.rows.iter().find(fits)?;
        Some(Held { value, limit: row.value, upper: row.bound == Bound::Upper, unverified: row.unverified() })
    }
}

/// Whether a limb is too cold for its latencies.
fn cold(case: &Case, leg: bool) -> bool {
    let skin = if leg { case.foot_c } else { case.hand_c };
    skin.is_some_and(|c| is_cold(leg, c))
}

/// The side across.
pub fn other(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
    }
}

/// `R` or `L`.
pub fn letter(side: Side) -> &'static str {
    match side {
        Side::Left => "L",
        Side::Right => "R",
    }
}

fn name(study: &str) -> String {
    by_id(study).map_or_else(|| study.replace('_', " "), |def| def.name.clone())
}

impl Evidence {
    /// Holds every value of a case against its limit.
    pub fn of(case: &Case) -> Self {
        let mut out = Self::default();
        out.motor(case);
        out.sensory(case);
        out.late(case);
        for row in &case.comparison {
            let limit = match row.study.as_str() {
                "csi" => param("cts_confirm", "csi_abnormal_ms"),
                "lumbrical_interosseous" => param("cts_confirm", "lumbrical_interosseous_abnormal_ms"),
                study => param("cts_confirm", &format!("{study}_abnormal_ms")),
            };
            if limit.is_finite() && (-10.0..=30.0).contains(&row.value_ms) {
                // The rule says 'at least': a hair below makes it so.
                let held = Held { value: row.value_ms, limit: limit - 1e-9, upper: true, unverified: true };
                out.comparison.push((row.study.clone(), row.side, held));
            }
        }
        out.muscles = case.needle.iter().filter_map(|row| Some(Muscle { def: muscle_by_id(&row.muscle)?, row: row.clone() })).collect();
        out
    }

    /// Whether a limb of a study is too cold for its latencies.
    fn is_cold(case: &Case, study: &str) -> bool {
        cold(case, is_leg(study))
    }

    /// A latency or velocity that a cold limb may explain says nothing.
    fn warm(&mut self, case: &Case, study: &str, what: &str, held: Option<Held>) -> Option<Held> {
        let held = held?;
        if !Self::is_cold(case, study) {
            return Some(held);
        }
        if held.abnormal() {
            self.cold.push(format!("{}: {what} {:.1} (limit {:.1})", name(study), held.value, held.limit));
            return None;
        }
        Some(held)
    }

    fn motor(&mut self, case: &Case) {
        let mut seen: Vec<(String, Side)> = Vec::new();
        for row in &case.motor {
            if !seen.contains(&(row.study.clone(), row.side)) {
                seen.push((row.study.clone(), row.side));
            }
        }
        let proved = case.supramaximal != Some(false);
        for (study, side) in seen {
            let Some(def) = by_id(&study).filter(|def| def.kind == "motor") else { continue };
            let at =
                |side: Side, site: &str| case.motor.iter().rev().find(|row| row.study == study && row.side == side && row.site == site);
            let segments: Vec<&'static Segment> = anatomy().segments.iter().filter(|segment| segment.study == study).collect();
            let rows = Limits::of(&study, &case.person);
            let mut out = MotorStudy {
                study: study.clone(),
                nerve: def.nerve.as_str(),
                side,
                absent: false,
                latency: None,
                amplitude: None,
                low_of_other: None,
                duration_ms: None,
                pieces: Vec::new(),
            };
            for segment in segments {
                let Some(row) = at(side, &segment.proximal) else { continue };
                if segment.distal == "recording" {
                    let across = at(other(side), &segment.proximal);
                    self.distal(case, &mut out, &rows, row, across, proved);
                } else if let Some(distal) = at(side, &segment.distal) {
                    let piece = self.piece(case, segment, &rows, distal, row, proved);
                    out.pieces.push(piece);
                }
            }
            self.motor.push(out);
        }
    }

    fn distal(&mut self, case: &Case, out: &mut MotorStudy, rows: &Limits, row: &Motor, across: Option<&Motor>, proved: bool) {
        out.absent = row.absent();
        if out.absent {
            return;
        }
        out.latency = self.warm(case, &row.study, "distal latency in ms", rows.hold("onset_latency", None, None, row.latency_ms));
        out.amplitude = rows.hold("amplitude", None, None, row.amp_mv);
        out.duration_ms = row.duration_ms;
        let share = row.amp_mv.zip(across.and_then(|row| row.amp_mv)).map(|(here, there)| here / there);
        out.low_of_other = share.filter(|share| *share < LOW_OF_OTHER);
        if !proved && out.low() {
            self.submaximal.push(format!("{}: low amplitude", name(&row.study)));
            (out.amplitude, out.low_of_other) = (None, None);
        }
    }

    fn piece(&mut self, case: &Case, segment: &'static Segment, rows: &Limits, distal: &Motor, row: &Motor, proved: bool) -> Piece {
        let velocity = row.segment_cv_m_per_s.or_else(|| {
            let ms = row.latency_ms? - distal.latency_ms?;
            (ms > 0.05).then_some(10.0 * row.segment_cm? / ms)
        });
        // Below 8 cm an error of a centimetre outweighs the lesion (rule `inadequate_distance`).
        let far = row.segment_cm.is_none_or(|cm| cm >= 8.0);
        let held = rows.hold("conduction_velocity", Some(&segment.id), None, velocity.filter(|_| far));
        let warm = !Self::is_cold(case, &row.study);
        let held = self.warm(case, &row.study, "velocity in m/s", held);
        let fall = |there: Option<f64>, here: Option<f64>| match (there, here) {
            _ if distal.absent() => None,
            _ if row.absent() => Some(100.0),
            (Some(there), Some(here)) if there > 0.0 => Some(100.0 * (1.0 - here / there)),
            _ => None,
        };
        let mut drop_percent = fall(distal.amp_mv, row.amp_mv);
        let mut area_drop_percent = fall(distal.area_mvms, row.area_mvms);
        if !proved && drop_percent.is_some_and(|drop| drop > 20.0) {
            self.submaximal.push(format!("{}: fall of amplitude at {}", name(&row.study), segment.proximal.replace('_', " ")));
            (drop_percent, area_drop_percent) = (None, None);
        }
        Piece {
            segment,
            velocity: held,
            velocity_m_per_s: velocity.filter(|_| far && warm),
            drop_percent,
            area_drop_percent,
            dispersion_percent: row.duration_ms.zip(distal.duration_ms).map(|(proximal, distal)| 100.0 * (proximal / distal - 1.0)),
        }
    }

    fn sensory(&mut self, case: &Case) {
        for (at, row) in case.sensory.iter().enumerate() {
            // Of a response that was repeated the last one counts.
            if case.sensory.iter().skip(at + 1).any(|later| (&later.study, later.side) == (&row.study, row.side)) {
                continue;
            }
            let Some(def) = by_id(&row.study).filter(|def| def.kind != "motor") else { continue };
            let rows = Limits::of(&row.study, &case.person);
            let across: Option<&Sensory> = case.sensory.iter().find(|there| there.study == row.study && there.side == other(row.side));
            let share = row.amp_uv.zip(across.and_then(|row| row.amp_uv)).map(|(here, there)| here / there);
            let onset = rows.hold("onset_latency", None, None, row.onset_ms);
            let peak = rows.hold("peak_latency", None, None, row.peak_ms);
            let study = SensoryStudy {
                study: row.study.clone(),
                nerve: def.nerve.as_str(),
                side: row.side,
                absent: row.absent(),
                onset: self.warm(case, &row.study, "onset latency in ms", onset),
                peak: self.warm(case, &row.study, "peak latency in ms", peak),
                amplitude: rows.hold("amplitude", None, Some(row.amp_kind.as_deref().unwrap_or("onset_peak")), row.amp_uv),
                low_of_other: share.filter(|share| *share < LOW_OF_OTHER),
                amplitude_uv: row.amp_uv,
            };
            self.sensory.push(study);
        }
    }

    fn late(&mut self, case: &Case) {
        for row in &case.late {
            let rows = Limits::of(&row.study, &case.person);
            let measure = if row.study.starts_with("h_") { "h_latency" } else { "f_min_latency" };
            let held = rows.hold(measure, None, None, row.min_latency_ms);
            let cold = cold(case, is_late_of_leg(&row.study));
            let across = case.late.iter().find(|there| there.study == row.study && there.side == other(row.side));
            let behind = row.min_latency_ms.zip(across.and_then(|row| row.min_latency_ms)).map(|(here, there)| here - there);
            let limit = param("radic_h", "h_side_diff_ms");
            self.late.push(LateStudy {
                study: row.study.clone(),
                side: row.side,
                absent: row.absent(),
                latency: held.filter(|held| !(cold && held.abnormal())),
                late_for_side: row.study.starts_with("h_") && behind.is_some_and(|behind| behind > limit),
            });
        }
    }

    /// A motor study of a side.
    pub fn motor_of(&self, study: &str, side: Side) -> Option<&MotorStudy> {
        self.motor.iter().find(|motor| motor.study == study && motor.side == side)
    }

    /// A sensory study of a side.
    pub fn sensory_of(&self, study: &str, side: Side) -> Option<&SensoryStudy> {
        self.sensory.iter().find(|sensory| sensory.study == study && sensory.side == side)
    }

    /// A muscle of a side.
    pub fn muscle_of(&self, id: &str, side: Side) -> Option<&Muscle> {
        self.muscles.iter().find(|muscle| muscle.def.id == id && muscle.row.side == side)
    }

    /// What was examined, by its place on the anatomical graph.
    pub fn tested(&self) -> Vec<Tested> {
        let mut out: Vec<Tested> = Vec::new();
        let mut note =
            |node: String, side: Side, abnormal: bool| match out.iter_mut().find(|known| known.node == node && known.side == side) {
                Some(known) => known.abnormal |= abnormal,
                None => out.push(Tested { node, side, abnormal }),
            };
        for muscle in &self.muscles {
            note(muscle.def.id.clone(), muscle.row.side, muscle.row.abnormal());
        }
        for motor in &self.motor {
            let slow = motor.late() || motor.pieces.iter().any(|piece| beyond(piece.velocity));
            if let Some(muscle) = by_id(&motor.study).and_then(|def| def.record_muscle.clone()) {
                note(muscle, motor.side, motor.low() || slow);
            }
        }
        for sensory in &self.sensory {
            let skin = anatomy().sensory.get(&sensory.study).and_then(|routes| routes.first()?.path.last().cloned());
            if let Some(skin) = skin {
                note(skin, sensory.side, sensory.abnormal());
            }
        }
        out
    }

    /// Whether nothing at all was examined.
    pub fn is_empty(&self) -> bool {
        self.motor.is_empty() && self.sensory.is_empty() && self.late.is_empty() && self.muscles.is_empty() && self.comparison.is_empty()
    }
}
