//! Nerve conduction: one file an analyzer, and the parts they share.

pub mod background;
pub mod block;
pub mod comparison;
pub mod conditions;
pub mod curve;
pub mod foot;
pub mod locate;
pub mod motor;
pub mod segment;
pub mod sensory;
mod sensory_quality;
pub mod smooth;
pub mod snap;
pub mod stimulus;

pub use segment::segment;
