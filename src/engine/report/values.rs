//! All values of a study, one a row, for tables of others and for other systems.
//!
//! Nothing is left out because a report would not show it: every sweep counts, with what the analysis
//! found by itself beside what a person made of it.

use serde::Serialize;

use crate::engine::protocol::{CellBy, JudgedValue, SiteView, StudyView, SweepView, TestView};
use crate::model::{self, MarkerKind, MuscleColumn, Side, Sided, SweepMeasurement};

/// One value. Fields that do not apply are empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ValueRow {
    /// `person`, `response`, `segment`, `limit`, `table`, `comparison`, `needle` or `conclusion`.
    pub part: &'static str,
    /// Title of the test, the table or the muscle.
    pub of: String,
    /// Kind of test.
    pub kind: String,
    /// `L` or `R`.
    pub side: &'static str,
    /// Nerve.
    pub nerve: String,
    /// Recording site.
    pub recorded_from: String,
    /// Stimulation site, or the row of a table.
    pub site: String,
    /// Number of the sweep within its site, from 1 on, or `average`.
    pub sweep: String,
    /// The site counts with this sweep.
    pub counts: &'static str,
    /// What is measured.
    pub measure: String,
    /// The number.
    pub value: Option<f64>,
    /// The value where it is words.
    pub words: String,
    /// Unit of value, automatic and limit.
    pub unit: String,
    /// What the analysis found by itself.
    pub automatic: Option<f64>,
    /// `hand` or `automatic`.
    pub set_by: &'static str,
    /// Limit of normal.
    pub limit: Option<f64>,
    /// `upper` or `lower`.
    pub bound: &'static str,
    /// Whether the value is beyond normal: `yes` or `no`.
    pub beyond: &'static str,
    /// Why value or limit are to be taken with care.
    pub care: String,
    /// Where the limit or rule is published.
    pub source: String,
    /// Method and version.
    pub method: String,
}

/// Every value of `view`.
pub fn rows(view: &StudyView) -> Vec<ValueRow> {
    let mut out = Vec::new();
    person(view, &mut out);
    for test in &view.tests {
        of_test(test, &mut out);
    }
    for table in &view.together {
        cells("comparison", &ValueRow::default(), table, &mut out);
    }
    needle(view, &mut out);
    conclusions(view, &mut out);
    out
}

