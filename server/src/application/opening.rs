//! How the application opens rooms, and finds those that there are.

use rtbroadcaster_protocol::{OwnerKey, RecordingWish, RoomCode, RoomId};

use super::error::RoomError;
use super::handle::RoomHandle;
use crate::Manager;
use crate::publish::PublishError;

/// How a room is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomOptions {
    /// Whether followers are told how many follow. By default only the owner is.
    pub share_audience: bool,
    /// Whether followers may ask who is there.
    pub share_roster: bool,
    /// Whether it gets a short code: [`RoomHandle::code`]. By default it gets none.
    pub code: bool,
    /// Whether it is recorded from the start: see [`RoomHandle::record`]. By default it is not.
    pub record: Option<RecordingWish>,
}

impl RoomOptions {
    /// The same options with some changed.
    ///
    /// ```
    /// use rtbroadcaster::RoomOptions;
    ///
    /// let options = RoomOptions::default().with(|options| options.share_audience = true);
    /// # drop(options);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Manager {
    /// Opens a room that the application drives. Nobody has its owner key, so no page can claim it.
    ///
    /// The application counts as an owner that is connected: the room stays open until
    /// [`RoomHandle::close`], whether there is a handle on it or not. Where rooms are stored, it is
    /// open again after a restart, without an owner: [`RoomHandle::claim`] says what to do.
    ///
    /// It is to be called inside of a tokio runtime. A call that is dropped opens no room.
    ///
    /// ```no_run
    /// # async fn open(rooms: rtbroadcaster::Manager) -> Result<(), rtbroadcaster::RoomError> {
    /// use rtbroadcaster::{Message, RoomOptions};
    ///
    /// let room = rooms.open_room(RoomOptions::default()).await?;
    /// println!("pages follow {}", room.uuid());
    /// room.publish(Message::state("goTo", [1])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`RoomError::Refused`] with `too_many_rooms`: there are as many as
    ///   [`Limits::rooms`](crate::Limits) allows and none is deserted, or there is no memory left.
    /// - [`RoomError::Refused`] with `unavailable`: it was to have a code, and the cluster doesn't
    ///   answer.
    /// - [`RoomError::Refused`] with `forbidden`: it was to be recorded, where nothing is.
    /// - [`RoomError::ShuttingDown`], [`RoomError::NotKept`].
    pub async fn open_room(&self, options: RoomOptions) -> Result<RoomHandle, RoomError> {
        let (opening, _key) = self.create_room(&options).await?;
        opening.finish().await
    }

    /// Opens a room for a page, which claims it with the owner key that is returned: the option
    /// `claim` of the npm package's `create`. Until then its owner counts as away, so
    /// it is closed after [`Limits::owner_grace_ms`](crate::Limits) without any.
    ///
    /// The application may publish into it as well; each time the grace starts anew.
    ///
    /// ```no_run
    /// # async fn open(rooms: rtbroadcaster::Manager) -> Result<(), rtbroadcaster::RoomError> {
    /// let (room, key) = rooms.open_room_for_owner(rtbroadcaster::RoomOptions::default()).await?;
    /// // For the presenter alone: create(server, { claim: { uuid, ownerKey } }).
    /// let claim = format!(r#"{{"uuid": "{}", "ownerKey": "{}"}}"#, room.uuid(), key.0);
    /// # drop(claim);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Manager::open_room`].
    pub async fn open_room_for_owner(
        &self,
        options: RoomOptions,
    ) -> Result<(RoomHandle, OwnerKey), RoomError> {
        let (opening, key) = self.create_room(&options).await?;
        let left = opening.room().driven().with(|room, now| room.owner_left(room.epoch(), now));
        left.map_err(PublishError::from)?;
        Ok((opening.finish().await?, key))
    }

