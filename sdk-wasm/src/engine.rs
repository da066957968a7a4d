//! One session and the delivery of its events: all that is decided on the page's side, and nothing that only a page has.
//!
//! Whoever drives it says what happened, and then does what [`Engine::next_step`] wants until it wants nothing.

use alloc::string::String;

use rtbroadcaster_protocol::{
    Audience, BroadcastError, Input, Output, Session, SessionOptions, SessionStatus, Timestamp,
};

use crate::catch_up::CatchUp;
use crate::delivery::{Delivery, QueuedEvent};
use crate::registry::FunctionId;
use crate::step::Step;

/// The core of one room on one page. `P` is what the params of an action are to the page.
pub(crate) struct Engine<P> {
    session: Session<P>,
    delivery: Delivery<P>,
    /// When the driver's timer fires, if it is armed.
    timer_at: Option<Timestamp>,
    /// How many wait until the queue has room.
    waiting_for_space: u32,
    /// The page has asked for the end.
    is_closing: bool,
}

impl<P> Engine<P> {
    /// A core that has not begun: tell it [`Input::Start`].
    pub(crate) fn new(options: SessionOptions) -> Self {
        Self {
            session: Session::new(options),
            delivery: Delivery::new(),
            timer_at: None,
            waiting_for_space: 0,
            is_closing: false,
        }
    }

    /// Says what happened.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input<P>) {
        match input {
            Input::Timeout => self.timer_at = None,
            Input::Close => self.is_closing = true,
            _ => {}
        }
        self.session.handle(now, input);
    }

    /// See [`Session::set_token`].
    pub(crate) fn set_token(&mut self, token: Option<String>) {
        self.session.set_token(token);
    }

    /// The server said something that isn't JSON.
    pub(crate) fn note_unreadable(&mut self) {
        self.delivery.push(QueuedEvent::Unreadable);
    }

    /// The task after the one in which the page got its room has come.
    pub(crate) fn open_delivery(&mut self) {
        self.delivery.open();
    }

    /// Somebody waits until the queue has room: [`Step::QueueHasSpace`] says when.
    pub(crate) fn await_queue_space(&mut self) {
        self.waiting_for_space += 1;
    }

    /// See [`Session::broadcast`].
    pub(crate) fn broadcast(
        &mut self,
        key: &str,
        params: &str,
        slot: Option<&str>,
    ) -> Result<u64, BroadcastError> {
        self.session.broadcast(rtbroadcaster_protocol::Action { key, params, slot })
    }

    /// See [`Session::clear`].
    pub(crate) fn clear(&mut self, slot: &str) -> Result<u64, BroadcastError> {
        self.session.clear(slot)
    }

    /// Registers a function; returns the one that it replaces. What was kept for it is among the next steps.
    pub(crate) fn register(&mut self, key: String, function: FunctionId) -> Option<FunctionId> {
        self.delivery.registry().register(key, function)
    }

    /// Removes a function, and returns it.
    pub(crate) fn unregister(&mut self, key: &str) -> Option<FunctionId> {
        self.delivery.registry().unregister(key)
    }

    /// See [`Delivery::detach`].
    pub(crate) fn detach(&mut self) {
        self.delivery.detach();
    }

    /// See [`Delivery::note_size`].
    pub(crate) fn note_size(&mut self, characters: usize) {
        self.delivery.note_size(characters);
    }

    /// See [`Delivery::is_detached`].
    pub(crate) fn is_detached(&self) -> bool {
        self.delivery.is_detached()
    }

    /// See [`Delivery::behind`].
    pub(crate) fn behind(&self) -> usize {
        self.delivery.behind()
    }

    /// See [`Delivery::follow`]. What was kept is among the next steps.
    pub(crate) fn follow(&mut self, catch_up: CatchUp) {
        self.delivery.follow(catch_up);
    }

    /// The room; none before a new one was opened.
    pub(crate) fn uuid(&self) -> Option<&str> {
        self.session.uuid()
    }

    /// The proof of ownership; none for a follower.
    pub(crate) fn owner_key(&self) -> Option<&str> {
        self.session.owner_key()
    }

    /// Whether this page owns the room.
    pub(crate) fn is_owner(&self) -> bool {
        self.session.is_owner()
    }

    /// Where the page has been told that it stands.
    pub(crate) fn status(&self) -> SessionStatus {
        self.delivery.status()
    }

    /// How many follow, as the page has been told.
    pub(crate) fn audience(&self) -> Option<Audience> {
        self.delivery.audience()
    }

    /// The next thing to do. Without `tells`, only what cannot run the page's code.
    pub(crate) fn next_step(&mut self, may_deliver: bool) -> Option<Step<P>> {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect => return Some(Step::Connect),
                Output::Send(text) => return Some(Step::Send(text)),
                Output::Disconnect => return Some(Step::Disconnect),
                Output::Event(event) => self.delivery.push(QueuedEvent::Session(event)),
            }
        }
        self.check_queue_space();
        if let Some(at) = self.session.next_timeout()
            && self.timer_at.is_none_or(|timer_at| at < timer_at)
        {
            // A timer that fires earlier stays: every message heard moves the next heartbeat, and moving the timer as
            // often would cost more than one call too many.
            self.timer_at = Some(at);
            return Some(Step::ArmTimer(at));
        }
        if may_deliver { self.delivery.next_step() } else { None }
    }

    fn check_queue_space(&mut self) {
        // Near the end nothing is taken any more: whoever waits is told then.
        let may_broadcast = !self.is_closing && self.session.status() != SessionStatus::Closed;
        if self.waiting_for_space > 0 && may_broadcast && self.session.has_room() {
            self.delivery.push(QueuedEvent::QueueHasSpace(core::mem::take(&mut self.waiting_for_space)));
        }
    }
}

/// What js/room.js hands over without asking for a step.
#[cfg(feature = "javascript")]
impl<P> Engine<P> {
    /// The seq of the action that the driver may hand over by itself: see [`Session::fast_path_seq`].
    pub(crate) fn fast_path_seq(&self) -> Option<u64> {
        if self.delivery.is_on_fast_path() { self.session.fast_path_seq() } else { None }
    }

    /// The id of the action that the driver may write by itself: see [`Session::fast_path_id`].
    pub(crate) fn fast_path_id(&self) -> Option<u64> {
        if self.delivery.is_on_fast_path() { self.session.fast_path_id() } else { None }
    }

    /// See [`Session::fast_path_answered`].
    pub(crate) fn fast_path_answered(&mut self, now: Timestamp, id: u64) {
        self.session.fast_path_answered(now, id);
    }

    /// See [`Session::fast_path_written`].
    pub(crate) fn fast_path_written(&mut self) {
        self.session.fast_path_written();
    }

    /// See [`Session::handed_over`].
    pub(crate) fn fast_path_delivered(&mut self, now: Timestamp, seq: u64) {
        self.session.fast_path_delivered(now, seq);
    }

    /// See [`Session::slot_index`]. None if something waits for its function under the slot: that has to be forgotten.
    pub(crate) fn slot_index(&mut self, slot: &str) -> Option<usize> {
        if self.delivery.registry().has_waiting(slot) { None } else { self.session.slot_index(slot) }
    }

    /// See [`Session::slot_written`].
    pub(crate) fn slot_written(&mut self, index: usize, seq: u64) {
        self.session.slot_written(index, seq);
    }
}
