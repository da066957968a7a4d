//! Which of a session's events the page receives, in which order, and from when on.
//!
//! This module only decides: each [`Step`] names one thing to do, and the driver does it while
//! nothing is borrowed.

use alloc::collections::VecDeque;

use rtbroadcaster_protocol::{Audience, Event, SessionStatus};

use crate::backlog::Backlog;
use crate::catch_up::CatchUp;
use crate::registry::{Action, Dispatch, Registry};
use crate::step::Step;

/// Something that has happened and that the page was not told yet.
pub(crate) enum QueuedEvent<P> {
    Session(Event<P>),
    /// The server sent something that isn't JSON.
    Unreadable,
    /// The queue has space, for which this many callers have waited.
    QueueHasSpace(u32),
}

enum Stage {
    /// The room is not reached yet: the promise of `create` or `join` is pending.
    Entering,
    /// The page has its room, but nothing is delivered before the next task. Functions that the
    /// page registers until then miss nothing.
    Held,
    Open,
    /// The page has closed or left the room: it receives answers and the end, and nothing else.
    Closing,
    Over,
}

/// The events of one session on their way to the page.
pub(crate) struct Delivery<P> {
    stage: Stage,
    /// The status that the page was told last; it may lag behind the session's.
    status: SessionStatus,
    queue: VecDeque<QueuedEvent<P>>,
    registry: Registry<P>,
    /// The page receives no actions and clears.
    is_detached: bool,
    /// The actions and clears that it did not receive; older than anything in the queue.
    backlog: Backlog<P>,
    /// The newest count that the page was told.
    audience: Option<Audience>,
    reported_unreadable: bool,
}

