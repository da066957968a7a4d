//! One session with all that it needs of a page: socket, timer, wake-up calls, and the delivery of its events.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, JsString, Promise};
use rtbroadcaster_protocol::{
    Audience, BroadcastError, Goal, Input, Output, ServerMessage, Session, SessionOptions, SessionStatus,
};
use wasm_bindgen::prelude::{JsCast, JsValue};

use crate::callbacks::{Callback, Callbacks};
use crate::delivery::{Delivery, News, Step};
use crate::environment::{console_error, console_warn, in_next_task, now, soon};
use crate::error::RoomError;
use crate::fields::Fields;
use crate::promise::{Deferred, Settlement, promise};
use crate::registry::Registry;
use crate::room::Room;
use crate::socket::Socket;
use crate::timer::Timer;
use crate::wake::Wake;

/// Drives a session. Whoever the browser calls (socket, timer, wake-up calls) holds it, so that it lives while the
/// session does, whether the page kept its room or not; at the end all of them are dropped.
pub(crate) struct Driver {
    inner: RefCell<Inner>,
}

/// How a session is to be, and what the page brings along.
pub(crate) struct Plan {
    pub(crate) session: SessionOptions,
    /// Of the server's websocket.
    pub(crate) address: String,
    /// The class to make websockets of, instead of the global one.
    pub(crate) web_socket: Option<Function>,
    pub(crate) registry: Registry,
    pub(crate) callbacks: Callbacks,
    /// Told the code of the end, before any callback.
    pub(crate) on_end: Option<Function>,
}

struct Inner {
    session: Session<Array>,
    address: String,
    web_socket: Option<Function>,
    socket: Option<Socket>,
    /// What waits in the page for the network may have changed since the session was told.
    buffered_may_differ: bool,
    /// The room was there before this session.
    is_resumed: bool,
    /// Present from the start to the end.
    timer: Option<Timer>,
    /// Present from the start to the end.
    wake: Option<Wake>,
    delivery: Delivery,
    /// The page's code is running, called from here: whatever it causes waits until it has returned.
    is_delivering: bool,
    /// [`Driver::pump`] will be called when the present task's code is through.
    pump_is_due: bool,
}

impl Driver {
    /// Begins a session; `entry` is told how that went.
    pub(crate) fn start(plan: Plan, entry: Deferred) {
        let Plan { session, address, web_socket, registry, callbacks, on_end } = plan;
        let is_resumed = matches!(session.goal, Goal::Claim { .. });
        let session = Session::new(session);
        let delivery = Delivery::new(entry, session.is_owner(), registry, callbacks, on_end);
        let driver = Rc::new(Self {
            inner: RefCell::new(Inner {
                session,
                address,
                web_socket,
                socket: None,
                buffered_may_differ: false,
                is_resumed,
                timer: None,
                wake: None,
                delivery,
                is_delivering: false,
                pump_is_due: false,
            }),
        });
        let (timer, wake) = (Timer::new(&driver), Wake::new(&driver));
        {
            let mut inner = driver.inner.borrow_mut();
            inner.timer = Some(timer);
            inner.wake = Some(wake);
        }
        driver.handle(Input::Start);
    }

    /// Tells the session what happened, and does what it wants.
    pub(crate) fn handle(self: &Rc<Self>, input: Input<Array>) {
        self.inner.borrow_mut().session.handle(now(), input);
        self.pump();
    }

    /// A frame has come: messages joined by newlines, which no message contains.
    pub(crate) fn received(self: &Rc<Self>, data: &JsValue) {
        let Some(text) = data.dyn_ref::<JsString>() else { return };
        let now = now();
        for line in text.split("\n").iter() {
            let message = Fields::parse(&line).map(|fields| ServerMessage::read(&fields));
            let mut inner = self.inner.borrow_mut();
            match message {
                Some(Some(message)) => inner.session.handle(now, Input::Received(message)),
                Some(None) => {}
                None => {
                    // In its place among the events.
                    inner.act(self);
                    inner.delivery.push(News::Unreadable);
                }
            }
        }
        self.pump();
    }

