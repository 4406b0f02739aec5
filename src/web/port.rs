//! One serial port in the worker: opened, read without pause, written, closed, and what each failure
//! means in words.
//!
//! Behaviour of browsers that this handles: errors of a line (break, parity) end the reader but not
//! the port, which gives a new stream; an unplugged port gives none; `close` waits for both streams,
//! so they are let go first; writing anything but bytes would block the port for good.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStreamDefaultReader, Serial, SerialOptions, SerialPort, SerialPortFilter, SerialPortRequestOptions, WritableStreamDefaultWriter,
};

use crate::device::{Opening, UsbFilter, UsbIds};

/// Why reading ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// [`Wired::release`] was called.
    Released,
    /// The port is gone.
    Lost,
}

/// An open port.
pub struct Wired {
    /// The browser's object.
    pub port: SerialPort,
    reader: RefCell<Option<ReadableStreamDefaultReader>>,
    writer: RefCell<Option<WritableStreamDefaultWriter>>,
    released: RefCell<bool>,
    shut: RefCell<bool>,
}

/// How long [`Wired::closed`] waits at most, ms, and how often it looks.
const SHUT_MS: [i32; 2] = [2000, 20];

/// The browser's ports, where it has them.
pub fn serial() -> Option<Serial> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"serial".into()).ok()?.dyn_into().ok()
}

/// Asks the person for a port, on the page and within a gesture; among those that pass a filter, or
/// among all when there is none. `None` when they chose none.
///
/// # Errors
/// In words: this browser has no serial ports, or does not allow them.
pub fn request(usb: &[UsbFilter]) -> Result<impl Future<Output = Result<Option<UsbIds>, String>> + use<>, String> {
    let Some(serial) = serial() else {
        return Err(
            "This browser gives pages no serial ports. Chrome, Edge and Opera on a computer do, and Firefox from version 151.".into()
        );
    };
    let options = SerialPortRequestOptions::new();
    if !usb.is_empty() {
        let filters = usb.iter().map(|usb| {
            let filter = SerialPortFilter::new();
            filter.set_usb_vendor_id(usb.vendor);
            usb.product.iter().for_each(|&product| filter.set_usb_product_id(product));
            filter
        });
        options.set_filters(&filters.collect::<Vec<_>>());
    }
    let asked = JsFuture::from(serial.request_port_with_options(&options));
    Ok(async move {
        match asked.await {
            Ok(port) => Ok(port.dyn_into::<SerialPort>().ok().map(|port| usb_of(&port))),
            Err(error) => match name_of(&error).as_str() {
                "NotFoundError" => Ok(None),
                _ => {
                    Err("The browser does not allow this page to use serial ports (a setting of the browser or of its administrator)."
                        .into())
                }
            },
        }
    })
}