/// The same as CSV with a row of names, in UTF-8.
///
/// # Errors
/// When a row cannot be written, in a sentence.
pub fn csv(view: &StudyView) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows(view) {
        writer.serialize(row).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn person(view: &StudyView, out: &mut Vec<ValueRow>) {
    let mut say = |measure: &str, value: Option<f64>, words: &str, unit: &str| {
        if value.is_some() || !words.is_empty() {
            out.push(ValueRow {
                part: "person",
                measure: measure.into(),
                value,
                words: words.into(),
                unit: unit.into(),
                ..ValueRow::default()
            });
        }
    };
    say("age", view.person.age_years, "", "a");
    say("sex", None, &view.person.sex, "");
    say("height", view.person.height_cm, "", "cm");
    let context = &view.person.context;
    say("weight", context.weight_kg, "", "kg");
    say("leg, knee crease to medial malleolus", context.leg_length_cm, "", "cm");
    say("dominant hand", None, context.hand.map_or("", Sided::word), "");
    say("affected side", None, context.affected.map_or("", Sided::word), "");
    say("time since the first symptom", view.person.onset_weeks, "", "wk");
}

fn side(side: Option<Side>) -> &'static str {
    match side {
        Some(Side::Left) => "L",
        Some(Side::Right) => "R",
        None => "",
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn of_test(test: &TestView, out: &mut Vec<ValueRow>) {
    let base = ValueRow {
        of: test.title.clone(),
        kind: serde_json::to_value(test.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
        side: side(test.side),
        nerve: test.nerve.clone(),
        recorded_from: test.recorded_from.clone(),
        ..ValueRow::default()
    };
    let number = |measure: &str, value: Option<f64>, unit: &str| ValueRow {
        measure: measure.into(),
        value: value.filter(|value| value.is_finite()),
        unit: unit.into(),
        ..base.clone()
    };
    if test.temperature_c.is_some() {
        out.push(ValueRow { part: "response", ..number("skin temperature", test.temperature_c, "Cel") });
    }
    for site in &test.sites {
        let base = ValueRow { site: site.name.clone(), ..base.clone() };
        let average = site.average.iter().map(|sweep| (sweep, "average".to_owned()));
        for (sweep, name) in average.chain(site.sweeps.iter().enumerate().map(|(at, sweep)| (sweep, (at + 1).to_string()))) {
            of_sweep(&ValueRow { sweep: name, ..base.clone() }, site, sweep, out);
        }
        of_segment(&base, site, out);
    }
    for judged in &test.judged {
        out.push(against_limit(&base, test, judged));
    }
    for table in &test.tables {
        cells("table", &base, table, out);
    }
    for warmed in &test.warmed {
        out.push(ValueRow {
            part: "table",
            site: warmed.site.clone(),
            care: format!("estimate for {:.0} \u{b0}C from {:.1} \u{b0}C", warmed.to_c, warmed.from_c),
            source: format!("{}{}", warmed.source, if warmed.unverified { " (unverified)" } else { "" }),
            ..number(&format!("{} if warm", warmed.measure), Some(warmed.estimate), &warmed.unit)
        });
    }
    for words in &test.derived {
        out.push(ValueRow { part: "table", measure: "derived".into(), words: words.clone(), ..base.clone() });
    }
    for flag in &test.quality {
        out.push(ValueRow { part: "table", measure: "quality".into(), words: flag.what.clone(), ..base.clone() });
    }
}

fn against_limit(base: &ValueRow, test: &TestView, judged: &JudgedValue) -> ValueRow {
    ValueRow {
        part: "limit",
        site: judged.site.and_then(|site| test.sites.get(site)).map(|site| site.name.clone()).unwrap_or_default(),
        measure: judged.measure.replace('_', " "),
        value: Some(judged.value),
        unit: judged.unit.clone(),
        limit: Some(judged.limit),
        bound: if judged.upper { "upper" } else { "lower" },
        beyond: yes(judged.abnormal),
        care: judged.doubt.clone(),
        source: judged.source.clone(),
        ..base.clone()
    }
}

fn of_sweep(base: &ValueRow, site: &SiteView, sweep: &SweepView, out: &mut Vec<ValueRow>) {
    let Some(measured) = &sweep.measurement else { return };
    let counts = site.counts == Some(sweep.id) || site.average.as_ref().is_some_and(|average| average.id == sweep.id);
    let doubts: Vec<&str> = measured.quality.iter().map(|flag| flag.what.as_str()).chain(measured.left_out.as_deref()).collect();
    let base = ValueRow {
        part: "response",
        counts: yes(counts),
        method: measured.method.clone(),
        care: doubts.join(" "),
        set_by: if sweep.no_response { "hand" } else { "automatic" },
        ..base.clone()
    };
    if !sweep.stimulus.is_empty() {
        out.push(ValueRow { measure: "stimulus".into(), words: sweep.stimulus.clone(), set_by: "", care: String::new(), ..base.clone() });
    }
    if measured.response.is_none() && measured.late.is_empty() {
        let words = if measured.is_missing() { "samples missing" } else { "no response" };
        out.push(ValueRow { measure: "response".into(), words: words.into(), ..base.clone() });
    }
    direct(&base, measured, out);
    later(&base, measured, out);
}

fn direct(base: &ValueRow, measured: &SweepMeasurement, out: &mut Vec<ValueRow>) {
    let Some(response) = &measured.response else { return };
    let automatic = measured.automatic.as_ref();
    let by = |kinds: &[MarkerKind]| if kinds.iter().any(|kind| measured.placed.contains(kind)) { "hand" } else { "automatic" };
    let mut say = |measure: &str, value: Option<f64>, automatic: Option<f64>, unit: &str, kinds: &[MarkerKind]| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let row = ValueRow { measure: measure.into(), value: Some(value), unit: unit.into(), set_by: by(kinds), ..base.clone() };
            out.push(ValueRow { automatic: automatic.filter(|value| value.is_finite()), ..row });
        }
    };
    use MarkerKind::{InitialPositive, NegativeEnd, NegativePeak, Onset, PositivePeak};
    say("onset latency", Some(response.onset_ms), automatic.map(|r| r.onset_ms), "ms", &[Onset]);
    say("negative peak latency", Some(response.peak_ms), automatic.map(|r| r.peak_ms), "ms", &[NegativePeak]);
    say("end of negative phase", Some(response.neg_end_ms), automatic.map(|r| r.neg_end_ms), "ms", &[NegativeEnd]);
    say("positive peak latency", response.pos_peak_ms, automatic.and_then(|r| r.pos_peak_ms), "ms", &[PositivePeak]);
    say(
        "initial positive peak latency",
        response.initial_positive_ms,
        automatic.and_then(|r| r.initial_positive_ms),
        "ms",
        &[InitialPositive],
    );
    say("amplitude", Some(response.amp_uv), automatic.map(|r| r.amp_uv), "uV", &[Onset, NegativePeak]);
    say("amplitude peak to peak", response.pp_uv, automatic.and_then(|r| r.pp_uv), "uV", &[NegativePeak, PositivePeak]);
    say("duration", Some(response.duration_ms), automatic.map(|r| r.duration_ms), "ms", &[Onset, NegativeEnd]);
    say("area", Some(response.area_uvms), automatic.map(|r| r.area_uvms), "uV.ms", &[Onset, NegativeEnd]);
    say("baseline", Some(response.baseline_uv), automatic.map(|r| r.baseline_uv), "uV", &[]);
}

fn later(base: &ValueRow, measured: &SweepMeasurement, out: &mut Vec<ValueRow>) {
    let main = measured.main_late().map(|late| late.onset_ms);
    for late in &measured.late {
        let own = measured.automatic_late.iter().filter(|own| own.kind == late.kind);
        let own = own.min_by(|a, b| (a.onset_ms - late.onset_ms).abs().total_cmp(&(b.onset_ms - late.onset_ms).abs()));
        let placed = |kind| if main == Some(late.onset_ms) && measured.placed.contains(&kind) { "hand" } else { "automatic" };
        let name = late.kind.name();
        let mut say = |measure: &str, value: Option<f64>, automatic: Option<f64>, unit: &str, set_by| {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                let row = ValueRow { measure: format!("{name} {measure}"), value: Some(value), automatic, set_by, ..base.clone() };
                out.push(ValueRow { unit: unit.into(), ..row });
            }
        };
        say("onset latency", Some(late.onset_ms), own.map(|own| own.onset_ms), "ms", placed(MarkerKind::LateOnset));
        say("end", late.end_ms, own.and_then(|own| own.end_ms), "ms", placed(MarkerKind::LateEnd));
        say("amplitude", Some(late.amp_uv), own.map(|own| own.amp_uv), "uV", placed(MarkerKind::LateOnset));
        say("amplitude peak to peak", Some(late.pp_uv), own.map(|own| own.pp_uv), "uV", placed(MarkerKind::LateOnset));
    }
}

