//! What happens to servers: they stop and go on, are killed, and can't reach the log.

use rtbroadcaster_protocol::{CloseCode, RoomId, Timestamp};

use super::event::Event;
use super::looking_after::GONE_MS;
use crate::sim::invariant::Checked;
use crate::sim::link::{Down, LinkId};
use crate::sim::program::ClusterStep;
use crate::sim::server::Server;
use crate::sim::world::{ABNORMAL, World};

/// A server that can't reach the log for so long sends its clients away, in milliseconds.
const NOT_READY_MS: u64 = 15_000;

/// How much later than the first the next server calls an owner away, in milliseconds.
const RANK_MS: u64 = 500;

impl World {
    pub(in crate::sim) fn take_in_cluster(&mut self, step: &ClusterStep) -> Checked {
        if self.cluster.is_none() {
            return Ok(());
        }
        let index = |server: u8| usize::from(server) % self.servers.len();
        match *step {
            ClusterStep::Stop(server, tenths) => self.stop(index(server), u64::from(tenths) * 100),
            ClusterStep::Kill(server) => self.kill(index(server))?,
            ClusterStep::CutOff(server, tenths) => self.cut_off(index(server), u64::from(tenths) * 100),
            ClusterStep::Weather(weather) => {
                if let Some(cluster) = &mut self.cluster {
                    cluster.weather = u64::from(weather % 101);
                }
            }
            ClusterStep::Checkpoint(server) => self.stage_checkpoints_of(index(server)),
            ClusterStep::Post(room, server, slot) => self.post(room, index(server), slot),
        }
        Ok(())
    }

    /// A server does nothing for a while. Its connections stay.
    fn stop(&mut self, server: usize, milliseconds: u64) {
        let until = self.now.after(milliseconds);
        if let Some(node) = self.servers[server].node.as_mut().filter(|node| !node.is_stopped) {
            (node.is_stopped, node.stopped_until) = (true, until);
            self.coverage.hit("a server was stopped");
            self.fall_silent(server);
        }
    }

    /// A server can't reach the log for a while, and nobody hears of it.
    fn cut_off(&mut self, server: usize, milliseconds: u64) {
        let until = self.now.after(milliseconds);
        let node = self.servers[server].node.as_mut().filter(|node| !node.is_cut_off());
        if let Some(node) = node {
            node.cut_off_until = Some(until);
            let to = node.process;
            self.schedule_in(NOT_READY_MS, Event::SendAway { to });
            self.fall_silent(server);
        }
    }

    /// A server is killed and started again: its connections and its replicas are gone.
    pub(in crate::sim) fn kill(&mut self, server: usize) -> Checked {
        self.coverage.hit("a server was killed");
        self.fall_silent(server);
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        cluster.processes += 1;
        let writer = cluster.processes;
        self.servers[server].table.restart();
        if let Some(node) = &mut self.servers[server].node {
            node.start_again(writer);
            if node.is_cut_off() {
                cluster.silent.insert(writer, self.now);
            }
        }
        for link in self.links.values_mut().filter(|link| link.server == server) {
            link.served = None;
            let arrives = self.now.after(self.pages[link.page].delay_ms);
            link.send_down(arrives, Down::Closed(ABNORMAL));
        }
        Ok(())
    }

    /// The others notice after a while that they hear nothing of a server.
    fn fall_silent(&mut self, server: usize) {
        let Some(writer) = self.process(server).map(|process| process.writer) else { return };
        if let Some(cluster) = &mut self.cluster {
            cluster.silent.entry(writer).or_insert(self.now);
        }
        for (rank, to) in self.others(server).into_iter().enumerate() {
            self.schedule_in(GONE_MS + rank as u64 * RANK_MS, Event::LookForGone { to });
        }
    }

    /// Servers go on that were stopped or cut off for long enough.
    pub(in crate::sim) fn end_faults(&mut self) {
        for server in 0..self.servers.len() {
            let now = self.now;
            let Some(node) = &mut self.servers[server].node else { continue };
            if node.is_stopped && node.stopped_until <= now {
                node.is_stopped = false;
                self.go_on_after_fault(server);
            }
            let Some(node) = &mut self.servers[server].node else { continue };
            if node.cut_off_until.is_some_and(|until| until <= now) {
                node.cut_off_until = None;
                node.is_ready = true;
                self.go_on_after_fault(server);
            }
        }
    }

    fn go_on_after_fault(&mut self, server: usize) {
        let Some(node) = &self.servers[server].node else { return };
        let (to, is_cut_off, is_stopped) = (node.process, node.is_cut_off(), node.is_stopped);
        let rooms: Vec<RoomId> = node.parts.keys().copied().collect();
        let Some(cluster) = &mut self.cluster else { return };
        if is_cut_off || is_stopped {
            return;
        }
        cluster.silent.remove(&to.writer);
        for room in rooms {
            // What was sent meanwhile may be lost.
            self.schedule_in(1, Event::Read { to, room });
        }
    }

    /// When the next server goes on that is stopped or cut off.
    pub(in crate::sim) fn next_fault_ends(&self) -> Option<Timestamp> {
        let nodes = self.servers.iter().filter_map(|server| server.node.as_ref());
        let ends = |node: &super::Node| {
            [node.is_stopped.then_some(node.stopped_until), node.cut_off_until].into_iter().flatten().min()
        };
        nodes.filter_map(ends).min()
    }

    /// A server that hasn't reached the log for too long sends its clients away, and takes no more.
    pub(super) fn send_away(&mut self, server: usize) -> Checked {
        let Some(node) = &mut self.servers[server].node else { return Ok(()) };
        // It may be another time than the one that this was meant for: that does no harm.
        if !node.is_cut_off() {
            return Ok(());
        }
        node.is_ready = false;
        let links = self.links.iter().filter(|(_, link)| link.server == server && link.served.is_some());
        let links: Vec<LinkId> = links.map(|(id, _)| *id).collect();
        for link in links {
            self.coverage.hit("a client was sent away from a server that was cut off");
            self.hang_up(link, CloseCode::NotNow.value());
        }
        self.stage();
        Ok(())
    }

    fn stage_checkpoints_of(&mut self, server: usize) {
        self.stage();
        let Server { table, node: Some(node), .. } = &mut self.servers[server] else { return };
        if !node.is_stopped {
            table.all_mut().for_each(rtbroadcaster_protocol::Room::stage_checkpoint);
        }
        self.stage();
    }

    /// The network is good again, and all servers go on.
    pub(in crate::sim) fn heal_cluster(&mut self) {
        let now = self.now;
        let Some(cluster) = &mut self.cluster else { return };
        cluster.weather = 0;
        for node in self.servers.iter_mut().filter_map(|server| server.node.as_mut()) {
            node.stopped_until = node.stopped_until.min(now);
            node.cut_off_until = node.cut_off_until.map(|until| until.min(now));
        }
        self.end_faults();
    }
}
