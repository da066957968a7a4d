//! How the pen passes from one member to another.

use crate::mutation::mutated;
use crate::room::members::{HandOverCounts, Member, Members};
use crate::room::{Accepted, Record, Room};
use crate::{Driver, Entry, Refusal, RefusalCode, Timestamp, render};

impl Room {
    /// The seat that may write. 0 is the creator's.
    #[must_use]
    pub fn driver(&self) -> Driver {
        self.driver_of(self.members.pen)
    }

    /// How many members a room has beside its creator.
    #[must_use]
    pub fn guests(&self) -> usize {
        self.members.guests.iter().filter(|member| member.is_member).count()
    }

    /// How often the right to write was passed on since this was called last, and what became of
    /// requests for it.
    pub fn take_hand_over_counts(&mut self) -> HandOverCounts {
        std::mem::take(&mut self.members.counts)
    }

    /// Passes the pen to another member, for the one that has it. `id` is the action's number
    /// within its session. Nothing of that session is taken any more after it.
    ///
    /// # Errors
    /// The action then counts as answered and takes no seq.
    ///
    /// - `not_in_room`: no page of that seat is there.
    /// - `room_full`, `forbidden`: its request can't be accepted, because the room has all the
    ///   members it may have.
    pub fn pass(&mut self, id: Option<u64>, seat: u64, now: Timestamp) -> Result<Accepted, Refusal> {
        if self.owner.has_answered(id) {
            return Ok(Accepted::Duplicate);
        }
        self.pace.spend(0, &self.limits, now);
        let to = u32::try_from(seat).ok().filter(|seat| self.members.is_there(*seat));
        let Some(to) = to else { return Err(self.refuse(id, nobody_there(seat))) };
        if self.members.guest(to).is_some_and(|member| !member.is_member)
            && let Err(refusal) = self.check_members(false, self.limits.members_per_room)
        {
            return Err(self.refuse(id, refusal));
        }
        let seq = self.begin_turn_of(id, to);
        self.owner.expect_claim(now.after(self.limits.hand_over_ms));
        Ok(Accepted::Appended(seq))
    }

    /// Gives the creator the pen, for the creator. Returns the seq of the entry by which it got it.
    pub(crate) fn take_back(&mut self, now: Timestamp) -> u64 {
        if self.members.pen == 0 {
            return self.members.turn_began;
        }
        let seq = self.begin_turn_of(None, 0);
        self.owner.expect_claim(now.after(self.limits.hand_over_ms));
        seq
    }

    /// Begins the turn of a member. Whoever may write until now may not any more.
    pub(in crate::room) fn begin_turn_of(&mut self, id: Option<u64>, seat: u32) -> u64 {
        if let Some(member) = self.members.guest(seat).filter(|member| !member.is_member) {
            // Its request is accepted: from now on it is invited.
            let invited = Record::Invited(member.invited());
            if let Some(staging) = self.staging.as_mut() {
                staging.push(&invited);
            }
        }
        self.members.counts.passes += 1;
        let accepts = self.members.guest(seat).is_some_and(Member::is_waiting);
        self.members.counts.accepted += u64::from(accepts);
        let driver = self.driver_of(seat);
        self.append_entry(id, &Entry::Driver(driver))
    }

    /// Notes an entry by which a turn begins.
    pub(in crate::room) fn note_turn(&mut self, seq: u64, driver: &Driver) {
        self.members.begin_turn(seq, driver.seat);
        if !mutated!(ForgetToEndTurn) {
            self.owner.end_turn();
        }
        // The one that may not write any more is told.
        self.owner_version += 1;
    }

    /// Whether the right to write was passed on in this epoch, or since it ended. Whoever held the
    /// epoch enters anew then: it goes on unless another page has entered with the same key.
    #[must_use]
    pub fn was_passed(&self, epoch: u64) -> bool {
        self.owner.passed().is_some_and(|passed| epoch <= passed)
    }

    /// The entry by which the turn of this epoch ended, as messages have it. None if it ended in
    /// another way, and if another turn has ended since: who enters anew finds both in the log.
    pub(crate) fn turn_after(&self, epoch: u64) -> Option<String> {
        let mut text = String::new();
        let entry = Entry::Driver(self.driver());
        render::logged_entry(&mut text, self.members.turn_began, &entry);
        (self.owner.passed() == Some(epoch)).then_some(text)
    }

    /// Ends the keys and requests that have expired.
    pub(in crate::room) fn tick_members(&mut self, now: Timestamp) {
        if self.is_closed {
            return;
        }
        let start = self.clock_start_ms;
        let has_ended = |members: &Members| {
            let mut ended =
                members.guests.iter().filter(|member| member.ends(start).is_some_and(|ends| ends <= now));
            ended.next().map(|member| member.seat)
        };
        while let Some(seat) = has_ended(&self.members) {
            self.members.counts.unanswered += u64::from(self.end_request(seat));
            if self.members.guest(seat).is_some_and(|member| member.has_expired(start, now)) {
                self.end_membership(seat, now);
            }
        }
    }

    /// Makes the key of a seat good no longer. If it has the pen, the creator gets that.
    pub(in crate::room) fn end_membership(&mut self, seat: u32, now: Timestamp) {
        if self.members.pen == seat && !mutated!(KeepRevokedDriver) {
            self.take_back(now);
        }
        if self.members.remove(seat).is_some_and(|member| member.is_member)
            && !mutated!(ForgetToRecordRevoked)
        {
            self.stage(&Record::Revoked(seat));
        }
        // Its connection is told, wherever it is served.
        self.version += 1;
        self.owner_version += 1;
        self.update_memory_use();
    }

    /// Ends the request of a seat. Who had no key before has none then. False if it has none.
    pub(in crate::room) fn end_request(&mut self, seat: u32) -> bool {
        let Some(member) = self.members.guest_mut(seat) else { return false };
        let was_waiting = member.waits_until.take().is_some();
        if was_waiting && !member.is_member {
            self.members.remove(seat);
            self.update_memory_use();
        }
        // Its connection is told, wherever it is served.
        self.version += 1;
        was_waiting
    }

    fn driver_of(&self, seat: u32) -> Driver {
        Driver { seat, name: self.members.guest(seat).and_then(|member| member.name.clone()) }
    }
}

fn nobody_there(seat: u64) -> Refusal {
    let message = format!(
        "no page of the seat {seat} is in the room: hand over once it is, or to somebody who is there"
    );
    Refusal::with_message(RefusalCode::NotInRoom, message)
}
