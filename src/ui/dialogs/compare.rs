//! A test to lay behind the one in view: the other side, or an earlier study that is open.

use leptos::prelude::*;

use crate::engine::protocol::StudyKey;
use crate::model::Side;
use crate::ui::state::App;
use crate::ui::sweeps;

/// Tests that may be compared with the one in view, the same nerve of the other side first:
/// study, test, name.
pub fn candidates(app: App) -> Vec<(StudyKey, usize, String)> {
    let Some((here, test)) = untrack(|| app.test()) else { return Vec::new() };
    let active = app.active.get_untracked();
    let mut found = app.studies.with_untracked(|studies| {
        let all = studies.iter().flat_map(|study| study.tests.iter().enumerate().map(move |(index, other)| (study, index, other)));
        let others = all.filter(|(study, index, other)| (Some(study.study), *index) != (active, here) && !other.sites.is_empty());
        others
            .map(|(study, index, other)| {
                let own = Some(study.study) == active;
                let same = (other.kind == test.kind, other.nerve == test.nerve, other.recorded_from == test.recorded_from);
                let opposite = own && other.side != test.side;
                let rank = i32::from(same.0) * 8 + i32::from(same.1) * 4 + i32::from(same.2) * 2 + i32::from(opposite || !own);
                let name = if own { other.title.clone() } else { format!("{} ({})", other.title, study.title) };
                (rank, study.study, index, name)
            })
            .collect::<Vec<_>>()
    });
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
    found.into_iter().map(|(_, study, index, name)| (study, index, name)).collect()
}

/// The name of a comparison at its traces.
pub fn name(app: App, study: StudyKey, test: usize) -> String {
    let side = |side: Option<Side>| side.map_or("", |side| if side == Side::Left { "L " } else { "R " });
    let active = app.active.get_untracked();
    app.studies.with_untracked(|studies| {
        let found = studies.iter().find(|of| of.study == study).and_then(|of| Some((of, of.tests.get(test)?)));
        found.map_or_else(
            String::new,
            |(of, test)| {
                if Some(study) == active { format!("{}{}", side(test.side), test.nerve) } else { of.title.clone() }
            },
        )
    })
}

/// The dialog.
#[component]
pub fn Compare() -> impl IntoView {
    let app = App::here();
    let list = candidates(app);
    let none = list.is_empty();
    view! {
        <div class="form">
            <p class="muted">"Drawn behind the traces in view, dashed, at the same scale. Open an earlier study beside this one to compare with it."</p>
            {none.then(|| view! { <p>"There is no other test here."</p> })}
            <ol class="choices">
                {list.into_iter().take(30).map(|(study, test, name)| view! {
                    <li><button class="btn choice" on:click=move |_| { sweeps::compare(app, Some((study, test))); app.dialog.set(None); }><span>{name}</span></button></li>
                }).collect_view()}
                <li><button class="btn choice" on:click=move |_| { sweeps::compare(app, None); app.dialog.set(None); }><span>"No comparison"</span></button></li>
            </ol>
        </div>
    }
}
