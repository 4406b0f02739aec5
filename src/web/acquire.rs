//! The worker that acquires: ports, clock, raw log and loudspeaker around a [`Desk`].
//!
//! It does nothing that takes time, so that nothing waits here for an analysis. What comes is gathered
//! for some milliseconds, stored, and only then decoded, heard, and sent to the engine's worker as the
//! entries of the raw log. Nothing comes back from there. A port that is unplugged is waited for; losing
//! the disk turns into a warning, never into an end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort, SerialPort};

use super::message::{Entries, PORT, pack, unpack};
use super::port::{self, Ended, Wired};
use super::scope::{self, now_ms};
use super::vault::{self, RawLog};
use crate::device::{Config, UsbIds};
use crate::engine::live::log::Begun;
use crate::engine::live::{Desk, Patient, Wire, patient_site};
use crate::engine::protocol::{Buffer, Event, GuideAsk, LiveAsk, PatientAct};

/// What came is taken in so often, ms.
const TICK_MS: i32 = 8;
/// The simulated patient's USB numbers: those of open hardware.
const PATIENT_USB: UsbIds = UsbIds { vendor: Some(0x1209), product: Some(1) };
/// A lost port is looked for so often, ms.
const LOOK_MS: f64 = 500.0;

/// What is recorded from.
#[derive(Default)]
struct Source {
    usb: UsbIds,
    wired: Option<Rc<Wired>>,
    /// It is a simulated patient.
    patient: Option<Patient>,
    /// A baud to open again at.
    again: Option<u32>,
    lost: bool,
}

/// A recording that runs.
struct Acquisition {
    desk: RefCell<Desk>,
    begun_ms: f64,
    /// Entries that the engine's worker was not sent yet.
    unsent: RefCell<Vec<u8>>,
    sources: RefCell<BTreeMap<u8, Source>>,
    inbox: RefCell<Vec<(u8, f64, Vec<u8>)>>,
    log: RefCell<RawLog>,
    looked_ms: Cell<f64>,
    timer: Cell<i32>,
    ended: Cell<bool>,
    /// When bytes came last.
    came_ms: Cell<f64>,
}

/// The worker's state.
struct Station {
    scope: DedicatedWorkerGlobalScope,
    /// The recording that runs.
    acquisition: RefCell<Option<Rc<Acquisition>>>,
    /// Where entries of the raw log go.
    engine: RefCell<Option<MessagePort>>,
    /// Where what is heard goes.
    loudspeaker: RefCell<Option<MessagePort>>,
}

/// Runs the worker: installs the handler and says that it is ready.
pub fn run() {
    let scope = scope::of_worker();
    let station = Rc::new(Station {
        scope: scope.clone(),
        acquisition: RefCell::default(),
        engine: RefCell::default(),
        loudspeaker: RefCell::default(),
    });
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| station.receive(&event.data()));
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    scope::ready();
}

impl Station {
    fn receive(self: &Rc<Self>, data: &JsValue) {
        let port = Reflect::get(data, &PORT.into()).ok().and_then(|port| port.dyn_into::<MessagePort>().ok());
        match unpack::<LiveAsk>(data) {
            Ok(message) => self.handle(message.body, port),
            Err(error) => self.post(&Event::Failed { what: format!("A message could not be read: {error:?}") }),
        }
    }

    fn post(&self, event: &Event) {
        if let Ok((message, transfer)) = pack(event, Vec::new(), &[]) {
            let _ = self.scope.post_message_with_transfer(&message, &transfer);
        }
    }

    /// Does what is asked.
    fn handle(self: &Rc<Self>, ask: LiveAsk, port: Option<MessagePort>) {
        match ask {
            LiveAsk::Tell => *self.engine.borrow_mut() = port,
            LiveAsk::Connect { vendor, product, chosen } => {
                let station = self.clone();
                let (usb, chosen) = (UsbIds { vendor, product }, chosen.map(|chosen| *chosen));
                wasm_bindgen_futures::spawn_local(async move { station.connect(usb, chosen).await });
            }
            LiveAsk::Mark { text } => self.with_desk(|desk, now_ms, wire| desk.mark(now_ms, &text, wire)),
            LiveAsk::Listen { lane } => {
                if port.is_some() {
                    *self.loudspeaker.borrow_mut() = port;
                }
                self.with_desk(|desk, _, _| desk.listen(lane.map(|lane| *lane)));
            }
            LiveAsk::Guide { step } => self.guide(step),
            LiveAsk::End => self.end(),
            LiveAsk::Simulate { condition } => {
                let station = self.clone();
                wasm_bindgen_futures::spawn_local(async move { station.simulate(&condition).await });
            }
            LiveAsk::Patient { act } => {
                if let Some(live) = self.acquisition() {
                    let mut sources = live.sources.borrow_mut();
                    sources.values_mut().filter_map(|source| source.patient.as_mut()).for_each(|patient| {
                        patient.act(act);
                    });
                }
            }
        }
    }

