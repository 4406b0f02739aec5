//! The whole study as one file, after a look at what leaves with it.

use leptos::prelude::*;

use crate::engine::protocol::{FreeText, Leaving, LeavingFact, LeavingView, Request};
use crate::ui::state::App;

/// Largest move of days either way.
const MOST_DAYS: i32 = 36_500;

/// The dialog.
#[component]
pub fn Share() -> impl IntoView {
    let app = App::here();
    let wanted = RwSignal::new(Leaving::default());
    let problem = RwSignal::new(String::new());
    Effect::new(move |_| {
        let leaving = wanted.get();
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Leaving { study, leaving });
        }
    });
    on_cleanup(move || app.leaving.set(None));
    let save = move |_| {
        if let Some(study) = app.active.get_untracked() {
            app.packing.set(true);
            app.send(Request::Pack { study, leaving: wanted.get_untracked() });
        }
    };
    let days = move |text: String| {
        let days = text.trim();
        match days.parse::<i32>() {
            Ok(days) if days.abs() <= MOST_DAYS => {
                problem.set(String::new());
                wanted.update(|wanted| wanted.shift_days = Some(days));
            }
            _ if days.is_empty() => {
                problem.set(String::new());
                wanted.update(|wanted| wanted.shift_days = None);
            }
            _ => problem.set(format!("'{days}' is no whole number of days up to {MOST_DAYS}.")),
        }
    };
    let nameless = Memo::new(move |_| wanted.with(|wanted| wanted.nameless));
    view! {
        <div class="form share">
            <p>"One file with recordings, markers, tables, conclusion and reports. Whoever opens it in Myoscope sees the study as it stands here; any zip program opens it too."</p>
            <label class="check"><input type="checkbox" on:change=move |event| wanted.update(|wanted| wanted.nameless = event_target_checked(&event))/>"Without names"</label>
            {move || nameless.get().then(|| view! {
                <label>"Days later by"<input class="field" inputmode="numeric" placeholder="empty: the year alone" aria-describedby="share-days" on:change=move |event| days(event_target_value(&event))/></label>
                <p class="muted" id="share-days">"All days of the study move alike, so the time between them stays. Signed reports show names and stay here."</p>
            })}
            <p class="problem" role="alert">{move || problem.get()}</p>
            {move || app.leaving.with(|view| view.as_ref().map(|view| what_leaves(wanted, view)))}
            <p class="row acts">
                <button class="btn primary" on:click=save prop:disabled=move || app.packing.get()>"Save study file"</button>
                {move || app.packing.get().then(|| view! { <span class="busy" role="status">"Making the file\u{2026}"</span> })}
            </p>
            <p class="muted">"The file is made here and saved by the browser; nothing is sent anywhere. It is not encrypted: send it as you would send the patient's record."</p>
        </div>
    }
}

fn what_leaves(wanted: RwSignal<Leaving>, view: &LeavingView) -> impl IntoView + use<> {
    let facts = view.facts.clone();
    let texts = view.texts.clone();
    let told = !facts.is_empty();
    let free = !texts.is_empty();
    view! {
        {told.then(|| view! {
            <h3>"What tells who was examined"</h3>
            <div class="tablewrap" tabindex="0" role="region" aria-label="What tells who was examined">
                <table class="plain">
                    <thead><tr><th scope="col">"What"</th><th scope="col">"Here"</th><th scope="col">"In the file"</th></tr></thead>
                    <tbody>{facts.into_iter().map(fact).collect_view()}</tbody>
                </table>
            </div>
        })}
        {free.then(|| view! {
            <h3>"Free text"</h3>
            <p class="muted">"No program can tell whether it names someone. What is ticked leaves with the study."</p>
            <ul class="texts" tabindex="0" aria-label="Free text">{texts.into_iter().map(|of| text(wanted, of)).collect_view()}</ul>
        })}
        <h3>"And"</h3>
        <ul class="contents">{view.contents.iter().map(|what| view! { <li>{what.clone()}</li> }).collect_view()}</ul>
    }
}

fn fact(fact: LeavingFact) -> impl IntoView {
    let stays = fact.now == fact.then;
    let gone = fact.then.is_empty();
    let then = if gone { "left out".to_owned() } else { fact.then };
    view! {
        <tr>
            <th scope="row">{fact.name}</th>
            <td>{fact.now}</td>
            <td class:gone=gone class:changed={!stays && !gone}>{then}</td>
        </tr>
    }
}

fn text(wanted: RwSignal<Leaving>, of: FreeText) -> impl IntoView {
    let id = of.id;
    let turn = move |event| {
        let keep = event_target_checked(&event);
        wanted.update(|wanted| {
            if keep {
                wanted.hidden.remove(&id);
            } else {
                wanted.hidden.insert(id.clone());
            }
        });
    };
    view! {
        <li><label class="check"><input type="checkbox" prop:checked=!of.hidden on:change=turn/><span><span class="muted">{of.place}": "</span>{of.text}</span></label></li>
    }
}
