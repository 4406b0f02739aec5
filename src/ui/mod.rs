//! Leptos components.
use leptos::prelude::*;
/// Mounts.
pub fn mount() {
    mount_to_body(|| view! { <p>"hello"</p> });
}
