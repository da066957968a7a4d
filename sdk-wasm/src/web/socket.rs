//! One connection, from its opening until it is dropped; and the usual kind, a websocket.

use alloc::rc::Rc;
use core::cell::Cell;
use std::thread_local;

use js_sys::{Array, Function, Reflect};
use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::driver::Driver;
use crate::decisions::CONNECTION_LOST;

thread_local! {
    /// The handler of the errors of a socket that was dropped. Without a handler, an emitter such
    /// as Node's `ws` throws the error.
    static IGNORE: Closure<dyn Fn()> = Closure::new(|| {});
}

/// A connection to the server. When it is dropped, it is closed, and no longer calls the driver.
pub(super) trait Connection {
    /// How many bytes of what was sent still wait in the page.
    fn buffered(&self) -> u64;

    /// Sends messages joined by newlines.
    fn send(&self, frame: &str);
}

/// A websocket with its handlers. When it is dropped, its handlers are removed and it is closed.
pub(super) struct Socket {
    socket: WebSocket,
    /// The handlers, which live as long as the socket; they keep the driver alive.
    _handlers: [Closure<dyn Fn(JsValue)>; 4],
}

impl Socket {
    /// Opens a websocket of this class, or of the global one if there is none.
    ///
    /// # Errors
    /// What the browser threw: it refuses to open a websocket to this address.
    pub(super) fn open(
        address: &str,
        class: Option<&Function>,
        driver: &Rc<Driver>,
    ) -> Result<Self, JsValue> {
        let socket = match class {
            Some(class) => Reflect::construct(class, &Array::of1(&address.into()))?.unchecked_into(),
            None => WebSocket::new(address)?,
        };
        let on_open = handler(driver, |driver, _| driver.handle(Input::Opened));
        let on_message = handler(driver, |driver, event| {
            driver.receive_frame(&event.unchecked_into::<MessageEvent>().data());
        });
        let is_closed = Rc::new(Cell::new(false));
        let was_closed = Rc::clone(&is_closed);
        let on_close = handler(driver, move |driver, event| {
            if !was_closed.replace(true) {
                // Deno gives 0 for a socket that never opened.
                let code = event.unchecked_into::<CloseEvent>().code();
                driver.handle(Input::Disconnected(if code == 0 { CONNECTION_LOST } else { code }));
            }
        });
        let failed = socket.clone();
        // An error is followed by a close, except in Node 22, where a socket that can't connect
        // stays as it is.
        let on_error = handler(driver, move |driver, _| {
            if failed.ready_state() == WebSocket::CONNECTING && !is_closed.replace(true) {
                driver.handle(Input::Disconnected(CONNECTION_LOST));
            }
        });
        socket.set_onopen(Some(on_open.as_js_value().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_js_value().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_js_value().unchecked_ref()));
        socket.set_onerror(Some(on_error.as_js_value().unchecked_ref()));
        Ok(Self { socket, _handlers: [on_open, on_message, on_close, on_error] })
    }

    /// Opens a websocket only to see whether it opens, and closes it then.
    ///
    /// # Errors
    /// What the browser threw: it refuses to open a websocket to this address.
    pub(super) fn try_open(address: &str, opened: impl FnOnce() + 'static) -> Result<(), JsValue> {
        let socket = WebSocket::new(address)?;
        let open = socket.clone();
        let on_open = Closure::once_into_js(move || {
            // Without a close code this cannot throw.
            let _ = open.close();
            opened();
        });
        socket.set_onopen(Some(on_open.unchecked_ref()));
        Ok(())
    }
}

impl Connection for Socket {
    fn buffered(&self) -> u64 {
        self.socket.buffered_amount().into()
    }

    fn send(&self, text: &str) {
        // This throws only while the socket is being opened, and then the engine sends nothing. A
        // socket that is closing discards what it is given, silently; the engine sends it again on
        // the next socket.
        let _ = self.socket.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        IGNORE.with(|ignore| self.socket.set_onerror(Some(ignore.as_js_value().unchecked_ref())));
        // Without a close code this cannot throw.
        let _ = self.socket.close();
    }
}

fn handler(driver: &Rc<Driver>, handle: impl Fn(&Rc<Driver>, JsValue) + 'static) -> Closure<dyn Fn(JsValue)> {
    let driver = Rc::clone(driver);
    Closure::new(move |event| handle(&driver, event))
}
