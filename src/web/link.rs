//! The page's end of the worker.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::message::{pack, unpack};
use super::page;
use crate::engine::protocol::{Buffer, Event, Request};

/// A running worker. Requests made before it is ready wait for it.
pub struct Link {
    worker: Worker,
    ready: Cell<bool>,
    waiting: RefCell<Vec<(Request, Vec<web_sys::File>)>>,
}

impl Link {
    /// Starts the worker; `on_event` gets everything it says.
    ///
    /// # Errors
    /// When the browser refuses to start it.
    pub fn start(on_event: impl Fn(Event, Vec<Buffer>) + 'static) -> Result<Rc<Self>, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let address = page::meta("myoscope-worker").unwrap_or_else(|| "./worker_loader.js".into());
        let worker = Worker::new_with_options(&address, &options)?;
        let link = Rc::new(Self { worker, ready: Cell::new(false), waiting: RefCell::default() });
        let on_event = Rc::new(on_event);
        let receive = Closure::<dyn FnMut(MessageEvent)>::new({
            let (link, on_event) = (link.clone(), on_event.clone());
            move |message: MessageEvent| {
                let data = message.data();
                if data.is_string() {
                    link.ready.set(true);
                    for (request, files) in link.waiting.take() {
                        link.send_files(request, files);
                    }
                    return;
                }
                match unpack::<Event>(&data) {
                    Ok(message) => on_event(message.body, message.buffers),
                    Err(error) => {
                        on_event(Event::Failed { what: format!("A message of the worker could not be read: {error:?}") }, Vec::new());
                    }
                }
            }
        });
        link.worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        receive.forget();
        let fail = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            let what = "The part of the program that reads recordings has stopped. Your edits are stored; reload the page to go on.";
            on_event(Event::Failed { what: what.into() }, Vec::new());
        });
        link.worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        fail.forget();
        Ok(link)
    }

    /// Ends the worker at once, whatever it is doing.
    pub fn end(&self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }

    /// Sends a request.
    pub fn send(&self, request: Request) {
        self.send_files(request, Vec::new());
    }

    /// Sends a request with files.
    pub fn send_files(&self, request: Request, files: Vec<web_sys::File>) {
        if !self.ready.get() {
            self.waiting.borrow_mut().push((request, files));
            return;
        }
        if let Ok((message, transfer)) = pack(&request, Vec::new(), &files) {
            let _ = self.worker.post_message_with_transfer(&message, &transfer);
        }
    }
}
