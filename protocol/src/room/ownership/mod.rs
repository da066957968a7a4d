//! Who owns a room, and what the owner's actions were answered. [`Room`](crate::Room) asks here
//! before it lets anyone act as the owner.

mod answer_log;
mod other_sessions;
mod owner_state;
pub(super) mod pace;
mod predecessor;

use std::fmt;

pub use answer_log::{Answer, RecordedAnswer};
pub use owner_state::OwnerState;

use crate::mutation::mutated;
use crate::room::ownership::answer_log::AnswerLog;
use crate::room::ownership::other_sessions::OtherSessions;
use crate::room::ownership::predecessor::Predecessor;
use crate::{Claim, OwnerPresence, Refusal, RefusalCode, Timestamp};

/// A cryptographic digest of an owner key. The room keeps nothing else of the key. So the time that
/// it takes to compare digests tells an attacker nothing that helps to find the key.
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
    /// The number of the claim. A connection that holds an older one is no longer the owner's.
    pub epoch: u64,
    /// The highest id that the room has answered to the claiming session; 0 if none.
    pub answered: u64,
    /// Whether another session held the room before. The page was loaded anew then, and knows
    /// nothing of the room.
    pub new_session: bool,
    /// Whether the session held a room that was lost, and may not know that this one was opened in
    /// its place.
    pub was_lost: bool,
}

/// Why a connection does not get into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryError {
    /// It is refused with this code.
    Refused(RefusalCode),
    /// The claiming session was the owner's until another one claimed the room.
    Superseded,
}

impl From<RefusalCode> for EntryError {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code)
    }
}

/// A room's owner. Only a connection that holds the newest epoch may change anything.
#[derive(Debug)]
pub(crate) struct Ownership {
    key: KeyDigest,
    epoch: u64,
    /// The first of the epochs that other servers have given to the session that holds the room,
    /// one after the other until now.
    same_session_from: u64,
    /// The session that holds the room. None if the claim named none.
    session: Option<String>,
    /// The answers to that session's actions.
    answers: AnswerLog,
    /// The answers to sessions that act without a claim, and to those that were the owner's before.
    other_sessions: OtherSessions,
    /// How many actions each session may have unanswered.
    max_answers: usize,
    /// Since when the owner has no connection.
    away: Option<Away>,
    /// Until when whoever was given the right to write may take to claim the room.
    claim_expected_until: Option<Timestamp>,
    /// The epoch that ended last because the right to write was passed on.
    passed: Option<u64>,
    /// The room that was lost, and in whose place this one was opened.
    predecessor: Option<Predecessor>,
}

/// The owner has no connection.
#[derive(Debug, Clone, Copy)]
struct Away {
    since: Timestamp,
    /// How long it was away before that, in milliseconds: on the clock of an earlier process.
    before_ms: u64,
}

impl Ownership {
    /// An owner with a connection, in epoch 1.
    pub(crate) fn new(key: KeyDigest, session: Option<&str>, max_answers: usize) -> Self {
        Self {
            key,
            epoch: 1,
            same_session_from: 1,
            session: session.map(str::to_owned),
            answers: AnswerLog::new(max_answers),
            other_sessions: OtherSessions::default(),
            max_answers,
            away: None,
            claim_expected_until: None,
            passed: None,
            predecessor: None,
        }
    }

