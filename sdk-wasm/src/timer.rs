//! The one timer of a room.

use std::rc::Rc;

use rtbroadcaster_protocol::Timestamp;
use wasm_bindgen::prelude::{Closure, JsValue};

use crate::driver::Driver;
use crate::environment::{clear_timeout, now, set_timeout};

/// The longest wait, in milliseconds, that a browser's timer takes; a longer one would fire at once.
const LONGEST_WAIT_MS: u64 = i32::MAX as u64;

/// Calls the driver at the moment it asked for, or earlier. Dropped, it never calls.
pub(crate) struct Timer {
    armed: Option<Armed>,
    on_timeout: Closure<dyn Fn()>,
}

struct Armed {
    at: Timestamp,
    /// A number in browsers, an object in Node.
    handle: JsValue,
}

impl Timer {
    pub(crate) fn new(driver: &Rc<Driver>) -> Self {
        let driver = Rc::clone(driver);
        Self { armed: None, on_timeout: Closure::new(move || driver.timer_fired()) }
    }

    /// Sees to it that the driver is called no later than at this moment. A timer that fires earlier stays: every
    /// message heard moves the next heartbeat, and moving the timer as often would cost more than one call too many.
    pub(crate) fn arm(&mut self, at: Timestamp) {
        if self.armed.as_ref().is_some_and(|armed| armed.at <= at) {
            return;
        }
        self.disarm();
        let wait = at.since(now()).min(LONGEST_WAIT_MS);
        let handle = set_timeout(self.on_timeout.as_js_value(), wait as f64);
        self.armed = Some(Armed { at, handle });
    }

    /// It has fired, so it is not armed any more.
    pub(crate) fn fired(&mut self) {
        self.armed = None;
    }

    fn disarm(&mut self) {
        if let Some(armed) = self.armed.take() {
            clear_timeout(&armed.handle);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}
