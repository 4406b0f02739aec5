//! The worker's end: the engine behind `postMessage`, its long work in small steps, and what the
//! browser keeps for it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

use super::files::BlobSource;
use super::message::{PORT, pack, unpack};
use super::record::Arriving;
use super::scope::{self, now_ms};
use super::{storage, vault};
use crate::engine::protocol::{Buffer, Event, Output, RecentStudy, Request, Store, StudyKey, StudyView, TextOptions};
use crate::engine::{Engine, live};
use crate::formats::{Files, NamedSource};

/// Time given to long work before messages are looked at again, ms.
const SLICE_MS: f64 = 12.0;
/// Progress is told no more often than this, ms.
const PROGRESS_MS: f64 = 100.0;

/// Files, and what a person said about them.
type Given = (Vec<web_sys::File>, TextOptions);

/// The worker's state.
pub(super) struct Shell {
    pub(super) scope: DedicatedWorkerGlobalScope,
    pub(super) engine: RefCell<Engine>,
    /// Outputs of the engine, handled after it returned: handling may call it again.
    pub(super) outbox: RefCell<Vec<Output>>,
    /// What came of a recording that runs.
    pub(super) arriving: Arriving,
    ticker: MessageChannel,
    ticking: Cell<bool>,
    told_ms: Cell<f64>,
    /// Files of the message that is being handled, and of each study opened from them.
    given: RefCell<Given>,
    files: RefCell<HashMap<StudyKey, Given>>,
    /// Edits that wait to be stored, by key, and whether one is being stored.
    unsaved: RefCell<HashMap<String, (StudyKey, Vec<u8>)>>,
    saving: Cell<bool>,
    /// Studies whose kept edits could not be read.
    unread: RefCell<HashSet<StudyKey>>,
}

/// Runs the worker: installs the handler and says that it is ready.
pub fn run() {
    let scope = scope::of_worker();
    let Ok(ticker) = MessageChannel::new() else { return };
    let shell = Rc::new(Shell {
        scope: scope.clone(),
        engine: RefCell::default(),
        outbox: RefCell::default(),
        arriving: Arriving::default(),
        ticker,
        ticking: Cell::new(false),
        told_ms: Cell::new(0.0),
        given: RefCell::default(),
        files: RefCell::default(),
        unsaved: RefCell::default(),
        saving: Cell::new(false),
        unread: RefCell::default(),
    });
    let on_tick = Closure::<dyn FnMut()>::new({
        let shell = shell.clone();
        move || shell.tick()
    });
    shell.ticker.port1().set_onmessage(Some(on_tick.as_ref().unchecked_ref()));
    on_tick.forget();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| shell.receive(&event.data()));
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    scope::ready();
}

impl Shell {
    fn receive(self: &Rc<Self>, data: &JsValue) {
        if let Some(port) = js_sys::Reflect::get(data, &PORT.into()).ok().and_then(|port| port.dyn_into::<MessagePort>().ok()) {
            self.record_from(&port);
        }
        match unpack::<Request>(data) {
            Ok(message) => {
                if self.kept(&message.body) {
                    return;
                }
                if matches!(message.body, Request::Open { .. } | Request::GatherPast { .. }) {
                    self.open(message.body, message.files);
                    return;
                }
                let bytes = message.buffers.into_iter().find_map(|buffer| match buffer {
                    Buffer::Bytes(bytes) => Some(bytes),
                    Buffer::F32(_) => None,
                });
                self.handle(message.body, &Files::default(), bytes.as_deref());
            }
            Err(error) => self.post(Event::Failed { what: format!("A message could not be read: {error:?}") }.into()),
        }
    }

    fn open(self: &Rc<Self>, request: Request, given: Vec<web_sys::File>) {
        let mut files = Files::default();
        for file in &given {
            let name = file.name();
            match BlobSource::new(file.clone()) {
                Ok(source) => files.all.push(NamedSource { name, source: Rc::new(source) }),
                Err(_) => self.post(Event::Failed { what: format!("{name} could not be read in this browser.") }.into()),
            }
        }
        if let Request::Open { options } = &request {
            *self.given.borrow_mut() = (given, options.clone());
        }
        self.handle(request, &files, None);
        *self.given.borrow_mut() = Given::default();
    }

