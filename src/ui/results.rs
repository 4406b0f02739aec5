//! Tables and charts of a test as its analysis made them.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::nerve_table::{NerveTable, flag, has_nerve_table};
use super::potential::{self, PotentialChart};
use super::scope::Layers;
use super::state::{App, Selection};
use crate::engine::protocol::{ActivityView, JudgedValue, scenes};
use crate::model::{Cell, Chart, Column, Table};
use crate::scene::divisions::number;
use crate::scene::{Picture, chart};

/// Everything in numbers about the test in view.
#[component]
pub fn Results() -> impl IntoView {
    let app = App::here();
    view! {
        <div class="tablewrap" tabindex="0" role="region" aria-label="Measurements">
            <NerveTable/>
            {move || app.test().map(|(_, test)| {
                let of_test: Vec<JudgedValue> = test.judged.iter().filter(|judged| judged.site.is_none() || !(has_nerve_table(test.kind) || test.typed.is_some())).cloned().collect();
                // The table above says the same of sites and sweeps.
                let tables = test.tables.iter().filter(|_| !has_nerve_table(test.kind)).map(|table| results_table(app, table)).collect_view();
                view! {
                    {tables}
                    {(!of_test.is_empty()).then(|| limits_table(&of_test))}
                    {(!test.measured).then(|| view! { <p class="legend">"Measuring \u{2026}"</p> })}
                }
            })}
        </div>
    }
}

/// A table as an analysis made it; a row that stands for a sweep goes there.
pub fn results_table(app: App, table: &Table) -> impl IntoView + use<> {
    let words = |column: &Column| column.unit.is_empty() && column.decimals == 0;
    let head = table.columns.iter().map(|column| {
        let (class, unit) = (if words(column) { "" } else { "n" }, column.unit.clone());
        view! { <th scope="col" class=class>{column.name.clone()}{(!unit.is_empty()).then(|| view! { <span class="u">{unit}</span> })}</th> }
    });
    let doubtful = table.rows.iter().any(|row| !row.doubt.is_empty());
    let body = table.rows.iter().map(|row| {
        let cells = row
            .cells
            .iter()
            .zip(&table.columns)
            .map(|(cell, column)| {
                let class = match cell {
                    Cell::Abnormal(_) => "n out",
                    Cell::Text(_) => "",
                    _ => "n",
                };
                let star = matches!(cell, Cell::Abnormal(_)).then_some("*");
                view! { <td class=class>{cell.shown(column)}{star}</td> }
            })
            .collect_view();
        // A row of a train that a person changed says so.
        let name = row.name.clone();
        let by_person = move || app.activity.with(|view| view.as_ref().is_some_and(|view| view.measurement.trains.iter().any(|train| train.by_person && train.name == name)));
        let sweep = row.sweep;
        let at = move || sweep.and_then(|sweep| row_of(app, sweep));
        let selected = move || at().is_some_and(|at| app.sweeps.with(|view| view.row == at));
        let doubt = row.doubt.clone();
        let mark = (!doubt.is_empty()).then(|| {
            let title = doubt.clone();
            view! { <span class="doubt-t" title=title>"?"<span class="sr">{doubt}</span></span> }
        });
        let go = move |_| {
            if let Some(at) = untrack(at) {
                app.sweeps.update(|view| view.row = at);
            }
        };
        view! {
            <tr class:sel=selected on:click=go><th scope="row" class:person-t=by_person>{row.name.clone()}</th>{cells}{doubtful.then(|| view! { <td class="q">{mark}</td> })}</tr>
        }
    });
    let (head, body) = (head.collect_view(), body.collect_view());
    let note = table.note.clone();
    view! {
        <table class="results">
            <caption>{table.title.clone()}</caption>
            <thead><tr><td></td>{head}{doubtful.then(|| view! { <th scope="col">"Quality"</th> })}</tr></thead>
            <tbody>{body}</tbody>
        </table>
        {(!note.is_empty()).then(|| view! { <p class="legend">{note}</p> })}
    }
}

/// The row of a sweep in the view, when it is one.
fn row_of(app: App, sweep: usize) -> Option<usize> {
    let (_, test) = app.test()?;
    scenes::rows(&test).iter().position(|(_, row)| row.id == sweep)
}

