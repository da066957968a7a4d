//! `create` and `join` as wasm-pack's package has them. The npm package has its own, which call js/room.js at once.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(module = "/js/room.js")]
extern "C" {
    /// Tells it what this module exports.
    #[wasm_bindgen(js_name = useModule)]
    fn use_module(exports: &JsValue);

    fn enter(url: &JsValue, joins: bool, uuid: &JsValue, options: &JsValue, on_end: &JsValue) -> JsValue;
}

/// Opens a room, or takes one back: see index.d.ts. When the room that the promise was resolved with ends, `on_end` is
/// called with the reason's code, before any other callback, if it is a function. Returns a promise.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue, on_end: &JsValue) -> JsValue {
    use_module(&wasm_bindgen::exports());
    enter(url, false, &JsValue::UNDEFINED, options, on_end)
}

/// Enters a room as a follower: see index.d.ts. Returns a promise.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> JsValue {
    use_module(&wasm_bindgen::exports());
    enter(url, true, uuid, options, &JsValue::UNDEFINED)
}
