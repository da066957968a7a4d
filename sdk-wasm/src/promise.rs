//! Promises that are settled later.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::JsValue;

/// The functions that settle a promise.
pub(crate) struct Deferred {
    pub(crate) resolve: Function,
    pub(crate) reject: Function,
}

/// A promise whose settling `keep` takes.
pub(crate) fn promise(keep: impl FnOnce(Deferred)) -> Promise {
    let mut keep = Some(keep);
    Promise::new(&mut |resolve, reject| {
        if let Some(keep) = keep.take() {
            keep(Deferred { resolve, reject });
        }
    })
}

/// One promise to be settled, and what with.
pub(crate) struct Settlement {
    function: Function,
    value: JsValue,
}

impl Settlement {
    pub(crate) fn new(function: Function, value: JsValue) -> Self {
        Self { function, value }
    }

    pub(crate) fn settle(&self) {
        // It throws nothing.
        let _ = self.function.call1(&JsValue::UNDEFINED, &self.value);
    }
}
