//! The class of a train from its firing and its mean potential.
//!
//! Each class has bounds for what is seen; a feature within them counts 1, outside it falls off
//! with its distance (as a ratio). The class whose product is largest is taken, unless it is small
//! or another one is near: then nothing is guessed. Bounds come from the AAEM glossary (Muscle Nerve
//! 2001;24 Suppl 10) and Preston and Shapiro, *Electromyography and neuromuscular disorders*; both
//! as recalled, of medium trust unless said otherwise. Ours, set on simulated potentials and of low
//! trust: 5.2 ms between fibre and unit, the ratios of sharp waves, 400 µV for a large potential,
//! steadiness of complex repetitive discharges (below 0.9 %), evenness, waxing, and all softness:
//!
//! | class | bounds |
//! |---|---|
//! | fibrillation | starts positive, 1 to 5 ms, 0.5 to 30 Hz, regular (high trust) |
//! | positive sharp wave | sharp positive phase, then long low negative one, 0.5 to 30 Hz, regular |
//! | fasciculation | form of a motor unit, single and irregular, below 5 Hz |
//! | complex repetitive | constant form and rate, several peaks, 5 to 150 Hz, abrupt start and end |
//! | myotonic | 20 to 150 Hz (AANEM: to 80), rate and amplitude wax and wane |
//! | myokymic | bursts of 2 to 60 Hz inside, repeating at 0.1 to 10 Hz |
//! | neuromyotonic | 100 (glossary: 150) to 300 Hz, amplitude falls, abrupt |
//! | cramp | form of a motor unit, 35 to 150 Hz (glossary: 20 to 150, usually 40 to 60), irregular, lasting |
//! | end-plate noise | negative, 0.5 to 2 ms, 10 to 50 µV, irregular |
//! | end-plate spike | starts negative, below 5 ms, irregular, 5 to 50 Hz |
//! | voluntary | form of a motor unit, 4 to 30 Hz, semi-regular |

use super::features::{Firing, FirstPhase, Shape};
use crate::model::ActivityClass;

/// Least product that names a class.
const LEAST: f64 = 0.12;

/// A name for a train.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Class.
    pub class: ActivityClass,
    /// 0 to 1.
    pub confidence: f64,
    /// What speaks for it.
    pub why: Vec<String>,
}

/// 1 within the bounds, falling outside by the logarithm of how far, `softness` being its standard
/// deviation. What is not known speaks neither way.
fn within(value: f64, low: f64, high: f64, softness: f64) -> f64 {
    if !value.is_finite() {
        return 0.7;
    }
    let value = value.max(1e-6);
    let off = if value < low {
        (low / value).ln()
    } else if value > high {
        (value / high).ln()
    } else {
        0.0
    };
    (-0.5 * (off / softness).powi(2)).exp()
}

/// Names a train.
pub fn name(firing: &Firing, shape: &Shape, parts: usize) -> Named {
    let mut scores = scores(firing, shape, parts);
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (class, best) = scores[0];
    let second = scores[1].1;
    let confidence = best / (best + second).max(1e-12) * best.sqrt();
    let class = if best < LEAST { ActivityClass::NotSure } else { class };
    let mut why = why(class, firing, shape, parts);
    if let Some(other) = turned(class, firing, shape, parts) {
        why.push(format!("polarity may be turned: the other way up this would be called {}", other.name().to_lowercase()));
    }
    Named { class, confidence: if best < LEAST { 0.0 } else { confidence.clamp(0.0, 1.0) }, why }
}

/// What a train would be called in a record that is upside down, when the first phase decides between
/// fibres that fire by themselves and end plates, or leaves it open.
fn turned(class: ActivityClass, firing: &Firing, shape: &Shape, parts: usize) -> Option<ActivityClass> {
    use ActivityClass as C;
    let decides = |c: C| matches!(c, C::Fibrillation | C::PositiveSharpWave | C::EndPlateSpike | C::EndPlateNoise);
    let first = match shape.first {
        FirstPhase::Positive => FirstPhase::Negative,
        FirstPhase::Negative => FirstPhase::Positive,
        FirstPhase::Unclear => return None,
    };
    if !matches!(class, C::NotSure | C::Voluntary) && !decides(class) {
        return None;
    }
    let positive_to_negative = 1.0 / shape.positive_to_negative.max(1e-3);
    let other = Shape { first, positive_to_negative, negative_width_ratio: f64::NAN, ..shape.clone() };
    let (name, best) = scores(firing, &other, parts).into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best >= LEAST && name != class && decides(name)).then_some(name)
}

