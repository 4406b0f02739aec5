//! Height, age and sex, which limits depend on, and since when, which conclusions depend on.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::ui::state::App;

/// The dialog.
#[component]
pub fn Person() -> impl IntoView {
    let app = App::here();
    let now = app.study_now(|study| study.person.clone()).unwrap_or_default();
    let words = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let height = RwSignal::new(words(now.height_cm));
    let age = RwSignal::new(words(now.age_years));
    let onset = RwSignal::new(words(now.onset_weeks));
    let sex = RwSignal::new(now.sex);
    let problem = RwSignal::new(String::new());
    let save = move || {
        let read = || Ok::<_, String>((typed(&height.get_untracked())?, typed(&age.get_untracked())?, typed(&onset.get_untracked())?));
        match read() {
            Err(what) => problem.set(what),
            Ok((height_cm, age_years, onset_weeks)) => {
                app.edit(Edit::Person { height_cm, age_years, sex: Some(sex.get_untracked()), onset_weeks });
                app.dialog.set(None);
            }
        }
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); save(); }>
            <p class="muted">"Limits by age, height and sex are taken for these; the F estimate needs the height."</p>
            <label>"Height, cm"<input class="field" autofocus inputmode="decimal" placeholder="not stated" prop:value=move || height.get() on:input=move |event| height.set(event_target_value(&event))/></label>
            <label>"Age, years"<input class="field" inputmode="decimal" placeholder="not stated" prop:value=move || age.get() on:input=move |event| age.set(event_target_value(&event))/></label>
            <label>"Sex"<select class="field" on:change=move |event| sex.set(event_target_value(&event))>
                <option value="" selected=move || !matches!(sex.get().as_str(), "F" | "M")>"not stated"</option>
                <option value="F" selected=move || sex.get() == "F">"female"</option>
                <option value="M" selected=move || sex.get() == "M">"male"</option>
            </select></label>
            <label>"First symptom, weeks ago"<input class="field" inputmode="decimal" placeholder="not stated" prop:value=move || onset.get() on:input=move |event| onset.set(event_target_value(&event))/></label>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end"><button type="submit" class="btn primary">"Done"</button></p>
        </form>
    }
}
