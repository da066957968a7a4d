//! One session with all that it needs of a page: socket, timer, wake-up calls, and the delivery of its events.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, JsString, Promise};
use rtbroadcaster_protocol::{
    BroadcastError, Input, Output, ServerMessage, Session, SessionOptions, SessionStatus,
};
use wasm_bindgen::prelude::{JsCast, JsValue};

use crate::callbacks::{Callback, Callbacks};
use crate::delivery::{Delivery, Entry, News, Step};
use crate::environment::{console_error, console_warn, in_next_task, now, soon};
use crate::error::RoomError;
use crate::fields::Fields;
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
    pub(crate) registry: Registry,
    pub(crate) callbacks: Callbacks,
}

struct Inner {
    session: Session<Array>,
    address: String,
    socket: Option<Socket>,
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
    pub(crate) fn start(plan: Plan, entry: Entry) {
        let Plan { session, address, registry, callbacks } = plan;
        let session = Session::new(session);
        let delivery = Delivery::new(entry, session.is_owner(), registry, callbacks);
        let driver = Rc::new(Self {
            inner: RefCell::new(Inner {
                session,
                address,
                socket: None,
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

    /// Broadcasts an action. It is sent when the present task's code is through, with all others of that task.
    pub(crate) fn broadcast(
        self: &Rc<Self>,
        key: &str,
        params: &str,
        slot: Option<&str>,
    ) -> Result<(), BroadcastError> {
        self.inner.borrow_mut().session.broadcast(key, params, slot)?;
        self.pump_soon();
        Ok(())
    }

    /// Clears a slot; sent as an action is.
    pub(crate) fn clear(self: &Rc<Self>, slot: &str) -> Result<(), BroadcastError> {
        self.inner.borrow_mut().session.clear(slot)?;
        self.pump_soon();
        Ok(())
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
        let promise = Promise::new(&mut |resolve, _| {
            if !self.inner.borrow_mut().delivery.at_end(resolve.clone()) {
                settle(&resolve, &JsValue::UNDEFINED);
            }
        });
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
            Step::Enter(resolve) => {
                settle(&resolve, &Room::new(Rc::clone(self)).into());
                let driver = Rc::clone(self);
                in_next_task(move || {
                    driver.inner.borrow_mut().delivery.open();
                    driver.pump();
                });
            }
            Step::Refuse(reject, error) => {
                self.inner.borrow_mut().release();
                settle(&reject, &error);
            }
            Step::End(calls, closers) => {
                self.inner.borrow_mut().release();
                for (function, argument) in &calls {
                    tell(function, argument);
                }
                for resolve in &closers {
                    settle(resolve, &JsValue::UNDEFINED);
                }
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
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect => match Socket::open(&self.address, driver) {
                    Ok(socket) => self.socket = Some(socket),
                    Err(cause) => {
                        self.delivery.no_socket(cause);
                        self.session.handle(now(), Input::Close);
                    }
                },
                Output::Send(text) => {
                    if let Some(socket) = &self.socket {
                        socket.send(&text);
                    }
                }
                Output::Disconnect => self.socket = None,
                Output::Event(event) => self.delivery.push(News::Event(event)),
            }
        }
        if let (Some(timer), Some(at)) = (&mut self.timer, self.session.next_timeout()) {
            timer.arm(at);
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

/// Settles a promise, which throws nothing.
fn settle(function: &Function, value: &JsValue) {
    let _ = function.call1(&JsValue::UNDEFINED, value);
}
