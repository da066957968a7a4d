//! A journal that takes its time, and loses in a crash what it has not kept yet.

use std::collections::{BTreeMap, VecDeque};

use rtbroadcaster_protocol::{
    CloseCode, Host, Mark, Record, Records, Restart, Room, RoomId, ServerMessage, Timestamp, parse,
};

use super::invariant::{Checked, Invariant};
use super::model::{RoomModel, number};
use super::world::World;

/// What the server's rooms have staged, and what of it is kept.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// In the order in which it was staged.
    queue: VecDeque<Group>,
    kept: BTreeMap<RoomId, Kept>,
    /// How long it takes to keep a group.
    pub(super) delay_ms: u64,
    /// Which action was served at which seq.
    served: BTreeMap<(RoomId, u64), u64>,
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

/// A room at the end of a group.
#[derive(Debug)]
struct Moment {
    model: RoomModel,
    seq: u64,
    epoch: u64,
    /// Everything but its ring and the time since when its owner is away.
    state: Vec<u8>,
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
        let Some(journal) = &mut self.journal else { return };
        let due = self.now.after(journal.delay_ms);
        // The groups are kept in the order in which they were staged.
        let due = journal.queue.back().map_or(due, |last| last.due.max(due));
        for room in self.table.all_mut() {
            let Some((bytes, mark)) = room.take_staged() else { continue };
            let Some(model) = self.model.room(room.uuid()).cloned() else { continue };
            let (seq, epoch, state) = (room.head(), room.epoch(), state(room));
            let moment = Moment { model, seq, epoch, state };
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
        self.table.all_mut().for_each(Room::stage_checkpoint);
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
            let has_ended = self.table.with(id, |room| {
                room.committed(mark);
                room.has_ended()
            });
            if has_ended == Some(true) {
                self.table.close(id);
            }
        }
    }

    /// Checks what is sent to a connection in a room: all of it is kept, and each seq names one
    /// action for ever.
    pub(super) fn check_sent(&mut self, id: RoomId, text: &str) -> Checked {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let said = parse::server_messages(text)
            .map_err(|error| Invariant::NoPanic.violated(format!("{text}: {error}")))?;
        let kept = journal.kept.get(&id).map(|kept| (kept.moment.seq, kept.moment.epoch));
        let ensure = |holds: bool| {
            Invariant::NothingBeforeKept.ensure(holds, || format!("{id} says {text}, kept is {kept:?}"))
        };
        for message in said {
            let (seq, action) = match message {
                ServerMessage::Connected(reply) => {
                    let epoch = reply.epoch.unwrap_or_default();
                    ensure(kept.is_some_and(|(_, kept)| epoch <= kept))?;
                    (Some(reply.seq), None)
                }
                ServerMessage::Action { seq, params, .. } => {
                    let action = number(&params);
                    let model = self.model.room(&id.to_string());
                    (seq.or_else(|| model?.seq_of(action?)), action)
                }
                ServerMessage::Cleared { seq, .. } => (seq, None),
                ServerMessage::Ack { seq, .. } | ServerMessage::Synced(seq) | ServerMessage::Resync(seq) => {
                    (Some(seq), None)
                }
                _ => continue,
            };
            let Some(seq) = seq else { continue };
            ensure(kept.is_some_and(|(kept, _)| seq <= kept))?;
            if let Some(action) = action {
                let first = *journal.served.entry((id, seq)).or_insert(action);
                Invariant::OneActionASeq.ensure(first == action, || {
                    format!("seq {seq} of {id} was action {first} and is {action}")
                })?;
            }
        }
        Ok(())
    }

    /// Checks the end of a connection: nobody hears of a close that may be forgotten.
    pub(super) fn check_ended(&self, id: Option<RoomId>, code: CloseCode) -> Checked {
        let (Some(journal), Some(id), CloseCode::RoomClosed) = (&self.journal, id, code) else {
            return Ok(());
        };
        let is_kept = journal.kept.get(&id).is_some_and(|kept| !kept.moment.model.is_open);
        Invariant::CloseIsKept.ensure(is_kept, || format!("the close of {id} was told and isn't kept"))
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
        self.table.adopt(room).map_err(|code| Invariant::Limits.violated(format!("{id}: {code:?}")))?;
        if let Some(alarm) = alarm {
            self.table.wake_at(id, alarm);
        }
        Ok(())
    }
}

/// The bytes of a room's state.
fn state(room: &Room) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = None;
    Record::Checkpoint(checkpoint).encode(&mut bytes);
    bytes
}
