//! A follower inside of the process: the application follows a room as a page does, without a
//! connection.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use futures_util::{Stream, StreamExt};
use rtbroadcaster_protocol::{
    Cursor, ENTRY_SLOT, Frame, OwnerPresence, RefusalCode, Rendering, ServerMessage, parse,
};
use serde::de::DeserializeOwned;

use super::error::RoomError;
use crate::services::Services;
use crate::shared_room::{Bell, SharedRoom};

/// What a follower gets from its room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomMessage {
    /// A function call.
    Action(RoomAction),
    /// The room has forgotten what it retained in a slot.
    #[non_exhaustive]
    Cleared {
        /// Its seq.
        seq: u64,
        /// The slot.
        slot: String,
    },
    /// Actions were missed that the room no longer has. All that it retains at this seq comes next,
    /// up to [`RoomMessage::Synced`]; what isn't among it was cleared.
    #[non_exhaustive]
    Resync {
        /// The seq of the room's newest action.
        seq: u64,
    },
    /// The retained state is complete, and stands for everything up to this seq. The next action
    /// has the next seq.
    #[non_exhaustive]
    Synced {
        /// The seq of the room's newest action.
        seq: u64,
    },
    /// The owner went away or came back.
    Owner(OwnerPresence),
}

/// A function call, as a follower gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomAction {
    /// Its place in the room: 1, 2, 3 …
    pub seq: u64,
    /// The function key.
    pub key: String,
    /// The params, as the text of a JSON array.
    pub params: String,
    /// The slot in which the room retains it. None if it is no state message.
    pub slot: Option<String>,
    /// The moment at which pages run it, in milliseconds since 1970 by the server's clock. None if
    /// they run it when it arrives.
    pub at: Option<u64>,
}

impl RoomAction {
    /// Reads the params, into a tuple or a `Vec` for example.
    ///
    /// # Errors
    /// They aren't of this type.
    pub fn read_params<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.params)
    }
}

/// A follower inside of the process. It is a [`Stream`] of [`RoomMessage`]s too, which ends when
/// the room is closed. Dropping it leaves the room.
///
/// It gets what any follower gets, in the same order: first the retained state and
/// [`RoomMessage::Synced`], then each action. It may be read as slowly as it likes: the room keeps
/// nothing for it, and it holds at most 64 KiB of messages, or one larger message, and a snapshot
/// that it has not read to its end. An owner in a hurry waits for it a little, as for any follower.
/// If it falls behind what the room remembers
/// ([`Limits::ring_actions`](crate::Limits)), it gets [`RoomMessage::Resync`] and the state, so that
/// it misses nothing unnoticed.
///
/// ```no_run
/// # async fn follow(room: rtbroadcaster::RoomHandle) -> Result<(), Box<dyn std::error::Error>> {
/// use rtbroadcaster::RoomMessage;
///
/// let mut follower = room.follow()?;
/// while let Some(message) = follower.next().await {
///     if let RoomMessage::Action(action) = message
///         && action.key == "goTo"
///     {
///         let (slide,): (u32,) = action.read_params()?;
///         println!("slide {slide}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct RoomFollower {
    services: Arc<Services>,
    room: Arc<SharedRoom>,
    cursor: Cursor,
    /// What the reader knows of the owner. None if that may be out of date.
    owner: Option<OwnerPresence>,
    /// Armed while there is nothing to read.
    bell: Arc<Bell>,
    /// The task that the bell wakes.
    reader: Arc<AtomicWaker>,
    /// Messages of the last frame that were not returned yet.
    read: VecDeque<RoomMessage>,
    frame: Frame,
    has_ended: bool,
}

