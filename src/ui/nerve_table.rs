//! The live table of a nerve conduction test: values beside their limits, distances typed in place.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::commands;
use super::state::App;
use crate::engine::protocol::{Edit, JudgedValue, SiteView, SweepView, TestView, scenes};
use crate::model::{MarkerKind, MarkerOrigin, SweepMeasurement, TestKind};
use crate::scene::divisions::number;
use crate::web::page;

/// A number with fixed decimals, or an empty cell where it does not apply.
fn cell(value: Option<f64>, decimals: usize) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{value:.decimals$}")).unwrap_or_default()
}

/// Whether amplitudes of a test are shown in mV (else in µV).
fn in_millivolts(test: &TestView) -> bool {
    let largest = test.sites.iter().flat_map(scenes::shown).filter_map(|sweep| sweep.measurement.as_ref()?.response);
    largest.map(|response| response.amp_uv).fold(0.0, f64::max) >= 500.0
}

/// Whether a test has this table; the others say it in tables of their own.
pub fn has_nerve_table(kind: TestKind) -> bool {
    matches!(kind, TestKind::Motor | TestKind::Sensory | TestKind::Sep | TestKind::Unknown)
}

/// The table of a nerve test.
#[component]
pub fn NerveTable() -> impl IntoView {
    let app = App::here();
    view! {
        {move || app.test().filter(|(_, test)| has_nerve_table(test.kind) && test.typed.is_none()).map(|(test_index, test)| {
            let mv = in_millivolts(&test);
            let (amp_unit, area_unit, scale) = if mv { ("mV", "mV\u{b7}ms", 1e-3) } else { ("\u{b5}V", "\u{b5}V\u{b7}ms", 1.0) };
            let unverified = test.judged.iter().any(|judged| !judged.doubt.is_empty());
            let rows: Vec<_> = test.sites.iter().enumerate().flat_map(|(site_index, site)| {
                scenes::shown(site).enumerate().map(move |(k, sweep)| (site_index, site, k, sweep))
            }).collect();
            let count = rows.len();
            let body = rows.into_iter().enumerate().map(|(row, (site_index, site, k, sweep))| {
                let place = Place { test_index, row, site_index, k };
                nerve_row(app, &test, place, site, sweep, scale).into_any()
            }).collect_view();
            let sensory = test.kind == TestKind::Sensory;
            view! {
                <table class="nerve">
                    <caption class="sr">{format!("{}: {count} rows", test.title)}</caption>
                    <thead><tr>
                        <th scope="col">"Stimulated at"</th>
                        <th scope="col" class="n tight">"Latency"<span class="u">"ms"<span class="flag"></span></span></th><th scope="col" class="lim">"limit"</th>
                        <th scope="col" class="n tight">"Neg. peak"<span class="u">"ms"<span class="flag"></span></span></th>{sensory.then(|| view! { <th scope="col" class="lim">"limit"</th> })}
                        <th scope="col" class="n tight">"Amplitude"<span class="u">{amp_unit}<span class="flag"></span></span></th><th scope="col" class="lim">"limit"</th>
                        <th scope="col" class="n">"Relative"<span class="u">"%"</span></th>
                        <th scope="col" class="n">"Duration"<span class="u">"ms"</span></th>
                        <th scope="col" class="n">"Area"<span class="u">{area_unit}</span></th>
                        <th scope="col">"Segment"</th>
                        <th scope="col" class="n">"Distance"<span class="u">"mm"</span></th>
                        <th scope="col" class="n">"Difference"<span class="u">"ms"</span></th>
                        <th scope="col" class="n tight">"Velocity"<span class="u">"m/s"<span class="flag"></span></span></th><th scope="col" class="lim">"limit"</th>
                        <th scope="col">"Quality"</th>
                    </tr></thead>
                    <tbody>{body}</tbody>
                </table>
                <p class="legend temperature">{temperature_field(app, test_index, &test)}</p>
                {derived(&test)}
                <p class="legend">
                    <span class="person-t">"Blue \u{25a0}"</span>" placed or typed by a person. "<span class="doubt-t">"?"</span>" weakened by quality, see the inspector. "
                    <span class="abn-t">"H* L*"</span>" above, below the limit. "
                    {unverified.then(|| view! { <span class="unv">"Dotted"</span>" limit not verified at its source, or made for another distance." })}
                </p>
            }
        })}
    }
}

