//! What a room does with its lanes: it stages votes, and tells its owner what was said.

use super::inbox::Said;
use super::lane::{OpenLane, Tally};
use super::{Batch, SharedLanes};
use crate::room::record::Record;
use crate::room::{Frame, Room};
use crate::{Entry, LaneTotals, RecordedVotes, SaidBy, Timestamp, render};

/// At most this many bytes of single values are put into one message.
const SAID_BYTES: usize = 16 * 1024;

/// What an owner's connection was told of the lanes.
#[derive(Debug, Default)]
pub(crate) struct LanesTold(Option<u64>);

impl Room {
    /// The room's lanes, which can be spoken on without the room's lock.
    #[must_use]
    pub fn shared_lanes(&self) -> SharedLanes {
        self.lanes.clone()
    }

    /// Whether a lane was ever opened.
    pub(crate) fn has_lanes(&self) -> bool {
        self.has_lanes
    }

    /// Retains an entry. Lanes begin and end with theirs.
    pub(in crate::room) fn retain_entry(&mut self, seq: u64, entry: &Entry) {
        self.slots.set_entry(seq, entry);
        if let Entry::Lane { name, lane } = entry {
            self.has_lanes = true;
            self.lanes.with(|lanes| lanes.set(seq, name, lane.as_ref()));
            self.owner_version += 1;
        }
    }

    /// Counts votes that a record says.
    pub(in crate::room) fn restore_votes(&mut self, votes: &RecordedVotes<'_>) {
        self.lane_bytes = self.lanes.with(|lanes| lanes.restore_votes(&votes.0, &votes.1));
    }

    /// The votes of all lanes, for a checkpoint.
    pub(in crate::room) fn recorded_votes(&self) -> Vec<RecordedVotes<'_>> {
        if !self.has_lanes {
            return Vec::new();
        }
        let mut all = self.lanes.with(|lanes| lanes.all_votes());
        // Not under the lock of the lanes, which those who speak need.
        all.iter_mut().for_each(|(_, votes)| votes.sort_unstable_by_key(|vote| vote.voter));
        all.into_iter().map(|(lane, votes)| (lane.into(), votes)).collect()
    }

    /// Takes over the lanes of the same room, made anew.
    pub(in crate::room) fn replace_lanes(&mut self, rebuilt: &Self) {
        // Never the same, so this locks no lock twice.
        rebuilt.lanes.with(|other| self.lanes.with(|lanes| lanes.replace(other)));
        self.has_lanes |= rebuilt.has_lanes;
    }

    /// Does what is due on the lanes.
    pub(in crate::room) fn tick_lanes(&mut self, now: Timestamp) {
        if !self.has_lanes {
            return;
        }
        let (is_owner_here, has_space) = (self.holds_owner(), self.account.memory().has_space_for_new());
        let (batch, due) = self.lanes.with(|lanes| (lanes.look(now, is_owner_here, has_space), lanes.due()));
        self.lanes_due = due;
        if let Some(batch) = batch {
            self.stage_votes(batch);
        }
    }

    fn stage_votes(&mut self, Batch { number, is_awaited, votes, bytes }: Batch) {
        for (lane, votes) in votes {
            self.stage(&Record::Voted((lane.into(), votes)));
        }
        if is_awaited {
            self.await_batch(number);
        }
        self.note_kept_batches();
        self.lane_bytes = bytes;
        self.update_memory_use();
        self.owner_version += 1;
    }

    /// Answers a batch of votes once all is kept that is staged by now.
    fn await_batch(&mut self, batch: u64) {
        let mark = self.mark();
        match self.vote_batches.back_mut() {
            Some((number, last)) if *last == mark => *number = batch,
            _ => self.vote_batches.push_back((batch, mark)),
        }
        // If nothing is to be kept, nobody else says that it is.
        self.version += u64::from(self.is_kept(mark));
    }

    /// Notes which batches of votes the journal has kept.
    pub(in crate::room) fn note_kept_batches(&mut self) {
        while let Some((number, mark)) = self.vote_batches.front().copied()
            && self.is_kept(mark)
        {
            self.lanes.note_kept_batch(number);
            self.vote_batches.pop_front();
        }
    }

    /// Adds to an empty frame what the owner is to be told of its lanes.
    pub(crate) fn tell_lanes(&self, LanesTold(told): &mut LanesTold, frame: &mut Frame) {
        if !self.has_lanes {
            return;
        }
        let (version, totals, said) = self.lanes.with(|lanes| {
            let version = lanes.version();
            let is_new = *told != Some(version) && !(told.is_none() && lanes.is_empty());
            let totals = is_new.then(|| lanes.open().iter().map(totals).collect::<Vec<_>>());
            // The first one is told however large it is.
            let mut said: Vec<Said> = lanes.take_said(usize::MAX).into_iter().collect();
            let mut left = if said.is_empty() { 0 } else { SAID_BYTES };
            while let Some(next) = lanes.take_said(left) {
                left -= next.value.len() + next.lane.len();
                said.push(next);
            }
            (version, totals, said)
        });
        *told = Some(version);
        if let Some(totals) = totals {
            let mut text = String::new();
            render::lane_totals(&mut text, &totals);
            frame.push_message(text);
        }
        if !said.is_empty() {
            let said: Vec<_> = said.iter().map(|said| self.said_by(said)).collect();
            let mut text = String::new();
            render::lane_said(&mut text, &said);
            frame.push_message(text);
        }
    }

    fn said_by<'a>(&'a self, said: &'a Said) -> SaidBy<'a> {
        let name = said.seat.and_then(|seat| self.name_of_seat(seat));
        SaidBy { lane: &said.lane, seat: said.seat, name, value: &said.value }
    }

    /// What was said on the lanes, for a request that has the owner key.
    #[must_use]
    pub fn rendered_lanes(&self) -> String {
        let totals = self.lanes.with(|lanes| lanes.open().iter().map(totals).collect::<Vec<_>>());
        let mut text = String::new();
        render::lane_totals(&mut text, &totals);
        text
    }

    /// How many lanes are open, and how many voters they have together.
    pub(in crate::room) fn lane_counts(&self) -> (usize, usize) {
        if !self.has_lanes {
            return (0, 0);
        }
        self.lanes.with(|lanes| (lanes.open().len(), lanes.voters()))
    }
}

fn totals(lane: &OpenLane) -> LaneTotals {
    let symbols = lane.lane.symbols().to_vec();
    let counts = match &lane.tally {
        Tally::Said(_) => None,
        Tally::Counts(counts) => Some(counts.clone()),
        Tally::Votes(votes) => Some(votes.counts.clone()),
    };
    LaneTotals { name: lane.name.clone(), symbols, counts, dropped: lane.dropped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyDigest, Limits, RoomId};

    #[test]
    fn batches_that_are_kept_or_that_nobody_awaits_are_forgotten() {
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([7; 32]), None, Limits::default());
        let batch = |number, is_awaited| Batch { number, is_awaited, votes: Vec::new(), bytes: 0 };
        for number in 1..10 {
            room.stage_votes(batch(number, number % 2 == 0));
            assert!(room.vote_batches.len() <= 1, "{:?}", room.vote_batches);
        }
        assert!(room.lanes.is_batch_kept(8) && !room.lanes.is_batch_kept(9));
        room.stage_records(0);
        for number in 10..20 {
            room.stage_votes(batch(number, true));
        }
        assert_eq!(room.vote_batches.len(), 1, "they wait for the same record");
    }
}
