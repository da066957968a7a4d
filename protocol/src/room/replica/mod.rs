//! A room that several servers have at once. The log of its records, which they keep together, says
//! what counts: each server changes its own replica first and proposes the records of that as the
//! next entry. The log takes an entry only if its writer knew the one before it. So of two servers
//! that propose at the same moment one is refused, and makes its replica anew out of the log.
//!
//! A [`Replica`] says what to propose and what an entry means. Its caller has the log.

mod entry;
mod group;
mod loading;
mod starts;

pub use entry::LogEntry;
pub use loading::{LoadError, LoadedRoom, ReplicaLoader};

use group::{Complete, Incomplete, Outgoing};
use starts::GroupStarts;

use crate::mutation::mutated;
use crate::{Mark, OwnerPresence, Room, Timestamp};

/// One server's part in the log of a room.
#[derive(Debug)]
pub struct Replica {
    writer: u64,
    /// The number of the entry that was proposed last.
    number: u64,
    /// The position of the newest entry that the room has taken; 0 before the first.
    position: u64,
    /// The server that has the owner's connection, as the newest entry says.
    holder: u64,
    /// A group of another server that is not complete yet.
    incomplete: Option<Incomplete>,
    /// What is proposed now.
    proposed: Option<Outgoing>,
    /// What the room has staged since.
    waiting: Vec<u8>,
    /// How far that goes.
    waiting_mark: Mark,
    waiting_has_checkpoint: bool,
    starts: GroupStarts,
    /// The oldest seq in the ring when the last proposal was kept. What was appended since may have
    /// pushed out more, and be lost.
    oldest_kept: u64,
}

/// An entry that is to be written behind the one at the position `previous`, if that is the last
/// one of the room. The same proposal may be sent again until its outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The number of the entry.
    pub number: u64,
    /// The position of the last entry of the room, as this server knows it.
    pub previous: u64,
    /// The bytes of the entry.
    pub entry: Vec<u8>,
}

/// What an entry of the log means for a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The room has it already.
    Known,
    /// It is this server's own proposal.
    Kept,
    /// It is another server's, and the room has taken it.
    Taken,
    /// Entries between the last one and this one are missing. They are to be read, and then this
    /// one again.
    Hole,
    /// The room is no longer what the log says. It is to be made anew, for [`Replica::rebuild`].
    Lost,
}

impl Replica {
    /// The part of this server in a new room, whose log is empty. `number` is above all numbers of
    /// entries that this server has written for a room with the same id.
    #[must_use]
    pub fn new(writer: u64, number: u64) -> Self {
        Self {
            writer,
            number,
            position: 0,
            holder: 0,
            incomplete: None,
            proposed: None,
            waiting: Vec::new(),
            waiting_mark: Mark::default(),
            waiting_has_checkpoint: false,
            starts: GroupStarts::default(),
            oldest_kept: 0,
        }
    }

    /// The part of this server in a room that was made out of its log. None if it was closed.
    #[must_use]
    pub fn loaded(writer: u64, number: u64, loaded: LoadedRoom) -> Option<(Room, Self)> {
        let LoadedRoom { room, position, holder, incomplete, starts } = loaded;
        let room = room.filter(|room| !room.is_closed())?;
        Some((room, Self { position, holder, incomplete, starts, ..Self::new(writer, number) }))
    }

    /// The position of the newest entry that the room has taken; 0 before the first.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The server that has the owner's connection, as the newest entry says. 0 if the owner is
    /// away.
    #[must_use]
    pub fn holder(&self) -> u64 {
        self.holder
    }

    /// Whether something is proposed or waits for that.
    #[must_use]
    pub fn has_unkept(&self) -> bool {
        self.proposed.is_some() || !self.waiting.is_empty()
    }

    /// Whether the outcome of the proposal with this number isn't known yet.
    #[must_use]
    pub fn is_proposed(&self, number: u64) -> bool {
        self.proposed.as_ref().is_some_and(|group| group.number == number)
    }

    /// Takes what the room has staged, for the next proposal.
    pub fn stage(&mut self, records: &[u8], mark: Mark, has_checkpoint: bool) {
        self.waiting.extend_from_slice(records);
        self.waiting_mark = mark;
        self.waiting_has_checkpoint |= has_checkpoint;
    }

