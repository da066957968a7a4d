//! Rooms that live on several servers, the nodes of a cluster. Each node that has somebody of a
//! room has a replica of it; the room's log in JetStream says what counts. `docs/cluster.md` shows
//! it from outside, `protocol`'s `Replica` has the rules.

mod audience;
mod catching_up;
mod codes;
mod entering;
mod heartbeat;
mod journal;
mod listening;
mod numbering;
mod posts;
mod proposing;
mod receiving;
mod roster;
mod starting;
mod state;
mod upkeep;

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rtbroadcaster_protocol::{Limits, Refusal, RefusalCode, RoomId};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, yield_now};

pub(crate) use journal::ClusterJournal;
pub(crate) use posts::HandedOver;
pub(crate) use state::{ClusterCounts, ClusterReport, NodeView};

use state::{Cells, Health, Loads, MissedCodes, Nodes, Replicas};

use crate::clock::Clock;
use crate::journal::{RoomLogs, UniqueStream};
use crate::rooms::RoomTable;
use crate::shared_room::SharedRoom;

/// After how many milliseconds a client is to ask again for a room that can't be had now.
const RETRY_MS: u64 = 1_000;

/// Replicas that are looked at before other tasks get their turn.
const CHUNK_SIZE: usize = 256;

/// This server's part in a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    logs: RoomLogs,
    /// The number of this process among all that ever write: random, and never 0.
    writer: u64,
    /// The table with the replicas of this node.
    table: Weak<RoomTable>,
    clock: Clock,
    limits: Limits,
    /// Runs what takes longer than a call.
    runtime: Handle,
    replicas: Replicas,
    loads: Loads,
    cells: Cells,
    nodes: Nodes,
    health: Health,
    counts: ClusterCounts,
    /// Posts that other nodes hand over are answered.
    takes_posts: AtomicBool,
    /// Locked by whoever asks for the room of a code.
    code_turn: Mutex<()>,
    /// Codes for which JetStream had no room a moment ago.
    missed_codes: MissedCodes,
    /// The stream of codes, as it was seen last.
    unique_stream: std::sync::Mutex<Option<UniqueStream>>,
    /// The number of this node among all that give out seats.
    seats: u16,
    /// How many lists of people this node has begun.
    lists: AtomicU64,
}

impl Cluster {
    /// What this node has done.
    pub(crate) fn counts(&self) -> &ClusterCounts {
        &self.counts
    }

    /// How this node is now.
    pub(crate) async fn report(&self) -> ClusterReport {
        let nodes = self.nodes.all().iter().filter(|node| node.is_alive).count();
        let (silence, clock_difference) = (self.health.silence(), self.nodes.clock_difference());
        let mut report = ClusterReport { nodes, silence, clock_difference, ..ClusterReport::default() };
        let now = self.clock.now();
        for replicas in self.replicas.all().chunks(CHUNK_SIZE) {
            for shared in replicas {
                let state = shared.lock();
                report.replicas += 1;
                report.behind += usize::from(state.lacks_entries());
                if let Some(since) = state.proposed {
                    report.proposing += 1;
                    let waits = Duration::from_millis(now.since(since));
                    report.oldest_proposal = report.oldest_proposal.max(waits);
                }
            }
            yield_now().await;
        }
        report
    }

    /// All nodes of the cluster that were heard of lately, this one first.
    pub(crate) fn nodes(&self) -> Vec<NodeView> {
        self.nodes.all()
    }

    /// Whether rooms can be had and kept.
    pub(crate) fn is_ready(&self) -> bool {
        self.health.is_ready()
    }

    /// The node that has the connection of a room's owner, if it is another one that is not known
    /// to be gone.
    pub(crate) fn other_holder(&self, room: RoomId) -> Option<u64> {
        let holder = self.replicas.get(room)?.lock().holder();
        (holder != 0 && holder != self.writer && self.nodes.gone_for(holder).is_none()).then_some(holder)
    }

    /// The name of the node that has the connection of a room's owner. None if the owner is away.
    pub(crate) fn owned_on(&self, room: RoomId) -> Option<String> {
        let holder = self.replicas.get(room)?.lock().holder();
        self.nodes.name(holder)
    }

    /// The names of the nodes on which a room has followers, sorted. This node is one of them if
    /// `here`; others count by what they have said last.
    pub(crate) fn watched_on(&self, room: RoomId, here: bool) -> Vec<String> {
        let others = self.replicas.get(room).map(|replica| replica.lock().audience.nodes());
        let writers = others.unwrap_or_default().into_iter().chain(here.then_some(self.writer));
        let mut names: Vec<_> = writers.filter_map(|writer| self.nodes.name(writer)).collect();
        names.sort_unstable();
        names
    }

    fn room(&self, id: RoomId) -> Option<Arc<SharedRoom>> {
        self.table.upgrade()?.find(id)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(task)
    }
}

/// The refusal of a client whose room can't be had now.
fn unavailable() -> Refusal {
    Refusal::until_later(RefusalCode::Unavailable, RETRY_MS)
}