fn name_of(error: &JsValue) -> String {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

/// Calls when a port is plugged in or out, on the page.
pub fn on_plugged(act: impl Fn() + Clone + 'static) {
    let Some(serial) = serial() else { return };
    for event in ["connect", "disconnect"] {
        let act = act.clone();
        let act = Closure::<dyn FnMut()>::new(act);
        let _ = serial.add_event_listener_with_callback(event, act.as_ref().unchecked_ref());
        act.forget();
    }
}

/// USB numbers of a port.
pub fn usb_of(port: &SerialPort) -> UsbIds {
    let info = port.get_info();
    UsbIds { vendor: info.get_usb_vendor_id(), product: info.get_usb_product_id() }
}

/// Granted ports with these USB numbers that are plugged in and not among `taken`.
pub async fn granted(usb: UsbIds, taken: &[SerialPort]) -> Option<SerialPort> {
    let list = JsFuture::from(serial()?.get_ports()).await.ok()?;
    let ports = Array::from(&list).iter().filter_map(|port| port.dyn_into::<SerialPort>().ok()).collect::<Vec<_>>();
    let plugged = |port: &&SerialPort| Reflect::get(port, &"connected".into()).map_or(true, |connected| !connected.is_falsy());
    ports.iter().filter(plugged).find(|port| usb_of(port) == usb && !taken.contains(port)).cloned()
}

impl Wired {
    /// Opens a port.
    ///
    /// # Errors
    /// Why not and what to do, in a sentence.
    pub async fn open(port: SerialPort, baud: u32, opening: Opening) -> Result<Rc<Self>, String> {
        let options = SerialOptions::new(baud);
        options.set_buffer_size(opening.buffer_bytes);
        JsFuture::from(port.open(&options)).await.map_err(|error| words(&error))?;
        Ok(Rc::new(Self {
            port,
            reader: RefCell::default(),
            writer: RefCell::default(),
            released: RefCell::default(),
            shut: RefCell::default(),
        }))
    }

    /// Reads until the port is lost or released; `each` gets what came.
    pub async fn read(&self, mut each: impl FnMut(Vec<u8>)) -> Ended {
        loop {
            if *self.released.borrow() {
                return Ended::Released;
            }
            // The getter's type hides that there is none once the port is lost.
            let stream: JsValue = self.port.readable().into();
            let Ok(stream) = stream.dyn_into::<web_sys::ReadableStream>() else { return Ended::Lost };
            let Ok(reader) = stream.get_reader().dyn_into::<ReadableStreamDefaultReader>() else { return Ended::Lost };
            *self.reader.borrow_mut() = Some(reader.clone());
            while let Ok(result) = JsFuture::from(reader.read()).await {
                let done = Reflect::get(&result, &"done".into()).map_or(true, |done| done.is_truthy());
                let value = Reflect::get(&result, &"value".into()).ok().and_then(|value| value.dyn_into::<Uint8Array>().ok());
                if let Some(bytes) = value.filter(|bytes| bytes.length() > 0) {
                    each(bytes.to_vec());
                }
                if done {
                    break;
                }
            }
            *self.reader.borrow_mut() = None;
            reader.release_lock();
        }
    }

    /// Writes bytes; a failure shows as a lost port.
    pub fn write(&self, bytes: &[u8]) {
        if self.writer.borrow().is_none() {
            let stream: JsValue = self.port.writable().into();
            let Ok(stream) = stream.dyn_into::<web_sys::WritableStream>() else { return };
            *self.writer.borrow_mut() = stream.get_writer().ok();
        }
        if let Some(writer) = &*self.writer.borrow() {
            let written = writer.write_with_chunk(&Uint8Array::from(bytes));
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(written).await;
            });
        }
    }

    /// Lets reading end; [`Wired::close`] may follow.
    pub fn release(&self) {
        *self.released.borrow_mut() = true;
        if let Some(reader) = &*self.reader.borrow() {
            let cancelled = reader.cancel();
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(cancelled).await;
            });
        }
    }

    /// Closes the port, once reading has ended.
    pub async fn close(&self) {
        let writer = self.writer.borrow_mut().take();
        if let Some(writer) = writer {
            let _ = JsFuture::from(writer.close()).await;
            writer.release_lock();
        }
        let _ = JsFuture::from(self.port.close()).await;
        *self.shut.borrow_mut() = true;
    }

    /// Waits until the port is closed.
    pub async fn closed(&self) {
        for _ in 0..SHUT_MS[0] / SHUT_MS[1] {
            if *self.shut.borrow() {
                return;
            }
            super::scope::pause(SHUT_MS[1]).await;
        }
    }
}

/// What a browser's error at opening means.
fn words(error: &JsValue) -> String {
    let name = name_of(error);
    match name.as_str() {
        "InvalidStateError" => "This port is open already, in this page or another tab: close it there first.".into(),
        "NetworkError" => {
            "The port could not be opened: another program has it, or this user may not (on Linux: group dialout). Close the other program, \
             or unplug the device and plug it in again."
                .into()
        }
        "SecurityError" | "NotAllowedError" => "The browser does not allow this page to use the port: connect it once more by the button.".into(),
        _ => format!("The port could not be opened ({name}): unplug the device, plug it in again, and connect once more."),
    }
}
