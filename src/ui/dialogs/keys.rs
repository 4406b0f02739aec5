//! The list of all keys.

use leptos::prelude::*;

use crate::ui::commands::KEYS;

/// The list.
#[component]
pub fn Keys() -> impl IntoView {
    view! {
        <div class="keys">
            {KEYS.iter().map(|(heading, rows)| view! {
                <section><h3>{*heading}</h3><dl>
                    {rows.iter().map(|(keys, what)| view! { <dt>{keys.split(' ').map(|key| view! { <kbd class="always">{key}</kbd>" " }).collect_view()}</dt><dd>{*what}</dd> }).collect_view()}
                </dl></section>
            }).collect_view()}
        </div>
    }
}
