//! The SDK as Rust programs see it, against a real server.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod blocked;
mod code;
mod detach;
mod failures;
mod functions;
mod lifecycle;
mod moments;
mod network;
mod resume;
mod roster;
#[path = "../support/mod.rs"]
mod support;
mod token;

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use rtbroadcaster_sdk::{CatchUp, Code, OwnerPresence, Params, Room, RoomError, Status};
use serde::{Deserialize, Serialize};
use support::server;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// The server's default for `limits.queueActions`.
const QUEUE_ACTIONS: u64 = 4_096;

/// The arguments of a callback's calls.
struct Calls<T>(RefCell<UnboundedReceiver<T>>);

impl<T> Calls<T> {
    async fn next(&self) -> T {
        self.try_next().await.unwrap()
    }

    /// The next call; none if the callback was dropped.
    async fn try_next(&self) -> Option<T> {
        poll_fn(|context| pin!(self.0.borrow_mut().recv()).poll(context).map(Result::ok)).await
    }

    fn is_empty(&self) -> bool {
        self.0.borrow_mut().try_recv().is_err()
    }
}

impl<T: PartialEq + Debug> Calls<T> {
    async fn until(&self, awaited: T) {
        while self.next().await != awaited {}
    }
}

fn recording<T: 'static>() -> (impl FnMut(T) + Clone + 'static, Calls<T>) {
    let (sender, receiver) = unbounded();
    // A test may stop listening before the last call.
    let call = move |value| drop(sender.unbounded_send(value));
    (call, Calls(RefCell::new(receiver)))
}

async fn follower<P: serde::de::DeserializeOwned + 'static>(
    url: &str,
    uuid: &str,
    key: &str,
) -> (Room, Calls<P>) {
    let ((call, called), (on_status, status)) = (recording(), recording());
    let room = Room::join(url, uuid).await.unwrap();
    room.on_typed(key, call).on_status(on_status);
    status.until(Status::Connected).await;
    (room, called)
}

async fn microtasks() {
    for _ in 0..20 {
        JsFuture::from(js_sys::Promise::resolve(&JsValue::NULL)).await.unwrap();
    }
}

async fn next_task() {
    let mut wait = |resolve: js_sys::Function, _| set_timeout(&resolve, 0);
    JsFuture::from(js_sys::Promise::new(&mut wait)).await.unwrap();
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(task: &js_sys::Function, milliseconds: u32);
}
