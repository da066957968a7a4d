//! Checks each room when its alarm is due: counts its audience, and closes a room whose owner
//! stayed away for too long.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rtbroadcaster_protocol::{RoomId, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::RoomTable;
use crate::fanout::contained;

/// Why a room is closed after a panic.
const BROKEN: &str = "an error of the server broke it";

impl RoomTable {
    /// Has the room checked at this moment.
    pub(crate) fn wake_at(self: &Arc<Self>, id: RoomId, moment: Timestamp) {
        self.table().wake_at(moment, id);
        if !self.alarms.is_completed() {
            // Outside of a runtime this panics, and a later call inside of one starts the task.
            let runtime = Handle::current();
            self.alarms.call_once(|| {
                runtime.spawn(check_when_due(Arc::downgrade(self), Arc::clone(&self.alarms_changed)));
            });
        }
        self.alarms_changed.notify_one();
    }

    /// Checks the rooms that are due. Returns how long to wait for the next.
    fn check_due_rooms(&self) -> Option<Duration> {
        let now = self.clock.now();
        let due = self.table().take_due(now);
        for id in due {
            if contained("checking a room", || self.check(id)).is_none() {
                self.close(id, BROKEN);
            }
        }
        let next = self.table().next_alarm()?;
        Some(Duration::from_millis(next.since(self.clock.now()).max(1)))
    }

    fn check(&self, id: RoomId) {
        let Some(room) = self.find(id) else { return };
        let checked = room.with(|room| (room.tick(self.clock.now()), room.take_alarm()));
        room.serve();
        // Votes may be kept now.
        room.wake_waiting();
        match checked {
            Some((true, None)) => {}
            Some((true, Some(moment))) => self.table().wake_at(moment, id),
            Some((false, _)) => self.close(id, "its owner did not come back"),
            None => self.close(id, BROKEN),
        }
    }
}

/// Checks rooms as they become due, until the table is gone.
async fn check_when_due(table: Weak<RoomTable>, alarms_changed: Arc<Notify>) {
    loop {
        let Some(table) = table.upgrade() else { return };
        let pause = table.check_due_rooms();
        drop(table);
        tokio::select! {
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)) => {}
            () = alarms_changed.notified() => {}
        }
    }
}
