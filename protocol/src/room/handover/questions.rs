//! What is asked about the members of a room, by connections and without one.

use crate::mutation::mutated;
use crate::room::{KeyDigest, Room};
use crate::{Question, Refusal, RefusalCode, Timestamp, render};

/// Who asks, as far as the room knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberAsker {
    /// The seat of its key. None if it has none.
    pub(crate) seat: Option<u32>,
    /// Whether it may write now.
    pub(crate) drives: bool,
}

impl MemberAsker {
    /// Checks that it may ask this. Only the creator may ask most of it, and the driver some.
    ///
    /// # Errors
    /// `forbidden`: it is another member. `not_owner`: it has no key at all.
    pub(crate) fn check(self, question: &Question<'_>) -> Result<(), Refusal> {
        let is_creator = self.seat == Some(0) || mutated!(AnybodyManages);
        if is_creator || (self.drives && matches!(question, Question::Refuse(_))) {
            return Ok(());
        }
        if self.seat.is_none() {
            return Err(RefusalCode::NotOwner.into());
        }
        let message = "only the creator of the room may do that";
        Err(Refusal::with_message(RefusalCode::Forbidden, message))
    }
}

/// The key that a question brings along, and a random number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeKey {
    /// The digest of the key, if there is one.
    pub digest: Option<KeyDigest>,
    /// Decides in which order the room gives out its numbers, if none was given out yet.
    pub random: u64,
}

impl Room {
    /// Answers a question that comes without a connection. `by` is the key of who asks. Returns the
    /// answer as a connection is sent it. `session` is that of the page which asks for the right to
    /// write: if it follows under a name, it keeps its seat.
    ///
    /// # Errors
    /// - `malformed`: it asks who is there, or it may write already.
    /// - `forbidden`, `not_owner`: it may not ask that.
    /// - `wrong_owner_key`: `by` is no key of the room.
    /// - `room_full`: there are as many members or requests as there may be.
    pub fn ask_with_key(
        &mut self,
        by: Option<&KeyDigest>,
        (ask, question): (u64, &Question<'_>),
        made: MadeKey,
        session: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        match question {
            Question::Roster(_) => Err(no_question()),
            Question::Request { name, .. } => {
                let key = made.digest.ok_or_else(no_question)?;
                if self.seat_with_key(&key) == Some(self.members.pen()) {
                    return Err(may_write_already());
                }
                let seat = session.and_then(|session| self.seat_of_session(session));
                let (seat, _) = self.request(key, name.as_deref(), seat, made.random, now)?;
                Ok(rendered(|text| render::asked_seat(text, ask, seat)))
            }
            question => {
                let seat = by.map(|key| self.seat_with_key(key).ok_or(RefusalCode::WrongOwnerKey));
                let seat = seat.transpose()?;
                MemberAsker { seat, drives: seat == Some(self.members.pen()) }.check(question)?;
                self.manage(ask, question, made, now)
            }
        }
    }

    /// Does what the creator asks, or the driver, which [`MemberAsker::check`] has let pass.
    ///
    /// # Errors
    /// Those of [`Room::invite`].
    pub(crate) fn manage(
        &mut self,
        ask: u64,
        question: &Question<'_>,
        made: MadeKey,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        match question {
            Question::Invite { name, expires_ms, .. } => {
                let key = made.digest.ok_or_else(no_question)?;
                let seat = self.invite(key, name.as_deref(), *expires_ms, made.random, now)?;
                return Ok(rendered(|text| render::asked_seat(text, ask, seat)));
            }
            Question::TakeBack => {
                let seq = self.take_back(now);
                return Ok(rendered(|text| render::asked_seq(text, ask, seq)));
            }
            Question::Refuse(seat) => self.refuse_request(*seat),
            Question::Revoke(seat) => self.revoke(*seat, now),
            Question::Roster(_) | Question::Request { .. } => return Err(no_question()),
        }
        Ok(rendered(|text| render::asked_done(text, ask)))
    }
}

impl Question<'_> {
    /// The key that its page has made, if it brings one along.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Invite { key, .. } | Self::Request { key, .. } => Some(key),
            Self::Roster(_) | Self::Refuse(_) | Self::Revoke(_) | Self::TakeBack => None,
        }
    }
}

/// The refusal of who asks for what it has.
pub(crate) fn may_write_already() -> Refusal {
    Refusal::with_message(RefusalCode::Malformed, "this page may write: it need not ask for that")
}

fn no_question() -> Refusal {
    let message =
        "\"invite\", \"request\", \"refuse\", \"revoke\" or \"takeBack\" is all that may be asked here";
    Refusal::with_message(RefusalCode::Malformed, message)
}

pub(crate) fn rendered(render: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    render(&mut text);
    text
}
