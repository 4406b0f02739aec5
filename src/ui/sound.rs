//! Listening: the selected lane as stored and filtered, from the cursor on, with the trace in step.
//!
//! What is heard are the very samples that are drawn at the finest level; the audio thread asks for
//! them chunk by chunk. The volume is apart from the gain of the picture.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::commands::{self, Command};
use super::continuous;
use super::ear;
use super::icons::{self, icon};
use super::live;
use super::state::{App, Selection};
use super::triggered::TriggeredTools;
use crate::engine::protocol::{LaneView, Request, StudyKey};
use crate::model::Timeline;
use crate::scene::divisions::{clock, quantity};
use crate::scene::tiles::{TILE_SAMPLES, TileKey, TileSource};
use crate::web::audio::{Passage, Said, Speaker};
use crate::web::page;

/// Signals with fewer samples a second have nothing in the audible band.
const LEAST_HZ: f64 = 500.0;
/// Full scale of the loudspeaker at a volume of 70, divisions at the gain that suits the lane.
pub const FULL_DIVISIONS: f64 = 5.0;
/// Volume that full scale belongs to, and decibels a step of the slider.
const NOMINAL: f64 = 70.0;
const DB_A_STEP: f64 = 0.6;
/// Around a discharge that is heard alone, and the fading behind that, seconds.
const ALONE_S: f64 = 0.008;
const RAMP_S: f64 = 0.002;
/// Speeds, with their names.
const SPEEDS: [(f64, &str, &str); 3] = [(1.0, "1\u{d7}", "true speed"), (0.5, "\u{bd}", "half speed"), (0.25, "\u{bc}", "quarter speed")];

/// What is heard.
#[derive(Clone, Copy)]
pub struct Sound {
    pub playing: RwSignal<bool>,
    /// The sound waits for samples.
    pub waits: RwSignal<bool>,
    /// Moment that is heard, or was last, seconds.
    pub playhead: RwSignal<Option<f64>>,
    pub looped: RwSignal<bool>,
    pub speed: RwSignal<f64>,
    /// 0 to 100.
    pub volume: RwSignal<f64>,
    pub muted: RwSignal<bool>,
    /// Only the selected train is heard.
    pub alone: RwSignal<bool>,
    player: StoredValue<Rc<RefCell<Player>>, LocalStorage>,
}

#[derive(Default)]
struct Player {
    /// One a sampling rate.
    speakers: Vec<(f64, Rc<Speaker>)>,
    now: Option<Now>,
    /// Chunks that the loudspeaker waits for.
    wanted: Vec<u32>,
}

/// What is being played.
#[derive(Clone)]
struct Now {
    study: StudyKey,
    signal: u32,
    fs_hz: f64,
    middle: f64,
    /// Value that is full scale at the nominal volume.
    full: f64,
    timeline: Timeline,
    /// Samples between which it goes round.
    looped: Option<[f64; 2]>,
    /// Samples of the discharges that are heard alone.
    alone: Option<Rc<Vec<f64>>>,
    speaker: Rc<Speaker>,
}

impl Sound {
    pub fn new() -> Self {
        let kept = page::setting("volume").and_then(|text| text.parse::<f64>().ok()).filter(|volume| (0.0..=100.0).contains(volume));
        Self {
            playing: RwSignal::new(false),
            waits: RwSignal::new(false),
            playhead: RwSignal::new(None),
            looped: RwSignal::new(false),
            speed: RwSignal::new(1.0),
            volume: RwSignal::new(kept.unwrap_or(NOMINAL)),
            muted: RwSignal::new(false),
            alone: RwSignal::new(false),
            player: StoredValue::new_local(Rc::default()),
        }
    }

    /// Whether nothing is to be heard (tracked).
    pub fn silenced(&self) -> bool {
        self.muted.get() || self.volume.get() <= 0.0
    }

    /// Part of the nominal volume (tracked).
    pub fn loudness(&self) -> f64 {
        if self.silenced() { 0.0 } else { 10f64.powf((self.volume.get() - NOMINAL) * DB_A_STEP / 20.0) }
    }
}

/// Why a lane cannot be heard.
pub fn silent(lane: &LaneView) -> Option<String> {
    (lane.fs_hz < LEAST_HZ).then(|| format!("Sampled at {} Hz: there is nothing to hear below {LEAST_HZ} Hz.", lane.fs_hz))
}

/// Plays from the playhead, the cursor or the left edge; stops when it plays.
pub fn toggle(app: App) {
    if app.sound.playing.get_untracked() {
        stop(app);
        return;
    }
    let view = app.continuous.get_untracked();
    let inside = |time_s: &f64| (view.from_s..view.from_s + view.span_s).contains(time_s);
    let head = app.sound.playhead.get_untracked().filter(inside);
    let cursor = view.cursors[view.cursor].filter(inside);
    play(app, head.or(cursor).unwrap_or(view.from_s));
}

