//! The core as JavaScript drives it, and `create` and `join`.
//!
//! js/room.js says what happened, then asks for one step after the other, and takes it when Rust has returned. What
//! crosses are numbers and texts: a step is a number, below 0, and what belongs to it is fetched by [`Bridge::number`]
//! and [`Bridge::text`]. Moments are milliseconds of the page's monotonic clock.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Function, Promise};
use rtbroadcaster_protocol::{
    BroadcastError, Goal, Input, Outcome, OwnerPresence, ServerMessage, SessionOptions, SessionStatus,
    Timestamp,
};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::core::Core;
use crate::fields::{Fields, whole_number};
use crate::step::Step;

#[wasm_bindgen(module = "/js/room.js")]
extern "C" {
    fn enter(
        core: Bridge,
        url: &JsValue,
        joins: bool,
        uuid: &JsValue,
        options: &JsValue,
        on_end: Option<Function>,
    ) -> Promise;
}

/// Opens a room, or takes one back: see index.d.ts. When the room that the promise was resolved with ends, `on_end` is
/// called with the reason's code, before any other callback: that is for resume.js.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue, on_end: Option<Function>) -> Promise {
    enter(Bridge::new(), url, false, &JsValue::UNDEFINED, options, on_end)
}

/// Enters a room as a follower: see index.d.ts.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> Promise {
    enter(Bridge::new(), url, true, uuid, options, None)
}

/// The core of one room. Not for pages.
#[wasm_bindgen]
pub struct Bridge {
    core: Core<JsValue>,
    /// What belongs to the last step, in the reverse order of its fetching.
    numbers: Vec<f64>,
    texts: Vec<String>,
    params: JsValue,
}

impl Bridge {
    fn new() -> Self {
        let nothing = SessionOptions {
            goal: Goal::Create,
            session: String::new(),
            seed: 0,
            connect_timeout_ms: 0,
            share_audience: false,
        };
        Self { core: Core::new(nothing), numbers: Vec::new(), texts: Vec::new(), params: JsValue::UNDEFINED }
    }

    fn handle(&mut self, now: f64, input: Input<JsValue>) {
        self.core.handle(moment(now), input);
    }

    /// The ticket, or 0 and an error's code, message and no key.
    fn ticket(&mut self, ticket: Result<u64, BroadcastError>) -> f64 {
        match ticket {
            Ok(ticket) => ticket as f64,
            Err(error) => {
                let code = match error {
                    BroadcastError::NotOwner => "not_owner",
                    BroadcastError::Closed => "closed",
                    BroadcastError::EmptyKey => "invalid_argument",
                    BroadcastError::TooLarge { .. } => "message_too_large",
                    BroadcastError::QueueFull => "queue_full",
                };
                self.texts.clear();
                self.error(code.to_owned(), error.message());
                0.0
            }
        }
    }

    fn error(&mut self, code: String, message: String) {
        self.texts.push(message);
        self.texts.push(code);
    }

