//! Proposing what a room stages as the next entry of its log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rtbroadcaster_protocol::{Proposal, Room};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::Cluster;
use super::state::{SharedReplica, UNANSWERED};
use crate::journal::Written;
use crate::shared_room::SharedRoom;

/// The pauses before a proposal is sent again.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Cluster {
    /// Proposes what a room has staged, until nothing waits. One task a room does this.
    pub(super) async fn propose(self: Arc<Self>, shared: Arc<SharedReplica>) {
        self.cells.is_heard(shared.id).await;
        loop {
            let room = self.room(shared.id);
            let Some(proposal) = room.as_ref().and_then(|room| self.next_proposal(&shared, room)) else {
                if room.is_none() {
                    let mut state = shared.lock();
                    (state.is_proposing, state.proposed) = (false, None);
                }
                return;
            };
            if let Some(room) = room {
                self.counts.proposals.add();
                let started = Instant::now();
                self.write(&shared, &room, proposal).await;
                let nanoseconds = started.elapsed().as_nanos();
                self.counts.latency.observe(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
            }
        }
    }

    /// The next proposal of a room. If there is none, the task ends, and the next one that stages
    /// something starts another.
    fn next_proposal(&self, shared: &SharedReplica, room: &SharedRoom) -> Option<Proposal> {
        let proposal = room.look(|room| {
            let mut state = shared.lock();
            let is_behind = state.is_behind;
            let replica = state.replica.as_mut().filter(|_| !is_behind);
            let proposal = replica.and_then(|replica| replica.propose(room, self.logs.max_entry_bytes()));
            state.is_proposing = proposal.is_some();
            state.proposed = proposal.is_some().then(|| self.clock.now());
            proposal
        });
        proposal.flatten()
    }

    /// Writes a proposal, again and again until its outcome is known.
    async fn write(
        self: &Arc<Self>,
        shared: &Arc<SharedReplica>,
        room: &Arc<SharedRoom>,
        proposal: Proposal,
    ) {
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        let entry = Bytes::from(proposal.entry);
        loop {
            let mut has_place = true;
            match self.logs.write(room.id(), proposal.previous, entry.clone()).await {
                Written::At(position) => {
                    self.health.note_answer();
                    self.note_written(shared, room, proposal.number, position);
                    return;
                }
                Written::NotLast => {
                    self.health.note_answer();
                    self.catch_up(shared, room, None).await;
                }
                Written::NoPlace(reason) => {
                    self.health.note_answer();
                    has_place = false;
                    if self.may_warn() {
                        warn!(
                            room = %room.id(),
                            reason,
                            "a stream of the cluster is full, so nothing is acknowledged in its rooms: \
                             raise --nats-stream-bytes and the streams' max_bytes"
                        );
                    }
                }
                Written::Unanswered(reason) => {
                    if started.elapsed() > UNANSWERED {
                        warn!(room = %room.id(), reason, "nothing is kept of the room: it is given up for now");
                        self.send_away(room);
                    }
                }
            }
            let is_retired = room.look(Room::is_retired) != Some(false);
            let is_settled =
                !shared.lock().replica.as_ref().is_some_and(|replica| replica.is_proposed(proposal.number));
            if is_retired || is_settled {
                return;
            }
            self.counts.repetitions.add();
            sleep(pause).await;
            pause = (pause * 2).min(if has_place { LONGEST_PAUSE } else { LONGEST_PAUSE * 2 });
        }
    }

    fn note_written(
        self: &Arc<Self>,
        shared: &SharedReplica,
        room: &Arc<SharedRoom>,
        number: u64,
        position: u64,
    ) {
        let now = self.clock.now();
        self.change(room, |room| {
            let mut state = shared.lock();
            (state.last_entry, state.is_last_writer) = (now, true);
            state.seen = state.seen.max(position);
            let Some(replica) = &mut state.replica else { return };
            let before = replica.bytes_since_checkpoint();
            replica.acknowledge(room, number, position);
            if replica.bytes_since_checkpoint() < before {
                state.may_delete = true;
            }
        });
    }

    /// Whether this may be logged as a warning now.
    pub(super) fn may_warn(&self) -> bool {
        self.table.upgrade().is_some_and(|table| table.may_warn())
    }
}
