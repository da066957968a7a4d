//! One connection, from its opening until it is dropped; and the usual kind, a websocket.

use alloc::rc::Rc;
use std::thread_local;

use js_sys::{Array, Function, Reflect};
use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::driver::Driver;

thread_local! {
    /// The handler of errors does nothing, because each error is followed by a close. But without a
    /// handler, an emitter such as Node's `ws` throws the error. The handler outlives the sockets,
    /// because a socket can fail after it was dropped.
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
    _handlers: [Closure<dyn Fn(JsValue)>; 3],
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
        let on_open = handler(driver, |driver, _| driver.websocket_opened());
        let on_message = handler(driver, |driver, event| {
            driver.receive_frame(&event.unchecked_into::<MessageEvent>().data());
        });
        let on_close = handler(driver, |driver, event| {
            driver.handle(Input::Disconnected(event.unchecked_into::<CloseEvent>().code()));
        });
        socket.set_onopen(Some(on_open.as_js_value().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_js_value().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_js_value().unchecked_ref()));
        IGNORE.with(|ignore| socket.set_onerror(Some(ignore.as_js_value().unchecked_ref())));
        Ok(Self { socket, _handlers: [on_open, on_message, on_close] })
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
        // Without a close code this cannot throw.
        let _ = self.socket.close();
    }
}

fn handler(driver: &Rc<Driver>, handle: fn(&Rc<Driver>, JsValue)) -> Closure<dyn Fn(JsValue)> {
    let driver = Rc::clone(driver);
    Closure::new(move |event| handle(&driver, event))
}
