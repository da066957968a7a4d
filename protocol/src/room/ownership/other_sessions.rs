//! Sessions that act on a room without owning it at the moment.

use std::collections::VecDeque;

use crate::room::ownership::answer_log::AnswerLog;

/// Sessions whose answers a room remembers, beside its owner's: programs that post actions, of which a room has few. The
/// one that was silent longest is forgotten first.
const MAX_SESSIONS: usize = 16;

/// What the actions of sessions were answered that act without a claim, or whose claim is over: each may repeat what it
/// has not heard the answer to.
#[derive(Debug, Default)]
pub(crate) struct OtherSessions {
    /// The one that acted last is the last.
    answers: VecDeque<(String, AnswerLog)>,
}

impl OtherSessions {
    pub(crate) fn remove(&mut self, session: &str) -> Option<AnswerLog> {
        let at = self.answers.iter().position(|(other, _)| other == session)?;
        self.answers.remove(at).map(|(_, answers)| answers)
    }

    /// How many answers are remembered.
    pub(crate) fn answer_count(&self) -> usize {
        self.answers.iter().map(|(_, answers)| answers.len()).sum()
    }

    /// Puts back what was taken, or puts in what is new.
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
        let old = sessions.remove("old").expect("there was room for all of them");
        assert_eq!(old.last_id(), 7);
        sessions.insert("old".to_owned(), old);
        sessions.insert("new".to_owned(), answers(1));
        assert!(sessions.remove("session 1").is_none());
        assert!(sessions.remove("old").is_some() && sessions.remove("new").is_some());
    }
}
