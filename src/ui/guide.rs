//! Guided nerve conduction: the line with the run under way, the stimulator, and their keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icons::{self, icon};
use super::impedance::ImpedanceBar;
use super::state::{App, Dialog, Selection};
use super::{commands, impedance, live, sweeps};
use crate::engine::protocol::{
    CAN_STIMULATE, Growth, GuideAsk, GuideView, LiveAsk, LiveView, Request, RunChoice, StimulatorAsk, StimulatorStage, StimulatorView,
    StimulusView, StudyKey,
};
use crate::model::{Side, TestKind};
use crate::scene::divisions::number;
use crate::web::page;

/// Name of the setting that lets this program drive a stimulator.
const SETTING: &str = "stimulator";
/// Steps of the current by key, uA.
const STEP_UA: [i32; 2] = [1000, 5000];
/// Exercise before trains, seconds: short, to see a repair; long, to see exhaustion.
const EXERCISE_S: [f64; 2] = [10.0, 60.0];

/// What the page knows of it.
#[derive(Clone, Copy)]
pub struct Guide {
    /// What can be examined.
    pub choices: RwSignal<Vec<RunChoice>>,
    /// The run under way.
    pub view: RwSignal<Option<GuideView>>,
    /// A person allows that a stimulator is driven.
    pub allowed: RwSignal<bool>,
    /// Side of the last run.
    pub side: RwSignal<Option<Side>>,
    current: RwSignal<String>,
    repeated: RwSignal<String>,
    /// Test that was brought into view.
    shown: StoredValue<Option<usize>>,
    /// The current that was set when the page was told last, uA.
    set_ua: StoredValue<Option<u32>>,
}

impl Guide {
    pub fn new() -> Self {
        Self {
            choices: RwSignal::new(Vec::new()),
            view: RwSignal::new(None),
            allowed: RwSignal::new(CAN_STIMULATE && page::setting(SETTING).as_deref() == Some("on")),
            side: RwSignal::new(None),
            current: RwSignal::new(String::new()),
            repeated: RwSignal::new(String::new()),
            shown: StoredValue::new(None),
            set_ua: StoredValue::new(None),
        }
    }
}

/// Asks for a step of guided nerve conduction.
pub fn ask(app: App, step: GuideAsk) {
    live::ask(app, &LiveAsk::Guide { step });
}

fn stimulator(app: App, of: StimulatorAsk) {
    ask(app, GuideAsk::Stimulator { ask: of });
}

fn guided(app: App) -> Option<GuideView> {
    app.live.guide.view.get_untracked()
}

fn state(app: App) -> Option<StimulatorView> {
    app.live.view.with_untracked(|view| view.as_ref()?.stimulator.clone())
}

/// What is examined by the run under way (tracked).
fn choice(app: App) -> Option<RunChoice> {
    let id = app.live.view.with(|view| view.as_ref().map(|view| view.guided.clone()))?;
    app.live.guide.choices.with(|choices| choices.iter().find(|choice| choice.id == id).cloned())
}

fn choice_now(app: App) -> Option<RunChoice> {
    untrack(|| choice(app))
}

/// Disarms when the page is left: the window loses the keyboard, or is hidden.
pub fn watch(app: App) {
    if CAN_STIMULATE {
        page::on_leave(move |why| disarm(app, why));
    }
}

/// Disarms a stimulator that is not at rest.
pub fn disarm(app: App, why: &str) {
    if state(app).is_some_and(|view| !matches!(view.stage, StimulatorStage::Off | StimulatorStage::Ready)) {
        stimulator(app, StimulatorAsk::Disarm { why: why.to_owned() });
        app.live.guide.repeated.set(String::new());
        app.say("Stimulator disarmed");
    }
}

/// Asks what is to be examined.
pub fn choose(app: App) {
    app.send(Request::Runs);
    app.dialog.set(Some(Dialog::Guide));
}

/// Begins a run.
pub fn begin(app: App, id: &str, side: Side, recording: usize, channel: usize) {
    app.live.guide.side.set(Some(side));
    app.live.guide.shown.set_value(None);
    stimulator(app, StimulatorAsk::Allow { on: app.live.guide.allowed.get_untracked() });
    ask(app, GuideAsk::Begin { id: id.to_owned(), side, recording, channel });
    request_animation_frame(|| commands::focus("scope"));
}

