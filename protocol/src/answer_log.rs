//! What became of the owner's actions, for an owner that lost its connection before it heard.

use std::collections::VecDeque;

use crate::Refusal;

/// The answers to the newest actions of the owner's session. A session never has more unanswered actions than its
/// queue holds, so remembering as many answers is remembering all that it can miss.
#[derive(Debug)]
pub(crate) struct AnswerLog {
    answers: VecDeque<Answer>,
    max_actions: u64,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These actions are in the log, in a row in ids and in seqs.
    Appended {
        /// The last of them.
        last_id: u64,
        /// Where the last of them is.
        last_seq: u64,
    },
    /// This action was refused.
    Refused {
        /// Its id.
        id: u64,
        /// What was said.
        refusal: Refusal,
    },
}

impl Answer {
    fn last_id(&self) -> u64 {
        match self {
            Self::Appended { last_id, .. } => *last_id,
            Self::Refused { id, .. } => *id,
        }
    }
}

impl AnswerLog {
    pub(crate) fn new(max_actions: usize) -> Self {
        Self { answers: VecDeque::new(), max_actions: max_actions as u64 }
    }

    /// The highest id that was answered; 0 before the first.
    pub(crate) fn last_id(&self) -> u64 {
        self.answers.back().map_or(0, Answer::last_id)
    }

    pub(crate) fn appended(&mut self, id: u64, seq: u64) {
        match self.answers.back_mut() {
            Some(Answer::Appended { last_id, last_seq, .. })
                if *last_id + 1 == id && *last_seq + 1 == seq =>
            {
                *last_id = id;
                *last_seq = seq;
            }
            _ => self.answers.push_back(Answer::Appended { last_id: id, last_seq: seq }),
        }
        self.forget_old(id);
    }

    pub(crate) fn refused(&mut self, id: u64, refusal: Refusal) {
        self.answers.push_back(Answer::Refused { id, refusal });
        self.forget_old(id);
    }

    /// Everything that was answered after `id`.
    pub(crate) fn after(&self, id: u64) -> Vec<Answer> {
        let from = self.answers.partition_point(|answer| answer.last_id() <= id);
        self.answers.range(from..).cloned().collect()
    }

    fn forget_old(&mut self, newest: u64) {
        while self.answers.front().is_some_and(|oldest| newest - oldest.last_id() >= self.max_actions) {
            self.answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalCode;

    fn run(last_id: u64, last_seq: u64) -> Answer {
        Answer::Appended { last_id, last_seq }
    }

    #[test]
    fn actions_in_a_row_are_one_answer() {
        let mut log = AnswerLog::new(100);
        let refusal = Refusal::new(RefusalCode::TooManySlots);
        for id in 1..=3 {
            log.appended(id, 10 + id);
        }
        log.refused(4, refusal.clone());
        log.appended(5, 14);
        log.appended(6, 20);
        let refused = Answer::Refused { id: 4, refusal };
        assert_eq!(log.after(0), [run(3, 13), refused.clone(), run(5, 14), run(6, 20)]);
        assert_eq!(log.after(2), [run(3, 13), refused, run(5, 14), run(6, 20)]);
        assert_eq!(log.after(4), [run(5, 14), run(6, 20)]);
        assert_eq!(log.after(6), []);
        assert_eq!(log.last_id(), 6);
    }

    #[test]
    fn it_remembers_no_more_than_a_queue_holds() {
        let mut log = AnswerLog::new(3);
        for id in 1..=10 {
            log.appended(id, 2 * id);
        }
        assert_eq!(log.after(0), [run(8, 16), run(9, 18), run(10, 20)]);
    }
}
