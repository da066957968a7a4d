//! A handle on a room, by which the application drives it and asks about it.

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{
    Driver, LaneReport, MAX_SESSION_BYTES, OwnerPresence, Post, Posted, RecordedAnswer, RecordingWish,
    Refusal, RefusalCode, Room, RoomCode, RoomId,
};
use tokio::time::sleep;

use super::error::RoomError;
use super::follower::RoomFollower;
use super::message::Message;
use crate::Manager;
use crate::publish::{DrivenRoom, PublishError, Right};
use crate::shared_room::SharedRoom;

/// A room of a [`Manager`], as the application sees it.
///
/// Publishing counts as holding the owner key, as a post over HTTP does: it is no claim, so the
/// room's owner stays the same, and what both publish has one order. The limits of the room hold:
/// [`Limits`](crate::Limits) says how large messages and state may be and how many actions a room
/// takes in a second.
///
/// Cloning is cheap. A handle keeps no room open, and dropping it closes none.
///
/// ```no_run
/// # async fn use_it(room: rtbroadcaster::RoomHandle) -> Result<(), rtbroadcaster::RoomError> {
/// use rtbroadcaster::Message;
///
/// let seq = room.publish(Message::action("highlight", (3, "red"))).await?;
/// println!("{} follow {} up to {seq}", room.followers(), room.uuid());
/// room.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RoomHandle {
    manager: Manager,
    driven: DrivenRoom,
}

impl RoomHandle {
    pub(super) fn new(manager: Manager, room: Arc<SharedRoom>) -> Self {
        let driven = DrivenRoom::new(Arc::clone(manager.services()), room, Right::Server);
        Self { manager, driven }
    }

    pub(super) fn driven(&self) -> &DrivenRoom {
        &self.driven
    }

    fn shared(&self) -> &Arc<SharedRoom> {
        self.driven.room()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.shared().id()
    }

    /// Its id as text, which pages join it by.
    #[must_use]
    pub fn uuid(&self) -> String {
        self.id().to_string()
    }

    /// The short code that people may join it by. None if it was opened without one.
    #[must_use]
    pub fn code(&self) -> Option<RoomCode> {
        self.shared().code()
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.shared().look(|room| !room.is_closed() && !room.is_retired()).unwrap_or(false)
    }

