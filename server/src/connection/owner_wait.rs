//! Slowing an owner down: its connection isn't read while its room lags behind it, nor while it is
//! too fast.

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{Delay, Lag, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Connection;

/// How long an owner waits while most of its room lags. If it waited longer, a room that never
/// reads again would stop its owner for good.
pub(crate) const WAIT_FOR_MOST: Duration = Duration::from_secs(10);
/// How long an owner waits for a few followers that kept up until now. A ring can cross a busy
/// network in this time, and nobody notices the pause.
pub(crate) const WAIT_FOR_SOME: Duration = Duration::from_millis(500);

/// Why an owner's connection isn't read for now. Empty for a follower's connection.
#[derive(Debug, Default)]
pub(super) struct OwnerWait {
    /// The owner waits for its room. Boxed, because most connections are followers'.
    room: Option<Box<RoomWait>>,
    /// The owner was too fast. The wake-up comes when its pause is over.
    pause: Option<WakeUp>,
}

/// A wait for a room that lags.
#[derive(Debug)]
struct RoomWait {
    reason: Lag,
    started: Timestamp,
    end: Timestamp,
    /// Ends the wait, unless something else wakes the task before.
    _wake_up: WakeUp,
}

/// Wakes the connection's task after some time, unless it is dropped before.
#[derive(Debug)]
struct WakeUp(JoinHandle<()>);

impl WakeUp {
    fn new(connection: &Arc<Connection>, time: Duration) -> Self {
        let connection = Arc::downgrade(connection);
        Self(tokio::spawn(async move {
            sleep(time).await;
            connection.upgrade().inspect(|connection| connection.wake());
        }))
    }
}

impl Drop for WakeUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl OwnerWait {
    /// Whether this is an owner's connection that must not be read now.
    pub(super) fn must_wait(&mut self, connection: &Arc<Connection>) -> bool {
        self.waits_for_room(connection) || self.is_too_fast(connection)
    }

    /// Whether the owner waits for its room. When it has waited long enough, it gives up on the
    /// followers that lag.
    fn waits_for_room(&mut self, connection: &Arc<Connection>) -> bool {
        let now = connection.services.clock.now();
        let is_waiting = self.room.is_some();
        let is_over = self.room.as_ref().is_some_and(|wait| now >= wait.end);
        let lag = connection.with_state(|state| {
            if is_over {
                state.peer.give_up_on_laggards(&mut state.host);
            }
            let lag = state.peer.lag(is_waiting, now, &mut state.host);
            if lag == Lag::No && !is_waiting {
                return lag;
            }
            let Some(room) = state.host.room().cloned() else { return Lag::No };
            room.set_owner_waits(lag != Lag::No);
            if lag == Lag::No {
                return lag;
            }
            // A follower that caught up before `set_owner_waits` has woken no task, so the lag is
            // measured again.
            let lag = state.peer.lag(true, now, &mut state.host);
            room.set_owner_waits(lag != Lag::No);
            lag
        });
        match lag.unwrap_or(Lag::No) {
            Lag::No => self.room = None,
            // A wait for the same reason continues.
            lag if self.room.as_ref().is_some_and(|wait| wait.reason == lag) => {}
            lag => self.start_wait(lag, now, connection),
        }
        connection.activity.set_owner_waits(self.room.is_some());
        self.room.is_some()
    }

    /// Starts a wait. Waits that follow each other directly last together no longer than the
    /// longest wait.
    fn start_wait(&mut self, reason: Lag, now: Timestamp, connection: &Arc<Connection>) {
        let longest = if reason == Lag::Most { WAIT_FOR_MOST } else { WAIT_FOR_SOME };
        let started = self.room.as_ref().map_or(now, |wait| wait.started);
        let end = now.after(milliseconds(longest)).min(started.after(milliseconds(WAIT_FOR_MOST)));
        let wake_up = WakeUp::new(connection, longest);
        self.room = Some(Box::new(RoomWait { reason, started, end, _wake_up: wake_up }));
    }

    /// Whether the owner has sent too much in too short a time.
    fn is_too_fast(&mut self, connection: &Arc<Connection>) -> bool {
        let now = connection.services.clock.now();
        let pause = connection.with_state(|state| state.peer.pause(now)).flatten();
        let Some(pause) = pause.map(Delay::milliseconds) else {
            self.pause = None;
            return false;
        };
        self.pause.get_or_insert_with(|| WakeUp::new(connection, Duration::from_millis(pause)));
        connection.activity.set_owner_waits(true);
        true
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
