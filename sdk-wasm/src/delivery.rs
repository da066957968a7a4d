//! What the page is told of a session's events, in which order, and from when on.
//!
//! It only decides: each [`Step`] names one thing to do, and the driver does it with nothing borrowed.

use std::collections::VecDeque;

use js_sys::{Array, Function, Object};
use rtbroadcaster_protocol::{Audience, EndReason, Event, OwnerPresence, SessionStatus};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

use crate::answers::Answers;
use crate::callbacks::{Callback, Callbacks};
use crate::error::{Ending, RoomError};
use crate::promise::{Deferred, Settlement};
use crate::registry::{Action, Dispatch, Registry};

#[wasm_bindgen]
extern "C" {
    /// What `onaudience` is called with.
    #[wasm_bindgen(extends = Object)]
    type AudienceValue;

    #[wasm_bindgen(method, setter)]
    fn set_connected(this: &AudienceValue, count: f64);

    #[wasm_bindgen(method, setter)]
    fn set_lagging(this: &AudienceValue, count: f64);
}

/// What has happened and is not told yet.
pub(crate) enum News {
    Event(Event<Array>),
    /// The server said something that isn't JSON.
    Unreadable,
    /// The queue has room, for which this promise of `ready` has waited.
    Room(Deferred),
}

/// One thing to do that may run the page's code.
pub(crate) enum Step {
    /// Settle the promise of `create` or `join` with the room, and open the delivery in the next task.
    Enter(Function),
    /// Settle it with an error: all is over.
    Refuse(Function, RoomError),
    /// Run a registered function.
    Run(Function, Action),
    /// Call a callback.
    Tell(Function, JsValue),
    /// Call `onerror`, or warn on the console.
    Report(RoomError),
    /// Settle a promise.
    Settle(Settlement),
    /// Call these callbacks, then settle these promises: all is over.
    End(Vec<(Function, JsValue)>, Vec<Settlement>),
}

enum Stage {
    /// The room is not reached yet: `create` or `join` is to be settled.
    Entering(Deferred),
    /// The page has its room, but nothing is told before the next task: what it registers meanwhile misses nothing.
    Held,
    Open,
    Over,
}

/// The events of one session on their way to the page.
pub(crate) struct Delivery {
    stage: Stage,
    /// Where the page has been told that it stands, which may lag behind the session.
    status: SessionStatus,
    is_owner: bool,
    queue: VecDeque<News>,
    registry: Registry,
    callbacks: Callbacks,
    /// Told the code of the end, before any callback.
    on_end: Option<Function>,
    /// The newest count that the page was told.
    audience: Option<Audience>,
    answers: Answers,
    /// What the promises of `close` are resolved with.
    closers: Vec<Function>,
    /// What the browser threw when it was asked for a websocket.
    no_socket: Option<JsValue>,
    reported_unreadable: bool,
}

impl Delivery {
    pub(crate) fn new(
        entry: Deferred,
        is_owner: bool,
        registry: Registry,
        callbacks: Callbacks,
        on_end: Option<Function>,
    ) -> Self {
        Self {
            stage: Stage::Entering(entry),
            status: SessionStatus::Connecting,
            is_owner,
            queue: VecDeque::new(),
            registry,
            callbacks,
            on_end,
            audience: None,
            answers: Answers::default(),
            closers: Vec::new(),
            no_socket: None,
            reported_unreadable: false,
        }
    }

    pub(crate) fn push(&mut self, news: News) {
        self.queue.push_back(news);
    }

    /// The browser won't open a websocket: the end that comes now has this cause.
    pub(crate) fn no_socket(&mut self, cause: JsValue) {
        self.no_socket = Some(cause);
    }

    /// The task after the one in which the page got its room.
    pub(crate) fn open(&mut self) {
        if let Stage::Held = self.stage {
            self.stage = Stage::Open;
        }
    }

    pub(crate) fn status(&self) -> SessionStatus {
        self.status
    }