impl RoomFollower {
    pub(super) fn join(
        services: Arc<Services>,
        room: Arc<SharedRoom>,
        since: Option<u64>,
    ) -> Result<Self, RoomError> {
        let joined = room.with(|room| (room.join(Rendering::Compact, since), room.take_alarm()));
        let (cursor, alarm) = joined.ok_or(RoomError::Closed)?;
        let cursor = match cursor {
            Ok(cursor) => cursor,
            Err(RefusalCode::UnknownRoom) => return Err(RoomError::Closed),
            Err(code) => return Err(RoomError::Refused(code.into())),
        };
        if let Some(moment) = alarm {
            services.rooms.wake_at(room.id(), moment);
        }
        let owner = since.is_none().then_some(OwnerPresence::Here);
        let reader = Arc::new(AtomicWaker::new());
        let wakes = Arc::clone(&reader);
        let bell = Bell::new(&room, move || wakes.wake());
        let (read, frame) = (VecDeque::new(), Frame::default());
        Ok(Self { services, room, cursor, owner, bell, reader, read, frame, has_ended: false })
    }

    /// The next message. None once the room is closed and everything was read. A call that is
    /// dropped loses nothing.
    ///
    /// In a cluster, it is none as well when this node has lost touch with the room's log:
    /// [`Manager::find_room`](crate::Manager::find_room) finds the room again, and
    /// [`RoomHandle::follow_since`](crate::RoomHandle::follow_since) goes on.
    pub async fn next(&mut self) -> Option<RoomMessage> {
        StreamExt::next(self).await
    }
}

impl Stream for RoomFollower {
    type Item = RoomMessage;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<RoomMessage>> {
        let this = self.get_mut();
        // Registered before anything is looked for, so that no wake-up is missed.
        this.reader.register(context.waker());
        loop {
            if let Some(message) = this.read.pop_front() {
                return Poll::Ready(Some(message));
            }
            if this.has_ended {
                return Poll::Ready(None);
            }
            this.has_ended = this.serve();
            if this.read.is_empty() && !this.has_ended {
                if !this.bell.arm() {
                    return Poll::Pending;
                }
                this.room.followers_were_served();
            }
        }
    }
}

impl Drop for RoomFollower {
    fn drop(&mut self) {
        self.bell.disarm();
        let left = self.room.with(|room| {
            room.leave(&self.cursor);
            room.take_alarm()
        });
        // A follower that leaves is no news for the others, so nobody needs to be served.
        if let Some(moment) = left.flatten() {
            self.services.rooms.wake_at(self.room.id(), moment);
        }
    }
}

impl fmt::Debug for RoomFollower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoomFollower").field("room", &self.room.id()).finish_non_exhaustive()
    }
}

impl RoomFollower {
    /// Reads what comes next. True if nothing will come any more.
    fn serve(&mut self) -> bool {
        let Self { room, cursor, owner, frame, read, .. } = self;
        let served = room.with_later_push(|room| {
            room.serve(cursor, frame);
            let ends = (room.has_ended() || room.is_retired()) && frame.is_empty();
            (!ends).then(|| room.owner_presence())
        });
        let Some(presence) = served.flatten() else { return true };
        let text = frame.payload();
        let text = std::str::from_utf8(&text).expect("the log is made of strings");
        let messages = parse::server_messages(text).expect("the log is JSON that was parsed or written here");
        read.extend(messages.into_iter().filter_map(RoomMessage::read));
        frame.clear();
        if owner.replace(presence) != Some(presence) {
            read.push_back(RoomMessage::Owner(presence));
        }
        false
    }
}

impl RoomMessage {
    /// What a message of the log says. None if it is no message for a follower.
    fn read(message: ServerMessage<String>) -> Option<Self> {
        Some(match message {
            ServerMessage::Action { seq, key, params, slot, at } => {
                Self::Action(RoomAction { seq: seq?, key, params, slot, at })
            }
            ServerMessage::Cleared { slot, .. } if slot == ENTRY_SLOT => return None,
            ServerMessage::Cleared { seq, slot } => Self::Cleared { seq: seq?, slot },
            ServerMessage::Resync(seq) => Self::Resync { seq },
            ServerMessage::Synced(seq) => Self::Synced { seq },
            ServerMessage::Owner(presence) => Self::Owner(presence),
            ServerMessage::Connected(_)
            | ServerMessage::Closed
            | ServerMessage::Refused(_)
            | ServerMessage::Ack { .. }
            | ServerMessage::Audience(_)
            | ServerMessage::Shutdown(_)
            | ServerMessage::Ping(_)
            | ServerMessage::Pong { .. } => return None,
        })
    }
}
