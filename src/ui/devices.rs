//! Devices to record from: the one of last time, those that are recognised, and those that a person
//! described. What is kept of them stays in this browser.

use leptos::prelude::*;

use super::live;
use super::state::{App, Dialog};
use crate::engine::protocol::{DeviceConfig, FrameFormat, FrameNumber, LiveAsk, LiveView, PortStage, UsbIds};
use crate::web::{page, port};

/// Where descriptions are kept: a line each, fields divided by tabs.
const DESCRIBED: &str = "devices";
/// Where the device of last time is kept: vendor, product, what was chosen, name.
const LAST: &str = "device";
/// Fields of a description.
pub const FIELDS: usize = 13;
/// What a new description begins with, in the order of [`Described`]'s fields.
const FIRST: [&str; FIELDS] = ["", "frames", "115200", "", "0", "0", "8", "i24", "big", "0", "", "", "1000"];

/// A device that a person described, as they typed it: name, kind (`frames`, `text`), baud, header,
/// counter bytes, skipped bytes, values, their number, byte order, skipped bytes, footer, microvolts a
/// number, samples a second.
#[derive(Clone, PartialEq)]
pub struct Described(pub [String; FIELDS]);

impl Described {
    /// An empty one.
    pub fn new() -> Self {
        Self(FIRST.map(str::to_owned))
    }

    /// The device in the engine's terms.
    ///
    /// # Errors
    /// What to change, in a sentence.
    pub fn config(&self) -> Result<DeviceConfig, String> {
        let [name, kind, baud, header, counter, before, channels, number, order, after, footer, scale, rate] = &self.0;
        if name.trim().is_empty() {
            return Err("Give the device a name: it is chosen by it.".into());
        }
        let whole = |text: &str, what: &str| text.trim().parse::<u16>().map_err(|_| format!("{what} is a whole number."));
        let value = |text: &str, what: &str| match text.trim().replace(',', ".") {
            text if text.is_empty() => Ok(None),
            text => text
                .parse::<f64>()
                .ok()
                .filter(|value| *value > 0.0 && value.is_finite())
                .map(Some)
                .ok_or(format!("{what} is a number above zero, or empty.")),
        };
        let baud = baud
            .trim()
            .parse::<u32>()
            .ok()
            .filter(|baud| (300..=12_000_000).contains(baud))
            .ok_or("Give the baud: 115200 for most boards.")?;
        let (scale_uv, rate_hz) = (value(scale, "Microvolts a number")?, value(rate, "The rate")?);
        let config = DeviceConfig { protocol: kind.clone(), baud, scale_uv, rate_hz, ..DeviceConfig::default() };
        if kind == "text" {
            return Ok(config);
        }
        let number = match number.as_str() {
            "u16" => FrameNumber::U16,
            "i24" => FrameNumber::I24,
            "i32" => FrameNumber::I32,
            _ => FrameNumber::I16,
        };
        let frame = FrameFormat {
            header: bytes(header)?,
            counter_bytes: counter.parse().unwrap_or(0),
            skip_before: whole(before, "The number of bytes before the values")?,
            channels: whole(channels, "The number of values")?,
            number,
            big_endian: order == "big",
            skip_after: whole(after, "The number of bytes behind the values")?,
            footer: bytes(footer)?,
            scale_uv,
            rate_hz: rate_hz.unwrap_or(0.0),
        };
        frame.check()?;
        Ok(DeviceConfig { protocol: "generic".into(), frame: Some(frame), ..config })
    }
}

/// Bytes as hexadecimal digits, divided or not.
fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.replace("0x", "").chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let wrong = || format!("'{}' is not bytes in hexadecimal digits, such as A5 5A.", text.trim());
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2).unwrap_or_default(), 16).map_err(|_| wrong()))
        .collect()
}

/// What the page knows of devices.
#[derive(Clone, Copy)]
pub struct Devices {
    /// Those that a person described.
    pub described: RwSignal<Vec<Described>>,
    /// What is chosen: empty to recognise it, the id of a kind, or `=` and the name of a description.
    pub chosen: RwSignal<String>,
    /// The device of last time, plugged in now: its numbers, what was chosen, its name.
    last: RwSignal<Option<(UsbIds, String, String)>>,
    /// The one that was connected now.
    now: RwSignal<Option<(UsbIds, String)>>,
}

impl Devices {
    pub fn new() -> Self {
        let lines = page::setting(DESCRIBED).unwrap_or_default();
        let read = |line: &str| {
            let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
            <[String; FIELDS]>::try_from(fields).ok().map(Described)
        };
        Self {
            described: RwSignal::new(lines.lines().filter_map(read).collect()),
            chosen: RwSignal::new(String::new()),
            last: RwSignal::new(None),
            now: RwSignal::new(None),
        }
    }
}

/// Keeps a description under its name, and chooses it.
pub fn keep(app: App, device: &Described) {
    let name = device.0[0].trim().to_owned();
    let clean = Described(device.0.clone().map(|field| field.replace(['\t', '\n'], " ").trim().to_owned()));
    app.live.known.described.update(|list| {
        list.retain(|other| other.0[0] != name);
        list.push(clean);
    });
    app.live.known.chosen.set(format!("={name}"));
    store(app);
}

/// Forgets a description.
pub fn forget(app: App, name: &str) {
    app.live.known.described.update(|list| list.retain(|other| other.0[0] != name));
    app.live.known.chosen.set(String::new());
    store(app);
}

