//! The list of what a study holds: nerve tests and recordings.

use leptos::prelude::*;

use super::icons::{self, icon};
use super::state::{App, Dialog, Selection};
use crate::engine::protocol::{StudyView, SweepView, TestView, scenes};
use crate::model::Side;

/// Side and name of an entry, and whether its quality is in doubt.
fn entry(study: &StudyView, selection: Selection) -> (&'static str, String, bool) {
    match selection {
        Selection::Test(index) => study.tests.get(index).map_or(("", String::new(), false), test),
        Selection::Recording(index) => ("", study.recordings.get(index).map(|recording| recording.name.clone()).unwrap_or_default(), false),
        Selection::Together => ("", "Comparisons".to_owned(), false),
        Selection::Conclusion => ("", "Conclusion".to_owned(), false),
        Selection::Needle => match study.needle.rows.len() {
            0 => ("", "Table of muscles".to_owned(), false),
            n => ("", format!("Table of muscles, {n}"), false),
        },
    }
}

fn test(test: &TestView) -> (&'static str, String, bool) {
    let side = test.side.map_or("", |side| if side == Side::Left { "L" } else { "R" });
    let name = match (test.nerve.as_str(), test.recorded_from.as_str()) {
        ("", "") => test.title.clone(),
        (nerve, "") => nerve.to_owned(),
        ("", from) => from.to_owned(),
        (nerve, from) => format!("{nerve} ({from})"),
    };
    let of_sweep = |sweep: &SweepView| sweep.measurement.as_ref().is_some_and(|m| !m.quality.is_empty());
    (side, name, !test.quality.is_empty() || test.sites.iter().flat_map(scenes::shown).any(of_sweep))
}

/// The tree.
#[component]
pub fn Tree() -> impl IntoView {
    let app = App::here();
    let groups = move || {
        app.study(|study| {
            let named = |selection: Selection| {
                let (side, name, doubt) = entry(study, selection);
                (selection, side, name, doubt)
            };
            let group = |(heading, items): (&'static str, Vec<Selection>)| (heading, items.into_iter().map(named).collect::<Vec<_>>());
            Selection::groups(study).into_iter().map(group).collect::<Vec<_>>()
        })
        .unwrap_or_default()
    };
    view! {
        <nav class="tree" class:open=move || app.sheet.get() aria-label="Examination">
            {move || groups().into_iter().map(|(heading, items)| view! {
                <h2>{heading}<span>{items.len()}</span></h2>
                {items.into_iter().map(|(selection, side, name, doubt)| {
                    let current = move || (app.selection.get() == selection).then_some("true");
                    let glyph = move || if app.selection.get() == selection { icons::ARROW } else if !matches!(selection, Selection::Recording(_)) { icons::CHECK } else { icons::WAVE };
                    view! {
                        <button class="ti" aria-current=current title=name.clone() on:click=move |_| app.select(selection)>
                            {move || icon(glyph())}
                            <span class="side">{side}</span>
                            <span class="nm">{name.clone()}</span>
                            {doubt.then(|| view! { <span class="fl d" title="quality: see the inspector">"?"</span> })}
                        </button>
                    }
                }).collect_view()}
            }).collect_view()}
            <button class="ti add" id="type-nerve" on:click=move |_| app.dialog.set(Some(Dialog::TypeNerve))>
                {icon(icons::ADD)}
                <span class="side"></span>
                <span class="nm">"Type values\u{2026}"</span>
            </button>
        </nav>
    }
}
