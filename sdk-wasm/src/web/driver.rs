//! The driver of one engine, with all that it needs of a page: socket, timer, wake-up events, and
//! the program's functions.

mod connect;
mod moments;
mod roster;
mod steps;
mod turn;

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Ref, RefCell};
use core::mem;

use futures_channel::oneshot::Sender;
use js_sys::{Array, JsString};
use rtbroadcaster_protocol::{BroadcastError, Input, ServerMessage, Session, SessionOptions, Timestamp};
use wasm_bindgen::prelude::{JsCast, JsValue};

use self::connect::Connector;
use super::callback::{Callback, Callbacks, Function};
use super::environment::{clock_difference, in_microtask, in_next_task, now};
use super::error::RoomError;
use super::message::Fields;
use super::pending::Pending;
use super::resume::KeptRoom;
use super::room::Room;
use super::roster::Questions;
use super::socket::Connection;
use super::timer::Timer;
use super::token::Token;
use super::wake::Wake;
use crate::catch_up::CatchUp;
use crate::decisions;
use crate::engine::Engine;
use crate::registry::FunctionId;
use crate::step::Step;

/// The answer to an action: its seq, or none if a newer action replaced it before it was sent.
pub(super) type Answer = Result<Option<u64>, RoomError>;

/// How a room is entered, and what the program gives to it.
pub(super) struct Plan {
    pub(super) session: SessionOptions,
    /// The address of the server's websocket.
    pub(super) address: String,
    /// The proof that this page may enter.
    pub(super) token: Option<Token>,
    /// The class of websockets, if it is not the global one.
    pub(super) web_socket: Option<js_sys::Function>,
    pub(super) functions: Vec<(String, Function)>,
    pub(super) on_error: Option<Callback<RoomError>>,
    pub(super) on_retry: Option<Callback<RoomError>>,
    pub(super) is_resumed: bool,
    /// Where the room is kept across reloads.
    pub(super) kept: Option<Rc<KeptRoom>>,
}

/// Drives an engine. Everything that the browser calls (socket, timer, wake-up events) holds the
/// driver, so that the driver lives as long as its session does, even if the program drops its
/// room. At the end all of them are dropped.
pub(super) struct Driver {
    inner: RefCell<Inner>,
}

struct Inner {
    engine: Engine<Array>,
    connector: Connector,
    is_resumed: bool,
    /// Some of what was sent may still wait in the page for the network.
    may_have_unsent: bool,
    /// The program's code is running, called from here. Deliveries that it causes wait until it
    /// returns.
    is_delivering: bool,
    /// [`Driver::pump`] will be called in a microtask.
    pump_is_due: bool,
    is_over: bool,
    /// The future that waits for the room.
    pending_room: Option<Sender<Result<Room, RoomError>>>,
    last_function: FunctionId,
    /// While a function runs that has a moment: by how many microseconds it is too late.
    late_us: Option<u64>,
    /// See [`clock_difference`], when it was looked at last.
    clock_difference: f64,
    resources: Resources,
}

/// What is dropped at the end: what the browser could call, and what belongs to the program.
#[derive(Default)]
struct Resources {
    connection: Option<Rc<dyn Connection>>,
    token: Option<Token>,
    kept: Option<Rc<KeptRoom>>,
    timer: Option<Timer>,
    wake: Option<Wake>,
    functions: BTreeMap<FunctionId, Function>,
    callbacks: Callbacks,
    /// The futures that wait for an action's answer, by its ticket, with its slot or function key.
    pending_answers: BTreeMap<u64, (Sender<Answer>, String)>,
    /// The futures that wait for space in the queue.
    pending_ready: Vec<Sender<Result<(), RoomError>>>,
    /// The futures that wait for the end.
    pending_closes: Vec<Sender<()>>,
    /// What was asked of the roster.
    questions: Questions,
    turn: turn::Turn,
}

impl Inner {
    /// Handles one message of the server.
    fn receive_message(&mut self, now: Timestamp, line: &JsValue, fields: Option<&Fields>) {
        let Some(fields) = fields else { return self.engine.note_unreadable() };
        if let Some(message) = ServerMessage::read(fields) {
            self.engine.note_size(line.unchecked_ref::<JsString>().length() as usize);
            self.engine.handle(now, Input::Received(message));
        }
        self.note_turn(now, fields);
    }
}

