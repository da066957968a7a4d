//! A room: a log of actions, the state that it retains, and who owns it.

use std::fmt;

use uuid::Uuid;

use crate::follower::{Cursor, Frame, Position, Rendering};
use crate::log::Log;
use crate::slots::Slots;
use crate::{Action, Limits, OwnerPresence, Refusal, RefusalCode, ServerMessage, Timestamp, render};

/// A room's uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Uuid);

impl RoomId {
    /// The id made of 128 bits, of which the caller drew 122 at random: a version 4 uuid (RFC 9562 section 5.4).
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        Self(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
    }

    /// The id that a client wrote: in any case, bare, hyphenated, in braces or as an URN, as the original took them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

/// A cryptographic digest of an owner key. The room keeps nothing else of the key, so comparing digests in ordinary
/// time tells an attacker nothing that helps to find the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyDigest(…)")
    }
}

/// What became of an owner's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is in the log, at this seq.
    Appended(u64),
    /// The room had it already.
    Duplicate,
}

/// A claim of ownership that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The claim's number: whoever acts under an older one is no longer the owner.
    pub epoch: u64,
    /// The highest id that the room has from the claiming session.
    pub answered: u64,
    /// Whether the session is another than before: a page that was loaded anew and knows nothing of the room.
    pub new_session: bool,
}

/// A room. Single-threaded and pure; the server puts each behind a lock.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    uuid: String,
    limits: Limits,
    /// For those who speak session fields; always kept.
    lean: Log,
    /// For everybody else: starts at the head when the first of them joins and ends with the last.
    whole: Option<Log>,
    slots: Slots,
    owner: Ownership,
    lean_followers: usize,
    whole_followers: usize,
    version: u64,
    /// Where a message is rendered before it is appended; kept for its memory.
    scratch: String,
}

#[derive(Debug)]
struct Ownership {
    key: KeyDigest,
    epoch: u64,
    session: Option<String>,
    /// The highest id of that session that was answered, be it by the log or by a refusal.
    answered: u64,
    away_since: Option<Timestamp>,
}

impl Room {
    /// A new room, whose owner is there, in epoch 1.
    #[must_use]
    pub fn new(id: RoomId, key: KeyDigest, session: Option<&str>, limits: Limits) -> Self {
        Self {
            id,
            uuid: id.to_string(),
            lean: Log::new(0, &limits),
            whole: None,
            slots: Slots::default(),
            owner: Ownership {
                key,
                epoch: 1,
                session: session.map(str::to_owned),
                answered: 0,
                away_since: None,
            },
            lean_followers: 0,
            whole_followers: 0,
            version: 0,
            scratch: String::new(),
            limits,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// Its id as it is written in messages.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The bounds it keeps.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The seq of its newest action; 0 before the first.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.lean.head()
    }

    /// Which claim of ownership is in force.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.owner.epoch
    }