    /// Requests about what the browser keeps; `true` when it was one.
    fn kept(self: &Rc<Self>, request: &Request) -> bool {
        let shell = self.clone();
        match request.clone() {
            Request::Recent => wasm_bindgen_futures::spawn_local(async move { shell.tell_recent().await }),
            Request::Reopen { key } => wasm_bindgen_futures::spawn_local(async move {
                // A recording made here lies in a file of its own.
                if let Some(log) = vault::file(&key).await {
                    shell.open(Request::Open { options: TextOptions::default() }, vec![log]);
                    return;
                }
                match storage::study_files(&key).await {
                    Ok((files, options)) if !files.is_empty() => shell.open(Request::Open { options }, files),
                    Ok(_) => shell.post(
                        Event::Failed {
                            what: "The files of this study are not kept here. Open them again: your edits are kept and come back.".into(),
                        }
                        .into(),
                    ),
                    Err(what) => shell.post(Event::Failed { what }.into()),
                }
            }),
            Request::Forget { key } => wasm_bindgen_futures::spawn_local(async move {
                vault::remove(&key).await;
                if let Err(what) = storage::forget(&key).await {
                    shell.post(Event::Failed { what }.into());
                }
                shell.tell_recent().await;
            }),
            _ => return false,
        }
        true
    }

    async fn tell_recent(&self) {
        // Without storage there is nothing to list; the first edit will say so.
        let mut list = storage::recent().await.unwrap_or_default();
        let mut rescued = Vec::new();
        for key in vault::keys().await {
            if !list.iter().any(|entry| entry.key == key)
                && let Some(entry) = recorded(&key, "cut off, rescued").await
            {
                rescued.push(entry.clone());
                list.insert(0, entry);
            }
        }
        self.post(Event::Recent { list }.into());
        if !rescued.is_empty() {
            self.post(Event::Rescued { list: rescued }.into());
        }
    }

    /// Lists a recording that was ended, or one that was rescued and looked at.
    pub(super) async fn tell_recorded(&self, key: &str) {
        if let Some(entry) = recorded(key, "recorded here").await {
            // One that cannot be listed is offered as rescued at the next start.
            let _ = storage::keep_entry(&entry).await;
        }
        self.tell_recent().await;
    }

