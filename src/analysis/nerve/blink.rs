//! Blink reflex: R1 and R2 on both sides of the face.
//!
//! Every trial and channel is looked at by itself (`reflex`): R1 is a short burst that begins 8 to 18
//! ms after the stimulus, R2 one that begins after 22 ms. The latency given is the shortest among
//! trials of which at least two agree within 4 ms (Kimura, Electrodiagnosis in Diseases of Nerve and
//! Muscle: the shortest of several superimposed). R1 counts on the stimulated side; when the sides
//! cannot be read from the names of sites and channels, the side with an R1 is taken for it. Other
//! reflexes are looked for in the same way from 4 ms on: the first burst (`Late`).
//!
//! Contract: a known stimulus, else times count from the first sample and the sweeps say so; NaN
//! counts as quiet. Cost: linear in samples.

use super::late_marks::LateSweep;
use super::reflex::{Burst, Rectified, row_name, rows, side_of};
use crate::analysis::{Analyzed, Analyzer, Context, TestInput};
use crate::dsp::robust::median;
use crate::model::{
    BlinkSide, BlinkSummary, Cell, Column, LateKind, LateResponse, LateSide, LateSummary, NerveTest, Summary, SweepId, SweepMeasurement,
    Table, TableRow, TestKind, TestMeasurement,
};

/// Names and versions; go into every measurement.
pub const METHOD: &str = "blink/1";
/// The general one's.
pub const LATE_METHOD: &str = "late-response/1";
/// Where R1 and R2 begin, ms.
const R1_MS: [f64; 2] = [8.0, 18.0];
const R2_MS: [f64; 2] = [22.0, 70.0];
/// Trials agree within this, ms.
const AGREE_MS: f64 = 4.0;
/// Upper limits, ms (Kimura; Buschbacher's manual, read in secondary sources): R1, R2 on the
/// stimulated side, R2 on the other.
const LIMITS_MS: [f64; 3] = [13.0, 40.0, 41.0];
/// Where a late response of another kind may begin, ms.
const LATE_MS: [f64; 2] = [4.0, 250.0];

/// The analyzer of blink reflexes.
#[derive(Debug, Clone, Copy)]
pub struct Blink;

/// The analyzer of masseter reflexes, long-loop responses and the like.
#[derive(Debug, Clone, Copy)]
pub struct Late;

impl Analyzer for Blink {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Blink
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        Box::new(Trials::new(input, true))
    }
}

impl Analyzer for Late {
    fn name(&self) -> &'static str {
        LATE_METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::LateResponse
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        Box::new(Trials::new(input, false))
    }
}

struct Trials {
    blink: bool,
    rows: Vec<(usize, String)>,
    sweeps: Vec<(usize, LateSweep)>,
    left_out: Vec<SweepId>,
}

fn response(kind: LateKind, burst: &Burst) -> LateResponse {
    LateResponse { kind, onset_ms: burst.onset_ms, end_ms: Some(burst.end_ms), amp_uv: burst.amp_uv, pp_uv: burst.pp_uv }
}

impl Trials {
    fn new(input: &TestInput, blink: bool) -> Self {
        let rows = rows(input);
        let mut sweeps = Vec::new();
        for sweep in &input.sweeps {
            let row = rows.iter().position(|r| r.0 == sweep.site && r.1 == sweep.channel).unwrap_or(0);
            let mut found = Vec::new();
            if let Some(rectified) = Rectified::new(&sweep.uv, sweep.fs_hz, sweep.stimulus_s.unwrap_or(0.0)) {
                if blink {
                    let r1 = rectified.bursts(R1_MS[0], R2_MS[0], 1.5, 2.0).into_iter().find(|b| b.onset_ms < R1_MS[1]);
                    // R1 must not run into R2: it begins where R1 has ended.
                    let from = r1.map_or(R2_MS[0], |r1| r1.end_ms.max(R2_MS[0]));
                    let r2 = rectified.bursts(from, 150.0, 8.0, 12.0).into_iter().find(|b| b.onset_ms < R2_MS[1]);
                    found.extend(r1.map(|b| response(LateKind::R1, &b)));
                    found.extend(r2.map(|b| response(LateKind::R2, &b)));
                } else {
                    let first = rectified.bursts(LATE_MS[0], LATE_MS[1], 2.0, 5.0).into_iter().next();
                    found.extend(first.map(|b| response(LateKind::Other, &b)));
                }
            }
            sweeps.push((row, LateSweep::plain(sweep, found)));
        }
        Self { blink, rows, sweeps, left_out: input.left_out.clone() }
    }
}

/// The shortest latency with another one near it; of a single trial, its own.
fn shortest(mut onsets: Vec<f64>) -> Option<f64> {
    onsets.sort_by(f64::total_cmp);
    match onsets.as_slice() {
        [] => None,
        [one] => Some(*one),
        all => all.windows(2).find(|w| w[1] - w[0] < AGREE_MS).map(|w| w[0]),
    }
}

impl Analyzed for Trials {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let (method, kind) = if self.blink { (METHOD, LateKind::R2) } else { (LATE_METHOD, LateKind::Other) };
        let mut out = TestMeasurement { method: method.to_owned(), ..TestMeasurement::default() };
        for (_, sweep) in &self.sweeps {
            let mut measured = sweep.measurement(method, kind, context);
            if self.left_out.contains(&measured.sweep) {
                measured.left_out = Some("left out by a person".into());
            }
            out.sweeps.push(measured);
        }
        if self.blink {
            let summary = self.blink_summary(context.test, &out.sweeps);
            out.tables = vec![blink_table(context.test, &summary)];
            out.summary = Summary::Blink(summary);
        } else {
            let summary = self.late_summary(&out.sweeps);
            out.tables = vec![late_table(context.test, &summary)];
            out.summary = Summary::Late(summary);
        }
        out
    }
}

