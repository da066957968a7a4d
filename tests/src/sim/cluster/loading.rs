//! How a server gets a room that it doesn't have, or has not all of, before it lets a client in.

use rtbroadcaster_protocol::{Audience, LoadError, LogEntry, RefusalCode, Replica, ReplicaLoader, RoomId};

use super::event::Event;
use super::node::{Loading, Part};
use super::receiving::READ_AGAIN_MS;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::link::LinkId;
use crate::sim::server::Server;
use crate::sim::world::World;

/// How many entries are read at once.
const BATCH: usize = 4;

/// How long a client waits for its room, in milliseconds.
const LONGEST_WAIT_MS: u64 = 2_000;

impl World {
    /// A client can't enter before the server has its room.
    pub(in crate::sim) fn await_room(&mut self, link: LinkId) -> Checked {
        let Some(server) = self.links.get(&link).map(|link| link.server) else { return Ok(()) };
        let Some((room, since)) = self.servers[server].table.take_wanted() else { return Ok(()) };
        let Some(to) = self.process(server) else { return Ok(()) };
        if let Some(served) = self.links.get_mut(&link).and_then(|link| link.served.as_mut()) {
            served.awaits = Some((room, since));
        }
        self.schedule_in(LONGEST_WAIT_MS, Event::GiveUp { to, link });
        if self.has_part(server, room) {
            self.coverage.hit("a client waited until its server had what it had");
            self.read_from_leader(server, room)
        } else {
            self.coverage.hit("a client waited for a room");
            self.load(server, room);
            Ok(())
        }
    }

    /// Begins to load a room.
    pub(super) fn load(&mut self, server: usize, room: RoomId) {
        let loader = ReplicaLoader::new(room, self.limits.clone(), false);
        let Some(node) = &mut self.servers[server].node else { return };
        node.loads.entry(room).or_insert(Loading { loader, target: 0 });
        let to = node.process;
        self.schedule_in(1, Event::Load { to, room });
    }

    /// Reads the next entries of a room that is being loaded.
    pub(super) fn load_on(&mut self, server: usize, id: RoomId) -> Checked {
        let (Some(node), Some(cluster)) = (&mut self.servers[server].node, &mut self.cluster) else {
            return Ok(());
        };
        let (to, is_cut_off) = (node.process, node.is_cut_off());
        let Some(loading) = node.loads.get_mut(&id) else { return Ok(()) };
        if is_cut_off {
            self.schedule_in(READ_AGAIN_MS * 10, Event::Load { to, room: id });
            return Ok(());
        }
        let Some(last) = cluster.log.last(id) else {
            node.loads.remove(&id);
            return self.decide_about_absent(server, id);
        };
        // The target is what the leader had when the loading began.
        if loading.target == 0 {
            loading.target = last;
        }
        let missing = if cluster.goes_wrong(50) { cluster.throw(4) } else { 0 };
        let missing = usize::try_from(missing).unwrap_or_default();
        let entries = cluster.log.read(id, loading.loader.position(), missing);
        for (position, entry) in entries.into_iter().take(BATCH) {
            let broken = |error| Invariant::WholeRooms.violated(format!("{id} can't be loaded: {error}"));
            let entry = LogEntry::decode(&entry).map_err(|error| broken(error.into()))?;
            match loading.loader.take(position, &entry) {
                Ok(()) => {}
                Err(LoadError::Hole) => {
                    // Some were deleted meanwhile. What makes up for them may be behind the target.
                    loading.target = 0;
                    loading.loader = ReplicaLoader::new(id, self.limits.clone(), false);
                    break;
                }
                Err(error) => return Err(broken(error)),
            }
        }
        if loading.target == 0 || loading.loader.position() < loading.target {
            self.schedule_in(READ_AGAIN_MS / 10, Event::Load { to, room: id });
            return Ok(());
        }
        self.loaded(server, id)
    }

