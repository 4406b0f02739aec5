//! The clinic's letterhead on reports, kept in this browser.

use leptos::prelude::*;

use super::state::App;
use crate::engine::protocol::Request;
use crate::web::page;

/// Where the browser keeps the file and its name.
const TEXT: &str = "letterhead";
const NAME: &str = "letterhead-name";

/// Uses the letterhead of the last session; called when the engine is new.
pub fn restore(app: App) {
    if let Some(text) = page::setting(TEXT).filter(|text| !text.is_empty()) {
        app.send(Request::UseLetterhead { name: page::setting(NAME).unwrap_or_default(), text: Some(text) });
    }
}

/// The engine uses another letterhead from now on.
pub fn changed(app: App, file: &str, name: Option<String>, text: Option<&str>) {
    let new = text.unwrap_or_default() != page::setting(TEXT).unwrap_or_default();
    let kept = page::set_setting(TEXT, text.unwrap_or_default()) && page::set_setting(NAME, file);
    app.opening.set(false);
    if let Some(name) = name.as_ref().filter(|_| new) {
        app.notice(
            "person",
            format!("Letterhead: {name}."),
            "It stands on every report from now on; signed ones stay as they are.".to_owned(),
        );
        if !kept {
            app.notice("doubt", "Not kept.", "This browser did not store the letterhead: give it again after the page is closed.");
        }
    }
    app.letterhead.set(name);
}

/// On the first page.
#[component]
pub fn Letterhead() -> impl IntoView {
    let app = App::here();
    let words = move || {
        match app.letterhead.get() {
        None => "Reports carry no letterhead. Save the template, fill it in, and drop it here like a recording: name, address, logo, and sentences with placeholders.".to_owned(),
        Some(name) => format!("{name}: its letterhead and texts stand on every report."),
    }
    };
    let forget = move |_| app.send(Request::UseLetterhead { name: String::new(), text: None });
    view! {
        <section class="panel side" aria-labelledby="letterhead-h">
            <h2 id="letterhead-h">"Letterhead of reports"</h2>
            <p class="muted">{words}</p>
            <p class="row">
                <button class="btn" on:click=move |_| app.send(Request::ExportLetterhead)>"Save a template"</button>
                <Show when=move || app.letterhead.with(Option::is_some)>
                    <button class="btn" on:click=forget>"Without a letterhead"</button>
                </Show>
            </p>
        </section>
    }
}
