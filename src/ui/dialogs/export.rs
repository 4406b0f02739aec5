//! Files to save: the recording in another format, what is in view as a picture or a table.

use leptos::prelude::*;

use crate::engine::protocol::{Leaving, ReportDepth, ReportForm, ReportWanted, Request, TestView, scenes};
use crate::model::{Cell, Column, Table};
use crate::scene::svg;
use crate::scene::theme;
use crate::ui::nerve_table::has_nerve_table;
use crate::ui::state::{App, Dialog, Selection, ThemeChoice};
use crate::ui::{continuous, results, sweeps};
use crate::web::page;

const NAMES: &[(&str, &str)] = &[
    ("edf", "EDF+ (16 bit)"),
    ("bdf", "BDF+ (24 bit)"),
    ("hea", "WFDB (.hea, .dat, .atr)"),
    ("wav", "WAV with its scale"),
    ("csv", "CSV, the whole recording"),
    ("dcm", "DICOM (EMG waveforms, all recordings)"),
];

/// Size of a chart in a file, px.
const CHART_PX: [f32; 2] = [720.0, 480.0];

/// The dialog.
#[component]
pub fn Export() -> impl IntoView {
    let app = App::here();
    let recording = move || match app.selection.get_untracked() {
        Selection::Recording(index) => index,
        // The recording that the first sweep was cut from.
        _ => 0,
    };
    let exports =
        app.study_now(|study| study.recordings.get(recording()).map(|recording| recording.exports.clone())).flatten().unwrap_or_default();
    let nameless = RwSignal::new(false);
    let save = move |extension: String| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Export {
                study,
                recording: recording(),
                extension,
                leaving: Leaving { nameless: nameless.get_untracked(), ..Leaving::default() },
            });
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
    let save_whole = move |form: ReportForm| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Report {
                study,
                wanted: ReportWanted { depth: ReportDepth::Full, nameless: nameless.get_untracked(), version: None },
                form,
            });
        }
        app.dialog.set(None);
    };
    let reported = app.study_now(|study| !study.tests.is_empty() || !study.needle.rows.is_empty()).unwrap_or_default();
    let muscles = app.selection.get_untracked() == Selection::Needle;
    let save_needle = move |_| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::ExportNeedle { study });
        }
        app.dialog.set(None);
    };
    view! {
        <div class="form">
            <h3>"What is in view"</h3>
            <p class="row">
                {(!muscles).then(|| view! {
                    <button class="btn" on:click=move |_| { save_svg(app); app.dialog.set(None); }>"Picture (SVG)"</button>
                    <button class="btn" on:click=move |_| { save_png(app); app.dialog.set(None); }>"Picture (PNG)"</button>
                })}
                <button class="btn" on:click=save_view>"Values (CSV)"</button>
                {muscles.then(|| view! { <button class="btn" on:click=save_needle>"Table (JSON)"</button> })}
                <button class="btn" on:click=move |_| { app.dialog.set(None); page::print(); }>"Print"</button>
            </p>
            {reported.then(|| view! {
                <h3>"Report"</h3>
                <p class="row">
                    {ReportDepth::ALL.map(|depth| view! { <button class="btn" on:click=move |_| app.dialog.set(Some(Dialog::Report(depth)))>{depth.name()}</button> })}
                </p>
            })}
            <h3>"The whole study"</h3>
            <p class="row">
                <button class="btn primary" on:click=move |_| app.dialog.set(Some(Dialog::Share))>"Study file (.myo)\u{2026}"</button>
                {reported.then(|| view! {
                    <button class="btn" on:click=move |_| save_whole(ReportForm::Values) title="one row a value, with its limit, source and method">"Every value (CSV)"</button>
                    <button class="btn" on:click=move |_| save_whole(ReportForm::Fhir) title="report and observations as FHIR R4, with the study file inside">"FHIR (JSON)"</button>
                })}
            </p>
            <h3>"The recording, with annotations as edited"</h3>
            <p class="row">
                {exports.into_iter().map(|extension| {
                    let name = NAMES.iter().find(|(known, _)| *known == extension).map_or_else(|| extension.clone(), |(_, name)| (*name).to_owned());
                    view! { <button class="btn" on:click=move |_| save(extension.clone())>{name}</button> }
                }).collect_view()}
            </p>
            <label class="check"><input type="checkbox" on:change=move |event| nameless.set(event_target_checked(&event))/>"Without names: FHIR and recordings without name, number and days; free text stays as it was written"</label>
            <p class="muted">"Files are made here and saved by the browser; nothing is sent anywhere. They hold what the original holds."</p>
        </div>
    }
}

/// The view as SVG documents, always in the paper theme: the traces, then each chart.
fn svg_of_view(app: App) -> Vec<(String, String)> {
    let Some(scope) = page::document().and_then(|document| document.get_element_by_id("scope")) else { return Vec::new() };
    let (width, height) = (scope.client_width() as f32, scope.client_height() as f32);
    let choice = app.theme.get_untracked();
    app.theme.set(ThemeChoice::Paper);
    let mut out = Vec::new();
    untrack(|| {
        let picture = match app.selection.get() {
            Selection::Recording(_) => continuous::picture(app, width, height),
            Selection::Test(_) => sweeps::picture(app, width, height),
            Selection::Together | Selection::Conclusion | Selection::Needle => None,
        };
        out.extend(picture.filter(|_| width > 1.0).map(|picture| ("myoscope.svg".to_owned(), svg::write(&picture, &theme::PAPER))));
        let charts = app.test().map_or(0, |(_, test)| test.charts.len());
        for index in 0..charts {
            let picture = results::picture(app, index, CHART_PX[0], CHART_PX[1]);
            out.extend(picture.map(|picture| (format!("myoscope-chart-{}.svg", index + 1), svg::write(&picture, &theme::PAPER))));
        }
    });
    app.theme.set(choice);
    out
}

