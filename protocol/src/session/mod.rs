//! One room as a page sees it, across reconnects. The SDK drives it.
//!
//! A state machine without a socket, a clock or a task.
//!
//! - What the outside tells it: [`Session::handle`].
//! - What the application asks of it: [`Session::broadcast`], [`Session::clear`], and its state, as
//!   [`Session::status`].
//! - What the caller must do after either: carry out what [`Session::poll_output`] returns until it
//!   returns nothing, and come back at [`Session::next_timeout`].

mod backoff;
#[cfg(feature = "moments")]
mod clock;
mod connection;
mod fast_path;
mod identity;
mod interface;
#[cfg_attr(not(feature = "moments"), path = "no_moments.rs")]
mod moments;
mod outbox;
mod progress;
mod received;
mod timers;
#[cfg(feature = "moments")]
mod waiting;

use alloc::collections::VecDeque;
use alloc::string::String;

use crate::session::backoff::Backoff;
use crate::session::outbox::{Outbox, Queued};
use crate::{Action, AnnouncedLimits, OwnerPresence, Timestamp, render};

use moments::Moments;
use progress::Progress;

#[cfg(feature = "moments")]
pub use clock::ClockEstimate;

pub use identity::{EntryNumbers, Identity, Names, Unnamed};
pub use interface::{EndReason, Event, Goal, Input, Outcome, Output, SessionOptions, SessionStatus};
pub use outbox::BroadcastError;

/// While this many bytes wait in the page for the network, nothing more is written. So newer values
/// can still replace older ones.
const MAX_BUFFERED_BYTES: u64 = 256 * 1024;
/// One room as a page sees it. `P` is the type of an action's params in the page, `I` has what the
/// page says of itself.
#[derive(Debug)]
pub struct Session<P, I = Names> {
    identity: I,
    /// The room is still to be opened.
    opens: bool,
    /// Whether the page has the room's owner key, or is to get it.
    is_creator: bool,
    /// Whether the page may write, by the last reply. Before the first one, whether it expects to.
    is_owner: bool,
    /// The epoch that this session held last.
    epoch: Option<u64>,
    state: State,
    status: SessionStatus,
    outbox: Outbox,
    outputs: VecDeque<Output<P>>,
    limits: AnnouncedLimits,
    backoff: Backoff,
    /// When the session gives up if it never reached its room.
    give_up_at: Timestamp,
    connect_timeout_ms: u64,
    /// Whether the page was told that it is in its room.
    has_entered: bool,
    progress: Progress,
    pings: u64,
    /// What the application was told last about the room's owner.
    owner_presence: OwnerPresence,
    /// What waits in the page for the network.
    buffered: Buffered,
    /// Why the last attempt to connect has failed.
    last_failure: EndReason,
    /// Set when the server shuts down: over how many milliseconds its clients are to spread their
    /// return.
    return_window_ms: Option<u64>,
    moments: Moments<P>,
    /// When the session was told something last.
    now: Timestamp,
}

/// What waits in the page for the network.
#[derive(Debug, Clone, Copy, Default)]
struct Buffered {
    bytes: u64,
    /// When the page said so.
    reported_at: Timestamp,
}

#[derive(Debug)]
enum State {
    Idle,
    /// A socket is being opened.
    Connecting {
        deadline: Timestamp,
    },
    /// The first message is sent, and its reply is awaited.
    Joining {
        deadline: Timestamp,
    },
    Live {
        since: Timestamp,
        last_received_at: Timestamp,
        /// When the answer to a ping is overdue. None if none is awaited.
        pong_due: Option<Timestamp>,
    },
    /// The session connects again at `until`.
    Waiting {
        until: Timestamp,
    },
    /// The close is sent, and its confirmation is awaited.
    Closing {
        deadline: Timestamp,
    },
    Closed,
}

impl<P> Session<P> {
    /// A session that waits for [`Input::Start`].
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        let is_creator = !matches!(options.goal, Goal::Join { .. });
        let (opens, clock) = (options.goal == Goal::Create, options.clock);
        let (seed, timeout_ms) = (options.seed, options.connect_timeout_ms);
        Self::with_identity(Names::new(options), (opens, is_creator), seed, timeout_ms, clock)
    }
}

