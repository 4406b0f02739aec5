//! Line icons, 16 by 16.

use leptos::prelude::*;

/// An icon from its path data.
pub fn icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}

/// The mark of the program.
pub const MARK: &str = "M1 9h3l1.2-2 1.6 6.5L9 2.5l1.6 8L12 9h3";
/// Done.
pub const CHECK: &str = "M3 8.5l3.2 3.2L13 4.8";
/// Current.
pub const ARROW: &str = "M5 3.5l6 4.5-6 4.5z";
/// A recording.
pub const WAVE: &str = "M1 8h2l1.5-4 2.5 9 2.5-7 1.5 2H15";
/// Warning.
pub const WARN: &str = "M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.6v.6";
/// Add.
pub const ADD: &str = "M8 3.5v9M3.5 8h9";
/// Close.
pub const CLOSE: &str = "M4 4l8 8M12 4l-8 8";
/// Stop.
pub const STOP: &str = "M4 4h8v8H4z";
/// Again and again.
pub const LOOP: &str = "M3 9.5V6.5a2 2 0 0 1 2-2h7M10 2.2l2.4 2.3L10 6.8M13 6.5v3a2 2 0 0 1-2 2H4M6 9.2l-2.4 2.3L6 13.8";
/// Sound.
pub const SPEAKER: &str = "M2.5 6h2.3L8.5 3v10L4.8 10H2.5zM10.8 5.6a3.4 3.4 0 0 1 0 4.8M12.6 3.8a6 6 0 0 1 0 8.4";
