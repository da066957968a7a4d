//! How somebody gets a key of a room: the creator invites it, or it asks.

use crate::mutation::mutated;
use crate::room::members::{InvitedMember, Member};
use crate::room::{KeyDigest, Record, Room};
use crate::{Refusal, RefusalCode, Timestamp};

/// For how long a key may be good, in milliseconds: 30 days.
const MAX_EXPIRES_MS: u64 = 30 * 24 * 3_600_000;

impl Room {
    /// Makes a key good, for the creator. Returns the seat of its bearer. `random` decides in which
    /// order the room gives out its numbers, if none was given out yet.
    ///
    /// # Errors
    /// - `malformed`: the name is none, the key is the owner key, or it is to be good for too long.
    /// - `forbidden`: the server lets nobody be invited.
    /// - `room_full`: the room has all the members it may have.
    pub(crate) fn invite(
        &mut self,
        key: KeyDigest,
        name: Option<&str>,
        expires_ms: Option<u64>,
        random: u64,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
        if let Some(member) = self.members.guest_with_key(&key).filter(|member| member.is_member) {
            return Ok(member.seat);
        }
        if self.owner.is_key(&key) {
            return Err(one_key());
        }
        // Its request waits: it is invited instead.
        let known = self.members.guest_with_key(&key).map(|member| member.seat);
        name.map_or(Ok(()), |name| self.check_name(name))?;
        if expires_ms.is_some_and(|expires| expires == 0 || expires > MAX_EXPIRES_MS) {
            let message = format!("\"expires\" must be from 1 to {MAX_EXPIRES_MS} ms, which are 30 days");
            return Err(Refusal::with_message(RefusalCode::Malformed, message));
        }
        self.check_members(false, self.limits.members_per_room)?;
        let seat = known.unwrap_or_else(|| self.new_seat(random));
        let wall_ms = self.clock_start_ms.saturating_add(now.0);
        let invited = InvitedMember {
            seat,
            key,
            name: name.map(Into::into),
            expires_ms: expires_ms.map(|expires| wall_ms.saturating_add(expires)),
            turn_ended: None,
        };
        self.stage(&Record::Invited(invited.clone()));
        self.members.restore_invited(&invited);
        self.update_memory_use();
        Ok(seat)
    }

    /// Notes that a follower asks for the right to write. It is told to the driver and the creator.
    /// Returns its seat, which is `seat` if it has one already, and the number of its request.
    ///
    /// # Errors
    /// - `malformed`: the name is none, or it is the owner key.
    /// - `forbidden`: the server lets nobody ask.
    /// - `room_full`: as many requests wait as may wait.
    pub(crate) fn request(
        &mut self,
        key: KeyDigest,
        name: Option<&str>,
        seat: Option<u32>,
        random: u64,
        now: Timestamp,
    ) -> Result<(u32, u64), Refusal> {
        if self.owner.is_key(&key) {
            return Err(one_key());
        }
        let known = self.members.guest_with_key(&key);
        if let Some(member) = known.filter(|member| member.is_waiting()) {
            return Ok((member.seat, member.request));
        }
        let known = known.map(|member| member.seat);
        name.map_or(Ok(()), |name| self.check_name(name))?;
        self.check_members(true, self.limits.requests_per_room)?;
        let seat = known.unwrap_or_else(|| {
            let name = name.or_else(|| self.name_of_seat(seat?)).map(str::to_owned);
            let free = seat.filter(|seat| self.members.pages(*seat).is_none());
            let seat = free.unwrap_or_else(|| self.new_seat(random));
            let invited =
                InvitedMember { seat, key, name: name.map(Into::into), expires_ms: None, turn_ended: None };
            self.members.guests.push(Member { is_member: false, ..Member::new(&invited) });
            seat
        });
        self.members.requests += 1;
        let (number, until) = (self.members.requests, now.after(self.limits.request_ms));
        if let Some(member) = self.members.guest_mut(seat) {
            (member.request, member.waits_until) = (number, Some(until));
        }
        self.version += 1;
        self.owner_version += 1;
        self.update_memory_use();
        Ok((seat, number))
    }

    /// Checks that who has a seat asks with the key of that seat.
    ///
    /// # Errors
    /// `malformed`: it is another key.
    pub(crate) fn check_own_key(&self, key: &KeyDigest, seat: u32) -> Result<(), Refusal> {
        let guest = self.members.guest_with_key(key).filter(|guest| guest.seat == seat);
        guest.map(|_| ()).ok_or_else(one_key)
    }

    /// Whether a request waits no longer, and was not accepted.
    pub(crate) fn is_refused(&self, seat: u32, request: u64) -> bool {
        let member = self.members.guest(seat);
        let waits = member.is_some_and(|member| member.request == request && member.is_waiting());
        !waits && self.members.pen() != seat
    }

    /// Refuses the request of a seat, for the driver or the creator.
    pub(crate) fn refuse_request(&mut self, seat: u64) {
        if let Some(seat) = u32::try_from(seat).ok().filter(|_| !mutated!(ForgetRefusedRequest)) {
            self.members.counts.refused += u64::from(self.end_request(seat));
        }
    }

    /// Makes the key of a seat good no longer, for the creator. One that is gone already is none.
    pub(crate) fn revoke(&mut self, seat: u64, now: Timestamp) {
        let seat = u32::try_from(seat).ok().filter(|seat| self.members.guest(*seat).is_some());
        if let Some(seat) = seat.filter(|_| !mutated!(KeepRevokedSeat)) {
            self.end_membership(seat, now);
        }
    }

    /// The requests that wait and came after the one with this number: the number of each, the seat
    /// and the name. In their order.
    pub(crate) fn requests_after(&self, number: u64) -> Vec<(u64, u32, Option<&str>)> {
        if self.members.requests == number {
            return Vec::new();
        }
        let waiting =
            self.members.guests.iter().filter(|member| member.is_waiting() && member.request > number);
        let mut requests: Vec<_> =
            waiting.map(|member| (member.request, member.seat, member.name.as_deref())).collect();
        requests.sort_unstable_by_key(|(number, ..)| *number);
        requests
    }

    /// Checks that there may be one more member, or one more request.
    pub(in crate::room) fn check_members(&self, asks: bool, most: usize) -> Result<(), Refusal> {
        if most == 0 {
            let message = "this server hands no room over: its --members-per-room or --requests-per-room is 0, \
                           or it is a node of a cluster, where that is not possible yet";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        let count = self
            .members
            .guests
            .iter()
            .filter(|member| if asks { member.is_waiting() } else { member.is_member })
            .count();
        if count < most {
            return Ok(());
        }
        let message = if asks {
            format!("{count} requests wait, as many as may wait (--requests-per-room): ask again later")
        } else {
            format!("the room has {count} members, as many as it may have (--members-per-room): revoke one")
        };
        Err(Refusal::with_message(RefusalCode::RoomFull, message))
    }

    /// A number for a seat that nobody has.
    fn new_seat(&mut self, random: u64) -> u32 {
        loop {
            let seat = self.new_seat_number(random);
            if self.members.pages(seat).is_none() {
                return seat;
            }
        }
    }
}

fn one_key() -> Refusal {
    let message = "a page asks with one \"key\" for the right to write, its own if it has one";
    Refusal::with_message(RefusalCode::Malformed, message)
}
