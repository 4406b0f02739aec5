//! Beside the traces: the selected marker with its loupe and quality, or cursors and annotations.

use leptos::prelude::*;

use super::activity::ActivityPanel;
use super::commands::{self, Command};
use super::icons::{self, icon};
use super::scope::Loupe;
use super::state::{App, Dialog, TextQuestion};
use super::trains::{Stretches, TrainPanel};
use super::{continuous, sweeps};
use crate::model::{LateResponse, MarkerKind, MarkerOrigin, Response, averaged_site};
use crate::scene::divisions::{clock, duration, number, quantity};

/// The inspector of a marker.
#[component]
pub fn MarkerInspector() -> impl IntoView {
    let app = App::here();
    view! {
        <aside class="inspect" aria-label="Inspector">
            {move || marker_panel(app)}
            <Show when=move || sweeps::has_marker(app)><Loupe/></Show>
            {move || marker_values(app)}
            {move || test_quality(app)}
            <SweepCursors/>
        </aside>
    }
}

fn marker_panel(app: App) -> Option<AnyView> {
    let (_, test) = app.test()?;
    let view = app.sweeps.get();
    let (site, sweep) = sweeps::rows(&test).get(view.row).map(|(site, sweep)| (*site, (*sweep).clone()))?;
    let kind = view.marker?;
    let person = sweep.measurement.as_ref().is_some_and(|m| m.origin(kind) == MarkerOrigin::Person);
    let place = test.sites.get(site).map(|site| site.name.clone()).unwrap_or_default();
    Some(view! {
        <div class="mhead">
            <span class="mflag" class:person=person>{kind.number()}</span>
            <div><h2>{format!("{}, {place}", kind.name())}</h2><p class=if person { "person-t" } else { "muted" }>{if person { "placed by a person" } else { "automatic" }}</p></div>
        </div>
    }.into_any())
}

/// What weakens the test as a whole.
fn test_quality(app: App) -> Option<AnyView> {
    let (_, test) = app.test()?;
    (!test.quality.is_empty()).then(|| {
        let notes = test.quality.into_iter().map(|flag| view! { <div class="note doubt">{icon(icons::WARN)}<p>{flag.what}</p></div> });
        view! { <h2>"Quality of this test"</h2>{notes.collect_view()} }.into_any()
    })
}

fn marker_values(app: App) -> Option<AnyView> {
    let (_, test) = app.test()?;
    let view = app.sweeps.get();
    let sweep = sweeps::rows(&test).get(view.row).map(|(_, sweep)| (*sweep).clone())?;
    let kind = view.marker?;
    let measurement = sweep.measurement.clone()?;
    let person = measurement.origin(kind) == MarkerOrigin::Person;
    let late = matches!(kind, MarkerKind::LateOnset | MarkerKind::LateEnd);
    let of = |response: Option<Response>, late_response: Option<&LateResponse>| match late {
        true => late_response.map(|late| late.pp_uv),
        false => response.map(|response| response.amp_uv),
    };
    let dash = || "\u{2013}".to_owned();
    let amp = |uv: Option<f64>| uv.map_or_else(dash, |uv| quantity(uv, "uV"));
    let ms = |ms: Option<f64>| ms.map_or_else(dash, |ms| format!("{ms:.2} ms"));
    let now = (measurement.marker_ms(kind), of(measurement.response, measurement.main_late()));
    let automatic = (measurement.automatic_ms(kind), of(measurement.automatic, measurement.automatic_late.first()));
    let id = sweep.id;
    let none = sweep.no_response;
    let quality = measurement.quality.clone();
    Some(view! {
        <table class="mini">
            <caption class="sr">"The selected marker, as it stands and as found automatically"</caption>
            <thead><tr><td></td><th scope="col" class="n">"latency"</th><th scope="col" class="n">"amplitude"</th></tr></thead>
            <tbody>
                <tr><th scope="row" class:person-t=person>{if person { "Yours" } else { "Now" }}</th><td class="n big" class:person=person>{ms(now.0)}</td><td class="n">{amp(now.1)}</td></tr>
                <tr><th scope="row">"Automatic"</th><td class="n">{ms(automatic.0)}</td><td class="n">{amp(automatic.1)}</td></tr>
            </tbody>
        </table>
        <p class="row">
            <button class="btn" disabled=!person title=if person { "" } else { "this marker is automatic" } on:click=move |_| commands::run(app, Command::AutomaticMarker)>"To automatic "<kbd>"\u{232b}"</kbd></button>
            <button class="btn" on:click=move |_| commands::run(app, Command::CopySet)>"Copy set "<kbd>"Y"</kbd></button>
            <button class="btn" aria-pressed=if none { "true" } else { "false" } on:click=move |_| commands::run(app, Command::NoResponse)>"No response "<kbd>"N"</kbd></button>
        </p>
        <h2>"Quality of this sweep"</h2>
        {if quality.is_empty() {
            view! { <p class="ok">{icon(icons::CHECK)}"Nothing found that weakens these numbers."</p> }.into_any()
        } else {
            quality.into_iter().map(|flag| view! { <div class="note doubt">{icon(icons::WARN)}<p>{flag.what}</p></div> }).collect_view().into_any()
        }}
        <p class="muted small">{match averaged_site(id) { Some(_) => format!("Average, method {}", measurement.method), None => format!("Sweep {}, method {}", id + 1, measurement.method) }}</p>
    }.into_any())
}

