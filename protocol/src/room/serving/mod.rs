//! Serving a follower. Joining, following, resuming and falling behind are one operation: serve
//! what comes after the cursor.

mod in_step;
mod recording;

use super::Room;
use super::log::{Cursor, Frame, Position, SnapshotPosition};
use crate::mutation::mutated;
use crate::{Rendering, ServerMessage, render};

impl Room {
    /// A cursor where serving starts: after `since` if the ring still holds all later actions, else
    /// at the snapshot. With a `since`, that snapshot is a resync. The position is fixed now:
    /// actions that are appended before the follower is served come after it.
    #[must_use]
    pub fn cursor(&mut self, rendering: Rendering, since: Option<u64>) -> Cursor {
        let position = match since {
            Some(seq) if rendering == Rendering::Compact && self.compact.reaches_back_to(seq) => {
                Position::Live {
                    seq: seq + u64::from(mutated!(ResumeOneTooLate) && seq < self.compact.head()),
                }
            }
            _ => self.snapshot(rendering, since.is_some()),
        };
        Cursor { follower: None, rendering, position }
    }

    /// A cursor at the snapshot, which is a resync: what the client had of the room is no longer
    /// true.
    #[must_use]
    pub(crate) fn resync_cursor(&mut self, rendering: Rendering) -> Cursor {
        Cursor { follower: None, rendering, position: self.snapshot(rendering, true) }
    }

    /// Fills the frame with what a follower is to be sent next, and moves the cursor behind it. The
    /// frame is empty if the follower has everything.
    ///
    /// The actions come from the ring while the cursor is in it. Otherwise the snapshot comes
    /// first.
    pub fn serve(&mut self, cursor: &mut Cursor, frame: &mut Frame) {
        frame.clear();
        self.fill(cursor, u64::MAX, frame);
        if let (Some(follower), Position::Live { seq }) = (cursor.follower, &cursor.position) {
            self.followers.note_served(follower, *seq);
        }
    }

    fn fill(&mut self, cursor: &mut Cursor, until: u64, frame: &mut Frame) {
        loop {
            self.serve_snapshot(cursor, frame);
            let Position::Live { seq } = &mut cursor.position else { return };
            let log = match cursor.rendering {
                Rendering::Compact => &mut self.compact,
                Rendering::Original => self.original.as_mut().unwrap_or(&mut self.compact),
            };
            if log.reaches_back_to(*seq) {
                let durable = if mutated!(ServeBeforeKept) { u64::MAX } else { self.durable };
                let before = std::mem::replace(seq, log.serve(*seq, durable.min(until), frame));
                frame.contents_mut().actions += *seq - before;
                return;
            }
            // Without memory for one more snapshot the follower waits. The server asks again, with
            // its next ping at the latest.
            if !frame.is_empty() || !self.has_memory_for_snapshot(cursor.rendering) {
                return;
            }
            cursor.position = self.snapshot(cursor.rendering, true);
        }
    }

    /// The start of the snapshot as it is now.
    fn snapshot(&mut self, rendering: Rendering, resync: bool) -> Position {
        let block = self.slots.snapshot(rendering, &self.uuid, &self.account);
        self.update_memory_use();
        let (head, rebuilds) = (self.compact.head(), self.rebuilds);
        Position::Snapshot(Box::new(SnapshotPosition { block, index: 0, head, resync, rebuilds }))
    }

    /// Serves the snapshot and nothing live. An owner whose page was loaded anew gets this part of
    /// [`Room::serve`] alone.
    pub fn serve_snapshot(&mut self, cursor: &mut Cursor, frame: &mut Frame) {
        if let Position::Snapshot(snapshot) = &cursor.position
            && snapshot.index == 0
            && snapshot.rebuilds != self.rebuilds
            && !mutated!(SnapshotBeforeRebuild)
        {
            // It may hold actions that were lost. Of one that is being served, all was kept.
            cursor.position = self.snapshot(cursor.rendering, snapshot.resync);
        }
        let Position::Snapshot(snapshot) = &mut cursor.position else { return };
        let SnapshotPosition { block, index, head, resync, .. } = &mut **snapshot;
        // It stays the same while it waits. Rendered anew, it would hold newer actions each time,
        // and in a busy room it would wait for ever.
        if *head > self.durable && !mutated!(SnapshotBeforeKept) {
            return;
        }
        if std::mem::take(resync) {
            frame.contents_mut().resyncs += 1;
            if cursor.rendering == Rendering::Compact {
                frame.push_message(compact(&ServerMessage::Resync(*head)));
            }
        }
        if *index < block.messages() {
            let (messages, next) =
                block.slice(*index, block.messages(), frame.budget(block.message_bytes(*index)));
            frame.contents_mut().retained += (next - *index) as u64;
            *index = next;
            frame.push(messages);
        }
        if *index == block.messages() {
            if cursor.rendering == Rendering::Compact && !mutated!(SnapshotWithoutSynced) {
                frame.push_message(compact(&ServerMessage::Synced(*head)));
            }
            cursor.position =
                Position::Live { seq: if mutated!(LiveFromHead) { self.compact.head() } else { *head } };
        }
    }
}

fn compact(message: &ServerMessage<&str>) -> String {
    let mut out = String::new();
    render::compact(&mut out, message);
    out
}
