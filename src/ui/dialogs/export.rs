//! Files to save: the recording in another format, what is in view as a picture or a table.

use leptos::prelude::*;

use crate::engine::protocol::Request;
use crate::scene::svg;
use crate::scene::theme;
use crate::ui::state::{App, Selection, ThemeChoice};
use crate::ui::{continuous, sweeps};
use crate::web::page;

const NAMES: &[(&str, &str)] = &[
    ("edf", "EDF+ (16 bit)"),
    ("bdf", "BDF+ (24 bit)"),
    ("hea", "WFDB (.hea, .dat, .atr)"),
    ("wav", "WAV with its scale"),
    ("csv", "CSV, the whole recording"),
];

/// The dialog.
#[component]
pub fn Export() -> impl IntoView {
    let app = App::here();
    let recording = move || match app.selection.get_untracked() {
        Selection::Recording(index) => index,
        // The recording that the first sweep was cut from.
        Selection::Test(_) => 0,
    };
    let exports =
        app.study_now(|study| study.recordings.get(recording()).map(|recording| recording.exports.clone())).flatten().unwrap_or_default();
    let save = move |extension: String| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Export { study, recording: recording(), extension });
        }
        app.dialog.set(None);
    };
    let save_view = move |_| {
        let (from_s, to_s) = app.continuous.with_untracked(|view| (view.from_s, view.from_s + view.span_s));
        if let (Some(study), Selection::Recording(recording)) = (app.active.get_untracked(), app.selection.get_untracked()) {
            app.send(Request::ExportView { study, recording, from_s, to_s });
        } else {
            save_table(app);
        }
        app.dialog.set(None);
    };
    view! {
        <div class="form">
            <h3>"What is in view"</h3>
            <p class="row">
                <button class="btn" on:click=move |_| { save_svg(app); app.dialog.set(None); }>"Picture (SVG)"</button>
                <button class="btn" on:click=move |_| { save_png(app); app.dialog.set(None); }>"Picture (PNG)"</button>
                <button class="btn" on:click=save_view>"Values (CSV)"</button>
            </p>
            <h3>"The recording, with annotations as edited"</h3>
            <p class="row">
                {exports.into_iter().map(|extension| {
                    let name = NAMES.iter().find(|(known, _)| *known == extension).map_or_else(|| extension.clone(), |(_, name)| (*name).to_owned());
                    view! { <button class="btn" on:click=move |_| save(extension.clone())>{name}</button> }
                }).collect_view()}
            </p>
            <p class="muted">"Files are made here and saved by the browser; nothing is sent anywhere. They hold what the original holds, the patient's name included."</p>
        </div>
    }
}

/// The view as an SVG document, always in the paper theme.
fn svg_of_view(app: App) -> Option<String> {
    let scope = page::document()?.get_element_by_id("scope")?;
    let (width, height) = (scope.client_width() as f32, scope.client_height() as f32);
    let choice = app.theme.get_untracked();
    app.theme.set(ThemeChoice::Paper);
    let picture = untrack(|| match app.selection.get() {
        Selection::Recording(_) => continuous::picture(app, width, height),
        Selection::Test(_) => sweeps::picture(app, width, height),
    });
    app.theme.set(choice);
    Some(svg::write(&picture?, &theme::PAPER))
}

/// Saves the view as SVG.
fn save_svg(app: App) {
    let saved = svg_of_view(app).map(|svg| page::download("myoscope.svg", "image/svg+xml", svg.as_bytes()));
    if !matches!(saved, Some(Ok(()))) {
        app.notice("abn", "Picture not saved.", "The browser refused to save it.");
    }
}

/// Saves what the canvases show as PNG.
fn save_png(app: App) {
    if page::save_canvases("scope", "myoscope.png").is_err() {
        app.notice("abn", "Picture not saved.", "The browser refused to save it.");
    }
}

/// Saves the table of the test in view as CSV.
fn save_table(app: App) {
    let Some((_, test)) = untrack(|| app.test()) else { return };
    let mut csv = String::from(
        "site,sweep,onset (ms),negative peak (ms),end of negative phase (ms),amplitude (uV),duration (ms),area (uV ms),distance (mm),velocity (m/s)\n",
    );
    for site in &test.sites {
        for (k, sweep) in site.sweeps.iter().enumerate() {
            let motor = sweep.measurement.as_ref().and_then(|measurement| measurement.response);
            let value = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let columns = [
                format!("\"{}\"", site.name.replace('"', "\"\"")),
                (k + 1).to_string(),
                value(motor.map(|m| m.onset_ms)),
                value(motor.map(|m| m.peak_ms)),
                value(motor.map(|m| m.neg_end_ms)),
                value(motor.map(|m| m.amp_uv)),
                value(motor.map(|m| m.duration_ms)),
                value(motor.map(|m| m.area_uvms)),
                value(site.distance_mm.filter(|_| k == 0)),
                value(site.segment.as_ref().and_then(|segment| segment.velocity_mps).filter(|_| k == 0)),
            ];
            csv.push_str(&columns.join(","));
            csv.push('\n');
        }
    }
    if page::download("myoscope-values.csv", "text/csv", csv.as_bytes()).is_err() {
        app.notice("abn", "Table not saved.", "The browser refused to save it.");
    }
}
