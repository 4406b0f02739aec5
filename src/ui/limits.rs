//! Which limits of normal are in use: the published ones, or the laboratory's own.

use leptos::prelude::*;

use super::commands;
use super::state::App;
use crate::engine::protocol::{LimitsView, Request};
use crate::web::page;

/// Where the browser keeps the table and its name.
const TABLE: &str = "limits";
const NAME: &str = "limits-name";

/// Uses the table of the last session; called when the engine is new.
pub fn restore(app: App) {
    if let Some(text) = page::setting(TABLE).filter(|text| !text.is_empty()) {
        app.send(Request::UseLimits { name: page::setting(NAME).unwrap_or_default(), text: Some(text) });
    }
}

/// The engine uses other limits from now on.
pub fn changed(app: App, file: &str, own: Option<LimitsView>, problems: &[String], text: Option<&str>) {
    let before = page::setting(TABLE).unwrap_or_default();
    let new = text.unwrap_or_default() != before;
    let kept = page::set_setting(TABLE, text.unwrap_or_default()) && page::set_setting(NAME, file);
    app.opening.set(false);
    if let Some(own) = own.as_ref().filter(|_| new) {
        let lines = if own.rows == 1 { "limit".to_owned() } else { format!("limits ({} rows)", own.rows) };
        app.notice(
            "person",
            format!("{} in use.", own.name),
            format!("Your own {lines} replace the published ones of the studies that they name."),
        );
        if !kept {
            app.notice("doubt", "Not kept.", "This browser did not store the table: give it again after the page is closed.");
        }
    }
    if new && !problems.is_empty() {
        let more = if problems.len() > 5 { format!("; and {} more", problems.len() - 5) } else { String::new() };
        let first = problems.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        app.notice(
            "doubt",
            format!(
                "{file}: {} left out.",
                if problems.len() == 1 { "1 row was".to_owned() } else { format!("{} rows were", problems.len()) }
            ),
            format!("{first}{more}."),
        );
    }
    app.own_limits.set(own);
}

fn rows(own: &LimitsView) -> String {
    if own.rows == 1 { "1 row".to_owned() } else { format!("{} rows", own.rows) }
}

/// On the first page.
#[component]
pub fn Limits() -> impl IntoView {
    let app = App::here();
    let words = move || {
        match app.own_limits.get() {
        None => "Published limits: AANEM Normative Data Task Force 2016 and Buschbacher's manual. Those not verified at their source are marked. A laboratory's own table is dropped here like a recording.".to_owned(),
        Some(own) => format!("{}, {}; the published limits for all studies that they do not name.", own.name, rows(&own)),
    }
    };
    let forget = move |_| app.send(Request::UseLimits { name: String::new(), text: None });
    view! {
        <section class="panel side" aria-labelledby="limits-h">
            <h2 id="limits-h">"Limits of normal"</h2>
            <p class="muted">{words}</p>
            <p class="row">
                <button class="btn" title="A laboratory's own limits, computed from all who were examined there" on:click=move |_| commands::click("past-input")>"From past studies\u{2026}"</button>
                <button class="btn" title="The published limits, to begin a table of your own with" on:click=move |_| app.send(Request::ExportLimits)>"Save as a table"</button>
                <Show when=move || app.own_limits.get().is_some()>
                    <button class="btn" on:click=forget>"Published limits again"</button>
                </Show>
            </p>
        </section>
    }
}
