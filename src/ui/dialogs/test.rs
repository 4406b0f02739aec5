//! What a nerve test is: kind, side, nerve, recording site, temperature.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::model::{Side, TestKind};
use crate::ui::live;
use crate::ui::state::App;

/// The dialog for a test.
pub fn test(index: usize) -> impl IntoView {
    let app = App::here();
    let now = untrack(|| app.study(|study| study.tests.get(index).cloned()).flatten());
    let kind = RwSignal::new(now.as_ref().map_or(TestKind::Unknown, |test| test.kind));
    let side = RwSignal::new(now.as_ref().and_then(|test| test.side));
    let nerve = RwSignal::new(now.as_ref().map(|test| test.nerve.clone()).unwrap_or_default());
    let from = RwSignal::new(now.as_ref().map(|test| test.recorded_from.clone()).unwrap_or_default());
    let temperature = RwSignal::new(now.as_ref().and_then(|test| test.temperature_c).map(|c| c.to_string()).unwrap_or_default());
    let sites: Vec<_> = now.map(|test| test.sites.into_iter().map(|site| site.name).collect()).unwrap_or_default();
    let names = StoredValue::new(sites.iter().map(|name| RwSignal::new(name.clone())).collect::<Vec<_>>());
    let before = StoredValue::new(sites);
    let problem = RwSignal::new(String::new());
    // While it is recorded all else is known already.
    let running = live::running(app);
    let save = move || match typed(&temperature.get_untracked()) {
        Err(what) => problem.set(what),
        Ok(temperature_c) => {
            let gesture = Some(app.new_gesture());
            app.edit_in(
                Edit::Test {
                    test: index,
                    kind: kind.get_untracked(),
                    side: side.get_untracked(),
                    nerve: nerve.get_untracked().trim().to_owned(),
                    recorded_from: from.get_untracked().trim().to_owned(),
                    temperature_c,
                },
                gesture,
            );
            for (site, (name, old)) in names.get_value().iter().zip(before.get_value()).enumerate() {
                let name = name.get_untracked();
                if name != old {
                    app.edit_in(Edit::SiteName { test: index, site, name }, gesture);
                }
            }
            app.dialog.set(None);
        }
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); save(); }>
            <label>"Kind"<select class="field" autofocus=!running on:change=move |event| {
                let name = event_target_value(&event);
                kind.set(TestKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(TestKind::Unknown));
            }>{TestKind::ALL.into_iter().map(|value| view! { <option value=value.name() selected=move || kind.get() == value>{if value == TestKind::Unknown { "Not stated" } else { value.name() }}</option> }).collect_view()}</select></label>
            <label>"Side"<select class="field" on:change=move |event| side.set(match event_target_value(&event).as_str() { "L" => Some(Side::Left), "R" => Some(Side::Right), _ => None })>
                <option value="" selected=move || side.get().is_none()>"not stated"</option>
                <option value="L" selected=move || side.get() == Some(Side::Left)>"left"</option>
                <option value="R" selected=move || side.get() == Some(Side::Right)>"right"</option>
            </select></label>
            <label>"Nerve"<input class="field" placeholder="Median" prop:value=move || nerve.get() on:input=move |event| nerve.set(event_target_value(&event))/></label>
            <label>"Recorded from"<input class="field" placeholder="APB" prop:value=move || from.get() on:input=move |event| from.set(event_target_value(&event))/></label>
            <label>"Skin temperature, \u{b0}C"<input class="field" autofocus=running inputmode="decimal" placeholder="not measured" prop:value=move || temperature.get() on:input=move |event| temperature.set(event_target_value(&event))/></label>
            {names.get_value().into_iter().enumerate().map(|(site, name)| view! {
                <label>{format!("Site {}", site + 1)}<input class="field" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))/></label>
            }).collect_view()}
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end"><button type="submit" class="btn primary">"Done"</button></p>
        </form>
    }
}