    fn remember(self: &Rc<Self>, view: &StudyView) {
        let (files, options) = self.files.borrow().get(&view.study).cloned().unwrap_or_default();
        let used: Vec<_> = files.into_iter().filter(|file| view.files.contains(&file.name())).collect();
        if used.is_empty() {
            return;
        }
        if used.iter().any(|file| file.name() == format!("{}{}", view.key, vault::ENDING)) {
            let (shell, key) = (self.clone(), view.key.clone());
            wasm_bindgen_futures::spawn_local(async move {
                // Only what lies here is listed; a log from elsewhere is a file like any other.
                if vault::file(&key).await.is_some() {
                    shell.tell_recorded(&key).await;
                }
            });
            return;
        }
        let channels = view.recordings.iter().map(|recording| recording.channels.len()).sum::<usize>();
        let length = crate::scene::divisions::duration(view.recordings.iter().map(|recording| recording.duration_s).sum());
        let format = view.recordings.first().map(|recording| recording.format.clone()).unwrap_or_default();
        let entry = RecentStudy {
            key: view.key.clone(),
            title: view.title.clone(),
            content: format!("{format}, {channels} {}, {length}", if channels == 1 { "channel" } else { "channels" }),
            opened_ms: js_sys::Date::now(),
            size: 0.0,
            with_files: false,
            options,
        };
        let shell = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            // A study that cannot be kept is only missing from the list.
            let _ = storage::keep_study(entry, &used).await;
            shell.tell_recent().await;
        });
    }

    fn handle(self: &Rc<Self>, request: Request, files: &Files, bytes: Option<&[u8]>) {
        // What was recorded before it was asked.
        self.take_in();
        self.engine.borrow_mut().handle(request, files, bytes, &mut |output| self.put(output));
        self.deliver();
        self.schedule();
    }

    /// Keeps what the engine says for when it has ended; how far opening is, is of use only before.
    fn put(&self, output: Output) {
        if matches!(output.event, Event::Opening { .. }) {
            if self.may_tell() {
                self.post(output);
            }
        } else {
            self.outbox.borrow_mut().push(output);
        }
    }

    /// Whether progress was not told just now.
    fn may_tell(&self) -> bool {
        let now = now_ms();
        let may = now - self.told_ms.get() >= PROGRESS_MS;
        if may {
            self.told_ms.set(now);
        }
        may
    }

    pub(super) fn schedule(&self) {
        if !self.ticking.replace(true) {
            let _ = self.ticker.port2().post_message(&JsValue::NULL);
        }
    }

    /// One slice of long work.
    fn tick(self: &Rc<Self>) {
        self.ticking.set(false);
        self.take_in();
        let end_ms = now_ms() + SLICE_MS;
        let mut more = true;
        while more && now_ms() < end_ms {
            more = self.engine.borrow_mut().step(&mut |output| self.outbox.borrow_mut().push(output));
        }
        self.deliver();
        if more {
            self.schedule();
        }
    }

    pub(super) fn deliver(self: &Rc<Self>) {
        loop {
            let outputs = std::mem::take(&mut *self.outbox.borrow_mut());
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                match &output.event {
                    Event::Opened { view } => {
                        self.remember(view);
                        self.post(output);
                    }
                    Event::Fetch { study, store, key } => self.fetch(*study, *store, key.clone()),
                    Event::Keep { study, store, key } => {
                        if let Some(Buffer::Bytes(bytes)) = output.buffers.into_iter().next() {
                            self.keep(*study, *store, key.clone(), bytes);
                        }
                    }
                    Event::Progress { .. } => {
                        if self.may_tell() {
                            self.post(output);
                        }
                    }
                    Event::LiveEnded { .. } => {
                        self.post(output);
                        self.list_recorded();
                    }
                    _ => self.post(output),
                }
            }
        }
    }

    fn fetch(self: &Rc<Self>, study: StudyKey, store: Store, key: String) {
        if store == Store::Edits && !self.given.borrow().0.is_empty() {
            self.files.borrow_mut().insert(study, self.given.borrow().clone());
        }
        let shell = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let bytes = match store {
                Store::Edits => storage::load_edits(&key).await.unwrap_or_else(|what| {
                    shell.unread.borrow_mut().insert(study);
                    shell.post(Event::Kept { study, store, error: Some(what) }.into());
                    None
                }),
                Store::Pyramid => storage::load_pyramid(&key).await,
            };
            shell.handle(Request::Fetched { study, store }, &Files::default(), bytes.as_deref());
        });
    }

    fn keep(self: &Rc<Self>, study: StudyKey, store: Store, key: String, bytes: Vec<u8>) {
        let shell = self.clone();
        if store == Store::Pyramid {
            wasm_bindgen_futures::spawn_local(async move {
                // A pyramid that could not be kept is built again; nobody needs to know.
                let _ = storage::keep_pyramid(&key, &bytes).await;
            });
            return;
        }
        if self.unread.borrow().contains(&study) {
            let what = "the edits kept earlier could not be read, and nothing is stored over them: reload the page to try again";
            self.post(Event::Kept { study, store, error: Some(what.into()) }.into());
            return;
        }
        // Only the latest state counts, and states must not overtake each other: one writer at a time.
        self.unsaved.borrow_mut().insert(key, (study, bytes));
        if !self.saving.replace(true) {
            wasm_bindgen_futures::spawn_local(async move { shell.save().await });
        }
    }

    async fn save(&self) {
        loop {
            let next = self.unsaved.borrow().keys().next().cloned();
            let Some((key, (study, bytes))) = next.and_then(|key| self.unsaved.borrow_mut().remove_entry(&key)) else { break };
            let error = storage::keep_edits(&key, &bytes).await.err();
            self.post(Event::Kept { study, store: Store::Edits, error }.into());
        }
        self.saving.set(false);
    }

    fn post(&self, output: Output) {
        if let Ok((message, transfer)) = pack(&output.event, output.buffers, &[]) {
            let _ = self.scope.post_message_with_transfer(&message, &transfer);
        }
    }
}

/// The entry of a raw log that lies here.
async fn recorded(key: &str, how: &str) -> Option<RecentStudy> {
    let file = vault::file(key).await?;
    let (size, written_ms) = (file.size(), file.last_modified());
    let begun = live::log::begun(&BlobSource::new(file).ok()?)?;
    Some(RecentStudy {
        key: key.to_owned(),
        title: begun.title,
        content: how.to_owned(),
        opened_ms: written_ms,
        size,
        with_files: true,
        options: TextOptions::default(),
    })
}
