//! What may be done to a room without a connection, by whoever has its owner key.

use crate::room::{Accepted, RecordedAnswer, Room};
use crate::{ClientMessage, KeyDigest, Refusal, RefusalCode, Timestamp};

impl Room {
    /// Does something for whoever knows the owner key. It is no claim: the owner stays whoever it is, and a grace that
    /// runs begins anew.
    ///
    /// # Errors
    /// `unknown_room` if it is closed, `wrong_owner_key`.
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
        self.owner.restart_grace(now);
        Ok(act(self))
    }

    /// Does something on behalf of a session: duplicates are judged by its ids, whoever owns the room at the moment.
    pub(crate) fn on_behalf_of<R>(&mut self, session: &str, act: impl FnOnce(&mut Self) -> R) -> R {
        let own_answers = self.owner.switch_answers(session);
        let result = act(self);
        if let Some(own_answers) = own_answers {
            self.owner.switch_back(session, own_answers);
            self.update_memory_use();
        }
        result
    }

    /// Appends an action or a clearing, or notes that it was refused, unless that was answered before; and what it was
    /// answered, now or then.
    pub(crate) fn answer_once(
        &mut self,
        id: Option<u64>,
        message: Result<ClientMessage<'_>, Refusal>,
        now: Timestamp,
    ) -> RecordedAnswer {
        let accepted = match message {
            Ok(ClientMessage::Action { action, .. }) => self.action(id, action.as_str(), now),
            Ok(ClientMessage::Clear { slot, .. }) => Ok(self.clear(id, &slot, now)),
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

/// The refusal of what is a message, but none that can come without a connection.
pub(crate) fn no_action() -> Refusal {
    Refusal::with_message(
        RefusalCode::Malformed,
        "an action with a \"funcKey\", or \"clear\" with a slot, is all that may stand here",
    )
}