#[component]
fn SweepCursors() -> impl IntoView {
    let app = App::here();
    // Name, time and value of each cursor on the selected sweep, then the difference.
    let read = move || {
        let [a, b] = app.sweeps.with(|view| view.cursors);
        let value = |time_s: Option<f64>| time_s.and_then(|time_s| sweeps::value_at(app, time_s));
        let (at_a, at_b) = (value(a), value(b));
        let words = |value: Option<(f64, String)>| value.map(|(value, unit)| quantity(value, &unit)).unwrap_or_default();
        let ms = |time_s: f64| format!("{} ms", number(time_s * 1e3, 4));
        let mut rows: Vec<(String, String, String)> = Vec::new();
        for (name, time_s, value) in [("A", a, &at_a), ("B", b, &at_b)] {
            rows.extend(time_s.map(|time_s| (name.to_owned(), ms(time_s), words(value.clone()))));
        }
        if let (Some(a), Some(b)) = (a, b) {
            let difference = at_a.zip(at_b).map(|((a, unit), (b, _))| (b - a, unit));
            rows.push(("B \u{2212} A".into(), ms(b - a), words(difference)));
            if (b - a).abs() > 1e-9 {
                rows.push(("1 / (B \u{2212} A)".into(), format!("{} Hz", number(1.0 / (b - a).abs(), 4)), String::new()));
            }
        }
        rows
    };
    view! {
        <Show when=move || !read().is_empty()>
            <h2>"Cursors"</h2>
            <table class="mini">
                <caption class="sr">"Cursor readings on the selected sweep"</caption>
                <thead><tr><td></td><th scope="col" class="n">"time"</th><th scope="col" class="n">"value"</th></tr></thead>
                <tbody>{move || read().into_iter().map(|(name, time, value)| view! { <tr><th scope="row">{name}</th><td class="n">{time}</td><td class="n">{value}</td></tr> }).collect_view()}</tbody>
            </table>
        </Show>
    }
}

/// The inspector of a recording.
#[component]
pub fn RecordingInspector() -> impl IntoView {
    let app = App::here();
    // Parts of the view, so that panning does not make the panels again.
    let cursors = Memo::new(move |_| app.continuous.with(|view| (view.cursors, view.cursor, view.lane)));
    let annotation = Memo::new(move |_| app.continuous.with(|view| view.annotation));
    view! {
        <aside class="inspect" aria-label="Inspector">
            <TrainPanel/>
            <ActivityPanel/>
            <Stretches/>
            {move || cursor_panel(app, cursors)}
            {move || annotation_panel(app, annotation)}
            {move || about_panel(app)}
        </aside>
    }
}

/// Both cursors, the one that keys move, and the selected lane.
type Cursors = ([Option<f64>; 2], usize, Option<usize>);

