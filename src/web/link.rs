//! The page's end of a worker.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

use super::message::{PORT, pack, unpack};
use super::{page, scope};
use crate::engine::protocol::{Buffer, Event};

/// A running worker that is asked `R`. What is asked before it is ready waits for it.
pub struct Link<R> {
    worker: Worker,
    name: String,
    ready: Cell<bool>,
    ended: Cell<bool>,
    waiting: RefCell<Vec<(Object, Array)>>,
    asked: PhantomData<R>,
}

impl<R: Serialize + 'static> Link<R> {
    /// Starts a worker for a role ([`scope::ENGINE`], [`scope::ACQUIRE`], [`scope::PDF`]); `on_event` gets everything it says,
    /// `on_gone` is called once when it has stopped without being told to.
    ///
    /// # Errors
    /// When the browser refuses to start it.
    pub fn start(role: &str, on_event: impl Fn(Event, Vec<Buffer>) + 'static, on_gone: impl Fn() + 'static) -> Result<Rc<Self>, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        // Other pages have workers of this role too.
        let name = format!("{role}-{}", js_sys::Math::random());
        options.set_name(&name);
        let program = if role == scope::PDF { "pdf" } else { "worker" };
        let address = page::meta(&format!("myoscope-{program}")).unwrap_or_else(|| format!("./{program}_loader.js"));
        let worker = Worker::new_with_options(&address, &options)?;
        let (ready, ended) = (Cell::new(false), Cell::new(false));
        let link = Rc::new(Self { worker, name, ready, ended, waiting: RefCell::default(), asked: PhantomData });
        let on_gone = Rc::new(on_gone);
        let receive = Closure::<dyn FnMut(MessageEvent)>::new({
            let (link, on_gone) = (link.clone(), on_gone.clone());
            move |message: MessageEvent| {
                let data = message.data();
                if data.is_string() {
                    link.is_ready(on_gone.clone());
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
        let fail = Closure::<dyn FnMut(JsValue)>::new({
            let link = link.clone();
            // What it left half done is of no use: it lets its files go.
            move |_| link.is_gone(&*on_gone)
        });
        link.worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        fail.forget();
        Ok(link)
    }

    fn is_ready(self: &Rc<Self>, on_gone: Rc<impl Fn() + 'static>) {
        self.ready.set(true);
        for (message, transfer) in self.waiting.take() {
            let _ = self.worker.post_message_with_transfer(&message, &transfer);
        }
        let link = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            if scope::gone(&link.name).await {
                link.is_gone(&*on_gone);
            }
        });
    }

    fn is_gone(&self, on_gone: &dyn Fn()) {
        if !self.ended.get() {
            self.end();
            on_gone();
        }
    }

    /// Ends the worker at once, whatever it is doing.
    pub fn end(&self) {
        self.ended.set(true);
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }

    /// Asks.
    pub fn send(&self, request: &R) {
        self.post(pack(request, Vec::new(), &[]));
    }

    /// Asks with a port.
    pub fn send_port(&self, request: &R, port: &MessagePort) {
        if let Ok((message, transfer)) = pack(request, Vec::new(), &[]) {
            let _ = Reflect::set(&message, &PORT.into(), port);
            transfer.push(port);
            self.post(Ok((message, transfer)));
        }
    }

    /// Asks with buffers.
    pub fn send_buffers(&self, request: &R, buffers: Vec<Buffer>) {
        self.post(pack(request, buffers, &[]));
    }

    /// Asks with files.
    pub fn send_files(&self, request: &R, files: &[web_sys::File]) {
        self.post(pack(request, Vec::new(), files));
    }

    fn post(&self, packed: Result<(Object, Array), JsValue>) {
        let Ok((message, transfer)) = packed else { return };
        if self.ready.get() {
            let _ = self.worker.post_message_with_transfer(&message, &transfer);
        } else {
            self.waiting.borrow_mut().push((message, transfer));
        }
    }
}
