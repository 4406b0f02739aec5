//! The worker's end of making PDFs: one order in, one file out.

use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use super::message::{pack, unpack};
use super::scope;
use crate::engine::protocol::{Buffer, Event, Output, PdfOrder};
use crate::engine::report;

/// Runs the worker: installs the handler and says that it is ready.
pub fn run() {
    let scope = scope::of_worker();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
        let scope = scope.clone();
        move |event: MessageEvent| {
            let Output { event, buffers } = match unpack::<PdfOrder>(&event.data()) {
                Ok(message) => made(&message.body, message.buffers),
                Err(error) => Event::Failed { what: format!("An order for a PDF could not be read: {error:?}") }.into(),
            };
            if let Ok((message, transfer)) = pack(&event, buffers, &[]) {
                let _ = scope.post_message_with_transfer(&message, &transfer);
            }
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    scope::ready();
}

fn made(order: &PdfOrder, buffers: Vec<Buffer>) -> Output {
    let name = order.name();
    match report::file(order, buffers) {
        Ok(bytes) => Output { event: Event::Exported { names: vec![name], warnings: Vec::new() }, buffers: vec![Buffer::Bytes(bytes)] },
        Err(what) => Event::Failed { what: format!("{name} was not made: {what}") }.into(),
    }
}
