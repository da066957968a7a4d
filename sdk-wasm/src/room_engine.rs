//! The engine of a room, as JavaScript drives it.
//!
//! js/ reports what happened, asks for one step after the other, and performs each step when Rust
//! has returned. Times are milliseconds of the page's monotonic clock.
//!
//! The fast path: js/fast-path.js delivers and writes frequent actions by itself, and tells the
//! engine later how far it came.
//!
//! All texts come as `String`, and all methods take `&mut self`. A page would load 90 bytes more if
//! some were `&str` or took `&self`, because wasm-bindgen has code of its own for each.

#![allow(clippy::needless_pass_by_value, reason = "as the module's documentation says")]

use alloc::string::String;
use core::fmt;

use rtbroadcaster_protocol::{
    Audience, BroadcastError, EndReason, Input, Outcome, OwnerPresence, ServerMessage, Session, Timestamp,
    Unnamed,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::attempts::Way;
use crate::catch_up::CatchUp;
use crate::decisions;
use crate::ending::Ending;
use crate::engine::Engine;
use crate::enums::StepName;
use crate::fields::Fields;
use crate::params::Params;
use crate::parts::{note, note_audience, note_error, note_status};
use crate::step::Step;

/// The engine of one room on one page: every decision, and nothing that needs a page.
#[wasm_bindgen]
pub struct RoomEngine {
    engine: Engine<Params, Unnamed>,
}

impl fmt::Debug for RoomEngine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoomEngine").finish_non_exhaustive()
    }
}

/// How a room is entered.
#[wasm_bindgen]
impl RoomEngine {
    /// Opens a room, or claims one as its creator, or joins one. The seed is any random number, the
    /// timeout is in milliseconds and may be infinite.
    #[must_use]
    pub fn enter(now: f64, opens: bool, is_creator: bool, seed: f64, timeout: f64) -> Self {
        let session = Session::unnamed(opens, is_creator, seed as u64, timeout as u64);
        let mut engine = Self { engine: Engine::new(session) };
        engine.handle(now, Input::Start);
        engine
    }
}

/// What happened.
#[wasm_bindgen]
impl RoomEngine {
    /// The connection is open. The first message is JSON without the numbers that the engine knows,
    /// and without its last brace.
    pub fn opened(&mut self, now: f64, first_message: String) {
        self.engine.set_first_message(first_message);
        self.handle(now, Input::Opened);
    }

    /// The connection is closed, with this close code. Or an HTTP status was heard: see
    /// `Engine::handle`.
    pub fn disconnected(&mut self, now: f64, code: u16) {
        self.handle(now, Input::Disconnected(code));
    }

    /// The timer has fired.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&mut self, now: f64) {
        self.handle(now, Input::Timeout);
    }

    /// The page goes to sleep or wakes, or its network changed: see `decisions::LIFECYCLE`.
    pub fn lifecycle(&mut self, now: f64, told: u8) {
        if told == decisions::ONLINE {
            self.engine.note_online(timestamp(now));
        }
        self.handle(now, if told == decisions::ASLEEP { Input::Sleep } else { Input::Wake });
    }

    /// So many bytes wait in the page for the network.
    pub fn buffered(&mut self, now: f64, bytes: f64) {
        self.handle(now, Input::Buffered(bytes as u64));
    }

    /// The page enters anew: it has got the right to write or lost it.
    #[wasm_bindgen(js_name = enterAnew)]
    pub fn enter_anew(&mut self, now: f64) {
        self.engine.enter_anew(timestamp(now));
    }

    /// The page closes or leaves the room.
    pub fn close(&mut self, now: f64) {
        self.handle(now, Input::Close);
    }

    /// A message came: the current one of js/message.js, whose text has so many characters.
    pub fn received(&mut self, now: f64, characters: u32) {
        self.engine.note_size(characters as usize);
        if let Some(message) = ServerMessage::read(&Fields) {
            self.handle(now, Input::Received(message));
        }
    }

    /// Something came that isn't JSON.
    #[wasm_bindgen(js_name = receivedUnreadable)]
    pub fn received_unreadable(&mut self) {
        self.engine.note_unreadable();
    }

    /// The task after `StepName::Enter` has begun.
    #[wasm_bindgen(js_name = openDelivery)]
    pub fn open_delivery(&mut self) {
        self.engine.open_delivery();
    }
}

