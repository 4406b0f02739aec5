//! A device that nobody knows, described: frames of bytes, or lines of numbers.

use leptos::prelude::*;

use crate::ui::devices::{self, Described};
use crate::ui::state::App;

/// Fields of a description by their place in [`Described`].
const NAME: usize = 0;
const KIND: usize = 1;
const BAUD: usize = 2;
const HEADER: usize = 3;
const COUNTER: usize = 4;
const BEFORE: usize = 5;
const VALUES: usize = 6;
const NUMBER: usize = 7;
const ORDER: usize = 8;
const AFTER: usize = 9;
const FOOTER: usize = 10;
const SCALE: usize = 11;
const RATE: usize = 12;

/// The dialog: a new description, or the one of this name.
pub fn device(name: Option<String>) -> impl IntoView {
    let app = App::here();
    let known =
        name.and_then(|name| app.live.known.described.with_untracked(|list| list.iter().find(|device| device.0[0] == name).cloned()));
    let old = known.as_ref().map(|device| device.0[NAME].clone());
    let device = RwSignal::new(known.unwrap_or_else(Described::new));
    let problem = RwSignal::new(String::new());
    let set = move |field: usize, text: String| device.update(|device| device.0[field] = text);
    let field = move |at: usize, words: &'static str, hint: &'static str| {
        view! { <label>{words}<input class="field" autofocus=at == NAME placeholder=hint prop:value=move || device.with(|device| device.0[at].clone()) on:input=move |event| set(at, event_target_value(&event))/></label> }
    };
    let choice = move |at: usize, words: &'static str, options: &'static [(&'static str, &'static str)]| {
        let option = move |(id, name): &(&'static str, &'static str)| view! { <option value=*id selected=device.with_untracked(|device| device.0[at] == *id)>{*name}</option> };
        view! { <label>{words}<select class="field" on:change=move |event| set(at, event_target_value(&event))>{options.iter().map(option).collect_view()}</select></label> }
    };
    let frames = Memo::new(move |_| device.with(|device| device.0[KIND] == "frames"));
    let gone = old.clone();
    let save = move || match device.with_untracked(Described::config) {
        Ok(_) => {
            if let Some(old) = &old {
                devices::forget(app, old);
            }
            device.with_untracked(|device| devices::keep(app, device));
            app.dialog.set(None);
        }
        Err(what) => problem.set(what),
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); save(); }>
            {field(NAME, "Name", "of the device, as you call it")}
            {choice(KIND, "It sends", &[("frames", "frames of bytes"), ("text", "lines of numbers")])}
            {field(BAUD, "Baud", "115200")}
            <Show when=move || frames.get()>
                {field(HEADER, "Header, hexadecimal", "A5 5A")}
                {choice(COUNTER, "Counter behind it", &[("0", "none"), ("1", "1 byte"), ("2", "2 bytes"), ("4", "4 bytes")])}
                {field(BEFORE, "Bytes to skip before the values", "0")}
                {field(VALUES, "Values in a frame", "8")}
                {choice(NUMBER, "Each is", &[("i16", "16 bits, signed"), ("u16", "16 bits, unsigned"), ("i24", "24 bits, signed"), ("i32", "32 bits, signed")])}
                {choice(ORDER, "Byte order", &[("big", "high byte first"), ("little", "low byte first")])}
                {field(AFTER, "Bytes to skip behind them", "0")}
                {field(FOOTER, "Footer, hexadecimal", "none")}
            </Show>
            {move || if frames.get() { field(RATE, "Frames a second", "1000") } else { field(RATE, "Lines a second", "by their arrival") }}
            {field(SCALE, "Microvolts a number", "not calibrated")}
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end">
                {gone.map(|name| view! { <button type="button" class="btn quiet" on:click=move |_| { devices::forget(app, &name); app.dialog.set(None); }>"Forget it"</button> })}
                <button type="submit" class="btn primary">"Keep"</button>
            </p>
        </form>
    }
}
