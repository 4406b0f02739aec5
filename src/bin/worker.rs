//! Both workers of the page (wasm only): the engine behind `postMessage`, and the one that acquires.

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        console_error_panic_hook::set_once();
        myoscope::web::work();
    }
}
