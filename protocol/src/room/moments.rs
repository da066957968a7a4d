//! Actions that run at a moment of the server's clock: how far ahead they may be, and whether pages
//! are to know that clock.

use super::Room;
use super::record::Record;
use crate::{Refusal, RefusalCode, Timestamp};

impl Room {
    /// Whether the owner wants the room's pages to estimate the server's clock.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        self.has_clock
    }

    /// Sets whether the room's pages are to estimate the server's clock.
    pub fn want_clock(&mut self, wants: bool) {
        if std::mem::replace(&mut self.has_clock, wants) != wants {
            self.stage(&Record::HasClock(wants));
        }
    }

    /// Sets the moment at which the caller's clock started, in milliseconds since 1970. How far
    /// ahead the moments of actions are is judged by it.
    pub fn set_clock_start(&mut self, clock_start_ms: u64) {
        self.clock_start_ms = clock_start_ms;
    }

    /// Checks that the moment of an action isn't too far ahead. It may have passed: an owner that
    /// comes back sends its actions again.
    ///
    /// # Errors
    /// `malformed`: it is further ahead than it may be.
    pub(super) fn check_moment(&self, at: Option<u64>, now: Timestamp) -> Result<(), Refusal> {
        let horizon = self.limits.at_horizon_ms;
        let latest = self.clock_start_ms.saturating_add(now.0).saturating_add(horizon);
        if at.is_none_or(|at| at <= latest) {
            return Ok(());
        }
        let message = format!(
            "\"at\" is more than {horizon} ms ahead of the server's clock (--at-horizon-ms): send the \
             action later, and reckon \"at\" from the server's time in milliseconds since 1970"
        );
        Err(Refusal::with_message(RefusalCode::Malformed, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accepted, Action, KeyDigest, Limits, RoomId};

    #[test]
    fn a_moment_may_have_passed_and_be_at_most_so_far_ahead() {
        let limits = Limits::default().with(|limits| limits.at_horizon_ms = 500);
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, limits);
        room.set_clock_start(1_000_000);
        let mut act = |id, at| {
            let action = Action { key: "flash", params: "[]", slot: None, at: Some(at) };
            room.action(Some(id), action, Timestamp(20)).map_err(|refusal| (refusal.code, refusal.id))
        };
        assert_eq!(act(1, 7), Ok(Accepted::Appended(1)));
        assert_eq!(act(2, 1_000_520), Ok(Accepted::Appended(2)));
        assert_eq!(act(3, 1_000_521), Err(("malformed".to_owned(), Some(3))));
        assert_eq!(act(3, 1_000_520), Ok(Accepted::Duplicate), "the refusal was its answer");
    }
}
