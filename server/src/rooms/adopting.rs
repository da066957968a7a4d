//! Rooms that other servers have too: the table takes their replicas in, and out again.

use std::sync::Arc;

use rtbroadcaster_protocol::{RefusalCode, Room, RoomId};
use tracing::info;

use super::{CLOSED_BY_OWNER, RoomTable};
use crate::room_events::RoomChange;
use crate::shared_room::SharedRoom;

impl RoomTable {
    /// Takes in the replica of a room. It is closed if its owner was away for too long.
    ///
    /// # Errors
    /// `too_many_rooms`: the table is full, and somebody is in every room.
    pub(crate) fn adopt(self: &Arc<Self>, mut room: Room) -> Result<Arc<SharedRoom>, RefusalCode> {
        room.share_memory(&self.memory);
        room.set_clock_start(self.clock.started_ms());
        let is_open = room.tick(self.clock.now());
        let alarm = room.take_alarm();
        let code = room.code();
        let room = self.share(room);
        if let Err(full) = self.insert(&room) {
            self.make_space().ok_or(full)?;
            self.insert(&room)?;
        }
        if let Some(code) = code {
            self.codes.restore(code, room.id());
        }
        self.metrics.room_opened();
        if !is_open {
            self.close(room.id(), "its owner did not come back");
        } else if let Some(moment) = alarm {
            self.wake_at(room.id(), moment);
        }
        Ok(room)
    }

    /// Removes a room whose log says that it has ended. With `tells`, this server tells the
    /// application: it has closed the room. False if another call has removed it.
    pub(crate) fn remove_ended(&self, id: RoomId, tells: bool) -> bool {
        let Some(room) = self.table().remove(id) else { return false };
        self.note_closed(id);
        self.end_code(room.code(), id);
        self.metrics.room_closed();
        let reason = room.end_reason().unwrap_or(CLOSED_BY_OWNER);
        info!(room = %id, why = if tells { reason } else { "another node closed it" }, "room closed");
        if tells {
            self.events.tell(id, RoomChange::Closed { reason });
        }
        true
    }

    /// Whether what a client causes may be logged as a warning now.
    pub(crate) fn may_warn(&self) -> bool {
        self.log_throttle.allows(self.clock.now())
    }
}
