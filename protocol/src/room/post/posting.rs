//! What the bearer of the owner key, or the server itself, may do to a room without a connection.

use crate::room::{Accepted, RecordedAnswer, Room};
use crate::{ClaimKind, ClientMessage, KeyDigest, Refusal, RefusalCode, Timestamp};

impl Room {
    /// Does something for the bearer of the owner key. This is no claim: the owner stays the same.
    /// If the owner is away, its grace starts anew.
    ///
    /// # Errors
    /// - `unknown_room`: the room is closed.
    /// - `wrong_owner_key`: the key isn't the room's.
    pub fn as_key_holder<R>(
        &mut self,
        key: &KeyDigest,
        now: Timestamp,
        act: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, RefusalCode> {
        self.check_open()?;
        if !self.owner.is_key(key) {
            return Err(RefusalCode::WrongOwnerKey);
        }
        self.as_server(now, act)
    }

    /// Does something for the bearer of a key of the room, or without one for a follower. This is
    /// no claim: the owner stays the same. If the bearer has the right to write and the owner is
    /// away, its grace starts anew.
    ///
    /// # Errors
    /// - `unknown_room`: the room is closed.
    /// - `wrong_owner_key`: it is no key of the room, or good no longer.
    pub fn as_member<R>(
        &mut self,
        key: Option<&KeyDigest>,
        now: Timestamp,
        act: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, RefusalCode> {
        self.check_open()?;
        let seat = key.map(|key| self.seat_with_key(key).ok_or(RefusalCode::WrongOwnerKey)).transpose()?;
        if seat == Some(self.members.pen()) { self.as_server(now, act) } else { Ok(act(self)) }
    }

    /// Whether somebody who was invited has this key.
    #[must_use]
    pub fn is_guest_key(&self, key: &KeyDigest) -> bool {
        self.seat_of_key(key, ClaimKind::Presenter).is_some()
    }

    /// Whether this key gives the right to write now. None stands for the server itself, which
    /// always may.
    #[must_use]
    pub fn may_write(&self, key: Option<&KeyDigest>) -> bool {
        key.is_none_or(|key| self.seat_with_key(key) == Some(self.members.pen()))
    }

    /// Reads something for the bearer of the owner key. Nothing changes: the owner's grace goes on.
    ///
    /// # Errors
    /// Those of [`Room::as_key_holder`].
    pub fn read_as_key_holder<R>(
        &self,
        key: &KeyDigest,
        read: impl FnOnce(&Self) -> R,
    ) -> Result<R, RefusalCode> {
        self.check_open()?;
        if self.owner.is_key(key) { Ok(read(self)) } else { Err(RefusalCode::WrongOwnerKey) }
    }

    /// Does something for the server itself, which needs no key. All else is as for the bearer of
    /// the owner key.
    ///
    /// # Errors
    /// `unknown_room`: the room is closed.
    pub fn as_server<R>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, RefusalCode> {
        self.check_open()?;
        if self.owner.restart_grace(now) {
            self.stage_away();
        }
        Ok(act(self))
    }

    /// Makes the server itself the owner, in a new epoch. The former owner is superseded, and the
    /// room isn't closed for want of an owner, until somebody claims it and leaves.
    pub fn claim_by_server(&mut self) {
        let presence = self.owner.presence();
        let epoch = self.owner.take_over(None, true).epoch;
        self.note_claimed(None, epoch, presence);
    }

    /// Does something for a session, whichever session owns the room now: duplicates are recognised
    /// by the ids of this one.
    pub(crate) fn on_behalf_of<R>(&mut self, session: &str, act: impl FnOnce(&mut Self) -> R) -> R {
        let Some(own_answers) = self.owner.switch_answers(session) else { return act(self) };
        self.set_actor(Some(session));
        let result = act(self);
        self.set_actor(None);
        self.owner.switch_back(session, own_answers);
        self.update_memory_use();
        result
    }

    /// The answer to an action of somebody who may not write now: the one that was given when it
    /// might, or a refusal. That isn't recorded, because the ids of a session are its own.
    pub(crate) fn answer_former_writer(&self, id: Option<u64>) -> RecordedAnswer {
        match id.filter(|id| self.owner.has_answered(Some(*id))) {
            Some(id) => self.owner.answers().answer_to(id),
            None => RecordedAnswer::Refused(Refusal { id, ..Refusal::somebody_else_drives() }),
        }
    }

    /// Appends an action or a clear, or records its refusal. If it was answered before, it does
    /// nothing. Returns the answer, given now or then.
    pub(crate) fn answer_once(
        &mut self,
        id: Option<u64>,
        message: Result<ClientMessage<'_>, Refusal>,
        now: Timestamp,
    ) -> RecordedAnswer {
        let accepted = match message {
            Ok(ClientMessage::Action { action, .. }) => self.action(id, action.as_str(), now),
            Ok(ClientMessage::Clear { slot, .. }) => Ok(self.clear(id, &slot, now)),
            Ok(ClientMessage::Record { wish, .. }) => self.record_as_driver(id, wish, now),
            Ok(ClientMessage::Drive { seat, .. }) => self.pass(id, seat, now),
            Ok(ClientMessage::Lane { name, lane, .. }) => self.set_lane(id, &name, lane, now),
            Ok(_) => Err(no_action()),
            Err(refusal) => Err(refusal),
        };
        match accepted {
            Ok(Accepted::Appended(seq)) => RecordedAnswer::Appended(seq),
            Ok(Accepted::Duplicate) => self.owner.answers().answer_to(id.unwrap_or_default()),
            Err(_) if self.owner.has_answered(id) => self.owner.answers().answer_to(id.unwrap_or_default()),
            Err(refusal) => RecordedAnswer::Refused(self.refuse(id, refusal)),
        }
    }
}

/// The refusal of a message that can't come without a connection.
pub(crate) fn no_action() -> Refusal {
    Refusal::with_message(
        RefusalCode::Malformed,
        "an action with a \"funcKey\", \"clear\" with a slot, \"lane\" with \"as\", \"record\" or \"drive\" \
         is all that may stand here",
    )
}
