//! The line of the electrodes' impedances, while they are measured.

use leptos::prelude::*;

use super::guide;
use super::icons::{self, icon};
use super::state::App;
use crate::engine::protocol::{ElectrodeView, GuideAsk, ImpedanceView};
use crate::scene::divisions::number;

/// Begins to measure, or ends.
pub fn toggle(app: App) {
    let on = app.live.view.with_untracked(|view| view.as_ref().is_none_or(|view| view.impedance.is_none()));
    guide::ask(app, GuideAsk::Impedances { on });
}

fn kilohms(ohm: u32) -> String {
    format!("{} k\u{3a9}", number(f64::from(ohm) / 1000.0, 3))
}

fn line(electrode: &ElectrodeView, max_ohm: u32) -> impl IntoView + use<> {
    let (look, words) = match (electrode.contact, electrode.ohm, electrode.high) {
        (false, ..) => ("chip abn", "no contact".to_owned()),
        (true, None, _) => ("chip", "not measured".to_owned()),
        (true, Some(ohm), None) => ("chip", kilohms(ohm)),
        (true, Some(ohm), Some(true)) => ("chip doubt", format!("{}, above {}", kilohms(ohm), kilohms(max_ohm))),
        (true, Some(ohm), Some(false)) => ("chip done", format!("{}, good", kilohms(ohm))),
    };
    let sign = match look {
        "chip done" => Some(icon(icons::CHECK)),
        "chip" => None,
        _ => Some(icon(icons::WARN)),
    };
    view! { <span class=look>{sign}<b>{electrode.name.clone()}</b>" "{words}</span> }
}

/// The line.
#[component]
pub fn ImpedanceBar() -> impl IntoView {
    let app = App::here();
    let view = Memo::new(move |_| app.live.view.with(|view| view.as_ref()?.impedance.clone()));
    let electrodes = move |view: &ImpedanceView| view.electrodes.iter().map(|electrode| line(electrode, view.max_ohm)).collect_view();
    let at = |view: &ImpedanceView| match (view.electrodes.is_empty(), view.hz) {
        (true, _) => "measuring\u{2026}".to_owned(),
        (false, 0) => String::new(),
        (false, hz) => format!("at {hz} Hz"),
    };
    view! {
        {move || view.get().map(|view| view! {
            <section class="live guide" id="impedances" aria-label="Impedances">
                <b class="name">"Impedances"</b>
                {if view.why.is_empty() { electrodes(&view).into_any() } else { view! { <span class="doubt-t" role="status">{view.why.clone()}</span> }.into_any() }}
                {view.why.is_empty().then(|| view! { <span>{at(&view)}</span> })}
                <button class="btn quiet" on:click=move |_| guide::ask(app, GuideAsk::Impedances { on: false })>"Close"</button>
            </section>
        })}
    }
}