/// Values of a test beside their limits.
fn limits_table(judged: &[JudgedValue]) -> impl IntoView + use<> {
    let rows = judged
        .iter()
        .map(|judged| {
            let name = judged.measure.replace('_', " ");
            let limit = format!("{} {} {}", if judged.upper { "\u{2264}" } else { "\u{2265}" }, number(judged.limit, 4), judged.unit);
            let (flag, source, unverified) = (flag(judged), judged.source.clone(), !judged.doubt.is_empty());
            let class = if flag.is_empty() { "n tight" } else { "n tight out" };
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td class=class>{format!("{} {}", number(judged.value, 4), judged.unit)}<span class="flag">{flag}</span></td>
                    <td class="lim"><span class:unv=unverified title=judged.doubt.clone()>{limit}</span></td>
                    <td class="src">{source}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="results">
            <caption>"Against limits"</caption>
            <thead><tr><td></td><th scope="col" class="n tight">"Value"<span class="flag"></span></th><th scope="col" class="lim">"limit"</th><th scope="col">"Source"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Charts of the test in view, beside its traces, or in their place when it has none.
#[component]
pub fn Charts() -> impl IntoView {
    let app = App::here();
    let count = Memo::new(move |_| match app.selection.get() {
        Selection::Test(_) => app.test().map_or(0, |(_, test)| test.charts.len()),
        Selection::Recording(_) => {
            let overlaid = usize::from(overlay(app).is_some());
            app.activity.with(|activity| activity.as_ref().map_or(0, |view| view.measurement.charts.len() + overlaid))
        }
        Selection::Together | Selection::Conclusion | Selection::Needle => 0,
    });
    view! {
        <Show when=move || count.get() != 0>
            <div class="charts" tabindex="0" role="group" aria-label="Charts">
                <Show when=move || potential::is_there(app)><PotentialChart/></Show>
                {move || (0..count.get()).map(|index| {
                    let size = RwSignal::new((0.0_f32, 0.0_f32));
                    let shown: Rc<RefCell<Option<Picture>>> = Rc::default();
                    view! { <div class="scope chart" id=format!("chart-{index}")><Layers draw=move |app, width, height| picture(app, index, width, height) shown=shown size=size/></div> }
                }).collect_view()}
            </div>
        </Show>
    }
}

/// One chart of the test or the analysis in view.
pub fn picture(app: App, index: usize, width: f32, height: f32) -> Option<Picture> {
    if matches!(app.selection.get(), Selection::Recording(_)) {
        let train = app.train.get();
        let overlay = overlay(app);
        let index = match (overlay, index) {
            (Some(chart), 0) => return Some(chart::draw(&chart, width, height, app.theme_now())),
            (Some(_), index) => index - 1,
            (None, index) => index,
        };
        let drawn = |view: &ActivityView| {
            let mut chart = view.measurement.charts.get(index)?.clone();
            // The selected train comes first, which is drawn strongest.
            let name = train.and_then(|train| view.measurement.trains.get(train)).map(|train| &train.name);
            chart.series.sort_by_key(|series| name.is_some_and(|name| series.name != *name));
            Some(chart::draw(&chart, width, height, app.theme_now()))
        };
        return app.activity.with(|activity| activity.as_ref().and_then(drawn));
    }
    let (_, test) = app.test()?;
    Some(chart::draw(test.charts.get(index)?, width, height, app.theme_now()))
}

/// The chart of the selected train.
fn overlay(app: App) -> Option<Chart> {
    let train = app.train.get()?;
    app.activity.with(|activity| activity.as_ref()?.measurement.overlays.get(train).cloned())
}

/// Whether the test in view has sweeps to show.
pub fn has_sweeps(app: App) -> bool {
    app.test().is_none_or(|(_, test)| test.typed.is_none() && !scenes::rows(&test).is_empty())
}

/// What all tests say together.
#[component]
pub fn Together() -> impl IntoView {
    let app = App::here();
    view! {
        <div class="together values" tabindex="0" role="region" aria-label="Comparisons">
            {move || {
                let tables = app.study(|study| study.together.clone()).unwrap_or_default();
                let measuring = app.study(|study| study.tests.iter().any(|test| !test.measured)).unwrap_or(false);
                let none = tables.is_empty();
                view! {
                    {tables.iter().map(|table| results_table(app, table)).collect_view()}
                    {none.then(|| view! { <p class="legend">{if measuring { "Measuring all tests \u{2026}" } else { "Nothing to compare: it takes the same test on both sides, or median and ulnar (radial) of one hand." }}</p> })}
                }
            }}
        </div>
    }
}
