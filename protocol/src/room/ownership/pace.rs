//! How fast an owner may be.
//!
//! An owner that is too fast is not refused anything: it isn't listened to for a moment, and TCP slows it down. A refusal
//! would have to be sent again as something else, behind what was sent after it, and the order would be lost (G2).

use crate::{Limits, Rate, Timestamp, TokenBucket};

/// How much an owner has asked for of late: belongs to the room, so that a new connection is no new beginning.
#[derive(Debug)]
pub(crate) struct Pace {
    actions: TokenBucket,
    bytes: TokenBucket,
}

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let start = Timestamp(0);
        Self {
            actions: TokenBucket::new(actions_rate(limits), start),
            bytes: TokenBucket::new(bytes_rate(limits), start),
        }
    }

    /// The owner has asked for one more action, with so many bytes.
    pub(crate) fn spend(&mut self, bytes: usize, limits: &Limits, now: Timestamp) {
        self.actions.owe(1, actions_rate(limits), now);
        self.bytes.owe(bytes as u64, bytes_rate(limits), now);
    }

    /// Milliseconds for which it is not to be listened to; at most a second, and then some for an action that was larger
    /// than one message may be.
    pub(crate) fn pause(&self, now: Timestamp) -> u64 {
        self.actions.debt(now).max(self.bytes.debt(now))
    }
}

fn actions_rate(limits: &Limits) -> Rate {
    Rate::per_second(limits.owner_actions_per_second)
}

/// Never so few that one message would be waited for longer than a second: a page that hears nothing takes its
/// connection for lost.
fn bytes_rate(limits: &Limits) -> Rate {
    Rate::per_second(limits.owner_bytes_per_second.max(limits.message_bytes as u64))
}
