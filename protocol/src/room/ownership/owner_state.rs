//! Ownership as a journal keeps it.

use super::answer_log::AnswerLog;
use super::other_sessions::OtherSessions;
use super::{Answer, KeyDigest, Ownership};

/// All that a room knows of its owner, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerState<'a> {
    /// The digest of the owner key.
    pub key: KeyDigest,
    /// The claim that is in force.
    pub epoch: u64,
    /// The owner's session.
    pub session: Option<&'a str>,
    /// Since when the owner is away, in milliseconds since 1970. None if it has a connection.
    pub away_since_ms: Option<u64>,
    /// The answers to the owner's session, in the order of their ids.
    pub answers: Vec<Answer>,
    /// The answers to other sessions. The session that acted last comes last.
    pub other_sessions: Vec<(&'a str, Vec<Answer>)>,
}

impl Ownership {
    /// Its state, if the caller's clock started at `clock_start_ms`.
    pub(crate) fn state(&self, clock_start_ms: u64) -> OwnerState<'_> {
        let others = self.other_sessions.iter();
        OwnerState {
            key: self.key,
            epoch: self.epoch,
            session: self.session.as_deref(),
            away_since_ms: self.away_since_ms(clock_start_ms),
            answers: self.answers.all(),
            other_sessions: others.map(|(session, answers)| (session, answers.all())).collect(),
        }
    }

    /// Ownership in this state, in a room with this head, but with an owner that has a connection.
    /// None if there can't have been such answers.
    pub(crate) fn from_state(state: &OwnerState<'_>, head: u64, max_answers: usize) -> Option<Self> {
        let mut ownership = Self::new(state.key, state.session, max_answers);
        let restored = |answers: &[Answer]| AnswerLog::restored(answers, head, max_answers);
        ownership.start_epoch(state.epoch);
        ownership.answers = restored(&state.answers)?;
        ownership.other_sessions = OtherSessions::default();
        for (session, answers) in &state.other_sessions {
            ownership.other_sessions.insert((*session).to_owned(), restored(answers)?);
        }
        Some(ownership)
    }

    /// Lets the owner go on in another epoch.
    pub(crate) fn start_epoch(&mut self, epoch: u64) {
        (self.epoch, self.same_session_from) = (epoch, epoch);
    }

    /// Repeats a claim that was granted. Returns the epoch that it started.
    pub(crate) fn restore_claim(&mut self, session: Option<&str>) -> u64 {
        let new_session = session.is_none() || self.session.as_deref() != session;
        let from = self.same_session_from;
        let epoch = self.take_over(session, new_session).epoch;
        if !new_session {
            self.same_session_from = from;
        }
        epoch
    }
}
