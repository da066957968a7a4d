//! How a session gets its connections, loses them and ends: the first message, reconnecting,
//! closing.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{EndReason, Event, Output, Session, SessionStatus, State, rendered};
use crate::wire::json_writer::write_number;
use crate::wire::render::FirstMessage;
use crate::{CloseCode, PROTOCOL_VERSION, Refusal, RefusalCode, Timestamp, render};

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
    /// The message that asks for the room, as text.
    pub(super) fn first_message(&self) -> String {
        let claims = self.uuid.is_some() && self.owner_key.is_some();
        let owns = claims || self.uuid.is_none();
        rendered(|text| {
            render::first_message(
                text,
                &FirstMessage {
                    uuid: self.uuid.as_deref(),
                    version: Some(PROTOCOL_VERSION),
                    // A claim sends 0 as long as the snapshot was not complete. The same session
                    // may have claimed before, and lost the connection during the snapshot.
                    since: if claims { (!self.has_entered).then_some(0) } else { self.progress.applied() },
                    owner_key: self.owner_key.as_deref(),
                    invite: None,
                    takes_nothing: false,
                    session: (owns || self.name.is_some()).then_some(&self.session),
                    acknowledged: claims.then(|| self.outbox.acknowledged()),
                    epoch: self.epoch.filter(|_| claims),
                    share_audience: owns && self.share_audience,
                    code: self.wants_code && self.uuid.is_none(),
                    clock: self.wants_clock,
                    share_roster: owns && self.share_roster,
                    record: None,
                    name: self.name.as_deref().filter(|_| !owns),
                    token: self.token.as_deref(),
                },
            );
        })
    }

    /// Asks for a socket.
    pub(super) fn connect(&mut self, now: Timestamp) {
        self.state = State::Connecting { deadline: now.after(ENTRY_TIMEOUT_MS) };
        self.outputs.push_back(Output::Connect);
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

    fn wait_until(&mut self, until: Timestamp) {
        // An incomplete snapshot is worth nothing: the next one starts over.
        self.progress.connection_lost();
        self.moments.disconnected();
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
