//! Study to measurements: one analyzer a study type.

pub mod nerve;