/// A person allows a stimulator to be driven, or no longer does.
pub fn allow(app: App, on: bool) {
    app.live.guide.allowed.set(on);
    page::set_setting(SETTING, if on { "on" } else { "off" });
    stimulator(app, StimulatorAsk::Allow { on });
}

/// The current that the device confirmed stands in the field, however it came about.
pub fn confirmed(app: App, view: &LiveView) {
    let set_ua = view.stimulator.as_ref().and_then(|view| view.set).map(|set| set.current_ua);
    if let Some(ua) = set_ua.filter(|_| app.live.guide.set_ua.get_value() != set_ua) {
        app.live.guide.current.set(number(f64::from(ua) / 1000.0, 3));
    }
    app.live.guide.set_ua.set_value(set_ua);
}

/// How the recording stands: a test that has begun comes into view, with its customary gain and sweep.
pub fn told(app: App, key: StudyKey, guide: Option<GuideView>) {
    if app.live.guide.view.get_untracked() != guide {
        app.live.guide.view.set(guide.clone());
    }
    let Some(guide) = guide else { return };
    let there = app.study_now(|study| study.study == key && guide.test < study.tests.len()).unwrap_or(false);
    if !there || app.live.guide.shown.get_value() == Some(guide.test) {
        return;
    }
    app.live.guide.shown.set_value(Some(guide.test));
    app.select(Selection::Test(guide.test));
    if let Some(choice) = choice_now(app) {
        let division_s = choice.sweep_ms / 1000.0;
        app.sweeps.update(|view| {
            (view.from_s, view.span_s) = (-division_s, 10.0 * division_s);
            // That of a late response is for the late part, which has a gain of its own.
            view.gain = Some(choice.gain_uv).filter(|_| !matches!(choice.kind, TestKind::FWave | TestKind::HReflex));
        });
        app.live.guide.current.set(String::new());
    }
}

/// Sweeps have come while recording: the newest one of the site is chosen.
pub fn arrived(app: App, study: StudyKey, test: usize) {
    app.send(Request::Sweeps { study, test });
    let site = guided(app).filter(|guide| guide.test == test).map(|guide| guide.site);
    let row = untrack(|| app.test()).and_then(|(_, view)| sweeps::rows(&view).iter().rposition(|(at, _)| Some(*at) == site));
    if let Some(row) = row {
        app.sweeps.update(|view| view.row = row);
    }
}

fn go_to(app: App, by: i32) {
    let Some(guide) = guided(app) else { return };
    let sites = choice_now(app).map_or(0, |choice| choice.sites.len());
    let to = guide.site as i32 + by;
    match usize::try_from(to).ok().filter(|to| *to < sites) {
        Some(site) => site_now(app, site),
        None => app.say("There is no further site"),
    }
}

fn site_now(app: App, site: usize) {
    ask(app, GuideAsk::Site { site });
    app.live.guide.repeated.set(String::new());
}

fn fire(app: App) {
    match state(app).map(|view| view.stage) {
        Some(StimulatorStage::Armed) => stimulator(app, StimulatorAsk::Fire),
        Some(StimulatorStage::Off) => app.say("The stimulator is off: F2 has its switch"),
        Some(_) => app.say("Not armed: O types the current"),
        None => app.say("This device has no stimulator: stimuli come by its trigger"),
    }
}

/// The stimulus of the run under way with another current.
fn stimulus(app: App, current_ua: u32) -> Option<StimulusView> {
    let choice = guided(app).and_then(|_| choice_now(app))?;
    Some(StimulusView { current_ua, width_us: choice.width_us, count: choice.count, period_us: choice.period_us })
}

/// A typed current, uA.
fn typed_ua(text: &str) -> Option<u32> {
    let ma = text.trim().replace(',', ".").parse::<f64>().ok()?;
    (ma > 0.0 && ma <= 1000.0).then(|| (ma * 1000.0).round() as u32)
}

fn set(app: App) {
    let Some(stimulus) = typed_ua(&app.live.guide.current.get_untracked()).and_then(|ua| stimulus(app, ua)) else {
        return app.say("Type a current in mA");
    };
    stimulator(app, StimulatorAsk::Set { stimulus });
    commands::focus("stim-repeat");
}

