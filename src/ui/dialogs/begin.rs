//! A study without a recording: who is examined, before values are typed.

use leptos::prelude::*;

use crate::engine::protocol::Request;
use crate::model::Subject;
use crate::ui::state::App;
use crate::web::page;

/// The dialog.
#[component]
pub fn Begin() -> impl IntoView {
    let app = App::here();
    let [name, code, born, sex] = [(); 4].map(|()| RwSignal::new(String::new()));
    let begin = move || {
        let text = |field: RwSignal<String>| field.get_untracked().trim().to_owned();
        let subject = Subject { name: text(name), code: text(code), birth_date: text(born), sex: text(sex), ..Subject::default() };
        app.send(Request::Begin { subject, at: page::moment() });
        app.dialog.set(None);
    };
    let field = move |label: &'static str, value: RwSignal<String>, kind: &'static str, first: bool| {
        view! { <label>{label}<input class="field" type=kind autofocus=first autocomplete="off" placeholder="not stated" prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))/></label> }
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); begin(); }>
            <p class="muted">"For values from paper or from another machine: nerve conduction is typed into tables, muscles into theirs. All of it is kept in this browser."</p>
            {field("Name", name, "text", true)}
            {field("Number", code, "text", false)}
            {field("Born", born, "date", false)}
            <label>"Sex"<select class="field" on:change=move |event| sex.set(event_target_value(&event))>
                <option value="">"not stated"</option><option value="F">"female"</option><option value="M">"male"</option>
            </select></label>
            <p class="row end"><button type="submit" class="btn primary">"Begin"</button></p>
        </form>
    }
}
