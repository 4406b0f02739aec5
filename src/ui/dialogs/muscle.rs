//! Which muscle: found while one types, by name, nerve or root; the likeliest by the labels of a lane.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::engine::protocol::{Edit, MuscleChoice, MuscleEdit, Request};
use crate::model::Side;
use crate::ui::needle_table::MuscleFor;
use crate::ui::state::{App, Selection};
use crate::ui::{commands, needle_table};

/// The dialog.
pub fn muscle(what: MuscleFor) -> impl IntoView {
    let app = App::here();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    // Enter came before the answer to what was typed.
    let waiting = StoredValue::new(false);
    let lane = match what {
        MuscleFor::Enter => app.activity.with_untracked(|view| view.as_ref().map(|view| (view.key.recording, view.key.channel))),
        _ => None,
    };
    // The side of the muscle itself, or of the one before it.
    let before = app.study_now(|study| {
        let rows = &study.needle.rows;
        match what {
            MuscleFor::Change(id) => rows.iter().find(|row| row.id == id),
            MuscleFor::Add => rows.iter().find(|row| row.id == app.muscles.cell.get_untracked().0).or_else(|| rows.last()),
            MuscleFor::Enter => None,
        }
        .and_then(|row| row.side)
    });
    let side = RwSignal::new(before.flatten());
    let ask = move || {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Muscles { study, typed: typed.get_untracked(), at: lane });
        }
    };
    app.muscles.found.set(None);
    ask();
    let list = Memo::new(move |_| app.muscles.found.with(|found| found.as_ref().map(|(_, _, list)| list.clone()).unwrap_or_default()));
    let take = move |choice: MuscleChoice| {
        app.dialog.set(None);
        let side = side.get_untracked();
        match what {
            MuscleFor::Add => needle_table::add(app, choice.muscle, side),
            MuscleFor::Change(row) => app.edit(Edit::Muscles { change: MuscleEdit::Set { row, muscle: choice.muscle, side } }),
            MuscleFor::Enter => {
                app.edit(Edit::Muscles { change: MuscleEdit::Enter { muscle: choice.muscle, side } });
                app.say(format!("Entered in the table: {}", choice.name));
            }
        }
        let back = if app.selection.get_untracked() == Selection::Needle { "muscles" } else { "scope" };
        request_animation_frame(move || commands::focus(back));
    };
    let take_nth = move |index: usize| {
        if let Some(choice) = list.with_untracked(|list| list.get(index).cloned()) {
            take(choice);
        }
    };
    Effect::new(move |_| {
        let Some((of, named)) = app.muscles.found.with(|found| found.as_ref().map(|(of, named, _)| (of.clone(), *named))) else { return };
        if of != typed.get_untracked() {
            return;
        }
        if named.is_some() {
            side.set(named);
        }
        at.set(0);
        if waiting.get_value() {
            waiting.set_value(false);
            take_nth(0);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let count = list.with_untracked(Vec::len);
        let key = event.key();
        match key.as_str() {
            "ArrowDown" if count > 0 => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                let known = app.muscles.found.with_untracked(|found| found.as_ref().is_some_and(|(of, _, _)| *of == typed.get_untracked()));
                if known { take_nth(at.get_untracked()) } else { waiting.set_value(true) }
            }
            digit if typed.with_untracked(String::is_empty) && lane.is_some() && digit.len() == 1 => {
                let Some(index) = digit.parse::<usize>().ok().and_then(|digit| digit.checked_sub(1)) else { return };
                take_nth(index);
            }
            _ => return,
        }
        event.prevent_default();
    };
    Effect::new(move |_| commands::reveal(&format!("muscle-{}", at.get())));
    let pressed = move |of: Option<Side>| move || if side.get() == of { "true" } else { "false" };
    let words = match what {
        MuscleFor::Enter => "The muscle by the labels of the lane: Enter or a digit confirms it. Type for another one.",
        _ => "Name, short form, nerve or root (L5). L or R before it says the side. 'name / nerve / roots' defines one that is not listed.",
    };
    view! {
        <div class="form">
            <p class="muted" id="muscle-words">{words}</p>
            <input class="field" type="text" autofocus=true autocomplete="off" spellcheck="false" role="combobox" aria-label="Muscle" aria-expanded="true" aria-autocomplete="list"
                aria-controls="muscle-list" aria-activedescendant=move || format!("muscle-{}", at.get()) aria-describedby="muscle-words"
                prop:value=move || typed.get()
                on:input=move |event| { typed.set(event_target_value(&event)); ask(); } on:keydown=on_key/>
            <div class="seg-c" role="group" aria-label="Side">
                <button class="btn" aria-pressed=pressed(Some(Side::Left)) on:click=move |_| side.set(Some(Side::Left))>"Left"</button>
                <button class="btn" aria-pressed=pressed(Some(Side::Right)) on:click=move |_| side.set(Some(Side::Right))>"Right"</button>
                <button class="btn" aria-pressed=pressed(None) on:click=move |_| side.set(None)>"No side"</button>
            </div>
            <ul class="choices found" id="muscle-list" role="listbox" aria-label="Muscles">
                {move || list.get().into_iter().enumerate().map(|(index, choice)| {
                    let (name, of) = (choice.name.clone(), format!("{} {}", choice.nerve, choice.roots));
                    let chosen = move || if at.get() == index { "true" } else { "false" };
                    let digit = (lane.is_some() && index < 9).then(|| view! { <kbd>{index + 1}</kbd> });
                    view! { <li id=format!("muscle-{index}") role="option" class="btn choice" aria-selected=chosen on:click=move |_| take(choice.clone())>{digit}<span>{name}</span><span class="muted small">{of}</span></li> }
                }).collect_view()}
            </ul>
        </div>
    }
}
