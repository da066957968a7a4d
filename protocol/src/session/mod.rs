//! One room as a page sees it, across reconnects.
//!
//! A state machine without a socket, clock or task. What the outside tells it: [`Session::handle`]. What the
//! application asks of it: [`Session::broadcast`], [`Session::clear`], and what it is told of the state. What the
//! caller must do after either: drain [`Session::poll_output`], and come back at [`Session::next_timeout`].

mod backoff;
mod fast_path;
mod interface;
mod outbox;
mod progress;
mod received;
mod timers;

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;

use crate::session::backoff::Backoff;
use crate::session::outbox::{Outbox, Queued};
use crate::wire::json_writer::write_number;
use crate::{
    Action, AnnouncedLimits, Claim, CloseCode, Create, Join, OwnerPresence, PROTOCOL_VERSION, Refusal,
    RefusalCode, Timestamp, render,
};

use progress::Progress;

pub use interface::{EndReason, Event, Goal, Input, Outcome, Output, SessionOptions, SessionStatus};
pub use outbox::BroadcastError;

/// How long opening a socket and the reply to the first message may take together, in milliseconds.
const ENTRY_TIMEOUT_MS: u64 = 10_000;
/// How long the server may take to confirm a close, in milliseconds.
const CLOSE_TIMEOUT_MS: u64 = 5_000;
/// Bytes that may wait in the page for the network; above it nothing more is written, so that newer values can still
/// replace older ones (design: 256 KiB).
const MAX_BUFFERED_BYTES: u64 = 256 * 1024;
/// A connection that has lasted this long, in milliseconds, was a good one: the next wait is short again.
const GOOD_CONNECTION_MS: u64 = 10_000;

/// One room as a page sees it. `P` is what the params of an action are to the page.
#[derive(Debug)]
pub struct Session<P> {
    role: Role,
    session: String,
    /// The room, once it is known.
    uuid: Option<String>,
    owner_key: Option<String>,
    /// The claim of ownership that this session held last.
    epoch: Option<u64>,
    state: State,
    status: SessionStatus,
    outbox: Outbox,
    outputs: VecDeque<Output<P>>,
    limits: AnnouncedLimits,
    backoff: Backoff,
    /// When a session that never reached its room gives up.
    give_up_at: Timestamp,
    connect_timeout_ms: u64,
    has_entered: bool,
    progress: Progress,
    pings: u64,
    share_audience: bool,
    /// What says that this page may do what it is about to do.
    token: Option<String>,
    /// What the application knows of the room's owner.
    owner_presence: OwnerPresence,
    /// What waits in the page for the network, in bytes, and when that was said.
    buffered: Buffered,
    /// Over how many milliseconds the server that shuts down wants its clients to spread their return.
    return_window_ms: Option<u64>,
}

/// What waits in the page for the network.
#[derive(Debug, Clone, Copy, Default)]
struct Buffered {
    bytes: u64,
    reported_at: Timestamp,
}

/// What is left of a [`Goal`] once its texts have found their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Creates,
    Claims,
    Joins,
}

#[derive(Debug)]
enum State {
    Idle,
    /// A socket is being opened.
    Connecting {
        deadline: Timestamp,
    },
    /// The first message is sent, its reply awaited.
    Joining {
        deadline: Timestamp,
    },
    Live {
        since: Timestamp,
        last_received_at: Timestamp,
        /// When the answer to a ping is overdue, if one is awaited.
        pong_due: Option<Timestamp>,
    },
    /// The next attempt comes at `until`.
    Waiting {
        until: Timestamp,
    },
    /// The close is sent, its confirmation awaited.
    Closing {
        deadline: Timestamp,
    },
    Closed,
}

