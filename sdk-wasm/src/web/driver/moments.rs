//! What the driver adds for actions that run at a moment: it notes that the page has slept, and how
//! late an action is.

use alloc::rc::Rc;
use core::mem;
use core::time::Duration;

use rtbroadcaster_protocol::Input;

use super::Driver;
use crate::web::environment::{clock_difference, now};

/// When the page's clock and that of the calendar have grown so far apart, in milliseconds, the
/// page has slept, or a clock was set.
const JUMP_MS: f64 = 250.0;

impl Driver {
    /// Tells the engine if the page has slept, or a clock was set: nothing else may have told.
    pub(super) fn note_sleep(&self) {
        let mut inner = self.inner.borrow_mut();
        let before = mem::replace(&mut inner.clock_difference, clock_difference());
        if (inner.clock_difference - before).abs() > JUMP_MS {
            inner.engine.handle(now(), Input::Wake);
        }
    }

    /// See [`Session::start_clock`](rtbroadcaster_protocol::Session::start_clock).
    pub(in crate::web) fn start_clock(self: &Rc<Self>) {
        self.inner.borrow_mut().engine.start_clock();
        self.pump_soon();
    }

    /// How much too late the function is that runs now.
    pub(in crate::web) fn late(&self) -> Option<Duration> {
        self.inner.borrow().late_us.map(Duration::from_micros)
    }

    pub(in crate::web) fn is_over(&self) -> bool {
        self.inner.borrow().is_over
    }
}