fn arm(app: App) {
    let Some(current_ua) = typed_ua(&app.live.guide.repeated.get_untracked()) else { return app.say("Repeat the current in mA") };
    stimulator(app, StimulatorAsk::Arm { current_ua });
    app.live.guide.repeated.set(String::new());
    // Keys are the run's again, before there is a trace as well.
    page::leave_field();
    commands::focus("scope");
}

/// A step of the current; of one that is armed it is armed again.
fn step(app: App, by_ua: i32) {
    stimulator(app, StimulatorAsk::Step { by_ua });
}

/// The patient exercises before the next trains.
fn exercise(app: App, seconds: f64) {
    ask(app, GuideAsk::Exercise { seconds });
}

/// Keys while a study is recorded; whether it was one of them.
pub fn key(app: App, event: &web_sys::KeyboardEvent, typing: bool) -> bool {
    if !live::running(app) || app.selection.get_untracked() == Selection::Needle || app.dialog.get_untracked().is_some() {
        return false;
    }
    let on_button =
        event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()).is_some_and(|of| of.tag_name() == "BUTTON");
    let plain = !(typing || event.ctrl_key() || event.meta_key() || event.alt_key());
    let fine = STEP_UA[usize::from(event.shift_key())];
    let run = guided(app);
    match event.key().as_str() {
        "F2" => choose(app),
        "F3" if run.is_some() => go_to(app, if event.shift_key() { -1 } else { 1 }),
        "Enter" if run.is_some() && plain && !on_button => fire(app),
        "I" if plain && event.shift_key() => impedance::toggle(app),
        "e" | "E" if plain && in_run(app) && repetitive(app) => exercise(app, EXERCISE_S[usize::from(event.shift_key())]),
        key if run.is_some() && plain && in_run(app) => match key.to_lowercase().as_str() {
            "w" => step(app, fine),
            "q" => step(app, -fine),
            "o" => commands::focus("stim-current"),
            _ => return false,
        },
        _ => return false,
    }
    event.prevent_default();
    true
}

/// Trains are given.
fn repetitive(app: App) -> bool {
    guided(app).and_then(|_| choice_now(app)).is_some_and(|choice| choice.kind == TestKind::Repetitive)
}

/// The test of the run is in view.
fn in_run(app: App) -> bool {
    guided(app).is_some_and(|guide| app.selection.get_untracked() == Selection::Test(guide.test))
}

/// Whether the response still grows, in words; of an H reflex, what comes next.
fn growth(guide: &GuideView, reflex: bool) -> Option<(&'static str, String)> {
    if let Some(ma) = guide.reflex_ma {
        let done = matches!(guide.growth, Growth::Maximal { .. } | Growth::Supramaximal { .. });
        let m = if done { "M maximal" } else { "on to the largest M" };
        return Some((if done { "done" } else { "doubt" }, format!("H largest at {ma:.1} mA; {m}")));
    }
    match guide.growth {
        _ if reflex && guide.sweeps > 0 => Some(("doubt", "raise the current past the largest H".to_owned())),
        Growth::Unknown => None,
        Growth::Grows { percent } => Some(("doubt", format!("still grows, {percent:.0} %"))),
        Growth::Maximal { needed_ma } => Some(("doubt", format!("maximal; supramaximal at {needed_ma:.1} mA"))),
        Growth::Supramaximal { from_ma } => Some(("done", format!("supramaximal: no growth above {from_ma:.1} mA"))),
    }
}

/// Where the exercise stands, and when the chosen train is due, in words.
fn exercised(guide: &GuideView) -> Option<(&'static str, String)> {
    let passed_s = guide.exercised_s?;
    if passed_s < 0.0 {
        return Some(("person", format!("exercise: {:.0} s to go", -passed_s)));
    }
    let since = format!("{passed_s:.0} s since exercise");
    Some(match guide.due_s {
        Some(due_s) if due_s > 0.0 => ("", format!("{since}; this train is due in {:.0} s", due_s.ceil())),
        Some(_) if guide.sweeps == 0 => ("doubt", format!("{since}; this train is due")),
        _ => ("", since),
    })
}

/// The customary filters of a study.
pub fn customary([low_hz, high_hz]: [f64; 2]) -> String {
    format!(" Customary for this study: {} Hz to {} kHz.", number(low_hz, 3), number(high_hz / 1000.0, 3))
}