    /// The open room with this id, wherever in a cluster it lives. None if there is none. Without a
    /// cluster this is [`Manager::room`].
    ///
    /// # Errors
    /// [`RoomError::Refused`] with `unavailable`: the cluster's log can't be read now.
    pub async fn find_room(&self, id: RoomId) -> Result<Option<RoomHandle>, RoomError> {
        self.services().prepare(Some(id), None).await?;
        Ok(self.room(id))
    }

    /// The open room with this id. None if there is none. In a cluster, only the rooms of this node
    /// are found: [`Manager::find_room`] finds all.
    ///
    /// ```no_run
    /// # fn find(rooms: rtbroadcaster::Manager, uuid: &str) {
    /// let room = rtbroadcaster::RoomId::parse(uuid).and_then(|id| rooms.room(id));
    /// # }
    /// ```
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<RoomHandle> {
        self.room_table().find(id).map(|room| RoomHandle::new(self.clone(), room))
    }

    /// The open room that a short code stands for, wherever in a cluster it lives. None if there is
    /// none. Without a cluster this is [`Manager::room_by_code`].
    ///
    /// # Errors
    /// [`RoomError::Refused`] with `unavailable`: the cluster doesn't answer.
    pub async fn find_room_by_code(&self, code: RoomCode) -> Result<Option<RoomHandle>, RoomError> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.services().cluster.get() {
            return Ok(cluster.find_code(code).await?.and_then(|room| self.room(room)));
        }
        Ok(self.room_by_code(code))
    }

    /// The open room that a short code stands for. None if there is none. [`RoomCode::parse`] reads
    /// what a person has typed. The limits on wrong codes hold for clients only. In a cluster, only
    /// the rooms of this node are found: [`Manager::find_room_by_code`] finds all.
    ///
    /// ```no_run
    /// # fn find(rooms: rtbroadcaster::Manager, typed: &str) {
    /// let room = rtbroadcaster::RoomCode::parse(typed).and_then(|code| rooms.room_by_code(code));
    /// # }
    /// ```
    #[must_use]
    pub fn room_by_code(&self, code: RoomCode) -> Option<RoomHandle> {
        self.room(self.room_table().find_code(code)?)
    }

    /// A handle on each open room, in no particular order. Rooms that are opened or closed
    /// meanwhile may be among them or not.
    ///
    /// ```
    /// # fn audience(rooms: rtbroadcaster::Manager) -> usize {
    /// rooms.open_rooms().map(|room| room.followers()).sum()
    /// # }
    /// ```
    pub fn open_rooms(&self) -> impl Iterator<Item = RoomHandle> {
        self.room_table().all().into_iter().map(|room| RoomHandle::new(self.clone(), room))
    }

    async fn create_room(&self, options: &RoomOptions) -> Result<(Opening, OwnerKey), RoomError> {
        if self.is_shutting_down() {
            return Err(RoomError::ShuttingDown);
        }
        let reserved = if options.code { self.services().reserve_code(None).await? } else { None };
        if let Some(RecordingWish::Start { .. }) = options.record {
            self.services().recordings.may_begin()?;
        }
        let (_id, key, room) = self.room_table().create(None, options.code, reserved, None, None)?;
        let opening = Opening(Some(RoomHandle::new(self.clone(), room)));
        let shared = opening.room().driven().with(|room, now| {
            room.share_audience(options.share_audience);
            room.share_roster(options.share_roster);
            options.record.map_or(Ok(()), |wish| room.record(None, wish, now).map(drop))
        });
        shared.map_err(PublishError::from)??;
        Ok((opening, key))
    }
}

/// A room that isn't in the application's hands yet. Without a handle nobody could ever close it.
#[derive(Debug)]
struct Opening(Option<RoomHandle>);

impl Opening {
    fn room(&self) -> &RoomHandle {
        self.0.as_ref().expect("it is taken at the end only")
    }

    /// Returns the room once it is kept.
    async fn finish(mut self) -> Result<RoomHandle, RoomError> {
        self.room().until_kept().await?;
        Ok(self.0.take().expect("it is taken at the end only"))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(room) = self.0.take() {
            room.abandon();
        }
    }
}
