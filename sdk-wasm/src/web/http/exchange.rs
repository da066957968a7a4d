//! The exchange of requests and answers that stands for one connection.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::mem;
use core::pin::Pin;

use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{Array, Reflect, Uint8Array, encode_uri_component};
use rtbroadcaster_protocol::{
    AnnouncedLimits, CloseCode, Input, LimitField, NumberField, ServerFields, ServerMessage, Status,
    Timestamp,
};
use wasm_bindgen::prelude::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal, ReadableStreamDefaultReader, Response};

use super::entry::Entry;
use super::events::{Event, EventReader};
use super::posts::{Batch, Posts};
use super::request::{Failure, Request, fields, probe, text};
use crate::decisions::CONNECTION_LOST;
use crate::web::driver::Driver;
use crate::web::environment::{in_next_task, now};
use crate::web::message::Fields;

/// What the tasks of a connection share.
pub(super) struct Exchange {
    pub(super) driver: Rc<Driver>,
    /// The address of the rooms.
    base: String,
    abort: AbortController,
    /// It has ended, and receives and sends no more.
    is_over: Cell<bool>,
    /// The driver has dropped it, and must not be called any more.
    is_abandoned: Cell<bool>,
    state: RefCell<State>,
}

struct State {
    /// What the page asked to enter; empty until then.
    entry: Entry,
    /// Whether the page drives. Before the stream has begun, whether it expects to.
    is_owner: bool,
    /// The epoch of this claim of ownership; none for a follower, and until the stream has begun.
    epoch: Option<u64>,
    message_bytes: u64,
    heartbeat_ms: u64,
    posts: Posts,
    close_requested: bool,
    /// When anything last came on the stream.
    last_received_at: Timestamp,
}

impl Exchange {
    pub(super) fn open(base: String, driver: &Rc<Driver>) -> Result<Rc<Self>, JsValue> {
        let limits = AnnouncedLimits::default();
        let exchange = Rc::new(Self {
            driver: Rc::clone(driver),
            base,
            abort: AbortController::new()?,
            is_over: Cell::new(false),
            is_abandoned: Cell::new(false),
            state: RefCell::new(State {
                entry: Entry::default(),
                is_owner: false,
                epoch: None,
                message_bytes: limits.message_bytes,
                heartbeat_ms: limits.heartbeat_ms,
                posts: Posts::default(),
                close_requested: false,
                last_received_at: Timestamp(0),
            }),
        });
        let opened = Rc::clone(&exchange);
        in_next_task(move || {
            if !opened.is_over.get() {
                opened.driver.handle(Input::Opened);
            }
        });
        Ok(exchange)
    }

    pub(super) fn buffered(&self) -> u64 {
        self.state.borrow().posts.bytes()
    }

    /// Sends messages, one on each line.
    pub(super) fn send(self: &Rc<Self>, frame: &str) {
        if self.is_over.get() {
            return;
        }
        for line in frame.split('\n') {
            if let Some(message) = Fields::parse(&line.into()) {
                self.send_message(line, &message);
            }
        }
        self.post();
    }

    /// Ends it, and calls the driver no more.
    pub(super) fn abandon(&self) {
        self.is_abandoned.set(true);
        self.is_over.set(true);
        self.abort.abort();
    }

    fn send_message(self: &Rc<Self>, line: &str, message: &Fields) {
        let id = message.count("id");
        if message.func_key().is_some() || message.clear().is_some() || id.is_some() {
            return self.posts(|posts| posts.push(line, id.unwrap_or(0)));
        }
        if let Some(ping) = message.number(NumberField::Ping) {
            let exchange = Rc::clone(self);
            return if message.get("time").is_truthy() {
                spawn_local(exchange.answer_time(ping));
            } else {
                spawn_local(exchange.answer_ping(ping));
            };
        }
        if let (Some(ask), Some(query)) = (message.count("ask"), message.object("roster")) {
            return self.attempt(Rc::clone(self).ask(ask, query));
        }
        match message.status().and_then(Status::from_value) {
            Some(Status::New) => {
                let entry = Entry::read(message);
                self.state.borrow_mut().is_owner = true;
                self.attempt(Rc::clone(self).create(entry));
            }
            Some(Status::Join) => {
                let entry = Entry::read(message);
                self.state.borrow_mut().is_owner = entry.owner_key.is_some();
                self.attempt(Rc::clone(self).read_events(entry, false));
            }
            Some(Status::Close) => self.state.borrow_mut().close_requested = true,
            _ => {}
        }
    }

