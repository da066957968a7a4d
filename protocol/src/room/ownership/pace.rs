//! How fast an owner may send actions. [`Peer`](crate::Peer) and the posts of plain HTTP wait for
//! as long as [`Room::pause`](crate::Room::pause) says.
//!
//! An owner that is too fast is refused nothing. It isn't read for a moment, and TCP slows it down.
//! A refused action would have to be sent again, behind the later ones, and the order would be lost
//! (G2).

use crate::{Delay, Limits, Rate, Timestamp, TokenBucket};

/// How much an owner has sent recently. It belongs to the room, so that a new connection doesn't
/// start with a full bucket.
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

    /// Counts one more action of the owner, with this many bytes.
    pub(crate) fn spend(&mut self, bytes: usize, limits: &Limits, now: Timestamp) {
        self.actions.take_with_debt(1, actions_rate(limits), now);
        self.bytes.take_with_debt(bytes as u64, bytes_rate(limits), now);
    }

    /// How long the owner is not to be read. At most a second, and a little longer after an action
    /// that was larger than a message may be.
    pub(crate) fn pause(&self, now: Timestamp) -> Option<Delay> {
        self.actions.debt(now).max(self.bytes.debt(now))
    }
}

fn actions_rate(limits: &Limits) -> Rate {
    Rate::per_second(limits.owner_actions_per_second)
}

/// At least one message of the largest size, so that no pause is longer than a second. A page that
/// hears nothing for long takes its connection for lost.
fn bytes_rate(limits: &Limits) -> Rate {
    Rate::per_second(limits.owner_bytes_per_second.max(limits.message_bytes as u64))
}
