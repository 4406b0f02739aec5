//! The engine behind `postMessage` (wasm only).

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        console_error_panic_hook::set_once();
        myoscope::web::worker::run();
    }
}
