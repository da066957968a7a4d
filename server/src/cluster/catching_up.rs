//! Reading the logs of rooms: what was missed, and the whole where a room must be made anew.

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{LoadError, LoadedRoom, LogEntry, ReplicaLoader, Room, RoomId};
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use super::Cluster;
use super::receiving::Reception;
use super::state::{SharedReplica, UNANSWERED};
use crate::journal::Unread;
use crate::shared_room::SharedRoom;

/// The pauses between two attempts to read.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(10);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often a log is read from its first entry on in one attempt, if entries are deleted
/// meanwhile.
const READINGS: usize = 3;

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The room is what its log says.
    Done,
    /// The server that answered doesn't know the newest entries yet.
    Stale,
    /// The log is not there any more, or is older than the room.
    Gone,
}

impl Cluster {
    /// Reads the log of a room until the room has the entry at this position; without one, the
    /// entry that is the last one now. If that takes too long, the replica is given up.
    pub(super) async fn catch_up(
        self: &Arc<Self>,
        shared: &SharedReplica,
        room: &Arc<SharedRoom>,
        until: Option<u64>,
    ) {
        let _reading = shared.reading.lock().await;
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            if room.look(Room::is_retired) != Some(false) {
                return;
            }
            let reason = match self.read_on(shared, room, until).await {
                Ok(Progress::Done) => return,
                Ok(Progress::Gone) => {
                    warn!(room = %room.id(), "the log of the room is gone, or older than the room");
                    return self.send_away(room);
                }
                Ok(Progress::Stale) => {
                    Unread::for_now("the servers of the stream don't have its newest entry")
                }
                Err(error) => error,
            };
            if started.elapsed() > UNANSWERED {
                warn!(room = %room.id(), %reason, "the room is given up for now");
                return self.send_away(room);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives up a room, and tells its connections.
    pub(super) fn send_away(&self, room: &Arc<SharedRoom>) {
        self.give_up(room);
        room.serve();
    }

    async fn read_on(
        self: &Arc<Self>,
        shared: &SharedReplica,
        room: &Arc<SharedRoom>,
        until: Option<u64>,
    ) -> Result<Progress, Unread> {
        let (is_behind, position) = {
            let state = shared.lock();
            (state.is_behind, state.position())
        };
        if is_behind {
            return self.rebuild(shared, room).await;
        }
        let until = match until {
            Some(until) => until,
            None => match self.last(room.id()).await? {
                Some(last) if last >= position => last,
                _ => return Ok(Progress::Gone),
            },
        };
        if position >= until {
            return Ok(Progress::Done);
        }
        for entry in self.logs.read(room.id(), position + 1).await? {
            match self.receive(shared, room, &entry) {
                Reception::Done => {}
                Reception::Unreadable => return Ok(Progress::Done),
                Reception::Missing => {
                    self.fall_behind(shared, room);
                    return self.rebuild(shared, room).await;
                }
                Reception::Behind => return self.rebuild(shared, room).await,
            }
        }
        self.health.note_answer();
        Ok(if shared.lock().position() >= until { Progress::Done } else { Progress::Stale })
    }

    /// Notes that a room must be made anew: entries that it misses are deleted.
    fn fall_behind(self: &Arc<Self>, shared: &SharedReplica, room: &Arc<SharedRoom>) {
        self.change(room, |room| {
            let mut state = shared.lock();
            state.is_behind = true;
            if let Some(replica) = &mut state.replica {
                replica.forget_unkept();
            }
            room.lose_unkept();
        });
    }

    /// Makes a room anew out of its log.
    async fn rebuild(
        self: &Arc<Self>,
        shared: &SharedReplica,
        room: &Arc<SharedRoom>,
    ) -> Result<Progress, Unread> {
        let has_original = room.look(Room::has_original).unwrap_or(false);
        let Some(loaded) = self.load(room.id(), has_original).await? else { return Ok(Progress::Gone) };
        let rebuilt = self.change(room, |room| {
            let mut state = shared.lock();
            let seen = state.seen;
            let Some(replica) =
                state.replica.as_mut().filter(|replica| replica.position() <= loaded.position())
            else {
                return Progress::Gone;
            };
            replica.rebuild(room, loaded);
            let is_whole = replica.position() >= seen;
            state.is_behind = false;
            if is_whole { Progress::Done } else { Progress::Stale }
        });
        self.counts.rebuilds.add();
        Ok(rebuilt.unwrap_or(Progress::Gone))
    }

    /// The room that its log makes now. None if there is no log.
    pub(super) async fn load(&self, id: RoomId, has_original: bool) -> Result<Option<LoadedRoom>, Unread> {
        let Some(last) = self.last(id).await? else { return Ok(None) };
        let mut reason = LoadError::Hole;
        for _ in 0..READINGS {
            match self.load_until(id, last, has_original).await? {
                Ok(loaded) => return Ok(Some(loaded)),
                Err(error) => reason = error,
            }
        }
        error!(room = %id, %reason, "no room can be made of its log");
        Err(Unread::damaged(&reason))
    }

    async fn load_until(
        &self,
        id: RoomId,
        last: u64,
        has_original: bool,
    ) -> Result<Result<LoadedRoom, LoadError>, Unread> {
        let mut loader = ReplicaLoader::new(id, self.limits.clone(), has_original);
        let deadline = Instant::now() + UNANSWERED;
        while loader.position() < last {
            for entry in self.logs.read(id, loader.position() + 1).await? {
                let taken = LogEntry::decode(&entry.bytes)
                    .map_err(LoadError::from)
                    .and_then(|taken| loader.take(entry.position, &taken));
                if let Err(error) = taken {
                    return Ok(Err(error));
                }
            }
            if loader.position() < last {
                // The server that answered doesn't have all of them yet.
                if Instant::now() > deadline {
                    return Err(Unread::for_now("the servers of the stream don't agree"));
                }
                sleep(FIRST_PAUSE).await;
            }
        }
        Ok(loader.finish(self.clock.started_ms(), self.clock.now()))
    }

    /// The position of the last entry of a room, as the leader knows it.
    pub(super) async fn last(&self, id: RoomId) -> Result<Option<u64>, Unread> {
        let last = self.logs.last(id).await?;
        self.health.note_answer();
        Ok(last)
    }
}