fn scores(f: &Firing, s: &Shape, parts: usize) -> Vec<(ActivityClass, f64)> {
    use ActivityClass as C;
    let many = |least: f64| within(f.n as f64, least, 1e9, 0.3);
    let positive = match s.first {
        FirstPhase::Positive => 1.0,
        FirstPhase::Unclear => 0.4,
        FirstPhase::Negative => 0.03,
    };
    let negative = match s.first {
        FirstPhase::Positive => 0.03,
        FirstPhase::Unclear => 0.3,
        FirstPhase::Negative => 1.0,
    };
    // A positive sharp wave's negative phase is lower and wider than its positive one.
    let sharp_wave = within(s.positive_to_negative, 1.05, 1e3, 0.12) * within(s.negative_width_ratio, 1.8, 1e3, 0.15);
    let spike = within(s.positive_to_negative, 0.0, 1.1, 0.12);
    let fibre = within(s.duration_ms, 0.8, 5.0, 0.15);
    let unit = within(s.duration_ms, 5.2, 20.0, 0.12);
    // A fibre's own rhythm wanders; only a circuit of fibres is as steady as a machine.
    let steadiest = if f.n < 15 { 0.0 } else { 0.008 };
    // Single fibres are seldom as large (fibrillation: usually to 100, at most 1000 µV).
    let large = 0.4 * within(s.amp_uv, 400.0, 1e6, 0.3);
    let regular = within(f.cv, steadiest, 0.10, 0.2);
    // Units under drive vary by more than fibres that fire by themselves.
    let by_itself = within(f.cv, steadiest, 0.07, 0.2);
    let slow = within(f.rate_hz, 0.5, 30.0, 0.3);
    let bursting = within(f.in_bursts, 0.7, 2.0, 0.2) * many(6.0) * within(f.bursts as f64, 4.0, 1e6, 0.2);
    let not_bursting = 1.0 - 0.9 * if f.bursts_hz.is_finite() { bursting * within(f.steady, 0.0, 0.6, 0.3) } else { 0.0 };
    let steady = within(f.steady, 0.7, 1.0, 0.3);
    let even_rate = within(f.rate_range, 1.0, 1.12, 0.06) * within(f.size_range, 1.0, 1.3, 0.2);
    let constant = if f.cv < 0.005 { steady } else { even_rate };
    let waxing = within(f.rate_range, 1.3, 1e3, 0.12) * within(f.size_range, 1.2, 1e3, 0.1) * within(f.cv, 0.01, 1e3, 0.3);
    let complex = f64::max(within(s.peaks as f64, 4.0, 1e3, 0.25), within(parts as f64, 3.0, 1e3, 0.4));
    let even = within(f.evenness, 0.35, 1e3, 0.35);
    let complex = if f.cv < 0.005 && f.n >= 20 { complex.max(0.4) } else { complex };
    let irregular = within(f.cv, 0.25, 1e3, 0.3);
    let few = f.n < 5;
    vec![
        (C::Fibrillation, positive * fibre * by_itself * slow * spike * many(4.0) * not_bursting),
        (C::PositiveSharpWave, positive * sharp_wave * regular * slow * many(4.0) * not_bursting),
        (
            C::Fasciculation,
            unit.max(large)
                * within(s.surroundings, 0.0, 0.15, 0.25)
                * within(s.amp_uv, 40.0, 1e5, 0.2)
                * if few { 0.9 } else { irregular }
                * within(f.rate_hz, 0.0, 5.0, 0.3)
                * within(f.n as f64 / f.span_s.max(1.0), 0.0, 2.0, 0.25),
        ),
        (
            C::ComplexRepetitive,
            within(f.cv, 0.0, 0.009, 0.4)
                * within(f.rate_hz, 5.0, 150.0, 0.2)
                * complex
                * constant
                * within(f.longest_run as f64, 8.0, 1e9, 0.3),
        ),
        (
            C::Myotonic,
            within(f.rate_hz, 18.0, 150.0, 0.2) * within(f.cv, 0.0, 0.12, 0.3) * waxing * within(f.longest_run as f64, 10.0, 1e9, 0.3),
        ),
        (
            C::Myokymic,
            bursting
                * unit.max(0.2)
                * within(s.amp_uv, 50.0, 1e5, 0.2)
                * within(f.burst_rate_hz, 2.0, 70.0, 0.2)
                * within(f.bursts_hz, 0.1, 10.0, 0.3)
                * within(f.burst_cv, 0.0, 0.35, 0.4)
                * within(f.rate_hz, 0.0, 90.0, 0.2)
                * (1.0 - 0.95 * within(f.longest_run as f64, 25.0, 1e9, 0.2)),
        ),
        (
            C::Neuromyotonic,
            within(f.rate_hz, 100.0, 300.0, 0.12) * within(f.cv, 0.0, 0.15, 0.3) * within(f.longest_run as f64, 8.0, 1e9, 0.3),
        ),
        (
            C::Cramp,
            // Up to some 30 Hz it cannot be told from effort.
            unit.max(0.1)
                * within(f.rate_hz, 35.0, 150.0, 0.15)
                * within(f.cv, 0.05, 0.6, 0.3)
                * many(20.0)
                * not_bursting
                // It goes on; pieces of artefacts are as fast, with pauses.
                * within(f.evenness, 0.6, 1e3, 0.25)
                * within(f.longest_run as f64, 15.0, 1e9, 0.3),
        ),
        (
            C::EndPlateSpike,
            negative
                * within(s.duration_ms, 0.8, 5.0, 0.2)
                * within(f.cv, 0.2, 1e3, 0.3)
                * within(f.rate_hz, 4.0, 80.0, 0.3)
                * many(5.0)
                * within(s.amp_uv, 40.0, 1e4, 0.2)
                * even,
        ),
        (
            C::EndPlateNoise,
            negative
                * within(s.duration_ms, 0.3, 3.0, 0.3)
                * within(f.cv, 0.2, 1e3, 0.3)
                * within(s.amp_uv, 1.0, 40.0, 0.2)
                * many(5.0)
                * even,
        ),
        (
            C::Voluntary,
            // Semi-regular at such a rate is drive from the spinal cord, even of a short potential.
            unit.max(0.25)
                * within(f.rate_hz, 4.0, 30.0, 0.2)
                * within(f.cv, 0.06, if unit > 0.25 { 0.35 } else { 0.25 }, 0.3)
                * many(8.0)
                * not_bursting
                * within(f.span_s, 1.0, 1e9, 0.4),
        ),
    ]
}

