//! Which nerve values are typed of: found by name, or one of one's own.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::engine::protocol::{Edit, NerveChoice, Request, TypedEdit};
use crate::model::{Side, TestKind};
use crate::ui::state::App;

/// Choices shown at once.
const SHOWN: usize = 12;

fn fits(choice: &NerveChoice, typed: &str) -> bool {
    let all = format!("{} {} {}", choice.name, choice.kind, choice.words).to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| all.contains(word))
}

/// The dialog.
#[component]
pub fn TypeNerve() -> impl IntoView {
    let app = App::here();
    app.send(Request::Nerves);
    let typed = RwSignal::new(String::new());
    let side = RwSignal::new(None::<Side>);
    let found = Memo::new(move |_| {
        let text = typed.get();
        app.nerves.with(|list| list.iter().filter(|choice| fits(choice, &text)).cloned().collect::<Vec<_>>())
    });
    let add = move |study: Option<String>, own: Option<(TestKind, String, String)>| {
        app.edit(Edit::Typed { change: TypedEdit::Add { study, side: side.get_untracked(), own } });
        app.dialog.set(None);
    };
    let first = move || found.with_untracked(|list| list.first().map(|choice| choice.id.clone()));
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            if let Some(id) = first() {
                add(Some(id), None);
            }
        }
    };
    let pressed = move |of: Option<Side>| move || if side.get() == of { "true" } else { "false" };
    let (kind, recorded) = (RwSignal::new(TestKind::Motor), RwSignal::new(String::new()));
    view! {
        <div class="form">
            <p class="muted">"Values from paper or from another machine, typed into a table. They are held against the same limits as measured ones and marked as typed."</p>
            <div class="seg-c" role="group" aria-label="Side">
                <button class="btn" aria-pressed=pressed(Some(Side::Left)) on:click=move |_| side.set(Some(Side::Left))>"Left"</button>
                <button class="btn" aria-pressed=pressed(Some(Side::Right)) on:click=move |_| side.set(Some(Side::Right))>"Right"</button>
            </div>
            <label>"Nerve, muscle or kind"<input class="field" autofocus=true placeholder="median sensory, peroneal, F wave" prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event)) on:keydown=on_key/></label>
            <ol class="choices" aria-label="Nerve tests">
                {move || found.with(|list| list.iter().take(SHOWN).cloned().map(|choice| {
                    let id = choice.id.clone();
                    view! { <li><button class="btn choice" on:click=move |_| add(Some(id.clone()), None)><span>{choice.name}</span><span class="muted small">{choice.kind}</span></button></li> }
                }).collect_view())}
            </ol>
            {move || found.with(|list| list.len().checked_sub(SHOWN + 1).map(|more| view! { <p class="muted">{format!("and {} more: go on typing", more + 1)}</p> }))}
            <details>
                <summary>"A nerve that is not in the list"</summary>
                <div class="form">
                    <label>"Kind"<select class="field" on:change=move |event| kind.set(match event_target_value(&event).as_str() { "sensory" => TestKind::Sensory, "f" => TestKind::FWave, "h" => TestKind::HReflex, _ => TestKind::Motor })>
                        <option value="motor">"motor"</option><option value="sensory">"sensory"</option><option value="f">"F wave"</option><option value="h">"H reflex"</option>
                    </select></label>
                    <label>"Recorded from"<input class="field" prop:value=move || recorded.get() on:input=move |event| recorded.set(event_target_value(&event))/></label>
                    <p class="muted">"Its name is what stands in the field above. It has no limits."</p>
                    <p class="row"><button class="btn" on:click=move |_| add(None, Some((kind.get_untracked(), typed.get_untracked(), recorded.get_untracked())))>"Add it"</button></p>
                </div>
            </details>
        </div>
    }
}