impl<P> Delivery<P> {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Entering,
            status: SessionStatus::Connecting,
            queue: VecDeque::new(),
            registry: Registry::new(),
            is_detached: false,
            backlog: Backlog::new(),
            audience: None,
            reported_unreadable: false,
        }
    }

    pub(crate) fn push(&mut self, event: QueuedEvent<P>) {
        self.queue.push_back(event);
    }

    /// Starts the delivery: to be called in the task after the one in which the page got its room.
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

    pub(crate) fn registry(&mut self) -> &mut Registry<P> {
        &mut self.registry
    }

    /// Keeps actions and clears from now on, instead of delivering them.
    pub(crate) fn detach(&mut self) {
        self.is_detached = !matches!(self.stage, Stage::Over);
        self.backlog.page_detached();
    }

    /// The page closes or leaves the room.
    pub(crate) fn close(&mut self) {
        if let Stage::Held | Stage::Open = self.stage {
            self.stage = Stage::Closing;
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.stage, Stage::Closing)
    }

    /// Notes the length of the message that the session receives next: the backlog's size is
    /// bounded.
    pub(crate) fn note_size(&mut self, characters: usize) {
        self.backlog.note_size(characters);
    }

    #[cfg(any(test, feature = "web"))]
    pub(crate) fn is_detached(&self) -> bool {
        self.is_detached
    }

    /// How many actions and clears came while the page was detached and are not delivered yet.
    pub(crate) fn behind(&self) -> usize {
        self.backlog.behind()
    }

    /// Delivers everything again from now on, and the backlog first: every action and clear, or the
    /// newest of each slot.
    pub(crate) fn follow(&mut self, catch_up: CatchUp) {
        if core::mem::take(&mut self.is_detached) {
            self.backlog.page_follows(catch_up);
        }
    }

    /// Whether an action that came now would be delivered at once.
    #[cfg(any(test, feature = "javascript"))]
    pub(crate) fn is_on_fast_path(&self) -> bool {
        matches!(self.stage, Stage::Open)
            && self.queue.is_empty()
            && !self.is_detached
            && self.backlog.is_empty()
            && !self.registry.has_released()
    }

    /// The next step to perform; none if there is none, or none yet.
    pub(crate) fn next_step(&mut self) -> Option<Step<P>> {
        loop {
            let step = match self.stage {
                Stage::Held | Stage::Over => return None,
                Stage::Entering => {
                    let event = self.queue.pop_front()?;
                    self.deliver(event)
                }
                Stage::Closing => match self.queue.pop_front()? {
                    event @ QueuedEvent::Session(Event::Answered { .. } | Event::Ended(_)) => {
                        self.deliver(event)
                    }
                    _ => None,
                },
                Stage::Open if !self.is_detached && self.backlog.take_gap() => Some(Step::TellResync),
                Stage::Open => match self.take_released() {
                    Some(action) => self.dispatch(action),
                    None => {
                        let event = self.oldest_queue().pop_front()?;
                        self.deliver(event)
                    }
                },
            };
            if step.is_some() {
                return step;
            }
        }
    }

    /// A state message that waited for its function: it is older than anything in the queue.
    fn take_released(&mut self) -> Option<Action<P>> {
        if self.is_detached || !self.backlog.is_empty() { None } else { self.registry.take_released() }
    }

    /// The queue with the oldest event.
    fn oldest_queue(&mut self) -> &mut VecDeque<QueuedEvent<P>> {
        if self.is_detached || self.backlog.events.is_empty() {
            &mut self.queue
        } else {
            &mut self.backlog.events
        }
    }

    fn entered(&mut self) -> Step<P> {
        // The session reports its status next. The room that the page gets now shows it already.
        if let Some(QueuedEvent::Session(Event::Status(status))) = self.queue.front() {
            self.status = *status;
        }
        // The count came while the state was delivered, when the page could not be told.
        if let Some(audience) = self.audience {
            self.queue.push_front(QueuedEvent::Session(Event::Audience(audience)));
        }
        self.stage = Stage::Held;
        Step::Enter
    }

    /// The step for an event; none if the page isn't told of it.
    ///
    /// Before the room is reached, the page receives only three things: the result of its promise,
    /// the attempts that fail, and the retained state if it is an owner that takes its room back.
    /// The state comes before the promise resolves, so that the owner's page shows what its
    /// followers see.
    fn deliver(&mut self, event: QueuedEvent<P>) -> Option<Step<P>> {
        let is_entering = matches!(self.stage, Stage::Entering);
        let event = match event {
            QueuedEvent::Session(event) => event,
            _ if is_entering => return None,
            QueuedEvent::Unreadable if self.reported_unreadable => return None,
            QueuedEvent::Unreadable => {
                self.reported_unreadable = true;
                return Some(Step::ReportUnreadable);
            }
            QueuedEvent::QueueHasSpace(count) => return Some(Step::QueueHasSpace(count)),
        };
        if self.is_detached {
            match event {
                Event::Action { .. } | Event::Cleared { .. } => {
                    self.backlog.push(event);
                    return None;
                }
                Event::Resync => {
                    self.backlog.note_gap();
                    return None;
                }
                _ => {}
            }
        }
        match &event {
            Event::Cleared { slot, .. } => self.registry.discard_waiting(slot),
            Event::Status(status) => self.status = *status,
            Event::Audience(audience) => self.audience = Some(*audience),
            _ => {}
        }
        Some(match event {
            Event::Action { key, params, slot, at, .. } => {
                return self.dispatch(Action::new(key, params, slot, at));
            }
            Event::Entered => self.entered(),
            Event::Ended(reason) => {
                self.end();
                if is_entering { Step::Refuse(reason) } else { Step::End(reason) }
            }
            Event::AttemptFailed => Step::TellRetry,
            _ if is_entering => return None,
            Event::Cleared { slot, .. } => Step::TellCleared(slot),
            // The end is reported by `Event::Ended`: `onclose` is called before `onstatus`.
            Event::Status(SessionStatus::Closed) => return None,
            Event::Status(_) => Step::TellStatus,
            Event::Answered { ticket, outcome } => Step::Answer(ticket, outcome),
            Event::Resync => Step::TellResync,
            Event::Audience(_) => Step::TellAudience,
            Event::Refused(refusal) => Step::ReportRefusal(refusal),
            Event::Owner(presence) => Step::TellOwner(presence),
        })
    }

    fn dispatch(&mut self, action: Action<P>) -> Option<Step<P>> {
        match self.registry.dispatch(action) {
            Dispatch::Run(function, action) => Some(Step::Run(function, action)),
            Dispatch::Report(key) => Some(Step::ReportNoFunction(key)),
            Dispatch::Nothing => None,
        }
    }

    /// Discards everything: nothing is delivered after the end.
    fn end(&mut self) {
        self.status = SessionStatus::Closed;
        self.stage = Stage::Over;
        self.queue = VecDeque::new();
        self.registry = Registry::new();
        self.is_detached = false;
        self.backlog = Backlog::new();
    }
}

#[cfg(test)]
mod tests;
