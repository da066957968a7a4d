//! How a server writes to the logs of its rooms: one proposal of a room at a time, sent again until
//! its outcome is known.

use std::rc::Rc;

use rtbroadcaster_protocol::{Host, LogEntry, Received, Record, Records, Replica, Room, RoomId};

use super::event::{Event, Process, Sent};
use super::log::GroupEnd;
use super::looking_after::INTERVAL_MS;
use super::node::Part;
use crate::sim::invariant::{Checked, Invariant};
use crate::sim::moment::Moment;
use crate::sim::server::Server;
use crate::sim::world::World;

/// After how many milliseconds without an answer a proposal is sent again.
const REQUEST_TIMEOUT_MS: u64 = 2_000;

impl World {
    /// Hands what the rooms have staged to their parts, and proposes it.
    pub(in crate::sim) fn stage_in_cluster(&mut self) {
        for server in 0..self.servers.len() {
            for (room, is_new) in self.servers[server].stage() {
                if let Some(to) = self.process(server).filter(|_| is_new) {
                    self.schedule_in(INTERVAL_MS, Event::LookAfter { to, room });
                }
                self.propose(server, room);
            }
        }
    }

    /// Proposes what waits, unless the outcome of the last proposal isn't known yet.
    pub(super) fn propose(&mut self, server: usize, room: RoomId) {
        let Some(max_bytes) = self.cluster.as_ref().map(|cluster| cluster.max_bytes) else { return };
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return };
        let Some(part) = node.parts.get_mut(&room).filter(|part| !part.is_lost && part.sent.is_none()) else {
            return;
        };
        let Some(room_here) = table.find(room) else { return };
        let Some(proposal) = part.replica.propose(room_here, max_bytes) else { return };
        node.numbers.insert(room, proposal.number);
        if part.proposed.is_none() {
            part.proposed = part.waiting.take().map(Rc::new);
        }
        let goes_on = LogEntry::decode(&proposal.entry).is_ok_and(|entry| entry.goes_on);
        if goes_on {
            self.coverage.hit("a group took several entries");
        }
        let end = part.proposed.clone().filter(|_| !goes_on);
        let entry = proposal.entry.into();
        part.sent = Some(Sent { number: proposal.number, previous: proposal.previous, entry, end });
        self.send_proposal(server, room);
    }

    fn send_proposal(&mut self, server: usize, room: RoomId) {
        let (Some(node), Some(cluster)) = (&self.servers[server].node, &mut self.cluster) else { return };
        let Some(sent) = node.parts.get(&room).and_then(|part| part.sent.clone()) else { return };
        let (from, number) = (node.process, sent.number);
        // A client without a connection sends what it has once it has one again.
        let leaves = node.cut_off_until.unwrap_or(self.now);
        if !cluster.goes_wrong(15) {
            let due = leaves.after(cluster.delay());
            cluster.queue.push(due, Event::Proposed { from, room, sent });
        }
        self.schedule_in(REQUEST_TIMEOUT_MS, Event::Unanswered { to: from, room, number });
    }

    pub(super) fn send_again(&mut self, server: usize, room: RoomId, number: u64) -> Checked {
        let parts = self.servers[server].node.as_ref().map(|node| &node.parts);
        let sent = parts.and_then(|parts| parts.get(&room)?.sent.as_ref());
        if sent.is_some_and(|sent| sent.number == number) {
            self.coverage.hit("a proposal was sent again");
            self.send_proposal(server, room);
        }
        Ok(())
    }

    /// A proposal has reached the log.
    pub(super) fn proposed(&mut self, from: Process, room: RoomId, sent: Sent) -> Checked {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        let Sent { number, previous, entry, end } = sent;
        let position = cluster.log.write(room, previous, Rc::clone(&entry), end.clone())?;
        self.note(|| {
            let entry = LogEntry::decode(&entry).map(|entry| written(&entry)).unwrap_or_default();
            format!("log of {room}: {from:?} writes {number} behind {previous}: {position:?}, {entry}")
        });
        self.send_message(15, Event::Answered { to: from, room, number, position });
        let Some(position) = position else { return Ok(()) };
        if let Some(end) = end {
            self.model.take(&room.to_string(), end.moment.model.clone());
        }
        for server in 0..self.servers.len() {
            if let Some(to) = self.process(server) {
                self.send_message(10, Event::Live { to, room, position });
            }
        }
        Ok(())
    }

    /// The log has answered a server.
    pub(super) fn log_answers(
        &mut self,
        server: usize,
        room: RoomId,
        number: u64,
        position: Option<u64>,
    ) -> Checked {
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let Some(part) = node.parts.get_mut(&room) else { return Ok(()) };
        if part.sent.as_ref().is_none_or(|sent| sent.number != number) {
            return Ok(());
        }
        let Some(position) = position else {
            // Another entry is the last one, or this one is: it may have been kept before.
            return self.read_from_leader(server, room);
        };
        let before = part.replica.position();
        let received = table.with(room, |room| part.replica.acknowledge(room, number, position));
        match received {
            Some(Received::Kept) => self.kept(server, room, before),
            _ => Ok(()),
        }
    }

    /// A proposal of the server is in the log. `before` is the position that its room had before.
    pub(super) fn kept(&mut self, server: usize, room: RoomId, before: u64) -> Checked {
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return Ok(()) };
        let Some(part) = node.parts.get_mut(&room) else { return Ok(()) };
        let end = part.sent.take().and_then(|sent| sent.end);
        if end.is_some() {
            part.proposed = None;
        }
        let position = part.replica.position();
        let needed_from = if end.as_ref().is_some_and(|end| end.has_checkpoint) {
            table.find(room).and_then(|room| part.replica.needed_from(room))
        } else {
            None
        };
        self.check_applied(server, room, before, position)?;
        if let Some(needed_from) = needed_from
            && self.cluster.as_mut().is_some_and(|cluster| cluster.log.delete_before(room, needed_from))
        {
            self.coverage.hit("old entries were deleted");
        }
        self.end_room_if_closed(server, room);
        self.propose(server, room);
        Ok(())
    }

    /// Removes a room whose close is kept.
    pub(super) fn end_room_if_closed(&mut self, server: usize, room: RoomId) {
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return };
        if table.find(room).is_some_and(Room::has_ended) {
            table.close(room);
            node.parts.remove(&room);
            node.view.closed(&room.to_string());
        }
    }

    /// Checks that a replica took the very next entry, and is what all replicas are there.
    pub(super) fn check_applied(&self, server: usize, id: RoomId, before: u64, position: u64) -> Checked {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let next = cluster.log.next(id, before);
        Invariant::WholeRooms.ensure(next == Some(position), || {
            format!("server {server} took {position} of {id} after {before}, next is {next:?}")
        })?;
        let end = cluster.log.end_at(id, position);
        let room = self.servers[server].table.find(id).filter(|room| room.unkept_mark().is_none());
        end.zip(room).map_or(Ok(()), |(end, room)| end.check_replica(server, room))
    }
}