/// Saves the view as SVG.
fn save_svg(app: App) {
    let files = svg_of_view(app);
    let saved = files.iter().all(|(name, svg)| page::download(name, "image/svg+xml", svg.as_bytes()).is_ok());
    if files.is_empty() || !saved {
        app.notice("abn", "Picture not saved.", "The browser refused to save it.");
    }
}

/// Saves what the canvases show as PNG.
fn save_png(app: App) {
    let charts = untrack(|| app.test()).map_or(0, |(_, test)| test.charts.len());
    let traces = untrack(|| results::has_sweeps(app)) || charts == 0;
    let mut saved = !traces || page::save_canvases("scope", "myoscope.png").is_ok();
    for index in 0..charts {
        saved &= page::save_canvases(&format!("chart-{index}"), &format!("myoscope-chart-{}.png", index + 1)).is_ok();
    }
    if !saved {
        app.notice("abn", "Picture not saved.", "The browser refused to save it.");
    }
}

/// Saves the tables of the test in view as CSV.
fn save_table(app: App) {
    let text = match app.selection.get_untracked() {
        Selection::Needle => {
            let mut text = String::new();
            app.study_now(|study| study.needle.tables().iter().for_each(|table| table_csv(table, &mut text)));
            text
        }
        Selection::Together | Selection::Conclusion => {
            let mut text = String::new();
            app.study_now(|study| study.together.iter().for_each(|table| table_csv(table, &mut text)));
            text
        }
        _ => match untrack(|| app.test()) {
            Some((_, test)) => csv(&test),
            None => return,
        },
    };
    if page::download("myoscope-values.csv", "text/csv", text.as_bytes()).is_err() {
        app.notice("abn", "Table not saved.", "The browser refused to save it.");
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A table behind what is there.
fn table_csv(table: &Table, csv: &mut String) {
    let mut line = |cells: Vec<String>| {
        csv.push_str(&cells.join(","));
        csv.push('\n');
    };
    line(Vec::new());
    line(vec![quoted(&table.title)]);
    let name = |column: &Column| if column.unit.is_empty() { column.name.clone() } else { format!("{} ({})", column.name, column.unit) };
    line(std::iter::once(String::new()).chain(table.columns.iter().map(|column| quoted(&name(column)))).collect());
    for row in &table.rows {
        let cells = row.cells.iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Number(number) | Cell::Abnormal(number) => number.to_string(),
            Cell::Text(text) => quoted(text),
        });
        line(std::iter::once(quoted(&row.name)).chain(cells).collect());
    }
}

/// Everything in numbers about a test.
fn csv(test: &TestView) -> String {
    let value = |value: Option<f64>| value.filter(|value| value.is_finite()).map(|value| value.to_string()).unwrap_or_default();
    let mut csv = String::new();
    let mut line = |cells: &[String]| {
        csv.push_str(&cells.join(","));
        csv.push('\n');
    };
    if has_nerve_table(test.kind) {
        let head = "site,sweep,onset (ms),negative peak (ms),end of negative phase (ms),amplitude (uV),duration (ms),area (uV ms),distance (mm),velocity (m/s)";
        line(&[head.to_owned()]);
        for site in &test.sites {
            for (k, sweep) in scenes::shown(site).enumerate() {
                let response = sweep.measurement.as_ref().and_then(|measurement| measurement.response);
                line(&[
                    quoted(&site.name),
                    if site.average.is_some() { sweep.stimulus.clone() } else { (k + 1).to_string() },
                    value(response.map(|m| m.onset_ms)),
                    value(response.map(|m| m.peak_ms)),
                    value(response.map(|m| m.neg_end_ms)),
                    value(response.map(|m| m.amp_uv)),
                    value(response.map(|m| m.duration_ms)),
                    value(response.map(|m| m.area_uvms)),
                    value(site.distance_mm.filter(|_| k == 0)),
                    value(site.segment.as_ref().and_then(|segment| segment.velocity_mps).filter(|_| k == 0)),
                ]);
            }
        }
    }
    test.tables.iter().for_each(|table| table_csv(table, &mut csv));
    let mut line = |cells: &[String]| {
        csv.push_str(&cells.join(","));
        csv.push('\n');
    };
    if !test.judged.is_empty() {
        line(&[]);
        line(&["against limits,value,unit,limit,bound,beyond,care,source".to_owned()]);
        for judged in &test.judged {
            let place = judged.site.and_then(|site| test.sites.get(site)).map(|site| format!(" {}", site.name)).unwrap_or_default();
            line(&[
                quoted(&format!("{}{place}", judged.measure.replace('_', " "))),
                judged.value.to_string(),
                judged.unit.clone(),
                judged.limit.to_string(),
                if judged.upper { "upper" } else { "lower" }.to_owned(),
                if judged.abnormal { "yes" } else { "no" }.to_owned(),
                quoted(&judged.doubt),
                quoted(&judged.source),
            ]);
        }
    }
    csv
}
