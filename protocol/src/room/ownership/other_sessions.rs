//! The answers to sessions that don't own the room now: programs that post actions, and former
//! owners.

use std::collections::VecDeque;

use crate::room::ownership::answer_log::AnswerLog;

/// How many sessions a room keeps the answers of, beside its owner's. Few programs post to one
/// room. The session that was silent longest is forgotten first.
const MAX_SESSIONS: usize = 16;

/// The answers to sessions that act without a claim, or whose claim is over. Each of them may send
/// actions again whose answers it didn't get.
#[derive(Debug, Default)]
pub(crate) struct OtherSessions {
    /// The session that acted last comes last.
    answers: VecDeque<(String, AnswerLog)>,
}

impl OtherSessions {
    /// The answers of a session. None if there are none.
    pub(crate) fn get(&self, session: &str) -> Option<&AnswerLog> {
        self.answers.iter().find(|(other, _)| other == session).map(|(_, answers)| answers)
    }

    /// Takes out the answers of a session. None if there are none.
    pub(crate) fn remove(&mut self, session: &str) -> Option<AnswerLog> {
        let at = self.answers.iter().position(|(other, _)| other == session)?;
        self.answers.remove(at).map(|(_, answers)| answers)
    }

    /// Takes the answers of a session for a while, and keeps its place for
    /// [`OtherSessions::put_back`]. None if there are none.
    pub(crate) fn borrow(&mut self, session: &str) -> Option<AnswerLog> {
        let (_, answers) = self.answers.iter_mut().find(|(other, _)| other == session)?;
        let nothing_new = AnswerLog::starting_after(answers.last_id(), 0);
        Some(std::mem::replace(answers, nothing_new))
    }

    /// Puts the answers of a session back. Only if there are new ones it counts as the one that
    /// acted last: a journal records no more than that.
    pub(crate) fn put_back(&mut self, session: &str, answers: AnswerLog) {
        let place = self.answers.iter_mut().find(|(other, _)| other == session);
        let last_id = place.as_ref().map_or(0, |(_, before)| before.last_id());
        if answers.last_id() > last_id {
            self.remove(session);
            self.insert(session.to_owned(), answers);
        } else if let Some((_, before)) = place {
            *before = answers;
        }
    }

    /// The sessions and their answers. The session that acted last comes last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &AnswerLog)> {
        self.answers.iter().map(|(session, answers)| (session.as_str(), answers))
    }

    /// How many answers are kept, of all these sessions.
    pub(crate) fn answer_count(&self) -> usize {
        self.answers.iter().map(|(_, answers)| answers.len()).sum()
    }

    /// Adds the answers of a session that isn't in here. It counts as the one that acted last.
    pub(crate) fn insert(&mut self, session: String, answers: AnswerLog) {
        if self.answers.len() >= MAX_SESSIONS {
            self.answers.pop_front();
        }
        self.answers.push_back((session, answers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_that_was_silent_longest_is_forgotten_first() {
        let mut sessions = OtherSessions::default();
        let answers = |id| {
            let mut answers = AnswerLog::new(10);
            answers.record_appended(id, id);
            answers
        };
        sessions.insert("old".to_owned(), answers(7));
        for id in 1..MAX_SESSIONS as u64 {
            sessions.insert(format!("session {id}"), answers(id));
        }
        let old = sessions.remove("old").expect("none was forgotten yet");
        assert_eq!(old.last_id(), 7);
        sessions.insert("old".to_owned(), old);
        sessions.insert("new".to_owned(), answers(1));
        assert!(sessions.remove("session 1").is_none());
        assert!(sessions.remove("old").is_some() && sessions.remove("new").is_some());
    }

    #[test]
    fn only_a_session_that_was_answered_anew_counts_as_the_one_that_acted_last() {
        let mut sessions = OtherSessions::default();
        for session in ["first", "second"] {
            let mut answers = AnswerLog::new(10);
            answers.record_appended(1, 1);
            sessions.insert(session.to_owned(), answers);
        }
        let names =
            |sessions: &OtherSessions| sessions.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        let again = sessions.borrow("first").expect("it is there");
        sessions.put_back("first", again);
        sessions.put_back("nobody", AnswerLog::new(10));
        assert_eq!(names(&sessions), ["first", "second"]);
        let mut anew = sessions.borrow("first").expect("it is there");
        anew.record_appended(2, 2);
        sessions.put_back("first", anew);
        assert_eq!(names(&sessions), ["second", "first"]);
        assert_eq!(sessions.answer_count(), 2);
    }
}
