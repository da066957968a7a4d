//! How a peer reads the frames of a client, when it pauses, and how it refuses what it read.

use super::{Peer, Role};
use crate::{Delay, Host, Refusal, Timestamp, parse};

/// A frame gets at most this many refusals. After these the rest of it is refused at once, so that
/// a few bytes of junk aren't answered by many times their size. Refusals of an owner's numbered
/// actions don't count: each of them must be answered.
pub(super) const MAX_REFUSALS_PER_FRAME: usize = 16;

impl Peer {
    /// Handles the messages of one frame of the client. If an owner is too fast, the peer keeps the
    /// rest of the frame and pauses: see [`Peer::pause`].
    pub fn receive_frame(&mut self, frame: &str, now: Timestamp, host: &mut impl Host) {
        debug_assert!(self.unread.is_empty(), "the kept part of a frame comes first");
        self.answers.refusals = 0;
        self.unread = self.receive_messages(frame, now, host).into();
    }

    /// How long the client is not to be read, because it sent too much in too short a time. None if
    /// it may be read. After a pause, call [`Peer::resume_reading`] before [`Peer::receive_frame`].
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Delay> {
        Delay::from_milliseconds(self.paused_until.since(now))
    }

    /// Whether the host must decide about the client's entry before anything more is read: see
    /// [`Host::may_enter`]. Once it has, call [`Peer::resume_reading`].
    #[must_use]
    pub fn awaits_entry(&self) -> bool {
        self.awaits_entry
    }

    /// Whether a part of a frame was kept for after the pause.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Goes on with the part of a frame that was kept, if the pause is over. A client that awaits
    /// the host's decision asks again.
    pub fn resume_reading(&mut self, now: Timestamp, host: &mut impl Host) {
        if self.pause(now).is_none() {
            self.awaits_entry = false;
            let unread = std::mem::take(&mut self.unread);
            self.unread = self.receive_messages(&unread, now, host).into();
        }
    }

    /// Handles messages until there is a pause, or the host must decide. Returns the part of the
    /// frame that is to be kept.
    fn receive_messages<'a>(&mut self, frame: &'a str, now: Timestamp, host: &mut impl Host) -> &'a str {
        let mut messages = parse::ClientMessages::new(frame, host.params_depth());
        loop {
            let unread = messages.rest();
            let Some(message) = messages.next(self.answers.is_compact()) else { return "" };
            if self.answers.refusals >= MAX_REFUSALS_PER_FRAME {
                self.refuse(parse::refuse_rest(parse::TOO_MANY_REFUSALS), host);
                return "";
            }
            self.receive(message, now, host);
            if self.awaits_entry {
                return unread;
            }
            if self.pause(now).is_some() {
                return messages.rest();
            }
        }
    }

    /// Refuses a message that can't be read. If it has an id, the room records the refusal, so that
    /// the owner's session doesn't wait for an answer to that id.
    pub(super) fn refuse_unreadable(&mut self, refusal: Refusal, host: &mut impl Host) {
        if let (Role::Owner { room, claim, .. }, Some(id)) = (&mut self.role, refusal.id) {
            let room = *room;
            // If it no longer is the owner's connection, the next action says so.
            let _ = claim.act(host, room, |room| room.refuse(Some(id), refusal.clone()));
            self.answer_after_room(room, host);
        }
        self.refuse(refusal, host);
    }

    /// Refuses a message of the client.
    pub(super) fn refuse(&mut self, refusal: Refusal, host: &mut impl Host) {
        host.note_refusal(&refusal);
        self.push_refusal(refusal);
    }

    /// Answers with a refusal, given now or on a former connection.
    pub(super) fn push_refusal(&mut self, refusal: Refusal) {
        let uuid = self.room().map(|room| room.to_string()).unwrap_or_default();
        let must_be_answered = self.is_owner() && refusal.id.is_some();
        self.answers.push_refusal(refusal, &uuid, !must_be_answered);
    }
}
