//! The log as it is served, and what must be true of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::page::Answered;
use super::world::HandOverWorld;
use crate::sim::invariant::{Checked, Invariant};

/// An action, by its page, the number of its life and its id.
pub(super) type Name = (usize, u32, u64);

/// What the log has at a seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Act(Name),
    Driver(u32),
}

/// The log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) entries: BTreeMap<u64, Entry>,
    /// Where each action is.
    pub(super) places: BTreeMap<Name, u64>,
    /// Who has the pen at its end, and since which entry.
    pub(super) driver: u32,
    pub(super) turn: u64,
    /// All seats that ever had it.
    pub(super) drivers: BTreeSet<u32>,
}

impl Log {
    pub(super) fn head(&self) -> u64 {
        self.entries.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// The seat whose turn begins at a seq.
    pub(super) fn driver_at(&self, seq: u64) -> Option<u32> {
        match self.entries.get(&seq)? {
            Entry::Driver(seat) => Some(*seat),
            Entry::Act(_) => None,
        }
    }
}

/// What a message says that has a seq.
pub(super) fn entry_in(message: &Value) -> Option<(u64, Entry)> {
    let seq = message["seq"].as_u64()?;
    if let Some(seat) = message["driver"]["seat"].as_u64() {
        return Some((seq, Entry::Driver(u32::try_from(seat).ok()?)));
    }
    let number = |at: usize| message["funcParams"][at].as_u64();
    let (page, life, id) = (number(0)?, number(1)?, number(2)?);
    Some((seq, Entry::Act((usize::try_from(page).ok()?, u32::try_from(life).ok()?, id))))
}

impl HandOverWorld {
    /// The observer was served something new.
    pub(super) fn judge(&mut self, message: &Value) -> Checked {
        let Some((seq, entry)) = entry_in(message) else { return Ok(()) };
        self.note(|| format!("the log has {message}"));
        let next = self.log.head() + 1;
        Invariant::NoSilentGap.ensure(seq == next, || format!("{seq} was served in place of {next}"))?;
        self.log.entries.insert(seq, entry);
        match entry {
            Entry::Act(name) => self.judge_act(seq, name, message),
            Entry::Driver(seat) => {
                (self.log.driver, self.log.turn) = (seat, seq);
                self.log.drivers.insert(seat);
                self.goals.hit("the pen was passed");
                Ok(())
            }
        }
    }

    fn judge_act(&mut self, seq: u64, name: Name, message: &Value) -> Checked {
        let (driver, turn) = (self.log.driver, self.log.turn);
        let seat = message["funcParams"][3].as_u64();
        Invariant::WriterHasPen.ensure(seat == Some(driver.into()), || {
            format!("{name:?} of seat {seat:?} is at {seq}, and {driver} has the pen since {turn}")
        })?;
        let known = message["funcParams"][4].as_u64();
        Invariant::TurnsAreApart.ensure(known.is_none_or(|known| known >= turn), || {
            format!("{name:?} is at {seq} in the turn of {turn}, and its page was handed {known:?} only")
        })?;
        let before = self.log.places.insert(name, seq);
        Invariant::OneAnswer
            .ensure(before.is_none(), || format!("{name:?} is at {before:?} and at {seq}"))?;
        let (page, life, id) = name;
        let page = &self.pages[page];
        let answered = page.answered.get(&id).filter(|_| page.life == life).copied();
        Invariant::OneAnswer.ensure(matches!(answered, None | Some(Answered::Taken)), || {
            format!("{name:?} is at {seq}, and its page was told {answered:?}")
        })
    }

    /// A page was handed this, live.
    pub(super) fn judge_handed(&self, index: usize, seq: u64, entry: Entry) -> Checked {
        let page = &self.pages[index];
        Invariant::TurnsAreApart.ensure(self.log.entries.get(&seq) == Some(&entry), || {
            format!(
                "page {index} was handed {entry:?} at {seq}, the log has {:?}",
                self.log.entries.get(&seq)
            )
        })?;
        Invariant::TurnsAreApart
            .ensure(seq > page.applied, || format!("page {index} was handed {seq} after {}", page.applied))?;
        let is_own =
            |entry: &Entry| matches!(entry, Entry::Act((of, life, _)) if (*of, *life) == (index, page.life));
        let missed = self.log.entries.range(page.applied + 1..seq).find(|(_, entry)| !is_own(entry));
        Invariant::TurnsAreApart.ensure(missed.is_none(), || {
            format!("page {index} was handed {seq} after {}, and not {missed:?}", page.applied)
        })
    }

    /// A page was told what became of something that it has sent.
    pub(super) fn settle(&mut self, index: usize, id: u64, answered: Answered) -> Checked {
        let page = &mut self.pages[index];
        let before = page.answered.insert(id, answered);
        Invariant::OneAnswer.ensure(before.is_none_or(|before| before == answered), || {
            format!("page {index} was told of {id} that it is {before:?}, and {answered:?}")
        })?;
        let place = self.log.places.get(&(index, self.pages[index].life, id));
        let is_wrong = place.is_some() && answered != Answered::Taken;
        Invariant::OneAnswer.ensure(!is_wrong, || {
            format!("page {index} was told of {id} that it is {answered:?}, and it is at {place:?}")
        })
    }
}
