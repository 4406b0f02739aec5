//! Small things of the page: facts in meta tags, downloads, dropped folders, theme, service worker.

use std::rc::Rc;

use js_sys::{Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Document, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry, HtmlAnchorElement, HtmlElement,
    Url, Window,
};

/// The window; the app runs nowhere else.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// Content of a meta tag that the build wrote.
pub fn meta(name: &str) -> Option<String> {
    document()?.query_selector(&format!("meta[name=\"{name}\"]")).ok()??.get_attribute("content")
}

/// Hands a file to the person.
///
/// # Errors
/// When the browser refuses.
pub fn download(name: &str, mime: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let document = document().ok_or("no document")?;
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    let blob = Blob::new_with_u8_array_sequence_and_options(&Array::of1(&Uint8Array::from(bytes)), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken the address over by the time the click returns in all engines but
    // WebKit, which wants it a little longer.
    let later = Closure::once_into_js(move || {
        let _ = Url::revoke_object_url(&url);
    });
    window().ok_or("no window")?.set_timeout_with_callback_and_timeout_and_arguments_0(later.unchecked_ref(), 10_000)?;
    Ok(())
}

/// All files of what was dropped, folders included.
pub async fn dropped_files(entries: Vec<FileSystemEntry>) -> Vec<File> {
    /// More files than this are not one study.
    const MAX_FILES: usize = 5000;
    let mut open = entries;
    let mut files = Vec::new();
    while let Some(entry) = open.pop() {
        if files.len() >= MAX_FILES {
            break;
        }
        if entry.is_file() {
            let entry: FileSystemFileEntry = entry.unchecked_into();
            let promise =
                Promise::new(&mut |resolve, reject| entry.file_with_callback_and_callback(resolve.unchecked_ref(), reject.unchecked_ref()));
            if let Ok(file) = JsFuture::from(promise).await {
                files.push(file.unchecked_into());
            }
        } else if entry.is_directory() {
            let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            // A reader hands out a hundred entries at a time until it hands out none.
            loop {
                let promise = Promise::new(&mut |resolve, reject| {
                    let _ = Reflect::get(&reader, &"readEntries".into())
                        .map(|f| f.unchecked_into::<js_sys::Function>().call2(&reader, &resolve, &reject));
                });
                let Ok(batch) = JsFuture::from(promise).await else { break };
                let batch = Array::from(&batch);
                if batch.length() == 0 {
                    break;
                }
                open.extend(batch.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
            }
        }
    }
    files.sort_by_key(File::name);
    files
}

/// The part of the address behind the hash: the key of the study that is open.
pub fn hash() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// Puts the key of a study behind the hash, without a new entry in the history.
pub fn set_hash(key: &str) {
    let Some(window) = window() else { return };
    let location = window.location();
    let path = format!("{}{}", location.pathname().unwrap_or_default(), if key.is_empty() { String::new() } else { format!("#{key}") });
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// A file made here.
///
/// # Errors
/// What the browser said.
pub fn file(name: &str, bytes: &[u8]) -> Result<File, JsValue> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    File::new_with_u8_array_sequence(&parts, name)
}

/// Hours and minutes of the local clock.
pub fn time_of_day() -> String {
    let now = js_sys::Date::new_0();
    format!("{:02}:{:02}", now.get_hours(), now.get_minutes())
}

/// The local clock as ISO 8601 with its offset from UTC.
pub fn moment() -> String {
    let now = js_sys::Date::new_0();
    // Minutes that UTC is ahead.
    let offset = -now.get_timezone_offset() as i32;
    let sign = if offset < 0 { '-' } else { '+' };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date(),
        now.get_hours(),
        now.get_minutes(),
        now.get_seconds(),
        offset.abs() / 60,
        offset.abs() % 60
    )
}

/// Day and time of a moment, in the browser's language.
pub fn day_and_time(ms: f64) -> String {
    let options = js_sys::Object::new();
    let _ = Reflect::set(&options, &"dateStyle".into(), &"medium".into())
        .and_then(|_| Reflect::set(&options, &"timeStyle".into(), &"short".into()));
    js_sys::Date::new(&JsValue::from_f64(ms)).to_locale_string("default", &options).into()
}

/// Sets an attribute of the root element.
pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute(name, value);
    }
}

/// Runs `act` whenever an event of this name reaches the document.
pub fn on_document(name: &str, act: impl Fn() + 'static) {
    let act = Closure::<dyn FnMut()>::new(act);
    if let Some(document) = document() {
        let _ = document.add_event_listener_with_callback(name, act.as_ref().unchecked_ref());
    }
    act.forget();
}

/// Runs `act` with the reason whenever the page is left: the window loses the keyboard, or is hidden.
pub fn on_leave(act: impl Fn(&'static str) + 'static) {
    let act = Rc::new(act);
    let blurred = Closure::<dyn FnMut()>::new({
        let act = act.clone();
        move || act("the window lost the keyboard")
    });
    if let Some(window) = window() {
        let _ = window.add_event_listener_with_callback("blur", blurred.as_ref().unchecked_ref());
    }
    blurred.forget();
    on_document("visibilitychange", move || {
        if document().is_some_and(|document| document.hidden()) {
            act("the page was hidden");
        }
    });
}

/// Reads a small setting.
pub fn setting(name: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(name).ok()?
}

/// Keeps a small setting; `false` where the browser does not.
pub fn set_setting(name: &str, value: &str) -> bool {
    let storage = window().and_then(|window| window.local_storage().ok().flatten());
    storage.is_some_and(|storage| storage.set_item(name, value).is_ok())
}

/// Sets the theme; `None` follows the system.
pub fn set_theme(theme: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else { return };
    let _ = match theme {
        Some(theme) => root.set_attribute("data-theme", theme),
        None => root.remove_attribute("data-theme"),
    };
}

/// Whether the system asks for dark.
pub fn prefers_dark() -> bool {
    window().and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten()).is_some_and(|query| query.matches())
}

