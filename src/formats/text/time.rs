//! The sampling rate and the gaps that a time column tells.
//!
//! Times are rounded, often to six significant digits, so that two neighbouring rows may differ by
//! nothing or by several sample intervals. The interval is therefore estimated as a median over
//! stretches of rows, and the rate fitted over the longest stretch without a gap; among the rates
//! that the rounding allows, the roundest number wins.

use crate::formats::ReadError;
use crate::model::{Span, Timeline, Warning};

/// Rows used for the first estimate.
const HEAD_ROWS: usize = 2048;
const MAX_SPANS: usize = 100_000;

/// A time cell.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    row: u64,
    time_s: f64,
    /// Half the rounding step of the cell.
    slack_s: f64,
}

/// A stretch of rows without a gap.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: Stamp,
    last: Stamp,
    /// Finest rounding seen lately: a cell that ends in dropped zeros looks coarser than it is.
    finest_s: [f64; 2],
}

/// Collects the time column row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    head: Vec<Stamp>,
    interval_s: Option<f64>,
    runs: Vec<Run>,
    seen: u64,
    backwards: u64,
}

impl Times {
    /// Takes the time of a row; `step_s` is the value of the last written digit.
    pub fn feed(&mut self, row: u64, time_s: f64, step_s: f64) {
        let stamp = Stamp { row, time_s, slack_s: step_s / 2.0 };
        self.seen += 1;
        if self.interval_s.is_some() {
            self.extend(stamp);
            return;
        }
        self.head.push(stamp);
        if self.head.len() >= HEAD_ROWS {
            self.settle();
        }
    }

    /// Estimates the interval from the head and goes through it.
    fn settle(&mut self) {
        let head = std::mem::take(&mut self.head);
        let reach = (head.len() / 4).clamp(1, 500);
        let mut slopes: Vec<f64> = (head.iter().zip(head.iter().skip(reach)))
            .map(|(a, b)| (b.time_s - a.time_s) / (b.row - a.row) as f64)
            .filter(|slope| *slope > 0.0)
            .collect();
        slopes.sort_by(f64::total_cmp);
        self.interval_s = Some(slopes.get(slopes.len() / 2).copied().unwrap_or(0.0));
        for stamp in head {
            self.extend(stamp);
        }
    }

    fn extend(&mut self, stamp: Stamp) {
        let interval_s = self.interval_s.unwrap_or(0.0);
        let full = self.runs.len() >= MAX_SPANS;
        if let Some(run) = self.runs.last_mut() {
            let expected = interval_s * (stamp.row - run.last.row) as f64;
            let found = stamp.time_s - run.last.time_s;
            let slack = 2.0 * (stamp.slack_s + run.last.slack_s);
            let jump = found - expected > 1.5 * interval_s + slack || found < -slack;
            self.backwards += u64::from(found < -slack);
            if !jump || full {
                run.last = stamp;
                // The finest of this stretch of 64 rows, and of the one before it.
                if stamp.row.is_multiple_of(64) {
                    run.finest_s = [run.finest_s[1], f64::INFINITY];
                }
                run.finest_s[1] = run.finest_s[1].min(stamp.slack_s);
                if stamp.row - run.first.row < 64 {
                    run.first.slack_s = run.first.slack_s.min(stamp.slack_s);
                }
                return;
            }
        }
        self.runs.push(Run { first: stamp, last: stamp, finest_s: [stamp.slack_s; 2] });
    }

    /// Rate fitted to the rows so far.
    pub fn rate_hz(&mut self) -> Option<f64> {
        if self.interval_s.is_none() {
            self.settle();
        }
        let run = self.runs.iter().max_by_key(|run| run.last.row - run.first.row)?;
        let steps = (run.last.row - run.first.row) as f64;
        let length = run.last.time_s - run.first.time_s;
        let slack = run.first.slack_s + run.last.slack_s.min(run.finest_s[0]).min(run.finest_s[1]);
        if steps < 1.0 || length <= 0.0 {
            return None;
        }
        let (low, high) = (steps / (length + slack), steps / (length - slack).max(length * 0.5));
        Some(roundest(low, high, steps / length)).filter(|rate| is_rate(*rate))
    }

