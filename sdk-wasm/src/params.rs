//! The params of an action, which stay in the page.

use core::mem;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg_attr(feature = "npm", wasm_bindgen(raw_module = "./room.js"))]
#[cfg_attr(not(feature = "npm"), wasm_bindgen(module = "/js/room.js"))]
extern "C" {
    /// Keeps the params of the message at hand, and returns the number under which.
    fn keep() -> f64;

    /// Lets go of the params under this number.
    fn drop(number: f64);
}

/// The number under which js/room.js keeps them: most actions never need it, and a number costs a page half a kilobyte less
/// than a `JsValue` does, with all that wasm-bindgen brings for that.
pub(crate) struct Params(f64);

impl Params {
    /// Those of the message that js/room.js has at hand.
    pub(crate) fn of_current_message() -> Self {
        Self(keep())
    }

    /// To be given back: it is js/room.js that lets go of them.
    pub(crate) fn into_number(self) -> f64 {
        let number = self.0;
        mem::forget(self);
        number
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        drop(self.0);
    }
}
