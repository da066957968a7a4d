//! Making the replica of a room when somebody comes to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rtbroadcaster_protocol::{LoadedRoom, Refusal, Replica, RoomId};
use tokio::time::{Instant, sleep, timeout};

use super::catching_up::{FIRST_PAUSE, LONGEST_PAUSE};
use super::state::{Load, SharedReplica};
use super::{Cluster, unavailable};
use crate::journal::Unread;

/// How long a client may wait for its room. After that it is told to come back.
pub(super) const ENTER_TIMEOUT: Duration = Duration::from_secs(5);

/// After how long a new replica is compared with its log once more: the server that publishes what
/// the log takes may not have known before that this node listens.
const CHECK_AFTER: Duration = Duration::from_millis(300);

impl Cluster {
    /// Has the room in this node's table, if there is one with this id, before a client enters it.
    /// For a client that was handed the action `since` elsewhere, the room is read on until it has
    /// that. Without an id, a room may be opened.
    ///
    /// # Errors
    /// `unavailable`: the log can't be read now.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        id: Option<RoomId>,
        since: Option<u64>,
    ) -> Result<(), Refusal> {
        if !self.is_ready() {
            return Err(unavailable());
        }
        let Some(id) = id else { return Ok(()) };
        timeout(ENTER_TIMEOUT, self.have(id, since)).await.unwrap_or_else(|_| Err(unavailable()))
    }

    async fn have(self: &Arc<Self>, id: RoomId, since: Option<u64>) -> Result<(), Refusal> {
        let (Some(room), Some(shared)) = (self.room(id), self.replicas.get(id)) else {
            return self.load_once(id).await;
        };
        let is_behind = since.is_some_and(|since| room.look(|room| since > room.durable()) != Some(false));
        if is_behind {
            self.catch_up(&shared, &room, None).await;
        }
        Ok(())
    }

    /// Makes the room out of its log. Of several clients that come at the same moment, all wait for
    /// the same.
    fn load_once(self: &Arc<Self>, id: RoomId) -> Load {
        let mut loads = self.loads.loads();
        let load = loads.entry(id).or_insert_with(|| {
            let cluster = Arc::clone(self);
            let task = self.spawn_load(async move {
                let loaded = cluster.load_now(id).await;
                cluster.loads.loads().remove(&id);
                loaded
            });
            task.boxed().shared()
        });
        load.clone()
    }

    fn spawn_load(
        &self,
        load: impl Future<Output = Result<(), Refusal>> + Send + 'static,
    ) -> impl Future<Output = Result<(), Refusal>> + Send + 'static {
        let task = self.runtime.spawn(load);
        // A bug of ours ends the task. The log says so.
        async move { task.await.unwrap_or_else(|_| Err(unavailable())) }
    }

    async fn load_now(self: &Arc<Self>, id: RoomId) -> Result<(), Refusal> {
        if self.room(id).is_some() {
            return Ok(());
        }
        let shared = self.replicas.insert(SharedReplica::new(id, None, self.clock.now()));
        self.listen_to(id);
        self.cells.is_heard(id).await;
        let has_room = self.take_in(&shared).await;
        if has_room != Ok(true) {
            self.forget(id);
        }
        has_room.map(drop)
    }

    /// Puts a room into the table, as its log makes it. False if it was closed or never opened.
    async fn take_in(self: &Arc<Self>, shared: &Arc<SharedReplica>) -> Result<bool, Refusal> {
        let id = shared.id;
        let loaded = self.load_patiently(id).await?;
        let number = self.first_number();
        let made = loaded.and_then(|loaded| Replica::loaded(self.writer, number, loaded));
        let Some((mut room, replica)) = made else { return Ok(false) };
        room.share_seats(self.roster_server(true));
        let position = replica.position();
        {
            let mut state = shared.lock();
            state.replica = Some(replica);
            state.is_behind = false;
            // Whoever asks who is there waits from now on: reading the log may have taken long.
            state.since = self.clock.now();
        }
        let table = self.table.upgrade().ok_or_else(unavailable)?;
        let room = table.adopt(room)?;
        self.counts.loads.add();
        let seen = shared.lock().seen;
        if seen > position {
            self.catch_up(shared, &room, Some(seen)).await;
        }
        self.ask_for_audience(id);
        // The others answer at once.
        self.exchange_roster(&room, self.clock.now());
        let (cluster, shared) = (Arc::clone(self), Arc::clone(shared));
        self.spawn(async move {
            sleep(CHECK_AFTER).await;
            cluster.catch_up(&shared, &room, None).await;
        });
        Ok(true)
    }

    /// The room that its log makes. While the log can't be read, this tries again for as long as
    /// the clients wait: a client that is refused comes back no sooner than in a second.
    async fn load_patiently(&self, id: RoomId) -> Result<Option<LoadedRoom>, Refusal> {
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            match self.load(id, false).await {
                Ok(loaded) => return Ok(loaded),
                Err(Unread::ForNow(_)) if started.elapsed() + pause < ENTER_TIMEOUT => sleep(pause).await,
                Err(_) => return Err(unavailable()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
