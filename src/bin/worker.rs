//! The engine behind `postMessage` (wasm only).

fn main() {}
