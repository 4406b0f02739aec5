//! A recording that runs: connecting, its line of state, running and frozen traces, its end.

use std::rc::Rc;

use leptos::prelude::*;

use super::devices::{self, Devices};
use super::ear::{self, Ear};
use super::guide::{self, Guide};
use super::icons::{self, icon};
use super::state::{App, Selection};
use crate::engine::protocol::{
    DeviceKind, Grown, GuideView, LiveAsk, LiveStorage, LiveView, NeedleAct, PatientAct, PortStage, PortView, RecentStudy, Request,
    StudyKey, conditions,
};
use crate::scene::divisions;
use crate::web::link::Link;
use crate::web::scope;

/// Seconds in view when a recording begins.
const SPAN_S: f64 = 1.0;

/// Heading of the notice that the disk is full.
const NOT_STORED: &str = "The recording is not stored on the disk.";

/// What the page knows of the recording that runs.
#[derive(Clone, Copy)]
pub struct Live {
    /// Its state; `None` when none runs.
    pub view: RwSignal<Option<LiveView>>,
    /// Its study, once samples have come.
    pub study: RwSignal<Option<StudyKey>>,
    /// The worker that acquires, once it was needed.
    link: StoredValue<Option<Rc<Link<LiveAsk>>>, LocalStorage>,
    /// The traces run on; else they are frozen while the recording goes on.
    pub follow: RwSignal<bool>,
    /// Devices that this browser keeps.
    pub known: Devices,
    /// Kinds of devices.
    pub devices: RwSignal<Vec<DeviceKind>>,
    /// Recordings that were cut off.
    pub rescued: RwSignal<Vec<RecentStudy>>,
    /// The simulated patient that is recorded from: what it was asked for last.
    pub patient: RwSignal<Option<NeedleAct>>,
    /// Its sound.
    pub ear: Ear,
    /// Guided nerve conduction.
    pub guide: Guide,
}

impl Live {
    pub fn new() -> Self {
        Self {
            view: RwSignal::new(None),
            study: RwSignal::new(None),
            link: StoredValue::new_local(None),
            follow: RwSignal::new(true),
            known: Devices::new(),
            devices: RwSignal::new(Vec::new()),
            rescued: RwSignal::new(Vec::new()),
            patient: RwSignal::new(None),
            ear: Ear::new(),
            guide: Guide::new(),
        }
    }
}

/// Asks the worker that acquires; it is started when it is asked for the first time.
pub fn ask(app: App, what: &LiveAsk) {
    if let Some(link) = linked(app) {
        link.send(what);
    }
}

/// Asks with a port.
pub fn ask_with_port(app: App, what: &LiveAsk, port: &web_sys::MessagePort) {
    if let Some(link) = linked(app) {
        link.send_port(what, port);
    }
}

fn linked(app: App) -> Option<Rc<Link<LiveAsk>>> {
    if let Some(link) = app.live.link.get_value() {
        return Some(link);
    }
    let started = Link::start(scope::ACQUIRE, move |event, buffers| super::events::receive(app, event, buffers), move || cut_off(app));
    let (Ok(link), Ok(channel)) = (started, web_sys::MessageChannel::new()) else {
        app.notice("abn", "Nothing can be recorded here.", "This browser refuses another worker: close other tabs, then reload the page.");
        return None;
    };
    // What is recorded goes from the one worker to the other: a busy page is not in the way.
    link.send_port(&LiveAsk::Tell, &channel.port1());
    app.link.with_value(|engine| engine.iter().for_each(|engine| engine.send_port(&Request::Record, &channel.port2())));
    app.live.link.set_value(Some(link.clone()));
    Some(link)
}

/// Ends the worker that acquires.
pub fn let_go(app: App) {
    if let Some(link) = app.live.link.get_value() {
        link.end();
    }
    app.live.link.set_value(None);
    ear::cut_off(app);
}

/// The worker that acquires is gone.
fn cut_off(app: App) {
    let recorded = app.live.view.with_untracked(Option::is_some);
    let_go(app);
    if recorded {
        rest(app);
        app.send(Request::CutOff);
        let text = "What came until then is kept in this browser and stays open. Connect again to go on in a new recording.";
        app.notice("abn", "The recording has stopped: the part of the program that records has ended.", text);
    }
}

/// Whether the study in view is being recorded (not tracked).
pub fn running(app: App) -> bool {
    let study = app.live.study.get_untracked().filter(|_| app.live.view.with_untracked(Option::is_some));
    study.is_some() && study == app.active.get_untracked()
}

/// The same, tracked.
pub fn in_view(app: App) -> bool {
    let study = app.live.study.get().filter(|_| app.live.view.with(Option::is_some));
    study.is_some() && study == app.active.get()
}