impl Driver {
    /// Begins a session. The result is the room once it is entered.
    pub(super) fn start(plan: Plan) -> Pending<Result<Room, RoomError>> {
        let (pending_room, room) = Pending::later(|| Err(RoomError::closed()));
        let callbacks = Callbacks { error: plan.on_error, retry: plan.on_retry, ..Callbacks::default() };
        let driver = Rc::new(Self {
            inner: RefCell::new(Inner {
                engine: Engine::new(Session::new(plan.session)),
                connector: Connector::new(plan.address, plan.web_socket),
                is_resumed: plan.is_resumed,
                may_have_unsent: false,
                is_delivering: false,
                pump_is_due: false,
                is_over: false,
                pending_room: Some(pending_room),
                last_function: 0,
                late_us: None,
                clock_difference: clock_difference(),
                resources: Resources {
                    callbacks,
                    token: plan.token,
                    kept: plan.kept,
                    ..Resources::default()
                },
            }),
        });
        for (key, function) in plan.functions {
            driver.insert(key, function);
        }
        let (timer, wake) = (Timer::new(&driver), Wake::new(&driver));
        {
            let mut inner = driver.inner.borrow_mut();
            inner.resources.timer = Some(timer);
            inner.resources.wake = Some(wake);
        }
        driver.handle(Input::Start);
        room
    }

    /// Tells the engine what happened, and performs the steps that follow.
    pub(super) fn handle(self: &Rc<Self>, input: Input<Array>) {
        self.note_sleep();
        self.inner.borrow_mut().engine.handle(now(), input);
        self.pump();
    }

    /// Tells the engine that the page goes to sleep or wakes, or that its network changed: see
    /// [`decisions::LIFECYCLE`].
    pub(super) fn lifecycle(self: &Rc<Self>, told: u8) {
        if told == decisions::ONLINE {
            self.inner.borrow_mut().engine.note_online(now());
        }
        self.handle(if told == decisions::ASLEEP { Input::Sleep } else { Input::Wake });
    }

    /// Handles a frame: messages joined by newlines, which no message contains.
    pub(super) fn receive_frame(self: &Rc<Self>, data: &JsValue) {
        let Some(frame) = data.dyn_ref::<JsString>() else { return };
        self.note_sleep();
        let now = now();
        let may_deliver = self.begin_delivering();
        for line in frame.split("\n").iter() {
            let fields = Fields::parse(&line);
            if fields.as_ref().is_some_and(|fields| !fields.is_action() && self.hear_of_roster(fields)) {
                continue;
            }
            self.inner.borrow_mut().receive_message(now, &line, fields.as_ref());
            self.run_steps(may_deliver);
        }
        self.end_delivering(may_deliver);
    }

    /// Broadcasts an action. It is sent in a microtask, together with all others of the same task.
    pub(super) fn broadcast(
        self: &Rc<Self>,
        key: &str,
        params: &str,
        slot: Option<&str>,
        at: Option<u64>,
    ) -> Pending<Answer> {
        let ticket = self.inner.borrow_mut().engine.broadcast(key, params, slot, at);
        self.answer(ticket, slot.unwrap_or(key))
    }

    /// Clears a slot. This is sent and answered as an action is.
    pub(super) fn clear(self: &Rc<Self>, slot: &str) -> Pending<Answer> {
        let ticket = self.inner.borrow_mut().engine.clear(slot);
        self.answer(ticket, slot)
    }

    /// Asks for something as the owner, by a message without an id. This is sent and answered as an
    /// action is.
    pub(super) fn submit(self: &Rc<Self>, text: &str) -> Pending<Answer> {
        let ticket = self.inner.borrow_mut().engine.submit(String::from(text), None);
        self.answer(ticket, "record")
    }

    /// Waits until the queue has space, or the room is over.
    pub(super) fn ready(self: &Rc<Self>) -> Pending<Result<(), RoomError>> {
        if self.inner.borrow().is_over {
            return Pending::known(Err(RoomError::closed()));
        }
        let (pending, ready) = Pending::later(|| Err(RoomError::closed()));
        {
            let mut inner = self.inner.borrow_mut();
            inner.engine.await_queue_space();
            inner.resources.pending_ready.push(pending);
        }
        self.pump_soon();
        ready
    }

    /// Registers a function. State messages that waited for it are delivered in a microtask and not
    /// now, because the program's code is still running.
    pub(super) fn register(self: &Rc<Self>, key: String, function: Function) {
        if self.inner.borrow().is_over {
            return;
        }
        self.insert(key, function);
        self.pump_soon();
    }

    pub(super) fn unregister(&self, key: &str) {
        let removed = {
            let mut inner = self.inner.borrow_mut();
            let number = inner.engine.unregister(key);
            number.and_then(|number| inner.resources.functions.remove(&number))
        };
        drop(removed);
    }

    /// Sets a callback, in place of an earlier one.
    pub(super) fn set_callback<A>(
        &self,
        field: fn(&mut Callbacks) -> &mut Option<Callback<A>>,
        callback: Callback<A>,
    ) {
        let unused = {
            let mut inner = self.inner.borrow_mut();
            // After the end it would never be called, and only keep alive what it refers to.
            if inner.is_over {
                Some(callback)
            } else {
                field(&mut inner.resources.callbacks).replace(callback)
            }
        };
        drop(unused);
    }

