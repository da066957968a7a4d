//! `create` and `join`, as a package made with wasm-pack exports them. The npm package has its own,
//! which call js/ directly.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::room_engine::RoomEngine;

#[wasm_bindgen(module = "/js/bundled.js")]
extern "C" {
    fn enter(
        engines: Engines,
        url: &JsValue,
        joins: bool,
        uuid: &JsValue,
        options: &JsValue,
        on_end: &JsValue,
    ) -> JsValue;
}

/// Makes engines for js/bundled.js.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engines;

#[wasm_bindgen]
impl Engines {
    /// See [`RoomEngine::enter`].
    #[must_use]
    pub fn enter(&self, now: f64, opens: bool, is_creator: bool, seed: f64, timeout: f64) -> RoomEngine {
        RoomEngine::enter(now, opens, is_creator, seed, timeout)
    }
}

/// Opens a room, or takes one back: see index.d.ts. Returns a promise of the room.
///
/// When that room ends, `on_end` is called with the code of the reason, before any other callback,
/// if it is a function.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue, on_end: &JsValue) -> JsValue {
    enter(Engines, url, false, &JsValue::UNDEFINED, options, on_end)
}

/// Enters a room as a follower: see index.d.ts. Returns a promise of the room.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> JsValue {
    enter(Engines, url, true, uuid, options, &JsValue::UNDEFINED)
}
