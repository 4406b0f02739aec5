//! What is to be examined: nerve, kind of test and side, found while one types.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::engine::protocol::{CAN_STIMULATE, RunChoice};
use crate::model::Side;
use crate::ui::state::App;
use crate::ui::{commands, guide};

/// Choices that are listed at once.
const LISTED: usize = 60;

/// The dialog.
#[component]
pub fn Guided() -> impl IntoView {
    let app = App::here();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let side = RwSignal::new(app.live.guide.side.get_untracked());
    let problem = RwSignal::new("");
    let channels: Vec<String> =
        app.study_now(|study| study.recordings.first().map(|recording| recording.channels.clone())).flatten().unwrap_or_default();
    // A needle is in a muscle, not over it.
    let channel = RwSignal::new(channels.iter().position(|name| !name.to_lowercase().contains("needle")).unwrap_or(0));
    let list = Memo::new(move |_| typed.with(|typed| app.live.guide.choices.with(|choices| found(choices, typed))));
    let take = move |choice: &RunChoice| match side.get_untracked() {
        Some(side) => {
            app.dialog.set(None);
            guide::begin(app, &choice.id, side, 0, channel.get_untracked());
        }
        None => problem.set("Left or right? Type L or R before the nerve, or choose the side."),
    };
    let on_key = move |event: KeyboardEvent| {
        let count = list.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(choice) = list.with_untracked(|list| list.get(at.get_untracked()).cloned()) {
                    take(&choice);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    Effect::new(move |_| commands::reveal(&format!("run-{}", at.get())));
    let pressed = move |of: Side| move || if side.get() == Some(of) { "true" } else { "false" };
    let typing = move |text: String| {
        if let Some(named) = named_side(&text) {
            side.set(Some(named));
            problem.set("");
        }
        typed.set(text);
        at.set(0);
    };
    view! {
        <div class="form">
            <p class="muted" id="run-words">"Nerve, muscle or kind (F, H, repetitive). L or R before it says the side: r med apb."</p>
            <input class="field" type="text" autofocus=true autocomplete="off" spellcheck="false" role="combobox" aria-label="What to examine" aria-expanded="true" aria-autocomplete="list"
                aria-controls="run-list" aria-activedescendant=move || format!("run-{}", at.get()) aria-describedby="run-words"
                prop:value=move || typed.get() on:input=move |event| typing(event_target_value(&event)) on:keydown=on_key/>
            <div class="seg-c" role="group" aria-label="Side">
                <button type="button" class="btn" aria-pressed=pressed(Side::Left) on:click=move |_| { side.set(Some(Side::Left)); problem.set(""); }>"Left"</button>
                <button type="button" class="btn" aria-pressed=pressed(Side::Right) on:click=move |_| { side.set(Some(Side::Right)); problem.set(""); }>"Right"</button>
            </div>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <ul class="choices found" id="run-list" role="listbox" aria-label="Studies">
                {move || list.get().into_iter().enumerate().map(|(index, choice)| {
                    let chosen = move || if at.get() == index { "true" } else { "false" };
                    let (name, sites) = (choice.name.clone(), choice.sites.join(", "));
                    view! { <li id=format!("run-{index}") role="option" class="btn choice" aria-selected=chosen on:click=move |_| take(&choice)><span>{name}</span><span class="muted small">{sites}</span></li> }
                }).collect_view()}
            </ul>
            <label>"Recorded in"<select class="field" on:change=move |event| channel.set(event_target_value(&event).parse().unwrap_or(0))>
                {channels.into_iter().enumerate().map(|(index, name)| view! { <option value=index.to_string() selected=move || channel.get() == index>{name}</option> }).collect_view()}
            </select></label>
            {CAN_STIMULATE.then(|| view! {
                <label class="check"><input type="checkbox" id="allow-stimulator" prop:checked=move || app.live.guide.allowed.get() on:change=move |event| guide::allow(app, event_target_checked(&event))/>"This program may drive the stimulator (kept in this browser)"</label>
            })}
        </div>
    }
}

/// The side that is typed as a word of its own.
fn named_side(typed: &str) -> Option<Side> {
    typed.to_lowercase().split_whitespace().find_map(|word| match word {
        "l" | "left" => Some(Side::Left),
        "r" | "right" => Some(Side::Right),
        _ => None,
    })
}

/// Choices that have every typed word, beginning with those whose words begin so.
fn found(choices: &[RunChoice], typed: &str) -> Vec<RunChoice> {
    let typed = typed.to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().filter(|word| !matches!(*word, "l" | "left" | "r" | "right")).collect();
    let ranked = choices.iter().filter_map(|choice| {
        let text = format!("{} {} {}", choice.name, choice.kind.word(), choice.id).to_lowercase();
        let begins = |word: &&&str| text.split([' ', '_', '(', ':']).any(|of| of.starts_with(**word));
        words.iter().all(|word| text.contains(word)).then(|| (words.len() - words.iter().filter(begins).count(), choice))
    });
    let mut ranked: Vec<(usize, &RunChoice)> = ranked.collect();
    ranked.sort_by_key(|(missed, _)| *missed);
    ranked.into_iter().take(LISTED).map(|(_, choice)| choice.clone()).collect()
}
