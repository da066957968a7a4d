//! How a room's log grows: actions and clears are checked, appended, retained and answered.

use super::Room;
use crate::mutation::mutated;
use crate::{Action, Answer, Delay, Entry, Refusal, Timestamp, render};

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

impl Room {
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
    /// - `malformed`: its moment is further ahead than it may be.
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
        let Action { key, params, slot, at } = action;
        self.pace.spend(key.len() + params.len() + slot.map_or(0, str::len), &self.limits, now);
        if let Err(refusal) = self.check_moment(at, now) {
            return Err(self.refuse(id, refusal));
        }
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
        Ok(Accepted::Appended(self.append_action(id, action)))
    }

    /// Appends an action that was accepted, and retains it.
    pub(super) fn append_action(&mut self, id: Option<u64>, action: Action<&str>) -> u64 {
        let seq = self.append(
            id,
            |out, seq| render::compact_logged(out, seq, action),
            |out, uuid| render::original_action(out, uuid, action),
        );
        if let Some(slot) = action.slot {
            self.slots.set(seq, slot, action);
            self.update_memory_use();
        }
        if let Some(staging) = &mut self.staging {
            staging.push_action(id, seq, action);
        }
        seq
    }

    /// Clears a slot and appends that to the log. Followers that speak session fields are told; for
    /// others the slot is only missing from later snapshots. `id` is as for an action.
    pub fn clear(&mut self, id: Option<u64>, slot: &str, now: Timestamp) -> Accepted {
        if self.owner.has_answered(id) {
            return Accepted::Duplicate;
        }
        self.pace.spend(slot.len(), &self.limits, now);
        Accepted::Appended(self.append_clear(id, slot))
    }

    /// Clears a slot and appends that.
    pub(super) fn append_clear(&mut self, id: Option<u64>, slot: &str) -> u64 {
        if !mutated!(KeepClearedSlot) {
            self.slots.clear(slot);
        }
        let seq = self.append(id, |out, seq| render::compact_cleared(out, seq, slot), |_, _| ());
        if let Some(staging) = &mut self.staging {
            staging.push_clear(id, seq, slot);
        }
        seq
    }

    /// Appends an entry and retains it. Clients without session fields are told nothing. `id` is as
    /// for an action.
    pub(super) fn append_entry(&mut self, id: Option<u64>, entry: &Entry) -> u64 {
        let seq = self.append(id, |out, seq| render::logged_entry(out, seq, entry), |_, _| ());
        self.retain_entry(seq, entry);
        if let Entry::Driver(driver) = entry {
            self.note_turn(seq, driver);
        }
        self.update_memory_use();
        if let Some(staging) = &mut self.staging
            && !mutated!(ForgetToRecordEntry)
        {
            staging.push_entry(id, seq, entry);
        }
        seq
    }

    /// Records that an action of the owner is answered by a refusal, so that it is never appended
    /// later. Returns the refusal with the action's id in it.
    pub fn refuse(&mut self, id: Option<u64>, refusal: Refusal) -> Refusal {
        let refusal = Refusal { id, ..refusal };
        if self.owner.record_refusal(id, &refusal) {
            if let Some(staging) = &mut self.staging {
                staging.push_refusal(&refusal);
            }
            self.update_memory_use();
        }
        refusal
    }

    /// The answers to the owner's actions after `id`.
    #[must_use]
    pub fn answers_after(&self, id: u64) -> Vec<Answer> {
        self.owner.answers().answers_after(id)
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
        // With a journal there is something new to serve only once it has kept the action.
        self.version += u64::from(self.staging.is_none() && !mutated!(WakeNobody));
        seq
    }
}
