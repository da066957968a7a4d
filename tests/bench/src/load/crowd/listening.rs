//! Followers that take events over HTTP instead of frames.

use super::Crowd;
use crate::load::client::Phase;
use crate::wire::events::Event;

impl Crowd {
    /// Has followers take server-sent events, from now on.
    pub(crate) fn follow_by_events(&mut self) {
        self.by_events = true;
    }

    /// Handles the bytes that have come to a follower that takes events. Returns how many it has
    /// handled.
    pub(super) fn take_events(&mut self, index: usize, bytes: &[u8], now: u64) -> anyhow::Result<usize> {
        let mut events = Vec::new();
        let Some(stream) = &mut self.clients[index].events else { return Ok(0) };
        let taken = stream.take(bytes, &mut events)?;
        for event in events {
            match event {
                // The room's answer to a join is the first event.
                Event::Open => self.clients[index].phase = Phase::Entering,
                Event::Message(text) => self.take_text(index, &text, now)?,
                Event::End => self.over(index)?,
            }
        }
        Ok(taken)
    }
}
