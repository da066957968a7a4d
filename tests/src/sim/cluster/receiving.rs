//! How a server follows the logs of its rooms: what comes live, what it reads, and rooms that it
//! has to make anew.

use rtbroadcaster_protocol::{
    Host, LogEntry, OwnerPresence, Received, ReplicaLoader, Room, RoomId, Timestamp,
};

use super::event::Event;
use super::log::Bytes;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::model::RoomModel;
use crate::sim::server::Server;
use crate::sim::world::World;

/// After how many milliseconds a server reads on that didn't get everything.
pub(super) const READ_AGAIN_MS: u64 = 50;

impl World {
    /// An entry has come live.
    pub(super) fn take_entry(&mut self, server: usize, room: RoomId, position: u64) -> Checked {
        let entry = self.cluster.as_ref().and_then(|cluster| cluster.log.entry(room, position));
        match entry {
            Some(entry) => self.receive(server, room, position, &entry, true),
            None => self.read_on(server, room),
        }
    }

    /// Gives an entry to a server's replica. With `may_read`, what is missing before it is read.
    fn receive(
        &mut self,
        server: usize,
        id: RoomId,
        position: u64,
        entry: &Bytes,
        may_read: bool,
    ) -> Checked {
        let now = self.now;
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let Some(part) = node.parts.get_mut(&id).filter(|part| !part.is_lost) else { return Ok(()) };
        let Some(room) = table.rooms.get_mut(id) else { return Ok(()) };
        let entry = LogEntry::decode(entry)
            .map_err(|error| Invariant::WholeRooms.violated(format!("{position} of {id}: {error}")))?;
        let before = part.replica.position();
        let received = part.replica.receive(room, position, &entry, now);
        self.note(|| format!("server {server} takes {position} of {id} after {before}: {received:?}"));
        match received {
            Received::Known => Ok(()),
            Received::Kept => {
                self.coverage.hit("a proposal was kept though nobody was told");
                self.kept(server, id, before)
            }
            Received::Taken => {
                self.coverage.hit("an entry was taken from another server");
                self.taken(server, id, before, position)
            }
            Received::Hole if may_read => {
                self.coverage.hit("a hole was read");
                self.read_on(server, id)
            }
            // What is between was deleted.
            Received::Hole | Received::Lost => self.lose(server, id),
        }
    }

    /// A server has taken another one's entry.
    fn taken(&mut self, server: usize, id: RoomId, before: u64, position: u64) -> Checked {
        let end = self.cluster.as_ref().and_then(|cluster| cluster.log.end_at(id, position));
        if let Some(end) = end {
            self.follow(server, id, end.moment.model.clone())?;
        }
        self.check_applied(server, id, before, position)?;
        self.end_room_if_closed(server, id);
        self.set_alarm(server, id);
        self.release_waiting(server, id);
        Ok(())
    }

    /// What a room of a server must be is what the log says.
    pub(super) fn follow(&mut self, server: usize, id: RoomId, mut model: RoomModel) -> Checked {
        let now = self.now;
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let Some(room) = table.rooms.get(id) else { return Ok(()) };
        if !model.is_open {
            node.view.take(room.uuid(), model);
            return Ok(());
        }
        let is_away = room.owner_presence() == OwnerPresence::Away;
        Invariant::EqualReplicas.ensure(is_away == model.left_at.is_some(), || {
            format!("server {server} says that the owner of {id} is away: {is_away}, by the log it isn't so")
        })?;
        // Each server counts from when it hears of it, or by the clock of the one that has noticed.
        model.away_since = room.checkpoint(0).owner.away_since_ms.map(Timestamp);
        let is_possible =
            model.left_at.zip(model.away_since).is_none_or(|(left, since)| left <= since && since <= now);
        Invariant::ClosingIsFinal.ensure(is_possible, || {
            format!(
                "server {server} counts from {:?} for {id}, and the owner left at {:?}",
                model.away_since, model.left_at
            )
        })?;
        node.view.take(room.uuid(), model);
        Ok(())
    }

    /// Reads on in the log of a room, from one of its keepers. It may not have the newest entries.
    pub(super) fn read_on(&mut self, server: usize, room: RoomId) -> Checked {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        let missing = if cluster.goes_wrong(50) { cluster.throw(4) } else { 0 };
        self.read(server, room, usize::try_from(missing).unwrap_or_default())
    }

    /// Reads on in the log of a room, from the keeper that knows all of it.
    pub(super) fn read_from_leader(&mut self, server: usize, room: RoomId) -> Checked {
        self.read(server, room, 0)
    }

