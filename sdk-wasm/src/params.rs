//! The params of an action. They stay in JavaScript, which keeps them under a number.

use core::mem;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg_attr(feature = "npm", wasm_bindgen(raw_module = "./message.js"))]
#[cfg_attr(not(feature = "npm"), wasm_bindgen(module = "/js/bundled.js"))]
extern "C" {
    /// Keeps the params of the current message, and returns the number under which they are kept.
    #[wasm_bindgen(js_name = keep)]
    fn keep_params() -> f64;

    /// Drops the params under this number.
    #[wasm_bindgen(js_name = drop)]
    fn drop_params(number: f64);
}

/// The number under which js/message.js keeps an action's params.
///
/// Most actions never need the number, because their functions run on the fast path. A `JsValue`
/// instead would cost a page half a kilobyte more, with what wasm-bindgen adds for it.
pub(crate) struct Params(f64);

impl Params {
    /// The params of the current message in js/message.js.
    pub(crate) fn of_current_message() -> Self {
        Self(keep_params())
    }

    /// Returns the number to js/message.js, which drops the params itself.
    pub(crate) fn into_number(self) -> f64 {
        let number = self.0;
        mem::forget(self);
        number
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        drop_params(self.0);
    }
}
