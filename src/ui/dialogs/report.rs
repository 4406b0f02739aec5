//! The report as it will look, in each of its depths, and its files.

use leptos::prelude::*;

use super::sign::{self, Signing};
use crate::engine::protocol::{ReportDepth, ReportForm, ReportWanted, Request};
use crate::ui::pdf;
use crate::ui::state::App;
use crate::web::page;

/// The dialog, opened at one depth.
pub fn report(depth: ReportDepth) -> impl IntoView {
    let app = App::here();
    let wanted = RwSignal::new(ReportWanted { depth, nameless: false, version: sign::newest(app) });
    // What is asked for anew replaces what is shown once it is there.
    Effect::new(move |_| {
        let wanted = wanted.get();
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Preview { study, wanted });
        }
    });
    on_cleanup(move || app.preview.set(None));
    let save = move |form: ReportForm| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Report { study, wanted: wanted.get_untracked(), form });
        }
    };
    let shown = Memo::new(move |_| {
        app.preview.with(|preview| preview.as_ref().filter(|(of, _)| *of == wanted.get()).map(|(_, html)| html.clone()))
    });
    view! {
        <div class="reporting">
            <div class="row tools">
                <div class="seg-c" role="group" aria-label="Depth">
                    {ReportDepth::ALL.map(|depth| view! {
                        <button class="btn" aria-pressed=move || (wanted.get().depth == depth).to_string()
                            on:click=move |_| wanted.update(|wanted| wanted.depth = depth)>{depth.name()}</button>
                    })}
                </div>
                <label class="check"><input type="checkbox" on:change=move |event| wanted.update(|wanted| wanted.nameless = event_target_checked(&event))/>"Without names"</label>
                <span class="grow"></span>
                {move || match app.pdf.busy.get() {
                    Some(_) => view! { <span class="busy" role="status">"Making the PDF\u{2026}"</span><button class="btn" on:click=move |_| pdf::cancel(app)>"Cancel"</button> }.into_any(),
                    None => view! { <button class="btn primary" on:click=move |_| pdf::make(app, wanted.get_untracked(), false)>"Save PDF"</button> }.into_any(),
                }}
                <button class="btn" on:click=move |_| save(ReportForm::Html) title="one file that any browser opens">"Save HTML"</button>
                <button class="btn" on:click=move |_| save(ReportForm::Text) title="for pasting into a record system">"Save text"</button>
                <button class="btn" on:click=move |_| pdf::make(app, wanted.get_untracked(), true) prop:disabled=move || app.pdf.busy.get().is_some() title="the PDF within a DICOM object, for an image archive">"Save DICOM"</button>
                <button class="btn" on:click=move |_| page::print()>"Print"</button>
            </div>
            <Signing wanted=wanted/>
            <div class="paper" tabindex="0" role="region" aria-label="Report">
                {move || match shown.get() {
                    // Made by the engine, which escapes every text in it.
                    Some(html) => view! { <div inner_html=html></div> }.into_any(),
                    None => view! { <p class="legend">"Writing the report \u{2026}"</p> }.into_any(),
                }}
            </div>
        </div>
    }
}
