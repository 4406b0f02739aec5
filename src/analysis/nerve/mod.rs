//! Nerve conduction.

pub mod background;
pub mod foot;
pub mod motor;
pub mod smooth;
