//! One lane: what it is, and what was said on it.

use std::collections::{BTreeMap, HashMap};

use super::VoterDigest;
use crate::mutation::mutated;
use crate::{Lane, LaneKind, LaneWord, Refusal, RefusalCode, Vote};

/// A lane that is open.
#[derive(Debug)]
pub(super) struct OpenLane {
    pub(super) name: String,
    /// The seq at which it was set. A lane that is set anew is another one.
    pub(super) seq: u64,
    pub(super) lane: Lane,
    pub(super) tally: Tally,
    /// How many messages came that can count here.
    pub(super) tried: u64,
    /// How many of them don't count.
    pub(super) dropped: u64,
}

/// What was said on a lane.
#[derive(Debug)]
pub(super) enum Tally {
    /// How many values the owner was told, or will be.
    Said(u64),
    /// How often each symbol came.
    Counts(Vec<u64>),
    Votes(Votes),
}

/// The newest vote of each voter.
#[derive(Debug)]
pub(super) struct Votes {
    /// How many chose each option.
    pub(super) counts: Vec<u64>,
    by_voter: HashMap<VoterDigest, Choice>,
    /// Those that are not staged yet. In order, so that the simulation always does the same.
    unstaged: BTreeMap<VoterDigest, Choice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) number: u64,
    pub(super) option: u64,
}

impl OpenLane {
    pub(super) fn new(name: &str, seq: u64, lane: &Lane) -> Self {
        let none = |count: u64| vec![0; usize::try_from(count).unwrap_or_default()];
        let tally = match &lane.kind {
            LaneKind::Say => Tally::Said(0),
            LaneKind::Count { symbols } => Tally::Counts(none(symbols.len() as u64)),
            LaneKind::Vote { options } => Tally::Votes(Votes::new(none(*options))),
        };
        Self { name: name.to_owned(), seq, lane: lane.clone(), tally, tried: 0, dropped: 0 }
    }

    /// Checks that such a word can be said here.
    pub(super) fn check(&self, word: &LaneWord<'_>, longest: usize) -> Result<(), Refusal> {
        if let LaneWord::Vote { seq: Some(seq), .. } = word
            && *seq != self.seq
            && !mutated!(VoteOnResetLane)
        {
            let message = "the lane was set anew since: look at what it is now, and vote again";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        match (&self.lane.kind, word) {
            (LaneKind::Say, LaneWord::Say(value)) if value.len() <= longest => Ok(()),
            (LaneKind::Say, LaneWord::Say(_)) => Err(malformed(format!(
                "\"say\" must have at most {longest} bytes as JSON (--lane-value-bytes)"
            ))),
            (LaneKind::Count { symbols }, LaneWord::React(symbol)) if symbols.iter().any(|s| s == symbol) => {
                Ok(())
            }
            (LaneKind::Count { .. }, LaneWord::React(_)) => {
                Err(malformed("\"react\" must be one of the symbols of its lane".to_owned()))
            }
            (LaneKind::Vote { options }, LaneWord::Vote { option, .. }) if option < options => Ok(()),
            (LaneKind::Vote { options, .. }, LaneWord::Vote { .. }) => {
                Err(malformed(format!("\"vote\" must be from 0 to {}", options - 1)))
            }
            (kind, _) => {
                let word = match kind {
                    LaneKind::Say => "say",
                    LaneKind::Count { .. } => "react",
                    LaneKind::Vote { .. } => "vote",
                };
                Err(malformed(format!("this lane takes \"{word}\"")))
            }
        }
    }

    /// Notes that a message doesn't count.
    pub(super) fn note_dropped(&mut self) {
        self.dropped += 1;
    }
}

impl Votes {
    fn new(counts: Vec<u64>) -> Self {
        Self { counts, by_voter: HashMap::new(), unstaged: BTreeMap::new() }
    }

    pub(super) fn voters(&self) -> usize {
        self.by_voter.len()
    }

    pub(super) fn unstaged(&self) -> usize {
        self.unstaged.len()
    }

    /// What a voter has chosen.
    pub(super) fn choice(&self, voter: &VoterDigest) -> Option<Choice> {
        self.by_voter.get(voter).copied()
    }

    /// Notes a vote, which is to be staged. Returns what counts for the voter now.
    pub(super) fn vote(&mut self, voter: VoterDigest, choice: Choice) -> Choice {
        if self.apply(voter, choice) {
            self.unstaged.insert(voter, choice);
        }
        self.choice(&voter).unwrap_or(choice)
    }

    /// Counts a vote. False if the voter's own is as new, or the option isn't there.
    pub(super) fn apply(&mut self, voter: VoterDigest, choice: Choice) -> bool {
        let before = self.choice(&voter);
        let is_newer = before.is_none_or(|before| choice.number > before.number);
        if !is_newer && !mutated!(ForgetVoteNumber) {
            return false;
        }
        let Some(count) = usize::try_from(choice.option).ok().and_then(|at| self.counts.get_mut(at)) else {
            return false;
        };
        *count += 1;
        if let Some(before) = before
            && !mutated!(CountChangedVoteTwice)
            && let Some(count) = usize::try_from(before.option).ok().and_then(|at| self.counts.get_mut(at))
        {
            *count -= 1;
        }
        self.by_voter.insert(voter, choice);
        true
    }

    /// Takes out those that are not staged yet.
    pub(super) fn take_unstaged(&mut self) -> Vec<Vote> {
        std::mem::take(&mut self.unstaged).into_iter().map(vote_of).collect()
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> Vec<Vote> {
        self.by_voter.iter().map(|(voter, choice)| vote_of((*voter, *choice))).collect()
    }
}

fn vote_of((voter, Choice { number, option }): (VoterDigest, Choice)) -> Vote {
    Vote { voter, number, option }
}

fn malformed(message: String) -> Refusal {
    Refusal::with_message(RefusalCode::Malformed, message)
}
