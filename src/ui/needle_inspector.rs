//! Beside the table of muscles: the selected cell with its reasons and choices, the stretches that were entered;
//! below it the motor unit potentials.

use leptos::prelude::*;

use super::commands::{self, Command};
use super::icons::{self, icon};
use super::needle_table::{go, selected};
use super::state::App;
use crate::engine::protocol::{CellBy, Edit, MuscleCellView, MuscleEdit, MuscleRowView};
use crate::model::{Cell, MuscleColumn};

/// The inspector of the table.
#[component]
pub fn MuscleInspector() -> impl IntoView {
    let app = App::here();
    let now = Memo::new(move |_| selected(app));
    view! {
        <aside class="inspect" aria-label="Inspector">
            {move || now.get().map(|(row, cell)| view! {
                {cell.map(|(column, cell)| cell_panel(app, &row, column, &cell))}
                {stretches(app, &row)}
            })}
        </aside>
    }
}

fn cell_panel(app: App, row: &MuscleRowView, column: MuscleColumn, cell: &MuscleCellView) -> AnyView {
    let id = row.id;
    let by = match cell.by {
        CellBy::Nobody => "not said yet",
        CellBy::Hand => "by hand",
        CellBy::Analysis => "from an analysis",
    };
    let choices = column.choices().iter().map(|(key, word)| {
        let (key, word) = (*key, *word);
        let on = cell.value == word || (column == MuscleColumn::Other && cell.value.split(", ").any(|of| of == word));
        let set = move |_| {
            // + and - step; a button means its word.
            let edit = match column {
                MuscleColumn::Other => MuscleEdit::Key { row: id, column, key },
                _ => MuscleEdit::Write { row: id, column, text: Some(word.to_owned()) },
            };
            app.edit(Edit::Muscles { change: edit });
        };
        view! { <button class="btn" aria-pressed=if on { "true" } else { "false" } on:click=set>{word}" "<kbd>{key.to_ascii_uppercase().to_string()}</kbd></button> }
    });
    let choices = choices.collect_view();
    let fact = |name: &'static str, value: &str| (!value.is_empty()).then(|| view! { <dt>{name}</dt><dd>{value.to_owned()}</dd> });
    let offered = cell.offered.clone();
    let clear = match (cell.by, offered.is_empty()) {
        (CellBy::Hand, true) => Some("Clear ".to_owned()),
        (CellBy::Hand, false) => Some(format!("Take the analysis: {offered} ")),
        _ => None,
    };
    let doubt = cell.doubt.clone();
    view! {
        <h2>{format!("{}, {}", column.name(), row.title())}</h2>
        <dl class="facts">
            {fact("Says", if cell.value.is_empty() { "\u{2013}" } else { &cell.value })}
            <dt>"By"</dt><dd class:person-t=cell.by == CellBy::Hand>{by}</dd>
            {fact("Measured", &cell.numbers)}
            {fact("Limit", &cell.limit)}
        </dl>
        <div class="row">{choices}
            <button class="btn" on:click=move |_| commands::run(app, Command::WriteCell)>"Write "<kbd>{if matches!(column, MuscleColumn::Other | MuscleColumn::Comment) { "Enter" } else { "F2" }}</kbd></button>
            {clear.map(|words| view! { <button class="btn" on:click=move |_| commands::run(app, Command::ClearCell)>{words}<kbd>"Del"</kbd></button> })}
        </div>
        {cell.why.iter().map(|why| view! { <p class="small">{why.clone()}</p> }).collect_view()}
        {(!doubt.is_empty()).then(|| view! { <div class="note doubt">{icon(icons::WARN)}<p>{doubt}</p></div> })}
        {(!cell.source.is_empty()).then(|| view! { <p class="muted small">{cell.source.clone()}</p> })}
    }
    .into_any()
}

fn stretches(app: App, row: &MuscleRowView) -> Option<AnyView> {
    let id = row.id;
    (!row.stretches.is_empty()).then(|| {
        let list = row.stretches.iter().enumerate().map(|(at, stretch)| {
            let to = stretch.clone();
            let forget = move |_| app.edit(Edit::Muscles { change: MuscleEdit::Forget { row: id, stretch: at } });
            view! {
                <li>
                    <button class="btn quiet go" title=stretch.method.clone() on:click=move |_| go(app, &to)>{icon(icons::WAVE)}<span>{stretch.words.clone()}</span></button>
                    <button class="btn quiet icon" aria-label=format!("Forget {}", stretch.words) on:click=forget>{icon(icons::CLOSE)}</button>
                </li>
            }
        });
        view! { <h2>"Stretches"<span class="muted">{format!(" {}", row.stretches.len())}</span></h2><ul class="annotations">{list.collect_view()}</ul> }.into_any()
    })
}

/// The motor unit potentials of the selected muscle.
#[component]
pub fn Potentials() -> impl IntoView {
    let app = App::here();
    let row = Memo::new(move |_| selected(app).map(|(row, _)| row).filter(|row| !row.units.is_empty()));
    move || {
        row.get().map(|row| {
            let (id, table) = (row.id, &row.potentials);
            let head = table.columns.iter().map(|column| {
                let class = if column.name == "Counts" { "" } else { "n" };
                view! { <th scope="col" class=class>{column.name.clone()}{(!column.unit.is_empty()).then(|| view! { <span class="u">{column.unit.clone()}</span> })}</th> }
            });
            let body = table.rows.iter().enumerate().map(|(at, line)| {
                let cells = line.cells.iter().zip(&table.columns).map(|(cell, column)| {
                    let class = match cell {
                        Cell::Abnormal(_) => "n out",
                        Cell::Text(_) if column.name == "Counts" => "",
                        _ => "n",
                    };
                    view! { <td class=class>{cell.shown(column)}{matches!(cell, Cell::Abnormal(_)).then_some("*")}</td> }
                });
                let toggle = row.units.get(at).copied().map(|place| {
                    let out = !place.left_out;
                    let set = move |_| app.edit(Edit::Muscles { change: MuscleEdit::LeaveOut { row: id, stretch: place.stretch, unit: place.unit, out } });
                    view! { <button class="btn quiet" aria-label=format!("{} {}", if out { "Leave out" } else { "Take in" }, line.name) on:click=set>{if out { "Leave out" } else { "Take in" }}</button> }
                });
                let gone = row.units.get(at).is_some_and(|place| place.left_out);
                let unsure = !line.doubt.is_empty();
                view! { <tr class:ref=gone><th scope="row"><span class:unv=unsure title=line.doubt.clone()>{line.name.clone()}</span></th>{cells.collect_view()}<td>{toggle}</td></tr> }
            });
            let (head, body) = (head.collect_view(), body.collect_view());
            view! {
                <div class="tablewrap" tabindex="0" role="region" aria-label="Motor unit potentials">
                    <table class="results">
                        <caption>{format!("{}: {}", row.title(), table.title)}</caption>
                        <thead><tr><td></td>{head}<td></td></tr></thead>
                        <tbody>{body}</tbody>
                    </table>
                    <p class="legend">{table.note.clone()}</p>
                </div>
            }
        })
    }
}