impl Trials {
    fn of_row<'a>(&'a self, row: usize, sweeps: &'a [SweepMeasurement]) -> impl Iterator<Item = &'a SweepMeasurement> {
        self.sweeps.iter().zip(sweeps).filter(move |((of, _), m)| *of == row && m.left_out.is_none()).map(|(_, m)| m)
    }

    fn blink_summary(&self, test: &NerveTest, sweeps: &[SweepMeasurement]) -> BlinkSummary {
        let mut sides = Vec::new();
        for (row, (site, channel)) in self.rows.iter().enumerate() {
            let of =
                |kind: LateKind| self.of_row(row, sweeps).filter_map(move |m| m.late.iter().find(|l| l.kind == kind)).collect::<Vec<_>>();
            let (r1, r2) = (of(LateKind::R1), of(LateKind::R2));
            let trials = self.of_row(row, sweeps).count();
            let stimulated = test.sites.get(*site).and_then(|s| side_of(&s.name)).or(test.side);
            // An R1 in one trial of many is noise.
            let enough = r1.len() * 2 >= trials;
            sides.push(BlinkSide {
                site: *site,
                channel: channel.clone(),
                ipsilateral: stimulated.zip(side_of(channel)).map(|(a, b)| a == b),
                trials,
                r1_ms: shortest(r1.iter().map(|r| r.onset_ms).collect()).filter(|_| enough),
                r1_pp_uv: r1.iter().map(|r| r.pp_uv).max_by(f64::total_cmp).filter(|_| enough),
                r2_ms: shortest(r2.iter().map(|r| r.onset_ms).collect()),
                r2_trials: r2.len(),
            });
        }
        // Sides that no name tells: of two channels of a site, the one with R1 was stimulated.
        for site in 0..test.sites.len() {
            let of: Vec<usize> = (0..sides.len()).filter(|k| sides[*k].site == site).collect();
            if let [a, b] = of[..]
                && sides[a].ipsilateral.is_none()
                && sides[a].r1_ms.is_some() != sides[b].r1_ms.is_some()
            {
                let first = sides[a].r1_ms.is_some();
                (sides[a].ipsilateral, sides[b].ipsilateral) = (Some(first), Some(!first));
            }
        }
        BlinkSummary { sides }
    }

    fn late_summary(&self, sweeps: &[SweepMeasurement]) -> LateSummary {
        let side = |(row, (site, channel)): (usize, &(usize, String))| {
            let found: Vec<&LateResponse> = self.of_row(row, sweeps).filter_map(SweepMeasurement::main_late).collect();
            let onsets: Vec<f64> = found.iter().map(|l| l.onset_ms).collect();
            LateSide {
                site: *site,
                channel: channel.clone(),
                trials: self.of_row(row, sweeps).count(),
                present: found.len(),
                median_ms: (!onsets.is_empty()).then(|| median(&onsets)),
                min_ms: shortest(onsets),
                largest_pp_uv: found.iter().map(|l| l.pp_uv).max_by(f64::total_cmp),
            }
        };
        LateSummary { sides: self.rows.iter().enumerate().map(side).collect() }
    }
}

fn blink_table(test: &NerveTest, summary: &BlinkSummary) -> Table {
    let columns = vec![
        Column::words("Side"),
        Column::new("R1", "ms", 1),
        Column::new("R1 size", "\u{b5}V", 0),
        Column::new("R2", "ms", 1),
        Column::new("R2 in trials", "", 0),
        Column::new("Trials", "", 0),
    ];
    let over = |ms: Option<f64>, limit: f64| match ms {
        Some(ms) if ms > limit => Cell::Abnormal(ms),
        ms => Cell::maybe(ms),
    };
    let row = |s: &BlinkSide| {
        let side = match s.ipsilateral {
            Some(true) => Cell::text("stimulated"),
            Some(false) => Cell::text("other"),
            None => Cell::Empty,
        };
        let r2_limit = if s.ipsilateral == Some(false) { LIMITS_MS[2] } else { LIMITS_MS[1] };
        let cells = vec![
            side,
            over(s.r1_ms, LIMITS_MS[0]),
            Cell::maybe(s.r1_pp_uv),
            over(s.r2_ms, r2_limit),
            Cell::Number(s.r2_trials as f64),
            Cell::Number(s.trials as f64),
        ];
        TableRow::new(row_name(test, s.site, &s.channel), cells)
    };
    let note = "Limits: R1 13.0, R2 40.0 on the stimulated and 41.0 ms on the other side (Kimura; Buschbacher's manual, read in secondary sources).";
    Table { title: "Blink reflex".into(), columns, rows: summary.sides.iter().map(row).collect(), note: note.into() }
}

fn late_table(test: &NerveTest, summary: &LateSummary) -> Table {
    let columns = vec![
        Column::new("Shortest", "ms", 1),
        Column::new("Median", "ms", 1),
        Column::new("Largest", "\u{b5}V", 0),
        Column::new("Present", "", 0),
        Column::new("Trials", "", 0),
    ];
    let row = |s: &LateSide| {
        let cells = vec![
            Cell::maybe(s.min_ms),
            Cell::maybe(s.median_ms),
            Cell::maybe(s.largest_pp_uv),
            Cell::Number(s.present as f64),
            Cell::Number(s.trials as f64),
        ];
        TableRow::new(row_name(test, s.site, &s.channel), cells)
    };
    Table { title: "Late responses".into(), columns, rows: summary.sides.iter().map(row).collect(), note: String::new() }
}
