//! Sound: an audio context with the player of `www/sound.js` on the audio thread.

use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, AudioContextOptions, AudioContextState, AudioWorkletNode, MessageChannel, MessageEvent, MessagePort};

use super::page;

/// Rates that a context may have everywhere, Hz; others are resampled by the player.
const RATES_HZ: [f64; 2] = [8000.0, 96_000.0];
/// Rate of a context for a signal of any other rate, Hz.
const USUAL_HZ: f64 = 48_000.0;

/// What the player says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Chunks that it needs (8192 samples each).
    Needs(Vec<u32>),
    /// The sample that is played, and whether it waits for a chunk.
    At(f64, bool),
    /// The end was reached.
    Ended,
}

/// What to play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// First sample.
    pub at: f64,
    /// One past the last sample of the signal.
    pub end: f64,
    /// Round and round between these samples.
    pub looped: Option<[f64; 2]>,
    /// Part of the true speed.
    pub speed: f64,
}

/// A loudspeaker for signals of one sampling rate.
pub struct Speaker {
    context: AudioContext,
    node: AudioWorkletNode,
    /// Samples of the signal a frame at true speed.
    per_frame: f64,
}

impl Speaker {
    /// Opens a context at the rate of the signal where the browser can, so that samples are played as
    /// they are.
    ///
    /// # Errors
    /// In words, when this browser gives no sound.
    pub async fn open(fs_hz: f64, on_said: impl Fn(Said) + 'static) -> Result<Rc<Self>, String> {
        let rate_hz = if (RATES_HZ[0]..=RATES_HZ[1]).contains(&fs_hz) && fs_hz.fract() == 0.0 { fs_hz } else { USUAL_HZ };
        Self::open_at(fs_hz, rate_hz, on_said).await.map_err(|error| no_sound(&error))
    }

    async fn open_at(fs_hz: f64, rate_hz: f64, on_said: impl Fn(Said) + 'static) -> Result<Rc<Self>, JsValue> {
        let options = AudioContextOptions::new();
        options.set_sample_rate(rate_hz as f32);
        let context = AudioContext::new_with_context_options(&options)?;
        let node = node(&context, "myoscope-sound", move |data| {
            let get = |name: &str| Reflect::get(data, &name.into()).unwrap_or(JsValue::UNDEFINED);
            if let Ok(need) = get("need").dyn_into::<Array>() {
                on_said(Said::Needs(need.iter().filter_map(|index| index.as_f64()).map(|index| index as u32).collect()));
            }
            if get("ended").is_truthy() {
                on_said(Said::Ended);
            } else if let Some(at) = get("at").as_f64() {
                on_said(Said::At(at, get("waits").is_truthy()));
            }
        })
        .await?;
        let per_frame = fs_hz / f64::from(context.sample_rate());
        Ok(Rc::new(Self { context, node, per_frame }))
    }

    fn tell(&self, act: &str, with: &[(&str, JsValue)]) {
        tell(&self.node, act, with, &Array::new());
    }

    /// Plays.
    pub fn play(&self, passage: Passage) {
        let _ = self.context.resume();
        let looped = passage.looped.map_or(JsValue::NULL, |[from, to]| Array::of2(&from.into(), &to.into()).into());
        let step = passage.speed * self.per_frame;
        self.tell("play", &[("at", passage.at.into()), ("end", passage.end.into()), ("loop", looped), ("step", step.into())]);
    }

    /// Changes the speed while it plays.
    pub fn set_speed(&self, speed: f64) {
        self.tell("step_to", &[("step", (speed * self.per_frame).into())]);
    }

    /// Full scale for a value of 1; nothing is heard at 0.
    pub fn set_gain(&self, gain: f64) {
        self.tell("loudness", &[("gain", gain.into())]);
    }

    /// Gives a chunk that was needed.
    pub fn give(&self, index: u32, values: &[f32]) {
        self.tell("chunk", &[("index", index.into()), ("values", Float32Array::from(values).into())]);
    }

    /// Stops.
    pub fn stop(&self) {
        self.tell("stop", &[]);
    }

    /// Stops and forgets what was given (another signal follows).
    pub fn forget(&self) {
        self.tell("forget", &[]);
    }