    fn read(&mut self, server: usize, room: RoomId, missing: usize) -> Checked {
        let (Some(node), Some(cluster)) = (&self.servers[server].node, &self.cluster) else { return Ok(()) };
        let Some(part) = node.parts.get(&room) else { return Ok(()) };
        let (to, is_cut_off) = (node.process, node.is_cut_off());
        if !is_cut_off {
            if part.is_lost {
                return self.make_anew(server, room, missing);
            }
            let position = part.replica.position();
            for (position, entry) in cluster.log.read(room, position, missing) {
                self.receive(server, room, position, &entry, false)?;
            }
        }
        let position = self.position(server, room);
        let last = self.cluster.as_ref().and_then(|cluster| cluster.log.last(room));
        if position.is_some_and(|position| Some(position) < last) {
            self.schedule_in(READ_AGAIN_MS, Event::Read { to, room });
        }
        self.release_waiting(server, room);
        Ok(())
    }

    pub(super) fn position(&self, server: usize, room: RoomId) -> Option<u64> {
        Some(self.servers[server].node.as_ref()?.parts.get(&room)?.replica.position())
    }

    /// A server's room is no longer what the log says.
    fn lose(&mut self, server: usize, id: RoomId) -> Checked {
        let Some(node) = &mut self.servers[server].node else { return Ok(()) };
        let Some(part) = node.parts.get_mut(&id) else { return Ok(()) };
        part.is_lost = true;
        part.sent = None;
        part.replica.forget_unkept();
        self.servers[server].table.with(id, Room::lose_unkept);
        self.coverage.hit("a change was lost to another server");
        self.read_on(server, id)
    }

    /// Makes a lost room anew, if the keeper that is asked has enough of the log.
    fn make_anew(&mut self, server: usize, id: RoomId, missing: usize) -> Checked {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let entries = cluster.log.read(id, 0, missing);
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let Some(part) = node.parts.get_mut(&id) else { return Ok(()) };
        let Some(room) = table.rooms.get_mut(id) else { return Ok(()) };
        if entries.last().is_none_or(|(last, _)| *last <= part.replica.position()) {
            let to = node.process;
            self.schedule_in(READ_AGAIN_MS, Event::Read { to, room: id });
            return Ok(());
        }
        let mut loader = ReplicaLoader::new(id, self.limits.clone(), room.has_original());
        let broken = |error| Invariant::WholeRooms.violated(format!("{id} can't be made anew: {error}"));
        for (position, entry) in &entries {
            let entry = LogEntry::decode(entry).map_err(|error| broken(error.into()))?;
            loader.take(*position, &entry).map_err(broken)?;
        }
        let loaded = loader.finish(0, self.now).map_err(broken)?;
        let had_claimed = node.view.room(room.uuid()).and_then(|model| model.writer);
        part.replica.rebuild(room, loaded);
        part.forget_unkept();
        part.is_lost = false;
        self.coverage.hit("a lost room was made anew");
        self.note(|| format!("server {server} has made {id} anew"));
        self.made_anew(server, id, had_claimed)?;
        self.stage();
        self.read_on(server, id)
    }

    /// Checks a room that was made anew.
    fn made_anew(&mut self, server: usize, id: RoomId, had_claimed: Option<u64>) -> Checked {
        let position = self.position(server, id).unwrap_or_default();
        let end = self.cluster.as_ref().and_then(|cluster| cluster.log.end_until(id, position));
        let Some(end) = end else { return Ok(()) };
        let mut model = end.moment.model.clone();
        let claimed_here =
            had_claimed.is_some_and(|link| self.links.get(&link).is_some_and(|l| l.server == server));
        if claimed_here && model.writer != had_claimed {
            self.coverage.hit("a claim was lost to another server");
        }
        // What only this server knows: the owner has left, or has closed the room.
        let Some(node) = &self.servers[server].node else { return Ok(()) };
        let has_left = model.writer.and_then(|link| node.left.get(&link)).copied();
        let has_closed = model.claimant.is_some_and(|link| node.closing.contains(&link));
        if has_closed && model.is_open {
            model.is_open = false;
        } else if let Some(left) = has_left {
            model.writer = None;
            model.left_at = Some(left);
        }
        self.follow(server, id, model)?;
        if let Some(room) = self.servers[server].table.rooms.get(id).filter(|_| end.moment.model.is_open) {
            end.check_replica(server, room)?;
        }
        self.end_room_if_closed(server, id);
        self.set_alarm(server, id);
        Ok(())
    }

    /// Sets the alarm of a room that has changed.
    pub(super) fn set_alarm(&mut self, server: usize, id: RoomId) {
        let table = &mut self.servers[server].table;
        if let Some(alarm) = table.rooms.get_mut(id).and_then(Room::take_alarm) {
            table.rooms.wake_at(alarm, id);
        }
    }
}
