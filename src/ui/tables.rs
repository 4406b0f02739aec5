//! The live tables under the traces: nerve conduction values, and lanes of a recording.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::state::App;
use super::{continuous, sweeps};
use crate::engine::protocol::{Edit, LaneView, SiteView, SweepView, TestView};
use crate::model::{MarkerKind, MarkerOrigin};
use crate::scene::divisions::quantity;

/// A number with fixed decimals, or an empty cell where it does not apply.
fn cell(value: Option<f64>, decimals: usize) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{value:.decimals$}")).unwrap_or_default()
}

/// Whether amplitudes of a test are shown in mV (else in µV).
fn in_millivolts(test: &TestView) -> bool {
    let largest = test.sites.iter().flat_map(|site| &site.sweeps).filter_map(|sweep| sweep.measurement.as_ref()?.response);
    largest.map(|motor| motor.amp_uv).fold(0.0, f64::max) >= 500.0
}

/// The table of a nerve test.
#[component]
pub fn NerveTable() -> impl IntoView {
    let app = App::here();
    view! {
        <div class="tablewrap" tabindex="0" role="region" aria-label="Measurements">
            {move || app.test().map(|(test_index, test)| {
                let mv = in_millivolts(&test);
                let (amp_unit, area_unit, scale) = if mv { ("mV", "mV\u{b7}ms", 1e-3) } else { ("\u{b5}V", "\u{b5}V\u{b7}ms", 1.0) };
                let rows = sweeps::rows(&test).len();
                let body = test.sites.iter().enumerate().flat_map(|(site_index, site)| {
                    site.sweeps.iter().enumerate().map(move |(k, sweep)| (site_index, site, k, sweep))
                }).enumerate().map(|(row, (site_index, site, k, sweep))| {
                    nerve_row(app, &test, test_index, row, site_index, site, k, sweep, scale).into_any()
                }).collect_view();
                view! {
                    <table>
                        <caption class="sr">{format!("{}: {rows} sweeps", test.title)}</caption>
                        <thead><tr>
                            <th scope="col">"Stimulated at"</th>
                            <th scope="col" class="n">"Latency"<span class="u">"ms"</span></th>
                            <th scope="col" class="n">"Amplitude"<span class="u">{amp_unit}</span></th>
                            <th scope="col" class="n">"Relative"<span class="u">"%"</span></th>
                            <th scope="col" class="n">"Duration"<span class="u">"ms"</span></th>
                            <th scope="col" class="n">"Area"<span class="u">{area_unit}</span></th>
                            <th scope="col" class="n">"Neg. peak"<span class="u">"ms"</span></th>
                            <th scope="col">"Segment"</th>
                            <th scope="col" class="n">"Distance"<span class="u">"mm"</span></th>
                            <th scope="col" class="n">"Difference"<span class="u">"ms"</span></th>
                            <th scope="col" class="n">"Velocity"<span class="u">"m/s"</span></th>
                            <th scope="col">"Quality"</th>
                        </tr></thead>
                        <tbody>{body}</tbody>
                    </table>
                }
            })}
            <p class="legend"><span class="person-t">"Blue \u{25a0}"</span>" placed or typed by a person. "<span class="doubt-t">"?"</span>" weakened by quality, see the inspector."</p>
        </div>
    }
}

#[allow(clippy::too_many_arguments)] // one row of one table; a struct would only rename the arguments
fn nerve_row(
    app: App,
    test: &TestView,
    test_index: usize,
    row: usize,
    site_index: usize,
    site: &SiteView,
    k: usize,
    sweep: &SweepView,
    scale: f64,
) -> impl IntoView + use<> {
    let measurement = sweep.measurement.clone();
    let motor = measurement.as_ref().and_then(|measurement| measurement.response);
    let by_person = MarkerKind::MOTOR.map(|kind| measurement.as_ref().is_some_and(|m| m.origin(kind) == MarkerOrigin::Person));
    let pending = measurement.is_none();
    let none = measurement.is_some() && motor.is_none();
    let quality = measurement.map(|measurement| measurement.quality).unwrap_or_default();
    let first = k == 0;
    let segment = site.segment.clone().filter(|_| first);
    let distal = site_index.checked_sub(1).and_then(|distal| test.sites.get(distal)).map(|distal| distal.name.clone());
    let label = match (&distal, first) {
        (Some(distal), true) => format!("{distal} to {}", site.name),
        _ => String::new(),
    };
    let name = if site.sweeps.len() > 1 { format!("{} {}", site.name, k + 1) } else { site.name.clone() };
    let selected = move || app.sweeps.with(|view| view.row == row);
    let person = |marked: bool| if marked { "n person" } else { "n" };
    let square = |marked: bool| marked.then(|| view! { <span class="sq" title="placed by a person">"\u{25a0}"</span> });
    let any = by_person.iter().any(|marked| *marked);
    let distance = first.then(|| distance_cell(app, test_index, site_index, site, distal.is_some()));
    let values = if none {
        view! { <td class="n none" colspan="6">{if sweep.no_response { "no response (by a person)" } else { "no response" }}</td> }
            .into_any()
    } else if pending {
        view! { <td class="n" colspan="6">"\u{2026}"</td> }.into_any()
    } else {
        view! {
            <td class=person(by_person[0])>{cell(motor.map(|m| m.onset_ms), 2)}{square(by_person[0])}</td>
            <td class=person(by_person[0] || by_person[1])>{cell(motor.map(|m| m.amp_uv * scale), if scale < 1.0 { 2 } else { 1 })}</td>
            <td class="n">{cell(segment.as_ref().map(|s| s.relative_amplitude_pct), 0)}</td>
            <td class=person(by_person[0] || by_person[2])>{cell(motor.map(|m| m.duration_ms), 2)}</td>
            <td class=person(any)>{cell(motor.map(|m| m.area_uvms * scale), if scale < 1.0 { 2 } else { 1 })}</td>
            <td class=person(by_person[1])>{cell(motor.map(|m| m.peak_ms), 2)}{square(by_person[1])}</td>
        }
        .into_any()
    };
    let words = quality.iter().map(|flag| flag.what.clone()).collect::<Vec<_>>().join(" ");
    view! {
        <tr class:sel=selected on:click=move |_| app.sweeps.update(|view| view.row = row)>
            <th scope="row">{name}</th>
            {values}
            <td>{label}</td>
            <td class="n">{distance}</td>
            <td class="n">{cell(segment.as_ref().map(|s| s.latency_difference_ms), 2)}</td>
            <td class="n">{cell(segment.as_ref().and_then(|s| s.velocity_mps), 1)}</td>
            <td class="q">{(!quality.is_empty()).then(|| { let title = words.clone(); view! { <span class="doubt-t" title=title>{format!("? {}", quality.len())}<span class="sr">{words}</span></span> } })}</td>
        </tr>
    }
}

