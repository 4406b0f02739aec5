//! The table of the needle examination: a grid that is filled by keys, a cell at a time.
//!
//! The grid keeps the keyboard and names the selected cell, so that the rows can be made again at every
//! answer of the engine. A key goes to the engine as a key: what it makes of the cell is decided where the cell is
//! kept, in the order of typing.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::commands::{self, Command};
use super::icons::{self, icon};
use super::state::{App, Dialog, Selection};
use super::{activity, continuous};
use crate::engine::protocol::{CellBy, Edit, MuscleCellView, MuscleChoice, MuscleEdit, MuscleRowView, NeedleView, OriginView};
use crate::model::{MuscleColumn, Side, muscle_grid};

/// Columns before those of findings: side and muscle.
const LEAD: usize = 2;
/// Columns that the keyboard visits.
const COLUMNS: usize = LEAD + MuscleColumn::ALL.len();

/// What a muscle is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuscleFor {
    /// A new row.
    Add,
    /// Another muscle for a row.
    Change(u32),
    /// The findings in view.
    Enter,
}

/// Muscles found: what was typed, the side that it names, the list.
pub type Found = (String, Option<Side>, Vec<MuscleChoice>);

/// What the page knows of the table besides its rows.
#[derive(Clone, Copy)]
pub struct Grid {
    /// Selected cell: number of the row, column.
    pub cell: RwSignal<(u32, usize)>,
    /// Text that is being written into that cell.
    pub writing: RwSignal<Option<String>>,
    /// Muscles found by what was typed last.
    pub found: RwSignal<Option<Found>>,
}

impl Grid {
    /// Nothing selected.
    pub fn new() -> Self {
        Self { cell: RwSignal::new((0, LEAD)), writing: RwSignal::new(None), found: RwSignal::new(None) }
    }
}

/// The table as it stands.
pub fn needle(app: App) -> NeedleView {
    app.study(|study| study.needle.clone()).unwrap_or_default()
}

/// The selected row and cell.
pub fn selected(app: App) -> Option<(MuscleRowView, Option<(MuscleColumn, MuscleCellView)>)> {
    let (id, column) = app.muscles.cell.get();
    let row = app.study(|study| study.needle.rows.iter().find(|row| row.id == id).cloned()).flatten()?;
    let cell = column.checked_sub(LEAD).and_then(|at| Some((*MuscleColumn::ALL.get(at)?, row.cells.get(at)?.clone())));
    Some((row, cell))
}

fn change(app: App, change: MuscleEdit) {
    app.edit(Edit::Muscles { change });
}

/// Adds a row, or goes to the one that is there.
pub fn add(app: App, muscle: crate::model::WhichMuscle, side: Option<Side>) {
    let place = app.study_now(|study| {
        let there = study.needle.rows.iter().find(|row| row.muscle == muscle && row.side == side);
        there.map_or((study.needle.next, true), |row| (row.id, false))
    });
    let Some((id, new)) = place else { return };
    if new {
        change(app, MuscleEdit::Add { muscle, side });
    }
    app.muscles.cell.set((id, LEAD));
}

/// Whether the selected row is there, or was added and will be.
fn exists(app: App) -> bool {
    let id = app.muscles.cell.get_untracked().0;
    app.study_now(|study| id >= study.needle.next || study.needle.rows.iter().any(|row| row.id == id)).unwrap_or(false)
}