/// What an entry says, for a trace.
fn written(entry: &LogEntry<'_>) -> String {
    let records: Vec<_> = Records::new(entry.records).map_while(Result::ok).collect();
    format!("holder {}, {records:?}", entry.holder)
}

impl Server {
    /// Hands what the rooms have staged to their parts. Returns the rooms, and whether each is new.
    fn stage(&mut self) -> Vec<(RoomId, bool)> {
        let Self { table, node: Some(node), .. } = self else { return Vec::new() };
        let mut staged = Vec::new();
        for room in table.all_mut() {
            let Some((bytes, mark)) = room.take_staged() else { continue };
            let Some(model) = node.view.room(room.uuid()).cloned() else { continue };
            let (id, writer) = (room.id(), node.process.writer);
            let is_new = !node.parts.contains_key(&id);
            let part = node.parts.entry(id).or_insert_with(|| Part::new(Replica::new(writer, 0)));
            let end = GroupEnd::of(room, model, &bytes, part.waiting.take());
            part.replica.stage(&bytes, mark, end.has_checkpoint);
            part.waiting = Some(end);
            staged.push((id, is_new));
        }
        staged
    }
}

impl GroupEnd {
    /// A room as it is now, with these records as the newest. `earlier` is where the group ended
    /// before.
    fn of(room: &Room, model: crate::sim::model::RoomModel, records: &[u8], earlier: Option<Self>) -> Self {
        let (mut claims, mut has_checkpoint) =
            earlier.map_or_else(Default::default, |earlier| (earlier.claims, earlier.has_checkpoint));
        for record in Records::new(records).map_while(Result::ok) {
            match record {
                Record::Claimed { epoch, .. } => claims.push(epoch),
                Record::Opened { .. } => {
                    claims.push(1);
                    has_checkpoint = true;
                }
                Record::Checkpoint(_) => has_checkpoint = true,
                _ => {}
            }
        }
        let moment = Moment::of(room, model);
        Self { moment, oldest_seq: room.oldest_seq(), claims, has_checkpoint }
    }

    /// Checks a replica that has taken the group, and nothing behind it.
    pub(super) fn check_replica(&self, server: usize, room: &Room) -> Checked {
        let moment = &self.moment;
        let seen = Moment::of(room, moment.model.clone());
        let is_equal = seen.seq == moment.seq && seen.state == moment.state;
        Invariant::EqualReplicas.ensure(is_equal, || {
            format!("server {server} has {:?}, which isn't what was proposed", room.checkpoint(0))
        })?;
        Invariant::EqualReplicas.ensure(room.oldest_seq() == self.oldest_seq, || {
            format!("the ring of server {server} begins at {}, not {}", room.oldest_seq(), self.oldest_seq)
        })
    }
}
