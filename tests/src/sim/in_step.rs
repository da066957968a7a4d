//! Followers in step: what the server's fan-out does with them.

use rtbroadcaster_protocol::{Frame, Host};

use super::invariant::{Checked, Violation};
use super::link::{Down, LinkId, Served};
use super::server_end::text_of;
use super::world::World;

/// Of so many connections one is never in step, as a stream of events isn't.
const ALONE: LinkId = 4;

impl World {
    /// Puts a connection in step that was served everything.
    pub(super) fn get_in_step(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id).filter(|_| !id.is_multiple_of(ALONE)) else { return };
        let Some(served) = &mut link.served else { return };
        served.in_step = served.peer.get_in_step(&mut self.servers[link.server].table);
    }

    /// Notes that all connections in step were served.
    pub(super) fn note_in_step(&mut self) {
        let rooms = self.servers.iter_mut().flat_map(|server| server.table.all_mut());
        rooms.for_each(|room| room.note_in_step(room.served_seq()));
    }

    /// Serves a connection as one of those in step. False if it must be served on its own; it is
    /// not in step then.
    pub(super) fn serve_in_step(&mut self, id: LinkId) -> Result<bool, Violation> {
        let mut frame = Frame::default();
        while self.make_frame_in_step(id, &mut frame) {
            if frame.is_empty() {
                return Ok(true);
            }
            self.coverage.hit("a follower was served in step");
            self.send_in_step(id, &frame)?;
        }
        Ok(false)
    }

    /// Makes the frame that comes next. False if the connection isn't in step, or not any more.
    fn make_frame_in_step(&mut self, id: LinkId, frame: &mut Frame) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        let takes_more = link.takes_more(self.now);
        let table = &mut self.servers[link.server].table;
        let Some(served) = &mut link.served else { return false };
        let (Some(standing), Some(room)) = (served.in_step, served.room()) else {
            served.in_step = None;
            return false;
        };
        let is_alone = !takes_more || served.peer.has_own_output();
        let rendering = served.peer.rendering();
        let next = table.with(room, |room| room.serve_in_step(rendering, standing, frame));
        served.in_step = next.flatten().filter(|_| !is_alone);
        if served.in_step.is_none() {
            served.peer.leave_step(standing, table);
            self.coverage.hit("a follower left its step");
        }
        served.in_step.is_some()
    }

    fn send_in_step(&mut self, id: LinkId, frame: &Frame) -> Checked {
        let text = text_of(frame)?;
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        let arrives = self.now.after(self.pages[link.page].delay_ms);
        link.send_down(arrives, Down::Text(text.clone()));
        let room = link.served.as_ref().and_then(Served::room);
        room.map_or(Ok(()), |room| self.check_sent(room, &text))
    }
}