    pub(crate) fn timer_fired(self: &Rc<Self>) {
        if let Some(timer) = &mut self.inner.borrow_mut().timer {
            timer.fired();
        }
        self.handle(Input::Timeout);
    }

    /// Broadcasts an action. It is sent when the present task's code is through, with all others of that task. The
    /// promise is settled by its answer.
    pub(crate) fn broadcast(self: &Rc<Self>, key: String, params: &str, slot: Option<String>) -> Promise {
        let ticket = self.inner.borrow_mut().session.broadcast(&key, params, slot.as_deref());
        self.answer(ticket, slot.unwrap_or(key))
    }

    /// Clears a slot; sent and answered as an action is.
    pub(crate) fn clear(self: &Rc<Self>, slot: String) -> Promise {
        let ticket = self.inner.borrow_mut().session.clear(&slot);
        self.answer(ticket, slot)
    }

    fn answer(self: &Rc<Self>, ticket: Result<u64, BroadcastError>, key: String) -> Promise {
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(error) => return Promise::reject(&RoomError::from(error).about(&key)),
        };
        self.pump_soon();
        promise(|deferred| {
            self.inner.borrow_mut().delivery.answers().await_answer(ticket, key, deferred);
        })
    }

    /// Waits until the queue has room, or all is over.
    pub(crate) fn ready(self: &Rc<Self>) -> Promise {
        if self.inner.borrow().delivery.is_over() {
            return Promise::reject(&RoomError::closed());
        }
        self.pump_soon();
        promise(|deferred| self.inner.borrow_mut().delivery.answers().await_room(deferred))
    }

    /// Registers a function. What was kept for it is delivered soon, not now: the caller isn't through with its code.
    pub(crate) fn register(self: &Rc<Self>, key: String, function: Function) {
        let is_awaited = self.inner.borrow_mut().delivery.register(key, function);
        if is_awaited {
            self.pump_soon();
        }
    }

    pub(crate) fn unregister(&self, key: &str) {
        self.inner.borrow_mut().delivery.unregister(key);
    }

    /// Ends the session. The promise is resolved when that is done.
    pub(crate) fn close(self: &Rc<Self>) -> Promise {
        let promise = if self.inner.borrow().delivery.is_over() {
            Promise::resolve(&JsValue::UNDEFINED)
        } else {
            promise(|deferred| self.inner.borrow_mut().delivery.at_end(deferred.resolve))
        };
        let mut inner = self.inner.borrow_mut();
        inner.session.handle(now(), Input::Close);
        // The page may be going away: what can be sent is sent now, and only what calls the page back waits.
        inner.act(self);
        drop(inner);
        self.pump_soon();
        promise
    }

    pub(crate) fn uuid(&self) -> String {
        self.inner.borrow().session.uuid().unwrap_or_default().to_owned()
    }

    pub(crate) fn owner_key(&self) -> Option<String> {
        self.inner.borrow().session.owner_key().map(str::to_owned)
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.inner.borrow().session.is_owner()
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.inner.borrow().is_resumed
    }

    pub(crate) fn audience(&self) -> Option<Audience> {
        self.inner.borrow().delivery.audience()
    }

    pub(crate) fn status(&self) -> SessionStatus {
        self.inner.borrow().delivery.status()
    }

    pub(crate) fn callback(&self, callback: Callback) -> Option<Function> {
        self.inner.borrow().delivery.callback(callback).cloned()
    }

    pub(crate) fn set_callback(&self, callback: Callback, function: Option<Function>) {
        self.inner.borrow_mut().delivery.set_callback(callback, function);
    }

    fn pump_soon(self: &Rc<Self>) {
        if std::mem::replace(&mut self.inner.borrow_mut().pump_is_due, true) {
            return;
        }
        let driver = Rc::clone(self);
        soon(move || {
            driver.inner.borrow_mut().pump_is_due = false;
            driver.pump();
        });
    }

    fn pump(self: &Rc<Self>) {
        self.inner.borrow_mut().act(self);
        if std::mem::replace(&mut self.inner.borrow_mut().is_delivering, true) {
            return;
        }
        while let Some(step) = self.next_step() {
            self.take(step);
        }
        self.inner.borrow_mut().is_delivering = false;
    }

    /// A function of its own, so that nothing is borrowed any more when its result is used.
    fn next_step(&self) -> Option<Step> {
        self.inner.borrow_mut().delivery.next()
    }

    fn take(self: &Rc<Self>, step: Step) {
        match step {
            Step::Run(function, action) => {
                if let Err(cause) = function.apply(&JsValue::UNDEFINED, &action.params) {
                    self.report(&RoomError::function_failed(&action.key, &cause));
                }
            }
            Step::Tell(function, argument) => tell(&function, &argument),
            Step::Report(error) => self.report(&error),
            Step::Settle(settlement) => settlement.settle(),
            Step::Enter(resolve) => {
                Settlement::new(resolve, Room::new(Rc::clone(self)).into()).settle();
                let driver = Rc::clone(self);
                in_next_task(move || {
                    driver.inner.borrow_mut().delivery.open();
                    driver.pump();
                });
            }
            Step::Refuse(reject, error) => {
                self.inner.borrow_mut().release();
                Settlement::new(reject, error.into()).settle();
            }
            Step::End(calls, settlements) => {
                self.inner.borrow_mut().release();
                for (function, argument) in &calls {
                    tell(function, argument);
                }
                settlements.iter().for_each(Settlement::settle);
            }
        }
    }

    fn report(&self, error: &RoomError) {
        match self.callback(Callback::Error) {
            Some(onerror) => tell(&onerror, error),
            None => {
                let _ = console_warn(error);
            }
        }
    }
}

