//! An orderly shutdown: new connections are refused, and present ones are sent away in batches.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rtbroadcaster_protocol::CloseCode;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info};

use crate::Manager;
use crate::connection::Connection;
use crate::websocket::Ending;

/// The smallest batch. This few clients may come back at once without harm.
const MIN_BATCH_SIZE: usize = 64;
/// The shortest pause between two batches. Clients that come back within it would arrive together
/// anyway.
const MIN_PAUSE: Duration = Duration::from_millis(100);
/// How long the last batch may take to be told. After this time each websocket is closed, with
/// whatever is unsent.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

impl Manager {
    /// Refuses new connections from now on. An upgrade is answered with HTTP status 503, and a
    /// client that is in no room yet is told to come back. Rooms stay open until
    /// [`Manager::shut_down`].
    pub fn refuse_newcomers(&self) {
        self.services().shutting_down.store(true, Ordering::SeqCst);
        for connection in self.connections().all() {
            if connection.with_state(|state| !state.peer.is_in_room()).unwrap_or(false) {
                connection.shut_down();
            }
        }
    }

    /// Whether new connections are refused. This never ends: a load balancer should send clients
    /// elsewhere.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.services().shutting_down.load(Ordering::SeqCst)
    }

    /// Sends every client away with a close code that says "come back", refuses new ones, and waits
    /// until all are gone: at most some 3 s.
    pub async fn shut_down(&self) {
        self.shut_down_over(Duration::ZERO).await;
    }

    /// Shuts down as [`Manager::shut_down`] does, spread over a time: many clients are sent away in
    /// batches. Before a follower is cut off it is sent every action that was acknowledged to its
    /// room's owner, unless that takes longer than `time` and one second more. The call ends sooner
    /// if all are gone.
    ///
    /// Rooms that are stored are written to the end before the call returns.
    ///
    /// ```no_run
    /// # async fn end(rooms: rtbroadcaster::Manager) {
    /// tokio::signal::ctrl_c().await.expect("signals can be heard");
    /// rooms.shut_down_over(std::time::Duration::from_secs(5)).await;
    /// # }
    /// ```
    pub async fn shut_down_over(&self, time: Duration) {
        self.send_away_over(time).await;
        if let Some(journal) = self.room_table().journal().cloned() {
            let written = tokio::task::spawn_blocking(move || journal.journal().shut_down()).await;
            if written.is_err() {
                error!("a bug of the server: the stored rooms are not written to the end");
            }
        }
    }

    async fn send_away_over(&self, time: Duration) {
        self.refuse_newcomers();
        // Set before any client is sent away: a post that finds it unset while it holds its room's
        // lock is still served to all followers.
        self.services().draining.store(true, Ordering::SeqCst);
        let started = Instant::now();
        let all_gone = self.all_gone();
        tokio::pin!(all_gone);
        let connections = room_by_room(self.connections().all());
        let batches = Batches::new(connections.len(), time);
        for (number, batch) in (0..).zip(connections.chunks(batches.size)) {
            // The first batch goes at once.
            if timeout_at(started + batches.pause * number, &mut all_gone).await.is_ok() {
                return;
            }
            batch.iter().filter_map(Weak::upgrade).for_each(|connection| connection.shut_down());
        }
        if timeout_at(started + time + FAREWELL_TIMEOUT, &mut all_gone).await.is_err() {
            for connection in self.connections().all() {
                connection.end(Ending::Policy(CloseCode::ShuttingDown));
            }
            all_gone.await;
        }
    }

    /// Logs each open room as closed, unless the rooms are stored: those that live in the memory of
    /// the process alone end with it.
    pub fn log_lost_rooms(&self) {
        if self.stores_rooms() {
            return;
        }
        for room in self.room_table().all() {
            info!(room = %room.id(), why = "the server ended", "room closed");
        }
    }
}

/// Sorts connections by room, and in each room the owner first: from then on nothing is
/// acknowledged to the owner, so the followers are sent everything that was. The references are
/// weak, so that a connection which ends by itself is freed.
fn room_by_room(mut connections: Vec<Arc<Connection>>) -> Vec<Weak<Connection>> {
    connections.sort_by_cached_key(|connection| {
        connection.with_state(|state| (state.peer.room(), !state.peer.is_owner()))
    });
    connections.iter().map(Arc::downgrade).collect()
}

/// How many connections are sent away together, and the pause before the next batch.
#[derive(Debug, PartialEq, Eq)]
struct Batches {
    size: usize,
    pause: Duration,
}

impl Batches {
    fn new(connections: usize, time: Duration) -> Self {
        let max_batches = (time.as_millis() / MIN_PAUSE.as_millis()).max(1);
        let max_batches = usize::try_from(max_batches).unwrap_or(usize::MAX);
        let size = connections.div_ceil(max_batches).max(MIN_BATCH_SIZE);
        let batches = u32::try_from(connections.div_ceil(size)).unwrap_or(u32::MAX);
        Self { size, pause: time / batches.max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_connections_are_one_batch_and_many_are_spread_over_the_time() {
        let batches = |connections, milliseconds| {
            let Batches { size, pause } = Batches::new(connections, Duration::from_millis(milliseconds));
            (size, pause.as_millis())
        };
        assert_eq!(batches(0, 5_000), (64, 5_000));
        assert_eq!(batches(64, 5_000), (64, 5_000));
        assert_eq!(batches(65, 5_000), (64, 2_500));
        assert_eq!(batches(20_000, 5_000), (400, 100));
        assert_eq!(batches(20_000, 0), (20_000, 0));
        assert_eq!(batches(20_000, 3_600_000), (64, 11_501));
    }
}
