//! What became of a session's actions. An owner that lost its connection before it got the answers
//! is told again, and duplicates are recognised.

use std::collections::VecDeque;

use crate::Refusal;

/// The answers to the newest actions of one session. A session never has more unanswered actions
/// than its queue holds. So the log keeps as many answers, which are all that the session can have
/// missed.
#[derive(Debug)]
pub(crate) struct AnswerLog {
    /// In the order of their ids.
    answers: VecDeque<Answer>,
    /// The actions up to this id were answered by a former room. 0 if there was none.
    answered_before: u64,
    /// An answer is dropped once its id is this far behind the newest.
    max_actions: u64,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These actions were appended to the log. Their ids follow each other, and so do their seqs.
    Appended {
        /// The id of the first of them.
        first_id: u64,
        /// The id of the last of them.
        last_id: u64,
        /// The seq of the last of them.
        last_seq: u64,
    },
    /// This action was refused.
    Refused {
        /// The action's id.
        id: u64,
        /// The refusal that it was answered by.
        refusal: Refusal,
    },
}

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedAnswer {
    /// It was appended to the log, at this seq.
    Appended(u64),
    /// It was refused.
    Refused(Refusal),
    /// It was never answered, or the answer is too old to be kept.
    Unknown,
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
        Self { answers: VecDeque::new(), answered_before: 0, max_actions: max_actions as u64 }
    }

    /// A log for a session that has received the answers up to this id from a room that is lost.
    pub(crate) fn starting_after(id: u64, max_actions: usize) -> Self {
        Self { answered_before: id, ..Self::new(max_actions) }
    }

    /// A log of these answers in a room with this head. None if they can't have been given: they
    /// aren't in the order of their ids, or actions are said to be where there is none.
    pub(crate) fn restored(answers: &[Answer], head: u64, max_actions: usize) -> Option<Self> {
        let mut log = Self::new(max_actions);
        for answer in answers {
            let (first, last) = match answer {
                Answer::Appended { first_id, last_id, last_seq } => {
                    let earlier = last_id.checked_sub(*first_id)?;
                    (*last_seq <= head && *last_seq > earlier).then_some((*first_id, *last_id))?
                }
                Answer::Refused { id, .. } => (*id, *id),
            };
            (first > log.last_id() && last < u64::MAX / 2).then_some(())?;
            log.answers.push_back(answer.clone());
        }
        Some(log)
    }

    /// All answers that are kept, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Answer> {
        self.answers.iter().cloned().collect()
    }

    /// How many answers are kept. A run of appended actions counts as one.
    pub(crate) fn len(&self) -> usize {
        self.answers.len()
    }

    /// The highest id that was answered; 0 before the first. Ids start at 1.
    pub(crate) fn last_id(&self) -> u64 {
        self.answers.back().map_or(self.answered_before, Answer::last_id)
    }

    pub(crate) fn record_appended(&mut self, id: u64, seq: u64) {
        match self.answers.back_mut() {
            Some(Answer::Appended { last_id, last_seq, .. })
                if *last_id + 1 == id && *last_seq + 1 == seq =>
            {
                *last_id = id;
                *last_seq = seq;
            }
            _ => self.answers.push_back(Answer::Appended { first_id: id, last_id: id, last_seq: seq }),
        }
        self.trim(id);
    }

    pub(crate) fn record_refusal(&mut self, id: u64, refusal: Refusal) {
        self.answers.push_back(Answer::Refused { id, refusal });
        self.trim(id);
    }

    /// The answers to all actions after `id`.
    pub(crate) fn answers_after(&self, id: u64) -> Vec<Answer> {
        let from = self.answers.partition_point(|answer| answer.last_id() <= id);
        self.answers.range(from..).cloned().collect()
    }

    /// The answer to the action with this id.
    pub(crate) fn answer_to(&self, id: u64) -> RecordedAnswer {
        let at = self.answers.partition_point(|answer| answer.last_id() < id);
        match self.answers.get(at) {
            Some(Answer::Appended { first_id, last_id, last_seq }) if *first_id <= id => {
                RecordedAnswer::Appended(last_seq - (last_id - id))
            }
            Some(Answer::Refused { id: refused, refusal }) if *refused == id => {
                RecordedAnswer::Refused(refusal.clone())
            }
            _ => RecordedAnswer::Unknown,
        }
    }

    fn trim(&mut self, newest: u64) {
        while self.answers.front().is_some_and(|oldest| newest - oldest.last_id() >= self.max_actions) {
            self.answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalCode;

    fn run(first_id: u64, last_id: u64, last_seq: u64) -> Answer {
        Answer::Appended { first_id, last_id, last_seq }
    }

    #[test]
    fn actions_in_a_row_are_one_answer() {
        let mut log = AnswerLog::new(100);
        let refusal = Refusal::new(RefusalCode::TooManySlots);
        for id in 1..=3 {
            log.record_appended(id, 10 + id);
        }
        log.record_refusal(4, refusal.clone());
        log.record_appended(5, 14);
        log.record_appended(6, 20);
        let refused = Answer::Refused { id: 4, refusal };
        assert_eq!(log.answers_after(0), [run(1, 3, 13), refused.clone(), run(5, 5, 14), run(6, 6, 20)]);
        assert_eq!(log.answers_after(2), [run(1, 3, 13), refused, run(5, 5, 14), run(6, 6, 20)]);
        assert_eq!(log.answers_after(4), [run(5, 5, 14), run(6, 6, 20)]);
        assert_eq!(log.answers_after(6), []);
        assert_eq!(log.last_id(), 6);
    }

    #[test]
    fn it_keeps_no_more_answers_than_a_queue_holds() {
        let mut log = AnswerLog::new(3);
        for id in 1..=10 {
            log.record_appended(id, 2 * id);
        }
        assert_eq!(log.answers_after(0), [run(8, 8, 16), run(9, 9, 18), run(10, 10, 20)]);
    }

    #[test]
    fn the_answer_to_each_action_is_known_and_never_guessed() {
        let mut log = AnswerLog::new(100);
        let refusal = Refusal::new(RefusalCode::TooManySlots);
        for id in 2..=4 {
            log.record_appended(id, 10 + id);
        }
        log.record_refusal(5, refusal.clone());
        log.record_appended(8, 15);
        let answers: Vec<_> = (1..=9).map(|id| log.answer_to(id)).collect();
        let expected = [
            RecordedAnswer::Unknown,
            RecordedAnswer::Appended(12),
            RecordedAnswer::Appended(13),
            RecordedAnswer::Appended(14),
            RecordedAnswer::Refused(refusal),
            RecordedAnswer::Unknown,
            RecordedAnswer::Unknown,
            RecordedAnswer::Appended(15),
            RecordedAnswer::Unknown,
        ];
        assert_eq!(answers, expected);
    }
}
