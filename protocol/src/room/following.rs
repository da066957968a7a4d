//! How a room lets followers in and out, and whether its owner should wait for them.
//! [`Peer`](crate::Peer) calls this.

use super::Room;
use super::followers::{Lag, RingMarks};
use super::log::{Cursor, Log};
use super::record::Record;
use super::staging::RoomNotice;
use crate::mutation::mutated;
use crate::{Audience, RefusalCode, Rendering, Timestamp};

impl Room {
    /// How many followers the room has.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.followers.len()
    }

    /// How many follow, by the newest count.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience.current()
    }

    /// Whether followers are told how many follow.
    #[must_use]
    pub fn shares_audience(&self) -> bool {
        self.shares_audience
    }

    /// Sets whether followers are told how many follow.
    pub fn share_audience(&mut self, shares: bool) {
        if std::mem::replace(&mut self.shares_audience, shares) != shares {
            self.stage(&Record::SharesAudience(shares));
        }
    }

    /// Lets a follower in. `since` is the last seq that it was handed on an earlier connection; see
    /// [`Room::cursor`].
    ///
    /// # Errors
    /// - `room_full`: the room has all the followers it may have, or there is no memory for the
    ///   snapshot that this one needs.
    /// - `unknown_room`: the room is closed.
    pub fn join(&mut self, rendering: Rendering, since: Option<u64>) -> Result<Cursor, RefusalCode> {
        self.check_open()?;
        if self.followers.len() >= self.limits.followers_per_room && !mutated!(IgnoreRoomFull) {
            return Err(RefusalCode::RoomFull);
        }
        self.join_with_key(rendering, since)
    }

    /// Lets a follower in that has a key of the room. A full room has place for it: it may be the
    /// one that is to write next.
    ///
    /// # Errors
    /// Those of [`Room::join`], but that the room is full.
    pub(crate) fn join_with_key(
        &mut self,
        rendering: Rendering,
        since: Option<u64>,
    ) -> Result<Cursor, RefusalCode> {
        self.check_open()?;
        let resumes =
            since.is_some_and(|seq| rendering == Rendering::Compact && self.compact.reaches_back_to(seq));
        if !resumes && !self.has_memory_for_snapshot(rendering) {
            return Err(RefusalCode::RoomFull);
        }
        let head = self.compact.head();
        if rendering == Rendering::Original {
            self.original.get_or_insert_with(|| Log::new(head, &self.limits));
        }
        self.audience.note_change();
        let cursor = self.cursor(rendering, since);
        let follower = self.followers.add(rendering, cursor.seq());
        self.notice(RoomNotice::Joined { followers: self.followers.len() });
        Ok(Cursor { follower: Some(follower), ..cursor })
    }

    /// Removes a follower whose connection is gone. The original rendering ends with the last
    /// follower that needs it.
    pub fn leave(&mut self, cursor: &Cursor) {
        if let Some(follower) = cursor.follower.filter(|_| !mutated!(ForgetToLeave)) {
            self.followers.remove(follower, cursor.rendering);
            self.audience.note_change();
            if !self.is_closed {
                self.notice(RoomNotice::Left { followers: self.followers.len() });
            }
        }
        if self.followers.original() == 0 {
            self.original = None;
            self.update_memory_use();
        }
    }

    /// Moves a follower that joins the same room again to where a new one would start. It counts as
    /// the same follower.
    pub fn rejoin(&mut self, cursor: &mut Cursor, since: Option<u64>) {
        cursor.position = self.cursor(cursor.rendering, since).position;
        if let Some(follower) = cursor.follower {
            self.followers.reposition(follower, cursor.seq());
        }
    }

    /// Whether the owner should wait for its followers, or for its journal. The server then doesn't
    /// read the owner's socket, so that TCP slows the owner down. A slow follower is not waited
    /// for: it is resynced once it has fallen off the ring. A slow journal always is.
    pub fn lag(&mut self, now: Timestamp) -> Lag {
        let marks = self.ring_marks();
        let lag = self.followers.lag(marks, now);
        if self.durable < marks.half { Lag::Most } else { lag }
    }

    /// The same, to be asked after every frame of the owner. It looks at the followers only once a
    /// sixteenth of the ring is new.
    pub fn lag_if_due(&mut self, now: Timestamp) -> Lag {
        let head = self.compact.head();
        let ring_actions = head - self.compact.oldest_cursor();
        if head - self.lag_checked_at < (ring_actions / 16).max(1) {
            return Lag::No;
        }
        self.lag_checked_at = head;
        self.lag(now)
    }

    /// Stops waiting for the followers that lag now, for ten seconds: the owner has waited long
    /// enough.
    pub fn give_up_on_laggards(&mut self) {
        self.followers.give_up_on_laggards(self.ring_marks());
    }

    /// Notes that a follower has taken a part of what it was served: it is slow, not stalled.
    pub fn note_progress(&mut self, cursor: &Cursor) {
        if let Some(follower) = cursor.follower {
            self.followers.note_progress(follower);
        }
    }

    fn ring_marks(&self) -> RingMarks {
        RingMarks {
            half: self.compact.seq_behind_head(1, 2),
            three_quarters: self.compact.seq_behind_head(3, 4),
            full: self.compact.oldest_cursor(),
        }
    }
}