/// Values of the whole test and what published criteria say of its segments.
fn derived(test: &TestView) -> impl IntoView + use<> {
    let words = test.derived.clone();
    let findings: Vec<_> = test
        .sites
        .iter()
        .filter_map(|site| {
            let segment = site.segment.as_ref()?;
            let name = |site: usize| test.sites.get(site).map(|site| site.name.clone()).unwrap_or_default();
            let finding = segment.finding.clone()?;
            Some((format!("{} to {}", segment.from.map(name).unwrap_or_default(), name(segment.to)), finding))
        })
        .collect();
    let line = (!words.is_empty()).then(|| view! { <p class="legend derived">{words.join(". ")}"."</p> });
    let cold = (!test.warmed.is_empty()).then(|| {
        let lines = test.warmed.iter().map(|warmed| {
            let source = format!("{} {} a degree. {}", warmed.per_c, warmed.unit, warmed.source);
            view! { <li title=source><span class:unv=warmed.unverified>{warmed.words()}</span></li> }
        });
        view! {
            <div class="legend warmed">"Cold limb, no value is judged by these estimates; warm and measure again. A demyelinated nerve answers less to warmth (Wu 1993)."
                <ul>{lines.collect_view()}</ul>
            </div>
        }
    });
    view! {
        {line}
        {cold}
        {findings.into_iter().map(|(place, finding)| {
            let unverified = finding.unverified();
            view! { <p class="legend finding"><b class="abn-t">{finding.what}</b>{format!(", {place}: {} ", finding.why)}<span class:unv=unverified>{finding.source}</span></p> }
        }).collect_view()}
    }
}

/// Where a row stands.
#[derive(Clone, Copy)]
struct Place {
    test_index: usize,
    row: usize,
    site_index: usize,
    /// Which of the site's rows.
    k: usize,
}

/// The limit of a value, as a cell with `H*` or `L*` beside the number.
struct Against {
    flag: &'static str,
    limit: String,
    why: String,
    unverified: bool,
}

impl Against {
    fn of(test: &TestView, site: usize, measure: &str, wanted: bool) -> Self {
        let found = test.judged.iter().find(|judged| wanted && judged.site == Some(site) && judged.measure == measure);
        found.map_or(Self { flag: "", limit: String::new(), why: String::new(), unverified: false }, |judged| Self {
            flag: flag(judged),
            limit: format!("{} {}", if judged.upper { "\u{2264}" } else { "\u{2265}" }, number(judged.limit, 4)),
            why: format!("{}{}", judged.source, if judged.doubt.is_empty() { String::new() } else { format!(" ({})", judged.doubt) }),
            unverified: !judged.doubt.is_empty(),
        })
    }

    fn limit(&self) -> impl IntoView + use<> {
        let (limit, why, unverified) = (self.limit.clone(), self.why.clone(), self.unverified);
        view! { <td class="lim" title=why><span class:unv=unverified>{limit}</span></td> }
    }

    fn class(&self, person: bool) -> &'static str {
        match (self.flag.is_empty(), person) {
            (false, _) => "n tight out",
            (true, true) => "n tight person",
            (true, false) => "n tight",
        }
    }
}

/// `H*` or `L*` beyond the limit.
pub fn flag(judged: &JudgedValue) -> &'static str {
    match (judged.abnormal, judged.upper) {
        (true, true) => "H*",
        (true, false) => "L*",
        _ => "",
    }
}