fn counts(guide: &GuideView) -> String {
    let left = if guide.left_out > 0 { format!(", {} left out", guide.left_out) } else { String::new() };
    let gaps = if guide.gaps > 0 { format!(", {} lost to gaps", guide.gaps) } else { String::new() };
    let since = guide.since_s.map(|s| format!(", last {s:.0} s ago")).unwrap_or_default();
    if guide.sweeps == 0 {
        return format!("no sweep yet{gaps}");
    }
    format!("{} {}{left}{gaps}{since}", guide.sweeps, if guide.sweeps == 1 { "sweep" } else { "sweeps" })
}

/// The line of the run under way, and of the stimulator.
#[component]
pub fn GuideBar() -> impl IntoView {
    let app = App::here();
    let guide = app.live.guide.view;
    let under_way = Memo::new(move |_| guide.with(Option::is_some));
    let sites = Memo::new(move |_| under_way.get().then(|| choice(app)).flatten());
    let pressed =
        move |at: usize| move || if guide.with(|guide| guide.as_ref().is_some_and(|guide| guide.site == at)) { "true" } else { "false" };
    let measuring = Memo::new(move |_| app.live.view.with(|view| view.as_ref().is_some_and(|view| view.impedance.is_some())));
    let verdict = move || {
        let reflex = sites.with(|choice| choice.as_ref().is_some_and(|choice| choice.kind == TestKind::HReflex));
        guide.with(|guide| guide.as_ref().and_then(|guide| growth(guide, reflex))).map(|(look, words)| view! { <span class=format!("chip {look}") role="status">{icon(if look == "done" { icons::CHECK } else { icons::ARROW })}{words}</span> })
    };
    let rest = move || {
        guide
            .with(|guide| guide.as_ref().and_then(exercised))
            .map(|(look, words)| view! { <span class=format!("chip {look}") id="exercise" role="timer">{words}</span> })
    };
    view! {
        <Show when=move || live::in_view(app)>
            <section class="live guide" id="guide" aria-label="Nerve conduction" data-site=move || guide.with(|guide| guide.as_ref().map(|guide| guide.site.to_string()).unwrap_or_default())
                data-sweeps=move || guide.with(|guide| guide.as_ref().map(|guide| guide.sweeps.to_string()).unwrap_or_default())>
                <button class="btn" on:click=move |_| choose(app)>{move || if under_way.get() { "Another nerve " } else { "Nerve conduction " }}<kbd>"F2"</kbd></button>
                <button class="btn quiet" aria-pressed=move || if measuring.get() { "true" } else { "false" } on:click=move |_| impedance::toggle(app)>"Impedances "<kbd>"Shift+I"</kbd></button>
                {move || sites.get().map(|RunChoice { name, kind, sites, filter_hz, .. }| view! {
                    <b class="name" title=filter_hz.map(customary)>{name}</b>
                    <div class="seg-c" role="group" aria-label=if kind == TestKind::Repetitive { "Train" } else { "Stimulation site" }>
                        {sites.into_iter().enumerate().map(|(at, site)| view! { <button class="btn" aria-pressed=pressed(at) on:click=move |_| site_now(app, at)>{site}</button> }).collect_view()}
                    </div>
                    <button class="btn quiet" on:click=move |_| go_to(app, 1)>{if kind == TestKind::Repetitive { "Next train " } else { "Next site " }}<kbd>"F3"</kbd></button>
                    <span class="counts">{move || guide.with(|guide| guide.as_ref().map(counts).unwrap_or_default())}</span>
                    {verdict}
                    {(kind == TestKind::Repetitive).then(|| view! {
                        <div class="seg-c" role="group" aria-label="Exercise">
                            <button class="btn" on:click=move |_| exercise(app, EXERCISE_S[0])>"Exercise 10 s "<kbd>"E"</kbd></button>
                            <button class="btn" on:click=move |_| exercise(app, EXERCISE_S[1])>"60 s "<kbd>"Shift+E"</kbd></button>
                        </div>
                        {rest}
                    })}
                    <button class="btn quiet" on:click=move |_| ask(app, GuideAsk::End)>"Finish"</button>
                })}
            </section>
            <ImpedanceBar/>
            <Show when=move || under_way.get()><Stimulator/></Show>
        </Show>
    }
}