    /// Does something at the desk of the recording that runs.
    fn with_desk(&self, act: impl FnOnce(&mut Desk, f64, &mut Wire)) {
        if let Some(live) = self.acquisition() {
            let mut wire = Wire::default();
            act(&mut live.desk.borrow_mut(), live.now_ms(), &mut wire);
            live.carry_out(wire);
        }
    }

    fn guide(&self, step: GuideAsk) {
        let Some(live) = self.acquisition() else { return };
        let place = match &step {
            GuideAsk::Begin { id, .. } => Some((id.clone(), 0)),
            GuideAsk::Site { site } => Some((live.desk.borrow().guided().to_owned(), *site)),
            _ => None,
        };
        let mut done = place.map_or(Ok(()), |(id, site)| live.move_stimulator(&id, site));
        if done.is_ok() {
            self.with_desk(|desk, now_ms, wire| done = desk.guide(step, now_ms, wire));
        }
        if let Err(what) = done {
            self.post(&Event::Failed { what });
        }
    }

    fn acquisition(&self) -> Option<Rc<Acquisition>> {
        self.acquisition.borrow().clone()
    }

    /// The recording that runs; begins one when there is none.
    async fn begun(self: &Rc<Self>) -> Rc<Acquisition> {
        if let Some(live) = self.acquisition() {
            return live;
        }
        let now = js_sys::Date::new_0();
        let start = local_iso(&now);
        let key = format!("live-{}", start.replace([':', '-'], "").replace('T', "-"));
        let title = format!("Recording of {}", start.replace('T', " "));
        let log = RawLog::create(&key).await;
        // Another request may have begun one while the file was made.
        if let Some(live) = self.acquisition() {
            return live;
        }
        let mut wire = Wire::default();
        let desk = Desk::begin(Begun { key: key.clone(), start, title }, &mut wire);
        let live = Rc::new(Acquisition {
            desk: RefCell::new(desk),
            begun_ms: now_ms(),
            unsent: RefCell::default(),
            sources: RefCell::default(),
            inbox: RefCell::default(),
            log: RefCell::new(log),
            looked_ms: Cell::new(0.0),
            timer: Cell::new(0),
            ended: Cell::new(false),
            came_ms: Cell::new(0.0),
        });
        *self.acquisition.borrow_mut() = Some(live.clone());
        live.carry_out(wire);
        self.tell_engine(&live, Some(key));
        let tick = Closure::<dyn FnMut()>::new({
            let (station, live) = (self.clone(), live.clone());
            move || station.tick(&live)
        });
        if let Ok(timer) = self.scope.set_interval_with_callback_and_timeout_and_arguments_0(tick.as_ref().unchecked_ref(), TICK_MS) {
            live.timer.set(timer);
        }
        tick.forget();
        live
    }

    async fn connect(self: &Rc<Self>, usb: UsbIds, chosen: Option<Config>) {
        let live = self.begun().await;
        let given_up: Vec<u8> = {
            let desk = live.desk.borrow();
            let sources = live.sources.borrow();
            sources.iter().filter(|(number, other)| other.usb == usb && desk.given_up(**number)).map(|(&number, _)| number).collect()
        };
        let free = (1..=u8::MAX).find(|number| !live.sources.borrow().contains_key(number));
        let number = given_up.first().copied().or(free).unwrap_or(u8::MAX);
        // A device that was not recognised is still open: it is let go and opened anew.
        let open = live.sources.borrow().get(&number).and_then(|source| source.wired.clone());
        if let Some(wired) = open {
            wired.release();
            wired.closed().await;
        }
        let taken = live.taken();
        live.desk.borrow_mut().port(number, usb, chosen);
        live.sources.borrow_mut().insert(number, Source { usb, ..Source::default() });
        match port::granted(usb, &taken).await {
            Some(port) => self.serve(live, number, port).await,
            None => {
                let what = "The port is not there any more: plug the device in again and connect once more.";
                live.desk.borrow_mut().failed(number, what);
            }
        }
    }

