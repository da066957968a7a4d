//! The events by which a page learns that it has slept, or that the network is gone or back.

use alloc::rc::Rc;
use alloc::vec::Vec;

use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::{Closure, JsCast, JsValue, wasm_bindgen};
use web_sys::{Event, EventTarget};

use super::driver::Driver;
use crate::decisions::{VISIBILITY_EVENT, WAKING_EVENTS};

#[wasm_bindgen]
extern "C" {
    type Global;

    #[wasm_bindgen(method, getter)]
    fn document(this: &Global) -> Option<Document>;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    type Document;

    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> bool;
}

/// Listens until it is dropped. It skips what an environment doesn't have: a worker has no
/// document.
pub(super) struct Wake {
    listening: Vec<(EventTarget, &'static str)>,
    on_event: Closure<dyn Fn(JsValue)>,
}

impl Wake {
    pub(super) fn new(driver: &Rc<Driver>) -> Self {
        let global = js_sys::global();
        let document = global.unchecked_ref::<Global>().document();
        let mut listening = Vec::new();
        if let Ok(global) = global.dyn_into::<EventTarget>() {
            listening.extend(WAKING_EVENTS.map(|event| (global.clone(), event)));
        }
        if let Some(document) = &document {
            listening.push((document.clone().into(), VISIBILITY_EVENT));
        }
        let driver = Rc::clone(driver);
        let on_event = Closure::new(move |event: JsValue| {
            let is_hidden = || document.as_ref().is_some_and(Document::hidden);
            if event.unchecked_into::<Event>().type_() != VISIBILITY_EVENT || !is_hidden() {
                driver.handle(Input::Wake);
            }
        });
        let wake = Self { listening, on_event };
        for (target, event) in &wake.listening {
            // This throws only because of options, and there are none.
            let _ =
                target.add_event_listener_with_callback(event, wake.on_event.as_js_value().unchecked_ref());
        }
        wake
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        for (target, event) in &self.listening {
            let _ = target
                .remove_event_listener_with_callback(event, self.on_event.as_js_value().unchecked_ref());
        }
    }
}
