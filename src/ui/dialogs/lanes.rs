//! Lanes: show, hide, order, rename, montage.

use leptos::prelude::*;

use crate::model::LaneSettings;
use crate::ui::continuous;
use crate::ui::state::App;

/// The dialog.
#[component]
pub fn Lanes() -> impl IntoView {
    let app = App::here();
    let body = move || {
        let (recording, view) = app.recording()?;
        let settings: Vec<LaneSettings> = view.lanes.iter().map(|lane| lane.settings.clone()).collect();
        let channels = view.channels.clone();
        let send = move |what: &str, lanes: Vec<LaneSettings>| continuous::send_lanes(app, recording, what, lanes);
        let count = settings.len();
        let rows = view.lanes.iter().enumerate().map(|(row, lane)| {
            let (one, two, three, four, five) = (settings.clone(), settings.clone(), settings.clone(), settings.clone(), settings.clone());
            let shown = !lane.settings.hidden;
            let name = lane.name.clone();
            let minus = lane.settings.minus;
            let rename = move |event| {
                let mut lanes = one.clone();
                let text = event_target_value(&event);
                lanes[row].name = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                send("rename lane", lanes);
            };
            let toggle = move |_| {
                let mut lanes = two.clone();
                lanes[row].hidden = shown;
                send(if shown { "hide lane" } else { "show lane" }, lanes);
            };
            let shift = move |by: i32| {
                let mut lanes = three.clone();
                let to = (row as i32 + by).clamp(0, count as i32 - 1) as usize;
                lanes.swap(row, to);
                send("lane order", lanes);
            };
            let shift_down = shift.clone();
            let montage = move |event| {
                let mut lanes = four.clone();
                lanes[row].minus = event_target_value(&event).parse().ok();
                send("montage", lanes);
            };
            let double = move |_| {
                let mut lanes = five.clone();
                lanes.insert(row + 1, LaneSettings { name: None, ..lanes[row].clone() });
                send("add lane", lanes);
            };
            let others = channels.iter().enumerate().filter(|(index, _)| *index != lane.settings.channel);
            let options = others.map(|(index, channel)| view! { <option value=index.to_string() selected=minus == Some(index)>{format!("\u{2212} {channel}")}</option> }).collect_view();
            view! {
                <tr>
                    <td><label class="tick"><input type="checkbox" aria-label=format!("Show {name}") prop:checked=shown on:change=toggle/></label></td>
                    <td><input class="field" aria-label=format!("Name of {name}") prop:value=name.clone() on:change=rename/></td>
                    <td><select class="field" aria-label=format!("Subtract from {name}") on:change=montage><option value="" selected=minus.is_none()>"as recorded"</option>{options}</select></td>
                    <td class="nowrap">
                        <button class="btn icon" aria-label=format!("Move {name} up") disabled=row == 0 on:click=move |_| shift(-1)>"\u{2191}"</button>
                        <button class="btn icon" aria-label=format!("Move {name} down") disabled=row + 1 == count on:click=move |_| shift_down(1)>"\u{2193}"</button>
                        <button class="btn icon" aria-label=format!("Second lane of {name}") title="Another lane of the same channel" on:click=double>"+"</button>
                    </td>
                </tr>
            }
        }).collect_view();
        Some(view! {
            <table class="mini lanes">
                <thead><tr><th scope="col">"Show"</th><th scope="col">"Name"</th><th scope="col">"Montage"</th><th scope="col">"Order"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        })
    };
    view! {
        <div class="form">
            {body}
            <p class="row end"><button class="btn primary" on:click=move |_| app.dialog.set(None)>"Done"</button></p>
        </div>
    }
}
