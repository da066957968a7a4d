//! A connection over plain HTTP, for networks that block websockets. It receives a stream of
//! server-sent events and sends posts. The messages are those that a websocket would carry;
//! docs/http.md describes the requests.
//!
//! | file | what it holds |
//! |---|---|
//! | `exchange` | the connection: which message of the session becomes which request |
//! | `entry` | how a page enters a room |
//! | `posts` | the actions that wait to be posted, and how they are answered |
//! | `request` | one request, and its refusal |
//! | `events` | the events in the bytes of a stream |
//!
//! npm/fetch-socket.js does the same for JavaScript. tests/rust/blocked.rs and
//! tests/browser/fallback.test.mjs try both against a server.

mod entry;
mod events;
mod exchange;
mod posts;
mod request;
mod roster;

use alloc::rc::Rc;

use wasm_bindgen::prelude::JsValue;

use self::exchange::Exchange;
use super::address::http_address;
use super::driver::Driver;
use super::socket::Connection;

/// Asks the server at a websocket's address whether it has rooms over plain HTTP. Returns the
/// status of the answer; 1 if the page may not read the answer, because its origin is not allowed;
/// 0 if there is no answer.
pub(super) async fn probe(address: &str) -> u16 {
    let Ok(base) = http_address(address) else { return 0 };
    match request::probe(&base, None).await {
        Some(response) => response.status(),
        None => request::answers(&base).await.into(),
    }
}

/// Begins a connection to the server at a websocket's address.
///
/// # Errors
/// What the browser threw: it lacks what is needed.
pub(super) fn open(address: &str, driver: &Rc<Driver>) -> Result<Rc<dyn Connection>, JsValue> {
    let exchange = Exchange::open(http_address(address)?, driver)?;
    Ok(Rc::new(HttpSocket(exchange)))
}

/// A connection over plain HTTP, as the driver holds it.
struct HttpSocket(Rc<Exchange>);

impl Connection for HttpSocket {
    fn buffered(&self) -> u64 {
        self.0.buffered()
    }

    fn send(&self, frame: &str) {
        self.0.send(frame);
    }
}

impl Drop for HttpSocket {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
