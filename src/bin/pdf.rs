//! The worker that makes PDFs (wasm only), fetched when the first one is asked for: fonts and the writer
//! of the format are larger than the page.

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        console_error_panic_hook::set_once();
        myoscope::web::make_pdfs();
    }
}