    /// The number of a step, whose parts are put down to be fetched.
    fn put_down(&mut self, step: Step<JsValue>) -> i32 {
        // What was not fetched nobody wants any more.
        self.numbers.clear();
        self.texts.clear();
        match step {
            Step::Connect => -1,
            Step::Disconnect => -2,
            Step::Send(text) => {
                self.texts.push(text);
                -3
            }
            Step::Arm(at) => {
                self.numbers.push(at.0 as f64);
                -4
            }
            Step::Enter => -5,
            Step::Refuse(ending) => {
                self.error(ending.code, ending.message);
                -6
            }
            Step::Run(function, action) => {
                self.numbers.push(function.into());
                self.texts.push(action.key);
                self.params = action.params;
                -7
            }
            Step::TellStatus => -8,
            Step::TellCleared(slot) => {
                self.texts.push(slot);
                -9
            }
            Step::TellResync => -10,
            Step::TellAudience => -11,
            Step::TellOwner(presence) => {
                let presence = match presence {
                    OwnerPresence::Here => "here",
                    OwnerPresence::Away => "away",
                };
                self.texts.push(presence.to_owned());
                -12
            }
            Step::ReportNoFunction(key) => {
                self.texts.push(key);
                -13
            }
            Step::ReportUnreadable => -14,
            Step::ReportRefusal(refusal) => {
                self.error(refusal.code, refusal.message);
                -15
            }
            Step::Answer(ticket, outcome) => {
                let step = match outcome {
                    Outcome::Appended(seq) => {
                        self.numbers.push(seq as f64);
                        -16
                    }
                    Outcome::Replaced => -17,
                    Outcome::Refused { refusal, .. } => {
                        self.error(refusal.code, refusal.message);
                        -18
                    }
                };
                self.numbers.push(ticket as f64);
                step
            }
            Step::HasRoom(count) => {
                self.numbers.push(count.into());
                -19
            }
            Step::End(ending) => {
                self.error(ending.code, ending.message);
                -20
            }
        }
    }
}

#[wasm_bindgen]
impl Bridge {
    /// Begins: with a uuid and an owner key a claim, with a uuid a join, else a new room.
    #[allow(clippy::too_many_arguments, reason = "an object would be read field by field")]
    pub fn start(
        &mut self,
        now: f64,
        uuid: Option<String>,
        owner_key: Option<String>,
        session: String,
        seed: u32,
        connect_timeout_ms: f64,
        share_audience: bool,
    ) {
        let goal = match (uuid, owner_key) {
            (Some(uuid), Some(owner_key)) => Goal::Claim { uuid, owner_key },
            (Some(uuid), None) => Goal::Join { uuid },
            (None, _) => Goal::Create,
        };
        let (seed, connect_timeout_ms) = (seed.into(), connect_timeout_ms as u64);
        self.core = Core::new(SessionOptions { goal, session, seed, connect_timeout_ms, share_audience });
        self.handle(now, Input::Start);
    }

    /// The websocket is open.
    pub fn opened(&mut self, now: f64) {
        self.handle(now, Input::Opened);
    }

    /// The websocket is closed.
    pub fn disconnected(&mut self, now: f64, code: u16) {
        self.handle(now, Input::Disconnected(code));
    }

    /// The timer has fired.
    pub fn timeout(&mut self, now: f64) {
        self.handle(now, Input::Timeout);
    }

    /// The page has woken up, or the network may have changed.
    pub fn wake(&mut self, now: f64) {
        self.handle(now, Input::Wake);
    }

    /// So many bytes wait in the page for the network.
    pub fn buffered(&mut self, now: f64, bytes: f64) {
        self.handle(now, Input::Buffered(bytes as u64));
    }

    /// The page wants to end it.
    pub fn close(&mut self, now: f64) {
        self.handle(now, Input::Close);
    }

    /// The task after `Step::Enter`.
    pub fn open(&mut self) {
        self.core.open();
    }

    /// An action has come: the message that comes a thousand times a second, so that it has a way of its own. Returns the
    /// next step, or, if that is to run a function with these very params: twice its number, plus 1 if there is more to
    /// do after it.
    #[allow(clippy::too_many_arguments, reason = "an object would be read field by field")]
    pub fn action(
        &mut self,
        now: f64,
        seq: f64,
        key: String,
        params: JsValue,
        slot: Option<String>,
        characters: usize,
        tells: bool,
    ) -> i32 {
        self.core.weigh(characters);
        let was_idle = self.core.is_idle();
        let seq = whole_number(seq);
        self.handle(now, Input::Received(ServerMessage::Action { seq, key, params, slot }));
        match self.core.next(tells) {
            Some(Step::Run(function, _)) if was_idle => {
                let more = !self.core.is_idle();
                (function << 1) as i32 | i32::from(more)
            }
            Some(step) => self.put_down(step),
            None => 0,
        }
    }

