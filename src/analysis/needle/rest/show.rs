//! What is said and shown of the activity at rest.

use std::collections::BTreeMap;

use super::super::findings::of_rest;
use super::features::FirstPhase;
use super::{METHOD, NamedTrain, RestAnalysis, Stage};
use crate::model::{
    ActivityClass, Axis, Cell, Chart, Column, Editable, EventTrain, QualityFlag, QualityKind, Series, SeriesLook, SignalMeasurement, Table,
    TableRow,
};

/// A record with less signal than this is called short, s.
const SHORT_S: f64 = 2.0;
/// Mains of this amplitude are mentioned, uV.
const MAINS_UV: f64 = 20.0;

/// The measurement as it stands.
pub fn measurement(analysis: &RestAnalysis) -> SignalMeasurement {
    let mut out = SignalMeasurement { method: METHOD.to_owned(), ..SignalMeasurement::default() };
    let Some(working) = &analysis.working else {
        out.verdict = if analysis.input.fs_hz.is_finite() && analysis.input.fs_hz >= super::signal::LEAST_FS_HZ {
            "The record is too short.".to_owned()
        } else {
            "Sampled too slowly for needle EMG: at least 4 kHz are needed.".to_owned()
        };
        return out;
    };
    if analysis.stage != Stage::Done {
        return out;
    }
    let shown: Vec<&NamedTrain> = analysis.shown().collect();
    let plate = shown.iter().any(|t| matches!(t.class(), ActivityClass::EndPlateSpike | ActivityClass::EndPlateNoise));
    let voluntary = shown.iter().any(|t| t.class() == ActivityClass::Voluntary);
    let mut numbers: BTreeMap<ActivityClass, usize> = BTreeMap::new();
    for t in &shown {
        let number = numbers.entry(t.class()).or_default();
        *number += 1;
        let fibre = matches!(t.class(), ActivityClass::Fibrillation | ActivityClass::PositiveSharpWave);
        out.trains.push(EventTrain {
            class: t.class(),
            name: format!("{} {number}", t.class().short()),
            times_s: t.train.times_s.clone(),
            span_s: None,
            confidence: t.named.confidence,
            why: why(t),
            warning: if fibre && plate {
                "The record has end-plate activity: move the needle before calling this denervation.".to_owned()
            } else if fibre && voluntary {
                "Motor units are active: the muscle was not at rest, and parts of their potentials may look like this.".to_owned()
            } else {
                String::new()
            },
            by_person: t.by_hand.is_some(),
        });
    }
    out.unresolved_s.clone_from(&analysis.lone);
    let usable_s = working.usable_s();
    out.verdict = if analysis.effort && shown.iter().all(|t| t.by_hand.is_none()) {
        "The muscle was not at rest: motor units are active and overlap, so nothing is said of spontaneous activity.".to_owned()
    } else {
        verdict(&numbers, usable_s)
    };
    out.tables.push(table(&shown, &out.trains));
    if !analysis.insertions.is_empty() {
        out.tables.push(insertions(analysis));
    }
    let chart = rates(&out.trains);
    if !chart.series.is_empty() {
        out.charts.push(chart);
    }
    flag(&mut out, working, &shown, usable_s);
    out.editable = Editable::Class;
    if usable_s >= SHORT_S {
        let mut warnings: Vec<String> = out.trains.iter().map(|train| train.warning.clone()).filter(|w| !w.is_empty()).collect();
        warnings.dedup();
        out.enters = !analysis.effort;
        out.findings = Some(of_rest(&shown, &analysis.insertions, usable_s, !analysis.effort, warnings));
    }
    out
}

/// What speaks for a class; of a person's, what the program would have said.
fn why(train: &NamedTrain) -> Vec<String> {
    let mut why = train.named.why.clone();
    if train.by_hand.is_some() {
        why.insert(0, format!("named by a person; by the program: {}", train.named.class.name().to_lowercase()));
    }
    why
}

fn flag(out: &mut SignalMeasurement, working: &super::signal::Working, shown: &[&NamedTrain], usable_s: f64) {
    let lost_s = working.bad.len() as f64 * super::signal::BLOCK_S - usable_s;
    if lost_s > 0.05 {
        out.quality
            .push(QualityFlag { kind: QualityKind::Movement, what: format!("{lost_s:.1} s of artefact or missing signal were left out.") });
    }
    if working.mains_uv >= MAINS_UV {
        out.quality.push(QualityFlag { kind: QualityKind::Mains, what: format!("Mains of {:.0} µV were subtracted.", working.mains_uv) });
    }
    // A whole record of fibres that begin upwards and fire regularly is more likely upside down.
    let odd = shown.iter().filter(|t| t.shape.first == FirstPhase::Negative && t.firing.n >= 8 && t.firing.cv < 0.08).count();
    if odd > 0 && !shown.iter().any(|t| t.shape.first == FirstPhase::Positive) {
        out.quality.push(QualityFlag {
            kind: QualityKind::InitialPositivity,
            what: "Regular potentials start upwards: the record may be upside down; check its polarity before naming them.".to_owned(),
        });
    }
}