    /// How many follow it: websockets, streams of events and [`RoomFollower`]s.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.shared().look(Room::followers).unwrap_or(0)
    }

    /// Its lanes in numbers: what followers have said on each since it was set.
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneReport> {
        self.shared().lanes().with(|lanes| lanes.report())
    }

    /// The seq of its newest action; 0 before the first.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.shared().look(Room::served_seq).unwrap_or(0)
    }

    /// Whether its owner has a connection. The application counts as one in a room that it has
    /// opened or claimed, until a page claims it.
    #[must_use]
    pub fn owner(&self) -> OwnerPresence {
        self.shared().look(Room::owner_presence).unwrap_or(OwnerPresence::Away)
    }

    /// Who may write, of the pages that have a key of the room: its creator has seat 0. The
    /// application itself always may. None if the room is gone.
    ///
    /// ```no_run
    /// # fn show(room: &rtbroadcaster::RoomHandle) {
    /// if let Some(driver) = room.driver() {
    ///     println!("{} drives", driver.name.as_deref().unwrap_or("somebody without a name"));
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn driver(&self) -> Option<Driver> {
        self.shared().look(Room::driver)
    }

    /// Publishes a message to all followers, and returns its seq once the room has it, and has it
    /// stored where rooms are stored. That says nothing about followers.
    ///
    /// It waits while the room lags or takes no more in this second, as an owner's connection does.
    /// If the call is dropped, the message may have been published or not.
    ///
    /// # Errors
    /// - [`RoomError::Refused`]: the message isn't published. The code is `malformed`,
    ///   `message_too_large`, `params_too_deep`, `too_many_slots` or `state_too_large`.
    /// - [`RoomError::Closed`], [`RoomError::ShuttingDown`], [`RoomError::NotKept`].
    pub async fn publish(&self, message: Message) -> Result<u64, RoomError> {
        seq(self.append(None, std::slice::from_ref(&message)).await?)
    }

    /// Publishes messages in this order, and returns the seq of each or why it was refused. A
    /// refused message keeps no other out. Other actions may come between those of a call that has
    /// more than [`Limits::message_bytes`](crate::Limits) together.
    ///
    /// ```no_run
    /// # async fn publish(room: rtbroadcaster::RoomHandle) -> Result<(), rtbroadcaster::RoomError> {
    /// use rtbroadcaster::Message;
    ///
    /// let messages = [Message::state("goTo", [7]), Message::clear("pen")];
    /// for (number, answer) in room.publish_all(messages).await?.into_iter().enumerate() {
    ///     match answer {
    ///         Ok(seq) => println!("message {number} has seq {seq}"),
    ///         Err(refusal) => eprintln!("message {number}: {refusal}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RoomError::Closed`], [`RoomError::ShuttingDown`], [`RoomError::NotKept`]: the first
    /// messages may have been published, and the rest was not.
    pub async fn publish_all(
        &self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<Vec<Result<u64, Refusal>>, RoomError> {
        let messages: Vec<_> = messages.into_iter().collect();
        let mut answers = Vec::with_capacity(messages.len());
        for part in parts(&messages, self.manager.settings().limits.message_bytes) {
            answers.extend(self.append(None, part).await?.into_iter().map(|posted| match posted.answer {
                RecordedAnswer::Appended(seq) => Ok(seq),
                RecordedAnswer::Refused(refusal) => Err(refusal),
                // Only an id can be stale.
                RecordedAnswer::Unknown => Err(RefusalCode::Malformed.into()),
            }));
        }
        Ok(answers)
    }

    /// Publishes a message under an id of a session of the application's own, so that it may be
    /// published again where it isn't known whether the first time succeeded: after a restart, for
    /// example. A message that the room has is answered as it was then, and not published again.
    ///
    /// Ids count up within a session, from 1. The name of a session has 1 to 128 bytes. The room
    /// knows the answers to the newest ids of each session, as many as
    /// [`Limits::ring_actions`](crate::Limits).
    ///
    /// ```no_run
    /// # async fn import(room: rtbroadcaster::RoomHandle) -> Result<(), rtbroadcaster::RoomError> {
    /// use rtbroadcaster::Message;
    ///
    /// for (id, line) in (1..).zip(["one", "two"]) {
    ///     room.publish_once("import", id, Message::action("say", [line])).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`RoomHandle::publish`], and:
    /// - [`RoomError::StaleId`]: the room has newer ids of the session, and not this one.
    /// - [`RoomError::Refused`] with `malformed`: the id is 0, or the session's name is too long or
    ///   empty.
    pub async fn publish_once(&self, session: &str, id: u64, message: Message) -> Result<u64, RoomError> {
        if id == 0 || session.is_empty() || session.len() > MAX_SESSION_BYTES {
            let message = format!(
                "an id must be 1 or more, and the name of its session have 1 to {MAX_SESSION_BYTES} bytes"
            );
            return Err(Refusal::with_message(RefusalCode::Malformed, message).into());
        }
        seq(self.append(Some((session, id)), std::slice::from_ref(&message)).await?)
    }

    /// Follows the room, from the state that it retains now on. The follower counts as any other:
    /// in [`RoomHandle::followers`] and in what the owner is told. As everything here, it is to be
    /// called inside of a tokio runtime.
    ///
    /// # Errors
    /// - [`RoomError::Closed`].
    /// - [`RoomError::Refused`] with `room_full`: it has as many followers as it may have.
    pub fn follow(&self) -> Result<RoomFollower, RoomError> {
        RoomFollower::join(Arc::clone(self.manager.services()), Arc::clone(self.shared()), None)
    }

    /// Follows the room from the action after `seq` on. If the room doesn't remember that far back,
    /// the follower is told so and gets the retained state first
    /// ([`RoomMessage::Resync`](crate::RoomMessage)).
    ///
    /// # Errors
    /// Those of [`RoomHandle::follow`].
    pub fn follow_since(&self, seq: u64) -> Result<RoomFollower, RoomError> {
        RoomFollower::join(Arc::clone(self.manager.services()), Arc::clone(self.shared()), Some(seq))
    }

    /// Makes the application the room's owner, as a page's claim would: a page that owned it is
    /// told to stay away, and the room isn't closed for want of an owner. A page with the owner key
    /// may claim it again.
    ///
    /// An application calls this after a restart, for the stored rooms that it drives: their owners
    /// count as away since the former process ended, and after
    /// [`Limits::owner_grace_ms`](crate::Limits) they are closed.
    ///
    /// # Errors
    /// [`RoomError::Closed`], [`RoomError::NotKept`].
    pub async fn claim(&self) -> Result<(), RoomError> {
        let mark = self.driven.with(|room, _now| {
            room.claim_by_server();
            room.mark()
        });
        let mark = mark.map_err(PublishError::from)?;
        self.shared().serve();
        Ok(self.driven.until_kept(mark).await?)
    }

    /// Has the room recorded from now on, or no longer, as its owner may, and returns the seq at
    /// which all who are in the room are told. [`Settings::recordings`](crate::Settings) says where
    /// recordings are, and `docs/presenting.md` what is in them.
    ///
    /// # Errors
    /// - [`RoomError::Refused`] with `forbidden`: nothing is recorded here.
    /// - [`RoomError::Refused`] with `state_too_large`: there are as many bytes of recordings as
    ///   there may be.
    /// - [`RoomError::Refused`] with `malformed`: a recording runs that is shared while this one is
    ///   not to be, or the other way round.
    /// - [`RoomError::Closed`], [`RoomError::ShuttingDown`], [`RoomError::NotKept`].
    pub async fn record(&self, wish: RecordingWish) -> Result<u64, RoomError> {
        let post = Post { session: None, key: None };
        let json = message_of(wish);
        let posted = self.driven.publish(None, |room, now| post.append(room, std::iter::once(json), now));
        seq(posted.await?)
    }

    /// Whether the room is recorded, and then whether whoever may follow it may read the recording.
    #[must_use]
    pub fn recording(&self) -> Option<bool> {
        self.shared().look(Room::recording).flatten()
    }

    /// Closes the room for good. Its followers are sent what they have not been sent yet, and then
    /// the end. Returns once that is stored, where rooms are stored.
    ///
    /// # Errors
    /// - [`RoomError::Closed`]: it was closed before.
    /// - [`RoomError::NotKept`].
    pub async fn close(&self) -> Result<(), RoomError> {
        Ok(self.driven.close(None, "the application closed it").await?)
    }

    /// Closes a room that the application never got.
    pub(super) fn abandon(&self) {
        self.manager.room_table().close(self.id(), "the application did not wait for it");
    }

    /// Returns once all that was done to the room is kept.
    pub(super) async fn until_kept(&self) -> Result<(), RoomError> {
        let mark = self.shared().look(Room::mark).ok_or(RoomError::Closed)?;
        Ok(self.driven.until_kept(mark).await?)
    }

    /// Appends messages as one post, as soon as the room takes them.
    async fn append(
        &self,
        session: Option<(&str, u64)>,
        messages: &[Message],
    ) -> Result<Vec<Posted>, RoomError> {
        let limit = self.manager.settings().limits.message_bytes;
        let post = Post { session, key: None };
        loop {
            let posted = self.driven.publish(None, |room, now| {
                let append = |message: &Message| match message.json(limit) {
                    Ok(json) => post.append(room, std::iter::once(json), now),
                    Err(refusal) => vec![unread(refusal)],
                };
                messages.iter().flat_map(append).collect()
            });
            match posted.await {
                Err(PublishError::TooFast(pause)) => {
                    sleep(Duration::from_millis(pause.milliseconds())).await;
                }
                Err(error) => return Err(error.into()),
                Ok(posted) => {
                    for refusal in posted.iter().filter_map(Posted::refusal) {
                        self.manager.metrics().refused(refusal);
                    }
                    return Ok(posted);
                }
            }
        }
    }
}