impl<P> Session<P, Unnamed> {
    /// A session whose driver writes all texts of its first message. It `opens` a room, or claims
    /// one as its `is_creator`, or joins it. `seed` and `timeout_ms` are as in [`SessionOptions`].
    #[must_use]
    pub fn unnamed(opens: bool, is_creator: bool, seed: u64, timeout_ms: u64) -> Self {
        Self::with_identity(Unnamed::default(), (opens, is_creator), seed, timeout_ms, false)
    }
}

impl<P, I: Identity> Session<P, I> {
    fn with_identity(
        identity: I,
        (opens, is_creator): (bool, bool),
        seed: u64,
        connect_timeout_ms: u64,
        clock: bool,
    ) -> Self {
        Self {
            identity,
            opens,
            is_creator,
            is_owner: is_creator,
            epoch: None,
            state: State::Idle,
            status: SessionStatus::Connecting,
            outbox: Outbox::new(),
            outputs: VecDeque::new(),
            limits: AnnouncedLimits::default(),
            backoff: Backoff::new(seed),
            give_up_at: Timestamp::default(),
            connect_timeout_ms,
            has_entered: false,
            progress: Progress::default(),
            pings: 0,
            owner_presence: OwnerPresence::Here,
            buffered: Buffered::default(),
            last_failure: EndReason::ConnectionFailed,
            return_window_ms: None,
            moments: Moments::new(seed, clock),
            now: Timestamp::default(),
        }
    }

