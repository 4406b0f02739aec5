//! Values of a nerve test typed in place: a row a site, Enter goes on to the next cell.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::commands;
use super::nerve_table::{distance_cell, flag, temperature_field};
use super::state::{App, Selection};
use crate::engine::protocol::{Edit, TestView, TypedEdit};
use crate::model::{TestKind, TypedColumn, TypedSite, TypedTest};
use crate::scene::divisions::number;
use crate::web::page;

/// The first value of the table.
pub const FIRST_CELL: &str = "typed-0-0";

/// Unit of a column as it is typed, and how many of the stored unit are in it.
fn unit(kind: TestKind, column: TypedColumn) -> (&'static str, f64) {
    match column {
        TypedColumn::Latency | TypedColumn::Peak | TypedColumn::Duration => ("ms", 1.0),
        TypedColumn::Amplitude if kind == TestKind::Motor => ("mV", 1000.0),
        TypedColumn::Amplitude => ("\u{b5}V", 1.0),
        TypedColumn::Velocity => ("m/s", 1.0),
        TypedColumn::Persistence => ("%", 1.0),
    }
}

/// The measure of the limits that a column is of.
fn measure(kind: TestKind, column: TypedColumn) -> &'static str {
    match (kind, column) {
        (TestKind::FWave, TypedColumn::Latency) => "f_min_latency",
        (TestKind::HReflex, _) => "h_latency",
        (_, TypedColumn::Latency) => "onset_latency",
        (_, TypedColumn::Peak) => "peak_latency",
        (_, TypedColumn::Amplitude) => "amplitude",
        (_, TypedColumn::Velocity) => "conduction_velocity",
        (_, TypedColumn::Persistence) => "persistence",
        (_, TypedColumn::Duration) => "",
    }
}

/// The table of a test whose values are typed.
#[component]
pub fn TypedTable() -> impl IntoView {
    let app = App::here();
    view! {
        <div class="together values typed" tabindex="0" role="region" aria-label="Values to type">
        {move || app.test().and_then(|(index, test)| test.typed.clone().map(|typed| (index, test, typed))).map(|(index, test, typed)| {
            let columns = TypedColumn::of(typed.kind);
            let conduction = matches!(typed.kind, TestKind::Motor | TestKind::Sensory);
            let id = typed.id;
            let heads = columns.iter().map(|column| {
                let (unit, _) = unit(typed.kind, *column);
                view! { <th scope="col" class="n">{column.name()}<span class="u">{unit}</span></th><th scope="col" class="lim">"limit"</th> }
            }).collect_view();
            let rows = typed.sites.iter().enumerate().map(|(at, site)| row(app, index, &test, &typed, at, site).into_any()).collect_view();
            let remove = move |_| {
                let others = app.study_now(|study| study.tests.len() > 1).unwrap_or_default();
                app.select(if others { Selection::Test(0) } else { Selection::Needle });
                app.edit(Edit::Typed { change: TypedEdit::Remove { test: id } });
            };
            view! {
                <table class="nerve typing">
                    <caption class="sr">{format!("{}: values to type", test.title)}</caption>
                    <thead><tr>
                        <th scope="col">"Stimulated at"</th>
                        {heads}
                        {conduction.then(|| view! { <th scope="col" class="n">"Distance"<span class="u">"mm"</span></th> })}
                        <th scope="col">"No response"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                <p class="legend temperature">{temperature_field(app, index, &test)}</p>
                <p class="row acts">
                    {conduction.then(|| site_field(app, id))}
                    <button class="btn" on:click=remove>"Remove this test"</button>
                </p>
                <p class="legend">"Enter goes on to the next value. A velocity follows from latencies and distance; what is typed in its place goes first. "<span class="abn-t">"H* L*"</span>" above, below the limit."</p>
            }
        })}
        </div>
    }
}

fn row(app: App, index: usize, test: &TestView, typed: &TypedTest, at: usize, site: &TypedSite) -> impl IntoView + use<> {
    let conduction = matches!(typed.kind, TestKind::Motor | TestKind::Sensory);
    let columns = TypedColumn::of(typed.kind).iter().enumerate();
    let cells = columns.map(|column| value_cell(app, test, typed, (at, site), column)).collect_view();
    let distance = conduction.then(|| test.sites.get(at).map(|view| distance_cell(app, index, at, view, at > 0, test)));
    let (id, none, name) = (typed.id, site.no_response, site.name.clone());
    let turn = move |event: web_sys::Event| {
        app.edit(Edit::Typed { change: TypedEdit::NoResponse { test: id, site: at, on: event_target_checked(&event) } });
    };
    let label = format!("No response, {name}");
    view! {
        <tr>
            <th scope="row">{name}</th>
            {cells}
            {distance.map(|distance| view! { <td class="n">{distance}</td> })}
            <td class="tick"><input type="checkbox" aria-label=label prop:checked=none on:change=turn/></td>
        </tr>
    }
}

