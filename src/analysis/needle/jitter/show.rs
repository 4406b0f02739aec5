//! Tables and charts of jitter.

use super::limits::{Limit, limits};
use super::measure::{Measured, Pair, TREND};
use super::{Jitter, LEAST_FS_HZ, LONGEST_S};
use crate::analysis::needle::pieces::{clipping, flag};
use crate::analysis::signal::{SignalAnalyzer, SignalInput};
use crate::model::{
    ActivityClass, Axis, Cell, Chart, Column, EventTrain, QualityKind, Series, SeriesLook, SignalMeasurement, Table, TableRow,
};

/// What a single fibre's potential must have (Sanders et al., Clin Neurophysiol 2019;130:1417-1439):
/// height in microvolts, rise in microseconds.
const LEAST_UV: f64 = 200.0;
const LONGEST_RISE_US: f64 = 300.0;
/// Discharges that a pair needs, pairs that a study needs.
const DISCHARGES: usize = 50;
const PAIRS: usize = 20;
/// Below this correlation of single shapes a potential is the sum of several fibres.
const CONSTANT: f64 = 0.9;
/// Potentials closer than this lie over each other, microseconds.
const CLOSE_US: f64 = 500.0;
/// Beyond this interval the velocity recovery of the fibre adds to the jitter, microseconds.
const LONG_US: f64 = 4000.0;
/// Jitter below this is that of one fibre hit twice (split fibre), microseconds.
const SPLIT_US: f64 = 5.0;