impl<P> Session<P> {
    /// A session that has not begun: tell it [`Input::Start`].
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        let (role, uuid, owner_key) = match options.goal {
            Goal::Create => (Role::Creates, None, None),
            Goal::Claim { uuid, owner_key } => (Role::Claims, Some(uuid), Some(owner_key)),
            Goal::Join { uuid } => (Role::Joins, Some(uuid), None),
        };
        Self {
            role,
            session: options.session,
            uuid,
            owner_key,
            epoch: None,
            state: State::Idle,
            status: SessionStatus::Connecting,
            outbox: Outbox::new(),
            outputs: VecDeque::new(),
            limits: AnnouncedLimits::default(),
            backoff: Backoff::new(options.seed),
            give_up_at: Timestamp::default(),
            connect_timeout_ms: options.connect_timeout_ms,
            has_entered: false,
            progress: Progress::default(),
            pings: 0,
            share_audience: options.share_audience,
            token: None,
            owner_presence: OwnerPresence::Here,
            buffered: Buffered::default(),
            return_window_ms: None,
        }
    }

    /// Whether this page owns the room.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.role != Role::Joins
    }

    /// The room; none before a new one was opened.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.uuid.as_deref()
    }

    /// The proof of ownership; none for a follower, or before a new room was opened.
    #[must_use]
    pub fn owner_key(&self) -> Option<&str> {
        self.owner_key.as_deref()
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.status
    }

    /// From now on this token goes with the first message on a connection. To be said while the socket is being opened,
    /// each time if tokens expire.
    pub fn set_token(&mut self, token: Option<String>) {
        self.token = token;
    }

    /// Broadcasts a function call.
    /// It is sent with the next [`Session::poll_output`] if the session is in its room, else when it is again. Returns
    /// a ticket: [`Event::Answered`] says under it how it went.
    ///
    /// # Errors
    /// See [`BroadcastError`].
    pub fn broadcast(&mut self, action: Action<&str>) -> Result<u64, BroadcastError> {
        let queued = self.check_may_broadcast().and_then(|()| self.outbox.push(action));
        self.report_replaced(queued)
    }

    /// Clears a slot; sent as an action is.
    ///
    /// # Errors
    /// See [`BroadcastError`].
    pub fn clear(&mut self, slot: &str) -> Result<u64, BroadcastError> {
        let queued = self.check_may_broadcast().and_then(|()| self.outbox.push_clear(slot));
        self.report_replaced(queued)
    }

    /// Whether the queue would take an action of any size that the server takes.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.outbox.has_room()
    }

    /// What to do now, one thing at a time; none when there is nothing left.
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

    /// Whether [`Session::poll_output`] has nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outputs.is_empty() && !(self.may_write() && self.outbox.has_unwritten())
    }

    /// Tells the session what happened.
    pub fn handle(&mut self, now: Timestamp, input: Input<P>) {
        match (&self.state, input) {
            (State::Idle, Input::Start) => {
                self.give_up_at = now.after(self.connect_timeout_ms);
                self.outputs.push_back(Output::Event(Event::Status(self.status)));
                self.connect(now);
            }
            (State::Idle | State::Closed, _) | (_, Input::Start) => {}
            (State::Connecting { deadline }, Input::Opened) => {
                self.state = State::Joining { deadline: *deadline };
                let first = self.first_message();
                self.outputs.push_back(Output::Send(first));
            }
            (_, Input::Opened) => {}
            (_, Input::Received(message)) => self.received(now, message),
            (_, Input::Disconnected(code)) => self.disconnected(now, code),
            (_, Input::Timeout) => self.timed_out(now),
            (_, Input::Wake) => self.wake(now),
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
            _ if !self.is_owner() => Err(BroadcastError::NotOwner),
            _ => Ok(()),
        }
    }

    fn report_replaced(&mut self, queued: Result<Queued, BroadcastError>) -> Result<u64, BroadcastError> {
        let queued = queued?;
        if let Some(ticket) = queued.replaced {
            self.event(Event::Answered { ticket, outcome: Outcome::Replaced });
        }
        Ok(queued.ticket)
    }

    /// The message that asks for the room, as text.
    fn first_message(&self) -> String {
        let version = Some(PROTOCOL_VERSION);
        let session = Some(self.session.as_str().into());
        let token = self.token.as_deref().map(Into::into);
        let Some(uuid) = &self.uuid else {
            let create = Create { version, session, share_audience: self.share_audience, token };
            return rendered(|text| render::create(text, &create));
        };
        let claim = self.owner_key.as_ref().map(|owner_key| Claim {
            owner_key: owner_key.as_str().into(),
            session,
            acknowledged: Some(self.outbox.acknowledged()),
            epoch: self.epoch,
            share_audience: self.share_audience,
        });
        // A claim says only that nothing of the state was handed over yet: the same session may have claimed before,
        // and lost the connection before the snapshot was complete.
        let since = match claim {
            Some(_) => (!self.has_entered).then_some(0),
            None => self.progress.applied(),
        };
        let join = Join { uuid: uuid.as_str().into(), version, since, claim, token };
        rendered(|text| render::join(text, &join))
    }

    fn send(&mut self, render: impl FnOnce(&mut String)) {
        self.outputs.push_back(Output::Send(rendered(render)));
    }

    fn event(&mut self, event: Event<P>) {
        self.outputs.push_back(Output::Event(event));
    }

    fn set_status(&mut self, status: SessionStatus) {
        if self.status != status {
            self.status = status;
            self.event(Event::Status(status));
        }
    }

    fn connect(&mut self, now: Timestamp) {
        self.state = State::Connecting { deadline: now.after(ENTRY_TIMEOUT_MS) };
        self.outputs.push_back(Output::Connect);
    }

    /// The connection is gone or was given up: try again after a while.
    fn reconnect_later(&mut self, now: Timestamp) {
        self.reconnect_after(now, 0);
    }

    /// As before, but not before so many milliseconds have passed.
    fn reconnect_after(&mut self, now: Timestamp, min_wait_ms: u64) {
        if let State::Live { since, .. } = self.state
            && now.since(since) >= GOOD_CONNECTION_MS
        {
            self.backoff.reset();
        }
        // What had come of a snapshot is worth nothing: a new one starts over.
        self.progress.connection_lost();
        let wait = match self.return_window_ms.take() {
            Some(window_ms) => self.backoff.spread(window_ms),
            None => self.backoff.next_wait(),
        };
        self.state = State::Waiting { until: now.after(min_wait_ms).after(wait) };
        if self.has_entered {
            self.set_status(SessionStatus::Reconnecting);
        }
    }

    fn disconnected(&mut self, now: Timestamp, code: u16) {
        if let State::Closing { .. } = self.state {
            return self.end(EndReason::Left);
        }
        if CloseCode::may_return(code) {
            return self.reconnect_later(now);
        }
        let refusal = match CloseCode::from_value(code) {
            Some(CloseCode::RoomClosed) => return self.end(EndReason::RoomClosed),
            Some(CloseCode::Superseded) => return self.end(EndReason::Superseded),
            Some(CloseCode::Left) => return self.end(EndReason::Left),
            Some(CloseCode::UnknownRoom) => Some(RefusalCode::UnknownRoom),
            _ if code == 1009 => Some(RefusalCode::MessageTooLarge),
            _ => None,
        };
        self.end(EndReason::Refused(refusal.map_or_else(|| closed_for_good(code), Refusal::from)));
    }

    fn close(&mut self, now: Timestamp) {
        match self.state {
            State::Live { .. } => {
                while let Some(frame) = self.outbox.next_frame() {
                    self.outputs.push_back(Output::Send(frame));
                }
                self.send(render::close);
                self.state = State::Closing { deadline: now.after(CLOSE_TIMEOUT_MS) };
            }
            State::Closing { .. } => {}
            State::Idle
            | State::Connecting { .. }
            | State::Joining { .. }
            | State::Waiting { .. }
            | State::Closed => {
                self.outputs.push_back(Output::Disconnect);
                self.end(EndReason::Left);
            }
        }
    }

    fn end(&mut self, reason: EndReason) {
        self.state = State::Closed;
        self.set_status(SessionStatus::Closed);
        self.event(Event::Ended(reason));
    }
}

fn closed_for_good(code: u16) -> Refusal {
    let mut message = String::from("the server closed the connection for good, with code ");
    write_number(&mut message, code.into());
    Refusal { code: "closed".to_owned(), message, id: None, retry_after_ms: None }
}

fn rendered(render: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    render(&mut text);
    text
}

#[cfg(test)]
mod tests;