/// Lets what shows the length of the study in view follow it while it is recorded.
pub fn beat(app: App) {
    if in_view(app) {
        app.live.view.track();
    }
}

/// Records from a simulated patient.
fn simulate(app: App, condition: &str) {
    app.live.follow.set(true);
    app.live.patient.set(Some(NeedleAct::Rest));
    ask(app, &LiveAsk::Simulate { condition: condition.to_owned() });
}

/// What a simulated patient can be asked for, with its key.
const EFFORTS: [(NeedleAct, &str, &str); 4] = [
    (NeedleAct::Rest, "Rest", "F7"),
    (NeedleAct::Slight, "Slight", "F8"),
    (NeedleAct::Moderate, "Moderate", "F9"),
    (NeedleAct::Strong, "Full", "F10"),
];

fn ask_patient(app: App, act: PatientAct) {
    if let PatientAct::Needle(effort) = act {
        app.live.patient.set(Some(effort));
    }
    ask(app, &LiveAsk::Patient { act });
}

/// How it stands.
pub fn told(app: App, view: LiveView) {
    let before = app.live.view.with_untracked(|old| old.as_ref().map(|old| old.storage.clone())).unwrap_or_default();
    match &view.storage {
        storage if *storage == before => {}
        LiveStorage::Memory(what) => {
            let text = format!("It goes on in memory, as {what}: make room, or end it soon and export it before you close this page.");
            app.notice("abn", NOT_STORED, text);
        }
        LiveStorage::Disk => {
            no_longer_full(app);
            app.notice("live", "There is room on the disk again.", "The recording is stored, with all that came meanwhile.");
        }
    }
    devices::remember(app, &view);
    guide::confirmed(app, &view);
    app.live.view.set(Some(view));
    ear::beat(app);
    super::continuous::ask_again(app);
}

/// Its study, and where guided nerve conduction stands in it.
pub fn placed(app: App, study: StudyKey, guide: Option<GuideView>) {
    app.live.study.set(Some(study));
    guide::told(app, study, guide);
}

/// More samples.
pub fn grown(app: App, study: StudyKey, recordings: Vec<Grown>) {
    // Only what draws traces looks at these; everything else is told of changes that matter.
    app.studies.update_untracked(|studies| {
        let Some(view) = studies.iter_mut().find(|view| view.study == study) else { return };
        for (recording, grown) in view.recordings.iter_mut().zip(recordings) {
            recording.duration_s = grown.duration_s;
            if let (Some(last), Some(span)) = (recording.spans.last_mut(), grown.span) {
                *last = span;
            }
            for lane in &mut recording.lanes {
                lane.n = grown.n.get(lane.settings.channel).copied().unwrap_or(lane.n);
            }
        }
    });
    if app.active.get_untracked() == Some(study) {
        let extent = super::continuous::extent(app);
        super::triggered::grown(app, extent.start_s + extent.duration_s);
        super::events::next_frame(app);
    }
}

/// Before a frame is drawn: running traces end with the newest sample.
pub fn follow(app: App) {
    if !(running(app) && app.live.follow.get_untracked()) {
        return;
    }
    let extent = super::continuous::extent(app);
    let end_s = extent.start_s + extent.duration_s;
    app.continuous.update(|view| view.from_s = (end_s - view.span_s).max(extent.start_s));
}

/// A study was opened: when it is the one that runs, its traces run.
pub fn opened(app: App) {
    app.continuous.update(|view| view.span_s = SPAN_S);
    app.live.follow.set(true);
}

/// Runs the traces on, or freezes them. The recording is not touched.
pub fn toggle(app: App) {
    app.live.follow.update(|follow| *follow = !*follow);
    if app.live.follow.get_untracked() {
        super::sound::stop(app);
    }
    app.say(if app.live.follow.get_untracked() { "Running" } else { "Frozen; the recording goes on" });
    follow(app);
}

/// A person looks at something else than the newest sample.
pub fn look_back(app: App) {
    if running(app) && app.live.follow.get_untracked() {
        app.live.follow.set(false);
    }
}

/// `C` on the first page connects, function keys ask the simulated patient; whether it was one of them.
pub fn key(app: App, event: &web_sys::KeyboardEvent, typing: bool) -> bool {
    if app.live.patient.with_untracked(Option::is_some) && app.live.view.with_untracked(Option::is_some) {
        let effort = EFFORTS.iter().find(|(.., key)| event.key() == *key).map(|(act, ..)| PatientAct::Needle(*act));
        if let Some(act) = effort.or((event.key() == "F4").then_some(PatientAct::MoveNeedle)) {
            event.prevent_default();
            ask_patient(app, act);
            return true;
        }
    }
    let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key() || typing || app.in_reader_now());
    let connects = plain && event.key().eq_ignore_ascii_case("c");
    if connects {
        event.prevent_default();
        devices::again(app);
    }
    connects
}

