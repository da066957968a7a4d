//! Rooms that outlive the process: the table restores them at the start, and tells them later what
//! their journal has kept.

use std::sync::{Arc, Weak};

use rtbroadcaster_protocol::{Mark, Room, RoomId};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::{error, info};

use super::RoomTable;
use crate::fanout::contained;
use crate::journal::{Listener, StoreError};
use crate::shared_room::SharedRoom;

/// Rooms that are served one after the other. More are spread over tasks.
const ROOMS_PER_TASK: usize = 64;

impl RoomTable {
    /// Takes restored rooms in. A room whose owner was away for too long is closed.
    ///
    /// # Errors
    /// There are too many. None of them is closed.
    pub(crate) fn restore(self: &Arc<Self>, rooms: Vec<Room>) -> Result<(), StoreError> {
        let (stored, limit) = (rooms.len(), self.limits.rooms);
        if stored > limit {
            return Err(StoreError::TooManyRooms { stored, limit });
        }
        let mut expired = 0_usize;
        for mut room in rooms {
            room.share_memory(&self.memory);
            room.set_clock_start(self.clock.started_ms());
            let id = room.id();
            let is_open = room.tick(self.clock.now());
            let alarm = room.take_alarm();
            self.restore_code(&room);
            self.insert(&self.share(room)).map_err(|_| StoreError::TooManyRooms { stored, limit })?;
            if !is_open {
                expired += 1;
                self.close(id, "its owner did not come back");
            } else if let Some(moment) = alarm {
                self.wake_at(id, moment);
            }
        }
        info!(rooms = stored - expired, expired, "rooms restored");
        Ok(())
    }

    /// Tells rooms what was kept of them, and serves them.
    fn note_kept(&self, rooms: &[(Arc<SharedRoom>, Mark)]) {
        for (room, mark) in rooms {
            contained("noting what is kept", || {
                if room.note_kept(*mark) {
                    self.remove(room.id());
                }
                room.serve();
            });
        }
    }
}

/// Tells the table what its journal has kept.
#[derive(Debug)]
pub(crate) struct TableListener {
    table: Weak<RoomTable>,
    runtime: Handle,
    failed: watch::Sender<bool>,
}

impl TableListener {
    /// Serves rooms in tasks of this runtime. Sets `failed` when the journal has failed.
    pub(crate) fn new(table: &Arc<RoomTable>, runtime: Handle, failed: watch::Sender<bool>) -> Self {
        Self { table: Arc::downgrade(table), runtime, failed }
    }
}

impl Listener for TableListener {
    fn kept(&self, kept: &[(RoomId, Mark)]) {
        let Some(table) = self.table.upgrade() else { return };
        for chunk in kept.chunks(ROOMS_PER_TASK) {
            let rooms = chunk.iter().filter_map(|(id, mark)| Some((table.find(*id)?, *mark)));
            let rooms: Vec<_> = rooms.collect();
            let table = Arc::clone(&table);
            self.runtime.spawn(async move { table.note_kept(&rooms) });
        }
    }

    fn checkpoints_due(&self, rooms: &[RoomId]) {
        let Some(table) = self.table.upgrade() else { return };
        for room in rooms.iter().filter_map(|id| table.find(*id)) {
            room.stage_checkpoint();
        }
    }

    fn failed(&self) {
        error!("rooms are not kept any more: nothing is acknowledged from now on");
        self.failed.send_replace(true);
    }
}