    /// The rate and the timeline. `None` when nothing tells the rate.
    pub fn finish(
        mut self,
        asked_hz: Option<f64>,
        stated_hz: Option<f64>,
        rows: u64,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<(f64, Timeline)>, ReadError> {
        let fitted = if self.seen >= 2 { self.rate_hz() } else { None };
        if self.seen >= 3 && (self.runs.len() as u64).saturating_mul(3) > self.seen {
            return Err(ReadError::NotThisFormat {
                what: "the time column is not evenly spaced: this is a list of events or a table of results, not a recording".into(),
            });
        }
        let rate = match (asked_hz.filter(|fs| is_rate(*fs)), fitted, stated_hz.filter(|fs| is_rate(*fs))) {
            (Some(asked), ..) => asked,
            (None, Some(fitted), Some(stated)) if (stated / fitted - 1.0).abs() < 1e-3 => stated,
            (None, Some(fitted), stated) => {
                if let Some(stated) = stated {
                    warnings.push(Warning::new(format!(
                        "the header states {stated} Hz but the time column runs at {fitted} Hz; the time column is used"
                    )));
                }
                fitted
            }
            (None, None, Some(stated)) => stated,
            (None, None, None) => return Ok(None),
        };
        if self.backwards > 0 {
            warnings.push(Warning::new(format!(
                "the time column runs backwards {} times; what follows is placed behind what came before",
                self.backwards
            )));
        }
        Ok(Some((rate, self.timeline(rate, rows))))
    }

    fn timeline(&self, rate: f64, rows: u64) -> Timeline {
        if self.runs.len() < 2 {
            let onset_s = self.runs.first().map_or(0.0, |run| run.first.time_s - run.first.row as f64 / rate).min(0.0);
            return Timeline { spans: vec![Span { onset_s, stored_s: 0.0, duration_s: rows as f64 / rate }] };
        }
        let mut spans: Vec<Span> = Vec::with_capacity(self.runs.len());
        // A recording begins at zero, unless the file counts from before a trigger.
        let zero = self.runs.first().map_or(0.0, |run| run.first.time_s).max(0.0);
        for (k, run) in self.runs.iter().enumerate() {
            let from = if k == 0 { 0 } else { run.first.row };
            let to = self.runs.get(k + 1).map_or(rows, |next| next.first.row);
            let end = spans.last().map_or(f64::NEG_INFINITY, |span| span.onset_s + span.duration_s);
            spans.push(Span {
                onset_s: (run.first.time_s - zero).max(end),
                stored_s: from as f64 / rate,
                duration_s: (to - from) as f64 / rate,
            });
        }
        Timeline { spans }
    }
}

/// Whether a number can be a sampling rate at all, Hz.
fn is_rate(rate: f64) -> bool {
    (1e-6..1e12).contains(&rate)
}

/// The roundest number in `low..=high`, else `best`.
fn roundest(low: f64, high: f64, best: f64) -> f64 {
    // Nothing wider than a percent tells one rate from another.
    if (high / low - 1.0).abs() > 0.01 {
        return tidy(best);
    }
    for step in [1000.0, 500.0, 100.0, 50.0, 10.0, 5.0, 1.0, 0.5, 0.25, 0.125, 0.1, 0.01, 0.001] {
        let candidate = (best / step).round() * step;
        if candidate > 0.0 && candidate >= low * (1.0 - 1e-12) && candidate <= high * (1.0 + 1e-12) {
            return candidate;
        }
    }
    tidy(best)
}

/// A rate without the dust of the division.
fn tidy(rate: f64) -> f64 {
    let rounded = (rate * 1e6).round() / 1e6;
    if (rounded / rate - 1.0).abs() < 1e-12 { rounded } else { rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn six_digits(value: f64) -> (f64, f64) {
        let digits = if value < 1.0 { 6 } else { 5 - value.log10().floor() as usize };
        let text = format!("{value:.digits$}");
        let text = text.trim_end_matches('0');
        let decimals = text.split_once('.').map_or(0, |(_, d)| d.len());
        (text.parse().unwrap(), 10f64.powi(-(decimals as i32)))
    }

    #[test]
    fn rounded_time_columns_give_the_rate() {
        for fs in [4000.0, 23_437.5, 2000.0, 250.0] {
            let mut times = Times::default();
            for row in 0..150_000u64 {
                let (time, step) = six_digits((row + 1) as f64 / fs);
                times.feed(row, time, step);
            }
            let (rate, timeline) = times.finish(None, None, 150_000, &mut Vec::new()).unwrap().unwrap();
            assert!((rate / fs - 1.0).abs() < 1e-6, "{fs} {rate}");
            assert_eq!(timeline.spans.len(), 1);
        }
    }

    #[test]
    fn a_jump_is_a_gap() {
        let mut times = Times::default();
        for row in 0..1000u64 {
            let time = row as f64 / 1000.0 + if row >= 400 { 5.0 } else { 0.0 };
            times.feed(row, time, 1e-3);
        }
        let (rate, timeline) = times.finish(None, None, 1000, &mut Vec::new()).unwrap().unwrap();
        assert_eq!(rate, 1000.0);
        assert_eq!(timeline.spans[1], Span { onset_s: 5.4, stored_s: 0.4, duration_s: 0.6 });
    }

    #[test]
    fn a_list_of_events_is_no_recording() {
        let mut times = Times::default();
        for (row, time) in [1.0, 4.5, 4.9, 20.0, 21.0, 50.0].into_iter().enumerate() {
            times.feed(row as u64, time, 1e-3);
        }
        assert!(times.finish(None, None, 6, &mut Vec::new()).is_err());
    }
}
