//! A journal that takes its time, and loses in a crash what it has not kept yet.

use std::collections::{BTreeMap, VecDeque};

use rtbroadcaster_protocol::{Host, Mark, Records, Restart, Room, RoomId, Timestamp};

use super::invariant::{Checked, Invariant};
use super::moment::{Moment, state};
use super::world::World;

/// What the server's rooms have staged, and what of it is kept.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// In the order in which it was staged.
    queue: VecDeque<Group>,
    kept: BTreeMap<RoomId, Kept>,
    /// How long it takes to keep a group.
    pub(super) delay_ms: u64,
}

/// What a room has staged between two moments. A crash loses all of it or nothing.
#[derive(Debug)]
struct Group {
    room: RoomId,
    bytes: Vec<u8>,
    mark: Mark,
    moment: Moment,
    due: Timestamp,
}

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    moment: Moment,
}

impl Journal {
    /// When the next group will have been kept.
    pub(super) fn next_moment(&self) -> Option<Timestamp> {
        self.queue.front().map(|group| group.due)
    }

    /// The head and the epoch of a room, as far as it is kept.
    pub(super) fn kept(&self, id: RoomId) -> Option<(u64, u64)> {
        self.kept.get(&id).map(|kept| (kept.moment.seq, kept.moment.epoch))
    }

    /// Whether it is kept that a room was closed.
    pub(super) fn has_closed(&self, id: RoomId) -> bool {
        self.kept.get(&id).is_some_and(|kept| !kept.moment.model.is_open)
    }

    fn keep(&mut self, group: Group) {
        let Group { room, bytes, moment, .. } = group;
        match self.kept.get_mut(&room) {
            Some(kept) => {
                kept.bytes.extend(bytes);
                kept.moment = moment;
            }
            None => {
                self.kept.insert(room, Kept { bytes, moment });
            }
        }
    }
}

impl World {
    /// Hands to the journal what the rooms have staged.
    pub(super) fn stage(&mut self) {
        if self.cluster.is_some() {
            return self.stage_in_cluster();
        }
        let Some(journal) = &mut self.journal else { return };
        let due = self.now.after(journal.delay_ms);
        // The groups are kept in the order in which they were staged.
        let due = journal.queue.back().map_or(due, |last| last.due.max(due));
        for room in self.servers[0].table.all_mut() {
            let Some((bytes, mark)) = room.take_staged() else { continue };
            let Some(model) = self.model.room(room.uuid()).cloned() else { continue };
            let moment = Moment::of(room, model);
            journal.queue.push_back(Group { room: room.id(), bytes, mark, moment, due });
        }
    }

    /// The journal takes this many milliseconds from now on.
    pub(super) fn slow_down_journal(&mut self, milliseconds: u64) -> Checked {
        if let Some(journal) = &mut self.journal {
            journal.delay_ms = milliseconds;
        }
        Ok(())
    }

    /// Every room stages a checkpoint.
    pub(super) fn stage_checkpoints(&mut self) -> Checked {
        self.stage();
        if self.journal.is_some() {
            self.servers[0].table.all_mut().for_each(Room::stage_checkpoint);
        }
        Ok(())
    }

    /// Keeps the groups that are due, and tells the rooms.
    pub(super) fn commit_due(&mut self) {
        let now = self.now;
        while let Some(group) = self.journal.as_mut().and_then(|journal| {
            journal.queue.front().is_some_and(|group| group.due <= now).then(|| journal.queue.pop_front())?
        }) {
            let (id, mark) = (group.room, group.mark);
            if let Some(journal) = &mut self.journal {
                journal.keep(group);
            }
            let has_ended = self.servers[0].table.with(id, |room| {
                room.committed(mark);
                room.has_ended()
            });
            if has_ended == Some(true) {
                self.servers[0].table.close(id);
            }
        }
    }

    /// The server crashes, and starts again with the rooms that its journal has kept. A part of
    /// what it was keeping is kept although nobody was told.
    pub(super) fn crash(&mut self) -> Checked {
        self.stage();
        let Some(mut journal) = self.journal.take() else { return Ok(()) };
        let queued = journal.queue.len();
        let survives = queued * (self.last_number % 4) as usize / 3;
        for group in journal.queue.drain(..).take(survives).collect::<Vec<_>>() {
            journal.keep(group);
        }
        if survives < queued {
            self.coverage.hit("a crash lost what was not kept");
        }
        self.forget_rooms();
        for (id, kept) in &journal.kept {
            self.restore(*id, kept)?;
        }
        self.journal = Some(journal);
        Ok(())
    }

    fn restore(&mut self, id: RoomId, kept: &Kept) -> Checked {
        let now_ms = self.now.0;
        let restart = Restart { clock_start_ms: 0, now: self.now, ended_ms: now_ms, down_ms: 0 };
        let restored = Room::restore(id, self.limits.clone(), Records::new(&kept.bytes), restart);
        let restored = restored
            .map_err(|error| Invariant::WholeRooms.violated(format!("{id} is not restored: {error}")))?;
        let is_open = kept.moment.model.is_open;
        Invariant::CloseIsKept
            .ensure(is_open == restored.is_some(), || format!("{id} is open: {is_open}, but restored"))?;
        let Some(mut room) = restored else { return Ok(()) };
        Invariant::AcknowledgedIsKept.ensure(room.head() == kept.moment.seq, || {
            format!("the head of {id} is {}, not {}", room.head(), kept.moment.seq)
        })?;
        Invariant::EpochsGrow.ensure(room.epoch() == kept.moment.epoch, || {
            format!("the epoch of {id} is {}, not {}", room.epoch(), kept.moment.epoch)
        })?;
        Invariant::EqualReplicas.ensure(state(&room) == kept.moment.state, || {
            format!("{id} was restored as {:?}", room.checkpoint(0))
        })?;
        let mut model = kept.moment.model.clone();
        let away_since = *model.away_since.get_or_insert(self.now);
        model.writer = None;
        if !room.tick(self.now) {
            let is_over = self.now >= away_since.after(self.limits.owner_grace_ms);
            return Invariant::ClosingIsFinal.ensure(is_over, || format!("{id} was not restored"));
        }
        self.coverage.hit("a room was restored");
        self.model.restored(room.uuid(), model);
        let alarm = room.take_alarm();
        self.servers[0]
            .table
            .adopt(room)
            .map_err(|code| Invariant::Limits.violated(format!("{id}: {code:?}")))?;
        if let Some(alarm) = alarm {
            self.servers[0].table.wake_at(id, alarm);
        }
        Ok(())
    }
}