    /// Puts this room in the place of one that is lost, for the session that is about to claim it.
    /// `end` is above all seqs and epochs of the lost room.
    pub(crate) fn succeed(&mut self, end: u64, claim: &Claim<'_>) {
        self.epoch = end;
        self.predecessor = Some(Predecessor::new(end, claim.epoch));
        // A session that names no epoch is new to the room.
        if claim.epoch.is_some() {
            self.session = claim.session.as_deref().map(str::to_owned);
            let answered = claim.acknowledged.unwrap_or(0);
            self.answers = AnswerLog::starting_after(answered, self.max_answers);
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the session that holds the room had this epoch too, and has claimed at another
    /// server since.
    pub(crate) fn is_of_same_session(&self, epoch: u64) -> bool {
        epoch >= self.same_session_from
    }

    pub(crate) fn presence(&self) -> OwnerPresence {
        if self.away.is_some() { OwnerPresence::Away } else { OwnerPresence::Here }
    }

    pub(crate) fn answers(&self) -> &AnswerLog {
        &self.answers
    }

    /// How many answers are kept, of all sessions.
    pub(crate) fn answer_count(&self) -> usize {
        self.answers.len() + self.other_sessions.answer_count()
    }

    /// Whether the action with this id was answered already. False if it has no id.
    pub(crate) fn has_answered(&self, id: Option<u64>) -> bool {
        id.is_some_and(|id| id <= self.answers.last_id()) && !mutated!(SkipDuplicateCheck)
    }

    pub(crate) fn record_appended(&mut self, id: Option<u64>, seq: u64) {
        if let Some(id) = id {
            self.answers.record_appended(id, seq);
        }
    }

    /// Records a refusal. Returns false if there was nothing to record.
    pub(crate) fn record_refusal(&mut self, id: Option<u64>, refusal: &Refusal) -> bool {
        let Some(id) = id.filter(|id| !self.has_answered(Some(*id)) && !mutated!(ForgetRefusals)) else {
            return false;
        };
        self.answers.record_refusal(id, refusal.clone());
        true
    }

    /// Grants a claim whose key was checked. `head` is that of the room.
    pub(crate) fn claim(&mut self, claim: &Claim<'_>, head: u64) -> Result<Claimed, EntryError> {
        let session = claim.session.as_deref();
        let new_session = session.is_none() || self.session.as_deref() != session;
        // A session that names an epoch was the owner's before. If another session holds the room
        // now, this one may not have been told. If it were let in, two tabs would fight, and the
        // actions that it sends again would be appended as new ones.
        let is_newer = self.predecessor.is_some_and(|lost| lost.is_newer_claim(claim.epoch));
        if claim.epoch.is_some() && new_session && !is_newer && !mutated!(SupersededComesBack) {
            return Err(EntryError::Superseded);
        }
        // A session that holds the new room may have lost its connection before it was told.
        let was_lost = self.predecessor.is_some_and(|lost| lost.had_epoch(claim.epoch) || lost.is_head(head));
        Ok(Claimed { was_lost, ..self.take_over(session, new_session) })
    }

    /// Gives ownership to a session, in a new epoch.
    pub(crate) fn take_over(&mut self, session: Option<&str>, new_session: bool) -> Claimed {
        if new_session && !mutated!(ClaimKeepsAnswers) {
            let known = session.and_then(|session| self.other_sessions.remove(session));
            let answers = known.unwrap_or_else(|| AnswerLog::new(self.max_answers));
            let former = std::mem::replace(&mut self.answers, answers);
            let session = std::mem::replace(&mut self.session, session.map(str::to_owned));
            if let Some(session) = session.filter(|_| former.last_id() > 0) {
                self.other_sessions.insert(session, former);
            }
        }
        self.epoch += 1;
        self.same_session_from = self.epoch;
        (self.away, self.claim_expected_until) = (None, None);
        Claimed { epoch: self.epoch, answered: self.answers.last_id(), new_session, was_lost: false }
    }

    /// Whether this session holds the room, or held it last.
    pub(crate) fn is_session(&self, session: Option<&str>) -> bool {
        session.is_some() && self.session.as_deref() == session
    }

    /// Ends the epoch: the right to write was passed on, and nobody has claimed it yet.
    pub(crate) fn end_turn(&mut self) {
        self.passed = Some(self.epoch);
        self.start_epoch(self.epoch + 1);
    }

    /// The epoch that ended last because the right to write was passed on. None if none has.
    pub(crate) fn passed(&self) -> Option<u64> {
        self.passed
    }

    /// Counts the owner as there until this moment, though nobody has claimed the room yet.
    pub(crate) fn expect_claim(&mut self, until: Timestamp) {
        self.claim_expected_until = Some(until).filter(|_| self.away.is_none());
    }

    /// Until when somebody is expected to claim the room.
    pub(crate) fn claim_expected_until(&self) -> Option<Timestamp> {
        self.claim_expected_until
    }

    /// The answers to the actions of a session. None if there are none.
    pub(crate) fn answers_to(&self, session: &str) -> Option<&AnswerLog> {
        if self.is_session(Some(session)) { Some(&self.answers) } else { self.other_sessions.get(session) }
    }

    /// The highest id that was answered to a session; 0 if none.
    pub(crate) fn answered_to(&self, session: &str) -> u64 {
        self.answers_to(session).map_or(0, AnswerLog::last_id)
    }

    /// Whether this is the room's owner key.
    pub(crate) fn is_key(&self, key: &KeyDigest) -> bool {
        *key == self.key || mutated!(AcceptAnyKey)
    }

    /// The digest of the owner key.
    pub(crate) fn key(&self) -> KeyDigest {
        self.key
    }

    /// Puts the answers of another session in the place of the owner's own, which it returns for
    /// [`Ownership::switch_back`]. None, and nothing changes, if the session is the owner's own.
    pub(crate) fn switch_answers(&mut self, session: &str) -> Option<AnswerLog> {
        if self.session.as_deref() == Some(session) {
            return None;
        }
        let answers = self.other_sessions.borrow(session);
        let answers = answers.unwrap_or_else(|| AnswerLog::new(self.max_answers));
        Some(std::mem::replace(&mut self.answers, answers))
    }

    /// Undoes [`Ownership::switch_answers`], and keeps the answers of the other session.
    pub(crate) fn switch_back(&mut self, session: &str, own_answers: AnswerLog) {
        let answers = std::mem::replace(&mut self.answers, own_answers);
        self.other_sessions.put_back(session, answers);
    }

    /// Starts the grace anew, if the owner is away: it has done something without a connection.
    /// Returns whether it is away.
    pub(crate) fn restart_grace(&mut self, now: Timestamp) -> bool {
        let is_away = self.away.is_some();
        if is_away {
            self.away = Some(Away { since: now, before_ms: 0 });
        }
        is_away
    }

    /// Notes that the connection that held `epoch` is gone. Returns false if that says nothing
    /// about the owner, because a newer claim is in force.
    pub(crate) fn leave(&mut self, epoch: u64, now: Timestamp) -> bool {
        let leaves = epoch == self.epoch && self.away.is_none();
        if leaves {
            self.away = Some(Away { since: now, before_ms: 0 });
            self.claim_expected_until = None;
        }
        leaves
    }

    /// When the grace of an owner that is away ends.
    pub(crate) fn grace_ends(&self, grace_ms: u64) -> Option<Timestamp> {
        self.away.map(|away| away.since.after(grace_ms.saturating_sub(away.before_ms)))
    }

    /// Since when the owner is away, in milliseconds since 1970, if the caller's clock started at
    /// `clock_start_ms`.
    pub(crate) fn away_since_ms(&self, clock_start_ms: u64) -> Option<u64> {
        self.away.map(|away| (clock_start_ms + away.since.0).saturating_sub(away.before_ms))
    }

    /// Makes the owner be away since `before_ms` before `now`.
    pub(crate) fn restore_away(&mut self, now: Timestamp, before_ms: u64) {
        self.away = Some(Away { since: now, before_ms });
    }
}