    /// Records from a simulated patient: its bytes come and go like those of a port.
    async fn simulate(self: &Rc<Self>, condition: &str) {
        let live = self.begun().await;
        let Some(patient) = Patient::new(condition, js_sys::Date::now() as u64) else { return };
        let Some(number) = (1..=u8::MAX).find(|number| !live.sources.borrow().contains_key(number)) else { return };
        live.sources.borrow_mut().insert(number, Source { usb: PATIENT_USB, patient: Some(patient), ..Source::default() });
        let mut wire = Wire::default();
        {
            let mut desk = live.desk.borrow_mut();
            desk.port(number, PATIENT_USB, Some(Config::of("ranvier")));
            desk.opened(number, live.now_ms(), &mut wire);
        }
        live.carry_out(wire);
    }

    /// Serves a port until it is lost or the recording ends.
    async fn serve(self: &Rc<Self>, live: Rc<Acquisition>, number: u8, port: SerialPort) {
        loop {
            let again = live.sources.borrow_mut().get_mut(&number).and_then(|source| source.again.take());
            let Some((baud, opening)) = live.desk.borrow().opening(number) else { return };
            let wired = match Wired::open(port.clone(), again.unwrap_or(baud), opening).await {
                Ok(wired) => wired,
                Err(what) => {
                    live.desk.borrow_mut().failed(number, &what);
                    return;
                }
            };
            if let Some(source) = live.sources.borrow_mut().get_mut(&number) {
                source.wired = Some(wired.clone());
                source.lost = false;
            }
            let mut wire = Wire::default();
            live.desk.borrow_mut().opened(number, live.now_ms(), &mut wire);
            live.carry_out(wire);
            let ended = wired.read(|bytes| live.inbox.borrow_mut().push((number, live.now_ms(), bytes))).await;
            if let Some(source) = live.sources.borrow_mut().get_mut(&number) {
                source.wired = None;
            }
            wired.close().await;
            let again = live.sources.borrow().get(&number).is_some_and(|source| source.again.is_some());
            if live.ended.get() || (ended == Ended::Released && !again) {
                return;
            }
            if ended == Ended::Lost {
                // What came before it was lost comes first.
                live.take_in();
                let mut wire = Wire::default();
                live.desk.borrow_mut().lost(number, live.now_ms(), &mut wire);
                live.carry_out(wire);
                if let Some(source) = live.sources.borrow_mut().get_mut(&number) {
                    source.lost = true;
                }
                return;
            }
        }
    }

    fn tick(self: &Rc<Self>, live: &Rc<Acquisition>) {
        if live.ended.get() {
            return;
        }
        live.take_in();
        let mut wire = Wire::default();
        let (storage, bytes) = live.log.borrow().state();
        live.desk.borrow_mut().stored(storage, bytes);
        let view = live.desk.borrow_mut().tick(live.now_ms(), &mut wire);
        live.carry_out(wire);
        self.let_hear(live);
        // The engine counts its time by what it is told: from time to time also when nothing came.
        let due = view.is_some();
        if let Some(view) = view {
            self.post(&Event::Live { view });
        }
        if due || !live.unsent.borrow().is_empty() {
            self.tell_engine(live, None);
        }
        if live.now_ms() - live.looked_ms.get() >= LOOK_MS {
            live.looked_ms.set(live.now_ms());
            self.look_for_lost(live);
        }
    }

    /// Sends the engine's worker what was stored since the last time; with the key of a recording that begins.
    fn tell_engine(&self, live: &Acquisition, key: Option<String>) {
        let entries = std::mem::take(&mut *live.unsent.borrow_mut());
        let head = Entries { key, now_ms: live.now_ms() };
        if let (Some(engine), Ok((message, transfer))) = (&*self.engine.borrow(), pack(&head, vec![Buffer::Bytes(entries)], &[])) {
            let _ = engine.post_message_with_transferable(&message, &transfer);
        }
    }

    /// Sends what is heard to the audio thread.
    fn let_hear(&self, live: &Acquisition) {
        let Some(heard) = live.desk.borrow_mut().heard() else { return };
        let loudspeaker = self.loudspeaker.borrow();
        let Some(port) = loudspeaker.as_ref() else { return };
        let list = |all: &[u64]| all.iter().map(|at| JsValue::from(*at as f64)).collect::<Array>();
        let values = Float32Array::from(heard.values.as_slice());
        let arrived = js_sys::Date::now() - (live.now_ms() - live.came_ms.get());
        let (message, transfer) = (Object::new(), Array::of1(&values.buffer()));
        let parts: [(&str, JsValue); 6] = [
            ("fs", heard.fs_hz.into()),
            ("first", (heard.first as f64).into()),
            ("values", values.into()),
            ("seams", list(&heard.seams).into()),
            ("stimuli", list(&heard.stimuli).into()),
            ("arrived", arrived.into()),
        ];
        for (name, value) in parts {
            let _ = Reflect::set(&message, &name.into(), &value);
        }
        let _ = port.post_message_with_transferable(&message, &transfer);
    }

