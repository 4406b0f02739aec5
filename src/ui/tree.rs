//! The list of what a study holds: nerve tests and recordings.

use leptos::prelude::*;

use super::icons::{self, icon};
use super::state::{App, Selection};
use crate::engine::protocol::{SweepView, scenes};
use crate::model::{Side, TestKind};

/// The tree.
#[component]
pub fn Tree() -> impl IntoView {
    let app = App::here();
    let groups = move || {
        app.study(|study| {
            let of = |kind: TestKind| {
                let tests = study.tests.iter().enumerate().filter(move |(_, test)| test.kind == kind);
                tests
                    .map(|(index, test)| {
                        let side = test.side.map_or("", |side| if side == Side::Left { "L" } else { "R" });
                        let name = match (test.nerve.as_str(), test.recorded_from.as_str()) {
                            ("", "") => test.title.clone(),
                            (nerve, "") => nerve.to_owned(),
                            ("", from) => from.to_owned(),
                            (nerve, from) => format!("{nerve} ({from})"),
                        };
                        let of_sweep = |sweep: &SweepView| sweep.measurement.as_ref().is_some_and(|m| !m.quality.is_empty());
                        let doubt = !test.quality.is_empty() || test.sites.iter().flat_map(scenes::shown).any(of_sweep);
                        (Selection::Test(index), side, name, doubt)
                    })
                    .collect::<Vec<_>>()
            };
            let mut groups: Vec<(String, Vec<_>)> =
                TestKind::ALL.into_iter().map(|kind| (kind.name().to_owned(), of(kind))).filter(|(_, items)| !items.is_empty()).collect();
            let recordings = study
                .recordings
                .iter()
                .enumerate()
                .map(|(index, recording)| (Selection::Recording(index), "", recording.name.clone(), false));
            if study.tests.len() > 1 {
                groups.push(("Together".to_owned(), vec![(Selection::Together, "", "Comparisons".to_owned(), false)]));
            }
            let recordings: Vec<_> = recordings.collect();
            if !recordings.is_empty() || !study.needle.rows.is_empty() {
                let words = match study.needle.rows.len() {
                    0 => "Table of muscles".to_owned(),
                    n => format!("Table of muscles, {n}"),
                };
                groups.push(("Needle EMG".to_owned(), vec![(Selection::Needle, "", words, false)]));
            }
            if !recordings.is_empty() {
                groups.push(("Recordings".to_owned(), recordings));
            }
            groups
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
        </nav>
    }
}