/// Plays the selected lane from a moment on.
pub fn play(app: App, from_s: f64) {
    let (Some(lane), Some((_, recording))) = (continuous::selected_lane(app), untrack(|| app.recording())) else { return };
    let Some(study) = app.active.get_untracked() else { return };
    if let Some(why) = silent(&lane) {
        app.say(why);
        return;
    }
    app.sound.playing.set(true);
    leptos::task::spawn_local(async move {
        let speaker = match speaker(app, lane.fs_hz).await {
            Ok(speaker) => speaker,
            Err(what) => {
                app.sound.playing.set(false);
                app.notice("doubt", "No sound.", format!("{what}. Everything else works without it."));
                return;
            }
        };
        if !app.sound.playing.get_untracked() {
            return;
        }
        let timeline = Timeline { spans: recording.spans.clone() };
        let sample = |time_s: f64| (timeline.stored_of_time(time_s) * lane.fs_hz).round().clamp(0.0, lane.n as f64);
        let at = sample(from_s);
        let looped = app.sound.looped.get_untracked().then(|| passage(app).map(&sample)).filter(|[from, to]| to - from > 1.0);
        let now = Now {
            study,
            signal: lane.signal,
            fs_hz: lane.fs_hz,
            middle: lane.middle,
            full: FULL_DIVISIONS * lane.suggested_gain,
            timeline: timeline.clone(),
            looped,
            alone: discharges(app).map(|times| Rc::new(times.iter().map(|time_s| timeline.stored_of_time(*time_s) * lane.fs_hz).collect())),
            speaker: speaker.clone(),
        };
        let player = app.sound.player.get_value();
        {
            let mut player = player.borrow_mut();
            let same = |old: &Now| (old.study, old.signal, &old.alone) == (now.study, now.signal, &now.alone);
            if !player.now.as_ref().is_some_and(same) {
                speaker.forget();
                player.wanted.clear();
            }
            player.now = Some(now);
        }
        set_loudness(app);
        let at = looped.map_or(at, |[from, to]| if (from..to).contains(&at) { at } else { from });
        speaker.play(Passage { at, end: lane.n as f64, looped, speed: app.sound.speed.get_untracked() });
    });
}

/// The discharges to be heard alone: those of the selected train, when a person wants that.
fn discharges(app: App) -> Option<Vec<f64>> {
    let train = app.train.get_untracked().filter(|_| app.sound.alone.get_untracked())?;
    app.activity.with_untracked(|activity| Some(activity.as_ref()?.measurement.trains.get(train)?.times_s.clone()))
}

/// Silences what is not near one of the discharges (samples of the signal, ascending).
fn isolate(values: &mut [f32], first: u64, discharges: &[f64], fs_hz: f64) {
    let (flat, ramp) = (ALONE_S * fs_hz, RAMP_S * fs_hz);
    let mut near = discharges.partition_point(|at| *at < first as f64);
    for (k, value) in values.iter_mut().enumerate() {
        let at = first as f64 + k as f64;
        while discharges.get(near).is_some_and(|discharge| *discharge < at) {
            near += 1;
        }
        let before = near.checked_sub(1).and_then(|near| discharges.get(near));
        let distance =
            [before, discharges.get(near)].into_iter().flatten().map(|discharge| (discharge - at).abs()).fold(f64::MAX, f64::min);
        *value *= (1.0 - (distance - flat) / ramp).clamp(0.0, 1.0) as f32;
    }
}

/// The stretch that a loop plays: between the cursors, or what is in view.
fn passage(app: App) -> [f64; 2] {
    let view = app.continuous.get_untracked();
    match view.cursors {
        [Some(a), Some(b)] => [a.min(b), a.max(b)],
        _ => [view.from_s, view.from_s + view.span_s],
    }
}

/// Stops; the playhead stays.
pub fn stop(app: App) {
    app.sound.playing.set(false);
    app.sound.waits.set(false);
    if let Some(now) = &app.sound.player.get_value().borrow().now {
        now.speaker.stop();
    }
}

/// Stops and forgets the playhead: something else is shown.
pub fn leave(app: App) {
    stop(app);
    app.sound.playhead.set(None);
}

/// A click into the trace: goes on from there while it plays.
pub fn seek(app: App, time_s: f64) {
    app.sound.playhead.set(None);
    if app.sound.playing.get_untracked() {
        play(app, time_s);
    }
}

pub fn toggle_mute(app: App) {
    app.sound.muted.update(|muted| *muted = !*muted);
    set_loudness(app);
    app.say(if app.sound.muted.get_untracked() { "Sound off" } else { "Sound on" });
}

