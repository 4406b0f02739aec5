//! The app: on wasm it mounts the page, natively it is the command line.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    myoscope::cli::run(std::env::args_os())
}

#[cfg(target_arch = "wasm32")]
fn main() {}
