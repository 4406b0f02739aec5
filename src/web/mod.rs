//! The only place that touches the browser: worker ends, files, storage, canvas, sound.

pub mod acquire;
pub mod audio;
pub mod canvas;
pub mod files;
pub mod link;
pub mod message;
pub mod page;
pub mod pdf;
pub mod port;
pub mod record;
pub mod scope;
pub mod storage;
pub mod vault;
pub mod worker;

/// Runs the worker that makes PDFs.
pub fn make_pdfs() {
    pdf::run();
}

/// Runs a worker: by its name it acquires, or is the engine's.
pub fn work() {
    if scope::is(scope::ACQUIRE) {
        acquire::run();
    } else {
        worker::run();
    }
}