fn toggle_loop(app: App) {
    app.sound.looped.update(|looped| *looped = !*looped);
    go_on(app);
}

/// Only the selected train is heard, or everything; it begins to play when it is silent.
pub fn toggle_alone(app: App) {
    if app.train.get_untracked().is_none() {
        app.say("Select a train first.");
        return;
    }
    app.sound.alone.update(|alone| *alone = !*alone);
    if app.sound.alone.get_untracked() && !app.sound.playing.get_untracked() {
        toggle(app);
    } else {
        go_on(app);
    }
}

/// What is heard has changed: it plays on from where it is.
pub fn go_on(app: App) {
    if app.sound.playing.get_untracked() {
        play(app, app.sound.playhead.get_untracked().unwrap_or(app.continuous.get_untracked().from_s));
    }
}

fn set_speed(app: App, speed: f64) {
    app.sound.speed.set(speed);
    if let Some(now) = &app.sound.player.get_value().borrow().now {
        now.speaker.set_speed(speed);
    }
}

fn set_loudness(app: App) {
    let loud = untrack(|| app.sound.loudness());
    if let Some(now) = &app.sound.player.get_value().borrow().now {
        now.speaker.set_gain(loud / now.full.max(1e-12));
    }
}

async fn speaker(app: App, fs_hz: f64) -> Result<Rc<Speaker>, String> {
    let player = app.sound.player.get_value();
    let known = player.borrow().speakers.iter().find(|(of, _)| *of == fs_hz).map(|(_, speaker)| speaker.clone());
    if let Some(speaker) = known {
        return Ok(speaker);
    }
    let speaker = Speaker::open(fs_hz, move |said| heard(app, said)).await?;
    player.borrow_mut().speakers.push((fs_hz, speaker.clone()));
    Ok(speaker)
}

/// The audio thread said something.
fn heard(app: App, said: Said) {
    let player = app.sound.player.get_value();
    match said {
        Said::Needs(chunks) => {
            player.borrow_mut().wanted.extend(chunks);
            give(app);
        }
        Said::At(..) | Said::Ended if !app.sound.playing.get_untracked() => {}
        Said::At(sample, waits) => {
            let Some(now) = player.borrow().now.clone() else { return };
            if app.sound.waits.get_untracked() != waits {
                app.sound.waits.set(waits);
            }
            // What the player begins is heard a little later.
            let mut heard = sample - now.speaker.latency_s() * now.fs_hz * app.sound.speed.get_untracked();
            if let Some([from, to]) = now.looped.filter(|[from, _]| heard < *from) {
                heard = (heard + to - from).max(from);
            }
            follow(app, now.timeline.time_of_stored(heard.max(0.0) / now.fs_hz));
        }
        Said::Ended => {
            stop(app);
            app.sound.playhead.set(None);
        }
    }
}

/// Moves the playhead, and the view with it when it leaves.
fn follow(app: App, time_s: f64) {
    app.sound.playhead.set(Some(time_s));
    let view = app.continuous.get_untracked();
    if !(view.from_s..=view.from_s + view.span_s).contains(&time_s) {
        continuous::show(app, time_s - 0.02 * view.span_s, None);
    }
}

/// Gives the audio thread what it waits for, as far as it is here; asks for the rest.
pub fn give(app: App) {
    let player = app.sound.player.get_value();
    let mut player = player.borrow_mut();
    let Some(now) = player.now.clone() else { return };
    let alone = now.alone.clone();
    let key = |index: u32| TileKey { signal: now.signal, level: 0, index };
    let tiles = app.tiles.get_value();
    let mut tiles = tiles.borrow_mut();
    player.wanted.retain(|&index| {
        let Some((values, _)) = tiles.tile(key(index)) else { return true };
        let mut level: Vec<f32> = values.iter().map(|value| value - now.middle as f32).collect();
        if let Some(at) = &alone {
            isolate(&mut level, u64::from(index) * TILE_SAMPLES, at, now.fs_hz);
        }
        now.speaker.give(index, &level);
        false
    });
    let keys: Vec<TileKey> = player.wanted.iter().map(|&index| key(index)).collect();
    let missing = tiles.missing(&keys);
    if !missing.is_empty() {
        app.send(Request::Tiles { study: now.study, keys: missing });
    }
}

