//! One session and the delivery of its events: every decision of the page's side, and nothing that
//! needs a page.
//!
//! The driver (js/ or `web`) reports what happened. Then it performs the steps that
//! [`Engine::next_step`] returns until there are no more.

use alloc::string::String;

use rtbroadcaster_protocol::{
    Audience, BroadcastError, EndReason, Identity, Input, Names, Output, Session, SessionStatus, Timestamp,
};

use crate::attempts::Attempts;
use crate::catch_up::CatchUp;
use crate::delivery::{Delivery, QueuedEvent};
use crate::ending::Ending;
use crate::registry::FunctionId;
use crate::step::Step;

/// The engine of one room on one page. `P` is the type of an action's params, `I` has what the page
/// says of itself.
pub(crate) struct Engine<P, I = Names> {
    session: Session<P, I>,
    delivery: Delivery<P>,
    attempts: Attempts,
    /// When the driver's timer fires; none if it is not set.
    timer_at: Option<Timestamp>,
    /// How many callers wait until the queue has space.
    waiting_for_space: u32,
}

impl<P, I: Identity> Engine<P, I> {
    /// An engine that has not begun: [`Input::Start`] begins it.
    pub(crate) fn new(session: Session<P, I>) -> Self {
        Self {
            session,
            delivery: Delivery::new(),
            attempts: Attempts::new(),
            timer_at: None,
            waiting_for_space: 0,
        }
    }

    /// Reports what happened.
    ///
    /// [`Input::Disconnected`] with a number below 1000 is no close. It is the HTTP status of the
    /// answer to a probe, 1 if the page may not read that answer, 0 if there is none. Or it is
    /// `decisions::SWITCHING_PROTOCOLS`, when the websocket of a trial has opened.
    pub(crate) fn handle(&mut self, now: Timestamp, input: Input<P>) {
        let is_told = match input {
            Input::Timeout => {
                self.timer_at = None;
                self.attempts.note(now, Attempts::TIME)
            }
            Input::Disconnected(code) => self.attempts.note(now, code),
            Input::Opened => {
                self.attempts.note_opened();
                true
            }
            Input::Close => {
                self.delivery.close();
                true
            }
            _ => true,
        };
        if is_told {
            self.session.handle(now, input);
        }
    }

    /// Notes that the page is online again.
    pub(crate) fn note_online(&mut self, now: Timestamp) {
        self.attempts.note_online(now);
    }

    /// What the page is told of this end; of the last attempt to connect if there is none.
    pub(crate) fn ending<'a>(&'a self, reason: Option<&'a EndReason>) -> Ending<'a> {
        let reason = reason.unwrap_or_else(|| self.session.last_failure());
        Ending::new(reason, self.session.is_owner(), self.session.has_entered(), self.attempts.probed)
    }

    /// See [`Session::enter_anew`].
    pub(crate) fn enter_anew(&mut self, now: Timestamp) {
        self.attempts.enters_anew = true;
        self.session.enter_anew(now);
    }

    /// Notes that the server sent something that isn't JSON.
    pub(crate) fn note_unreadable(&mut self) {
        self.delivery.push(QueuedEvent::Unreadable);
    }

    /// Starts the delivery: to be called in the task after the one in which the page got its room.
    pub(crate) fn open_delivery(&mut self) {
        self.delivery.open();
    }

    /// Notes that one more caller waits for space in the queue; [`Step::QueueHasSpace`] reports it.
    pub(crate) fn await_queue_space(&mut self) {
        self.waiting_for_space += 1;
    }

    /// See [`Session::broadcast`].
    pub(crate) fn broadcast(
        &mut self,
        key: &str,
        params: &str,
        slot: Option<&str>,
        at: Option<u64>,
    ) -> Result<u64, BroadcastError> {
        self.session.broadcast(rtbroadcaster_protocol::Action { key, params, slot, at })
    }

    /// See [`Session::clock`].
    #[cfg(feature = "web")]
    pub(crate) fn clock(&self, now: Timestamp) -> Option<rtbroadcaster_protocol::ClockEstimate> {
        self.session.clock(now)
    }

    /// See [`Session::start_clock`].
    #[cfg(feature = "web")]
    pub(crate) fn start_clock(&mut self) {
        self.session.start_clock();
    }

    /// See [`Session::submit`].
    pub(crate) fn submit(&mut self, text: String, clears: Option<&str>) -> Result<u64, BroadcastError> {
        self.session.submit(text, clears)
    }

    /// See [`Session::clear`].
    #[cfg(feature = "web")]
    pub(crate) fn clear(&mut self, slot: &str) -> Result<u64, BroadcastError> {
        self.session.clear(slot)
    }

    /// Registers a function and returns the one that it replaces. The next steps run it with the
    /// state messages that waited for it.
    pub(crate) fn register(&mut self, key: String, function: FunctionId) -> Option<FunctionId> {
        self.delivery.registry().register(key, function)
    }

    /// Removes a function and returns it.
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
    #[cfg(feature = "web")]
    pub(crate) fn is_detached(&self) -> bool {
        self.delivery.is_detached()
    }

    /// See [`Delivery::behind`].
    pub(crate) fn behind(&self) -> usize {
        self.delivery.behind()
    }