    /// Whether this page drives the room: whether it had the pen when it entered last. Before it
    /// has entered, whether it opens or claims the room.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.is_owner
    }

    /// Whether the session has been in its room.
    #[must_use]
    pub fn has_entered(&self) -> bool {
        self.has_entered
    }

    /// The session's status.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.status
    }

    /// Why the last attempt to connect has failed: [`EndReason::ConnectionFailed`], or a refusal of
    /// the server that may pass.
    #[must_use]
    pub fn last_failure(&self) -> &EndReason {
        &self.last_failure
    }

    /// Broadcasts a function call. It is sent with the next [`Session::poll_output`] if the session
    /// is in its room, else once it is there again. Returns a ticket, under which
    /// [`Event::Answered`] says later what became of the action.
    ///
    /// # Errors
    /// A [`BroadcastError`] says why the action was not queued.
    pub fn broadcast(&mut self, action: Action<&str>) -> Result<u64, BroadcastError> {
        let queued = self.check_may_broadcast().and_then(|()| self.outbox.push(action));
        if let (Ok(_), Some(slot)) = (&queued, action.slot) {
            self.progress.note_own_slot(slot);
        }
        self.report_replaced(queued)
    }

    /// Clears a slot. The clear is sent as an action is.
    ///
    /// # Errors
    /// A [`BroadcastError`] says why the clear was not queued.
    pub fn clear(&mut self, slot: &str) -> Result<u64, BroadcastError> {
        if slot.is_empty() {
            return Err(BroadcastError::EmptyKey);
        }
        self.submit(rendered(|text| render::client_clear(text, None, slot)), Some(slot))
    }

    /// Queues a message of the owner that is rendered without its id. If it `clears` a slot, it
    /// replaces a message for that slot that was never written.
    ///
    /// # Errors
    /// A [`BroadcastError`] says why the message was not queued.
    pub fn submit(&mut self, text: String, clears: Option<&str>) -> Result<u64, BroadcastError> {
        let queued = self.check_may_broadcast().and_then(|()| self.outbox.push_message(text, clears));
        if let (Ok(_), Some(slot)) = (&queued, clears) {
            self.progress.remove_slot(slot);
        }
        self.report_replaced(queued)
    }

    /// Whether the queue has room for the largest action that the server takes.
    #[must_use]
    pub fn has_space(&self) -> bool {
        self.outbox.has_space()
    }

    /// What the caller must do now, one thing at a time. None when there is nothing left.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if !self.may_write() {
            return None;
        }
        let frame = self.outbox.next_frame()?;
        self.buffered.bytes += frame.len() as u64;
        Some(Output::Send(frame))
    }

    /// What is known of the server's clock at this moment. None before the first exchange.
    #[cfg(feature = "moments")]
    #[must_use]
    pub fn clock(&self, now: Timestamp) -> Option<ClockEstimate> {
        self.moments.estimate(now)
    }

    /// The page needs the server's clock from now on. It asks with the next
    /// [`Session::next_timeout`].
    #[cfg(feature = "moments")]
    pub fn start_clock(&mut self) {
        self.moments.switch_on();
    }

    /// Whether [`Session::poll_output`] has nothing left.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outputs.is_empty() && !(self.may_write() && self.outbox.has_unwritten())
    }

    /// Tells the session what happened. Call [`Session::poll_output`] next.
    pub fn handle(&mut self, now: Timestamp, input: Input<P>) {
        self.now = now;
        match input {
            Input::Close => self.moments.drop_waiting(),
            Input::Wake => self.moments.woke(now, matches!(self.state, State::Live { .. })),
            _ => {}
        }
        self.handle_in_state(now, input);
        while let Some(event) = self.moments.release(now) {
            self.outputs.push_back(Output::Event(event));
        }
    }

    fn handle_in_state(&mut self, now: Timestamp, input: Input<P>) {
        match (&self.state, input) {
            (State::Idle, Input::Start) => {
                self.give_up_at = now.after(self.connect_timeout_ms);
                self.outputs.push_back(Output::Event(Event::Status(self.status)));
                self.connect(now);
            }
            (State::Idle | State::Closed, _) | (_, Input::Start) => {}
            (State::Connecting { deadline }, Input::Opened) => {
                self.state = State::Joining { deadline: *deadline };
                self.moments.entering(now);
                let first = self.first_message();
                self.outputs.push_back(Output::Send(first));
            }
            (_, Input::Opened) => {}
            (_, Input::Received(message)) => self.received(now, message),
            (_, Input::Disconnected(code)) => self.disconnected(now, code),
            (_, Input::Timeout) => self.timed_out(now),
            (_, Input::Wake) => self.wake(now),
            (_, Input::Sleep) => self.sleep(),
            (_, Input::Buffered(bytes)) => self.buffered = Buffered { bytes, reported_at: now },
            (_, Input::Close) => self.close(now),
        }
    }

    fn may_write(&self) -> bool {
        matches!(self.state, State::Live { .. }) && self.buffered.bytes < MAX_BUFFERED_BYTES
    }

    fn check_may_broadcast(&self) -> Result<(), BroadcastError> {
        match self.state {
            State::Closed | State::Closing { .. } => Err(BroadcastError::Closed),
            _ if !self.is_owner => Err(BroadcastError::NotOwner),
            _ => Ok(()),
        }
    }

    /// Reports the action that a new one has replaced. Returns the new one's ticket.
    fn report_replaced(&mut self, queued: Result<Queued, BroadcastError>) -> Result<u64, BroadcastError> {
        let queued = queued?;
        if let Some(ticket) = queued.replaced {
            self.event(Event::Answered { ticket, outcome: Outcome::Replaced });
        }
        Ok(queued.ticket)
    }

    fn send(&mut self, render: impl FnOnce(&mut String)) {
        self.outputs.push_back(Output::Send(rendered(render)));
    }

    /// Tells the page of an event, once its moment and that of those before it has come.
    fn event(&mut self, event: Event<P>) {
        if let Some(event) = self.moments.hold(self.now, event) {
            self.outputs.push_back(Output::Event(event));
        }
    }

    fn set_status(&mut self, status: SessionStatus) {
        if self.status != status {
            self.status = status;
            self.event(Event::Status(status));
        }
    }
}

fn rendered(render: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    render(&mut text);
    text
}

#[cfg(test)]
mod tests;
