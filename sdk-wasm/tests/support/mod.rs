//! What the tests share: the SDK as JavaScript sees it, and functions that record their calls.

#![allow(dead_code, reason = "each test program uses a part of it")]

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::console_log;

#[wasm_bindgen]
extern "C" {
    /// The class `Room`, without what index.js adds.
    #[derive(Clone)]
    pub(crate) type Room;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn uuid(this: &Room) -> String;

    #[wasm_bindgen(method, getter, js_name = isOwner)]
    pub(crate) fn is_owner(this: &Room) -> bool;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn connected(this: &Room) -> bool;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn status(this: &Room) -> String;

    #[wasm_bindgen(method, getter, js_name = ownerKey)]
    pub(crate) fn owner_key(this: &Room) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn resumed(this: &Room) -> bool;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn audience(this: &Room) -> JsValue;

    #[wasm_bindgen(method, js_name = broadcast)]
    fn broadcast_values(this: &Room, key: &JsValue, params: &JsValue, options: &JsValue) -> Promise;

    #[wasm_bindgen(method, js_name = clear)]
    fn clear_value(this: &Room, slot: &JsValue) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn ready(this: &Room) -> Promise;

    #[wasm_bindgen(method, catch, js_name = on)]
    pub(crate) fn try_on(this: &Room, key: &JsValue, function: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn off(this: &Room, key: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn detach(this: &Room);

    #[wasm_bindgen(method)]
    pub(crate) fn follow(this: &Room, catch_up: &str);

    #[wasm_bindgen(method, getter)]
    pub(crate) fn behind(this: &Room) -> u32;

    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &Room) -> Promise;
}

impl Room {
    /// Broadcasts; params and options are JSON.
    pub(crate) fn broadcasting(&self, key: &str, params: &str, options: &str) -> Promise {
        self.broadcast_values(&key.into(), &json(params), &json(options))
    }

    /// Broadcasts without awaiting it.
    pub(crate) fn broadcast(&self, key: &str, params: &str, options: &str) {
        drop(self.broadcasting(key, params, options));
    }

    pub(crate) fn clearing(&self, slot: &str) -> Promise {
        self.clear_value(&slot.into())
    }

    pub(crate) fn clear(&self, slot: &str) {
        drop(self.clearing(slot));
    }

    /// Broadcasts, and returns the error with which the promise is rejected.
    pub(crate) async fn refused(&self, key: &JsValue, params: &JsValue, options: &JsValue) -> JsValue {
        JsFuture::from(self.broadcast_values(key, params, options)).await.unwrap_err()
    }

    pub(crate) fn on(&self, key: &str, recorder: &Recorder) {
        self.try_on(&key.into(), recorder).unwrap();
    }

    pub(crate) fn set(&self, callback: &str, function: &JsValue) {
        Reflect::set(self, &callback.into(), function).unwrap();
    }

    pub(crate) async fn closed(&self) {
        JsFuture::from(self.close()).await.unwrap();
    }
}

#[wasm_bindgen(inline_js = r#"
export function recorder() {
    const calls = [], waiting = [];
    const recorder = (...args) => {
        const call = JSON.stringify(args);
        if (waiting.length > 0) waiting.shift()(call); else calls.push(call);
    };
    recorder.take = () => new Promise((resolve) => calls.length > 0 ? resolve(calls.shift()) : waiting.push(resolve));
    recorder.unread = () => calls.length;
    recorder.all = () => calls.splice(0).join();
    return recorder;
}
"#)]
extern "C" {
    /// A JavaScript function that records its calls.
    #[derive(Clone)]
    #[wasm_bindgen(extends = Function)]
    pub(crate) type Recorder;

    #[wasm_bindgen(js_name = recorder)]
    pub(crate) fn recorder() -> Recorder;

    #[wasm_bindgen(method)]
    fn take(this: &Recorder) -> Promise;

    /// All calls that were not read yet, joined by commas.
    #[wasm_bindgen(method)]
    pub(crate) fn all(this: &Recorder) -> String;

    /// How many calls were recorded and not read yet.
    #[wasm_bindgen(method)]
    pub(crate) fn unread(this: &Recorder) -> u32;
}

impl Recorder {
    /// Waits for the next call, and returns its arguments as JSON.
    pub(crate) async fn next(&self) -> String {
        JsFuture::from(self.take()).await.unwrap().as_string().unwrap()
    }
}

#[wasm_bindgen(inline_js = r#"
export function watchSockets() {
    const sockets = [];
    let buffered, sent = 0;
    const Native = globalThis.NativeWebSocket ??= globalThis.WebSocket;
    globalThis.WebSocket = class extends Native {
        constructor(...args) { super(...args); sockets.push(this); }
        get bufferedAmount() { return buffered ?? super.bufferedAmount; }
        send(data) { sent++; super.send(data); }
    };
    return {
        buffer: (bytes) => buffered = bytes,
        sent: () => sent,
        opened: () => sockets.length,
        cut: () => sockets.splice(0).forEach((socket) => socket.close()),
        say: (data) => sockets.at(-1).dispatchEvent(new MessageEvent("message", { data })),
        haveHandlers: () => sockets.some((socket) => socket.onopen ?? socket.onmessage ?? socket.onclose),
    };
}
export function refuseSockets() {
    const allowed = globalThis.WebSocket;
    let asked;
    globalThis.WebSocket = class {
        constructor(url) { asked = url; throw "refused"; }
    };
    return { askedFor: () => (globalThis.WebSocket = allowed, asked) };
}
export const nextTask = () => new Promise((resolve) => setTimeout(resolve));
export function catchRejections(recorder) {
    globalThis.addEventListener("unhandledrejection", ({ reason }) => recorder(String(reason)));
}
export function wakeBy(event) {
    (event === "visibilitychange" ? document : globalThis).dispatchEvent(new Event(event));
}
"#)]
extern "C" {
    /// The websockets that were opened since [`watch_sockets`].
    pub(crate) type Sockets;

    #[wasm_bindgen(js_name = watchSockets)]
    pub(crate) fn watch_sockets() -> Sockets;

    /// How many were opened since the last cut.
    #[wasm_bindgen(method)]
    pub(crate) fn opened(this: &Sockets) -> u32;

    /// Makes them report that this many bytes of what was sent are still in the page.
    #[wasm_bindgen(method)]
    pub(crate) fn buffer(this: &Sockets, bytes: u32);

    /// How many frames were sent on them.
    #[wasm_bindgen(method)]
    pub(crate) fn sent(this: &Sockets) -> u32;

    /// Closes them as a failing network would, without the page's doing.
    #[wasm_bindgen(method)]
    pub(crate) fn cut(this: &Sockets);

    /// Delivers a message on the newest websocket, as if the server had sent it.
    #[wasm_bindgen(method)]
    pub(crate) fn say(this: &Sockets, data: &str);

    /// Whether any of them still has a handler.
    #[wasm_bindgen(method, js_name = haveHandlers)]
    pub(crate) fn have_handlers(this: &Sockets) -> bool;

    /// Makes the page refuse to open websockets, until [`RefusedSockets::asked_for`].
    pub(crate) type RefusedSockets;

    #[wasm_bindgen(js_name = refuseSockets)]
    pub(crate) fn refuse_sockets() -> RefusedSockets;

    /// Returns the address of the websocket that was refused, and allows websockets again.
    #[wasm_bindgen(method, js_name = askedFor)]
    pub(crate) fn asked_for(this: &RefusedSockets) -> String;

    #[wasm_bindgen(js_name = nextTask)]
    fn promise_of_next_task() -> Promise;

    #[wasm_bindgen(js_name = catchRejections)]
    fn catch_rejections(recorder: &Recorder);

    /// Dispatches an event by which the browser reports that the network or the page is back.
    #[wasm_bindgen(js_name = wakeBy)]
    pub(crate) fn wake_by(event: &str);
}

/// Waits for the page's next task.
pub(crate) async fn next_task() {
    JsFuture::from(promise_of_next_task()).await.unwrap();
}

/// The rejections from now on that nobody handles.
pub(crate) fn unhandled_rejections() -> Recorder {
    let rejections = recorder();
    catch_rejections(&rejections);
    rejections
}

/// The server's address. None, with a hint on the console, if the tests were compiled without one.
pub(crate) fn server() -> Option<&'static str> {
    let url = option_env!("RTBROADCASTER_TEST_URL");
    if url.is_none() {
        console_log!(
            "skipped: run `cargo run -p rtbroadcaster -- --allow-origin '*'` and set \
             RTBROADCASTER_TEST_URL=ws://127.0.0.1:8080/broadcasting"
        );
    }
    url
}

