//! What can be examined under guidance: the studies of the clinic and, on the motor ones, late responses
//! and repetitive stimulation, each with its sites, its sweep and the stimuli that are customary.
//!
//! Repetitive stimulation: trains of ten at 3 Hz at rest, then right after exercise and each minute to the
//! fourth (Preston and Shapiro, Electromyography and Neuromuscular Disorders, ch. 6).

use super::runs::Run;
use crate::engine::protocol::RunChoice;
use crate::model::{Side, TestKind};
use crate::norms::{self, LateDef, StudyDef};

/// Part of a sweep before the stimulus, seconds.
const BEFORE_S: f64 = 0.02;
/// Trains of repetitive stimulation.
const TRAINS: [&str; 6] = ["Rest", "Right after exercise", "1 min after", "2 min after", "3 min after", "4 min after"];
/// From the end of the exercise to the first train behind it, and from each to the next, seconds.
const APART_S: f64 = 60.0;
const TRAIN_HZ: f64 = 3.0;
const TRAIN_COUNT: u16 = 10;
/// Bands in which F waves (Preston and Shapiro, ch. 4) and H reflexes (Buschbacher, Am J Phys Med Rehabil
/// 1999;78(6 Suppl):S75) are recorded, Hz.
const F_BAND_HZ: [f64; 2] = [10.0, 10_000.0];
const H_BAND_HZ: [f64; 2] = [2.0, 10_000.0];
/// Responses of a sensory series, and their rate.
const SERIES: (u16, f64) = (10, 2.0);

/// All of them, as they are listed.
pub fn choices() -> Vec<RunChoice> {
    let studies = norms::studies();
    let plain = studies.iter().map(plain);
    let late = norms::late_responses().iter().filter_map(late);
    let trains = studies.iter().filter(|study| study.test_kind() == TestKind::Motor).map(trains);
    plain.chain(late).chain(trains).collect()
}

/// The run of a choice; none where there is no such one.
pub fn run(id: &str, side: Side, (recording, channel): (usize, usize)) -> Option<Run> {
    let choice = choices().into_iter().find(|choice| choice.id == id)?;
    let (study_id, late) = split(id);
    let study = norms::by_id(study_id);
    let late = norms::late_responses().iter().find(|late_def| late && late_def.id == study_id);
    let of_late = |late: &LateDef| late.parent.as_deref().and_then(norms::by_id);
    let shared = study.or_else(|| late.and_then(of_late));
    let nerve = late.and_then(|late| late.nerve.as_deref()).or(shared.map(|study| study.nerve.as_str()))?;
    let from = late.and_then(|late| late.record_muscle.as_deref()).or(shared.map(|study| study.recorded_from()))?;
    let distal_mm = shared.filter(|_| matches!(choice.kind, TestKind::Motor | TestKind::Sensory)).and_then(StudyDef::distal_mm);
    let after_s = match choice.kind {
        TestKind::Sensory => 0.03,
        TestKind::Motor => 0.08,
        // Shorter than the pause of the fastest trains.
        TestKind::Repetitive => 0.045,
        _ => 0.11,
    };
    Some(Run {
        kind: choice.kind,
        side,
        nerve: norms::pretty(nerve),
        recorded_from: norms::short(from),
        study: shared.map(|study| study.id.clone()).unwrap_or_default(),
        sites: choice.sites.into_iter().enumerate().map(|(at, name)| (name, distal_mm.filter(|_| at == 0))).collect(),
        rate_hz: (choice.kind == TestKind::Repetitive).then_some(TRAIN_HZ),
        filter_hz: choice.filter_hz,
        recording,
        channel,
        before_s: BEFORE_S,
        after_s,
    })
}

/// A choice's study or late response, and whether it is the latter.
fn split(id: &str) -> (&str, bool) {
    match id.split_once(':') {
        Some(("late", id)) => (id, true),
        Some((_, id)) => (id, false),
        None => (id, false),
    }
}

/// The study of the clinic (or the late response that has none) and the stimulation site of a choice, by
/// their names in the tables.
pub fn place(id: &str, site: usize) -> Option<(String, String)> {
    let (name, late) = split(id);
    let parent = norms::late_responses().iter().find(|of| late && of.id == name).and_then(|of| of.parent.as_deref());
    let Some(study) = norms::by_id(parent.unwrap_or(name)) else { return Some((name.to_owned(), late_site(name)?)) };
    // Late responses and trains are stimulated at the first site.
    let at = if late || id.contains(':') { 0 } else { site };
    let site = study.sites.get(at).map(|site| site.id.clone()).or_else(|| study.sites.is_empty().then(String::new))?;
    Some((study.id.clone(), site))
}

/// Where a late response without a motor study of its own is stimulated.
fn late_site(id: &str) -> Option<String> {
    let late = norms::late_responses().iter().find(|late| late.id == id)?;
    late.stim.as_deref()?.split([' ', ',']).next().map(str::to_owned)
}

