//! Leptos components: thin, they mirror what the engine says and send it what a person does.

mod activity;
mod ahead;
mod commands;
mod conclusion;
mod continuous;
mod devices;
mod dialogs;
mod ear;
mod earlier;
mod events;
mod guide;
mod home;
mod icons;
mod impedance;
mod inspector;
mod keymap;
mod letterhead;
mod limits;
mod live;
mod needle_inspector;
mod needle_table;
mod nerve_table;
mod pdf;
mod potential;
mod reader;
mod results;
mod scope;
mod selection;
mod sound;
mod spectrogram;
mod state;
mod sweeps;
mod tables;
mod theme_choice;
mod tile_store;
mod trains;
mod tree;
mod triggered;
mod typed_table;

use leptos::prelude::*;

use crate::engine::protocol::Request;
use crate::web::page;
use state::App;

/// Mounts the app on the page's body and starts the worker.
pub fn mount() {
    mount_to_body(Root);
}

#[component]
fn Root() -> impl IntoView {
    let app = App::new();
    provide_context(app);
    events::connect(app);
    commands::listen(app);
    devices::watch(app);
    ear::watch(app);
    guide::watch(app);
    Effect::new(move |_| page::set_theme(app.theme.get().name()));
    page::register_service_worker(move |worker| app.update.set(Some(worker.into())));
    limits::restore(app);
    letterhead::restore(app);
    app.send(Request::Recent);
    app.send(Request::Devices);
    let search = page::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let kept = page::hash();
    match (kept.as_str(), search.as_str()) {
        ("", "?demo") => reopen(app, "demo-motor-1".into()),
        ("", search) => {
            if let Some(id) = search.strip_prefix("?demo=") {
                app.send(Request::OpenDemo { demo: id.to_owned() });
            }
        }
        // The page was loaded again: what was open comes back.
        _ => reopen(app, kept),
    }
    view! {
        <div class="app" class:reading=move || app.in_reader()>
            {move || if app.in_reader() { reader::Reader().into_any() } else { home::Home().into_any() }}
            <dialogs::Dialogs/>
            <p class="sr" role="status" aria-live="polite">{move || app.said.get()}</p>
        </div>
    }
}

/// Opens a study by its key: a simulated one, or one that this browser keeps.
fn reopen(app: App, key: String) {
    match key.strip_prefix("demo-").and_then(|rest| rest.strip_suffix("-1")) {
        Some(id) => app.send(Request::OpenDemo { demo: id.to_owned() }),
        None => app.send(Request::Reopen { key }),
    }
}
