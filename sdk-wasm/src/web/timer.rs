//! The one timer of a room.

use alloc::rc::Rc;

use rtbroadcaster_protocol::{Input, Timestamp};
use wasm_bindgen::prelude::{Closure, JsValue};

use super::driver::Driver;
use super::environment::{clear_timeout, now, set_timeout};
use crate::decisions::LONGEST_WAIT_MS;

/// Calls the driver at the time that was set last. After it is dropped, it never calls.
pub(super) struct Timer {
    /// A number in browsers, an object in Node.
    handle: Option<JsValue>,
    on_timeout: Closure<dyn Fn()>,
}

impl Timer {
    pub(super) fn new(driver: &Rc<Driver>) -> Self {
        let driver = Rc::clone(driver);
        Self { handle: None, on_timeout: Closure::new(move || driver.handle(Input::Timeout)) }
    }

    pub(super) fn arm(&mut self, at: Timestamp) {
        self.disarm();
        let wait = at.since(now()).min(LONGEST_WAIT_MS);
        self.handle = Some(set_timeout(self.on_timeout.as_js_value(), wait as f64));
    }

    fn disarm(&mut self) {
        if let Some(handle) = self.handle.take() {
            clear_timeout(&handle);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}