fn of_segment(base: &ValueRow, site: &SiteView, out: &mut Vec<ValueRow>) {
    let base = ValueRow { part: "segment", ..base.clone() };
    let mut say = |measure: &str, value: Option<f64>, unit: &str, care: &str, set_by| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let row = ValueRow { measure: measure.into(), value: Some(value), unit: unit.into(), set_by, ..base.clone() };
            out.push(ValueRow { care: care.into(), ..row });
        }
    };
    say("distance", site.distance_mm, "mm", "", if site.distance_by_person { "hand" } else { "" });
    let Some(segment) = &site.segment else { return };
    let doubt = segment.doubt.as_ref().map_or("", |doubt| doubt.what.as_str());
    say("latency difference", Some(segment.latency_difference_ms), "ms", "", "");
    say("conduction velocity", segment.velocity_mps, "m/s", doubt, "");
    say("relative amplitude", Some(segment.relative_amplitude_pct), "%", "", "");
    say("fall of area", segment.area_drop_pct, "%", "", "");
    say("rise of duration", segment.duration_increase_pct, "%", "", "");
    if let Some(finding) = &segment.finding {
        out.push(ValueRow {
            measure: "finding".into(),
            words: format!("{}: {}", finding.what, finding.why),
            care: if finding.unverified() { "the criterion was not read again in its source".into() } else { String::new() },
            source: finding.source.clone(),
            ..base
        });
    }
}