/// The wish as an owner's message.
fn message_of(wish: RecordingWish) -> &'static str {
    match wish {
        RecordingWish::Start { shared: false } => r#"{"record":true}"#,
        RecordingWish::Start { shared: true } => r#"{"record":"shared"}"#,
        RecordingWish::Stop => r#"{"record":false}"#,
    }
}

/// The answer to the only message of a post.
fn seq(posted: Vec<Posted>) -> Result<u64, RoomError> {
    match posted.into_iter().next().map(|posted| posted.answer) {
        Some(RecordedAnswer::Appended(seq)) => Ok(seq),
        Some(RecordedAnswer::Refused(refusal)) => Err(refusal.into()),
        Some(RecordedAnswer::Unknown) => Err(RoomError::StaleId),
        None => Err(Refusal::new(RefusalCode::Malformed).into()),
    }
}

/// The answer to a message that the room doesn't get to see.
fn unread(refusal: Refusal) -> Posted {
    Posted { line: 1, id: None, answer: RecordedAnswer::Refused(refusal) }
}

/// Cuts messages into parts of at most `limit` bytes, or of one message.
fn parts(messages: &[Message], limit: usize) -> impl Iterator<Item = &[Message]> {
    let mut bytes = 0;
    messages.chunk_by(move |before, next| {
        bytes = if bytes == 0 { before.bytes() } else { bytes } + next.bytes();
        if bytes > limit {
            bytes = next.bytes();
            return false;
        }
        true
    })
}