/// The value of a JSON text; an empty text is undefined.
pub(crate) fn json(text: &str) -> JsValue {
    if text.is_empty() { JsValue::UNDEFINED } else { js_sys::JSON::parse(text).unwrap() }
}

/// An object with these fields.
pub(crate) fn object(fields: &[(&str, &JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

pub(crate) fn functions(functions: &[(&str, &JsValue)]) -> JsValue {
    object(&[("functions", &object(functions))])
}

pub(crate) async fn create_with(url: &str, options: &JsValue) -> Result<Room, JsValue> {
    let room =
        JsFuture::from(Promise::from(rtbroadcaster_sdk::create(&url.into(), options, &JsValue::UNDEFINED)))
            .await?;
    Ok(room.unchecked_into())
}

pub(crate) async fn create(url: &str) -> Room {
    create_with(url, &JsValue::UNDEFINED).await.unwrap()
}

pub(crate) async fn join_with(url: &str, uuid: &str, options: &JsValue) -> Result<Room, JsValue> {
    let room =
        JsFuture::from(Promise::from(rtbroadcaster_sdk::join(&url.into(), &uuid.into(), options))).await?;
    Ok(room.unchecked_into())
}

pub(crate) async fn join(url: &str, uuid: &str, options: &JsValue) -> Room {
    join_with(url, uuid, options).await.unwrap()
}

/// A follower with one function, which has received everything that the room retained.
pub(crate) async fn follower(url: &str, uuid: &str, key: &str, calls: &Recorder) -> Room {
    let status = recorder();
    let options = object(&[("functions", &object(&[(key, calls)])), ("onstatus", &status)]);
    let room = join(url, uuid, &options).await;
    while status.next().await != r#"["connected"]"# {}
    room
}

/// The seq with which the promise of an action is resolved, or none.
pub(crate) async fn seq(promise: Promise) -> Option<f64> {
    JsFuture::from(promise).await.unwrap().as_f64()
}

/// The code that a promise is rejected with, and the key.
pub(crate) async fn refusal(promise: Promise) -> (String, String) {
    let error = JsFuture::from(promise).await.unwrap_err();
    (code(&error), text(&error, "key"))
}

/// A text field of an object.
pub(crate) fn text(value: &JsValue, field: &str) -> String {
    Reflect::get(value, &field.into()).unwrap().as_string().unwrap_or_default()
}

/// The code of a `RoomError`. It also checks that the error has everything a `RoomError` must have.
pub(crate) fn code(error: &JsValue) -> String {
    assert!(error.is_instance_of::<js_sys::Error>(), "{error:?}");
    assert_eq!(text(error, "name"), "RoomError");
    assert!(!text(error, "message").is_empty());
    text(error, "code")
}

/// A function from JavaScript source.
pub(crate) fn function(body: &str) -> Function {
    Function::new_no_args(body)
}