fn cells(part: &'static str, base: &ValueRow, table: &model::Table, out: &mut Vec<ValueRow>) {
    let of = [base.of.as_str(), table.title.as_str()].iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>().join(": ");
    for row in &table.rows {
        for (cell, column) in row.cells.iter().zip(&table.columns) {
            let (value, words, beyond) = match cell {
                model::Cell::Empty => continue,
                model::Cell::Number(value) => (Some(*value), String::new(), ""),
                model::Cell::Abnormal(value) => (Some(*value), String::new(), "yes"),
                model::Cell::Text(words) if words.is_empty() => continue,
                model::Cell::Text(words) => (None, words.clone(), ""),
            };
            out.push(ValueRow {
                part,
                of: of.clone(),
                site: row.name.clone(),
                measure: column.name.clone(),
                value: value.filter(|value| value.is_finite()),
                words,
                unit: column.unit.clone(),
                beyond,
                care: row.doubt.clone(),
                ..base.clone()
            });
        }
    }
}

fn needle(view: &StudyView, out: &mut Vec<ValueRow>) {
    for row in &view.needle.rows {
        let base = ValueRow { part: "needle", of: row.title(), side: side(row.side), nerve: row.nerve.clone(), ..ValueRow::default() };
        let base = ValueRow { site: row.name.clone(), ..base };
        out.push(ValueRow { measure: "roots".into(), words: row.roots.clone(), care: row.doubt.clone(), ..base.clone() });
        for (column, cell) in MuscleColumn::ALL.iter().zip(&row.cells).filter(|(_, cell)| cell.by != CellBy::Nobody) {
            let both = [cell.value.as_str(), cell.numbers.as_str()].iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>();
            let limit = if cell.limit.is_empty() { String::new() } else { format!(" (normal {})", cell.limit) };
            out.push(ValueRow {
                measure: column.name().to_lowercase(),
                words: format!("{}{limit}", both.join(", ")),
                set_by: if cell.by == CellBy::Hand { "hand" } else { "automatic" },
                beyond: yes(cell.abnormal),
                care: cell.doubt.clone(),
                source: cell.source.clone(),
                ..base.clone()
            });
        }
        let mut units = row.potentials.clone();
        units.title = "motor unit potentials".into();
        cells("needle", &base, &units, out);
    }
}

fn conclusions(view: &StudyView, out: &mut Vec<ValueRow>) {
    let mut say = |of: &str, measure: &str, words: &str, source: &str, care: &str| {
        if !words.is_empty() {
            let row = ValueRow { part: "conclusion", of: of.into(), measure: measure.into(), words: words.into(), ..ValueRow::default() };
            out.push(ValueRow { source: source.into(), care: care.into(), ..row });
        }
    };
    say("reader", "conclusion", &view.impression, "", "");
    let Some(answer) = &view.answer else { return };
    for conclusion in &answer.conclusions {
        let of = format!("{} {}", conclusion.diagnosis, conclusion.side);
        let of = of.trim();
        say(of, "localisation", &conclusion.localisation, "", "");
        say(of, "kind of damage", &conclusion.pathophysiology, "", "");
        say(of, "time course", &conclusion.chronicity, "", "");
        say(of, "scale", &conclusion.scale, "", "");
        say(of, "certainty", conclusion.certainty.word(), "", "");
        for reason in &conclusion.because {
            let care = if reason.unverified { "not verified at its source" } else { "" };
            say(of, "because", &reason.words, &reason.rule, care);
        }
        conclusion.against.iter().for_each(|words| say(of, "against", words, "", ""));
    }
    answer.caveats.iter().for_each(|words| say("all", "caveat", words, "", ""));
}