    pub(crate) fn audience(&self) -> Option<Audience> {
        self.audience
    }

    /// What the page awaits of its own actions. When all is over nothing comes any more.
    pub(crate) fn answers(&mut self) -> &mut Answers {
        &mut self.answers
    }

    /// The queue takes actions: whoever waits for that is told, in its place among the events.
    pub(crate) fn has_room(&mut self) {
        let waiting = self.answers.take_waiting();
        self.queue.extend(waiting.into_iter().map(News::Room));
    }

    pub(crate) fn awaits_room(&self) -> bool {
        self.answers.awaits_room()
    }

    pub(crate) fn callback(&self, callback: Callback) -> Option<&Function> {
        self.callbacks.get(callback)
    }

    /// Sets a callback. When all is over it would never be called and only keep alive what it refers to.
    pub(crate) fn set_callback(&mut self, callback: Callback, function: Option<Function>) {
        if !self.is_over() {
            self.callbacks.set(callback, function);
        }
    }

    /// Registers a function, unless all is over. True if there is something to deliver to it.
    pub(crate) fn register(&mut self, key: String, function: Function) -> bool {
        if !self.is_over() {
            self.registry.register(key, function);
        }
        self.registry.has_released()
    }

    pub(crate) fn unregister(&mut self, key: &str) {
        self.registry.unregister(key);
    }

    /// Calls this when all is over.
    pub(crate) fn at_end(&mut self, resolve: Function) {
        self.closers.push(resolve);
    }