    async fn create(self: Rc<Self>, mut entry: Entry) -> Result<(), Failure> {
        let address = format!("{}/rooms", self.base);
        let request = Request::new("POST", &address)?.bearer(entry.token.as_deref())?;
        let response = request.body("application/json", &entry.wishes())?.send(Some(&self.signal())).await?;
        let reply = text(&response).await?;
        let fields = fields(&reply)?;
        entry.uuid = fields.uuid().unwrap_or_default();
        entry.owner_key = fields.owner_key();
        self.emit(&reply);
        // The room exists, and from now on its owner is connected. The page already has the reply.
        self.read_events(entry, true).await
    }

    /// Reads the events of a room until they end.
    async fn read_events(self: Rc<Self>, entry: Entry, has_reply: bool) -> Result<(), Failure> {
        self.state.borrow_mut().entry = entry.clone();
        let address = format!("{}/events?{}", self.room(), entry.query());
        let mut request = Request::new("GET", &address)?.bearer(entry.token.as_deref())?;
        if let Some(key) = &entry.owner_key {
            request = request.header("Rtbroadcaster-Owner-Key", key)?;
        } else if let Some(name) = &entry.name {
            request = request.header("Rtbroadcaster-Name", &String::from(encode_uri_component(name)))?;
        }
        let response = request.send(Some(&self.signal())).await?;
        let reader = reader_of(&response)?;
        let mut events = EventReader::default();
        let mut is_first = true;
        while let Some(bytes) = next_bytes(&reader).await? {
            self.state.borrow_mut().last_received_at = now();
            let (mut frame, mut code) = (String::new(), None);
            for event in events.read(&bytes) {
                match event {
                    Event::Close(data) => code = fields(&data)?.count("code"),
                    Event::Message(data) => {
                        if is_first {
                            self.begin(&fields(&data)?);
                        }
                        if !is_first || !has_reply {
                            append(&mut frame, &data);
                        }
                        is_first = false;
                    }
                }
            }
            self.emit(&frame);
            if let Some(code) = code {
                self.end(code as u16);
                return Ok(());
            }
        }
        self.end(CONNECTION_LOST);
        Ok(())
    }

    /// Handles the first event of the stream. From now on an owner may broadcast, and close the
    /// room.
    fn begin(self: &Rc<Self>, reply: &Fields) {
        {
            let mut state = self.state.borrow_mut();
            state.epoch = reply.number(NumberField::Epoch);
            state.is_owner = state.epoch.is_some();
            // It was entered by its code, perhaps, which stands in no other path.
            state.entry.uuid = reply.uuid().unwrap_or_default();
            state.message_bytes = reply.limit(LimitField::MessageBytes).unwrap_or(state.message_bytes);
            if let Some(heartbeat) = reply.limit(LimitField::Heartbeat) {
                state.heartbeat_ms = heartbeat;
            }
        }
        self.post();
    }

    /// Posts the actions that wait, one request after another, and then closes if that was
    /// requested.
    pub(super) fn post(self: &Rc<Self>) {
        match self.next_post() {
            Some(Next::Post(batch, epoch)) => self.attempt(Rc::clone(self).post_batch(batch, epoch)),
            Some(Next::Close(epoch)) => self.attempt(Rc::clone(self).leave(epoch)),
            None => {}
        }
    }

    fn next_post(&self) -> Option<Next> {
        let mut state = self.state.borrow_mut();
        let epoch = state.epoch;
        if state.posts.is_posting || self.is_over.get() || (state.is_owner && epoch.is_none()) {
            return None;
        }
        if !state.posts.is_empty() {
            let message_bytes = state.message_bytes;
            // A follower has no epoch, and its session sends no actions.
            let epoch = epoch?;
            state.posts.is_posting = true;
            return Some(Next::Post(state.posts.take_batch(message_bytes), epoch));
        }
        let epoch = epoch.filter(|_| state.is_owner);
        mem::take(&mut state.close_requested).then_some(Next::Close(epoch))
    }

    /// Closes the room, which the stream then reports; a follower leaves it.
    async fn leave(self: Rc<Self>, epoch: Option<u64>) -> Result<(), Failure> {
        let Some(epoch) = epoch else {
            self.receive(ServerMessage::Closed);
            self.end(CloseCode::Left.value());
            return Ok(());
        };
        let address = format!("{}?epoch={epoch}", self.room());
        let request = self.as_owner(Request::new("DELETE", &address)?)?;
        request.send(Some(&self.signal())).await.map(drop)
    }

    /// Answers a ping of the session. A pong means that the connection is alive: the server must
    /// answer, and the stream must not have been silent for too long.
    async fn answer_ping(self: Rc<Self>, ping: u64) {
        let response = probe(&self.base, Some(&self.signal())).await;
        // A server that shuts down refuses in JSON, but its rooms go on for a while. A proxy
        // without a server does not answer in JSON.
        let is_json = |response: &Response| {
            response
                .headers()
                .get("Content-Type")
                .is_ok_and(|kind| kind.as_deref() == Some("application/json"))
        };
        let is_there = response.is_some_and(|response| response.ok() || is_json(&response));
        let (last, heartbeat_ms) = {
            let state = self.state.borrow();
            (state.last_received_at, state.heartbeat_ms)
        };
        if is_there && now().since(last) < 2 * heartbeat_ms {
            self.receive(ServerMessage::Pong { number: ping, time: None });
        }
    }