/// The distance, typed in place. The first site's is that to the recording electrode.
fn distance_cell(app: App, test: usize, site: usize, view: &SiteView, segment: bool) -> impl IntoView + use<> {
    let now = view.distance_mm.map(|mm| format!("{mm}")).unwrap_or_default();
    let kept = now.clone();
    let label = if segment {
        format!("Distance to the next more distal site, {}, in mm", view.name)
    } else {
        format!("Distance from {} to the recording electrode, in mm", view.name)
    };
    let take = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let text = input.value().trim().replace(',', ".");
        let distance_mm = if text.is_empty() { None } else { text.parse::<f64>().ok() };
        if !text.is_empty() && distance_mm.is_none() {
            app.notice("abn", "Distance not taken.", format!("'{text}' is not a number of millimetres."));
            input.set_value(&kept);
            return;
        }
        app.edit(Edit::Distance { test, site, distance_mm });
    };
    view! { <input id=format!("distance-{site}") class="cell" class:person=view.distance_by_person inputmode="decimal" size="5" aria-label=label prop:value=now on:change=take/> }
}

/// The table of a recording's lanes.
#[component]
pub fn LaneTable() -> impl IntoView {
    let app = App::here();
    // Not the whole view: the table must not be made again at every step of a pan.
    let cursors = Memo::new(move |_| app.continuous.with(|view| view.cursors));
    view! {
        <div class="tablewrap" tabindex="0" role="region" aria-label="Lanes">
            {move || app.recording().map(|(_, recording)| {
                let visible: Vec<LaneView> = continuous::visible(&recording).cloned().collect();
                let [a, b] = cursors.get();
                let rows = visible.into_iter().enumerate().map(|(row, lane)| {
                    let value = |time_s: Option<f64>| time_s.and_then(|time_s| continuous::value_at(app, &recording, &lane, time_s));
                    let (at_a, at_b) = (value(a), value(b));
                    let words = |value: Option<f64>| value.map(|value| quantity(value, &lane.unit)).unwrap_or_default();
                    let gain = lane.settings.gain_per_division.unwrap_or(lane.suggested_gain);
                    let rate = if lane.fs_hz >= 1000.0 { format!("{} kHz", crate::scene::divisions::number(lane.fs_hz / 1000.0, 6)) } else { format!("{} Hz", crate::scene::divisions::number(lane.fs_hz, 6)) };
                    view! {
                        <tr class:sel=move || app.continuous.with(|view| view.lane == Some(row)) on:click=move |_| app.continuous.update(|view| view.lane = Some(row))>
                            <th scope="row">{lane.name.clone()}</th>
                            <td class="n">{rate}</td>
                            <td class="n">{format!("{}/div", quantity(gain, &lane.unit))}</td>
                            <td>{if lane.filter.is_empty() { "none".to_owned() } else { lane.filter.clone() }}</td>
                            <td class="n">{words(at_a)}</td>
                            <td class="n">{words(at_b)}</td>
                            <td class="n">{words(at_a.zip(at_b).map(|(a, b)| b - a))}</td>
                        </tr>
                    }
                }).collect_view();
                let hidden = recording.lanes.iter().filter(|lane| lane.settings.hidden).count();
                view! {
                    <table>
                        <caption class="sr">"Lanes in view with the values at the cursors"</caption>
                        <thead><tr>
                            <th scope="col">"Lane"</th><th scope="col" class="n">"Rate"</th><th scope="col" class="n">"Gain"</th><th scope="col">"Filters"</th>
                            <th scope="col" class="n">"At A"</th><th scope="col" class="n">"At B"</th><th scope="col" class="n">"B \u{2212} A"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                    {(hidden > 0).then(|| view! { <p class="legend">{format!("{hidden} hidden: L shows them.")}</p> })}
                }
            })}
        </div>
    }
}
