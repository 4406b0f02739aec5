//! The only place that touches the browser: worker ends, files, storage, canvas, sound.

pub mod audio;
pub mod canvas;
pub mod files;
pub mod link;
pub mod message;
pub mod page;
pub mod storage;
pub mod worker;