/// Does a command on the selected row or cell.
pub fn run(app: App, command: Command) {
    // Also on a row that was just added, before it is shown.
    if command == Command::MuscleNormal {
        if exists(app) {
            change(app, MuscleEdit::AllNormal { row: app.muscles.cell.get_untracked().0 });
        }
        return;
    }
    let Some((row, cell)) = untrack(|| selected(app)) else {
        if command == Command::AddMuscle {
            app.dialog.set(Some(Dialog::Muscle(MuscleFor::Add)));
        }
        return;
    };
    let id = row.id;
    match command {
        Command::AddMuscle => app.dialog.set(Some(Dialog::Muscle(MuscleFor::Add))),
        Command::MirrorMuscle => {
            let other = match row.side {
                Some(Side::Left) => Some(Side::Right),
                Some(Side::Right) => Some(Side::Left),
                None => None,
            };
            match other {
                Some(_) => {
                    let there = |study: &crate::engine::protocol::StudyView| {
                        study.needle.rows.iter().find(|of| of.muscle == row.muscle && of.side == other).map(|of| of.id)
                    };
                    match app.study_now(there).flatten() {
                        Some(id) => app.muscles.cell.set((id, LEAD)),
                        None => {
                            let next = app.study_now(|study| study.needle.next).unwrap_or(0);
                            change(app, MuscleEdit::Mirror { row: id });
                            app.muscles.cell.set((next, LEAD));
                        }
                    }
                }
                // The engine says what is missing.
                None => change(app, MuscleEdit::Mirror { row: id }),
            }
        }
        Command::RemoveMuscle => {
            let near = app.study_now(|study| {
                let rows = &study.needle.rows;
                let at = rows.iter().position(|of| of.id == id).unwrap_or(0);
                rows.get(at + 1).or_else(|| rows.get(at.wrapping_sub(1))).map(|row| row.id)
            });
            change(app, MuscleEdit::Remove { row: id });
            if let Some(near) = near.flatten() {
                app.muscles.cell.set((near, app.muscles.cell.get_untracked().1));
            }
        }
        Command::GoToStretch => {
            let from = cell.and_then(|(_, cell)| cell.from.last().copied()).or_else(|| row.stretches.len().checked_sub(1));
            if let Some(stretch) = from.and_then(|at| row.stretches.get(at)) {
                go(app, stretch);
            }
        }
        Command::ClearCell => {
            if let Some((column, _)) = cell {
                change(app, MuscleEdit::Write { row: id, column, text: None });
            }
        }
        Command::WriteCell => match cell {
            Some((_, cell)) => app.muscles.writing.set(Some(if cell.by == CellBy::Hand { cell.value } else { String::new() })),
            None if app.muscles.cell.get_untracked().1 == 1 => app.dialog.set(Some(Dialog::Muscle(MuscleFor::Change(id)))),
            None => {}
        },
        _ => {}
    }
}

/// Shows the stretch that a finding comes from, analysed again.
pub fn go(app: App, stretch: &OriginView) {
    let origin = stretch.origin;
    app.select(Selection::Recording(origin.recording));
    let lane = untrack(|| app.recording()).and_then(|(_, recording)| {
        let mut lanes = continuous::visible(&recording);
        lanes.position(|lane| (lane.settings.channel, lane.settings.minus) == (origin.channel, origin.minus))
    });
    app.continuous.update(|view| {
        view.lane = lane.or(view.lane);
        view.cursors = [Some(origin.from_s), Some(origin.to_s)];
    });
    let span_s = origin.to_s - origin.from_s;
    continuous::show(app, origin.from_s - 0.05 * span_s, Some(1.1 * span_s));
    app.task.set(None);
    if lane.is_some() {
        activity::ask(app, origin.task);
    }
}

/// A key of the page while the table is in view; `true` when it meant something.
pub fn key(app: App, event: &KeyboardEvent, in_grid: bool) -> bool {
    let (name, shift) = (event.key(), event.shift_key());
    let command = match name.as_str() {
        "Delete" if shift => Some(Command::RemoveMuscle),
        "Delete" | "Backspace" => Some(Command::ClearCell),
        "F2" => Some(Command::WriteCell),
        "?" => Some(Command::Keys),
        _ => match name.to_lowercase().as_str() {
            "m" => Some(Command::AddMuscle),
            "a" => Some(Command::MuscleNormal),
            "x" => Some(Command::MirrorMuscle),
            "g" => Some(Command::GoToStretch),
            "i" => Some(Command::Person),
            _ => None,
        },
    };
    if let Some(command) = command {
        commands::run(app, command);
        return true;
    }
    let (id, column) = app.muscles.cell.get_untracked();
    let at = app.study_now(|study| (study.needle.rows.iter().position(|row| row.id == id), study.needle.rows.len()));
    let (row, rows) = at.unwrap_or((None, 0));
    if !exists(app) {
        return false;
    }
    // A row that was just added is not known here yet: it will be the last one.
    let (row, rows) = row.map_or((rows, rows + 1), |row| (row, rows));
    let column_kind = column.checked_sub(LEAD).and_then(|at| MuscleColumn::ALL.get(at));
    let free = column == 1 || matches!(column_kind, Some(MuscleColumn::Other | MuscleColumn::Comment));
    if name == "Enter" && free && !shift {
        run(app, Command::WriteCell);
        return true;
    }
    if name == "Tab" && !in_grid {
        return false;
    }
    if let Some(to) = muscle_grid::moved((row, column), rows, COLUMNS, &name, shift, event.ctrl_key()) {
        let id = app.study_now(|study| study.needle.rows.get(to.0).map(|row| row.id)).flatten();
        app.muscles.cell.set((if to.0 == row { app.muscles.cell.get_untracked().0 } else { id.unwrap_or_default() }, to.1));
        if !in_grid {
            commands::focus("muscles");
        }
        return true;
    }
    let mut chars = name.chars();
    let (Some(typed), None) = (chars.next(), chars.next()) else { return false };
    match column_kind {
        Some(kind) if kind.typed("", typed).is_some() => {
            change(app, MuscleEdit::Key { row: id, column: *kind, key: typed });
            true
        }
        None if column == 0 => {
            let side = match typed.to_ascii_lowercase() {
                'l' => Side::Left,
                'r' => Side::Right,
                _ => return false,
            };
            let muscle = app.study_now(|study| study.needle.rows.iter().find(|row| row.id == id).map(|row| row.muscle.clone()));
            if let Some(muscle) = muscle.flatten() {
                change(app, MuscleEdit::Set { row: id, muscle, side: Some(side) });
            }
            true
        }
        _ => false,
    }
}

