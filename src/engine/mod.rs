//! State of the open studies: requests in, events out.

pub mod info;
pub mod measure;
pub mod stream;