fn nerve_row(app: App, test: &TestView, place: Place, site: &SiteView, sweep: &SweepView, scale: f64) -> impl IntoView + use<> {
    let Place { test_index, row, site_index, k } = place;
    let measurement = sweep.measurement.clone();
    let response = measurement.as_ref().and_then(|measurement| measurement.response);
    let by_person = MarkerKind::MOTOR.map(|kind| measurement.as_ref().is_some_and(|m| m.origin(kind) == MarkerOrigin::Person));
    let pending = measurement.is_none();
    let none = measurement.is_some() && response.is_none();
    let left_out = measurement.as_ref().and_then(|measurement| measurement.left_out.clone());
    let missing = measurement.as_ref().is_some_and(SweepMeasurement::is_missing);
    let quality = measurement.map(|measurement| measurement.quality).unwrap_or_default();
    // Values of the site stand beside the sweep that it counts with.
    let first = site.counts.map_or(k == 0, |counts| counts == sweep.id);
    let segment = site.segment.clone().filter(|_| first);
    let distal = site_index.checked_sub(1).and_then(|distal| test.sites.get(distal)).map(|distal| distal.name.clone());
    let label = match (&distal, first) {
        (Some(distal), true) => format!("{distal} to {}", site.name),
        (None, true) if segment.is_some() => format!("{} to electrode", site.name),
        _ => String::new(),
    };
    let rows = scenes::shown(site).count();
    let name = if rows > 1 { format!("{} {}", site.name, k + 1) } else { site.name.clone() };
    let name = if site.average.is_some() { format!("{name} ({})", sweep.stimulus) } else { name };
    let selected = move || app.sweeps.with(|view| view.row == row);
    let person = |marked: bool| if marked { "n person" } else { "n" };
    let square = |marked: bool| marked.then(|| view! { <span class="sq" title="placed by a person">"\u{25a0}"</span> });
    let any = by_person.iter().any(|marked| *marked);
    let distance = first.then(|| distance_cell(app, test_index, site_index, site, distal.is_some(), test));
    let [onset, peak, amplitude, velocity] =
        ["onset_latency", "peak_latency", "amplitude", "conduction_velocity"].map(|measure| Against::of(test, site_index, measure, first));
    let sensory = test.kind == TestKind::Sensory;
    let values = if none || pending {
        let words = match (pending, sweep.no_response) {
            (true, _) => "\u{2026}",
            (false, false) if missing => "not measured: its samples are missing",
            (false, true) => "no response (by a person)",
            (false, false) => "no response",
        };
        view! { <td class="n none" colspan=if sensory { "9" } else { "8" }>{words}</td> }.into_any()
    } else {
        let decimals = if scale < 1.0 { 2 } else { 1 };
        view! {
            <td class=onset.class(by_person[0])>{cell(response.map(|m| m.onset_ms), 2)}{square(by_person[0])}<span class="flag">{onset.flag}</span></td>{onset.limit()}
            <td class=peak.class(by_person[1])>{cell(response.map(|m| m.peak_ms), 2)}{square(by_person[1])}<span class="flag">{peak.flag}</span></td>{sensory.then(|| peak.limit())}
            <td class=amplitude.class(by_person[0] || by_person[1])>{cell(response.map(|m| m.amp_uv * scale), decimals)}<span class="flag">{amplitude.flag}</span></td>{amplitude.limit()}
            <td class="n">{cell(segment.as_ref().map(|s| s.relative_amplitude_pct), 0)}</td>
            <td class=person(by_person[0] || by_person[2])>{cell(response.map(|m| m.duration_ms), 2)}</td>
            <td class=person(any)>{cell(response.map(|m| m.area_uvms * scale), decimals)}</td>
        }
        .into_any()
    };
    let doubt = segment.as_ref().and_then(|segment| segment.doubt.as_ref()).map(|doubt| doubt.what.clone());
    let all: Vec<String> = quality.into_iter().map(|flag| flag.what).chain(doubt).collect();
    let words = left_out.iter().map(|why| format!("Left out: {why}.")).chain(all).collect::<Vec<_>>();
    let (count, words) = (words.len(), words.join(" "));
    view! {
        <tr class:sel=selected class:ref=left_out.is_some() on:click=move |_| app.sweeps.update(|view| view.row = row)>
            <th scope="row">{name}{(rows > 1 && !sweep.stimulus.is_empty()).then(|| view! { <span class="stim">{sweep.stimulus.clone()}</span> })}</th>
            {values}
            <td>{label}</td>
            <td class="n">{distance}</td>
            <td class="n">{cell(segment.as_ref().map(|s| s.latency_difference_ms), 2)}</td>
            <td class=velocity.class(false)>{cell(segment.as_ref().and_then(|s| s.velocity_mps), 1)}<span class="flag">{velocity.flag}</span></td>{velocity.limit()}
            <td class="q">{(count > 0).then(|| { let title = words.clone(); view! { <span class="doubt-t" title=title>{format!("? {count}")}<span class="sr">{words}</span></span> } })}</td>
        </tr>
    }
}

/// The skin temperature, typed in place.
pub fn temperature_field(app: App, index: usize, test: &TestView) -> impl IntoView + use<> {
    let now = test.temperature_c.map(|c| c.to_string()).unwrap_or_default();
    let (kept, of) = (now.clone(), test.clone());
    let take = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let text = input.value().trim().replace(',', ".");
        let temperature_c = if text.is_empty() { None } else { text.parse::<f64>().ok() };
        if !text.is_empty() && temperature_c.is_none() {
            app.notice("abn", "Temperature not taken.", format!("'{text}' is not a number of degrees Celsius."));
            input.set_value(&kept);
            return;
        }
        let (nerve, recorded_from) = (of.nerve.clone(), of.recorded_from.clone());
        app.edit(Edit::Test { test: index, kind: of.kind, side: of.side, nerve, recorded_from, temperature_c });
    };
    view! { <label>"Skin "<input id="temperature" class="cell" inputmode="decimal" size="4" placeholder="not measured" prop:value=now on:change=take/>" \u{b0}C"</label> }
}

/// The distance, typed in place. The first site's is that to the recording electrode.
pub fn distance_cell(app: App, test: usize, site: usize, view: &SiteView, segment: bool, of: &TestView) -> impl IntoView + use<> {
    let now = view.distance_mm.map(|mm| number(mm, 5)).unwrap_or_default();
    let kept = now.clone();
    let label = if segment {
        format!("Distance to the next more distal site, {}, in mm", view.name)
    } else {
        format!("Distance from {} to the recording electrode, in mm", view.name)
    };
    // The distance that the limits are made for, as a hint.
    let usual = of.study.as_ref().and_then(|study| study.distal_mm).filter(|_| site == 0).map(|mm| number(mm, 4)).unwrap_or_default();
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
    // Enter goes on to the next site, and from the last one back to the traces.
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" {
            let next = format!("distance-{}", site + 1);
            let there = page::document().is_some_and(|document| document.get_element_by_id(&next).is_some());
            commands::focus(if there { &next } else { "scope" });
        }
    };
    view! { <input id=format!("distance-{site}") on:keydown=on_key class="cell" class:person=view.distance_by_person inputmode="decimal" size="5" aria-label=label placeholder=usual prop:value=now on:change=take/> }
}