    /// How many followers it has.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.lean_followers + self.whole_followers
    }

    /// A number that grows whenever some connection may have something new to be sent.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether its owner has a connection.
    #[must_use]
    pub fn owner_presence(&self) -> OwnerPresence {
        if self.owner.away_since.is_some() { OwnerPresence::Away } else { OwnerPresence::Here }
    }

    /// Appends the owner's action and retains it if it is a state message.
    ///
    /// # Errors
    /// `too_many_slots` or `state_too_large`; the action then counts as answered and takes no seq.
    pub fn action(&mut self, action: &Action<'_>) -> Result<Accepted, Refusal> {
        if !self.answer(action.id) {
            return Ok(Accepted::Duplicate);
        }
        let Action { key, params, slot, .. } = action;
        let slot = slot.as_deref();
        if let Some(slot) = slot {
            self.slots.admits(slot, key, params, &self.limits).map_err(|code| refused(code, action.id))?;
        }
        let seq = self.append(
            |out, seq| render::lean_logged(out, seq, key, params, slot),
            |out, uuid| render::whole_action(out, uuid, key, params, slot.is_some()),
        );
        if let Some(slot) = slot {
            self.slots.set(seq, slot, key, params);
        }
        Ok(Accepted::Appended(seq))
    }

    /// Forgets the state message of a slot and tells the followers that can be told. `id` as in an action.
    pub fn clear(&mut self, id: Option<u64>, slot: &str) -> Accepted {
        if !self.answer(id) {
            return Accepted::Duplicate;
        }
        self.slots.clear(slot);
        Accepted::Appended(self.append(|out, seq| render::lean_cleared(out, seq, slot), |_, _| ()))
    }

    /// Notes that an action of the owner is answered by a refusal, so that it is never taken later.
    pub fn refuse(&mut self, id: Option<u64>) {
        self.answer(id);
    }

    /// Grants ownership to whoever knows the key. From then on the former owner's epoch is over.
    ///
    /// # Errors
    /// `wrong_owner_key`.
    pub fn claim(&mut self, key: &KeyDigest, session: Option<&str>) -> Result<Claimed, RefusalCode> {
        if *key != self.owner.key {
            return Err(RefusalCode::WrongOwnerKey);
        }
        let new_session = session.is_none() || self.owner.session.as_deref() != session;
        if new_session {
            self.owner.session = session.map(str::to_owned);
            self.owner.answered = 0;
        }
        self.owner.epoch += 1;
        self.owner.away_since = None;
        self.version += 1;
        Ok(Claimed { epoch: self.owner.epoch, answered: self.owner.answered, new_session })
    }

    /// The connection that held `epoch` is gone. Returns when the room's time without an owner is over, or nothing if
    /// a newer claim is in force.
    pub fn owner_left(&mut self, epoch: u64, now: Timestamp) -> Option<Timestamp> {
        if epoch != self.owner.epoch || self.owner.away_since.is_some() {
            return None;
        }
        self.owner.away_since = Some(now);
        self.version += 1;
        Some(now.after(self.limits.owner_grace_ms))
    }

    /// Whether the room has been without its owner for the whole of its grace.
    #[must_use]
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        self.owner.away_since.is_some_and(|since| now.since(since) >= self.limits.owner_grace_ms)
    }

    /// Lets a follower in. `since` is the last seq that it was handed earlier; see [`Room::cursor`].
    ///
    /// # Errors
    /// `room_full`.
    pub fn join(&mut self, rendering: Rendering, since: Option<u64>) -> Result<Cursor, RefusalCode> {
        if self.followers() >= self.limits.followers_per_room {
            return Err(RefusalCode::RoomFull);
        }
        match rendering {
            Rendering::Lean => self.lean_followers += 1,
            Rendering::Whole => {
                self.whole_followers += 1;
                let (head, limits) = (self.lean.head(), &self.limits);
                self.whole.get_or_insert_with(|| Log::new(head, limits));
            }
        }
        Ok(self.cursor(rendering, since))
    }

    /// A follower is gone.
    pub fn leave(&mut self, rendering: Rendering) {
        match rendering {
            Rendering::Lean => self.lean_followers -= 1,
            Rendering::Whole => {
                self.whole_followers -= 1;
                if self.whole_followers == 0 {
                    self.whole = None;
                }
            }
        }
    }

    /// Where serving starts: after `since` if the ring still holds all that came later, else at the snapshot, which is
    /// a resync if there was a `since`.
    #[must_use]
    pub fn cursor(&self, rendering: Rendering, since: Option<u64>) -> Cursor {
        let position = match since {
            Some(seq) if rendering == Rendering::Lean && self.lean.reaches_back_to(seq) => {
                Position::Live { seq }
            }
            _ => Position::Start { resync: since.is_some() },
        };
        Cursor { rendering, position }
    }

    /// What a follower is to be sent next, and its cursor moved behind it; an empty frame if it has everything.
    ///
    /// Joining, following, resuming and falling behind are all this: from the ring while the cursor is in it,
    /// otherwise the snapshot.
    pub fn next(&mut self, cursor: &mut Cursor, frame: &mut Frame) {
        frame.clear();
        loop {
            self.next_of_snapshot(cursor, frame);
            let Position::Live { seq } = &mut cursor.position else { return };
            let log = match cursor.rendering {
                Rendering::Lean => &mut self.lean,
                Rendering::Whole => self.whole.as_mut().unwrap_or(&mut self.lean),
            };
            if log.reaches_back_to(*seq) {
                *seq = log.serve(*seq, frame);
                return;
            }
            if !frame.is_empty() {
                return;
            }
            cursor.position = Position::Start { resync: true };
        }
    }

    /// The part of [`Room::next`] that an owner gets whose page was loaded anew: the snapshot, and nothing live.
    pub fn next_of_snapshot(&mut self, cursor: &mut Cursor, frame: &mut Frame) {
        let head = self.lean.head();
        if let Position::Start { resync } = cursor.position {
            if resync && cursor.rendering == Rendering::Lean {
                frame.push_message(lean(&ServerMessage::Resync(head)));
            }
            let block = self.slots.snapshot(cursor.rendering, &self.uuid);
            cursor.position = Position::Snapshot { block, index: 0, head };
        }
        let Position::Snapshot { block, index, head } = &mut cursor.position else { return };
        if *index < block.messages() {
            let (messages, next) = block.slice(*index, frame.budget(block.message_bytes(*index)));
            *index = next;
            frame.push(messages);
        }
        if *index == block.messages() {
            if cursor.rendering == Rendering::Lean {
                frame.push_message(lean(&ServerMessage::Synced(*head)));
            }
            cursor.position = Position::Live { seq: *head };
        }
    }

    /// Whether an action with this id is new, noting that it is answered from now on.
    fn answer(&mut self, id: Option<u64>) -> bool {
        match id {
            Some(id) if id <= self.owner.answered => false,
            Some(id) => {
                self.owner.answered = id;
                true
            }
            None => true,
        }
    }

    /// The one seam through which the log grows.
    fn append(&mut self, lean: impl FnOnce(&mut String, u64), whole: impl FnOnce(&mut String, &str)) -> u64 {
        let seq = self.lean.head() + 1;
        self.scratch.clear();
        lean(&mut self.scratch, seq);
        self.lean.append(&self.scratch);
        if let Some(log) = &mut self.whole {
            self.scratch.clear();
            whole(&mut self.scratch, &self.uuid);
            log.append(&self.scratch);
        }
        self.version += 1;
        seq
    }
}

fn refused(code: RefusalCode, id: Option<u64>) -> Refusal {
    Refusal { id, ..Refusal::new(code) }
}

fn lean(message: &ServerMessage<&str>) -> String {
    let mut out = String::new();
    render::lean(&mut out, message);
    out
}

#[cfg(test)]
mod tests;