/// Name of a cell in the page.
fn cell_id(row: u32, column: usize) -> String {
    format!("cell-{row}-{column}")
}

/// The grid.
#[component]
pub fn MuscleTable() -> impl IntoView {
    let app = App::here();
    let table = Memo::new(move |_| needle(app));
    // A row that is gone, or of another study, gives its place to a neighbour. One that was just added
    // comes with the next answer.
    Effect::new(move |before: Option<Vec<u32>>| {
        let (id, column) = app.muscles.cell.get_untracked();
        let rows: Vec<u32> = table.with(|table| table.rows.iter().map(|row| row.id).collect());
        let coming = before.as_ref().is_some_and(|before| !before.contains(&id)) && table.with_untracked(|table| id >= table.next);
        if !rows.contains(&id) && !coming {
            let at = before.and_then(|before| before.iter().position(|of| *of == id)).unwrap_or(0).min(rows.len().saturating_sub(1));
            app.muscles.cell.set((rows.get(at).copied().unwrap_or(0), column.max(LEAD)));
        }
        rows
    });
    // What was selected by a key comes into view.
    Effect::new(move |_| {
        let (row, column) = app.muscles.cell.get();
        table.track();
        commands::reveal(&cell_id(row, column));
    });
    let head = MuscleColumn::ALL
        .map(|column| view! { <th scope="col" title=column.name()><abbr title=column.name()>{column.short()}</abbr></th> });
    let active = move || {
        let (row, column) = app.muscles.cell.get();
        table.with(|table| table.rows.iter().any(|of| of.id == row)).then(|| cell_id(row, column))
    };
    let empty = move || table.with(|table| table.rows.is_empty());
    view! {
        <div class="musclewrap">
            <table id="muscles" class="muscles" role="grid" tabindex="0" aria-label="Needle EMG. Arrows move, keys fill; M adds a muscle." aria-activedescendant=active aria-multiselectable="false">
                <thead><tr><th scope="col">"Side"</th><th scope="col">"Muscle"</th><th scope="col">"Nerve"</th><th scope="col">"Roots"</th>{head}</tr></thead>
                <tbody>{move || table.with(|table| table.rows.iter().map(|row| muscle_row(app, row)).collect_view())}</tbody>
            </table>
            <Show when=empty><p class="legend">"No muscle yet: M adds one by name, nerve or root; 'Enter in table' beside an analysis fills one."</p></Show>
        </div>
        <p class="legend">
            <span class="person-t">"Blue \u{25a0}"</span>" typed by a person. "<span class="abn-t">"Red *"</span>" beyond normal. "
            <span class="unv">"Dotted"</span>" limit not verified at its source, or few data. "{icon(icons::WAVE)}" from an analysis: press to go to its stretch."
        </p>
    }
}

fn muscle_row(app: App, row: &MuscleRowView) -> impl IntoView + use<> {
    let id = row.id;
    let side = match row.side {
        Some(Side::Left) => "L",
        Some(Side::Right) => "R",
        None => "?",
    };
    let choose = move |column: usize| {
        move |_| {
            app.muscles.cell.set((id, column));
            commands::focus("muscles");
        }
    };
    let is = move |column: usize| move || app.muscles.cell.get() == (id, column);
    let said = move |column: usize| move || if app.muscles.cell.get() == (id, column) { "true" } else { "false" };
    let doubt = row.doubt.clone();
    let cells = row.cells.iter().zip(MuscleColumn::ALL).enumerate().map(|(at, (cell, column))| {
        let place = at + LEAD;
        let go_to = cell.from.last().and_then(|stretch| row.stretches.get(*stretch)).cloned();
        let content = cell_content(app, id, place, column, cell, go_to);
        view! {
            <td role="gridcell" id=cell_id(id, place) class:cur=is(place) aria-selected=said(place) class:out=cell.abnormal class:person=cell.by == CellBy::Hand on:click=choose(place)>{content}</td>
        }
    });
    view! {
        <tr>
            <td role="gridcell" id=cell_id(id, 0) class="side" class:cur=is(0) aria-selected=said(0) on:click=choose(0)>{side}</td>
            <th role="rowheader" scope="row" id=cell_id(id, 1) class:cur=is(1) aria-selected=said(1) on:click=choose(1)>{row.name.clone()}</th>
            <td role="gridcell" class="of">{row.nerve.clone()}</td>
            <td role="gridcell" class="of"><span class:unv=!doubt.is_empty() title=doubt>{row.roots.clone()}</span></td>
            {cells.collect_view()}
        </tr>
    }
}

