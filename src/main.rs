//! The app: on wasm it mounts the page, natively it is the command line.

fn main() {}
