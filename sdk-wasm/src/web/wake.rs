//! The events by which a page learns that it goes to sleep or has slept, or that the network is
//! gone or back.

use alloc::rc::Rc;

use wasm_bindgen::prelude::{Closure, JsCast, JsValue, wasm_bindgen};
use web_sys::{AddEventListenerOptions, Event, EventTarget};

use super::driver::Driver;
use crate::decisions::{ASLEEP, HIDE_EVENT, LIFECYCLE, VISIBILITY_EVENT};

#[wasm_bindgen]
extern "C" {
    type Global;

    #[wasm_bindgen(method, getter)]
    fn document(this: &Global) -> Option<Document>;

    type Document;

    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> bool;
}

/// Listens until it is dropped. The window captures the events of its document too; a worker has
/// neither.
pub(super) struct Wake {
    target: Option<EventTarget>,
    on_event: Closure<dyn Fn(JsValue)>,
}

impl Wake {
    pub(super) fn new(driver: &Rc<Driver>) -> Self {
        let target = js_sys::global().dyn_into::<EventTarget>().ok();
        let (driver, window) = (Rc::clone(driver), target.clone());
        let on_event = Closure::new(move |event: JsValue| {
            let kind = event.unchecked_into::<Event>().type_();
            let Some((_, told)) = LIFECYCLE.into_iter().find(|(event, _)| *event == kind) else { return };
            if kind == HIDE_EVENT {
                sleep_after_listeners(&driver, window.as_ref());
            } else if kind != VISIBILITY_EVENT || !is_hidden() {
                driver.lifecycle(told);
            }
        });
        let wake = Self { target, on_event };
        if let Some(target) = &wake.target {
            for (event, _) in LIFECYCLE {
                let listener = wake.on_event.as_js_value().unchecked_ref();
                // This throws only because of options that don't exist.
                let _ = target.add_event_listener_with_callback_and_bool(event, listener, true);
            }
        }
        wake
    }
}

/// Tells the engine to sleep after the program's own listeners were called, in which it may still
/// broadcast or close.
fn sleep_after_listeners(driver: &Rc<Driver>, window: Option<&EventTarget>) {
    let options = AddEventListenerOptions::new();
    options.set_once(true);
    let driver = Rc::clone(driver);
    let sleep = Closure::once_into_js(move || driver.lifecycle(ASLEEP));
    if let Some(window) = window {
        let listener = sleep.unchecked_ref();
        // As above.
        let _ = window
            .add_event_listener_with_callback_and_add_event_listener_options(HIDE_EVENT, listener, &options);
    }
}

fn is_hidden() -> bool {
    js_sys::global().unchecked_ref::<Global>().document().is_some_and(|document| document.hidden())
}

impl Drop for Wake {
    fn drop(&mut self) {
        if let Some(target) = &self.target {
            for (event, _) in LIFECYCLE {
                let listener = self.on_event.as_js_value().unchecked_ref();
                let _ = target.remove_event_listener_with_callback_and_bool(event, listener, true);
            }
        }
    }
}
