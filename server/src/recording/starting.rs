//! How recordings begin, and how those go on whose process was killed.

use std::sync::{Arc, PoisonError, Weak};

use rtbroadcaster_protocol::parse::RecordingHeader;
use rtbroadcaster_protocol::{Recorder, RecorderHost, Refusal, Room, RoomId};
use tokio::runtime::Handle;
use tracing::{error, info};

use super::files::Cut;
use super::part::{Part, PartId, PartState};
use super::recordings::Recordings;
use super::task::RecorderTask;
use crate::rooms::RoomTable;
use crate::shared_room::SharedRoom;

impl Recordings {
    /// Begins to record a room whose owner has asked for it. Does nothing otherwise.
    pub(crate) fn start(self: &Arc<Self>, room: &Arc<SharedRoom>) {
        self.keep_up(&Handle::current());
        let Some(Some((id, recorder, lines, part))) = room.with(|room| self.begin(room)) else {
            // It was ended before it began. The owner may wait for what isn't recorded now.
            room.wake_waiting();
            return;
        };
        info!(room = %id.room, part = id.part, "recording begins");
        self.metrics.recording_begun();
        let started_ms = part.started_ms;
        self.index().insert(id, part.clone());
        let task = RecorderTask::new(Arc::clone(self), Arc::clone(room), recorder, id, started_ms);
        tokio::spawn(task.begin(part, lines));
    }

    fn begin(&self, room: &mut Room) -> Option<(PartId, Recorder, String, Part)> {
        let start = room.take_recorder_start()?;
        let (id, key) = (room.id(), room.owner_key_digest());
        let id = PartId { room: id, part: self.index().next_part(id) };
        let started_ms = self.clock.time_ms(self.clock.now());
        let header = RecordingHeader { uuid: room.uuid().to_owned(), started: started_ms, part: id.part };
        let mut lines = String::new();
        let is_shared = start.is_shared();
        let recorder = Recorder::new(start, &header, self.limits(), &mut lines);
        let state = PartState::Running;
        Some((id, recorder, lines, Part { key, is_shared, started_ms, lasted_ms: 0, bytes: 0, state }))
    }

    /// Goes on with the recordings of restored rooms. To be called once, when all of them are in
    /// the table. The other recordings of former processes have no end.
    #[cfg_attr(not(feature = "store"), expect(dead_code, reason = "rooms are restored from a store alone"))]
    pub(crate) fn resume(self: &Arc<Self>, rooms: &[Arc<SharedRoom>], runtime: &Handle) {
        let mut cut = std::mem::take(&mut *self.cut.lock().unwrap_or_else(PoisonError::into_inner));
        for room in rooms.iter().filter(|room| room.look(Room::recording).flatten().is_some()) {
            let newest =
                self.index().of_room(room.id()).last().map(|(part, _)| PartId { room: room.id(), part });
            let found = cut.iter().position(|cut| Some(cut.id) == newest);
            let goes_on = found.is_some_and(|at| self.go_on(room, cut.swap_remove(at), runtime));
            if !goes_on && newest.is_none() && self.may_begin().is_ok() {
                // The process was killed before the first line.
                room.with(Room::record_anew);
                let (recordings, room) = (Arc::clone(self), Arc::clone(room));
                runtime.spawn(async move { recordings.start(&room) });
            } else if !goes_on {
                // It had ended, and nobody was told; or it is gone.
                room.with(Room::note_recording_lost);
            }
        }
    }

    fn go_on(self: &Arc<Self>, room: &Arc<SharedRoom>, cut: Cut, runtime: &Handle) -> bool {
        let Cut { id, scan } = cut;
        let (Some(files), Some(header)) = (&self.files, scan.header()) else { return false };
        let file = match files.resume(id, scan.whole_bytes()) {
            Ok(file) => file,
            Err(error) => {
                error!(recording = %id, %error, "a recording can't be gone on with");
                return false;
            }
        };
        let recorder = room.with(|room| Recorder::resume(room, &scan, self.limits())).flatten();
        let Some(recorder) = recorder else { return false };
        info!(room = %id.room, part = id.part, "recording goes on");
        self.index().set_state(id, PartState::Running);
        let (recordings, room) = (Arc::clone(self), Arc::clone(room));
        runtime.spawn(RecorderTask::new(recordings, room, recorder, id, header.started).go_on(file));
        true
    }
}

/// What starts recorders, for the rooms of a table.
#[derive(Debug)]
pub(crate) struct RecorderStarter {
    recordings: Arc<Recordings>,
    rooms: Weak<RoomTable>,
}

impl RecorderStarter {
    pub(crate) fn new(recordings: Arc<Recordings>, rooms: Weak<RoomTable>) -> Self {
        Self { recordings, rooms }
    }
}

impl RecorderHost for RecorderStarter {
    fn may_begin(&self) -> Result<(), Refusal> {
        self.recordings.may_begin()
    }

    fn begin(&self, room: RoomId) {
        // Found now: it may be closed before the task runs.
        let Some(room) = self.rooms.upgrade().and_then(|rooms| rooms.find(room)) else { return };
        let recordings = Arc::clone(&self.recordings);
        // In a task, because the room is locked.
        tokio::spawn(async move { recordings.start(&room) });
    }
}