/// The line of sound above the traces.
#[component]
pub fn SoundBar() -> impl IntoView {
    let app = App::here();
    let sound = app.sound;
    // Samples that have come are handed on; another item, lane or filter ends what is heard.
    Effect::new(move |_| {
        app.arrived.track();
        give(app);
    });
    let heard = Memo::new(move |_| {
        let lane = app.continuous.with(|view| view.lane).unwrap_or(0);
        let signal = app.with_recording(|recording| continuous::visible(recording).nth(lane).map(|lane| lane.signal)).flatten();
        (app.active.get(), app.selection.get(), signal)
    });
    Effect::new(move |before: Option<_>| {
        let now = heard.get();
        if before.is_some_and(|before| before != now) {
            leave(app);
        }
        now
    });
    let lane = move || {
        app.continuous.with(|view| view.lane);
        app.with_recording(|_| ()).and_then(|()| continuous::selected_lane(app))
    };
    let why = move || lane().and_then(|lane| silent(&lane));
    // A recording that runs is heard as it comes; frozen, any part of it can be played as well.
    let runs = move || live::in_view(app);
    let stored = move || !runs() || !app.live.follow.get();
    let state = move || match (why(), sound.waits.get(), sound.silenced()) {
        (Some(why), ..) => why,
        _ if runs() && !sound.playing.get() => ear::words(app),
        (_, true, _) => "waiting for samples".into(),
        (_, _, true) => "sound off".into(),
        _ => String::new(),
    };
    let loudest = move || {
        let full = lane().map(|lane| {
            let full = if runs() { ear::full(&lane) } else { FULL_DIVISIONS * lane.suggested_gain };
            format!("loudest at \u{b1}{}", quantity(rounded(full / sound.loudness().max(1e-9)), &lane.unit))
        });
        full.filter(|_| why().is_none() && !sound.silenced()).unwrap_or_default()
    };
    let place = move || {
        let length_s = app.with_recording(|recording| recording.duration_s).unwrap_or(0.0);
        sound.playhead.get().filter(|_| stored()).map(|time_s| (clock(time_s, 0.01), format!(" of {}", clock(length_s, 0.01))))
    };
    let pressed = |on: bool| if on { "true" } else { "false" };
    view! {
        <Show when=move || matches!(app.selection.get(), Selection::Recording(_))>
            <div class="sound" role="group" aria-label="Sound">
                <Show when=stored>
                <button class="btn primary" id="play" disabled=move || why().is_some() title=move || why().unwrap_or_else(|| "From the cursor, else from the left edge".into()) on:click=move |_| toggle(app)>
                    {move || if sound.playing.get() { icon(icons::STOP).into_any() } else { icon(icons::ARROW).into_any() }}
                    {move || if sound.playing.get() { "Stop " } else { "Play " }}{move || (!runs()).then(|| view! { <kbd>"Space"</kbd> })}
                </button>
                <button class="btn" aria-label="Loop" aria-pressed=move || pressed(sound.looped.get()) title="Again and again: between the two cursors, else what is in view" on:click=move |_| toggle_loop(app)>{icon(icons::LOOP)}<span class="word">"Loop"</span></button>
                <div class="seg-c" role="group" aria-label="Speed">
                    {SPEEDS.map(|(speed, name, title)| view! {
                        <button class="btn" aria-label=title title=title aria-pressed=move || pressed(sound.speed.get() == speed) on:click=move |_| set_speed(app, speed)>{name}</button>
                    })}
                </div>
                </Show>
                <Show when=move || app.train.get().is_some()>
                    <button class="btn" aria-label="Train alone" aria-pressed=move || pressed(sound.alone.get()) title="Only the discharges of the selected train are heard" on:click=move |_| toggle_alone(app)>"Alone "<kbd>"H"</kbd></button>
                </Show>
                <button class="btn" aria-label="Mute" aria-pressed=move || pressed(sound.muted.get()) title="Sound on or off" on:click=move |_| commands::run(app, Command::Mute)>{icon(icons::SPEAKER)}<span class="word">"Mute "</span><kbd>"U"</kbd></button>
                <input type="range" min="0" max="100" step="1" aria-label="Volume" aria-valuetext=loudest title=move || format!("Volume, apart from the gain of the picture: {}", loudest()) prop:value=move || sound.volume.get().to_string()
                    on:input=move |event| {
                        if let Ok(volume) = event_target_value(&event).parse::<f64>() {
                            sound.volume.set(volume);
                            page::set_setting("volume", &volume.to_string());
                            set_loudness(app);
                        }
                    }/>
                <span class="sub" title=move || if runs() { "From the arrival of a sample to the loudspeaker" } else { "" }>{state}</span>
                <span class="loud">{loudest}</span>
                <span class="grow"></span>
                <TriggeredTools/>
                <span class="at">{move || place().map(|(at, of)| view! { {at}<span class="word">{of}</span> })}</span>
            </div>
        </Show>
    }
}

/// To two digits.
fn rounded(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return value;
    }
    let step = 10f64.powf(value.log10().floor() - 1.0);
    (value / step).round() * step
}
