//! A recording that runs, where it becomes a study: entries of its raw log come from the worker that
//! acquires, and wait here while the engine is busy.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

use super::message::{Entries, unpack};
use super::vault::Growing;
use super::worker::Shell;
use crate::engine::live::Spill;
use crate::engine::protocol::{Buffer, Event};

/// Files made beforehand: for pages of samples, one for each stream of the devices, and one for overviews.
const SPILLS: usize = 4;

/// What came and was not taken in yet.
#[derive(Default)]
pub(super) struct Arriving {
    entries: RefCell<Vec<u8>>,
    now_ms: Cell<f64>,
    /// Something came since the engine was told last.
    news: Cell<bool>,
    /// Names the recording.
    key: RefCell<Option<String>>,
    /// A recording begins, and its files are being made.
    preparing: Cell<bool>,
}

impl Shell {
    /// Entries come by this port from now on.
    pub(super) fn record_from(self: &Rc<Self>, port: &MessagePort) {
        let shell = self.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| match unpack::<Entries>(&event.data()) {
            Ok(message) => shell.arrived(message.body, message.buffers),
            Err(error) => {
                let what = format!("A part of the recording could not be taken over ({error:?}). It is stored; end it and open it again.");
                shell.outbox.borrow_mut().push(Event::Failed { what }.into());
                shell.deliver();
            }
        });
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // It lives as long as the worker.
        on_message.forget();
    }

    fn arrived(self: &Rc<Self>, head: Entries, buffers: Vec<Buffer>) {
        if let Some(key) = head.key {
            self.prepare(key);
        }
        for buffer in buffers {
            if let Buffer::Bytes(bytes) = buffer {
                self.arriving.entries.borrow_mut().extend(bytes);
            }
        }
        self.arriving.now_ms.set(head.now_ms);
        self.arriving.news.set(true);
        self.schedule();
    }

    /// Makes the files of a recording that begins, then begins it.
    fn prepare(self: &Rc<Self>, key: String) {
        // What is left of one before.
        self.take_in();
        self.arriving.preparing.set(true);
        *self.arriving.key.borrow_mut() = Some(key.clone());
        let shell = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let mut spills: Vec<Box<dyn Spill>> = Vec::new();
            for number in 0..SPILLS {
                if let Ok(file) = Growing::create(&format!("{key}-{number}.pages")).await {
                    spills.push(Box::new(file));
                }
            }
            shell.engine.borrow_mut().live_begin(spills);
            shell.arriving.preparing.set(false);
            shell.schedule();
        });
    }

    /// Takes in all that came.
    pub(super) fn take_in(self: &Rc<Self>) {
        if self.arriving.preparing.get() || !self.arriving.news.replace(false) {
            return;
        }
        let entries = std::mem::take(&mut *self.arriving.entries.borrow_mut());
        let now_ms = self.arriving.now_ms.get();
        self.engine.borrow_mut().live_entries(entries, now_ms, &mut |output| self.outbox.borrow_mut().push(output));
        self.deliver();
    }

    /// The recording has ended: it is listed among those that are kept here.
    pub(super) fn list_recorded(self: &Rc<Self>) {
        let Some(key) = self.arriving.key.borrow_mut().take() else { return };
        let shell = self.clone();
        wasm_bindgen_futures::spawn_local(async move { shell.tell_recorded(&key).await });
    }
}