fn cursor_panel(app: App, cursors: Memo<Cursors>) -> Option<AnyView> {
    let (_, recording) = app.recording()?;
    let ([a, b], active, selected) = cursors.get();
    let lane = continuous::visible(&recording).nth(selected.unwrap_or(0)).cloned()?;
    if a.is_none() && b.is_none() {
        return Some(view! { <h2>"Cursors"</h2><p class="muted">"Click into the trace for cursor A, with Shift for B. P takes it to the nearest peak."</p> }.into_any());
    }
    let value = |time_s: Option<f64>| time_s.and_then(|time_s| continuous::value_at(app, &recording, &lane, time_s));
    let (at_a, at_b) = (value(a), value(b));
    let words = |value: Option<f64>| value.map_or_else(|| "\u{2013}".to_owned(), |value| quantity(value, &lane.unit));
    let time = |time_s: Option<f64>| time_s.map_or_else(|| "\u{2013}".to_owned(), |time_s| clock(time_s, 0.0001));
    let difference_s = a.zip(b).map(|(a, b)| b - a);
    let frequency =
        difference_s.filter(|s| s.abs() > 1e-9).map_or_else(|| "\u{2013}".to_owned(), |s| format!("{} Hz", number(1.0 / s.abs(), 4)));
    Some(view! {
        <h2>{format!("Cursors on {}", lane.name)}</h2>
        <table class="mini">
            <caption class="sr">"Cursor readings"</caption>
            <thead><tr><td></td><th scope="col" class="n">"time"</th><th scope="col" class="n">"value"</th></tr></thead>
            <tbody>
                <tr class:sel=active == 0><th scope="row">"A"</th><td class="n">{time(a)}</td><td class="n">{words(at_a)}</td></tr>
                <tr class:sel=active == 1><th scope="row">"B"</th><td class="n">{time(b)}</td><td class="n">{words(at_b)}</td></tr>
                <tr><th scope="row">"B \u{2212} A"</th><td class="n">{difference_s.map_or_else(|| "\u{2013}".to_owned(), duration)}</td><td class="n">{words(at_a.zip(at_b).map(|(a, b)| b - a))}</td></tr>
                <tr><th scope="row">"1 / (B \u{2212} A)"</th><td class="n">{frequency}</td><td></td></tr>
            </tbody>
        </table>
        <p class="row">
            <button class="btn" on:click=move |_| commands::run(app, Command::Snap)>"Nearest peak "<kbd>"P"</kbd></button>
            <button class="btn" on:click=move |_| commands::run(app, Command::Annotate)>"Annotate "<kbd>"N"</kbd></button>
        </p>
    }.into_any())
}

/// Rows shown of the list of annotations; the rest is counted.
const MAX_ANNOTATIONS: usize = 200;

fn annotation_panel(app: App, annotation: Memo<Option<usize>>) -> Option<AnyView> {
    let (_, recording) = app.recording()?;
    let count = recording.annotations.len();
    let selected = annotation.get();
    let rows = recording.annotations.into_iter().take(MAX_ANNOTATIONS).map(|entry| {
        let (id, onset_s) = (entry.id, entry.annotation.onset_s);
        let length = entry.annotation.duration_s.filter(|s| *s > 0.0).map(|s| format!(", {}", duration(s))).unwrap_or_default();
        let go = move |_| {
            app.continuous.update(|view| view.annotation = Some(id));
            let span_s = app.continuous.with_untracked(|view| view.span_s);
            continuous::show(app, onset_s - span_s / 4.0, None);
        };
        view! {
            <li class:sel=selected == Some(id)>
                <button class="btn quiet go" on:click=go>
                    <span class="num">{clock(onset_s, 0.01)}{length}</span>
                    <span class:person-t=entry.by_person>{entry.annotation.text.clone()}</span>
                </button>
                <button class="btn quiet icon" aria-label=format!("Edit annotation {}", entry.annotation.text) on:click=move |_| app.dialog.set(Some(Dialog::Annotation(Some(id), onset_s)))>"\u{270e}"</button>
            </li>
        }
    }).collect_view();
    Some(
        view! {
            <h2>"Annotations"<span class="muted">{format!(" {count}")}</span></h2>
            {(count == 0).then(|| view! { <p class="muted">"None. N adds one at the cursor."</p> })}
            <ul class="annotations">{rows}</ul>
            {(count > MAX_ANNOTATIONS).then(|| view! { <p class="muted">{format!("and {} more", count - MAX_ANNOTATIONS)}</p> })}
        }
        .into_any(),
    )
}

fn about_panel(app: App) -> Option<AnyView> {
    super::live::beat(app);
    let (_, recording) = app.recording()?;
    let differently = app.study(|study| study.text.clone().map(|preview| TextQuestion { file: study.title.clone(), preview })).flatten();
    let gaps = recording.spans.len().saturating_sub(1);
    let facts = [
        ("Format", recording.format),
        ("Started", recording.start.map(|start| start.replace('T', " ")).unwrap_or_else(|| "not stated".into())),
        ("Length", duration(recording.duration_s)),
        ("Gaps", if gaps == 0 { "none".into() } else { gaps.to_string() }),
        ("Channels", recording.channels.len().to_string()),
    ];
    Some(
        view! {
            <h2>"Recording"</h2>
            <dl class="facts">{facts.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view()}</dl>
        {differently.map(|question| view! { <p class="row"><button class="btn" on:click=move |_| app.dialog.set(Some(Dialog::Text(question.clone())))>"Read differently"</button></p> })}
        }
        .into_any(),
    )
}
