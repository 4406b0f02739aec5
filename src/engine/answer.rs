//! What an open study says in one answer: its measurements and its table of muscles, read as an
//! experienced reader would.

use super::session::Session;
use crate::analysis::nerve::comparison::{self, ComparisonKind};
use crate::findings::{self, Answer, Case, Comparison, Late, Motor, Needle, Response, Sensory, Step, Train};
use crate::model::{MuscleColumn, NerveTest, Side, Summary, TestMeasurement, WhichMuscle};
use crate::norms::{self, Person, StudyDef};

use super::protocol::{CellBy, MuscleRowView, NeedleView};

/// Stimuli without any F wave or H reflex after which it counts as absent: our own bound.
const ENOUGH_STIMULI: usize = 8;

impl Session {
    /// Reads the tests that were measured and the table of muscles.
    pub fn answer(&self, tests: &[NerveTest], needle: &NeedleView, person: &Person) -> Answer {
        let mut case = Case { person: person.clone(), onset_days: self.edits.onset_weeks.map(|weeks| 7.0 * weeks), ..Case::default() };
        let mut ignored = Vec::new();
        let mut pairs = Vec::new();
        for (index, test) in tests.iter().enumerate() {
            let Some(measured) = self.tested.get(&index).map(|tested| &tested.measurement) else { continue };
            pairs.push((test, measured));
            let Some(side) = test.side else {
                ignored.push(format!("{}: the side is not known, so it is not read", super::view::title(test, index)));
                continue;
            };
            let study = self.study_of(index, test).and_then(|(id, _)| norms::by_id(id));
            take(&mut case, test, measured, side, study);
            warmth(&mut case, test, study);
        }
        differences(&mut case, &pairs);
        for row in &needle.rows {
            match muscle(row) {
                Ok(row) => case.needle.push(row),
                Err(what) => ignored.push(what),
            }
        }
        findings::conclude(&case, ignored)
    }
}

fn take(case: &mut Case, test: &NerveTest, measured: &TestMeasurement, side: Side, study: Option<&StudyDef>) {
    match (&measured.summary, study) {
        (Summary::Motor(_), Some(study)) => motor(case, test, measured, side, study),
        (Summary::Sensory(_), Some(study)) => sensory(case, test, measured, side, study),
        (Summary::FWave(waves), _) => {
            let Some((id, site)) = norms::late_study(test).zip(waves.sites.first()) else { return };
            let response = match (site.min_ms, site.stimuli) {
                (Some(_), _) => Response::Present,
                (None, stimuli) if stimuli >= ENOUGH_STIMULI => Response::Absent,
                _ => return,
            };
            case.late.push(Late { study: id, side, response: Some(response), min_latency_ms: site.min_ms, persistence_percent: None });
        }
        (Summary::HReflex(reflex), _) => {
            let Some(id) = norms::late_study(test) else { return };
            let response = match reflex.latency_ms {
                Some(_) => Response::Present,
                None if reflex.levels.len() >= ENOUGH_STIMULI => Response::Absent,
                None => return,
            };
            case.late.push(Late {
                study: id,
                side,
                response: Some(response),
                min_latency_ms: reflex.latency_ms,
                persistence_percent: None,
            });
        }
        (Summary::Repetitive(trains), _) => {
            let Some(muscle) = norms::guess_muscles(&[&test.recorded_from]).first().map(|muscle| muscle.id.clone()) else { return };
            let fall = |train: &crate::model::TrainSummary| train.decrement4_pct.or(train.decrement5_pct);
            let first_mv =
                |train: &crate::model::TrainSummary| train.amps_uv.first().copied().filter(|uv| uv.is_finite()).map(|uv| uv / 1e3);
            let later = trains.trains.iter().skip(1);
            case.rns.push(Train {
                muscle,
                side,
                rate_hz: None,
                decrement_percent: trains.trains.first().and_then(fall),
                post_exercise_3min_decrement_percent: later.clone().filter_map(fall).max_by(f64::total_cmp),
                rest_amp_mv: trains.trains.first().and_then(first_mv),
                post_amp_mv: None,
                increment_percent: later.filter_map(|train| train.facilitation_pct).max_by(f64::total_cmp),
            });
        }
        _ => {}
    }
}