/// What the page asks for.
#[wasm_bindgen]
impl RoomEngine {
    /// Broadcasts an action, with its params as JSON; an empty slot stands for none, and 0 for
    /// no moment. The page may have written it already, on the fast path. Returns its ticket, or 0
    /// if it was refused: `note_error` says why.
    pub fn broadcast(&mut self, key: String, params: String, slot: String, at: f64, is_written: bool) -> f64 {
        let at = (at > 0.0).then_some(at as u64);
        let ticket = self.engine.broadcast(&key, &params, (!slot.is_empty()).then_some(&slot), at);
        if is_written {
            self.engine.fast_path_written();
        }
        ticket_or_refusal(ticket)
    }

    /// Queues another message of an owner, which has no id yet. If the slot isn't empty, it clears
    /// that, and replaces an unwritten one of the same slot. Answered as [`broadcast`](Self::broadcast).
    pub fn submit(&mut self, text: String, slot: String) -> f64 {
        ticket_or_refusal(self.engine.submit(text, (!slot.is_empty()).then_some(&slot)))
    }

    /// One more caller waits for space in the queue.
    #[wasm_bindgen(js_name = awaitQueueSpace)]
    pub fn await_queue_space(&mut self) {
        self.engine.await_queue_space();
    }

    /// A function is registered under this key.
    pub fn register(&mut self, key: String) {
        // js/ finds the function by its key.
        self.engine.register(key, 0);
    }

    /// No function is registered any more under this key.
    pub fn unregister(&mut self, key: String) {
        self.engine.unregister(&key);
    }

    /// See `Delivery::detach`.
    pub fn detach(&mut self) {
        self.engine.detach();
    }

    /// Delivers again: every action that came while the page was detached, or the state alone.
    pub fn follow(&mut self, every: bool) {
        self.engine.follow(if every { CatchUp::Every } else { CatchUp::State });
    }
}

/// The steps.
#[wasm_bindgen]
impl RoomEngine {
    /// The next step to perform, after its parts were noted (`note` and the others). Unless
    /// `may_deliver`, only steps that cannot run the page's code.
    #[wasm_bindgen(js_name = nextStep)]
    pub fn next_step(&mut self, may_deliver: bool) -> Option<StepName> {
        let step = self.engine.next_step(may_deliver)?;
        Some(self.take_apart(step))
    }

    /// How many actions and clears came while the page was detached.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn behind(&mut self) -> u32 {
        self.engine.behind() as u32
    }
}

/// The fast path: see js/fast-path.js.
#[wasm_bindgen]
impl RoomEngine {
    /// The seq of the action that the page may deliver by itself, or 0 while the engine must get
    /// each message.
    #[wasm_bindgen(getter, js_name = fastPathSeq)]
    #[must_use]
    pub fn fast_path_seq(&mut self) -> f64 {
        self.engine.fast_path_seq().unwrap_or(0) as f64
    }

    /// The page has delivered all actions up to this seq; the last of them came at this time.
    #[wasm_bindgen(js_name = fastPathDelivered)]
    pub fn fast_path_delivered(&mut self, now: f64, seq: f64) {
        self.engine.fast_path_delivered(timestamp(now), seq as u64);
    }

    /// The index at which a slot's state is noted, or a number below 0 if the engine must get the
    /// slot's next message. The index is valid until the engine gets a message.
    #[wasm_bindgen(js_name = slotIndex)]
    pub fn slot_index(&mut self, slot: String) -> i32 {
        self.engine.slot_index(&slot).map_or(-1, |index| index as i32)
    }

    /// The action with this seq, which the page delivers by itself, is the state of this slot.
    #[wasm_bindgen(js_name = slotWritten)]
    pub fn slot_written(&mut self, index: u32, seq: f64) {
        self.engine.slot_written(index as usize, seq as u64);
    }

    /// The id of the next action that the page may write by itself, or 0 while it may not.
    #[wasm_bindgen(getter, js_name = fastPathId)]
    #[must_use]
    pub fn fast_path_id(&mut self) -> f64 {
        self.engine.fast_path_id().unwrap_or(0) as f64
    }

