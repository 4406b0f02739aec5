//! Sweeps out of a recording that does not say it holds any: every channel a sweep, or a sweep
//! around each annotation of one text.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::model::DerivedTest;
use crate::ui::state::App;

/// The dialog.
#[component]
pub fn MakeSweeps() -> impl IntoView {
    let app = App::here();
    let recording = untrack(|| app.recording());
    let index = recording.as_ref().map_or(0, |(index, _)| *index);
    let (channels, mut texts): (Vec<String>, Vec<String>) = recording
        .map(|(_, view)| (view.channels, view.annotations.into_iter().map(|entry| entry.annotation.text.trim().to_owned()).collect()))
        .unwrap_or_default();
    texts.sort();
    texts.dedup();
    texts.truncate(200);
    let has_texts = !texts.is_empty();
    let from_channels = RwSignal::new(!has_texts);
    let text = RwSignal::new(texts.first().cloned().unwrap_or_default());
    let channel = RwSignal::new(0_usize);
    let before = RwSignal::new("5".to_owned());
    let after = RwSignal::new("50".to_owned());
    let stimulus = RwSignal::new(String::new());
    let problem = RwSignal::new(String::new());
    let make = move || -> Result<DerivedTest, String> {
        if from_channels.get_untracked() {
            return Ok(DerivedTest::Channels { recording: index, stimulus_s: typed(&stimulus.get_untracked())?.map(|ms| ms / 1e3) });
        }
        let ms = |field: RwSignal<String>| {
            typed(&field.get_untracked())
                .and_then(|ms| ms.filter(|ms| *ms >= 0.0).ok_or_else(|| "Give both times in ms, not negative.".to_owned()))
        };
        Ok(DerivedTest::Annotations {
            recording: index,
            channel: channel.get_untracked(),
            text: text.get_untracked(),
            moments_s: Vec::new(),
            before_s: ms(before)? / 1e3,
            after_s: ms(after)? / 1e3,
        })
    };
    let save = move || match make() {
        Ok(test) => {
            app.edit(Edit::DeriveTest { test });
            app.dialog.set(None);
        }
        Err(what) => problem.set(what),
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); save(); }>
            <label class="check"><input type="radio" name="from" autofocus disabled=!has_texts prop:checked=move || !from_channels.get() on:change=move |_| from_channels.set(false)/>"Around each annotation of one text"</label>
            <Show when=move || !from_channels.get()>
                <label>"Annotation"<select class="field" on:change=move |event| text.set(event_target_value(&event))>{texts.iter().map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()}</select></label>
                <label>"Channel"<select class="field" on:change=move |event| channel.set(event_target_value(&event).parse().unwrap_or(0))>{channels.iter().enumerate().map(|(index, name)| view! { <option value=index.to_string()>{name.clone()}</option> }).collect_view()}</select></label>
                <label>"Before, ms"<input class="field" inputmode="decimal" prop:value=move || before.get() on:input=move |event| before.set(event_target_value(&event))/></label>
                <label>"After, ms"<input class="field" inputmode="decimal" prop:value=move || after.get() on:input=move |event| after.set(event_target_value(&event))/></label>
            </Show>
            <label class="check"><input type="radio" name="from" prop:checked=move || from_channels.get() on:change=move |_| from_channels.set(true)/>"Every channel is one sweep"</label>
            <Show when=move || from_channels.get()>
                <label>"Stimulus, ms after the first sample"<input class="field" inputmode="decimal" placeholder="not known" prop:value=move || stimulus.get() on:input=move |event| stimulus.set(event_target_value(&event))/></label>
            </Show>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end"><button type="submit" class="btn primary">"Make sweeps"</button></p>
        </form>
    }
}
