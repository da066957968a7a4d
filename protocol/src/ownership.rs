//! Who owns a room, and what the owner's actions were answered.

use std::fmt;

use crate::answer_log::AnswerLog;
use crate::mutation::mutated;
use crate::{Claim, OwnerPresence, Refusal, RefusalCode, Timestamp};

/// A cryptographic digest of an owner key. The room keeps nothing else of the key, so comparing digests in ordinary
/// time tells an attacker nothing that helps to find the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyDigest(…)")
    }
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

/// Why somebody does not get into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEntered {
    /// It is refused.
    Refused(RefusalCode),
    /// The claim is by a session that was the owner until another one claimed the room.
    Superseded,
}

impl From<RefusalCode> for NotEntered {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code)
    }
}

/// A room's owner. Only under the newest epoch may anything be changed.
#[derive(Debug)]
pub(crate) struct Ownership {
    key: KeyDigest,
    epoch: u64,
    session: Option<String>,
    /// What that session's actions were answered, be it by the log or by a refusal.
    answers: AnswerLog,
    max_answers: usize,
    away_since: Option<Timestamp>,
}

impl Ownership {
    /// An owner who is there, in epoch 1.
    pub(crate) fn new(key: KeyDigest, session: Option<&str>, max_answers: usize) -> Self {
        Self {
            key,
            epoch: 1,
            session: session.map(str::to_owned),
            answers: AnswerLog::new(max_answers),
            max_answers,
            away_since: None,
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn presence(&self) -> OwnerPresence {
        if self.away_since.is_some() { OwnerPresence::Away } else { OwnerPresence::Here }
    }

    pub(crate) fn answers(&self) -> &AnswerLog {
        &self.answers
    }

    pub(crate) fn has_answered(&self, id: Option<u64>) -> bool {
        id.is_some_and(|id| id <= self.answers.last_id()) && !mutated!(SkipDuplicateCheck)
    }

    pub(crate) fn appended(&mut self, id: Option<u64>, seq: u64) {
        if let Some(id) = id {
            self.answers.appended(id, seq);
        }
    }

    pub(crate) fn refused(&mut self, id: Option<u64>, refusal: &Refusal) {
        if let Some(id) = id
            && !self.has_answered(Some(id))
            && !mutated!(ForgetRefusals)
        {
            self.answers.refused(id, refusal.clone());
        }
    }

    pub(crate) fn claim(&mut self, key: &KeyDigest, claim: &Claim<'_>) -> Result<Claimed, NotEntered> {
        if *key != self.key && !mutated!(AcceptAnyKey) {
            return Err(RefusalCode::WrongOwnerKey.into());
        }
        let session = claim.session.as_deref();
        let new_session = session.is_none() || self.session.as_deref() != session;
        // Whoever names an epoch was the owner before, and if the room is another session's now, it may not have heard
        // of that. Were it let in, two tabs would fight, and what it sends again would be taken for new.
        if claim.epoch.is_some() && new_session && !mutated!(SupersededComesBack) {
            return Err(NotEntered::Superseded);
        }
        if new_session && !mutated!(ClaimKeepsAnswers) {
            self.session = session.map(str::to_owned);
            self.answers = AnswerLog::new(self.max_answers);
        }
        self.epoch += 1;
        self.away_since = None;
        Ok(Claimed { epoch: self.epoch, answered: self.answers.last_id(), new_session })
    }

    /// The connection that held `epoch` is gone. False if that says nothing about the owner: a newer claim is in force.
    pub(crate) fn leave(&mut self, epoch: u64, now: Timestamp) -> bool {
        let leaves = epoch == self.epoch && self.away_since.is_none();
        if leaves {
            self.away_since = Some(now);
        }
        leaves
    }

    pub(crate) fn away_since(&self) -> Option<Timestamp> {
        self.away_since
    }
}
