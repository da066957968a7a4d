//! A connection's signs of life, and what is due when they are missing. Connections write it, and
//! the sweep asks it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtbroadcaster_protocol::{CloseCode, Limits, Timestamp};

use crate::atomic_option::AtomicOption;
use crate::clock::Clock;

/// What is due for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A ping.
    Ping,
    /// The end of the connection: its client is silent or takes no bytes.
    End(CloseCode),
}

/// A client's activity. The connection's task and fan-outs write it; the sweep reads it.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Timestamp,
    /// The client was let into a room.
    has_entered: AtomicBool,
    /// The application decides about the client, which isn't read meanwhile.
    awaits_decision: AtomicBool,
    /// The owner's connection isn't read for now, so its silence means nothing.
    owner_waits: AtomicBool,
    /// When the client last sent anything, in milliseconds.
    last_received_at: AtomicU64,
    /// When the client was last sent a ping, in milliseconds.
    pinged_at: AtomicU64,
    /// The client has taken no bytes since this moment. None if nothing waits for it.
    blocked_since: AtomicOption<Timestamp>,
}

impl Activity {
    pub(super) fn new(opened: Timestamp) -> Self {
        Self {
            opened,
            has_entered: AtomicBool::new(false),
            awaits_decision: AtomicBool::new(false),
            owner_waits: AtomicBool::new(false),
            last_received_at: AtomicU64::new(opened.0),
            pinged_at: AtomicU64::new(opened.0),
            blocked_since: AtomicOption::none(),
        }
    }

    /// Notes that the client has sent something.
    pub(super) fn note_received(&self, now: Timestamp) {
        self.last_received_at.store(now.0, Ordering::Relaxed);
    }

    /// Notes that the client was let into a room.
    pub(super) fn note_entered(&self) {
        self.has_entered.store(true, Ordering::Relaxed);
    }

    /// Sets whether the application decides about the client. Then the client isn't the one that
    /// takes its time.
    pub(super) fn set_awaits_decision(&self, awaits: bool) {
        self.awaits_decision.store(awaits, Ordering::Relaxed);
    }

    /// Sets whether this is an owner's connection that isn't read for now.
    pub(super) fn set_owner_waits(&self, waits: bool) {
        self.owner_waits.store(waits, Ordering::Relaxed);
    }

    /// Whether this is an owner's connection that isn't read for now.
    pub(super) fn owner_waits(&self) -> bool {
        self.owner_waits.load(Ordering::Relaxed)
    }

    /// Notes that the client takes no more bytes for now. Only the holder of the state's lock calls
    /// this and the next two.
    pub(super) fn note_blocked(&self, clock: Clock) {
        // Keeps the first moment: the time since then is what counts.
        if self.blocked_since.load().is_none() {
            self.blocked_since.store(Some(clock.now()));
        }
    }

    /// Notes that the client has taken some of the waiting bytes: it is slow, not gone.
    pub(super) fn note_progress(&self, clock: Clock) {
        if self.blocked_since.load().is_some() {
            let now = clock.now();
            self.blocked_since.store(Some(now));
            self.note_received(now);
        }
    }

    /// Notes that no bytes wait for the client.
    pub(super) fn note_unblocked(&self) {
        self.blocked_since.store(None);
    }

    /// Returns what is due now. A returned ping counts as sent.
    pub(super) fn take_due(&self, now: Timestamp, limits: &Limits) -> Option<Due> {
        let since = |moment: &AtomicU64| now.since(Timestamp(moment.load(Ordering::Relaxed)));
        let is_stalled =
            self.blocked_since.load().is_some_and(|since| now.since(since) >= limits.stall_timeout_ms);
        let has_entered = self.has_entered.load(Ordering::Relaxed);
        let awaits_decision = self.awaits_decision.load(Ordering::Relaxed);
        if !has_entered && !awaits_decision && now.since(self.opened) >= limits.handshake_timeout_ms {
            Some(Due::End(CloseCode::HandshakeTimeout))
        } else if !awaits_decision && since(&self.last_received_at) >= limits.idle_timeout_ms {
            Some(Due::End(CloseCode::IdleTimeout))
        } else if is_stalled {
            Some(Due::End(CloseCode::TooSlow))
        } else if since(&self.pinged_at) >= limits.ping_interval_ms {
            self.pinged_at.store(now.0, Ordering::Relaxed);
            Some(Due::Ping)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::default().with(|limits| {
            limits.handshake_timeout_ms = 100;
            limits.ping_interval_ms = 250;
            limits.idle_timeout_ms = 600;
            limits.stall_timeout_ms = 300;
        })
    }

    #[test]
    fn a_client_that_enters_no_room_in_time_is_ended() {
        let (activity, limits) = (Activity::new(Timestamp(1_000)), limits());
        assert_eq!(activity.take_due(Timestamp(1_099), &limits), None);
        let end = Some(Due::End(CloseCode::HandshakeTimeout));
        assert_eq!(activity.take_due(Timestamp(1_100), &limits), end);
        activity.note_entered();
        assert_eq!(activity.take_due(Timestamp(1_100), &limits), None);
    }

    #[test]
    fn a_silent_client_is_pinged_and_then_ended() {
        let (activity, limits) = (Activity::new(Timestamp(0)), limits());
        activity.note_entered();
        assert_eq!(activity.take_due(Timestamp(250), &limits), Some(Due::Ping));
        assert_eq!(activity.take_due(Timestamp(251), &limits), None, "one ping at a time");
        assert_eq!(activity.take_due(Timestamp(500), &limits), Some(Due::Ping));
        activity.note_received(Timestamp(510));
        assert_eq!(activity.take_due(Timestamp(700), &limits), None);
        let end = Some(Due::End(CloseCode::IdleTimeout));
        assert_eq!(activity.take_due(Timestamp(1_110), &limits), end);
    }

    #[test]
    fn a_client_that_takes_nothing_is_ended_and_a_slow_one_is_not() {
        let (activity, limits) = (Activity::new(Timestamp(0)), limits());
        activity.note_entered();
        // The clock has just started, so the client is blocked from a moment close to 0 on.
        activity.note_blocked(Clock::start());
        let end = Some(Due::End(CloseCode::TooSlow));
        assert_eq!(activity.take_due(Timestamp(599), &limits), end);
        activity.note_unblocked();
        assert_eq!(activity.take_due(Timestamp(599), &limits), Some(Due::Ping));
    }
}
