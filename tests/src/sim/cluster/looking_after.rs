//! What servers do from time to time: they look whether they have missed an entry, tell each other
//! how many follow, forget rooms without anybody, and notice that another server is gone.

use rtbroadcaster_protocol::{Audience, OwnerPresence, Room, RoomId};

use super::event::Event;
use crate::sim::invariant::Checked;
use crate::sim::server::Server;
use crate::sim::world::World;

/// How often a server looks after a room, in milliseconds.
pub(super) const INTERVAL_MS: u64 = 10_000;

/// A server is gone if nothing was heard of it for so long, in milliseconds.
pub(super) const GONE_MS: u64 = 10_000;

/// For how long a server believes how many follow on another one, in milliseconds.
const AUDIENCE_MS: u64 = 40_000;

impl World {
    pub(super) fn look_after(&mut self, server: usize, room: RoomId) -> Checked {
        let Some(to) = self.process(server) else { return Ok(()) };
        if !self.has_part(server, room) || self.unload_if_vacant(server, room) {
            return Ok(());
        }
        self.schedule_in(INTERVAL_MS, Event::LookAfter { to, room });
        self.read_from_leader(server, room)?;
        if let Some(part) = self.servers[server].node.as_mut().and_then(|node| node.parts.get_mut(&room)) {
            // It is told again.
            part.told = Audience::default();
        }
        self.count_elsewhere(server, room);
        self.look_for_gone_owner(server, room);
        Ok(())
    }

    /// Forgets a room that nobody is in on this server.
    fn unload_if_vacant(&mut self, server: usize, id: RoomId) -> bool {
        let is_used = self.links.values().any(|link| {
            let served = link.served.as_ref().filter(|_| link.server == server);
            served.is_some_and(|served| {
                served.room() == Some(id) || served.awaits.is_some_and(|(wanted, _)| wanted == id)
            })
        });
        let is_posted_to = self.cluster.as_ref().is_some_and(|cluster| cluster.is_posted_to(server, id));
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return false };
        let has_unkept = node.parts.get(&id).is_none_or(|part| part.is_lost || part.replica.has_unkept());
        let is_vacant = table.rooms.get(id).is_some_and(Room::is_vacant);
        if is_used || is_posted_to || has_unkept || !is_vacant {
            return false;
        }
        table.unload(id);
        node.parts.remove(&id);
        node.view.forget(&id.to_string());
        self.coverage.hit("a room was unloaded");
        self.note(|| format!("server {server} has nobody in {id} any more"));
        true
    }

    /// Tells other servers how many follow here, where that has changed.
    pub(super) fn tell_audiences(&mut self) {
        for server in 0..self.servers.len() {
            let Server { table, node: Some(node), .. } = &mut self.servers[server] else { continue };
            let mut told = Vec::new();
            for (id, part) in &mut node.parts {
                let Some(room) = table.rooms.get(*id) else { continue };
                let audience = room.audience_here();
                if std::mem::replace(&mut part.told, audience) != audience {
                    told.push((*id, audience));
                }
            }
            let from = node.process.writer;
            for (room, audience) in told {
                for to in self.others(server) {
                    self.send_message(20, Event::Audience { to, room, from, audience });
                }
            }
        }
    }

    pub(super) fn hear_audience(
        &mut self,
        server: usize,
        room: RoomId,
        from: u64,
        audience: Audience,
    ) -> Checked {
        if let Some(node) = &mut self.servers[server].node {
            node.elsewhere.insert((room, from), (audience, self.now));
        }
        self.count_elsewhere(server, room);
        Ok(())
    }

    fn count_elsewhere(&mut self, server: usize, id: RoomId) {
        let now = self.now;
        let Some(cluster) = &self.cluster else { return };
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return };
        node.elsewhere.retain(|(_, from), (_, heard)| {
            let is_gone = cluster.silent.get(from).is_some_and(|since| now >= since.after(GONE_MS));
            !is_gone && now < heard.after(AUDIENCE_MS)
        });
        let here = node.elsewhere.iter().filter(|((room, _), _)| *room == id);
        let sum = here.fold(Audience::default(), |sum, (_, (audience, _))| Audience {
            connected: sum.connected + audience.connected,
            lagging: sum.lagging + audience.lagging,
        });
        if let Some(room) = table.rooms.get_mut(id) {
            room.set_audience_elsewhere(sum);
        }
        self.set_alarm(server, id);
    }

    /// Looks for rooms whose owners had connections to a server that is gone.
    pub(super) fn look_for_gone(&mut self, server: usize) -> Checked {
        let Some(node) = &self.servers[server].node else { return Ok(()) };
        let rooms: Vec<_> = node.parts.keys().copied().collect();
        for room in rooms {
            self.look_for_gone_owner(server, room);
        }
        self.stage();
        Ok(())
    }

    /// Notes that a room's owner has vanished, if the server that had its connection is gone.
    pub(super) fn look_for_gone_owner(&mut self, server: usize, id: RoomId) {
        let now = self.now;
        let Some(cluster) = &self.cluster else { return };
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return };
        let Some(part) = node.parts.get(&id) else { return };
        let holder = part.replica.holder();
        let is_gone = holder != node.process.writer
            && cluster.silent.get(&holder).is_some_and(|since| now >= since.after(GONE_MS));
        let Some(room) = table.rooms.get_mut(id).filter(|_| is_gone) else { return };
        if room.is_closed() || room.holds_owner() || room.owner_presence() == OwnerPresence::Away {
            return;
        }
        room.owner_vanished(now);
        node.view.vanished(&id.to_string(), now);
        self.coverage.hit("an owner vanished with its server");
        self.note(|| format!("server {server} finds that the owner of {id} is gone with {holder}"));
        self.set_alarm(server, id);
    }
}
