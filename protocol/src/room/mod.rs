//! A room: a log of actions, the state that it retains, and who owns it. Connections reach it
//! through [`Peer`](crate::Peer), posts through [`Post`]; the server looks after it with
//! [`Room::tick`].

mod audience;
mod followers;
mod following;
mod id;
mod log;
mod memory;
mod memory_use;
mod ownership;
mod post;
mod report;
mod serving;
mod table;

use std::sync::Arc;

use crate::mutation::mutated;
use crate::{
    Action, Audience, Claim, CloseCode, Delay, Limits, OwnerPresence, Refusal, RefusalCode, Timestamp, render,
};

use audience::AudienceCount;
use followers::Followers;
use log::Log;
use log::slots::Slots;
use memory::Account;
use ownership::Ownership;
use ownership::pace::Pace;

pub use followers::{Lag, LagReport};
pub use id::RoomId;
pub(crate) use log::MAX_FRAME_BYTES;
pub use log::{Contents, Cursor, Frame};
pub use memory::Memory;
pub use ownership::{Answer, Claimed, EntryError, KeyDigest, RecordedAnswer};
pub use post::{Post, Posted};
pub use report::RoomReport;
pub use table::Rooms;

/// What became of an owner's action that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was appended to the log, at this seq.
    Appended(u64),
    /// The room had answered it already. Nothing was appended.
    Duplicate,
}

/// A room keeps at most this many bytes to render the next message in. Most messages take less, and
/// a server may have many rooms.
const MAX_RENDER_BUFFER_BYTES: usize = 4 * 1024;

/// A room. The server keeps each behind a lock.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    uuid: String,
    limits: Limits,
    /// The log for clients that speak session fields. It is always kept.
    compact: Log,
    /// The log for all other clients. It starts at the head when the first of them joins, and ends
    /// with the last.
    original: Option<Log>,
    slots: Slots,
    owner: Ownership,
    pace: Pace,
    account: Account,
    followers: Followers,
    audience: AudienceCount,
    /// Whether followers are told how many follow.
    shares_audience: bool,
    /// Followers are still served what they have not been served yet. Nothing else is possible.
    is_closed: bool,
    /// The head when [`Room::lag_if_due`] last looked at the followers.
    lag_checked_at: u64,
    /// See [`Room::version`].
    version: u64,
    /// See [`Room::owner_version`].
    owner_version: u64,
    /// The earliest moment at which the caller was asked to call [`Room::tick`].
    alarm: Option<Timestamp>,
    /// A message is rendered here before it is appended. Kept for its memory, up to
    /// [`MAX_RENDER_BUFFER_BYTES`].
    render_buffer: String,
}

impl Room {
    /// A new room in epoch 1, whose owner has a connection. `session` is the owner's.
    #[must_use]
    pub fn new(id: RoomId, key: KeyDigest, session: Option<&str>, limits: Limits) -> Self {
        Self {
            id,
            uuid: id.to_string(),
            compact: Log::new(0, &limits),
            original: None,
            slots: Slots::default(),
            owner: Ownership::new(key, session, limits.ring_actions),
            pace: Pace::new(&limits),
            account: Account::new(Arc::new(Memory::unlimited())),
            followers: Followers::default(),
            audience: AudienceCount::default(),
            shares_audience: false,
            is_closed: false,
            lag_checked_at: 0,
            version: 0,
            owner_version: 0,
            alarm: None,
            render_buffer: String::new(),
            limits,
        }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The room's id, as messages write it.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The bounds that the room keeps.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The seq of the newest action; 0 before the first.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.compact.head()
    }

