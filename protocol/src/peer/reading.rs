//! What a client says, frame by frame, and when it isn't listened to.

use super::Peer;
use crate::{Delay, Host, Timestamp, parse};

/// Refusals for one frame, but for those of an owner's numbered actions, each of which must be answered. After these the
/// rest of the frame is refused at once, so that a few bytes of junk don't ask for many times their size.
pub(super) const MAX_REFUSALS_PER_FRAME: usize = 16;

impl Peer {
    /// The messages of a frame of the client. Those that an owner was too fast for are kept, and it is not to be listened
    /// to: see [`Peer::pause`].
    pub fn receive_frame(&mut self, frame: &str, now: Timestamp, host: &mut impl Host) {
        debug_assert!(self.unread.is_empty(), "what was kept comes first");
        self.answers.refusals = 0;
        self.unread = self.receive_messages(frame, now, host).into();
    }

    /// How long the client is not to be read, because it has sent too much in too short a time.
    /// Afterwards [`Peer::resume_reading`] is to be called before anything else is received.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Delay> {
        Delay::from_milliseconds(self.paused_until.since(now))
    }

    /// Whether there are messages that were kept while it was not listened to.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Goes on with the messages that were kept, if it is listened to again.
    pub fn resume_reading(&mut self, now: Timestamp, host: &mut impl Host) {
        if self.pause(now).is_none() {
            let unread = std::mem::take(&mut self.unread);
            self.unread = self.receive_messages(&unread, now, host).into();
        }
    }

    /// Returns what is to be kept.
    fn receive_messages<'a>(&mut self, frame: &'a str, now: Timestamp, host: &mut impl Host) -> &'a str {
        let mut messages = parse::ClientMessages::new(frame);
        while let Some(message) = messages.next(self.answers.is_compact()) {
            if self.answers.refusals >= MAX_REFUSALS_PER_FRAME {
                self.refuse(parse::refuse_rest(parse::TOO_MANY_REFUSALS), host);
                return "";
            }
            self.receive(message, now, host);
            if self.pause(now).is_some() {
                return messages.rest();
            }
        }
        ""
    }
}
