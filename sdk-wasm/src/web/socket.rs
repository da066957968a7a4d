//! One websocket, from asking for it to forgetting it.

use alloc::rc::Rc;
use std::thread_local;

use js_sys::{Array, Function, Reflect};
use rtbroadcaster_protocol::Input;
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::driver::Driver;

thread_local! {
    /// What an error tells, the close tells too, but an emitter as Node's `ws` throws an error that nobody listens for. It
    /// outlives the sockets, which can fail after they were given up.
    static IGNORE: Closure<dyn Fn()> = Closure::new(|| {});
}

/// A websocket with its handlers. Dropped, it says nothing any more and is closed.
pub(super) struct Socket {
    socket: WebSocket,
    /// The handlers, which live as long as the socket; they keep the driver alive.
    _handlers: [Closure<dyn Fn(JsValue)>; 3],
}

impl Socket {
    /// Opens one, of this class if there is one, else of the global one.
    ///
    /// # Errors
    /// What the browser threw: it won't open a websocket to there at all.
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
        let on_close = handler(driver, |driver, event| {
            driver.handle(Input::Disconnected(event.unchecked_into::<CloseEvent>().code()));
        });
        socket.set_onopen(Some(on_open.as_js_value().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_js_value().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_js_value().unchecked_ref()));
        IGNORE.with(|ignore| socket.set_onerror(Some(ignore.as_js_value().unchecked_ref())));
        Ok(Self { socket, _handlers: [on_open, on_message, on_close] })
    }

    /// Bytes of what was sent that are still in the page.
    pub(super) fn buffered(&self) -> u64 {
        self.socket.buffered_amount().into()
    }

    pub(super) fn send(&self, text: &str) {
        // It throws only while the socket is being opened, when the core sends nothing. A socket that is closing
        // takes what it is given without a word; the core sends it again on the next one.
        let _ = self.socket.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Without a code it cannot throw.
        let _ = self.socket.close();
    }
}

fn handler(driver: &Rc<Driver>, handle: fn(&Rc<Driver>, JsValue)) -> Closure<dyn Fn(JsValue)> {
    let driver = Rc::clone(driver);
    Closure::new(move |event| handle(&driver, event))
}