    /// A room has been read up to its target.
    fn loaded(&mut self, server: usize, id: RoomId) -> Checked {
        let now = self.now;
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let (to, writer) = (node.process, node.process.writer);
        let Some(loading) = node.loads.remove(&id) else { return Ok(()) };
        let position = loading.loader.position();
        let loaded = loading
            .loader
            .finish(0, now)
            .map_err(|error| Invariant::WholeRooms.violated(format!("{id} can't be loaded: {error}")))?;
        let number = node.numbers.get(&id).copied().unwrap_or(0);
        let Some((room, replica)) = Replica::loaded(writer, number, loaded) else {
            return self.decide_about_absent(server, id);
        };
        table.adopt(room).map_err(|code| Invariant::Limits.violated(format!("{id}: {code:?}")))?;
        node.parts.insert(id, Part::new(replica));
        self.coverage.hit("a room was loaded");
        self.note(|| format!("server {server} has loaded {id} at {position}"));
        let end = self.cluster.as_ref().and_then(|cluster| cluster.log.end_until(id, position));
        if let Some(end) = end {
            self.follow(server, id, end.moment.model.clone())?;
            if let Some(room) = self.servers[server].table.rooms.get(id) {
                end.check_replica(server, room)?;
            }
        }
        // It asks the others how many follow there.
        for other in self.servers.iter_mut().filter_map(|server| server.node.as_mut()) {
            if let Some(part) = other.parts.get_mut(&id) {
                part.told = Audience::default();
            }
        }
        self.schedule_in(super::looking_after::INTERVAL_MS, Event::LookAfter { to, room: id });
        self.end_of_grace(server, id)?;
        self.set_alarm(server, id);
        self.look_for_gone_owner(server, id);
        // What came live meanwhile was not for anybody.
        self.read_from_leader(server, id)
    }

    /// The owner may have been away for too long while no server had the room.
    fn end_of_grace(&mut self, server: usize, id: RoomId) -> Checked {
        let now = self.now;
        let goes_on = self.servers[server].table.rooms.get_mut(id).is_none_or(|room| room.tick(now));
        if goes_on { Ok(()) } else { self.grace_over(server, id) }
    }

    /// There is no such room: whoever waits for it hears that.
    fn decide_about_absent(&mut self, server: usize, room: RoomId) -> Checked {
        if let Some(node) = &mut self.servers[server].node {
            node.absent.insert(room);
        }
        self.decide(server, room, |_, _| true, Ok(()));
        Ok(())
    }

    /// Lets those in who have waited for a room, as far as the server has what they have.
    pub(super) fn release_waiting(&mut self, server: usize, id: RoomId) {
        let room = self.servers[server].table.rooms.get(id);
        let served = room.map_or(u64::MAX, rtbroadcaster_protocol::Room::served_seq);
        self.decide(server, id, |_, since| since.is_none_or(|since| since <= served), Ok(()));
    }

    /// Decides about clients that wait for a room and have this much of it.
    fn decide(
        &mut self,
        server: usize,
        room: RoomId,
        fits: impl Fn(LinkId, Option<u64>) -> bool,
        decision: Result<(), RefusalCode>,
    ) {
        let now = self.now;
        let table = &mut self.servers[server].table;
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.server == server) {
            let Some(served) = &mut link.served else { continue };
            if served.awaits.is_some_and(|(wanted, since)| wanted == room && fits(*id, since)) {
                served.awaits = None;
                served.entry = Some(decision);
                served.peer.resume_reading(now, table);
            }
        }
    }

    /// A client has waited for its room long enough.
    pub(super) fn give_up_waiting(&mut self, server: usize, link: LinkId) -> Checked {
        let waited = self.links.get(&link).and_then(|link| link.served.as_ref()?.awaits);
        if let Some((room, _)) = waited {
            self.decide(server, room, |waiting, _| waiting == link, Err(RefusalCode::Unavailable));
        }
        Ok(())
    }
}
