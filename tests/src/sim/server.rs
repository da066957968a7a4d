//! A server of the world: its rooms, and its part in a cluster.

use rtbroadcaster_protocol::{Limits, RoomId, Timestamp};

use super::cluster::Node;
use super::link::LinkId;
use super::model::Model;
use super::program::Program;
use super::table::Table;
use super::world::World;

/// One process that serves connections.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) table: Table,
    /// It takes no connections before this moment.
    pub(super) up_at: Timestamp,
    /// Its part in the cluster. None if it is the only server.
    pub(super) node: Option<Node>,
}

impl Server {
    /// The servers of a program.
    pub(super) fn all(program: &Program, limits: &Limits) -> Vec<Self> {
        let up_at = Timestamp::default();
        if program.servers <= 1 {
            let table = Table::new(limits.clone(), program.settings.has_journal);
            return vec![Self { table, up_at, node: None }];
        }
        let servers = 0..program.servers;
        let server = |at| {
            let table = Table::shared(limits.clone(), at, program.servers);
            Self { table, up_at, node: Some(Node::new(at, limits.clone())) }
        };
        servers.map(server).collect()
    }
}

impl Server {
    /// Whether a room is no longer what its log says, and isn't made anew yet.
    pub(super) fn has_lost(&self, room: RoomId) -> bool {
        self.node.as_ref().is_some_and(|node| node.has_lost(room))
    }
}

impl World {
    /// Whether a server does anything at this moment.
    pub(super) fn is_running(&self, server: usize) -> bool {
        self.servers[server].node.as_ref().is_none_or(|node| !node.is_stopped)
    }

    /// The servers that do something at this moment.
    pub(super) fn running(&self) -> impl Iterator<Item = usize> {
        (0..self.servers.len()).filter(|server| self.is_running(*server))
    }

    /// The server to which a new connection leads. None if none takes connections.
    pub(super) fn server_for(&self, link: LinkId) -> Option<usize> {
        let takes = |server: &Server| {
            self.now >= server.up_at && server.node.as_ref().is_none_or(|node| node.is_ready)
        };
        let up: Vec<_> = (0..self.servers.len()).filter(|at| takes(&self.servers[*at])).collect();
        // The balancer knows nothing of rooms and pages.
        let turn = usize::try_from(link.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).unwrap_or_default();
        up.get(turn % up.len().max(1)).copied()
    }

    /// What the rooms of a server must be.
    pub(super) fn view(&self, server: usize) -> &Model {
        self.servers[server].node.as_ref().map_or(&self.model, |node| &node.view)
    }

    pub(super) fn view_mut(&mut self, server: usize) -> &mut Model {
        self.servers[server].node.as_mut().map_or(&mut self.model, |node| &mut node.view)
    }

    /// A server has seen the end of a connection.
    pub(super) fn note_left(&mut self, server: usize, link: LinkId) {
        let now = self.now;
        self.view_mut(server).left(link, now);
        if let Some(node) = &mut self.servers[server].node {
            node.left.insert(link, now);
        }
    }

    /// The owner's connection to a server has closed its room.
    pub(super) fn note_closed(&mut self, server: usize, link: LinkId, uuid: &str) {
        self.view_mut(server).closed(uuid);
        if let Some(node) = &mut self.servers[server].node {
            node.closing.insert(link);
        }
    }

    /// An owner was told that this action will never happen.
    pub(super) fn note_avoided(&mut self, number: u64) {
        self.model.avoided(number);
        self.servers.iter_mut().filter_map(|server| server.node.as_mut()).for_each(|node| {
            node.view.avoided(number);
        });
    }
}
