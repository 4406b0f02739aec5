//! Listening to a recording that runs: the selected lane as it comes, until it is muted. It is heard while
//! the traces are frozen as well; a passage that is played from the recording takes its place.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::continuous;
use super::live;
use super::sound;
use super::state::App;
use crate::engine::protocol::{LaneView, LiveAsk};
use crate::model::LaneSettings;
use crate::units::Unit;
use crate::web::audio;

/// Full scale at the nominal volume where the unit is one of voltage, uV.
const FULL_UV: f64 = 500.0;

/// What the page knows of the loudspeaker.
#[derive(Clone, Copy)]
pub struct Ear {
    /// How it stands.
    heard: RwSignal<audio::Heard>,
    /// The browser lets nothing be heard before a gesture.
    held_back: RwSignal<bool>,
    /// Value that is full scale at the nominal volume.
    full: RwSignal<f64>,
    player: StoredValue<Rc<RefCell<Player>>, LocalStorage>,
}

#[derive(Default)]
struct Player {
    speaker: Option<Rc<audio::Ear>>,
    /// A speaker is being opened, or could not be.
    asked: bool,
    /// The lane that is heard.
    lane: Option<LaneSettings>,
    /// The worker that acquires has a port to the speaker.
    fed: bool,
}

impl Ear {
    pub fn new() -> Self {
        Self {
            heard: RwSignal::default(),
            held_back: RwSignal::new(false),
            full: RwSignal::new(FULL_UV),
            player: StoredValue::new_local(Rc::default()),
        }
    }
}

/// Value of a lane that is full scale at the nominal volume.
pub fn full(lane: &LaneView) -> f64 {
    Unit::parse(&lane.unit).uv_per_unit().map_or(sound::FULL_DIVISIONS * lane.suggested_gain, |uv| FULL_UV / uv)
}

/// Follows the lane, the volume and what else is played; to be called once.
pub fn watch(app: App) {
    let lane = Memo::new(move |_| {
        let runs = live::in_view(app);
        app.continuous.with(|view| view.lane);
        app.with_recording(|_| ())
            .and_then(|()| continuous::selected_lane(app))
            .filter(|lane| runs && sound::silent(lane).is_none())
            .map(|lane| (lane.settings.clone(), full(&lane)))
    });
    Effect::new(move |_| {
        if let Some((lane, full)) = lane.get() {
            app.live.ear.full.set(full);
            listen(app, lane);
        }
    });
    // The next recording has signals of its own.
    let runs = Memo::new(move |_| app.live.view.with(Option::is_some));
    Effect::new(move |_| {
        if !runs.get() {
            app.live.ear.player.get_value().borrow_mut().lane = None;
            app.live.ear.heard.set(audio::Heard::default());
        }
    });
    Effect::new(move |_| set_loudness(app));
}

fn set_loudness(app: App) {
    let loud = if app.sound.playing.get() { 0.0 } else { app.sound.loudness() };
    let gain = loud / app.live.ear.full.get().max(1e-12);
    if let Some(speaker) = &app.live.ear.player.get_value().borrow().speaker {
        speaker.set_gain(gain);
    }
}

fn listen(app: App, mut lane: LaneSettings) {
    // Only what is heard: a lane that was renamed sounds as before.
    (lane.name, lane.gain_per_division) = (None, None);
    let player = app.live.ear.player.get_value();
    if player.borrow().lane.as_ref() == Some(&lane) {
        return;
    }
    player.borrow_mut().lane = Some(lane);
    if player.borrow().speaker.is_some() {
        return tell(app);
    }
    if std::mem::replace(&mut player.borrow_mut().asked, true) {
        return;
    }
    leptos::task::spawn_local(async move {
        let speaker = match audio::Ear::open(move |heard| app.live.ear.heard.set(heard)).await {
            Ok(speaker) => speaker,
            Err(what) => return app.notice("doubt", "No sound.", format!("{what}. Everything else works without it.")),
        };
        app.live.ear.player.get_value().borrow_mut().speaker = Some(speaker);
        tell(app);
        untrack(|| set_loudness(app));
    });
}

/// Says which lane is heard, the first time with the way to the speaker.
fn tell(app: App) {
    if app.live.view.with_untracked(Option::is_none) {
        return;
    }
    let player = app.live.ear.player.get_value();
    let what = LiveAsk::Listen { lane: player.borrow().lane.clone().map(Box::new) };
    let fed = std::mem::replace(&mut player.borrow_mut().fed, true);
    let port = player.borrow().speaker.as_ref().filter(|_| !fed).and_then(|speaker| speaker.source());
    match port {
        Some(port) => live::ask_with_port(app, &what, &port),
        None => live::ask(app, &what),
    }
}

/// The worker that acquires is gone: the next one needs a way to the speaker.
pub fn cut_off(app: App) {
    app.live.ear.player.get_value().borrow_mut().fed = false;
}

/// From time to time while it runs: the browser may have let go by now.
pub fn beat(app: App) {
    let player = app.live.ear.player.get_value();
    let held_back = player.borrow().speaker.as_ref().is_some_and(|speaker| {
        let held_back = speaker.held_back();
        if held_back {
            speaker.resume();
        }
        held_back
    });
    if app.live.ear.held_back.get_untracked() != held_back {
        app.live.ear.held_back.set(held_back);
    }
}

/// How the sound of the recording stands, in words (tracked).
pub fn words(app: App) -> String {
    let heard = app.live.ear.heard.get();
    if app.live.ear.held_back.get() {
        "the browser plays nothing before you click into the page or press a key".into()
    } else if app.sound.silenced() {
        "sound off".into()
    } else if heard.running {
        format!("{:.0} ms behind", heard.delay_ms)
    } else {
        "waiting for samples".into()
    }
}