    /// Whether the page has asked for the end.
    pub(crate) fn is_ending(&self) -> bool {
        !self.closers.is_empty()
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// The next thing to do; none when there is nothing, or nothing yet.
    pub(crate) fn next(&mut self) -> Option<Step> {
        loop {
            let step = match self.stage {
                Stage::Held | Stage::Over => return None,
                Stage::Entering(_) => {
                    let news = self.queue.pop_front()?;
                    self.before_entry(news)
                }
                // What was kept is older than anything in the queue.
                Stage::Open => match self.registry.take_released() {
                    Some(action) => self.dispatch(action),
                    None => {
                        let news = self.queue.pop_front()?;
                        self.in_room(news)
                    }
                },
            };
            if step.is_some() {
                return step;
            }
        }
    }

    /// Until the room is reached, the page knows only its promise, and the state that it retains.
    fn before_entry(&mut self, news: News) -> Option<Step> {
        match news {
            News::Event(Event::Entered) => {
                // The session says next where it stands: the room that the page gets now shows it already.
                if let Some(News::Event(Event::Status(status))) = self.queue.front() {
                    self.status = *status;
                }
                // Counted while the state was handed over, when the page could not be told.
                if let Some(audience) = self.audience {
                    self.queue.push_front(News::Event(Event::Audience(audience)));
                }
                match std::mem::replace(&mut self.stage, Stage::Held) {
                    Stage::Entering(entry) => Some(Step::Enter(entry.resolve)),
                    Stage::Held | Stage::Open | Stage::Over => None,
                }
            }
            News::Event(Event::Ended(reason)) => {
                let error = self.ending(reason).into_error();
                match self.finish() {
                    Stage::Entering(entry) => Some(Step::Refuse(entry.reject, error)),
                    Stage::Held | Stage::Open | Stage::Over => None,
                }
            }
            // An owner that takes its room back is handed the state first, so that it stands where its audience stands.
            News::Event(Event::Action { key, params, slot }) => self.dispatch(Action { key, params, slot }),
            News::Event(Event::Cleared(slot)) => {
                self.registry.forget(&slot);
                None
            }
            News::Event(Event::Audience(audience)) => {
                self.audience = Some(audience);
                None
            }
            News::Event(_) | News::Unreadable | News::Room(_) => None,
        }
    }

    fn in_room(&mut self, news: News) -> Option<Step> {
        let event = match news {
            News::Event(event) => event,
            News::Unreadable if self.reported_unreadable => return None,
            News::Unreadable => {
                self.reported_unreadable = true;
                return Some(Step::Report(RoomError::unreadable()));
            }
            News::Room(ready) => {
                return Some(Step::Settle(Settlement::new(ready.resolve, JsValue::UNDEFINED)));
            }
        };
        match event {
            Event::Action { key, params, slot } => self.dispatch(Action { key, params, slot }),
            Event::Cleared(slot) => {
                self.registry.forget(&slot);
                self.tell(Callback::Clear, slot)
            }
            Event::Status(status) => {
                self.status = status;
                // That it is over, `onclose` says first.
                if status == SessionStatus::Closed {
                    return None;
                }
                self.tell(Callback::Status, status_name(status))
            }
            Event::Answered { ticket, outcome } => self.answers.answered(ticket, outcome).map(Step::Settle),
            Event::Resync => self.tell(Callback::Resync, JsValue::UNDEFINED),
            Event::Audience(audience) => {
                self.audience = Some(audience);
                self.tell(Callback::Audience, audience_value(audience))
            }
            Event::Refused(refusal) => Some(Step::Report(refusal.into())),
            Event::Owner(OwnerPresence::Here) => self.tell(Callback::Owner, "here"),
            Event::Owner(OwnerPresence::Away) => self.tell(Callback::Owner, "away"),
            Event::Ended(reason) => Some(self.end(reason)),
            Event::Entered => None,
        }
    }

    fn dispatch(&mut self, action: Action) -> Option<Step> {
        match self.registry.dispatch(action) {
            Dispatch::Run(function, action) => Some(Step::Run(function, action)),
            Dispatch::Report(key) => Some(Step::Report(RoomError::no_function(&key))),
            Dispatch::Nothing => None,
        }
    }

    fn tell(&self, callback: Callback, argument: impl Into<JsValue>) -> Option<Step> {
        self.callback(callback).map(|function| Step::Tell(function.clone(), argument.into()))
    }

    fn end(&mut self, reason: EndReason) -> Step {
        let mut calls = Vec::new();
        let ending = self.ending(reason);
        if let Some(on_end) = self.on_end.take() {
            calls.push((on_end, ending.code().into()));
        }
        if let Some(onclose) = self.callback(Callback::Close) {
            calls.push((onclose.clone(), ending.into_close_reason()));
        }
        if let Some(onstatus) = self.callback(Callback::Status) {
            calls.push((onstatus.clone(), status_name(SessionStatus::Closed).into()));
        }
        let unanswered = std::mem::take(&mut self.answers).abandon();
        let closers = std::mem::take(&mut self.closers).into_iter();
        let closed = closers.map(|resolve| Settlement::new(resolve, JsValue::UNDEFINED));
        let settlements = unanswered.chain(closed).collect();
        self.finish();
        Step::End(calls, settlements)
    }

    fn ending(&self, reason: EndReason) -> Ending {
        match &self.no_socket {
            Some(cause) => Ending::no_socket(cause.clone()),
            None => Ending::new(reason, self.is_owner),
        }
    }

    /// Lets go of everything of the page's: its functions may refer to the room, and so keep each other alive.
    fn finish(&mut self) -> Stage {
        self.status = SessionStatus::Closed;
        self.queue = VecDeque::new();
        self.registry = Registry::default();
        self.callbacks = Callbacks::default();
        self.on_end = None;
        std::mem::replace(&mut self.stage, Stage::Over)
    }
}

/// The number of followers as index.d.ts shows it.
pub(crate) fn audience_value(audience: Audience) -> JsValue {
    let value: AudienceValue = Object::new().unchecked_into();
    value.set_connected(audience.connected as f64);
    value.set_lagging(audience.lagging as f64);
    value.into()
}

/// The status as index.d.ts names it.
pub(crate) fn status_name(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Connecting => "connecting",
        SessionStatus::Connected => "connected",
        SessionStatus::CatchingUp => "catching-up",
        SessionStatus::Reconnecting => "reconnecting",
        SessionStatus::Closed => "closed",
    }
}
