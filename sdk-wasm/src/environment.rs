//! What every page and worker offers under the same global names: a clock, random numbers, tasks, the console.

use std::fmt::Write;

use rtbroadcaster_protocol::Timestamp;
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);

    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(task: &JsValue);

    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(task: &JsValue, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(handle: &JsValue);

    // Pages and test runners replace these, and some of what they put there throws.
    #[wasm_bindgen(js_namespace = console, js_name = warn, catch)]
    pub(crate) fn console_warn(value: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = error, catch)]
    pub(crate) fn console_error(value: &JsValue) -> Result<(), JsValue>;
}

/// The page's monotonic clock.
pub(crate) fn now() -> Timestamp {
    // Neither negative nor near the end of u64, and the fraction of a millisecond matters to nobody.
    Timestamp(performance_now() as u64)
}

/// Runs something when the present task's code is through, before the browser does anything else.
pub(crate) fn soon(task: impl FnOnce() + 'static) {
    queue_microtask(&Closure::once_into_js(task));
}

/// Runs something in a task of its own.
pub(crate) fn in_next_task(task: impl FnOnce() + 'static) {
    set_timeout(&Closure::once_into_js(task), 0.0);
}

/// 128 random bits in hexadecimal. `crypto.randomUUID` would be shorter, but insecure contexts lack it.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 16];
    get_random_values(&mut bytes);
    bytes.iter().fold(String::new(), |mut name, byte| {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// Any number.
pub(crate) fn random_number() -> u64 {
    let mut bytes = [0; 8];
    get_random_values(&mut bytes);
    u64::from_le_bytes(bytes)
}