    /// Begins the next proposal, with at most this many bytes of records. None if nothing waits, or
    /// if the outcome of the last one isn't known yet.
    pub fn propose(&mut self, room: &Room, max_bytes: usize) -> Option<Proposal> {
        if self.proposed.as_ref().is_some_and(|group| group.number != 0) {
            return None;
        }
        if self.proposed.is_none() {
            if self.waiting.is_empty() {
                return None;
            }
            let records = std::mem::take(&mut self.waiting);
            let has_checkpoint = std::mem::take(&mut self.waiting_has_checkpoint);
            let oldest_seq = room.oldest_seq();
            self.proposed = Some(Outgoing::new(records, self.waiting_mark, has_checkpoint, oldest_seq));
        }
        let holder = match room.owner_presence() {
            OwnerPresence::Away => 0,
            OwnerPresence::Here if room.holds_owner() => self.writer,
            OwnerPresence::Here => self.holder,
        };
        let group = self.proposed.as_mut()?;
        self.number += 1;
        group.next_part(max_bytes, self.number, holder);
        let entry = group.entry(self.writer, self.position);
        Some(Proposal { number: self.number, previous: self.position, entry: entry.encode() })
    }

    /// Notes that the log has taken the proposal with this number, at this position.
    pub fn acknowledge(&mut self, room: &mut Room, number: u64, position: u64) -> Received {
        let Some(mut group) = self.proposed.take_if(|group| group.number == number) else {
            return Received::Known;
        };
        (self.position, self.holder) = (position, group.holder);
        let start = *group.start.get_or_insert(position);
        if group.is_last_part() {
            let first_seq = room.served_seq() + 1;
            self.starts.note(start, first_seq, group.len(), group.has_checkpoint);
            self.oldest_kept = group.oldest_seq;
            room.committed(group.mark);
        } else {
            group.number = 0;
            self.proposed = Some(group);
        }
        Received::Kept
    }

    /// Takes an entry of the log, which has this position.
    pub fn receive(
        &mut self,
        room: &mut Room,
        position: u64,
        entry: &LogEntry<'_>,
        now: Timestamp,
    ) -> Received {
        if position <= self.position {
            return Received::Known;
        }
        if entry.previous != self.position && !mutated!(IgnoreHole) {
            return Received::Hole;
        }
        if entry.writer == self.writer && self.is_proposed(entry.number) && !mutated!(ForgetOwnEntry) {
            return self.acknowledge(room, entry.number, position);
        }
        if room.unkept_mark().is_some() && !mutated!(IgnoreConflict) {
            return Received::Lost;
        }
        let first_seq = room.head() + 1;
        self.position = position;
        self.holder = entry.holder;
        let group = Incomplete::add(&mut self.incomplete, position, entry);
        let Some(Complete { start, records }) = group else { return Received::Taken };
        match room.repeat(&records, entry.holder == self.writer, now) {
            Ok(has_checkpoint) => {
                self.starts.note(start, first_seq, records.len(), has_checkpoint);
                Received::Taken
            }
            Err(_) => Received::Lost,
        }
    }

    /// Puts what was made out of the log in the place of a room that is [`Received::Lost`]. What
    /// waited is lost: whoever waits for it does it again.
    pub fn rebuild(&mut self, room: &mut Room, loaded: LoadedRoom) {
        let LoadedRoom { room: rebuilt, position, holder, incomplete, starts } = loaded;
        self.forget_unkept();
        (self.position, self.holder) = (position, holder);
        (self.incomplete, self.starts) = (incomplete, starts);
        room.replace(rebuilt, holder == self.writer);
    }

    /// Forgets what is proposed and what waits: it is lost.
    pub fn forget_unkept(&mut self) {
        self.proposed = None;
        self.waiting.clear();
        self.waiting_has_checkpoint = false;
    }

    /// Bytes of records behind the newest checkpoint of the log.
    #[must_use]
    pub fn bytes_since_checkpoint(&self) -> usize {
        self.starts.bytes_since_checkpoint()
    }

    /// The position before which no entry is needed any more. None if that can't be said.
    pub fn needed_from(&mut self, room: &Room) -> Option<u64> {
        let is_all_kept = room.unkept_mark().is_none();
        self.starts.needed_from(if is_all_kept { room.oldest_seq() } else { self.oldest_kept })
    }
}

#[cfg(test)]
mod tests;
