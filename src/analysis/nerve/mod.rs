//! Nerve conduction: one file an analyzer, and the parts they share.

pub mod a_wave;
pub mod background;
pub mod blink;
pub mod block;
mod columns;
pub mod comparison;
pub mod conditions;
pub mod curve;
mod discharge;
pub mod ensemble;
pub mod excitability;
pub mod f_study;
pub mod f_wave;
pub mod foot;
pub mod h_reflex;
mod hum;
pub mod late_marks;
pub mod locate;
pub mod mep;
pub mod motor;
pub mod munix;
pub mod reflex;
pub mod repetitive;
pub mod rr_interval;
pub mod scan;
pub mod segment;
pub mod sensory;
mod sensory_quality;
pub mod smooth;
pub mod snap;
pub mod stimulus;
pub mod sympathetic;
pub mod train;
pub mod wave;

pub use segment::segment;