impl Inner {
    /// Does what the session wants, except for what may run the page's code: that is queued.
    fn act(&mut self, driver: &Rc<Driver>) {
        self.look_at_buffer();
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect => match Socket::open(&self.address, self.web_socket.as_ref(), driver) {
                    Ok(socket) => self.socket = Some(socket),
                    Err(cause) => {
                        self.delivery.no_socket(cause);
                        self.session.handle(now(), Input::Close);
                    }
                },
                Output::Send(text) => {
                    if let Some(socket) = &self.socket {
                        socket.send(&text);
                        self.buffered_may_differ = true;
                    }
                }
                Output::Disconnect => self.socket = None,
                Output::Event(event) => self.delivery.push(News::Event(event)),
            }
        }
        // Near the end nothing is taken any more: whoever waits is told then.
        let may_go_on = !self.delivery.is_ending() && self.session.status() != SessionStatus::Closed;
        if self.delivery.awaits_room() && may_go_on && self.session.has_room() {
            self.delivery.has_room();
        }
        if let (Some(timer), Some(at)) = (&mut self.timer, self.session.next_timeout()) {
            timer.arm(at);
        }
    }

    /// Tells the session what waits in the page for the network, until that is nothing.
    fn look_at_buffer(&mut self) {
        if let (true, Some(socket)) = (self.buffered_may_differ, &self.socket) {
            let bytes = socket.buffered();
            self.buffered_may_differ = bytes > 0;
            self.session.handle(now(), Input::Buffered(bytes));
        }
    }

    /// Drops all that the browser could call, and with it what keeps the driver alive.
    fn release(&mut self) {
        self.socket = None;
        self.timer = None;
        self.wake = None;
    }
}

/// Calls a callback; what it throws goes to the console.
fn tell(callback: &Function, argument: &JsValue) {
    if let Err(thrown) = callback.call1(&JsValue::UNDEFINED, argument) {
        let _ = console_error(&thrown);
    }
}
