//! One core with all that it needs of a page: socket, timer, wake-up calls, and the program's functions.

mod steps;

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Ref, RefCell};
use core::mem;

use futures_channel::oneshot::Sender;
use js_sys::{Array, JsString};
use rtbroadcaster_protocol::{BroadcastError, Input, ServerMessage, SessionOptions, Timestamp};
use wasm_bindgen::prelude::{JsCast, JsValue};

use super::callback::{Callback, Callbacks, Function};
use super::environment::{in_microtask, now};
use super::error::RoomError;
use super::message::Fields;
use super::pending::Pending;
use super::room::Room;
use super::socket::Socket;
use super::timer::Timer;
use super::wake::Wake;
use crate::catch_up::CatchUp;
use crate::engine::Engine;
use crate::registry::FunctionId;
use crate::step::Step;

/// What an action comes to: its seq; none if a newer one took its place before it was sent.
pub(super) type Answer = Result<Option<u64>, RoomError>;

/// How a room is entered, and what the program brings along.
pub(super) struct Plan {
    pub(super) session: SessionOptions,
    /// Of the server's websocket.
    pub(super) address: String,
    /// What says that this page may enter.
    pub(super) token: Option<String>,
    /// The class to make websockets of, instead of the global one.
    pub(super) web_socket: Option<js_sys::Function>,
    pub(super) functions: Vec<(String, Function)>,
    pub(super) on_error: Option<Callback<RoomError>>,
    pub(super) is_resumed: bool,
}

/// Drives a core. Whatever the browser calls (socket, timer, wake-up calls) holds it, so that it lives while the session
/// does, whether the program kept its room or not; at the end all of them are dropped.
pub(super) struct Driver {
    inner: RefCell<Inner>,
}

struct Inner {
    engine: Engine<Array>,
    address: String,
    web_socket: Option<js_sys::Function>,
    is_resumed: bool,
    /// What the browser threw when it was asked for a websocket.
    socket_error: Option<String>,
    /// Some of what was sent may still wait in the page for the network.
    may_have_unsent: bool,
    /// The program's code is running, called from here: whatever it causes waits until it has returned.
    is_delivering: bool,
    /// [`Driver::pump`] will be called when the present task's code is through.
    pump_is_due: bool,
    is_over: bool,
    /// Who waits for the room.
    pending_room: Option<Sender<Result<Room, RoomError>>>,
    last_function: FunctionId,
    resources: Resources,
}

/// What is let go at the end: what the browser could call, and what is the program's.
#[derive(Default)]
struct Resources {
    socket: Option<Rc<Socket>>,
    timer: Option<Timer>,
    wake: Option<Wake>,
    functions: BTreeMap<FunctionId, Function>,
    callbacks: Callbacks,
    /// Who waits for an action's answer, by its ticket, and the slot or function key.
    pending_answers: BTreeMap<u64, (Sender<Answer>, String)>,
    /// Who waits for room in the queue.
    pending_ready: Vec<Sender<Result<(), RoomError>>>,
    /// Who waits for the end.
    pending_closes: Vec<Sender<()>>,
}

impl Inner {
    /// The server has said one message.
    fn receive_message(&mut self, now: Timestamp, line: &JsValue) {
        let Some(fields) = Fields::parse(line) else { return self.engine.note_unreadable() };
        if let Some(message) = ServerMessage::read(&fields) {
            self.engine.note_size(line.unchecked_ref::<JsString>().length() as usize);
            self.engine.handle(now, Input::Received(message));
        }
    }
}