    /// See [`Delivery::follow`]. The next steps deliver the backlog.
    pub(crate) fn follow(&mut self, catch_up: CatchUp) {
        self.delivery.follow(catch_up);
    }

    /// Whether this page owns the room.
    #[cfg(feature = "web")]
    pub(crate) fn is_owner(&self) -> bool {
        self.session.is_owner()
    }

    /// The status that the page was told last.
    pub(crate) fn status(&self) -> SessionStatus {
        self.delivery.status()
    }

    /// The number of followers that the page was told last.
    pub(crate) fn audience(&self) -> Option<Audience> {
        self.delivery.audience()
    }

    /// The next step to perform. Unless `may_deliver`, only steps that cannot run the page's code.
    pub(crate) fn next_step(&mut self, may_deliver: bool) -> Option<Step<P>> {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect => self.attempts.begin(),
                Output::Send(text) => return Some(Step::Send(text)),
                Output::Disconnect => {
                    self.attempts.note_given_up();
                    return Some(Step::Disconnect);
                }
                Output::Event(event) => self.delivery.push(QueuedEvent::Session(event)),
            }
        }
        if let Some(way) = self.attempts.way.take() {
            return Some(Step::Connect(way));
        }
        self.check_queue_space();
        if let Some(at) = self.next_timeout()
            && self.timer_at.is_none_or(|timer_at| at < timer_at)
        {
            // A timer that fires too early stays. Each message moves the next heartbeat, and
            // setting the timer anew for each would cost more than one needless call.
            self.timer_at = Some(at);
            return Some(Step::ArmTimer(at));
        }
        if may_deliver { self.delivery.next_step() } else { None }
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        let session = self.session.next_timeout()?;
        Some(self.attempts.next_timeout().map_or(session, |at| at.min(session)))
    }

    fn check_queue_space(&mut self) {
        // While the room closes, nothing is accepted any more. The end rejects those who wait.
        let may_broadcast = !self.delivery.is_closing() && self.session.status() != SessionStatus::Closed;
        if self.waiting_for_space > 0 && may_broadcast && self.session.has_space() {
            self.delivery.push(QueuedEvent::QueueHasSpace(core::mem::take(&mut self.waiting_for_space)));
        }
    }
}

#[cfg(feature = "web")]
impl<P> Engine<P> {
    /// See [`Session::set_token`].
    pub(crate) fn set_token(&mut self, token: Option<String>) {
        self.session.set_token(token);
    }

    /// The room's id; none before a new room was opened.
    pub(crate) fn uuid(&self) -> Option<&str> {
        self.session.uuid()
    }

    /// The room's short code; none if it has none.
    pub(crate) fn code(&self) -> Option<&str> {
        self.session.code()
    }

    /// The proof of ownership; none for a follower.
    pub(crate) fn owner_key(&self) -> Option<&str> {
        self.session.owner_key()
    }
}

#[cfg(feature = "javascript")]
impl<P> Engine<P, rtbroadcaster_protocol::Unnamed> {
    /// See [`Session::set_first_message`].
    pub(crate) fn set_first_message(&mut self, first_message: String) {
        self.session.set_first_message(first_message);
    }
}

/// The fast path of js/fast-path.js: actions that it delivers or writes without asking for a step.
#[cfg(feature = "javascript")]
impl<P, I: Identity> Engine<P, I> {
    /// The seq of the action that the driver may deliver by itself: see [`Session::fast_path_seq`].
    pub(crate) fn fast_path_seq(&self) -> Option<u64> {
        if self.is_on_fast_path() { self.session.fast_path_seq() } else { None }
    }

    /// The id of the action that the driver may write by itself: see [`Session::fast_path_id`].
    pub(crate) fn fast_path_id(&self) -> Option<u64> {
        if self.is_on_fast_path() { self.session.fast_path_id() } else { None }
    }

    #[inline(never)] // Inlined twice, it would cost every page 80 bytes.
    fn is_on_fast_path(&self) -> bool {
        self.delivery.is_on_fast_path()
    }

    /// See [`Session::fast_path_answered`].
    pub(crate) fn fast_path_answered(&mut self, now: Timestamp, id: u64) {
        self.session.fast_path_answered(now, id);
    }

    /// See [`Session::fast_path_written`].
    pub(crate) fn fast_path_written(&mut self) {
        self.session.fast_path_written();
    }

    /// See [`Session::fast_path_delivered`].
    pub(crate) fn fast_path_delivered(&mut self, now: Timestamp, seq: u64) {
        self.session.fast_path_delivered(now, seq);
    }

    /// See [`Session::slot_index`]. None if a state message of this slot waits for its function:
    /// the engine itself must then handle the next action, to discard the one that waits. An owner
    /// is handed none.
    pub(crate) fn slot_index(&mut self, slot: &str) -> Option<usize> {
        if !self.session.is_owner() && self.delivery.registry().has_waiting(slot) {
            return None;
        }
        self.session.slot_index(slot)
    }

    /// See [`Session::slot_written`].
    pub(crate) fn slot_written(&mut self, index: usize, seq: u64) {
        self.session.slot_written(index, seq);
    }
}
