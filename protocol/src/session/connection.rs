//! How a session gets its connections, loses them and ends: the first message, entering anew,
//! reconnecting, closing.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{EndReason, EntryNumbers, Event, Identity, Output, Session, SessionStatus, State, Unnamed};
use crate::wire::json_writer::write_number;
use crate::{CloseCode, Refusal, RefusalCode, Timestamp, render};

/// How long it may take to open a socket and to get the reply to the first message, together, in
/// milliseconds.
const ENTRY_TIMEOUT_MS: u64 = 10_000;
/// How long the server may take to confirm a close, in milliseconds.
const CLOSE_TIMEOUT_MS: u64 = 5_000;
/// A connection that lasted this long, in milliseconds, was a good one: the next wait is short
/// again.
const GOOD_CONNECTION_MS: u64 = 10_000;

/// The wait of a page that sleeps ends when it wakes.
pub(super) const ASLEEP: Timestamp = Timestamp(u64::MAX);

impl<P> Session<P> {
    /// The uuid of the room. None until a new room is opened.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.identity.uuid()
    }

    /// The short code of the room. None if it has none, and until the session is in it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.identity.code()
    }

    /// The owner key. None for all but the creator, and until a new room is opened.
    #[must_use]
    pub fn owner_key(&self) -> Option<&str> {
        self.identity.owner_key()
    }

    /// Sets the token that goes with the first message of each connection from now on. If tokens
    /// expire, set a new one each time while the socket is being opened.
    pub fn set_token(&mut self, token: Option<String>) {
        self.identity.set_token(token);
    }

    /// Sets the key of a seat, with which the page enters from now on.
    pub fn set_invite(&mut self, invite: Option<String>) {
        self.identity.set_invite(invite);
    }
}

impl<P> Session<P, Unnamed> {
    /// Sets the first message of each connection from now on, as JSON without `since`, `ack`,
    /// `epoch` and the last brace.
    pub fn set_first_message(&mut self, first_message: String) {
        self.identity.set_first_message(first_message);
    }
}

impl<P, I: Identity> Session<P, I> {
    /// The message that asks for the room, as text.
    pub(super) fn first_message(&self) -> String {
        // Whoever may have entered with a key before says 0 as long as the snapshot was not
        // complete: the same session may have lost the connection, or the pen, during the snapshot.
        let had_key = (self.is_creator && !self.opens) || self.epoch.is_some();
        let knows_nothing = had_key && self.progress.needs_snapshot();
        self.identity.first_message(EntryNumbers {
            since: if knows_nothing { Some(0) } else { self.progress.applied() },
            acknowledged: self.outbox.acknowledged(),
            epoch: self.epoch,
        })
    }

    /// Asks for a socket.
    pub(super) fn connect(&mut self, now: Timestamp) {
        self.state = State::Connecting { deadline: now.after(ENTRY_TIMEOUT_MS) };
        self.outputs.push_back(Output::Connect);
    }

    /// Enters the room anew, because the page has got the pen or lost it: drops the connection and
    /// connects at once. Nothing has failed, so the status stays. While there is no connection, the
    /// session goes on doing what it does about that.
    pub fn enter_anew(&mut self, now: Timestamp) {
        if let State::Joining { .. } | State::Live { .. } = self.state {
            self.outputs.push_back(Output::Disconnect);
            self.connection_gone();
            self.connect(now);
        }
    }

    /// Closes the connection and connects again after a while, but not before `min_wait_ms` have
    /// passed.
    #[inline(never)] // With `end_connection` it would cost a page 100 bytes.
    pub(super) fn give_up_connection(&mut self, now: Timestamp, min_wait_ms: u64) {
        self.outputs.push_back(Output::Disconnect);
        self.reconnect_after(now, min_wait_ms);
    }

    /// Connects again after a while: the connection is gone or was given up.
    pub(super) fn reconnect_later(&mut self, now: Timestamp) {
        self.last_failure = EndReason::ConnectionFailed;
        self.reconnect_after(now, 0);
    }

    /// Connects again after a while, but not before `min_wait_ms` have passed.
    pub(super) fn reconnect_after(&mut self, now: Timestamp, min_wait_ms: u64) {
        match self.state {
            State::Live { since, .. } if now.since(since) >= GOOD_CONNECTION_MS => self.backoff.reset(),
            State::Connecting { .. } | State::Joining { .. } => self.event(Event::AttemptFailed),
            _ => {}
        }
        let wait = match self.return_window_ms.take() {
            Some(window_ms) => self.backoff.spread(window_ms),
            None => self.backoff.next_wait(),
        };
        self.wait_until(now.after(min_wait_ms).after(wait));
    }

    /// Drops the connection without a word until the page wakes.
    pub(super) fn sleep(&mut self) {
        // The close is sent: there is nothing to come back for.
        if !matches!(self.state, State::Closing { .. }) {
            self.outputs.push_back(Output::Disconnect);
            self.wait_until(ASLEEP);
        }
    }

    /// Notes that there is no connection any more.
    pub(super) fn connection_gone(&mut self) {
        // An incomplete snapshot is worth nothing: the next one starts over.
        self.progress.connection_lost();
        self.moments.disconnected();
    }

    fn wait_until(&mut self, until: Timestamp) {
        self.connection_gone();
        self.state = State::Waiting { until };
        if self.has_entered {
            self.set_status(SessionStatus::Reconnecting);
        }
    }

    /// The connection was closed with this code: connects again later, or ends the session.
    pub(super) fn disconnected(&mut self, now: Timestamp, code: u16) {
        if let State::Closing { .. } = self.state {
            if code >= CloseCode::FIRST {
                self.end(EndReason::Left);
            }
            return;
        }
        if CloseCode::may_return(code) {
            self.reconnect_later(now);
            if code < CloseCode::FIRST {
                self.connect(now);
            }
            return;
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

    /// Closes or leaves the room, after sending what is queued, and ends the session.
    pub(super) fn close(&mut self, now: Timestamp) {
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
                self.end_connection(EndReason::Left);
            }
        }
    }

    /// Closes the connection and ends the session.
    #[inline(never)]
    pub(super) fn end_connection(&mut self, reason: EndReason) {
        self.outputs.push_back(Output::Disconnect);
        self.end(reason);
    }

    /// Ends the session for good.
    pub(super) fn end(&mut self, reason: EndReason) {
        self.moments.ended();
        self.state = State::Closed;
        self.set_status(SessionStatus::Closed);
        self.event(Event::Ended(reason));
    }
}

/// The refusal that stands for any other close code after which a client may not come back.
fn closed_for_good(code: u16) -> Refusal {
    let mut message = String::from("the server closed the connection for good, with code ");
    write_number(&mut message, code.into());
    Refusal { code: "closed".to_owned(), message, id: None, retry_after_ms: None }
}