/// Name of a study, if it is a motor one or is not one, as asked.
pub fn named(study: &str, motor: bool) -> Option<&'static str> {
    norms::by_id(study).filter(|study| (study.test_kind() == TestKind::Motor) == motor).map(|study| study.name.as_str())
}

/// When a train is due after the end of the exercise, seconds; none for that at rest.
pub fn due_s(train: usize) -> Option<f64> {
    train.checked_sub(1).map(|behind| behind as f64 * APART_S)
}

fn period_us(rate_hz: f64) -> u32 {
    (1e6 / rate_hz).round() as u32
}

fn plain(study: &StudyDef) -> RunChoice {
    let kind = study.test_kind();
    let sites = if study.sites.is_empty() {
        vec![norms::pretty(study.stim_site.as_deref().unwrap_or("stimulation"))]
    } else {
        study.sites.iter().map(|site| norms::pretty(&site.id)).collect()
    };
    let (count, rate_hz) = if kind == TestKind::Sensory { SERIES } else { (1, 1.0) };
    RunChoice {
        id: study.id.clone(),
        kind,
        name: study.name.clone(),
        sites,
        filter_hz: study.filters_hz.first().copied().zip(study.filters_hz.get(1).copied()).map(|(low, high)| [low, high]),
        gain_uv: study.gain_uv.or(study.gain_mv.map(|mv| 1000.0 * mv)).unwrap_or(1000.0),
        sweep_ms: study.sweep_ms.unwrap_or(2.0),
        width_us: (1000.0 * study.width_ms.unwrap_or(0.2)).round() as u16,
        count,
        period_us: period_us(rate_hz),
    }
}

fn late(late: &LateDef) -> Option<RunChoice> {
    let (kind, words) = match late.kind.as_str() {
        "f_wave" => (TestKind::FWave, "F waves"),
        "h_reflex" => (TestKind::HReflex, "H reflex"),
        _ => return None,
    };
    let parent = late.parent.as_deref().and_then(norms::by_id);
    let nerve = norms::pretty(late.nerve.as_deref().or(parent.map(|study| study.nerve.as_str()))?);
    let from = norms::short(late.record_muscle.as_deref().or(parent.map(StudyDef::recorded_from))?);
    let site = parent.and_then(|study| study.sites.first()).map(|site| norms::pretty(&site.id));
    let place = || late.stim.as_deref().and_then(|stim| stim.split(',').next()).map(norms::pretty);
    Some(RunChoice {
        id: format!("late:{}", late.id),
        kind,
        name: format!("{nerve} {words} ({from})"),
        sites: vec![site.or_else(place).unwrap_or_else(|| "Stimulation".into())],
        filter_hz: Some(if kind == TestKind::FWave { F_BAND_HZ } else { H_BAND_HZ }),
        gain_uv: 1000.0 * late.gain_mv.unwrap_or(0.2),
        sweep_ms: late.sweep_ms.unwrap_or(5.0),
        width_us: (1000.0 * late.width_ms.or(parent.and_then(|study| study.width_ms)).unwrap_or(0.2)).round() as u16,
        // An H reflex is followed by intensity, stimulus by stimulus.
        count: if kind == TestKind::FWave { late.n_stimuli.unwrap_or(10) } else { 1 },
        period_us: period_us(late.rate_hz.unwrap_or(1.0)),
    })
}

fn trains(study: &StudyDef) -> RunChoice {
    let single = plain(study);
    RunChoice {
        id: format!("trains:{}", study.id),
        kind: TestKind::Repetitive,
        name: format!("{}, repetitive stimulation", study.name),
        sites: TRAINS.map(str::to_owned).to_vec(),
        count: TRAIN_COUNT,
        period_us: period_us(TRAIN_HZ),
        ..single
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_makes_a_run() {
        let all = choices();
        for choice in &all {
            let run = run(&choice.id, Side::Left, (0, 1)).unwrap_or_else(|| panic!("{}", choice.id));
            assert_eq!((run.kind, run.sites.len()), (choice.kind, choice.sites.len()), "{}", choice.id);
            assert!(!run.nerve.is_empty() && !run.recorded_from.is_empty() && !run.sites.is_empty(), "{}", choice.id);
            assert!(choice.gain_uv > 0.0 && choice.sweep_ms > 0.0 && choice.width_us > 0, "{}", choice.id);
        }
        let count = |kind| all.iter().filter(|choice| choice.kind == kind).count();
        assert_eq!((count(TestKind::FWave), count(TestKind::HReflex)), (4, 2));
        assert_eq!(count(TestKind::Repetitive), count(TestKind::Motor));
        let median = run("median_motor_apb", Side::Right, (0, 1)).unwrap();
        assert_eq!((median.nerve.as_str(), median.recorded_from.as_str()), ("Median", "APB"));
        assert_eq!(median.sites[0].1, Some(80.0));
        assert!(run("late:blink", Side::Left, (0, 0)).is_none());
    }
}
