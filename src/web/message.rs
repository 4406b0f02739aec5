//! How messages look between page and worker: `{ body, buffers, files }`. The body is a protocol
//! type by serde-wasm-bindgen; buffers are transferred, never copied through serde.

use js_sys::{Array, ArrayBuffer, Float32Array, Object, Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

use crate::engine::protocol::Buffer;

/// Where a message has the port that goes with it.
pub const PORT: &str = "port";

/// What goes beside entries of a raw log.
#[derive(Serialize, Deserialize)]
pub struct Entries {
    /// Names the recording, where it begins.
    pub key: Option<String>,
    /// Everything up to this time of the log has been sent, ms.
    pub now_ms: f64,
}

/// A message and the list of what it transfers.
pub fn pack<T: Serialize>(body: &T, buffers: Vec<Buffer>, files: &[web_sys::File]) -> Result<(Object, Array), JsValue> {
    let message = Object::new();
    let transfer = Array::new();
    let list = Array::new();
    for buffer in buffers {
        let view: JsValue = match buffer {
            Buffer::F32(values) => Float32Array::from(values.as_slice()).into(),
            Buffer::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        };
        transfer.push(&Reflect::get(&view, &"buffer".into())?);
        list.push(&view);
    }
    Reflect::set(&message, &"body".into(), &serde_wasm_bindgen::to_value(body)?)?;
    Reflect::set(&message, &"buffers".into(), &list)?;
    Reflect::set(&message, &"files".into(), &files.iter().collect::<Array>())?;
    Ok((message, transfer))
}

/// The parts of a message that came in.
pub struct Unpacked<T> {
    /// The protocol type.
    pub body: T,
    /// Buffers.
    pub buffers: Vec<Buffer>,
    /// Files.
    pub files: Vec<web_sys::File>,
}

/// Reads a message.
pub fn unpack<T: DeserializeOwned>(data: &JsValue) -> Result<Unpacked<T>, JsValue> {
    let body = serde_wasm_bindgen::from_value(Reflect::get(data, &"body".into())?)?;
    let list = |name: &str| Reflect::get(data, &name.into()).map(|value| Array::from(&value));
    let views = list("buffers")?;
    let buffers = views.iter().filter_map(|view| match view.dyn_into::<Float32Array>() {
        Ok(values) => Some(Buffer::F32(values.to_vec())),
        Err(view) => view.dyn_into::<Uint8Array>().ok().map(|bytes| Buffer::Bytes(bytes.to_vec())),
    });
    let buffers = buffers.collect();
    let listed = list("files")?;
    let files = listed.iter().filter_map(|file| file.dyn_into().ok()).collect();
    Ok(Unpacked { body, buffers, files })
}

/// Bytes of an `ArrayBuffer`.
pub fn bytes_of(buffer: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}