    /// Time from the player to the ear, seconds, as far as the browser says.
    pub fn latency_s(&self) -> f64 {
        latency_s(&self.context)
    }
}

/// How the sound of a recording that runs stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Heard {
    /// It is heard now.
    pub running: bool,
    /// From the arrival of a sample to the loudspeaker, ms.
    pub delay_ms: f64,
    /// How often samples ran out.
    pub ran_out: u32,
}

/// A loudspeaker for a recording that runs: the worker sends samples to the audio thread itself, so that
/// a busy page is not heard.
pub struct Ear {
    context: AudioContext,
    node: AudioWorkletNode,
}

impl Ear {
    /// Opens a context at the sound card's own rate.
    ///
    /// # Errors
    /// In words, when this browser gives no sound.
    pub async fn open(on_heard: impl Fn(Heard) + 'static) -> Result<Rc<Self>, String> {
        Self::open_as_is(on_heard).await.map_err(|error| no_sound(&error))
    }

    async fn open_as_is(on_heard: impl Fn(Heard) + 'static) -> Result<Rc<Self>, JsValue> {
        let options = AudioContextOptions::new();
        // The shortest that the sound card gives: 'interactive', the usual, may be some times as long.
        options.set_latency_hint(&0.into());
        let context = AudioContext::new_with_context_options(&options)?;
        let of = context.clone();
        let node = node(&context, "myoscope-ear", move |data| {
            let number = |name: &str| Reflect::get(data, &name.into()).ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
            let running = Reflect::get(data, &"running".into()).is_ok_and(|value| value.is_truthy());
            on_heard(Heard { running, delay_ms: number("delay") + latency_s(&of) * 1e3, ran_out: number("ran_out") as u32 });
        })
        .await?;
        Ok(Rc::new(Self { context, node }))
    }

    /// A port that the worker sends samples to.
    pub fn source(&self) -> Option<MessagePort> {
        let channel = MessageChannel::new().ok()?;
        let (near, far) = (channel.port1(), channel.port2());
        tell(&self.node, "feed", &[("port", near.clone().into())], &Array::of1(&near));
        let _ = self.context.resume();
        Some(far)
    }

    /// Full scale for a value of 1; nothing is heard at 0.
    pub fn set_gain(&self, gain: f64) {
        tell(&self.node, "loudness", &[("gain", gain.into())], &Array::new());
    }

    /// Whether the browser waits for a gesture before it lets anything be heard.
    pub fn held_back(&self) -> bool {
        self.context.state() == AudioContextState::Suspended
    }

    /// Lets it be heard; to be called in a gesture.
    pub fn resume(&self) {
        let _ = self.context.resume();
    }
}

fn no_sound(error: &JsValue) -> String {
    format!("This browser gives no sound ({})", error.as_string().unwrap_or_else(|| format!("{error:?}")))
}

/// Time from the audio thread to the ear, seconds, as far as the browser says.
fn latency_s(context: &AudioContext) -> f64 {
    let number = |name: &str| Reflect::get(context, &name.into()).ok().and_then(|value| value.as_f64());
    number("outputLatency").or_else(|| number("baseLatency")).unwrap_or(0.0).max(0.0)
}

/// A processor of `www/sound.js`, connected to the loudspeaker.
async fn node(context: &AudioContext, name: &str, on_said: impl Fn(&JsValue) + 'static) -> Result<AudioWorkletNode, JsValue> {
    let address = page::meta("myoscope-sound").unwrap_or_else(|| "./sound.js".into());
    JsFuture::from(context.audio_worklet()?.add_module(&address)?).await?;
    let node = AudioWorkletNode::new(context, name)?;
    node.connect_with_audio_node(&context.destination())?;
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| on_said(&message.data()));
    node.port()?.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    // It lives as long as the page: there is one for the live sound, and one a sampling rate.
    hear.forget();
    Ok(node)
}

fn tell(node: &AudioWorkletNode, act: &str, with: &[(&str, JsValue)], transfer: &Array) {
    let message = Object::new();
    let _ = Reflect::set(&message, &"act".into(), &act.into());
    for (name, value) in with {
        let _ = Reflect::set(&message, &(*name).into(), value);
    }
    if let Ok(port) = node.port() {
        let _ = port.post_message_with_transferable(&message, transfer);
    }
}