/// The facts, with numbers; those the class rests on come first.
fn why(class: ActivityClass, f: &Firing, s: &Shape, parts: usize) -> Vec<String> {
    use ActivityClass as C;
    let mut out = Vec::new();
    let rate = if f.rate_hz.is_finite() { format!("{:.1} Hz", f.rate_hz) } else { "once".to_owned() };
    match class {
        C::Myokymic => out.push(format!(
            "{} bursts of {:.0} discharges at {:.0} Hz, {:.1} bursts a second",
            f.bursts, f.per_burst, f.burst_rate_hz, f.bursts_hz
        )),
        C::Fasciculation if f.n < 5 => out.push(format!("single: {} in the record", f.n)),
        _ if f.cv.is_finite() => {
            let word = if f.cv < 0.10 {
                "regular"
            } else if f.cv < 0.3 {
                "semi-regular"
            } else {
                "irregular"
            };
            out.push(format!("{word}: {rate}, intervals vary {:.1} %", 100.0 * f.cv));
        }
        _ => out.push(format!("{} discharges, {rate}", f.n)),
    }
    match class {
        C::Myotonic => out.push(format!("waxes and wanes: rate by a factor of {:.1}, amplitude by {:.1}", f.rate_range, f.size_range)),
        C::ComplexRepetitive => {
            out.push(format!("constant rate (range {:.2}) and form, {} peaks in {} parts", f.rate_range, s.peaks, parts));
        }
        C::PositiveSharpWave => out.push(format!(
            "sharp positive phase, {:.1} times the negative one, which lasts {:.1} times as long",
            s.positive_to_negative, s.negative_width_ratio
        )),
        _ => {}
    }
    out.push(
        match s.first {
            FirstPhase::Positive => "starts positive (downwards)",
            FirstPhase::Negative => "starts negative (upwards)",
            FirstPhase::Unclear => "first phase too small to tell",
        }
        .to_owned(),
    );
    out.push(format!("{:.1} ms, {:.0} µV", s.duration_ms, s.amp_uv));
    out
}
