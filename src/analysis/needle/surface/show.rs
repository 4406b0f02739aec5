//! Tables and charts of surface EMG.

use super::{Measured, Surface};
use crate::analysis::needle::pieces::{clipping, flag, plausible_rate};
use crate::analysis::signal::{SignalAnalyzer, SignalInput};
use crate::model::{Axis, Cell, Chart, ChartLine, Column, QualityKind, Series, SeriesLook, SignalMeasurement, Table, TableRow};

/// Below this root mean square, microvolts, a recording without bursts is called silent.
const SILENT_UV: f64 = 5.0;
/// Bursts that the table lists and the chart draws.
const LISTED: usize = 500;
/// A slope of this many standard errors is one.
const SURE: f64 = 2.0;

/// The answer to the task.
pub fn measurement(input: &SignalInput, measured: &Measured) -> SignalMeasurement {
    let mut out = SignalMeasurement { method: Surface.name().to_owned(), ..SignalMeasurement::default() };
    if !plausible_rate(input.fs_hz) {
        out.verdict = "The sampling rate is not known.".to_owned();
        return out;
    }
    let silent = measured.sustained && measured.rest_uv < SILENT_UV;
    if measured.bursts.is_empty() || silent {
        out.verdict = "No contraction stands out.".to_owned();
        out.charts.extend((!measured.envelope.is_empty()).then(|| envelope(measured)));
        return out;
    }
    out.verdict = verdict(measured);
    out.tables.push(bursts(measured));
    out.charts = vec![envelope(measured), frequency(measured)];
    if measured.sustained {
        out.quality.push(flag(QualityKind::TooShort, "No rest in the recording: onset and end of the contraction are not in it."));
    }
    if input.fs_hz < 1000.0 {
        out.quality.push(flag(QualityKind::Noise, format!("Sampled at {:.0} Hz; surface EMG reaches to 500 Hz.", input.fs_hz)));
    }
    out.quality.extend(clipping(&input.uv));
    out
}

fn verdict(measured: &Measured) -> String {
    let n = measured.bursts.len();
    let contractions = if measured.sustained {
        "One contraction throughout".to_owned()
    } else if n == 1 {
        "1 contraction".to_owned()
    } else {
        format!("{n} contractions")
    };
    let Some(trend) = measured.trend else { return format!("{contractions}.") };
    let what = match trend.slope_hz_per_s {
        slope if slope < -SURE * trend.error_hz_per_s => "falls by",
        slope if slope > SURE * trend.error_hz_per_s => "rises by",
        _ => "does not change surely:",
    };
    format!(
        "{contractions}; the median frequency {what} {:.2} ± {:.2} Hz/s (standard error).",
        if what.ends_with(':') { trend.slope_hz_per_s } else { trend.slope_hz_per_s.abs() },
        trend.error_hz_per_s
    )
}

fn bursts(measured: &Measured) -> Table {
    let columns = [
        ("Onset", "s", 3),
        ("End", "s", 3),
        ("Duration", "s", 3),
        ("RMS", "µV", 1),
        ("Mean frequency", "Hz", 1),
        ("Median frequency", "Hz", 1),
    ];
    let rows = measured.bursts.iter().take(LISTED).enumerate().map(|(k, burst)| {
        let values = [burst.on_s, burst.off_s, burst.off_s - burst.on_s, burst.rms_uv, burst.mean_hz, burst.median_hz];
        TableRow::new(format!("{}", k + 1), values.into_iter().map(|value| Cell::maybe(Some(value))).collect())
    });
    let rest = measured.bursts.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" {rest} more are not listed.") } else { String::new() };
    Table {
        title: "Contractions".to_owned(),
        columns: columns.into_iter().map(|(name, unit, decimals)| Column::new(name, unit, decimals)).collect(),
        rows: rows.collect(),
        note: format!(
            "Found above three times rest ({:.1} µV rms above 20 Hz), edges by likelihood. Frequencies from 5 to 1000 Hz, rest subtracted.{more}",
            measured.rest_uv
        ),
    }
}

fn envelope(measured: &Measured) -> Chart {
    let top = measured.envelope.iter().map(|point| point[1]).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let mut series = vec![Series { name: "RMS over 50 ms".to_owned(), points: measured.envelope.clone(), look: SeriesLook::Line }];
    let mut lines = Vec::new();
    if !measured.sustained {
        // A bar above the trace for each contraction; NaN parts them.
        let bar = |burst: &super::Burst| [[burst.on_s, 1.05 * top], [burst.off_s, 1.05 * top], [f64::NAN; 2]];
        let points = measured.bursts.iter().take(LISTED).flat_map(bar).collect();
        series.push(Series { name: "Contractions".to_owned(), points, look: SeriesLook::Line });
        lines.push(ChartLine { name: "3 × rest".to_owned(), at: 3.0 * measured.rest_uv, vertical: false });
    }
    Chart { title: "Envelope".to_owned(), x: Axis::new("Time", "s"), y: Axis::new("RMS", "µV"), series, lines }
}

fn frequency(measured: &Measured) -> Chart {
    let mut series = vec![Series { name: "Median frequency".to_owned(), points: measured.medians.clone(), look: SeriesLook::Dots }];
    let ends = measured.medians.first().zip(measured.medians.last());
    if let (Some(trend), Some((first, last))) = (measured.trend, ends) {
        let points = [first[0], last[0]].map(|s| [s, trend.at_start_hz + trend.slope_hz_per_s * s]).to_vec();
        series.push(Series { name: format!("{:+.3} Hz/s", trend.slope_hz_per_s), points, look: SeriesLook::Line });
    }
    Chart {
        title: "Median frequency".to_owned(),
        x: Axis::new("Time", "s"),
        y: Axis::new("Median frequency", "Hz"),
        series,
        lines: Vec::new(),
    }
}