/// Nothing more is acquired.
pub fn closed(app: App, recorded: bool, stored: bool) {
    rest(app);
    no_longer_full(app);
    if recorded && !stored {
        let text = "There was no room on the disk for all of it. Export it (Ctrl+E) before you close this page.";
        return app.notice("abn", "The end of this recording is in memory only.", text);
    }
    app.say(if recorded { "The recording has ended and is kept in this browser" } else { "Ended; nothing was recorded" });
}

/// The notice that the disk is full has done its work.
fn no_longer_full(app: App) {
    app.notices.update(|notices| notices.retain(|notice| notice.title != NOT_STORED));
}

fn rest(app: App) {
    app.live.view.set(None);
    app.live.patient.set(None);
}

/// Its study is complete.
pub fn ended(app: App) {
    app.live.study.set(None);
    app.live.guide.view.set(None);
    super::triggered::ended(app);
    super::continuous::ask_again(app);
}

/// The line of a recording that runs.
#[component]
pub fn LiveBar() -> impl IntoView {
    let app = App::here();
    view! {
        <Show when=move || app.live.view.with(Option::is_some)>
            <section class="live" aria-label="Recording">
                <div class="ports">
                    {move || app.live.view.with(|view| view.iter().flat_map(|view| &view.ports).map(line).collect_view())}
                </div>
                <LiveStatus/>
                <span class="grow"></span>
                <div class="acts">
                    <Show when=move || app.live.patient.with(Option::is_some) && !matches!(app.selection.get(), Selection::Test(_))>
                        <div class="seg-c" role="group" aria-label="The simulated patient">
                            <button class="btn" on:click=move |_| ask_patient(app, PatientAct::MoveNeedle)>"Move needle "<kbd>"F4"</kbd></button>
                            {EFFORTS.map(|(act, name, key)| view! {
                                <button class="btn" aria-pressed=move || if app.live.patient.get() == Some(act) { "true" } else { "false" } on:click=move |_| ask_patient(app, PatientAct::Needle(act))>{name}" "<kbd>{key}</kbd></button>
                            })}
                        </div>
                    </Show>
                    <Show when=move || in_view(app) && matches!(app.selection.get(), Selection::Recording(_))>
                        <button class="btn first" aria-pressed=move || if app.live.follow.get() { "false" } else { "true" } on:click=move |_| toggle(app)>
                            {move || if app.live.follow.get() { "Freeze " } else { "Run " }}<kbd>"Space"</kbd>
                        </button>
                        <button class="btn" on:click=move |_| mark(app)>"Mark "<kbd>"Ins"</kbd></button>
                    </Show>
                    <Show when=move || !in_view(app) && app.live.study.get().is_some()>
                        <button class="btn primary" on:click=move |_| show(app)>"Show it"</button>
                    </Show>
                    <button class="btn" on:click=move |_| devices::connect(app, false) title="Record from another device at the same time">"Add device"</button>
                    <button class="btn first" id="live-end" on:click=move |_| ask(app, &LiveAsk::End)>{icon(icons::STOP)}"End"</button>
                </div>
            </section>
        </Show>
    }
}

/// Marks this moment in the recording.
pub fn mark(app: App) {
    if running(app) {
        ask(app, &LiveAsk::Mark { text: "Mark".into() });
        app.say("Marked");
    }
}

fn show(app: App) {
    app.activate(app.live.study.get_untracked());
    opened(app);
}

/// A port in words.
fn line(port: &PortView) -> impl IntoView + use<> {
    let (look, stage) = match &port.stage {
        PortStage::Asking => ("wait", "being recognised\u{2026}".to_owned()),
        PortStage::Starting => ("wait", "starting\u{2026}".to_owned()),
        PortStage::Streaming => ("on", String::new()),
        PortStage::Silent => ("doubt", "sends nothing: check its power and cable".to_owned()),
        PortStage::Lost => ("doubt", "unplugged: plug it in again, the recording goes on".to_owned()),
        PortStage::Failed(what) => ("abn", what.clone()),
    };
    let fitness = (!port.fitness.is_empty()).then(|| view! { <span class="fit">{port.fitness.clone()}</span> });
    view! { <p class=format!("port {look}")><span class="dot"></span><b>{port.name.clone()}</b>" "<span>{stage}</span>{fitness}</p> }
}