    /// Keeps actions and clears from now on, instead of delivering them.
    pub(super) fn detach(&self) {
        self.inner.borrow_mut().engine.detach();
    }

    /// Delivers again, and the backlog first. This happens in a microtask and not now, because the
    /// program's code is still running.
    pub(super) fn follow(self: &Rc<Self>, catch_up: CatchUp) {
        self.inner.borrow_mut().engine.follow(catch_up);
        self.pump_soon();
    }

    /// Ends the session.
    pub(super) fn close(self: &Rc<Self>) -> Pending<()> {
        if self.inner.borrow().is_over {
            return Pending::known(());
        }
        let (pending, closed) = Pending::later(|| ());
        {
            let mut inner = self.inner.borrow_mut();
            inner.resources.pending_closes.push(pending);
            inner.engine.handle(now(), Input::Close);
        }
        // The page may be going away. So what can be sent is sent now; only the callbacks wait.
        self.run_steps(false);
        self.pump_soon();
        closed
    }

    pub(super) fn engine(&self) -> Ref<'_, Engine<Array>> {
        Ref::map(self.inner.borrow(), |inner| &inner.engine)
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.inner.borrow().is_resumed
    }

    fn insert(&self, key: String, function: Function) {
        let replaced = {
            let mut inner = self.inner.borrow_mut();
            inner.last_function += 1;
            let number = inner.last_function;
            inner.resources.functions.insert(number, function);
            let replaced = inner.engine.register(key, number);
            replaced.and_then(|number| inner.resources.functions.remove(&number))
        };
        drop(replaced);
    }

    fn answer(self: &Rc<Self>, ticket: Result<u64, BroadcastError>, key: &str) -> Pending<Answer> {
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(error) => return self.failed(RoomError::from(error).with_key(key)),
        };
        let (sender, answer) = Pending::later(|| Err(RoomError::unanswered()));
        self.inner.borrow_mut().resources.pending_answers.insert(ticket, (sender, key.into()));
        self.pump_soon();
        answer
    }

    /// The answer to an action that was not taken. It is given in the next task: if the program has
    /// dropped it by then, the error is reported.
    pub(super) fn failed(self: &Rc<Self>, error: RoomError) -> Pending<Answer> {
        let (sender, answer) = Pending::later(|| Err(RoomError::unanswered()));
        let driver = Rc::clone(self);
        in_next_task(move || driver.give_answer(sender, Err(error)));
        answer
    }

    fn pump_soon(self: &Rc<Self>) {
        if mem::replace(&mut self.inner.borrow_mut().pump_is_due, true) {
            return;
        }
        let driver = Rc::clone(self);
        in_microtask(move || {
            driver.inner.borrow_mut().pump_is_due = false;
            driver.pump();
        });
    }

    fn pump(self: &Rc<Self>) {
        let may_deliver = self.begin_delivering();
        self.run_steps(may_deliver);
        self.end_delivering(may_deliver);
    }

    /// Begins a delivery, and returns whether the program's code may be called: it may not while it
    /// is already being called.
    fn begin_delivering(&self) -> bool {
        !mem::replace(&mut self.inner.borrow_mut().is_delivering, true)
    }

    /// Ends a delivery, with what [`Driver::begin_delivering`] returned.
    fn end_delivering(&self, may_deliver: bool) {
        self.inner.borrow_mut().is_delivering = !may_deliver;
    }

    /// Performs the steps that the engine wants; those that run the program's code only if
    /// `may_deliver`.
    fn run_steps(self: &Rc<Self>, may_deliver: bool) {
        self.report_unsent();
        while let Some(step) = self.next_step(may_deliver) {
            self.perform(step);
        }
    }

    /// This is a function of its own so that the borrow ends before the step is performed.
    fn next_step(&self, may_deliver: bool) -> Option<Step<Array>> {
        self.inner.borrow_mut().engine.next_step(may_deliver)
    }

    /// Tells the engine how many bytes wait in the page for the network, until there are none.
    fn report_unsent(&self) {
        if !self.inner.borrow().may_have_unsent {
            return;
        }
        if let Some(connection) = self.connection() {
            let bytes = connection.buffered();
            let mut inner = self.inner.borrow_mut();
            inner.may_have_unsent = bytes > 0;
            inner.engine.handle(now(), Input::Buffered(bytes));
        }
    }

    fn connection(&self) -> Option<Rc<dyn Connection>> {
        self.inner.borrow().resources.connection.clone()
    }
}