    /// Looks whether a lost device was plugged in again.
    fn look_for_lost(self: &Rc<Self>, live: &Rc<Acquisition>) {
        let lost: Vec<(u8, UsbIds)> =
            live.sources.borrow().iter().filter(|(_, source)| source.lost).map(|(&number, source)| (number, source.usb)).collect();
        for (number, usb) in lost {
            let (station, live) = (self.clone(), live.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let Some(port) = port::granted(usb, &live.taken()).await else { return };
                let waits = live.sources.borrow_mut().get_mut(&number).is_some_and(|source| std::mem::take(&mut source.lost));
                if waits && !live.ended.get() {
                    station.serve(live, number, port).await;
                }
            });
        }
    }

    /// Ends the recording. The engine hears of it once the file is closed.
    fn end(self: &Rc<Self>) {
        let Some(live) = self.acquisition.borrow_mut().take() else { return };
        live.take_in();
        let mut wire = Wire::default();
        live.desk.borrow_mut().end(live.now_ms(), &mut wire);
        live.ended.set(true);
        live.carry_out(wire);
        self.scope.clear_interval_with_handle(live.timer.get());
        let stored = live.log.borrow_mut().close();
        for source in live.sources.borrow().values() {
            source.wired.iter().for_each(|wired| wired.release());
        }
        let station = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let (recorded, key) = (live.desk.borrow().recorded(), live.desk.borrow().key().to_owned());
            if !recorded {
                vault::remove(&key).await;
            }
            station.tell_engine(&live, None);
            station.post(&Event::LiveClosed { recorded, stored });
        });
    }
}

impl Acquisition {
    fn now_ms(&self) -> f64 {
        now_ms() - self.begun_ms
    }

    /// What came, in the order in which it came.
    fn take_in(&self) {
        for (&number, source) in self.sources.borrow_mut().iter_mut() {
            if let Some(patient) = &mut source.patient {
                let mut bytes = Vec::new();
                patient.advance(self.now_ms(), &mut bytes);
                if !bytes.is_empty() {
                    self.inbox.borrow_mut().push((number, self.now_ms(), bytes));
                }
            }
        }
        let mut inbox = std::mem::take(&mut *self.inbox.borrow_mut()).into_iter().peekable();
        while let Some((number, at_ms, mut bytes)) = inbox.next() {
            // Pieces of some bytes each are one.
            while let Some((_, _, more)) = inbox.next_if(|(other, ..)| *other == number) {
                bytes.extend(more);
            }
            let mut wire = Wire::default();
            self.came_ms.set(at_ms);
            self.desk.borrow_mut().bytes(number, at_ms, &bytes, &mut wire);
            self.carry_out(wire);
        }
    }

    /// The log first, then the ports.
    fn carry_out(&self, wire: Wire) {
        if !wire.log.is_empty() {
            self.log.borrow_mut().add(&wire.log, self.now_ms(), self.ended.get());
            self.unsent.borrow_mut().extend_from_slice(&wire.log);
        }
        let wired = |number: u8| self.sources.borrow().get(&number).and_then(|source| source.wired.clone());
        for (number, bytes) in wire.writes {
            if let Some(patient) = self.sources.borrow_mut().get_mut(&number).and_then(|source| source.patient.as_mut()) {
                patient.receive(self.now_ms(), &bytes);
            }
            if let Some(wired) = wired(number) {
                wired.write(&bytes);
            }
        }
        for (number, baud) in wire.reopen {
            if let Some(source) = self.sources.borrow_mut().get_mut(&number) {
                source.again = Some(baud);
            }
            if let Some(wired) = wired(number) {
                wired.release();
            }
        }
    }

    /// Holds the stimulator over another place of a simulated patient; nothing where there is none.
    fn move_stimulator(&self, id: &str, site: usize) -> Result<(), String> {
        let mut sources = self.sources.borrow_mut();
        let Some(patient) = sources.values_mut().find_map(|source| source.patient.as_mut()) else { return Ok(()) };
        patient.act(PatientAct::Site(patient_site(patient, id, site)?));
        Ok(())
    }

    fn taken(&self) -> Vec<SerialPort> {
        self.sources.borrow().values().filter_map(|source| source.wired.as_ref().map(|wired| wired.port.clone())).collect()
    }
}

/// Local date and time with seconds.
fn local_iso(now: &js_sys::Date) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date(),
        now.get_hours(),
        now.get_minutes(),
        now.get_seconds()
    )
}
