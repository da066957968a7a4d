//! The logs of all rooms, as their keeper has them: of the entries that come, it takes those whose
//! writers knew the last one.

use std::collections::BTreeMap;
use std::rc::Rc;

use rtbroadcaster_protocol::RoomId;

use crate::sim::invariant::{Checked, Invariant};
use crate::sim::moment::Moment;

/// What a room must be at the end of a group of records, which is in the last entry of the group.
#[derive(Debug)]
pub(in crate::sim) struct GroupEnd {
    pub(in crate::sim) moment: Moment,
    /// The oldest seq in its ring.
    pub(super) oldest_seq: u64,
    /// The epochs of the claims in the group.
    pub(super) claims: Vec<u64>,
    pub(super) has_checkpoint: bool,
}

/// The bytes of an entry.
pub(super) type Bytes = Rc<[u8]>;

/// All entries of all rooms.
#[derive(Debug, Default)]
pub(in crate::sim) struct SharedLog {
    rooms: BTreeMap<RoomId, RoomLog>,
    /// The position of the newest entry of all rooms.
    last: u64,
}

#[derive(Debug, Default)]
struct RoomLog {
    /// What wasn't deleted, by position.
    entries: BTreeMap<u64, Bytes>,
    /// The positions of all entries, deleted ones too.
    positions: Vec<u64>,
    ends: BTreeMap<u64, Rc<GroupEnd>>,
    /// The epoch of the newest claim.
    epoch: u64,
}

impl SharedLog {
    /// Takes an entry behind the one at `previous`, if that is the room's last. Returns its
    /// position.
    ///
    /// # Errors
    /// If the entry goes back behind what is kept.
    pub(super) fn write(
        &mut self,
        room: RoomId,
        previous: u64,
        entry: Bytes,
        end: Option<Rc<GroupEnd>>,
    ) -> Checked<Option<u64>> {
        let log = self.rooms.entry(room).or_default();
        let last = log.positions.last().copied().unwrap_or(0);
        if previous != last && !forgets_expectation() {
            return Ok(None);
        }
        if let Some(end) = &end {
            log.check(room, end)?;
        }
        // Rooms share their stream, so no room's positions follow each other.
        self.last += 1;
        log.positions.push(self.last);
        log.entries.insert(self.last, entry);
        if let Some(end) = end {
            log.epoch = end.moment.epoch;
            log.ends.insert(self.last, end);
        }
        Ok(Some(self.last))
    }

    /// The position of a room's last entry. None if there is none.
    pub(super) fn last(&self, room: RoomId) -> Option<u64> {
        self.rooms.get(&room)?.positions.last().copied()
    }

    /// The entries of a room behind a position, without the `missing` newest ones.
    pub(super) fn read(&self, room: RoomId, position: u64, missing: usize) -> Vec<(u64, Bytes)> {
        let Some(log) = self.rooms.get(&room) else { return Vec::new() };
        let known = log.entries.len().saturating_sub(missing);
        let entries = log.entries.iter().take(known).filter(|(at, _)| **at > position);
        entries.map(|(at, entry)| (*at, Rc::clone(entry))).collect()
    }

    /// The entry at a position, if it wasn't deleted.
    pub(super) fn entry(&self, room: RoomId, position: u64) -> Option<Bytes> {
        self.rooms.get(&room)?.entries.get(&position).cloned()
    }

    /// The end of the group whose last entry is at this position.
    pub(super) fn end_at(&self, room: RoomId, position: u64) -> Option<Rc<GroupEnd>> {
        self.rooms.get(&room)?.ends.get(&position).cloned()
    }

    /// The end of the newest group that is whole at this position.
    pub(super) fn end_until(&self, room: RoomId, position: u64) -> Option<Rc<GroupEnd>> {
        self.rooms.get(&room)?.ends.range(..=position).next_back().map(|(_, end)| Rc::clone(end))
    }

    /// The position behind another one.
    pub(super) fn next(&self, room: RoomId, position: u64) -> Option<u64> {
        self.rooms.get(&room)?.positions.iter().copied().find(|next| *next > position)
    }

    /// Deletes a room's entries before a position. The last one stays.
    pub(super) fn delete_before(&mut self, room: RoomId, position: u64) -> bool {
        let Some(log) = self.rooms.get_mut(&room) else { return false };
        let last = log.positions.last().copied().unwrap_or(0);
        let rest = log.entries.split_off(&position.min(last));
        !std::mem::replace(&mut log.entries, rest).is_empty()
    }

    /// The head and the epoch of a room, as far as it is kept.
    pub(in crate::sim) fn kept(&self, room: RoomId) -> Option<(u64, u64)> {
        let (_, end) = self.rooms.get(&room)?.ends.last_key_value()?;
        Some((end.moment.seq, end.moment.epoch))
    }
}

impl RoomLog {
    /// Checks that a group goes on where the log ends.
    fn check(&self, room: RoomId, end: &GroupEnd) -> Checked {
        if let Some((_, last)) = self.ends.last_key_value() {
            Invariant::CloseIsKept
                .ensure(last.moment.model.is_open, || format!("{room} goes on after its close"))?;
            Invariant::AcknowledgedIsKept
                .ensure(end.moment.model.goes_on_from(&last.moment.model), || {
                    format!("what {room} had until {} is not what it has now", last.moment.seq)
                })?;
        }
        let epochs = std::iter::once(self.epoch).chain(end.claims.iter().copied());
        Invariant::EpochsGrow.ensure(epochs.is_sorted_by(|earlier, later| earlier < later), || {
            format!("{room} was in epoch {}, and was claimed in {:?}", self.epoch, end.claims)
        })
    }
}

/// Whether the keeper takes every entry: a fault that must be found.
fn forgets_expectation() -> bool {
    #[cfg(feature = "mutations")]
    return rtbroadcaster_protocol::is_active(rtbroadcaster_protocol::Mutation::ForgetExpectation);
    #[cfg(not(feature = "mutations"))]
    false
}