/// The stimulator's state and controls; nothing where the program cannot drive one.
#[component]
fn Stimulator() -> impl IntoView {
    let app = App::here();
    let view = Memo::new(move |_| app.live.view.with(|view| view.as_ref()?.stimulator.clone()));
    let stage = Memo::new(move |_| view.with(|view| view.as_ref().map(|view| view.stage)));
    let word = move || match stage.get() {
        Some(StimulatorStage::Off) => "off",
        Some(StimulatorStage::Ready) => "ready",
        Some(StimulatorStage::Set) => "set, not armed",
        Some(StimulatorStage::Arming) => "arming\u{2026}",
        Some(StimulatorStage::Armed) => "ARMED",
        None => "",
    };
    let look = move || if stage.get() == Some(StimulatorStage::Armed) { "chip abn" } else { "chip" };
    let delivered = move || {
        view.with(|view| {
            let view = view.as_ref()?;
            let set = view
                .set
                .map(|set| format!("set {} mA, {} \u{b5}s{}", number(f64::from(set.current_ua) / 1000.0, 3), set.width_us, train(set)));
            let last = view.delivered_ua.map(|ua| {
                format!(
                    "delivered {:.1} mA{}",
                    f64::from(ua) / 1000.0,
                    if view.compliance_reached { " (could not drive more)" } else { "" }
                )
            });
            Some([set, last].into_iter().flatten().collect::<Vec<_>>().join(", "))
        })
    };
    let why = move || view.with(|view| view.as_ref().map(|view| view.why.clone()).unwrap_or_default());
    let entered = move |event: &web_sys::KeyboardEvent, act: fn(App)| {
        if event.key() == "Enter" {
            event.prevent_default();
            act(app);
        }
    };
    view! {
        <Show when=move || stage.get().is_some() fallback=|| view! { <section class="live guide"><p class="muted">"Sweeps are cut at the device's trigger: stimulate with your own stimulator."</p></section> }>
            <section class="live guide" id="stimulator" aria-label="Stimulator" data-stage=word>
                <span class=look>{move || (stage.get() == Some(StimulatorStage::Armed)).then(|| icon(icons::WARN))}"Stimulator "<b>{word}</b></span>
                <Show when=move || stage.get() != Some(StimulatorStage::Off) fallback=|| view! { <p class="muted">"Switched off in this program: F2 has its switch."</p> }>
                    <label>"Current, mA "<kbd>"O"</kbd><input class="cell" id="stim-current" inputmode="decimal" size="5" prop:value=move || app.live.guide.current.get()
                        on:input=move |event| app.live.guide.current.set(event_target_value(&event)) on:keydown=move |event| entered(&event, set)/></label>
                    <label>"Repeat to arm "<input class="cell" id="stim-repeat" inputmode="decimal" size="5" autocomplete="off" prop:value=move || app.live.guide.repeated.get()
                        on:input=move |event| app.live.guide.repeated.set(event_target_value(&event)) on:keydown=move |event| entered(&event, arm)/></label>
                    <div class="seg-c" role="group" aria-label="Step of the current">
                        <button class="btn" disabled=move || view.with(|view| view.as_ref().is_none_or(|view| view.set.is_none())) on:click=move |_| step(app, -STEP_UA[0])>"\u{2212}1 mA "<kbd>"Q"</kbd></button>
                        <button class="btn" disabled=move || view.with(|view| view.as_ref().is_none_or(|view| view.set.is_none())) on:click=move |_| step(app, STEP_UA[0])>"+1 mA "<kbd>"W"</kbd></button>
                    </div>
                    <button class="btn primary" disabled=move || stage.get() != Some(StimulatorStage::Armed) on:click=move |_| fire(app)>"Stimulate "<kbd>"Enter"</kbd></button>
                    <button class="btn" disabled=move || matches!(stage.get(), Some(StimulatorStage::Ready)) on:click=move |_| disarm(app, "a person")>"Disarm "<kbd>"Esc"</kbd></button>
                    <span class="counts">{delivered}</span>
                    <span class="why doubt-t" role="status">{why}</span>
                </Show>
            </section>
        </Show>
    }
}

fn train(set: StimulusView) -> String {
    if set.count < 2 {
        return String::new();
    }
    format!(", {} at {} Hz", set.count, number(1e6 / f64::from(set.period_us.max(1)), 2))
}