    /// Answers a ping that asks for the server's time, which this page's own would not be. Without
    /// an answer of the server there is none to the ping.
    async fn answer_time(self: Rc<Self>, ping: u64) {
        if let Ok(time) = self.ask_time().await {
            self.receive(ServerMessage::Pong { number: ping, time });
        }
    }

    /// The server's time. None if too many ask for it.
    async fn ask_time(&self) -> Result<Option<u64>, Failure> {
        let address = format!("{}/time", self.base);
        match Request::new("GET", &address)?.send(Some(&self.signal())).await {
            Ok(response) => Ok(fields(&text(&response).await?)?.count("time")),
            Err(Failure::Refused(refusal)) if refusal.retry_after_ms.is_some() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Adds what proves that the request is the owner's.
    pub(super) fn as_owner<'a>(&self, request: Request<'a>) -> Result<Request<'a>, Failure> {
        let entry = self.state.borrow().entry.clone();
        let request = request.bearer(entry.owner_key.as_deref())?;
        match entry.token {
            Some(token) => request.header("Rtbroadcaster-Token", &token),
            None => Ok(request),
        }
    }

    /// The address of the room.
    pub(super) fn room(&self) -> String {
        format!("{}/rooms/{}", self.base, String::from(encode_uri_component(&self.state.borrow().entry.uuid)))
    }

    pub(super) fn has_owner_key(&self) -> bool {
        self.state.borrow().entry.owner_key.is_some()
    }

    /// The name of the owner's session.
    pub(super) fn session(&self) -> String {
        self.state.borrow().entry.session.clone()
    }

    /// Ends requests when the connection ends.
    pub(super) fn signal(&self) -> AbortSignal {
        self.abort.signal()
    }

    pub(super) fn posts<T>(&self, operation: impl FnOnce(&mut Posts) -> T) -> T {
        operation(&mut self.state.borrow_mut().posts)
    }

    /// Hands a message to the session, as if the server had sent it.
    pub(super) fn receive(&self, message: ServerMessage<Array>) {
        if !self.is_over.get() {
            self.driver.handle(Input::Received(message));
        }
    }

    /// Hands messages of the server to the session, one on each line.
    pub(super) fn emit(&self, frame: &str) {
        if !frame.is_empty() && !self.is_over.get() {
            self.driver.receive_frame(&frame.into());
        }
    }

    /// Does some work in tasks of its own. If it fails, the connection ends; before that, the
    /// session learns of a refusal.
    fn attempt(self: &Rc<Self>, work: impl Future<Output = Result<(), Failure>> + 'static) {
        // One type for all kinds of work: with each of its own, the wasm would be larger.
        let work: Pin<Box<dyn Future<Output = Result<(), Failure>>>> = Box::pin(work);
        let exchange = Rc::clone(self);
        spawn_local(async move {
            let Err(failure) = work.await else { return };
            let (code, refusal) = failure.into_end();
            if let Some(refusal) = refusal {
                exchange.receive(ServerMessage::Refused(refusal));
            }
            exchange.end(code);
        });
    }

    fn end(self: &Rc<Self>, code: u16) {
        if self.is_over.replace(true) {
            return;
        }
        self.abort.abort();
        let exchange = Rc::clone(self);
        // As with a websocket, the driver is not called while one of its steps runs.
        in_next_task(move || {
            if !exchange.is_abandoned.get() {
                exchange.driver.handle(Input::Disconnected(code));
            }
        });
    }
}

/// What is posted next.
enum Next {
    /// These actions, under this epoch.
    Post(Batch, u64),
    /// The end of the room; of a follower, which has no epoch, nothing.
    Close(Option<u64>),
}

fn append(frame: &mut String, message: &str) {
    if !frame.is_empty() {
        frame.push('\n');
    }
    frame.push_str(message);
}

fn reader_of(response: &Response) -> Result<ReadableStreamDefaultReader, Failure> {
    let stream = response.body().ok_or(Failure::Lost)?;
    Ok(ReadableStreamDefaultReader::new(&stream)?)
}

/// The next bytes of a stream; none at its end.
async fn next_bytes(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, Failure> {
    let result = JsFuture::from(reader.read()).await?;
    if Reflect::get(&result, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    let bytes: Uint8Array = Reflect::get(&result, &"value".into())?.unchecked_into();
    Ok(Some(bytes.to_vec()))
}