    /// The server has answered all that the page wrote by itself up to this id, the last one at
    /// this time.
    #[wasm_bindgen(js_name = fastPathAnswered)]
    pub fn fast_path_answered(&mut self, now: f64, id: f64) {
        self.engine.fast_path_answered(timestamp(now), id as u64);
    }
}

impl RoomEngine {
    fn handle(&mut self, now: f64, input: Input<Params>) {
        self.engine.handle(timestamp(now), input);
    }

    fn take_apart(&mut self, step: Step<Params>) -> StepName {
        match step {
            Step::Connect(Way::Websocket) => StepName::Connect,
            Step::Connect(Way::Probe) => StepName::Probe,
            Step::Connect(Way::Http) => StepName::ConnectHttp,
            Step::Connect(Way::Trial) => StepName::TryWebsocket,
            Step::Disconnect => StepName::Disconnect,
            Step::Send(text) => with_text(&text, StepName::Send),
            Step::ArmTimer(at) => with_number(at.0, StepName::ArmTimer),
            Step::Enter => {
                self.note_status();
                self.note_audience();
                StepName::Enter
            }
            Step::Refuse(reason) => self.with_ending(Some(&reason), StepName::Refuse),
            // js/ finds the function by its key.
            Step::Run(_, action) => {
                note(&action.key, action.params.into_number(), 0.0);
                StepName::Run
            }
            Step::TellStatus => {
                self.note_status();
                StepName::TellStatus
            }
            Step::TellCleared(slot) => with_text(&slot, StepName::TellCleared),
            Step::TellResync => StepName::TellResync,
            Step::TellRetry => self.with_ending(None, StepName::TellRetry),
            Step::TellAudience => {
                self.note_audience();
                StepName::TellAudience
            }
            Step::TellOwner(OwnerPresence::Away) => StepName::TellOwnerAway,
            Step::TellOwner(OwnerPresence::Here) => StepName::TellOwnerHere,
            Step::ReportNoFunction(key) => {
                let [code, before, after] = decisions::NO_FUNCTION;
                let mut message = String::from(before);
                message.push_str(&key);
                message.push_str(after);
                report(code, &message, &key)
            }
            Step::ReportUnreadable => {
                let [code, message] = decisions::UNREADABLE;
                report(code, message, "")
            }
            Step::ReportRefusal(refusal) => report(&refusal.code, &refusal.message, ""),
            Step::Answer(ticket, outcome) => answer(ticket as f64, outcome),
            Step::QueueHasSpace(count) => with_number(count.into(), StepName::QueueHasSpace),
            Step::End(reason) => self.with_ending(Some(&reason), StepName::End),
        }
    }

    fn note_status(&self) {
        note_status(self.engine.status().into());
    }

    fn note_audience(&self) {
        if let Some(Audience { connected, lagging }) = self.engine.audience() {
            note_audience(connected as f64, lagging as f64);
        }
    }

    fn with_ending(&self, reason: Option<&EndReason>, name: StepName) -> StepName {
        let Ending { code, message } = self.engine.ending(reason);
        note_error(code, &message);
        name
    }
}

fn ticket_or_refusal(ticket: Result<u64, BroadcastError>) -> f64 {
    match ticket {
        Ok(ticket) => ticket as f64,
        Err(error) => {
            note_error(error.code(), &error.message());
            0.0
        }
    }
}

fn with_text(text: &str, name: StepName) -> StepName {
    note(text, 0.0, 0.0);
    name
}

fn with_number(number: u64, name: StepName) -> StepName {
    note("", number as f64, 0.0);
    name
}

fn report(code: &str, message: &str, key: &str) -> StepName {
    note_error(code, message);
    with_text(key, StepName::Report)
}

fn answer(ticket: f64, outcome: Outcome) -> StepName {
    match outcome {
        Outcome::Appended(seq) => {
            note("", ticket, seq as f64);
            StepName::Appended
        }
        Outcome::Replaced => {
            note("", ticket, 0.0);
            StepName::Replaced
        }
        Outcome::Refused { refusal, .. } => {
            note("", ticket, 0.0);
            note_error(&refusal.code, &refusal.message);
            StepName::Refused
        }
    }
}

/// The cast loses nothing that matters: the time is neither negative nor near the end of u64, and
/// a fraction of a millisecond is irrelevant.
fn timestamp(now: f64) -> Timestamp {
    Timestamp(now as u64)
}
