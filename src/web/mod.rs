//! The only place that touches the browser.
pub mod worker;
