//! Filters of the selected lane, of all lanes, or of the sweep view. They change what is drawn,
//! never the data and never the measurements.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::model::{FilterChain, LineFilter};
use crate::ui::state::{App, Selection};
use crate::ui::{continuous, guide};

/// The dialog.
#[component]
pub fn Filter() -> impl IntoView {
    let app = App::here();
    let in_sweeps = matches!(app.selection.get_untracked(), Selection::Test(_));
    let lane = continuous::selected_lane(app);
    let now = if in_sweeps {
        app.test().map(|(_, test)| test.filter).unwrap_or_default()
    } else {
        lane.as_ref().map(|lane| lane.settings.filter).unwrap_or_default()
    };
    let words = |hz: Option<f64>| hz.map(|hz| hz.to_string()).unwrap_or_default();
    let high = RwSignal::new(words(now.high_pass_hz));
    let low = RwSignal::new(words(now.low_pass_hz));
    let (kind, hz) = match now.line {
        LineFilter::Off => ("off", 50.0),
        LineFilter::Notch(hz) => ("notch", hz),
        LineFilter::Subtract(hz) => ("subtract", hz),
    };
    let line = RwSignal::new(if kind == "off" { "off".to_owned() } else { format!("{kind}-{hz}") });
    let baseline = RwSignal::new(now.baseline);
    let problem = RwSignal::new(String::new());
    let chain = move || -> Result<FilterChain, String> {
        let line = match line.get_untracked().split_once('-') {
            Some(("notch", hz)) => LineFilter::Notch(hz.parse().unwrap_or(50.0)),
            Some(("subtract", hz)) => LineFilter::Subtract(hz.parse().unwrap_or(50.0)),
            _ => LineFilter::Off,
        };
        Ok(FilterChain {
            high_pass_hz: typed(&high.get_untracked())?,
            low_pass_hz: typed(&low.get_untracked())?,
            line,
            baseline: baseline.get_untracked(),
        })
    };
    let apply = move |all: bool| match chain() {
        Err(what) => problem.set(what),
        Ok(filter) => {
            if in_sweeps {
                app.edit(Edit::SweepFilter { filter: Some(filter) });
            } else {
                let selected = continuous::selected_lane(app).map(|lane| lane.settings);
                continuous::edit_lanes(app, "filter", |lanes| {
                    for settings in lanes.iter_mut().filter(|settings| all || selected.as_ref() == Some(settings)) {
                        settings.filter = filter;
                        // The gain that suited the unfiltered signal need not suit this one, unless a person set it.
                    }
                });
            }
            app.dialog.set(None);
        }
    };
    let customary = app.test().filter(|_| in_sweeps).and_then(|(_, test)| test.customary_hz);
    let name = lane.map(|lane| lane.name).unwrap_or_default();
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); apply(in_sweeps); }>
            <p class="muted">{if in_sweeps { "For all sweeps of this study. Markers and values are always taken from the unfiltered signal.".to_owned() + &customary.map(guide::customary).unwrap_or_default() } else { format!("For the lane {name}, or for all. Filters run forwards and backwards, so no peak moves; the data stay as they are.") }}</p>
            <label>"High-pass, Hz"<input class="field" autofocus inputmode="decimal" placeholder="none" prop:value=move || high.get() on:input=move |event| high.set(event_target_value(&event))/></label>
            <label>"Low-pass, Hz"<input class="field" inputmode="decimal" placeholder="none" prop:value=move || low.get() on:input=move |event| low.set(event_target_value(&event))/></label>
            <label>"Mains"
                <select class="field" prop:value=move || line.get() on:change=move |event| line.set(event_target_value(&event))>
                    <option value="off">"as it is"</option>
                    <option value="subtract-50">"subtract 50 Hz and harmonics"</option>
                    <option value="subtract-60">"subtract 60 Hz and harmonics"</option>
                    <option value="notch-50">"notch 50 Hz"</option>
                    <option value="notch-60">"notch 60 Hz"</option>
                </select>
            </label>
            <label class="check"><input type="checkbox" prop:checked=move || baseline.get() on:change=move |event| baseline.set(event_target_checked(&event))/>{if in_sweeps { "Baseline to the level before the stimulus" } else { "Baseline to the median" }}</label>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end">
                <button type="button" class="btn" on:click=move |_| { high.set(String::new()); low.set(String::new()); line.set("off".into()); baseline.set(false); }>"None"</button>
                {customary.map(|_| view! { <button type="button" class="btn" title="Each test through the filters of its study" on:click=move |_| { app.edit(Edit::SweepFilter { filter: None }); app.dialog.set(None); }>"Customary"</button> })}
                {(!in_sweeps).then(|| view! { <button type="button" class="btn" on:click=move |_| apply(false)>"This lane"</button> })}
                <button type="button" class="btn primary" on:click=move |_| apply(true)>{if in_sweeps { "Apply" } else { "All lanes" }}</button>
            </p>
        </form>
    }
}