/// Whether fingers are the main pointer.
pub fn coarse_pointer() -> bool {
    window().and_then(|window| window.match_media("(pointer: coarse)").ok().flatten()).is_some_and(|query| query.matches())
}

/// Takes the keyboard out of the field that has it.
pub fn leave_field() {
    let active = document().and_then(|document| document.active_element()).and_then(|active| active.dyn_into::<HtmlElement>().ok());
    if let Some(active) = active {
        let _ = active.blur();
    }
}

/// Puts the keyboard on an element.
pub fn focus(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

/// Brings an element into view.
pub fn reveal(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Presses an element.
pub fn click(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        element.unchecked_into::<HtmlElement>().click();
    }
}

/// Registers the service worker; `on_update` runs when a new build waits to take over.
pub fn register_service_worker(on_update: impl Fn(web_sys::ServiceWorker) + Clone + 'static) {
    let Some(window) = window() else { return };
    if meta("myoscope-build").is_none() || !Reflect::has(&window.navigator(), &"serviceWorker".into()).unwrap_or(false) {
        return;
    }
    let container = window.navigator().service_worker();
    wasm_bindgen_futures::spawn_local(async move {
        // Private windows and file:// have none: the app works without.
        let Ok(registration) = JsFuture::from(container.register("./sw.js")).await else { return };
        let registration: web_sys::ServiceWorkerRegistration = registration.unchecked_into();
        if let (Some(waiting), true) = (registration.waiting(), container.controller().is_some()) {
            on_update(waiting);
        }
        let found = Closure::<dyn FnMut()>::new({
            let registration = registration.clone();
            move || {
                let Some(installing) = registration.installing() else { return };
                let (worker, on_update, container) = (installing.clone(), on_update.clone(), container.clone());
                let changed = Closure::<dyn FnMut()>::new(move || {
                    if worker.state() == web_sys::ServiceWorkerState::Installed && container.controller().is_some() {
                        on_update(worker.clone());
                    }
                });
                installing.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
                changed.forget();
            }
        });
        registration.set_onupdatefound(Some(found.as_ref().unchecked_ref()));
        found.forget();
    });
}

/// Turns of the event loop's microtasks within which a changed view is built.
const TURNS: usize = 40;

/// The field that has the keyboard: its id and what is typed so far.
pub fn typing() -> Option<(String, String)> {
    let element = document()?.active_element()?;
    let value = element.dyn_ref::<web_sys::HtmlInputElement>()?.value();
    Some((element.id(), value)).filter(|(id, _)| !id.is_empty())
}

/// Gives the keyboard back to a field that is made anew while a person types in it: as soon as it
/// is there, before the next key can come.
pub fn go_on_typing((id, typed): (String, String)) {
    wasm_bindgen_futures::spawn_local(async move {
        for _ in 0..TURNS {
            let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
            let Some(document) = document() else { return };
            let active = document.active_element();
            let lost = active.as_ref().is_none_or(|element| element.tag_name() == "BODY");
            let field = document.get_element_by_id(&id).and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok());
            // Made anew, or given the value of the study over what is being typed.
            let Some(field) = field.filter(|field| lost || active.is_some_and(|element| element.id() == field.id())) else { continue };
            if lost {
                let _ = field.focus();
            }
            if field.value() != typed && !typed.is_empty() {
                field.set_value(&typed);
            }
        }
    });
}

/// Prints the page once a dialog that asked for it is gone.
pub fn print() {
    let run = Closure::once_into_js(|| {
        if let Some(window) = window() {
            let _ = window.print();
        }
    });
    if let Some(window) = window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(run.unchecked_ref(), 100);
    }
}

/// Saves the canvases of an element, stacked as they are seen, as one PNG.
///
/// # Errors
/// When there is no such element or the browser refuses.
pub fn save_canvases(id: &str, name: &str) -> Result<(), JsValue> {
    let document = document().ok_or("no document")?;
    let list = document.get_element_by_id(id).ok_or("no element")?.query_selector_all("canvas")?;
    let layer = |index| list.get(index).map(JsCast::unchecked_into::<web_sys::HtmlCanvasElement>);
    let first = layer(0).ok_or("no canvas")?;
    let whole: web_sys::HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    whole.set_width(first.width());
    whole.set_height(first.height());
    let context: web_sys::CanvasRenderingContext2d = whole.get_context("2d")?.ok_or("no context")?.unchecked_into();
    for canvas in (0..list.length()).filter_map(layer) {
        context.draw_image_with_html_canvas_element(&canvas, 0.0, 0.0)?;
    }
    let name = name.to_owned();
    let save = Closure::once_into_js(move |blob: JsValue| {
        let Ok(blob) = blob.dyn_into::<Blob>() else { return };
        wasm_bindgen_futures::spawn_local(async move {
            if let Ok(buffer) = JsFuture::from(blob.array_buffer()).await {
                let _ = download(&name, "image/png", &Uint8Array::new(&buffer).to_vec());
            }
        });
    });
    whole.to_blob(save.unchecked_ref())
}
