//! What a session does when time has passed: attempts to connect, deadlines, heartbeats.

use super::connection::ASLEEP;
use super::{Buffered, EndReason, Identity, MAX_BUFFERED_BYTES, Session, State};
use crate::mutation::mutated;
use crate::{Timestamp, render};

/// How long the answer to a ping may take, in milliseconds.
const PONG_TIMEOUT_MS: u64 = 5_000;
/// How long to wait, in milliseconds, before asking whether the network has taken some of what
/// waits in the page.
const BUFFERED_PAUSE_MS: u64 = 50;

impl<P, I: Identity> Session<P, I> {
    /// When to come back with [`Input::Timeout`](super::Input::Timeout), if nothing else happens
    /// before. None if there is nothing to wait for.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        let moments = self.moments.next_timeout();
        let own = match self.state {
            State::Idle | State::Closed => return moments,
            State::Connecting { deadline } | State::Joining { deadline } | State::Closing { deadline } => {
                deadline
            }
            State::Waiting { until } => until,
            State::Live { last_received_at, pong_due, .. } => {
                let alive = pong_due.unwrap_or(last_received_at.after(self.limits.heartbeat_ms));
                let Buffered { bytes, reported_at } = self.buffered;
                if bytes < MAX_BUFFERED_BYTES || !self.outbox.has_unwritten() {
                    alive
                } else {
                    alive.min(reported_at.after(BUFFERED_PAUSE_MS))
                }
            }
        };
        let own = if self.has_entered { own } else { own.min(self.give_up_at) };
        Some(moments.map_or(own, |moments| moments.min(own)))
    }

    pub(super) fn timed_out(&mut self, now: Timestamp) {
        if !self.has_entered && now >= self.give_up_at {
            let reason = core::mem::replace(&mut self.last_failure, EndReason::ConnectionFailed);
            return self.end_connection(reason);
        }
        if self.moments.asks(now, self.pings + 1) {
            self.pings += 1;
            let number = self.pings;
            self.send(|text| render::time_ping(text, number));
        }
        match self.state {
            State::Connecting { deadline } | State::Joining { deadline } if now >= deadline => {
                self.give_up_connection(now, 0);
            }
            State::Waiting { until } if now >= until => self.connect(now),
            State::Closing { deadline } if now >= deadline => {
                self.end_connection(EndReason::Left);
            }
            State::Live { pong_due: Some(due), .. } if now >= due && !mutated!(IgnoreMissingPong) => {
                self.give_up_connection(now, 0);
            }
            State::Live { pong_due: None, last_received_at, .. }
                if now >= last_received_at.after(self.limits.heartbeat_ms) =>
            {
                self.ping(now);
            }
            _ => {}
        }
    }

    pub(super) fn wake(&mut self, now: Timestamp) {
        match self.state {
            State::Waiting { until } => {
                if until == ASLEEP {
                    self.give_up_at = now.after(self.connect_timeout_ms);
                }
                self.connect(now);
            }
            State::Live { pong_due: None, .. } => self.ping(now),
            _ => {}
        }
    }

    fn ping(&mut self, now: Timestamp) {
        if let State::Live { pong_due, .. } = &mut self.state {
            *pong_due = Some(now.after(PONG_TIMEOUT_MS));
            self.pings += 1;
            let number = self.pings;
            self.send(|text| render::client_number(text, "ping", number));
        }
    }
}
