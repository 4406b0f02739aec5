//! The worker's end: the engine behind `postMessage`, its long work in small steps, and what the
//! browser keeps for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use super::files::BlobSource;
use super::message::{pack, unpack};
use super::storage;
use crate::engine::Engine;
use crate::engine::protocol::{Buffer, Event, Output, Request, Store, StudyKey};
use crate::formats::{Files, NamedSource};

/// Time given to long work before messages are looked at again, ms.
const SLICE_MS: f64 = 12.0;
/// Progress is told no more often than this, ms.
const PROGRESS_MS: f64 = 100.0;

struct Shell {
    scope: DedicatedWorkerGlobalScope,
    engine: RefCell<Engine>,
    /// Outputs of the engine, handled after it returned: handling may call it again.
    outbox: RefCell<Vec<Output>>,
    ticker: MessageChannel,
    ticking: Cell<bool>,
    told_ms: Cell<f64>,
}

/// Runs the worker: installs the handler and says that it is ready.
pub fn run() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let Ok(ticker) = MessageChannel::new() else { return };
    let shell = Rc::new(Shell {
        scope: scope.clone(),
        engine: RefCell::default(),
        outbox: RefCell::default(),
        ticker,
        ticking: Cell::new(false),
        told_ms: Cell::new(0.0),
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
    let _ = scope.post_message(&"ready".into());
}

impl Shell {
    fn receive(self: &Rc<Self>, data: &JsValue) {
        match unpack::<Request>(data) {
            Ok(message) => {
                let mut files = Files::default();
                for file in message.files {
                    let name = file.name();
                    match BlobSource::new(file) {
                        Ok(source) => files.all.push(NamedSource { name, source: Rc::new(source) }),
                        Err(_) => self.post(Event::Failed { what: format!("{name} could not be read in this browser.") }.into()),
                    }
                }
                let bytes = message.buffers.into_iter().find_map(|buffer| match buffer {
                    Buffer::Bytes(bytes) => Some(bytes),
                    Buffer::F32(_) => None,
                });
                self.handle(message.body, &files, bytes.as_deref());
            }
            Err(error) => self.post(Event::Failed { what: format!("A message could not be read: {error:?}") }.into()),
        }
    }

    fn handle(self: &Rc<Self>, request: Request, files: &Files, bytes: Option<&[u8]>) {
        self.engine.borrow_mut().handle(request, files, bytes, &mut |output| self.outbox.borrow_mut().push(output));
        self.deliver();
        self.schedule();
    }

    fn schedule(&self) {
        if !self.ticking.replace(true) {
            let _ = self.ticker.port2().post_message(&JsValue::NULL);
        }
    }

    /// One slice of long work.
    fn tick(self: &Rc<Self>) {
        self.ticking.set(false);
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

    fn deliver(self: &Rc<Self>) {
        loop {
            let outputs = std::mem::take(&mut *self.outbox.borrow_mut());
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                match &output.event {
                    Event::Fetch { study, store, key } => self.fetch(*study, *store, key.clone()),
                    Event::Keep { study, store, key } => {
                        if let Some(Buffer::Bytes(bytes)) = output.buffers.into_iter().next() {
                            self.keep(*study, *store, key.clone(), bytes);
                        }
                    }
                    Event::Progress { .. } => {
                        let now = now_ms();
                        if now - self.told_ms.get() >= PROGRESS_MS {
                            self.told_ms.set(now);
                            self.post(output);
                        }
                    }
                    _ => self.post(output),
                }
            }
        }
    }

    fn fetch(self: &Rc<Self>, study: StudyKey, store: Store, key: String) {
        let shell = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let bytes = match store {
                Store::Edits => storage::load_edits(&key).await.unwrap_or_else(|what| {
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
        wasm_bindgen_futures::spawn_local(async move {
            let error = match store {
                Store::Edits => storage::keep_edits(&key, &bytes).await.err(),
                // A pyramid that could not be kept is built again; nobody needs to know.
                Store::Pyramid => storage::keep_pyramid(&key, &bytes).await.err().map(|_| String::new()),
            };
            shell.post(Event::Kept { study, store, error }.into());
        });
    }

    fn post(&self, output: Output) {
        if let Ok((message, transfer)) = pack(&output.event, output.buffers, &[]) {
            let _ = self.scope.post_message_with_transfer(&message, &transfer);
        }
    }
}

fn now_ms() -> f64 {
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .map_or(0.0, |performance| performance.unchecked_into::<web_sys::Performance>().now())
}
