//! State of the open studies: requests in, events out.
