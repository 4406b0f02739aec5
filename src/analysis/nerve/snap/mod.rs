//! The sensory nerve action potential (SNAP) of one stimulation site: averaging, the family of
//! shapes that nerves produce, the fit, and markers on the fitted curve.

pub mod average;
pub mod curve;
pub mod family;
pub mod fit;
pub mod model;
pub mod shapes;
pub mod site;
mod small;