impl Driver {
    /// Begins a session.
    pub(super) fn start(plan: Plan) -> Pending<Result<Room, RoomError>> {
        let (pending_room, room) = Pending::later(|| Err(RoomError::closed()));
        let callbacks = Callbacks { error: plan.on_error, ..Callbacks::default() };
        let driver = Rc::new(Self {
            inner: RefCell::new(Inner {
                engine: Engine::new(plan.session),
                address: plan.address,
                web_socket: plan.web_socket,
                is_resumed: plan.is_resumed,
                socket_error: None,
                may_have_unsent: false,
                is_delivering: false,
                pump_is_due: false,
                is_over: false,
                pending_room: Some(pending_room),
                last_function: 0,
                resources: Resources { callbacks, ..Resources::default() },
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
        driver.inner.borrow_mut().engine.set_token(plan.token);
        driver.handle(Input::Start);
        room
    }

    /// Tells the core what happened, and does what it wants.
    pub(super) fn handle(self: &Rc<Self>, input: Input<Array>) {
        self.inner.borrow_mut().engine.handle(now(), input);
        self.pump();
    }

    /// A frame has come: messages joined by newlines, which no message contains.
    pub(super) fn receive_frame(self: &Rc<Self>, data: &JsValue) {
        let Some(frame) = data.dyn_ref::<JsString>() else { return };
        let now = now();
        let may_deliver = self.begin_delivering();
        for line in frame.split("\n").iter() {
            self.inner.borrow_mut().receive_message(now, &line);
            self.run_steps(may_deliver);
        }
        self.end_delivering(may_deliver);
    }

    /// Broadcasts an action. It is sent when the present task's code is through, with all others of that task.
    pub(super) fn broadcast(self: &Rc<Self>, key: &str, params: &str, slot: Option<&str>) -> Pending<Answer> {
        let ticket = self.inner.borrow_mut().engine.broadcast(key, params, slot);
        self.answer(ticket, slot.unwrap_or(key))
    }

    /// Clears a slot; sent and answered as an action is.
    pub(super) fn clear(self: &Rc<Self>, slot: &str) -> Pending<Answer> {
        let ticket = self.inner.borrow_mut().engine.clear(slot);
        self.answer(ticket, slot)
    }

    /// Waits until the queue has room, or all is over.
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

    /// Registers a function. What was kept for it is delivered soon, not now: the caller isn't through with its code.
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

    /// Has the program told something by this function from now on.
    pub(super) fn set_callback<A>(
        &self,
        field: fn(&mut Callbacks) -> &mut Option<Callback<A>>,
        callback: Callback<A>,
    ) {
        let unused = {
            let mut inner = self.inner.borrow_mut();
            // When all is over it would never be called, and only keep alive what it refers to.
            if inner.is_over {
                Some(callback)
            } else {
                field(&mut inner.resources.callbacks).replace(callback)
            }
        };
        drop(unused);
    }

    /// Keeps actions and clears from now on, instead of handing them over.
    pub(super) fn detach(&self) {
        self.inner.borrow_mut().engine.detach();
    }

    /// Hands over again, and first what was kept. Soon, not now: the caller isn't through with its code.
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
        // The page may be going away: what can be sent is sent now, and only what calls the program back waits.
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
            Err(error) => return Pending::known(Err(RoomError::from(error).with_key(key))),
        };
        let (sender, answer) = Pending::later(|| Err(RoomError::unanswered()));
        self.inner.borrow_mut().resources.pending_answers.insert(ticket, (sender, key.into()));
        self.pump_soon();
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

    /// Whether the program may be told something now: not while it is being told something.
    fn begin_delivering(&self) -> bool {
        !mem::replace(&mut self.inner.borrow_mut().is_delivering, true)
    }

    /// With what [`Driver::begin_delivering`] said.
    fn end_delivering(&self, may_deliver: bool) {
        self.inner.borrow_mut().is_delivering = !may_deliver;
    }

    /// Does what the core wants; what may run the program's code only if `tells`.
    fn run_steps(self: &Rc<Self>, may_deliver: bool) {
        self.report_unsent();
        while let Some(step) = self.next_step(may_deliver) {
            self.perform(step);
        }
    }

    /// A function of its own, so that nothing is borrowed any more when its result is used.
    fn next_step(&self, may_deliver: bool) -> Option<Step<Array>> {
        self.inner.borrow_mut().engine.next_step(may_deliver)
    }

    /// Tells the core what waits in the page for the network, until that is nothing.
    fn report_unsent(&self) {
        if !self.inner.borrow().may_have_unsent {
            return;
        }
        if let Some(socket) = self.socket() {
            let bytes = socket.buffered();
            let mut inner = self.inner.borrow_mut();
            inner.may_have_unsent = bytes > 0;
            inner.engine.handle(now(), Input::Buffered(bytes));
        }
    }

    fn socket(&self) -> Option<Rc<Socket>> {
        self.inner.borrow().resources.socket.clone()
    }
}
