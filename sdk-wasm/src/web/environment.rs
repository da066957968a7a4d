//! What every page and worker offers under the same global names: a clock, random numbers, tasks
//! and the console.

use alloc::format;
use alloc::string::String;

use rtbroadcaster_protocol::Timestamp;
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(numbers: &mut [u32]);

    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(task: &JsValue);

    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(task: &JsValue, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn clear_timeout(handle: &JsValue);

    #[wasm_bindgen(js_namespace = console, js_name = warn, catch)]
    fn console_warn(text: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = error, catch)]
    fn console_error(value: &JsValue) -> Result<(), JsValue>;
}

/// The page's monotonic clock.
pub(super) fn now() -> Timestamp {
    // The cast loses nothing that matters: the time is neither negative nor near the end of u64,
    // and a fraction of a millisecond is irrelevant.
    Timestamp(performance_now() as u64)
}

/// Runs something when the code of the current task has ended, before the browser does anything
/// else.
pub(super) fn in_microtask(task: impl FnOnce() + 'static) {
    queue_microtask(&Closure::once_into_js(task));
}

/// Runs something in a task of its own.
pub(super) fn in_next_task(task: impl FnOnce() + 'static) {
    after(0, task);
}

/// Runs something in a task of its own, after this many milliseconds.
pub(super) fn after(milliseconds: u64, task: impl FnOnce() + 'static) {
    set_timeout(&Closure::once_into_js(task), milliseconds as f64);
}

/// Waits for this many milliseconds.
pub(super) async fn pause(milliseconds: u64) {
    let (sender, waited) = futures_channel::oneshot::channel::<()>();
    after(milliseconds, move || drop(sender));
    // It ends when the sender is dropped.
    let _ = waited.await;
}

/// The time of the calendar, in milliseconds since 1970.
pub(super) fn calendar_time() -> u64 {
    // As in `now`, the cast loses nothing that matters.
    js_sys::Date::now() as u64
}

/// How far the clock of the calendar is ahead of the page's, in milliseconds. It changes when the
/// page has slept, where its clock stands still meanwhile, and when a clock is set.
pub(super) fn clock_difference() -> f64 {
    js_sys::Date::now() - performance_now()
}

/// Returns 128 random bits that name a session, and 32 that spread its reconnects.
pub(super) fn random() -> (String, u64) {
    // `crypto.randomUUID` would be shorter, but insecure contexts lack it.
    let mut numbers = [0; 5];
    get_random_values(&mut numbers);
    let [seed, a, b, c, d] = numbers;
    (format!("{a:08x}{b:08x}{c:08x}{d:08x}"), seed.into())
}

pub(super) fn warn(text: &str) {
    // Pages and test runners replace the console's functions, and some of the replacements throw.
    let _ = console_warn(text);
}

pub(super) fn log_error(value: &JsValue) {
    // As above, this may throw.
    let _ = console_error(value);
}
