//! Looking after the replicas of this node: once a second, and when the connection says something.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rtbroadcaster_protocol::{OwnerPresence, Replica, Room, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use super::Cluster;
use super::state::SharedReplica;
use crate::journal::{NatsEvent, STREAMS, StreamState, UNIQUE_REFRESH, cluster_grace};
use crate::shared_room::SharedRoom;

const SECOND: Duration = Duration::from_secs(1);

/// Every so many seconds this node says that it is there, and asks whether the streams are.
const HEARTBEAT: u64 = 2;

/// Every so many seconds all replicas are compared with their logs. A lost entry that no other one
/// follows is noticed then at the latest.
const COMPARISON: u64 = 30;

/// A replica that nobody needs is given up after so many milliseconds.
const UNUSED_MS: u64 = 30_000;

/// A room gets a checkpoint after so many bytes of records, or as many as its state has.
const CHECKPOINT_BYTES: usize = 256 * 1_024;

impl Cluster {
    /// Looks after all replicas once a second, as long as the cluster is there.
    pub(super) async fn look_after_rooms(cluster: Weak<Self>) {
        let mut ticks = interval(SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for second in 0_u64.. {
            ticks.tick().await;
            let Some(cluster) = cluster.upgrade() else { return };
            if second % UNIQUE_REFRESH.as_secs() == UNIQUE_REFRESH.as_secs() - 1 {
                cluster.keep_node_number();
            }
            if second % HEARTBEAT == 0 {
                cluster.say_it_is_there().await;
                cluster.ask_streams(second / HEARTBEAT);
            }
            if !cluster.is_ready() {
                cluster.give_up_all();
            }
            for shared in cluster.replicas.all() {
                if let Some(room) = cluster.room(shared.id) {
                    cluster.look_after(&shared, &room);
                }
            }
            if second % COMPARISON == COMPARISON - 1 {
                cluster.spawn(Arc::clone(&cluster).compare_all());
            }
        }
    }

    /// Hears what becomes of the connection, as long as both are there.
    pub(super) async fn hear_of_connection(cluster: Weak<Self>, mut events: mpsc::Receiver<NatsEvent>) {
        while let Some(event) = events.recv().await {
            let Some(cluster) = cluster.upgrade() else { return };
            match event {
                NatsEvent::Connected => {
                    cluster.counts.connects.add();
                    info!("connected to NATS");
                    cluster.spawn(Arc::clone(&cluster).compare_all());
                }
                NatsEvent::Disconnected => warn!("the connection to NATS is lost: trying again"),
                NatsEvent::SlowConsumer => {
                    cluster.counts.slow_consumers.add();
                    warn!("messages of NATS were not taken in time: reading what is missing");
                    cluster.spawn(Arc::clone(&cluster).compare_all());
                }
                NatsEvent::LameDuck => info!("the NATS server is about to end: moving to another one"),
                NatsEvent::Refused(reason) => warn!(reason, "NATS has refused something"),
            }
        }
    }

    /// Asks one of the streams whether it has a leader, and all of them if none has answered
    /// lately.
    fn ask_streams(self: &Arc<Self>, turn: u64) {
        let is_silent = self.health.silence() > SECOND * 4;
        // The one behind those with rooms has what is unique.
        for number in 0..=STREAMS {
            if is_silent || number as u64 == turn % (STREAMS as u64 + 1) {
                self.spawn(Arc::clone(self).ask_stream(number));
            }
        }
    }

    async fn ask_stream(self: Arc<Self>, number: usize) {
        match self.logs.state(number).await {
            StreamState::Answers => {
                self.health.note_answer();
                if number == STREAMS {
                    self.note_unique_stream().await;
                }
            }
            StreamState::Missing => {
                let stream = self.logs.subjects().stream_name(number);
                match self.logs.create(number).await {
                    Ok(()) => {
                        warn!(stream, "somebody has deleted a stream, and its rooms with it: it is created");
                    }
                    // Another node may have created it.
                    Err(error) => info!(stream, %error, "a deleted stream could not be created"),
                }
            }
            StreamState::Silent => {}
        }
    }

    /// Gives up all rooms: this node doesn't know any more what they are.
    fn give_up_all(self: &Arc<Self>) {
        let rooms: Vec<_> = self.replicas.all().iter().filter_map(|shared| self.room(shared.id)).collect();
        if !rooms.is_empty() {
            warn!(rooms = rooms.len(), "JetStream has not answered for 15 s: all clients are sent away");
        }
        rooms.iter().for_each(|room| self.send_away(room));
    }

    fn look_after(self: &Arc<Self>, shared: &Arc<SharedReplica>, room: &Arc<SharedRoom>) {
        let now = self.clock.now();
        self.count_audience(shared, room);
        self.exchange_roster(room, now);
        if let Some(code) = room.code() {
            self.keep_code(shared, code);
        }
        self.note_vanished_owner(shared, room, now);
        if self.is_unused(shared, room, now) {
            debug!(room = %room.id(), "nobody here needs the room");
            self.counts.unloads.add();
            return self.give_up(room);
        }
        let (since, age, may_delete) = {
            let state = shared.lock();
            let since = state.replica.as_ref().map_or(0, Replica::bytes_since_checkpoint);
            (since, now.since(state.last_entry), state.may_delete)
        };
        let Some((holds_owner, state_bytes)) = room.look(|room| (room.holds_owner(), room.state_bytes()))
        else {
            return;
        };
        let is_large = holds_owner && since > CHECKPOINT_BYTES.max(state_bytes);
        if is_large || age >= self.refresh_after_ms(holds_owner) {
            room.stage_checkpoint();
        }
        if may_delete {
            self.delete_old(shared, room);
        }
    }

    /// After how many milliseconds without an entry a room gets a checkpoint, so that its log
    /// doesn't go by its age. The node with the owner comes first.
    fn refresh_after_ms(&self, holds_owner: bool) -> u64 {
        let grace = u64::try_from(cluster_grace(self.limits.owner_grace_ms).as_millis()).unwrap_or(u64::MAX);
        let others = (3 * u64::from(self.nodes.rank()) + 12).min(20);
        if holds_owner { grace } else { grace.saturating_mul(others) / 8 }
    }

    /// Notes that the owner is away whose node is gone. The nodes do so one after the other, so
    /// that the second has heard of it from the first.
    fn note_vanished_owner(self: &Arc<Self>, shared: &SharedReplica, room: &Arc<SharedRoom>, now: Timestamp) {
        let holder = shared.lock().holder();
        let gone_for = if holder == 0 { None } else { self.nodes.gone_for(holder) };
        if gone_for.is_some_and(|gone_for| gone_for >= SECOND * self.nodes.rank()) {
            self.change(room, |room| {
                if room.owner_presence() == OwnerPresence::Here && !room.holds_owner() {
                    room.owner_vanished(now);
                }
            });
        }
    }

    /// Whether nobody has needed the replica for a while.
    fn is_unused(&self, shared: &SharedReplica, room: &Arc<SharedRoom>, now: Timestamp) -> bool {
        // The table has one, this call another one. Others are of connections and the application.
        let is_held = Arc::strong_count(room) > 2;
        let is_vacant = |room: &Room| room.is_vacant() && room.named_here() == 0;
        let is_vacant = !is_held && room.look(is_vacant) == Some(true);
        let mut state = shared.lock();
        // The node that the owner left last waits for the end of its grace.
        let closes = state.closes_after_grace();
        if !is_vacant || closes || state.has_unkept() || state.is_behind {
            state.unused_since = None;
            return false;
        }
        now.since(*state.unused_since.get_or_insert(now)) >= UNUSED_MS
    }

    fn delete_old(self: &Arc<Self>, shared: &Arc<SharedReplica>, room: &SharedRoom) {
        let before = room.look(|room| {
            let mut state = shared.lock();
            state.may_delete = false;
            state.replica.as_mut().and_then(|replica| replica.needed_from(room))
        });
        let Some(before) = before.flatten() else { return };
        let (cluster, shared) = (Arc::clone(self), Arc::clone(shared));
        self.spawn(async move {
            if let Err(error) = cluster.logs.delete_before(shared.id, before).await {
                debug!(room = %shared.id, %error, "old entries could not be deleted yet");
                shared.lock().may_delete = true;
            }
        });
    }

    /// Compares all replicas with their logs, and reads what is missing.
    async fn compare_all(self: Arc<Self>) {
        let replicas = self.replicas.all();
        let ids: Vec<_> = replicas.iter().map(|shared| shared.id).collect();
        let last = match self.logs.last_of_each(&ids).await {
            Ok(last) => last,
            Err(error) => {
                debug!(%error, "the replicas could not be compared with their logs");
                return;
            }
        };
        let last: HashMap<_, _> = last.into_iter().collect();
        for shared in replicas {
            let Some(room) = self.room(shared.id) else { continue };
            let (position, is_behind) = {
                let state = shared.lock();
                (state.position(), state.is_behind)
            };
            let last = last.get(&shared.id).copied().unwrap_or(0);
            if is_behind || last == position {
                continue;
            }
            if last > position {
                self.counts.holes.add();
                self.catch_up(&shared, &room, Some(last)).await;
            } else if position > 0 {
                // That server doesn't know the newest entries, or they are gone.
                self.catch_up(&shared, &room, None).await;
            }
        }
    }
}
