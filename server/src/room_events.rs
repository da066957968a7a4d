//! What happens in the rooms, as a stream for the application. The table of rooms tells the
//! [`RoomEventSource`], and each [`RoomEvents`] hears all of it, as long as it keeps up.

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use rtbroadcaster_protocol::{Observer, RoomId, RoomNotice};
use tokio::sync::broadcast::{self, error::RecvError};

/// The most events that a listener may be behind, whatever the settings say: they take some 64 MB.
const MAX_BUFFERED_EVENTS: usize = 1 << 20;

/// Something that happened in a room. [`Manager::events`](crate::Manager::events) returns a stream
/// of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomEvent {
    /// The room.
    pub room: RoomId,
    /// What happened.
    pub change: RoomChange,
}

/// What happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomChange {
    /// It was opened, by a client or by the application.
    Opened,
    /// A follower joined.
    #[non_exhaustive]
    Joined {
        /// How many followers the room has now.
        followers: usize,
    },
    /// A follower left, or its connection is gone.
    #[non_exhaustive]
    Left {
        /// How many followers the room has now.
        followers: usize,
    },
    /// The owner's connection is gone. The room is closed if the owner stays away for
    /// [`Limits::owner_grace_ms`](crate::Limits).
    OwnerAway,
    /// An owner that was away has a connection again.
    OwnerBack,
    /// It was closed, and its uuid is unknown from now on. This is the last event of a room.
    #[non_exhaustive]
    Closed {
        /// Why, for a person.
        reason: &'static str,
    },
}

impl From<RoomNotice> for RoomChange {
    fn from(notice: RoomNotice) -> Self {
        match notice {
            RoomNotice::Opened => Self::Opened,
            RoomNotice::Joined { followers } => Self::Joined { followers },
            RoomNotice::Left { followers } => Self::Left { followers },
            RoomNotice::OwnerAway => Self::OwnerAway,
            RoomNotice::OwnerBack => Self::OwnerBack,
        }
    }
}

/// This many events are lost to a listener that was too slow. Later events still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missed} events of rooms were missed: read them faster, or raise Settings::buffered_events")]
#[non_exhaustive]
pub struct Lagged {
    /// How many.
    pub missed: u64,
}

/// The events of all rooms, from the call of [`Manager::events`](crate::Manager::events) on. It is
/// a [`Stream`] too.
///
/// Those of one room come in the order in which they happened. Where rooms are stored, an event
/// comes once it is kept. The stream ends with the manager.
pub struct RoomEvents(Pin<Box<dyn Stream<Item = Result<RoomEvent, Lagged>> + Send>>);

impl RoomEvents {
    fn new(receiver: broadcast::Receiver<RoomEvent>) -> Self {
        Self(Box::pin(unfold(receiver, |mut receiver| async {
            let event = match receiver.recv().await {
                Ok(event) => Ok(event),
                Err(RecvError::Lagged(missed)) => Err(Lagged { missed }),
                Err(RecvError::Closed) => return None,
            };
            Some((event, receiver))
        })))
    }

    /// The next event. None once the manager is gone. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// [`Lagged`]: events were missed, because this stream was read too slowly. The next call
    /// returns the oldest event that is still there.
    pub async fn next(&mut self) -> Option<Result<RoomEvent, Lagged>> {
        self.0.next().await
    }
}

impl Stream for RoomEvents {
    type Item = Result<RoomEvent, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for RoomEvents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoomEvents").finish_non_exhaustive()
    }
}

/// Where all rooms say what happens. Before anybody listens it holds nothing.
#[derive(Debug)]
pub(crate) struct RoomEventSource {
    buffered: usize,
    sender: OnceLock<broadcast::Sender<RoomEvent>>,
}

impl RoomEventSource {
    /// A source whose listeners may be `buffered` events behind.
    pub(crate) fn new(buffered: NonZeroUsize) -> Self {
        Self { buffered: buffered.get().min(MAX_BUFFERED_EVENTS), sender: OnceLock::new() }
    }

    /// The events from now on.
    pub(crate) fn listen(&self) -> RoomEvents {
        let sender = self.sender.get_or_init(|| broadcast::Sender::new(self.buffered));
        RoomEvents::new(sender.subscribe())
    }

    /// Tells all who listen.
    pub(crate) fn tell(&self, room: RoomId, change: RoomChange) {
        if let Some(sender) = self.sender.get() {
            // It fails only if nobody listens any more.
            drop(sender.send(RoomEvent { room, change }));
        }
    }
}

impl Observer for RoomEventSource {
    fn is_listening(&self) -> bool {
        self.sender.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    fn notice(&self, room: RoomId, notice: RoomNotice) {
        self.tell(room, notice.into());
    }
}