fn cell_content(app: App, id: u32, place: usize, column: MuscleColumn, cell: &MuscleCellView, go_to: Option<OriginView>) -> AnyView {
    let cell = cell.clone();
    let writing = Memo::new(move |_| app.muscles.cell.get() == (id, place) && app.muscles.writing.with(Option::is_some));
    let shown = move || {
        if writing.get() {
            return write_field(app, id, column).into_any();
        }
        let by_hand = cell.by == CellBy::Hand;
        let numbers = (!by_hand && !cell.value.is_empty() && !cell.numbers.is_empty()).then(|| cell.numbers.clone());
        let limit = (!by_hand && !cell.limit.is_empty()).then(|| cell.limit.clone());
        let doubt = cell.doubt.clone();
        let offered = (!cell.offered.is_empty()).then(|| {
            let words = format!("analysis: {}", cell.offered);
            view! { <span class="lim">{words}</span> }
        });
        let stretch = go_to.clone().filter(|_| !cell.from.is_empty());
        view! {
            <span class="v" class:unv=!doubt.is_empty() title=doubt>{cell.shown().to_owned()}{cell.abnormal.then_some("*")}</span>
            {by_hand.then(|| view! { <span class="sq person-t" aria-hidden="true">"\u{25a0}"</span><span class="sr">" by hand"</span> })}
            {stretch.map(|stretch| view! {
                <button class="goto" tabindex="-1" aria-label=format!("Go to {}", stretch.words) title=stretch.words.clone() on:click=move |event: web_sys::MouseEvent| { event.stop_propagation(); go(app, &stretch); }>{icon(icons::WAVE)}</button>
            })}
            {numbers.map(|numbers| view! { <span class="nb">{numbers}</span> })}
            {limit.map(|limit| view! { <span class="lim">{format!("limit {limit}")}</span> })}
            {offered}
        }
        .into_any()
    };
    shown.into_any()
}

/// The field of a cell that is written into: Enter and Tab take the text, Esc leaves it.
fn write_field(app: App, id: u32, column: MuscleColumn) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = field.get() {
            let _ = input.focus();
            input.select();
        }
    });
    let start = app.muscles.writing.get_untracked().unwrap_or_default();
    let take = move |text: String| {
        if app.muscles.writing.get_untracked().is_some() {
            app.muscles.writing.set(None);
            change(app, MuscleEdit::Write { row: id, column, text: Some(text) });
        }
    };
    let value = |event: &web_sys::Event| {
        event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).map(|input| input.value()).unwrap_or_default()
    };
    let on_key = move |event: KeyboardEvent| {
        let name = event.key();
        if !matches!(name.as_str(), "Enter" | "Tab" | "Escape") {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        if name == "Escape" {
            app.muscles.writing.set(None);
        } else {
            take(value(&event));
        }
        commands::focus("muscles");
        if name != "Escape" {
            // As in any table: on to the next row, or cell.
            let name = if name == "Enter" { "ArrowDown" } else { "Tab" };
            let (id, column) = app.muscles.cell.get_untracked();
            let rows: Vec<u32> = app.study_now(|study| study.needle.rows.iter().map(|row| row.id).collect()).unwrap_or_default();
            let row = rows.iter().position(|of| *of == id).unwrap_or(0);
            let to = muscle_grid::moved((row, column), rows.len(), COLUMNS, name, false, false);
            if let Some((id, column)) = to.and_then(|to| Some((*rows.get(to.0)?, to.1))) {
                app.muscles.cell.set((id, column));
            }
        }
    };
    view! { <input node_ref=field class="cell write" type="text" maxlength="400" aria-label=column.name() value=start on:keydown=on_key on:blur=move |event| take(value(&event)) on:click=|event: web_sys::MouseEvent| event.stop_propagation()/> }
}
