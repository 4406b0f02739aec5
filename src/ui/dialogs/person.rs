//! The person examined, as far as limits and conclusions need it, and why they were sent.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::model::{Context, Sided};
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
    let weight = RwSignal::new(words(now.context.weight_kg));
    let leg = RwSignal::new(words(now.context.leg_length_cm));
    let day = RwSignal::new(now.context.onset.clone().unwrap_or_default());
    let side = |side: Option<Sided>| RwSignal::new(side.map(|side| side.word().to_owned()).unwrap_or_default());
    let (hand, affected) = (side(now.context.hand), side(now.context.affected));
    let texts = [now.context.question, now.context.history, now.context.medication, now.context.implants].map(RwSignal::new);
    let problem = RwSignal::new(String::new());
    let read = move || {
        let number = |field: RwSignal<String>| typed(&field.get_untracked());
        let side = |field: RwSignal<String>| Sided::ALL.into_iter().find(|side| side.word() == field.get_untracked());
        let [question, history, medication, implants] = texts.map(|text| text.get_untracked().trim().to_owned());
        let day = Some(day.get_untracked()).filter(|day| !day.is_empty());
        let context = Context {
            weight_kg: number(weight)?,
            leg_length_cm: number(leg)?,
            hand: side(hand),
            affected: side(affected),
            onset: day,
            question,
            history,
            medication,
            implants,
        };
        let person = Edit::Person {
            height_cm: number(height)?,
            age_years: number(age)?,
            sex: Some(sex.get_untracked()),
            onset_weeks: number(onset)?,
        };
        Ok::<_, String>((person, Edit::Context { context: Box::new(context) }))
    };
    let save = move || match read() {
        Err(what) => problem.set(what),
        Ok((person, context)) => {
            // One step for undo.
            let gesture = Some(app.new_gesture());
            app.edit_in(person, gesture);
            app.edit_in(context, gesture);
            app.dialog.set(None);
        }
    };
    view! {
        <form class="form person" on:submit=move |event| { event.prevent_default(); save(); }>
            <p class="muted">"Limits by age, height and sex are taken for these; the F estimate needs the height, the H reflex expected of a person the leg and the age."</p>
            <div class="pair">
                {field("Height, cm", height, "decimal", true)}
                {field("Age, years", age, "decimal", false)}
                <label>"Sex"<select class="field" on:change=move |event| sex.set(event_target_value(&event))>
                    <option value="" selected=move || !matches!(sex.get().as_str(), "F" | "M")>"not stated"</option>
                    <option value="F" selected=move || sex.get() == "F">"female"</option>
                    <option value="M" selected=move || sex.get() == "M">"male"</option>
                </select></label>
                {field("Weight, kg", weight, "decimal", false)}
                {field("Leg, knee crease to medial malleolus, cm", leg, "decimal", false)}
                {choice("Dominant hand", hand)}
                {choice("Affected side", affected)}
                {field("First symptom, weeks ago", onset, "decimal", false)}
                <label>"or its day"<input class="field" type="date" prop:value=move || day.get() on:input=move |event| day.set(event_target_value(&event))/></label>
            </div>
            <p class="muted">"The day sets the weeks when the files state the day of the test."</p>
            {area("Question to the test", texts[0], 2)}
            {area("History and findings", texts[1], 3)}
            <div class="pair">
                {area("Medication that matters", texts[2], 2)}
                {area("Implanted devices", texts[3], 2)}
            </div>
            <p class="muted">"Free text stays in a report without names: write no name here."</p>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end"><button type="submit" class="btn primary">"Done"</button></p>
        </form>
    }
}

fn field(label: &'static str, value: RwSignal<String>, mode: &'static str, first: bool) -> impl IntoView {
    view! {
        <label>{label}<input class="field" autofocus=first inputmode=mode placeholder="not stated" prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))/></label>
    }
}

fn area(label: &'static str, value: RwSignal<String>, rows: u8) -> impl IntoView {
    view! {
        <label>{label}<textarea class="field" rows=rows prop:value=move || value.get() on:input=move |event| value.set(event_target_value(&event))></textarea></label>
    }
}

fn choice(label: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <label>{label}<select class="field" on:change=move |event| value.set(event_target_value(&event))>
            <option value="" selected=move || value.get().is_empty()>"not stated"</option>
            {Sided::ALL.map(|side| view! { <option value=side.word() selected=move || value.get() == side.word()>{side.word()}</option> })}
        </select></label>
    }
}