fn value_cell(
    app: App,
    test: &TestView,
    typed: &TypedTest,
    (at, site): (usize, &TypedSite),
    (place, column): (usize, &TypedColumn),
) -> impl IntoView + use<> {
    let (cell, column) = (format!("typed-{at}-{place}"), *column);
    let (unit, scale) = unit(typed.kind, column);
    let shown = site.values.get(&column).map(|value| number(value / scale, 4)).unwrap_or_default();
    let wanted = measure(typed.kind, column);
    let place = if typed.kind == TestKind::Motor || typed.kind == TestKind::Sensory { Some(at) } else { None };
    let judged =
        test.judged.iter().find(|judged| judged.measure == wanted && judged.site == place && (place.is_some() || at == 0)).cloned();
    let flag = judged.as_ref().map(flag).unwrap_or_default();
    let limit = judged.as_ref().map(|judged| format!("{} {}", if judged.upper { "\u{2264}" } else { "\u{2265}" }, number(judged.limit, 4)));
    let unverified = judged.as_ref().is_some_and(|judged| !judged.doubt.is_empty());
    let why = judged.map(|judged| if judged.doubt.is_empty() { judged.source } else { format!("{} ({})", judged.source, judged.doubt) });
    // What follows from latencies and distance, as long as nothing is typed.
    let follows = (column == TypedColumn::Velocity)
        .then(|| test.sites.get(at)?.segment.as_ref()?.velocity_mps.map(|velocity| number(velocity, 3)))
        .flatten()
        .unwrap_or_default();
    let label = format!("{}, {}, in {unit}", column.name(), site.name);
    let (id, kept) = (typed.id, shown.clone());
    let take = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let text = input.value().trim().replace(',', ".");
        let value = if text.is_empty() { None } else { text.parse::<f64>().ok().map(|value| value * scale) };
        if !text.is_empty() && value.is_none() {
            app.notice("abn", "Value not taken.", format!("'{text}' is no number of {unit}."));
            input.set_value(&kept);
            return;
        }
        app.edit(Edit::Typed { change: TypedEdit::Value { test: id, site: at, column, value } });
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" {
            next_cell(&event);
        }
    };
    let class = if flag.is_empty() { "n" } else { "n out" };
    view! {
        <td class=class><input class="cell person" inputmode="decimal" size="5" id=cell data-cell="typed" aria-label=label placeholder=follows prop:value=shown on:change=take on:keydown=on_key/><span class="flag">{flag}</span></td>
        <td class="lim" title=why><span class:unv=unverified>{limit}</span></td>
    }
}

/// Goes on to the next value of the table, and behind the last one to the button that adds a test.
fn next_cell(event: &web_sys::KeyboardEvent) {
    let Some(document) = page::document() else { return };
    let own = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).map(|input| input.id());
    let Ok(cells) = document.query_selector_all("[data-cell=typed]") else { return };
    let ids: Vec<String> =
        (0..cells.length()).filter_map(|at| cells.item(at)?.dyn_into::<HtmlInputElement>().ok()).map(|input| input.id()).collect();
    let next = own.and_then(|own| ids.iter().position(|id| *id == own)).and_then(|at| ids.get(at + 1));
    commands::focus(next.map_or("type-nerve", String::as_str));
}

/// Another site by its name.
fn site_field(app: App, id: u32) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let add = move || {
        let text = name.get_untracked();
        if !text.trim().is_empty() {
            app.edit(Edit::Typed { change: TypedEdit::AddSite { test: id, name: text } });
            name.set(String::new());
        }
    };
    view! {
        <input class="cell" aria-label="Name of another site" placeholder="another site" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))
            on:keydown=move |event: web_sys::KeyboardEvent| if event.key() == "Enter" { add() }/>
        <button class="btn" on:click=move |_| add()>"Add site"</button>
    }
}
