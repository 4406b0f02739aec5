//! Which study of the clinic a test is: the likeliest by its labels, confirmed by a key.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::engine::protocol::{Edit, StudyGuess};
use crate::model::Side;
use crate::ui::state::App;

/// The dialog for a test.
pub fn assign(index: usize) -> impl IntoView {
    let app = App::here();
    let now = untrack(|| app.study(|study| study.tests.get(index).cloned()).flatten());
    let side = RwSignal::new(now.as_ref().and_then(|test| test.side));
    let guesses: Vec<StudyGuess> = now.as_ref().map(|test| test.guesses.clone()).unwrap_or_default();
    let chosen = now.as_ref().and_then(|test| test.study.as_ref()).map(|study| study.id.clone());
    let title = now.map(|test| test.title).unwrap_or_default();
    let ids = StoredValue::new(guesses.iter().map(|guess| guess.id.clone()).collect::<Vec<_>>());
    let take = move |study: Option<String>| {
        app.edit(Edit::Assign { test: index, study, side: side.get_untracked() });
        app.dialog.set(None);
    };
    // The likeliest one has the keyboard, so that Enter confirms it. Digits choose,
    // L and R tell the side, wherever the keyboard is within the dialog.
    let on_key = move |event: KeyboardEvent| {
        let key = event.key();
        match key.as_str() {
            "l" | "L" => side.set(Some(Side::Left)),
            "r" | "R" => side.set(Some(Side::Right)),
            "0" => take(None),
            key => {
                let digit = key.parse::<usize>().ok().and_then(|digit| digit.checked_sub(1));
                if let Some(id) = digit.and_then(|digit| ids.with_value(|ids| ids.get(digit).cloned())) {
                    take(Some(id));
                }
            }
        }
    };
    let pressed = move |of: Option<Side>| move || if side.get() == of { "true" } else { "false" };
    let none = guesses.is_empty();
    view! {
        <div class="form" on:keydown=on_key>
            <p class="muted">{format!("{title}. Its limits and the names of its sites come from the study.")}</p>
            <div class="seg-c" role="group" aria-label="Side">
                <button class="btn" aria-pressed=pressed(Some(Side::Left)) on:click=move |_| side.set(Some(Side::Left))>"Left "<kbd>"L"</kbd></button>
                <button class="btn" aria-pressed=pressed(Some(Side::Right)) on:click=move |_| side.set(Some(Side::Right))>"Right "<kbd>"R"</kbd></button>
            </div>
            {none.then(|| view! { <p>"Its labels name no study that is known here. Say nerve and recording site with T, then come back."</p> })}
            <ol class="choices">
                {guesses.into_iter().enumerate().map(|(at, guess)| {
                    let (id, current) = (guess.id.clone(), chosen.as_deref() == Some(&guess.id));
                    view! {
                        <li><button class="btn choice" autofocus=at == 0 aria-current=current.then_some("true") on:click=move |_| take(Some(id.clone()))>
                            <kbd class="always">{at + 1}</kbd><span>{guess.name}</span><span class="muted small">{guess.why}</span>
                        </button></li>
                    }
                }).collect_view()}
                <li><button class="btn choice" on:click=move |_| take(None)><kbd class="always">"0"</kbd><span>"None of these"</span><span class="muted small">"no limits"</span></button></li>
            </ol>
        </div>
    }
}