/// A value that there is: of typed responses some are missing.
fn known(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Whether a site was stimulated and looked at.
fn looked_at(test: &NerveTest, measured: &TestMeasurement, site: usize) -> bool {
    let own = |id: &usize| measured.sweep(*id).is_some_and(|sweep| sweep.left_out.is_none());
    test.sites.get(site).is_some_and(|site| site.sweeps.iter().any(own))
}

/// Longest segment of a short-segment study, mm.
const SHORT_MM: f64 = 25.0;

fn motor(case: &mut Case, test: &NerveTest, measured: &TestMeasurement, side: Side, study: &StudyDef) {
    for segment in measured.summary.segments() {
        let Some((from, mm)) = segment.from.zip(segment.distance_mm.filter(|mm| *mm <= SHORT_MM)) else { continue };
        let onset = |at: usize| norms::at_site(test, measured, at).map(|response| response.onset_ms);
        let name = |at: usize| test.sites.get(at).map(|site| site.name.clone()).unwrap_or_default();
        let Some((near, far)) = known(onset(from)).zip(known(onset(segment.to))) else { continue };
        let place = format!("{} to {}", name(from), name(segment.to));
        case.steps.push(Step { study: study.id.clone(), side, place, step_cm: mm / 10.0, step_ms: far - near });
    }
    for (at, site) in test.sites.iter().enumerate().filter(|(at, _)| looked_at(test, measured, *at)) {
        let Some(id) = norms::site_id(study, &site.name) else { continue };
        let response = norms::at_site(test, measured, at);
        let segment = measured.summary.segments().iter().find(|segment| segment.to == at);
        case.motor.push(Motor {
            study: study.id.clone(),
            side,
            site: id.to_owned(),
            response: Some(if response.is_some() { Response::Present } else { Response::Absent }),
            latency_ms: known(response.map(|response| response.onset_ms)),
            amp_mv: known(response.map(|response| response.amp_uv / 1e3)),
            duration_ms: known(response.map(|response| response.duration_ms)),
            area_mvms: known(response.map(|response| response.area_uvms / 1e3)),
            segment_cm: segment.and_then(|segment| segment.distance_mm).map(|mm| mm / 10.0),
            segment_cv_m_per_s: segment.and_then(|segment| segment.velocity_mps),
        });
    }
}

fn sensory(case: &mut Case, test: &NerveTest, measured: &TestMeasurement, side: Side, study: &StudyDef) {
    if !looked_at(test, measured, 0) {
        return;
    }
    let response = norms::at_site(test, measured, 0);
    case.sensory.push(Sensory {
        study: study.id.clone(),
        side,
        response: Some(if response.is_some() { Response::Present } else { Response::Absent }),
        onset_ms: known(response.map(|response| response.onset_ms)),
        peak_ms: known(response.map(|response| response.peak_ms)),
        amp_uv: known(response.map(|response| response.amp_uv)),
        amp_kind: Some("onset_peak".into()),
        cv_m_per_s: measured.summary.segments().first().and_then(|segment| segment.velocity_mps),
    });
}

/// The coldest measurement of a limb counts.
fn warmth(case: &mut Case, test: &NerveTest, study: Option<&StudyDef>) {
    let Some(c) = test.temperature_c else { return };
    let leg = match study {
        Some(study) => findings::is_leg(&study.id),
        None => norms::late_study(test).is_some_and(|id| findings::is_late_of_leg(&id)),
    };
    let skin = if leg { &mut case.foot_c } else { &mut case.hand_c };
    *skin = Some(skin.map_or(c, |known| known.min(c)));
}

fn differences(case: &mut Case, pairs: &[(&NerveTest, &TestMeasurement)]) {
    let compared = comparison::compare(pairs);
    for difference in &compared.differences {
        let study = match difference.kind {
            ComparisonKind::Palm => "palmdiff",
            ComparisonKind::Ring => "ringdiff",
            ComparisonKind::Thumb => "thumbdiff",
            ComparisonKind::LumbricalInterosseous => "lumbrical_interosseous",
        };
        if let Some((side, value_ms)) = difference.side.zip(difference.difference_ms) {
            case.comparison.push(Comparison { study: study.into(), side, value_ms });
        }
    }
    for index in &compared.indices {
        if let Some(side) = index.side {
            case.comparison.push(Comparison { study: "csi".into(), side, value_ms: index.ms });
        }
    }
}

/// A row of the table of muscles in the words of a case.
fn muscle(row: &MuscleRowView) -> Result<Needle, String> {
    let WhichMuscle::Listed(id) = &row.muscle else {
        return Err(format!("{}: not in the anatomical graph, so it is not read", row.name));
    };
    let Some(side) = row.side else { return Err(format!("{}: the side is not known, so it is not read", row.name)) };
    let findings = MuscleColumn::ALL.iter().zip(&row.cells).filter(|(column, _)| **column != MuscleColumn::Comment);
    if findings.into_iter().all(|(_, cell)| cell.by == CellBy::Nobody) {
        return Err(format!("{}: nothing is entered, so it counts as not examined", row.title()));
    }
    let cell = |column: MuscleColumn| {
        let at = MuscleColumn::ALL.iter().position(|other| *other == column);
        at.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.value.as_str())
    };
    let grade = |column: MuscleColumn| match cell(column) {
        "" => None,
        word => Some(word.trim_end_matches('+').parse().unwrap_or(0)),
    };
    let amount = |column: MuscleColumn, more: &str, less: &str| match cell(column) {
        "increased" => more.to_owned(),
        "decreased" => less.to_owned(),
        word => word.to_owned(),
    };
    Ok(Needle {
        muscle: id.clone(),
        side,
        fib: grade(MuscleColumn::Fibrillation),
        psw: grade(MuscleColumn::PositiveWaves),
        fasciculations: cell(MuscleColumn::Fasciculation).to_owned(),
        other: cell(MuscleColumn::Other).to_lowercase(),
        mup_amp: amount(MuscleColumn::Amplitude, "high", "low"),
        mup_dur: amount(MuscleColumn::Duration, "long", "short"),
        polyphasia: cell(MuscleColumn::Polyphasia).to_owned(),
        recruitment: cell(MuscleColumn::Recruitment).to_owned(),
    })
}