fn store(app: App) {
    let lines = app.live.known.described.with_untracked(|list| list.iter().map(|device| device.0.join("\t")).collect::<Vec<_>>());
    page::set_setting(DESCRIBED, &lines.join("\n"));
}

/// What is stated about the device that is chosen; `None` to recognise it.
fn stated(app: App, chosen: &str) -> Option<Box<DeviceConfig>> {
    match chosen.strip_prefix('=') {
        Some(name) => {
            let of = |list: &Vec<Described>| list.iter().find(|device| device.0[0] == name).and_then(|device| device.config().ok());
            app.live.known.described.with_untracked(of).map(Box::new)
        }
        None => (!chosen.is_empty()).then(|| Box::new(DeviceConfig { protocol: chosen.to_owned(), ..DeviceConfig::default() })),
    }
}

fn record(app: App, usb: UsbIds, chosen: String) {
    app.live.follow.set(true);
    let stated = stated(app, &chosen);
    app.live.known.now.set(Some((usb, chosen)));
    live::ask(app, &LiveAsk::Connect { vendor: usb.vendor, product: usb.product, chosen: stated });
}

/// Asks for a port and records from it.
pub fn connect(app: App, any: bool) {
    let chosen = app.live.known.chosen.get_untracked();
    // One who describes a device knows its port.
    let any = any || chosen.starts_with('=');
    let known =
        if any { Vec::new() } else { app.live.devices.with_untracked(|list| list.iter().flat_map(|kind| kind.usb.clone()).collect()) };
    let asked = match port::request(&known) {
        Ok(asked) => asked,
        Err(what) => return app.notice("doubt", "No amplifier can be connected here.", what),
    };
    wasm_bindgen_futures::spawn_local(async move {
        match asked.await {
            Ok(Some(usb)) => record(app, usb, chosen),
            Ok(None) => app.say("No port was chosen"),
            Err(what) => app.notice("abn", "Not connected.", what),
        }
    });
}

/// Records from the device of last time where it is plugged in; else asks for a port.
pub fn again(app: App) {
    match app.live.known.last.get_untracked() {
        Some((usb, chosen, _)) => record(app, usb, chosen),
        None => connect(app, false),
    }
}

/// Keeps which device sends, for the next start.
pub fn remember(app: App, view: &LiveView) {
    let Some((usb, chosen)) = app.live.known.now.get_untracked() else { return };
    let Some(port) = view.ports.iter().find(|port| port.usb == usb && port.stage == PortStage::Streaming) else { return };
    app.live.known.now.set(None);
    let number = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
    let name = port.name.trim();
    page::set_setting(LAST, &[number(usb.vendor), number(usb.product), chosen.clone(), name.to_owned()].join("\t"));
    app.live.known.last.set(Some((usb, chosen, name.to_owned())));
}

/// Offers the device of last time whenever it is plugged in.
pub fn watch(app: App) {
    look(app);
    port::on_plugged(move || look(app));
}

fn look(app: App) {
    let kept = page::setting(LAST).unwrap_or_default();
    let mut fields = kept.split('\t');
    let mut next = || fields.next().unwrap_or_default().to_owned();
    let (vendor, product, chosen, name) = (next(), next(), next(), next());
    if name.is_empty() {
        return;
    }
    let usb = UsbIds { vendor: vendor.parse().ok(), product: product.parse().ok() };
    wasm_bindgen_futures::spawn_local(async move {
        let there = port::granted(usb, &[]).await.is_some();
        app.live.known.last.set(there.then_some((usb, chosen, name)));
    });
}

/// The card of the first page.
#[component]
pub fn Amplifier() -> impl IntoView {
    let app = App::here();
    let last = move || app.live.known.last.get().map(|(.., name)| name);
    let chosen = app.live.known.chosen;
    let described = move || chosen.get().strip_prefix('=').map(str::to_owned);
    let options = move || {
        let kinds = app.live.devices.get().into_iter().filter(|kind| kind.id != "generic").map(|kind| (kind.id, kind.name));
        let own = app.live.known.described.get().into_iter().map(|device| (format!("={}", device.0[0]), device.0[0].clone()));
        let option =
            |(id, name): (String, String)| view! { <option value=id.clone() selected=chosen.get_untracked() == id>{name}</option> };
        kinds.chain(own).map(option).collect_view()
    };
    view! {
        <section class="panel side" aria-labelledby="amplifier-h">
            <h2 id="amplifier-h">"Amplifier"</h2>
            <p class="muted">"Record from a device on a serial port or USB. It is recognised by asking; every byte is stored here as it arrives."</p>
            <p class="row">
                <Show when=move || last().is_some()>
                    <button class="btn primary" id="connect-last" on:click=move |_| again(app)>"Record from "{last}" "<kbd>"C"</kbd></button>
                </Show>
                <button class="btn" id="connect" on:click=move |_| connect(app, false)>"Connect "<Show when=move || last().is_none()><kbd>"C"</kbd></Show></button>
                <button class="btn quiet" on:click=move |_| connect(app, true)>"Any port"</button>
                <label class="device">"Device "
                    <select class="field" prop:value=move || chosen.get() on:change=move |event| chosen.set(event_target_value(&event))>
                        <option value="">"recognise it"</option>
                        {options}
                    </select>
                </label>
                <button class="btn quiet" id="describe" on:click=move |_| app.dialog.set(Some(Dialog::Device(described())))>
                    {move || if described().is_some() { "Change" } else { "Describe another\u{2026}" }}
                </button>
            </p>
        </section>
    }
}