    /// Any other message has come: the object that the browser's JSON parser has made of it.
    pub fn message(&mut self, now: f64, message: &JsValue) {
        if let Some(message) = ServerMessage::read(&Fields(message)) {
            self.handle(now, Input::Received(message));
        }
    }

    /// The server said something that isn't JSON.
    pub fn unreadable(&mut self) {
        self.core.unreadable();
    }

    /// Returns the ticket under which the answer will come; 0 if it was not taken, with an error's code and message.
    #[allow(clippy::needless_pass_by_value, reason = "wasm-bindgen has no optional borrowed text")]
    pub fn broadcast(&mut self, key: &str, params: &str, slot: Option<String>) -> f64 {
        let ticket = self.core.broadcast(key, params, slot.as_deref());
        self.ticket(ticket)
    }

    /// As [`Bridge::broadcast`].
    pub fn clear(&mut self, slot: &str) -> f64 {
        let ticket = self.core.clear(slot);
        self.ticket(ticket)
    }

    /// One more waits until the queue has room.
    pub fn await_room(&mut self) {
        self.core.await_room();
    }

    /// Returns the number of the function that was replaced, or 0.
    pub fn register(&mut self, key: String, function: u32) -> u32 {
        self.core.register(key, function).unwrap_or(0)
    }

    /// Returns the number of the function that was removed, or 0.
    pub fn unregister(&mut self, key: &str) -> u32 {
        self.core.unregister(key).unwrap_or(0)
    }

    /// Keeps actions and clears from now on, instead of making steps of them.
    pub fn detach(&mut self) {
        self.core.detach();
    }

    /// Whether they are kept.
    pub fn is_detached(&self) -> bool {
        self.core.is_detached()
    }

    /// How many of them the page was not handed yet.
    pub fn behind(&self) -> usize {
        self.core.behind()
    }

    /// Makes steps again, and first of what was kept: all of it, or the newest of each slot.
    pub fn follow(&mut self, every: bool) {
        self.core.follow(every);
    }

    /// The next step, 0 if there is none. Without `tells`, only what cannot run the page's code.
    pub fn next(&mut self, tells: bool) -> i32 {
        match self.core.next(tells) {
            Some(step) => self.put_down(step),
            None => 0,
        }
    }

    /// A number that belongs to the step.
    pub fn number(&mut self) -> f64 {
        self.numbers.pop().unwrap_or(0.0)
    }

    /// A text that belongs to the step.
    pub fn text(&mut self) -> String {
        self.texts.pop().unwrap_or_default()
    }

    /// The params that belong to the step.
    pub fn params(&mut self) -> JsValue {
        ::core::mem::replace(&mut self.params, JsValue::UNDEFINED)
    }

    /// The room's id.
    pub fn uuid(&self) -> String {
        self.core.uuid().unwrap_or_default().to_owned()
    }

    /// The proof of ownership; none for a follower.
    pub fn owner_key(&self) -> Option<String> {
        self.core.owner_key().map(ToOwned::to_owned)
    }

    /// Whether this page owns the room.
    pub fn is_owner(&self) -> bool {
        self.core.is_owner()
    }

    /// Where the page stands.
    pub fn status(&self) -> u32 {
        match self.core.status() {
            SessionStatus::Connecting => 0,
            SessionStatus::Connected => 1,
            SessionStatus::CatchingUp => 2,
            SessionStatus::Reconnecting => 3,
            SessionStatus::Closed => 4,
        }
    }

    /// How many follow; below 0 before the first count.
    pub fn connected(&self) -> f64 {
        self.core.audience().map_or(-1.0, |audience| audience.connected as f64)
    }

    /// How many of them lag.
    pub fn lagging(&self) -> f64 {
        self.core.audience().map_or(-1.0, |audience| audience.lagging as f64)
    }
}

fn moment(now: f64) -> Timestamp {
    // Neither negative nor near the end of u64, and the fraction of a millisecond matters to nobody.
    Timestamp(now as u64)
}