fn verdict(numbers: &BTreeMap<ActivityClass, usize>, usable_s: f64) -> String {
    if usable_s < SHORT_S {
        return "The record is too short.".to_owned();
    }
    let said = |test: &dyn Fn(ActivityClass) -> bool| -> Vec<String> {
        numbers
            .iter()
            .filter(|(class, _)| test(**class))
            .map(|(class, n)| format!("{}, {n} train{}", class.name(), if *n == 1 { "" } else { "s" }))
            .collect()
    };
    let mut words = said(&|c| c.abnormal());
    words.extend(said(&|c| !c.abnormal() && !matches!(c, ActivityClass::Artefact)));
    if words.is_empty() { format!("Nothing abnormal at rest in {usable_s:.0} s.") } else { format!("{}.", words.join("; ")) }
}

fn table(shown: &[&NamedTrain], trains: &[EventTrain]) -> Table {
    let rows = shown
        .iter()
        .zip(trains)
        .map(|(t, train)| {
            let mut row = TableRow::new(
                train.name.clone(),
                vec![
                    Cell::text(t.class().name()),
                    Cell::maybe(Some(t.firing.rate_hz)),
                    Cell::maybe(Some(100.0 * t.firing.cv)),
                    Cell::Number(t.firing.n as f64),
                    Cell::maybe(Some(t.shape.amp_uv)),
                    Cell::maybe(Some(t.shape.duration_ms)),
                    Cell::text(match t.shape.first {
                        FirstPhase::Positive => "positive",
                        FirstPhase::Negative => "negative",
                        FirstPhase::Unclear => "unclear",
                    }),
                    if t.by_hand.is_some() { Cell::Empty } else { Cell::maybe(Some(100.0 * t.named.confidence)) },
                    Cell::text(train.why.join("; ")),
                ],
            );
            row.doubt.clone_from(&train.warning);
            row
        })
        .collect();
    Table {
        title: "Activity at rest".to_owned(),
        columns: vec![
            Column::words("Class"),
            Column::new("Rate", "Hz", 1),
            Column::new("Variation", "%", 1),
            Column::new("Discharges", "", 0),
            Column::new("Amplitude", "µV", 0),
            Column::new("Duration", "ms", 1),
            Column::words("First phase"),
            Column::new("Confidence", "%", 0),
            Column::words("Why"),
        ],
        rows,
        note: "Rates and first phases after the AAEM glossary 2001 and Preston and Shapiro; limits between forms are our own.".to_owned(),
    }
}

fn insertions(analysis: &RestAnalysis) -> Table {
    let rows = analysis
        .insertions
        .iter()
        .enumerate()
        .map(|(i, insertion)| {
            TableRow::new(
                format!("Movement {}", i + 1),
                vec![
                    Cell::Number(insertion.from_s),
                    Cell::maybe(insertion.duration_ms),
                    insertion.amount().map_or(Cell::Empty, |amount| Cell::text(amount.name())),
                ],
            )
        })
        .collect();
    Table {
        title: "Insertional activity".to_owned(),
        columns: vec![Column::new("From", "s", 2), Column::new("Duration", "ms", 0), Column::words("Amount")],
        rows,
        note: "Normal to 300 ms (Preston and Shapiro); below 50 ms called decreased by our own bound.".to_owned(),
    }
}

/// Rate at each discharge, from the interval before it.
fn rates(trains: &[EventTrain]) -> Chart {
    let series = trains
        .iter()
        .filter(|t| t.times_s.len() >= 3)
        .map(|t| Series {
            name: t.name.clone(),
            points: t.times_s.windows(2).filter(|w| w[1] > w[0]).map(|w| [w[1], 1.0 / (w[1] - w[0])]).collect(),
            look: SeriesLook::Dots,
        })
        .collect();
    Chart {
        title: "Rate over time".to_owned(),
        x: Axis::new("Time", "s"),
        y: Axis { name: "Rate".to_owned(), unit: "Hz".to_owned(), log: true },
        series,
        lines: Vec::new(),
    }
}