    /// The number of the claim of ownership that is in force.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.owner.epoch()
    }

    /// How many followers the room has.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.followers.len()
    }

    /// A number that grows whenever there may be something new to send to followers.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A number that grows whenever there may be something new to send to the owner's connection.
    #[must_use]
    pub fn owner_version(&self) -> u64 {
        self.owner_version
    }

    /// Whether the owner has a connection.
    #[must_use]
    pub fn owner_presence(&self) -> OwnerPresence {
        self.owner.presence()
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
        self.shares_audience = shares;
    }

    /// Closes the room. Followers are served everything that was appended before, so that no
    /// acknowledged action is lost, and then the end. Nobody can enter any more.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.version += 1;
        self.owner_version += 1;
    }

    /// Whether the room is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// When [`Room::tick`] is to be called. To be asked after every change of the room. None if
    /// nothing is due, or if an earlier answer still holds.
    pub fn take_alarm(&mut self) -> Option<Timestamp> {
        let grace_ends = self.owner.away_since().map(|since| since.after(self.limits.owner_grace_ms));
        let due = [self.audience.due(), grace_ends].into_iter().flatten().min()?;
        if self.alarm.is_some_and(|alarm| alarm <= due) {
            return None;
        }
        self.alarm = Some(due);
        Some(due)
    }

    /// Does what is due. Returns false if the owner has been away for the whole grace: the room is
    /// closed then, and the caller removes it from the table.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if self.alarm.is_some_and(|alarm| alarm <= now) {
            self.alarm = None;
        }
        if self.audience.count(now, &self.followers, self.compact.head()) {
            self.owner_version += 1;
            if self.shares_audience {
                self.version += 1;
            }
        }
        let may_go_on = |since| now.since(since) < self.limits.owner_grace_ms || mutated!(IgnoreGrace);
        let goes_on = self.owner.away_since().is_none_or(may_go_on);
        if !goes_on {
            // Close at once, so that no claim comes in between.
            self.close();
        }
        goes_on
    }

    /// Whether neither owner nor followers are in the room. Where there are too many rooms, such a
    /// room is missed least.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.owner.away_since().is_some() && self.followers.len() == 0
    }

    /// How long the owner is not to be read, because it sent too much in too short a time. None if
    /// it may be read. The caller asks before or after each action: [`Room::action`] refuses none
    /// for being too fast.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Delay> {
        self.pace.pause(now)
    }

    /// Appends the owner's action, and retains it if it is a state message. `id` is the action's
    /// number within the owner's session.
    ///
    /// # Errors
    /// The action then counts as answered and takes no seq.
    ///
    /// - `too_many_slots`: its slot is new, and the room has all the slots it may have.
    /// - `state_too_large`: the state messages would be too large, or the server has no memory for
    ///   them.
    pub fn action(
        &mut self,
        id: Option<u64>,
        action: Action<&str>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if self.owner.has_answered(id) {
            return Ok(Accepted::Duplicate);
        }
        let Action { key, params, slot } = action;
        self.pace.spend(key.len() + params.len() + slot.map_or(0, str::len), &self.limits, now);
        if let Some(slot) = slot
            && let Err(code) = self.slots.check_limits(slot, action, &self.limits)
        {
            return Err(self.refuse(id, code.into()));
        }
        if let Some(slot) = slot
            && let Err(refusal) = self.check_memory_for(slot, action)
        {
            return Err(self.refuse(id, refusal));
        }
        let seq = self.append(
            id,
            |out, seq| render::compact_logged(out, seq, action),
            |out, uuid| render::original_action(out, uuid, action),
        );
        if let Some(slot) = slot {
            self.slots.set(seq, slot, action);
            self.update_memory_use();
        }
        Ok(Accepted::Appended(seq))
    }

    /// Clears a slot and appends that to the log. Followers that speak session fields are told; for
    /// others the slot is only missing from later snapshots. `id` is as for an action.
    pub fn clear(&mut self, id: Option<u64>, slot: &str, now: Timestamp) -> Accepted {
        if self.owner.has_answered(id) {
            return Accepted::Duplicate;
        }
        self.pace.spend(slot.len(), &self.limits, now);
        if !mutated!(KeepClearedSlot) {
            self.slots.clear(slot);
        }
        Accepted::Appended(self.append(id, |out, seq| render::compact_cleared(out, seq, slot), |_, _| ()))
    }

    /// Records that an action of the owner is answered by a refusal, so that it is never appended
    /// later. Returns the refusal with the action's id in it.
    pub fn refuse(&mut self, id: Option<u64>, refusal: Refusal) -> Refusal {
        let refusal = Refusal { id, ..refusal };
        self.owner.record_refusal(id, &refusal);
        self.update_memory_use();
        refusal
    }

    /// The answers to the owner's actions after `id`.
    #[must_use]
    pub fn answers_after(&self, id: u64) -> Vec<Answer> {
        self.owner.answers().answers_after(id)
    }

    /// Grants ownership to the bearer of the owner key. The former owner's epoch is over then.
    ///
    /// # Errors
    /// - `wrong_owner_key`: the key isn't the room's.
    /// - `unknown_room`: the room is closed.
    /// - [`EntryError::Superseded`]: another session has claimed the room since this one held it.
    pub fn claim(&mut self, key: &KeyDigest, claim: &Claim<'_>) -> Result<Claimed, EntryError> {
        self.check_open()?;
        let claimed = self.owner.claim(key, claim)?;
        self.version += 1;
        self.owner_version += u64::from(!mutated!(ForgetToFence));
        Ok(claimed)
    }

    /// Does something as the owner under `epoch`.
    ///
    /// # Errors
    /// - `RoomClosed`: the room is closed.
    /// - `Superseded`: a newer claim is in force.
    pub fn as_owner<R>(&mut self, epoch: u64, act: impl FnOnce(&mut Self) -> R) -> Result<R, CloseCode> {
        if self.is_closed {
            Err(CloseCode::RoomClosed)
        } else if epoch != self.owner.epoch() && !mutated!(ForgetEpoch) {
            Err(CloseCode::Superseded)
        } else {
            Ok(act(self))
        }
    }

    /// Notes that the connection that held `epoch` is gone. If `epoch` is in force, the owner is
    /// away from now on.
    pub fn owner_left(&mut self, epoch: u64, now: Timestamp) {
        if self.owner.leave(epoch, now) {
            self.version += 1;
        }
    }

    fn check_open(&self) -> Result<(), RefusalCode> {
        if self.is_closed { Err(RefusalCode::UnknownRoom) } else { Ok(()) }
    }

    /// Appends an action to the log in each rendering, and returns its seq. The log grows here and
    /// nowhere else.
    fn append(
        &mut self,
        id: Option<u64>,
        compact: impl FnOnce(&mut String, u64),
        original: impl FnOnce(&mut String, &str),
    ) -> u64 {
        let seq = self.compact.head() + 1;
        self.limit_rings();
        self.render_buffer.clear();
        compact(&mut self.render_buffer, seq);
        self.compact.append(&self.render_buffer);
        if let Some(log) = &mut self.original {
            self.render_buffer.clear();
            original(&mut self.render_buffer, &self.uuid);
            if !self.render_buffer.is_empty() || !mutated!(OriginalLogOutOfStep) {
                log.append(&self.render_buffer);
            }
        }
        if self.render_buffer.capacity() > MAX_RENDER_BUFFER_BYTES {
            self.render_buffer = String::new();
        }
        self.owner.record_appended(id, seq);
        self.update_memory_use();
        self.audience.note_change();
        self.version += u64::from(!mutated!(WakeNobody));
        seq
    }
}

#[cfg(test)]
mod tests;
