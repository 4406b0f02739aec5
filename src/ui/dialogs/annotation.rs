//! One annotation: text, onset, duration.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::Edit;
use crate::model::Annotation;
use crate::ui::state::App;

/// The dialog for annotation `id`, or for a new one at `at_s`.
pub fn annotation(id: Option<usize>, at_s: f64) -> impl IntoView {
    let app = App::here();
    let kept = untrack(|| app.recording())
        .and_then(|(_, recording)| recording.annotations.into_iter().find(|entry| Some(entry.id) == id))
        .map(|entry| entry.annotation);
    let between = {
        let [a, b] = app.continuous.with_untracked(|view| view.cursors);
        a.zip(b).map(|(a, b)| (a.min(b), (b - a).abs()))
    };
    let start = kept.as_ref().map_or(between.map_or(at_s, |(a, _)| a), |annotation| annotation.onset_s);
    let length = kept.as_ref().map_or(between.map(|(_, length)| length), |annotation| annotation.duration_s);
    let text = RwSignal::new(kept.as_ref().map(|annotation| annotation.text.clone()).unwrap_or_default());
    let onset = RwSignal::new(format!("{start:.6}").trim_end_matches('0').trim_end_matches('.').to_owned());
    let duration =
        RwSignal::new(length.map(|s| format!("{s:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()).unwrap_or_default());
    let problem = RwSignal::new(String::new());
    let channel = kept.as_ref().and_then(|annotation| annotation.channel);
    let exists = kept.is_some();
    let take = move || -> Result<Annotation, String> {
        let onset_s = typed(&onset.get_untracked())?.ok_or("The onset is missing.")?;
        let duration_s = typed(&duration.get_untracked())?;
        if duration_s.is_some_and(|s| s < 0.0) {
            return Err("A duration is not negative.".into());
        }
        let words = text.get_untracked().trim().to_owned();
        if words.is_empty() {
            return Err("The text is missing.".into());
        }
        Ok(Annotation { onset_s, duration_s, text: words, channel })
    };
    let save = move || match (take(), untrack(|| app.recording_index())) {
        (Ok(annotation), Some(recording)) => {
            match id.filter(|_| exists) {
                Some(id) => app.edit(Edit::SetAnnotation { recording, id, annotation: Some(annotation) }),
                None => app.edit(Edit::AddAnnotation { recording, annotation }),
            }
            app.dialog.set(None);
        }
        (Err(what), _) => problem.set(what),
        (Ok(_), None) => app.dialog.set(None),
    };
    let delete = move |_| {
        if let (Some(recording), Some(id)) = (untrack(|| app.recording_index()), id) {
            app.edit(Edit::SetAnnotation { recording, id, annotation: None });
        }
        app.continuous.update(|view| view.annotation = None);
        app.dialog.set(None);
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); save(); }>
            <label>"Text"<input class="field" autofocus prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event))/></label>
            <label>"Onset, s"<input class="field" inputmode="decimal" prop:value=move || onset.get() on:input=move |event| onset.set(event_target_value(&event))/></label>
            <label>"Duration, s"<input class="field" inputmode="decimal" placeholder="a moment" prop:value=move || duration.get() on:input=move |event| duration.set(event_target_value(&event))/></label>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end">
                {exists.then(|| view! { <button type="button" class="btn" on:click=delete>"Delete"</button> })}
                <button type="submit" class="btn primary">{if exists { "Change" } else { "Add" }}</button>
            </p>
        </form>
    }
}
