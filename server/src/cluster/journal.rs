//! The journal of a node: what rooms stage is proposed as the next entries of their logs.

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{Replica, Room, RoomId};
use tokio::time::{Instant, sleep};

use super::Cluster;
use super::state::SharedReplica;
use crate::journal::{Journal, Staged};

/// How long the end of a node waits for its last proposals.
const LAST_PROPOSALS_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it looks whether they are kept.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// No replica writes as many entries while this process proposes one group.
const NUMBER_BITS: u32 = 20;

/// The journal of a node.
#[derive(Debug)]
pub(crate) struct ClusterJournal(Arc<Cluster>);

impl ClusterJournal {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self(cluster)
    }
}

impl Journal for ClusterJournal {
    fn opens(&self, room: &mut Room) {
        let cluster = &self.0;
        room.share_seats(cluster.roster_server(false));
        let room = room.id();
        let replica = Replica::new(cluster.writer, cluster.first_number());
        cluster.replicas.insert(SharedReplica::new(room, Some(replica), cluster.clock.now()));
        cluster.listen_to(room);
    }

    fn push(&self, staged: Staged) -> bool {
        let cluster = &self.0;
        let Some(shared) = cluster.replicas.get(staged.room) else { return false };
        let mut state = shared.lock();
        let is_idle = !state.is_proposing && !state.is_behind;
        let Some(replica) = &mut state.replica else { return false };
        replica.stage(&staged.bytes, staged.mark, staged.has_checkpoint);
        if is_idle {
            state.is_proposing = true;
            let task = Arc::clone(cluster).propose(Arc::clone(&shared));
            cluster.spawn(task);
        }
        true
    }

    /// The answer of the log comes later.
    fn commit_here(&self) {}

    fn closes(&self, room: RoomId) {
        self.0.forget(room);
    }

    fn may_forget(&self, room: RoomId) -> bool {
        self.0.replicas.get(room).is_none_or(|replica| !replica.lock().has_unkept())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn shut_down(&self) {
        let cluster = Arc::clone(&self.0);
        self.0.runtime.block_on(async move {
            let deadline = Instant::now() + LAST_PROPOSALS_TIMEOUT;
            while cluster.has_unkept() && Instant::now() < deadline {
                sleep(LOOK_INTERVAL).await;
            }
            cluster.say_goodbye().await;
        });
    }
}

impl Cluster {
    /// Whether something of any room is not in its log yet.
    fn has_unkept(&self) -> bool {
        self.replicas.all().iter().any(|replica| replica.lock().has_unkept())
    }

    /// Forgets the replica of a room that isn't in the table any more.
    pub(super) fn forget(&self, room: RoomId) {
        if self.replicas.remove(room).is_some() {
            self.cells.leave(room);
        }
    }

    /// A number that is above those of all entries that this process has written.
    pub(super) fn first_number(&self) -> u64 {
        self.counts.proposals.get() << NUMBER_BITS
    }
}
