//! A peer whose client is in step with other followers.

use super::host::with;
use super::{Peer, Role};
use crate::{Host, Rendering, Standing};

impl Peer {
    /// Puts the client in step with other followers if it was sent everything there is for it, and
    /// returns its standing. From then on the server makes its frames with
    /// [`Room::serve_in_step`](crate::Room::serve_in_step), and calls [`Peer::leave_step`] before it
    /// calls [`Peer::poll_output`] again.
    pub fn get_in_step(&mut self, host: &mut impl Host) -> Option<Standing> {
        // A member is told what concerns its seat.
        let is_member = self.member.as_ref().is_some_and(|part| part.seat.is_some());
        if self.has_own_output() || self.is_told_roster() || is_member {
            return None;
        }
        let Role::Follower { room, cursor, last_sent } = &mut self.role else { return None };
        let stood = host.with(*room, |room| {
            let told = last_sent.news(room.news())?;
            room.get_in_step(cursor, told)
        });
        stood.flatten()
    }

    /// Serves the client on its own again. `standing` is how far it is.
    pub fn leave_step(&mut self, standing: Standing, host: &mut impl Host) {
        if let Role::Follower { room, cursor, .. } = &mut self.role {
            with(host, *room, |room| room.leave_step(cursor, standing));
        }
    }

    /// The rendering in which the client is served.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.answers.rendering
    }

    /// Whether there is something for this client alone, now or later.
    #[must_use]
    pub fn has_own_output(&self) -> bool {
        self.is_ending() || !self.answers.is_empty() || self.answers.are_waiting() || self.awaits_votes()
    }
}