/// The answer to the task.
pub fn measurement(input: &SignalInput, measured: Option<&Measured>) -> SignalMeasurement {
    let mut out = SignalMeasurement { method: Jitter.name().to_owned(), ..SignalMeasurement::default() };
    if input.fs_hz.is_nan() || input.fs_hz < LEAST_FS_HZ {
        out.verdict = format!("Sampled at {:.0} Hz; jitter needs {LEAST_FS_HZ:.0} Hz or more.", input.fs_hz);
        return out;
    }
    let Some(measured) = measured.filter(|measured| !measured.pairs.is_empty()) else {
        out.verdict = "No pair: no two potentials come back together.".to_owned();
        return out;
    };
    let limits = limits(&input.muscle, input.age_years);
    let pairs = &measured.pairs;
    let doubts: Vec<String> = pairs.iter().map(|pair| doubts(measured, pair).join(" ")).collect();
    let mean_us = pairs.iter().map(|pair| pair.jitter_us().0).sum::<f64>() / pairs.len() as f64;
    let blocking = pairs.iter().filter(|pair| pair.blocking_pct > 0.0).count();
    out.verdict = format!(
        "{}: mean jitter {mean_us:.1} µs, {} with blocking, {} discharges.",
        plural(pairs.len(), "pair"),
        if blocking == 0 { "none".to_owned() } else { blocking.to_string() },
        measured.discharges
    );
    out.trains = trains(measured);
    out.tables = vec![table(measured, &limits, &doubts)];
    if !limits.is_empty() {
        out.tables.push(limit_table(&limits));
    }
    out.charts = charts(measured);
    out.quality = quality(input, measured);
    out
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// What weakens a pair.
fn doubts(measured: &Measured, pair: &Pair) -> Vec<String> {
    let mut out = Vec::new();
    for (name, index) in [("The triggering potential", measured.trigger), ("The potential", pair.other)] {
        let Some(potential) = measured.potentials.get(index) else { continue };
        if potential.amp_uv < LEAST_UV {
            out.push(format!("{name} has {:.0} µV, less than {LEAST_UV:.0}.", potential.amp_uv));
        }
        if potential.rise_us > LONGEST_RISE_US {
            out.push(format!("{name} rises in {:.0} µs, more than {LONGEST_RISE_US:.0}: the fibre is far.", potential.rise_us));
        }
        if potential.constancy < CONSTANT {
            out.push(format!("{name} changes its shape (correlation {:.2}): several fibres may be in it.", potential.constancy));
        }
        if potential.covered_pct > 10.0 {
            out.push(format!("{name} is covered by others in {:.0} % of its appearances.", potential.covered_pct));
        }
    }
    if pair.differences + 1 < DISCHARGES {
        out.push(format!("{} consecutive differences; {DISCHARGES} discharges are asked for.", pair.differences));
    }
    if pair.ipi_us.abs() < CLOSE_US {
        out.push(format!("The potentials are {:.0} µs apart and overlap.", pair.ipi_us.abs()));
    }
    if pair.ipi_us.abs() > LONG_US {
        out.push(format!("An interval of {:.1} ms varies with the fibre's velocity as well.", pair.ipi_us.abs() / 1e3));
    }
    if pair.jitter_us().0 < SPLIT_US {
        out.push(format!("A jitter below {SPLIT_US:.0} µs is that of a split fibre."));
    }
    out
}

fn table(measured: &Measured, limits: &[Limit], doubts: &[String]) -> Table {
    let columns = [
        ("Interval", "µs", 0),
        ("MCD", "µs", 1),
        ("MSD", "µs", 1),
        ("MCD/MSD", "", 2),
        ("Jitter", "µs", 1),
        ("Blocking", "%", 1),
        ("Differences", "", 0),
        ("Amplitude", "µV", 0),
        ("Rise", "µs", 0),
    ];
    // Which electrode was used the signal does not say: only what every limit calls abnormal is marked.
    let limit_us = limits.iter().map(|limit| limit.single_us).fold(f64::NAN, f64::max);
    let marked = |value: f64, limit: f64| if value > limit { Cell::Abnormal(value) } else { Cell::maybe(Some(value)) };
    let rows = measured.pairs.iter().zip(doubts).map(|(pair, doubt)| {
        let potential = measured.potentials.get(pair.other);
        let cells = vec![
            Cell::maybe(Some(pair.ipi_us)),
            Cell::maybe(Some(pair.mcd_us)),
            Cell::maybe(Some(pair.msd_us)),
            Cell::maybe(Some(pair.mcd_us / pair.msd_us)),
            marked(pair.jitter_us().0, limit_us),
            Cell::maybe(Some(pair.blocking_pct)),
            Cell::Number(pair.differences as f64),
            Cell::maybe(potential.map(|potential| potential.amp_uv)),
            Cell::maybe(potential.map(|potential| potential.rise_us)),
        ];
        TableRow { doubt: doubt.clone(), ..TableRow::new(pair_name(measured, pair), cells) }
    });
    Table {
        title: "Jitter".to_owned(),
        columns: columns.into_iter().map(|(name, unit, decimals)| Column::new(name, unit, decimals)).collect(),
        rows: rows.collect(),
        note: format!(
            "Potentials are numbered in the order in which they come; number {} triggers. Jitter is MCD, or MSD where MCD/MSD exceeds {TREND} (Sanders et al. 2019). \
             A study has {PAIRS} pairs of at least {DISCHARGES} discharges; it is abnormal when the mean, or more than one pair in ten, exceeds its limit.{}",
            measured.trigger + 1,
            if limits.is_empty() { " No limits for this muscle and age." } else { "" }
        ),
    }
}

fn pair_name(measured: &Measured, pair: &Pair) -> String {
    format!("{} and {}", measured.trigger + 1, pair.other + 1)
}

fn limit_table(limits: &[Limit]) -> Table {
    let rows = limits.iter().map(|limit| {
        let unverified = if limit.verified { "" } else { ", unverified" };
        let cells = vec![
            Cell::Number(limit.single_us),
            Cell::Number(limit.mean_us),
            Cell::text(format!("{}{unverified}", limit.electrode.source())),
        ];
        TableRow::new(format!("{}, voluntary", limit.electrode.name()), cells)
    });
    Table {
        title: "Limits of jitter".to_owned(),
        columns: vec![Column::new("Single pairs", "µs", 1), Column::new("Mean", "µs", 1), Column::words("Source")],
        rows: rows.collect(),
        note: "A pair is marked when it exceeds the limits of every electrode listed.".to_owned(),
    }
}

/// One train a potential, for the raster.
fn trains(measured: &Measured) -> Vec<EventTrain> {
    let one = |(k, potential): (usize, &super::Potential)| EventTrain {
        class: ActivityClass::Voluntary,
        name: format!("Potential {}", k + 1),
        times_s: potential.times_s.iter().flatten().copied().collect(),
        span_s: None,
        confidence: 1.0,
        why: vec![format!("Comes back {} times with {:.0} µV.", potential.times_s.iter().flatten().count(), potential.amp_uv)],
        warning: String::new(),
        by_person: false,
    };
    measured.potentials.iter().enumerate().map(one).collect()
}

fn charts(measured: &Measured) -> Vec<Chart> {
    let series = |pair: &Pair, look, points| Series { name: pair_name(measured, pair), points, look };
    let over = measured.pairs.iter().map(|pair| {
        let points = pair.ipis_us.iter().enumerate().map(|(k, &ipi)| [(k + 1) as f64, ipi - pair.ipi_us]).collect();
        series(pair, SeriesLook::DotsAndLine, points)
    });
    vec![Chart {
        title: "Inter-potential interval".to_owned(),
        x: Axis::new("Discharge", ""),
        y: Axis::new("Difference from the mean", "µs"),
        series: over.collect(),
        lines: Vec::new(),
    }]
}

fn quality(input: &SignalInput, measured: &Measured) -> Vec<crate::model::QualityFlag> {
    let mut out = Vec::new();
    if measured.discharges < DISCHARGES {
        out.push(flag(QualityKind::TooFew, format!("{} discharges; {DISCHARGES} or more are asked for.", measured.discharges)));
    }
    if measured.pairs.len() < PAIRS {
        out.push(flag(QualityKind::TooFew, format!("{} in this recording; a study has {PAIRS}.", plural(measured.pairs.len(), "pair"))));
    }
    if measured.strange * 10 > measured.discharges {
        let what = format!("{} groups of spikes lack the triggering potential: another motor unit is active.", measured.strange);
        out.push(flag(QualityKind::Noise, what));
    }
    if input.fs_hz < 20_000.0 {
        out.push(flag(QualityKind::Noise, format!("Sampled at {:.0} Hz; 20 kHz or more is usual for jitter.", input.fs_hz)));
    }
    if measured.cut {
        out.push(flag(QualityKind::LeftOut, format!("Only the first {} discharges are used.", super::find::MOST_DISCHARGES)));
    } else if input.uv.len() as f64 > LONGEST_S * input.fs_hz {
        out.push(flag(QualityKind::LeftOut, format!("Only the first {LONGEST_S:.0} s are used.")));
    }
    out.extend(clipping(&input.uv));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SignalTask;

    #[test]
    fn the_task_is_answered_in_words_when_there_is_nothing() {
        assert_eq!(Jitter.task(), SignalTask::Jitter);
        let input = SignalInput { uv: vec![0.0; 100], fs_hz: 4000.0, ..SignalInput::default() };
        assert!(measurement(&input, None).verdict.contains("4000 Hz"));
        let input = SignalInput { fs_hz: 50_000.0, ..input };
        assert!(measurement(&input, None).verdict.contains("No pair"));
    }
}
