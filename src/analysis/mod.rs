//! Study to measurements: one analyzer a study type.

pub mod linear;
pub mod nerve;
pub mod quality;
