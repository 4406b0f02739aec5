//! The live table of a recording's lanes.

use leptos::prelude::*;

use super::continuous;
use super::state::App;
use crate::engine::protocol::LaneView;
use crate::scene::divisions::quantity;

/// The table of a recording's lanes.
#[component]
pub fn LaneTable() -> impl IntoView {
    let app = App::here();
    // Not the whole view: the table must not be made again at every step of a pan.
    let cursors = Memo::new(move |_| app.continuous.with(|view| view.cursors));
    view! {
        <div class="tablewrap" tabindex="0" role="region" aria-label="Lanes">
            {move || app.recording().map(|(_, recording)| {
                let visible: Vec<LaneView> = continuous::visible(&recording).cloned().collect();
                let [a, b] = cursors.get();
                let rows = visible.into_iter().enumerate().map(|(row, lane)| {
                    let value = |time_s: Option<f64>| time_s.and_then(|time_s| continuous::value_at(app, &recording, &lane, time_s));
                    let (at_a, at_b) = (value(a), value(b));
                    let words = |value: Option<f64>| value.map(|value| quantity(value, &lane.unit)).unwrap_or_default();
                    let gain = lane.settings.gain_per_division.unwrap_or(lane.suggested_gain);
                    let rate = if lane.fs_hz >= 1000.0 { format!("{} kHz", crate::scene::divisions::number(lane.fs_hz / 1000.0, 6)) } else { format!("{} Hz", crate::scene::divisions::number(lane.fs_hz, 6)) };
                    view! {
                        <tr class:sel=move || app.continuous.with(|view| view.lane == Some(row)) on:click=move |_| app.continuous.update(|view| view.lane = Some(row))>
                            <th scope="row">{lane.name.clone()}</th>
                            <td class="n">{rate}</td>
                            <td class="n">{format!("{}/div", quantity(gain, &lane.unit))}</td>
                            <td title=lane.amplifier.clone()>{if lane.filter.is_empty() { "none".to_owned() } else { lane.filter.clone() }}</td>
                            <td class="n">{words(at_a)}</td>
                            <td class="n">{words(at_b)}</td>
                            <td class="n">{words(at_a.zip(at_b).map(|(a, b)| b - a))}</td>
                        </tr>
                    }
                }).collect_view();
                let hidden = recording.lanes.iter().filter(|lane| lane.settings.hidden).count();
                view! {
                    <table>
                        <caption class="sr">"Lanes in view with the values at the cursors"</caption>
                        <thead><tr>
                            <th scope="col">"Lane"</th><th scope="col" class="n">"Rate"</th><th scope="col" class="n">"Gain"</th><th scope="col">"Filters"</th>
                            <th scope="col" class="n">"At A"</th><th scope="col" class="n">"At B"</th><th scope="col" class="n">"B \u{2212} A"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                    {(hidden > 0).then(|| view! { <p class="legend">{format!("{hidden} hidden: L shows them.")}</p> })}
                }
            })}
        </div>
    }
}
