//! Nerve conduction: one file an analyzer, and the parts they share.

pub mod background;
pub mod block;
pub mod conditions;
pub mod curve;
pub mod foot;
pub mod locate;
pub mod motor;
pub mod repetitive;
pub mod segment;
pub mod smooth;
pub mod stimulus;
pub mod train;

pub use segment::segment;
