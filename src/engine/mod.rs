//! State of the open studies: requests in, events out.

pub mod info;
pub mod stream;
