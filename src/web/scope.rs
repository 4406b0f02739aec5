//! What both workers have: a global scope, a steady clock, waiting, and a name by which the page learns
//! that one of them is gone.
//!
//! A browser says nothing when a worker ends. So a worker holds a lock under its own name as long as it
//! lives, and the page waits for the same lock ([`gone`]).

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::DedicatedWorkerGlobalScope;

/// Names of workers begin with what they do: the engine's.
pub const ENGINE: &str = "engine";
/// The one that acquires.
pub const ACQUIRE: &str = "acquire";

/// The one that makes PDFs, which is a program of its own.
pub const PDF: &str = "pdf";

/// Whether this worker was started to do this.
pub fn is(role: &str) -> bool {
    of_worker().name().starts_with(role)
}

/// The scope of this worker.
pub fn of_worker() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells the page that messages are read from now on, once the lock is held.
pub fn ready() {
    let scope = of_worker();
    let name = scope.name();
    let ready = move || {
        let _ = scope.post_message(&"ready".into());
    };
    let hold = Closure::once_into_js({
        let ready = ready.clone();
        move || {
            ready();
            // It is let go when the worker ends.
            Promise::new(&mut |_, _| {})
        }
    });
    let asked = lock(&name, &hold);
    wasm_bindgen_futures::spawn_local(async move {
        let refused = match asked {
            Some(asked) => JsFuture::from(asked).await.is_err(),
            None => true,
        };
        if refused {
            ready();
        }
    });
}

/// Waits until the worker of this name, which is ready, is gone; `false` where the browser does not tell.
pub async fn gone(name: &str) -> bool {
    let nothing = Closure::once_into_js(|| {});
    match lock(name, &nothing) {
        Some(asked) => JsFuture::from(asked).await.is_ok(),
        None => false,
    }
}

/// Asks for a lock; `then` is called with it in hand, and it is held as long as what that promises. None
/// where the browser has no locks.
fn lock(name: &str, then: &JsValue) -> Option<Promise> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    request.apply(&locks, &Array::of2(&name.into(), then)).ok()?.dyn_into().ok()
}

/// Waits, ms.
pub async fn pause(ms: i32) {
    let scope = of_worker();
    let waited = Promise::new(&mut |done, _| {
        let _ = scope.set_timeout_with_callback_and_timeout_and_arguments_0(&done, ms);
    });
    let _ = JsFuture::from(waited).await;
}

/// The worker's steady clock, ms.
pub fn now_ms() -> f64 {
    Reflect::get(&js_sys::global(), &"performance".into())
        .map_or(0.0, |performance| performance.unchecked_into::<web_sys::Performance>().now())
}
