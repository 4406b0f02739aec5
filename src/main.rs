//! The app: on wasm it mounts the page, natively it is the command line.

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
    myoscope::ui::mount();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    myoscope::cli::run(std::env::args_os())
}
