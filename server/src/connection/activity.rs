//! When a connection last showed signs of life, and what is due because of that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtbroadcaster_protocol::{CloseCode, Limits, Timestamp};

use crate::atomic_option::AtomicOption;
use crate::clock::Clock;

/// What is due for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A ping.
    Ping,
    /// Its end: the client is silent, or takes nothing.
    End(CloseCode),
}

/// What is known of a client's activity. Written by the connection's task and by fan-outs, read by the
/// sweep.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Timestamp,
    /// The client was let into a room.
    has_entered: AtomicBool,
    /// The connection is an owner's and isn't read for now, so its client's silence says nothing.
    owner_waits: AtomicBool,
    /// A fan-out had an action for the client that the connection's own task is to write.
    was_passed_over: AtomicBool,
    /// When anything was last received of the client, in milliseconds.
    last_received_at: AtomicU64,
    /// When the client was last sent a ping, in milliseconds.
    pinged_at: AtomicU64,
    /// Since when the client takes nothing.
    blocked_since: AtomicOption<Timestamp>,
}

impl Activity {
    pub(super) fn new(opened: Timestamp) -> Self {
        Self {
            opened,
            has_entered: AtomicBool::new(false),
            owner_waits: AtomicBool::new(false),
            was_passed_over: AtomicBool::new(false),
            last_received_at: AtomicU64::new(opened.0),
            pinged_at: AtomicU64::new(opened.0),
            blocked_since: AtomicOption::none(),
        }
    }

    /// Something was received of the client.
    pub(super) fn note_received(&self, now: Timestamp) {
        self.last_received_at.store(now.0, Ordering::Relaxed);
    }

    /// The client was let into a room.
    pub(super) fn note_entered(&self) {
        self.has_entered.store(true, Ordering::Relaxed);
    }

    /// Sets whether the connection is an owner's that isn't read for now.
    pub(super) fn set_owner_waits(&self, waits: bool) {
        self.owner_waits.store(waits, Ordering::Relaxed);
    }

    /// Whether the connection is an owner's that isn't read for now.
    pub(super) fn owner_waits(&self) -> bool {
        self.owner_waits.load(Ordering::Relaxed)
    }

    /// The client takes nothing more for now. Only the holder of the state's lock calls this and the two
    /// below.
    pub(super) fn note_blocked(&self, clock: Clock) {
        // Keeps the first moment: the time since then is what counts.
        if self.blocked_since.load().is_none() {
            self.blocked_since.store(Some(clock.now()));
        }
    }

    /// The client has taken some of what it was blocked on: it is slow, not gone.
    pub(super) fn note_progress(&self, clock: Clock) {
        if self.blocked_since.load().is_some() {
            let now = clock.now();
            self.blocked_since.store(Some(now));
            self.note_received(now);
        }
    }

    /// Nothing is left for the client to take.
    pub(super) fn note_unblocked(&self) {
        self.blocked_since.store(None);
    }

    /// A fan-out leaves an action to the connection's own task.
    pub(super) fn note_passed_over(&self) {
        self.was_passed_over.store(true, Ordering::Relaxed);
    }

    /// Whether a fan-out has left an action to the connection's own task since this was last asked.
    pub(super) fn take_passed_over(&self) -> bool {
        let was_passed_over = self.was_passed_over.load(Ordering::Relaxed);
        if was_passed_over {
            self.was_passed_over.store(false, Ordering::Relaxed);
        }
        was_passed_over
    }

    /// What is due now. A ping counts as sent from then on.
    pub(super) fn take_due(&self, now: Timestamp, limits: &Limits) -> Option<Due> {
        let since = |moment: &AtomicU64| now.since(Timestamp(moment.load(Ordering::Relaxed)));
        let is_stalled =
            self.blocked_since.load().is_some_and(|since| now.since(since) >= limits.stall_timeout_ms);
        let has_entered = self.has_entered.load(Ordering::Relaxed);
        if !has_entered && now.since(self.opened) >= limits.handshake_timeout_ms {
            Some(Due::End(CloseCode::HandshakeTimeout))
        } else if since(&self.last_received_at) >= limits.idle_timeout_ms {
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
        Limits {
            handshake_timeout_ms: 100,
            ping_interval_ms: 250,
            idle_timeout_ms: 600,
            stall_timeout_ms: 300,
            ..Limits::default()
        }
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
        // Its first moment counts, which is close to 0.
        activity.note_blocked(Clock::start());
        let end = Some(Due::End(CloseCode::TooSlow));
        assert_eq!(activity.take_due(Timestamp(599), &limits), end);
        activity.note_unblocked();
        assert_eq!(activity.take_due(Timestamp(599), &limits), Some(Due::Ping));
    }
}
