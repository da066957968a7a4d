//! How fast an owner may be.
//!
//! An owner that is too fast is not refused anything: it isn't listened to for a moment, and TCP slows it down. A refusal
//! would have to be sent again as something else, behind what was sent after it, and the order would be lost (G2).

use crate::{Delay, Limits, Rate, Timestamp, TokenBucket};

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
        self.actions.take_with_debt(1, actions_rate(limits), now);
        self.bytes.take_with_debt(bytes as u64, bytes_rate(limits), now);
    }

    /// How long its owner is not to be read; at most a second, and somewhat longer after an action
    /// that was larger than one message may be.
    pub(crate) fn pause(&self, now: Timestamp) -> Option<Delay> {
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
