//! Myoscope's core: an electrodiagnostic workstation in a browser tab.
//!
//! Data flows one way:
//!
//! ```text
//! file bytes   -> formats -> model -> analysis -> scene -> web, ui
//! serial bytes -> device --->         (dsp)       engine
//! ```
//!
//! `ARCHITECTURE.md` draws the map; `tests/architecture.rs` holds the imports against it.

pub mod analysis;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod device;
pub mod dsp;
pub mod engine;
pub mod findings;
pub mod formats;
pub mod model;
pub mod norms;
pub mod report;
pub mod scene;
pub mod simulate;
pub mod units;

#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod web;
