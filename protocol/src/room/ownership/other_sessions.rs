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
    /// Takes out the answers of a session. None if there are none.
    pub(crate) fn remove(&mut self, session: &str) -> Option<AnswerLog> {
        let at = self.answers.iter().position(|(other, _)| other == session)?;
        self.answers.remove(at).map(|(_, answers)| answers)
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
}
