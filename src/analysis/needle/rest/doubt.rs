//! Names taken back for what else goes on in the record.
//!
//! What a train is called by itself may be wrong beside others: motor units under drive leave pieces
//! that look like fibres, end-plate spikes coincide, a cramp hides all else. Fasciculation can be told
//! in a relaxed muscle alone, and fibres beside active units only by what no piece of a unit has
//! (Preston and Shapiro on rest as the condition of looking for spontaneous activity; limits our own).

use super::features::FirstPhase;
use super::trains::Train;
use super::{FIBRE_MS, NamedTrain};
use crate::model::ActivityClass;

/// With voluntary units, more discharges that fit no class than this part of the others: effort.
const UNSURE_PART: f64 = 0.3;
/// Beside active units fibres are named when they vary by less, with so many discharges, and are
/// shorter, ms, than a unit (sharp waves excepted).
const STEADY: f64 = 0.065;
const LEAST: usize = 7;
const UNIT_MS: f64 = 5.2;
/// Units that vary by less may be long sharp waves.
const DRIVEN: f64 = 0.09;
/// And when their potential is no unit's: correlation, ratio of amplitudes.
const ALIKE: f64 = 0.85;
const LIKE_SIZE: f64 = 1.4;

/// Takes back names that others make doubtful; true when the muscle was not at rest at all.
pub(super) fn doubt(found: &mut [NamedTrain]) -> bool {
    let effort = at_effort(found);
    beside_units(found);
    plate_overlaps(found);
    during_cramps(found);
    effort
}

/// Motor units under drive, by their potential longer than a fibre's.
fn is_drive(train: &NamedTrain) -> bool {
    train.named.class == ActivityClass::Voluntary && train.shape.duration_ms > FIBRE_MS
}

/// Whether most of a train falls into some spans, s.
fn mostly_in(train: &Train, spans: &[[f64; 2]]) -> bool {
    let inside = |t: &&f64| spans.iter().any(|[from, to]| (from - 0.05..=to + 0.05).contains(*t));
    2 * train.times_s.iter().filter(inside).count() > train.times_s.len()
}

/// What may be a piece of a unit that is active loses its name.
fn beside_units(found: &mut [NamedTrain]) {
    let units: Vec<NamedTrain> = found.iter().filter(|t| is_drive(t) && t.firing.cv > DRIVEN).cloned().collect();
    let spans: Vec<[f64; 2]> = units.iter().filter_map(|t| span(&t.train)).collect();
    for train in found.iter_mut().filter(|t| mostly_in(&t.train, &spans)) {
        let few_or_ragged = train.firing.n < LEAST || train.firing.cv > STEADY;
        let piece = units.iter().any(|unit| alike(unit, train));
        let doubtful = match train.named.class {
            ActivityClass::Fasciculation => true,
            ActivityClass::Fibrillation => few_or_ragged || piece || train.shape.duration_ms > UNIT_MS,
            ActivityClass::PositiveSharpWave => few_or_ragged || piece,
            _ => false,
        };
        if doubtful {
            unname(train, "not named: motor units are active, and this may be part of one");
        }
    }
}

/// Whether two mean potentials are of one form and size, moved by up to 3 ms.
fn alike(a: &NamedTrain, b: &NamedTrain) -> bool {
    let ratio = a.shape.amp_uv / b.shape.amp_uv.max(1e-9);
    if !(1.0 / LIKE_SIZE..=LIKE_SIZE).contains(&ratio) {
        return false;
    }
    let (x, y) = (&a.shape.potential_uv, &b.shape.potential_uv);
    // Samples of a potential: 32 ms.
    let most = (x.len() as f64 * 3.0 / 32.0) as isize;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let norm = (sum(x, x) * sum(y, y)).sqrt().max(1e-12);
    (-most..=most).any(|lag| {
        let by = lag.unsigned_abs();
        let product = if lag < 0 { sum(x, y.get(by..).unwrap_or_default()) } else { sum(x.get(by..).unwrap_or_default(), y) };
        product > ALIKE * norm
    })
}

/// Motor units that are active and overlap leave pieces which look like anything: then only what is
/// voluntary keeps its name. True when so.
fn at_effort(found: &mut [NamedTrain]) -> bool {
    let count = |test: &dyn Fn(ActivityClass) -> bool| -> usize { found.iter().filter(|t| test(t.named.class)).map(|t| t.firing.n).sum() };
    let unsure = count(&|class| class == ActivityClass::NotSure) as f64;
    let sure = count(&|class| class != ActivityClass::NotSure) as f64;
    // Potentials as short as those of fibres may be several fibrillating ones.
    let drive = found.iter().any(is_drive);
    let effort = drive && unsure > UNSURE_PART * sure;
    if effort {
        for train in found.iter_mut().filter(|t| t.named.class != ActivityClass::Voluntary) {
            unname(train, "not named: motor units are active and overlap");
        }
    }
    effort
}

/// Beside a cramp nothing else is named.
fn during_cramps(found: &mut [NamedTrain]) {
    let cramps: Vec<[f64; 2]> = found.iter().filter(|t| t.named.class == ActivityClass::Cramp).filter_map(|t| span(&t.train)).collect();
    for train in found.iter_mut().filter(|t| t.named.class != ActivityClass::Cramp && mostly_in(&t.train, &cramps)) {
        unname(train, "not named: a cramp goes on");
    }
}

/// Of end-plate spikes, irregular and fast, two now and then make one longer potential: what starts
/// upwards as they do and is no larger than two of them is no fasciculation.
fn plate_overlaps(found: &mut [NamedTrain]) {
    let spikes: Vec<(f64, [f64; 2])> = found
        .iter()
        .filter(|t| t.named.class == ActivityClass::EndPlateSpike)
        .filter_map(|t| Some((t.shape.amp_uv, span(&t.train)?)))
        .collect();
    let mut sizes: Vec<f64> = spikes.iter().map(|s| s.0).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    let two = sizes.first().map_or(0.0, |a| a + sizes.get(1).unwrap_or(a));
    let during = |t: &f64| spikes.iter().any(|(_, [from, to])| (*from..=*to).contains(t));
    for train in found.iter_mut().filter(|t| t.named.class == ActivityClass::Fasciculation) {
        let inside = train.train.times_s.iter().filter(|t| during(t)).count() * 2 > train.train.times_s.len();
        if inside && train.shape.first == FirstPhase::Negative && train.shape.amp_uv < 1.2 * two {
            unname(train, "not named: two end-plate spikes together look like this");
        }
    }
}

/// First and last discharge, s.
fn span(train: &Train) -> Option<[f64; 2]> {
    Some([*train.times_s.first()?, *train.times_s.last()?])
}

fn unname(train: &mut NamedTrain, why: &str) {
    train.named.class = ActivityClass::NotSure;
    train.named.confidence = 0.0;
    train.named.why.push(why.to_owned());
}