/// What was recorded, where it is, and what was lost: always in view.
#[component]
fn LiveStatus() -> impl IntoView {
    let app = App::here();
    let read = move |of: fn(&LiveView) -> String| app.live.view.with(|view| view.as_ref().map(of).unwrap_or_default());
    let samples = move || {
        app.live.view.track();
        app.live.study.get_untracked().and_then(|study| {
            let count =
                |view: &crate::engine::protocol::StudyView| view.recordings.first().and_then(|r| r.lanes.first()).map(|lane| lane.n);
            app.studies.with_untracked(|studies| studies.iter().find(|view| view.study == study).and_then(count))
        })
    };
    view! {
        <p class="state" id="live-status" class:abn=move || app.live.view.with(|view| view.as_ref().is_some_and(|view| lost(view) > 0))
            data-lost=move || read(|view| lost(view).to_string()) data-stage=move || read(stages) data-samples=move || samples().unwrap_or(0).to_string()>
            {move || read(words)}
        </p>
    }
}

fn lost(view: &LiveView) -> u64 {
    view.ports.iter().filter_map(|port| port.lost).map(|lost| lost.device + lost.link).sum()
}

fn stages(view: &LiveView) -> String {
    let word = |port: &PortView| match port.stage {
        PortStage::Asking => "asking",
        PortStage::Starting => "starting",
        PortStage::Streaming => "streaming",
        PortStage::Silent => "silent",
        PortStage::Lost => "lost",
        PortStage::Failed(_) => "failed",
    };
    view.ports.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn words(view: &LiveView) -> String {
    let stored = match &view.storage {
        LiveStorage::Disk if view.bytes >= 1e6 => format!("{:.1} MB stored here", view.bytes / 1e6),
        LiveStorage::Disk => format!("{:.0} kB stored here", view.bytes / 1e3),
        LiveStorage::Memory(what) => format!("not stored: {what}"),
    };
    let countable: Vec<_> = view.ports.iter().filter_map(|port| port.lost).collect();
    let losses = if view.ports.iter().all(|port| port.stage == PortStage::Asking) {
        String::new()
    } else if countable.is_empty() {
        ", losses cannot be counted with this device".into()
    } else {
        let (device, link): (u64, u64) = countable.iter().fold((0, 0), |sum, lost| (sum.0 + lost.device, sum.1 + lost.link));
        if device + link == 0 {
            ", nothing lost".into()
        } else {
            format!(", {} samples lost ({device} in the device, {link} on the way)", device + link)
        }
    };
    let damaged: u64 = countable.iter().map(|lost| lost.damaged).sum();
    let damaged = if damaged > 0 { format!(", {damaged} damaged frames") } else { String::new() };
    let skipped: u64 = view.ports.iter().map(|port| port.skipped_bytes).sum();
    let damaged = if skipped > 0 { format!("{damaged}, {skipped} bytes skipped") } else { damaged };
    let drift: Vec<String> = view.ports.iter().filter_map(|port| port.drift_ppm).map(|ppm| format!(", clock {ppm:+.0} ppm")).collect();
    format!("{}, {stored}{losses}{damaged}{}", divisions::duration(view.running_s), drift.concat())
}

/// Recordings that were cut off, offered.
#[component]
pub fn Rescued() -> impl IntoView {
    let app = App::here();
    let gone = move |key: &str| app.live.rescued.update(|list| list.retain(|entry| entry.key != key));
    view! {
        <For each=move || app.live.rescued.get() key=|entry| entry.key.clone() let:entry>
            {
                let (open, later) = (entry.key.clone(), entry.key.clone());
                view! {
                    <div class="note live rescued">
                        {icon(icons::CHECK)}
                        <p><b>"A recording was cut off and has been rescued. "</b>{entry.title.clone()}", complete but for its last moment. "
                            <button class="btn" on:click=move |_| { gone(&open); app.opening.set(true); app.send(Request::Reopen { key: open.clone() }); }>"Open it"</button>" "
                            <button class="btn quiet" on:click=move |_| gone(&later)>"Keep for later"</button>
                        </p>
                    </div>
                }
            }
        </For>
    }
}

/// The card of simulated patients.
#[component]
pub fn Patients() -> impl IntoView {
    let app = App::here();
    let busy = move || app.live.view.with(Option::is_some);
    view! {
        <section class="panel side" aria-labelledby="patient-h">
            <h2 id="patient-h">"Simulated patient"</h2>
            <p class="muted">"Record live without hardware: a needle in a muscle, rest and effort, nerves to stimulate. Same screens, same protocol as an amplifier."</p>
            <p class="row">
                {conditions().map(|(id, name)| view! { <button class="btn" disabled=busy on:click=move |_| simulate(app, id)>{name}</button> }).collect_view()}
            </p>
        </section>
    }
}
