//! `create` and `join`, as a package made with wasm-pack exports them. The npm package has its own,
//! which call js/room.js directly.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(module = "/js/room.js")]
extern "C" {
    /// Gives js/room.js the exports of this module.
    #[wasm_bindgen(js_name = useModule)]
    fn use_module(exports: &JsValue);

    fn enter(url: &JsValue, joins: bool, uuid: &JsValue, options: &JsValue, on_end: &JsValue) -> JsValue;
}

/// Opens a room, or takes one back: see index.d.ts. Returns a promise of the room.
///
/// When that room ends, `on_end` is called with the code of the reason, before any other callback,
/// if it is a function.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue, on_end: &JsValue) -> JsValue {
    use_module(&wasm_bindgen::exports());
    enter(url, false, &JsValue::UNDEFINED, options, on_end)
}

/// Enters a room as a follower: see index.d.ts. Returns a promise of the room.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> JsValue {
    use_module(&wasm_bindgen::exports());
    enter(url, true, uuid, options, &JsValue::UNDEFINED)
}
