//! Authorises requests that need a room's owner key: posts and removals.

use rtbroadcaster_protocol::{Host, KeyDigest, Mark, Operation, RefusalCode, Room, RoomId};

use super::error::HttpError;
use super::headers;
use super::request::Request;
use crate::Manager;
use crate::connection::ConnectionHost;
use crate::journal::NotKept;

/// A room whose owner key the request has proved to know.
pub(super) struct OwnedRoom {
    pub(super) id: RoomId,
    key: KeyDigest,
    pub(super) host: ConnectionHost,
}

impl OwnedRoom {
    /// Calls `act` with the room.
    ///
    /// # Errors
    /// - `unknown_room`: the room is gone by now.
    /// - `wrong_owner_key`: the key isn't the room's.
    pub(super) fn with<R>(
        &mut self,
        manager: &Manager,
        act: impl FnOnce(&mut Room) -> R,
    ) -> Result<R, HttpError> {
        let (key, now) = (self.key, manager.now());
        let done = self.host.with(self.id, |room| (room.as_key_holder(&key, now, act), room.take_alarm()));
        let (done, alarm) = done.ok_or(RefusalCode::UnknownRoom)?;
        if let Some(moment) = alarm {
            self.host.wake_at(self.id, moment);
        }
        Ok(done?)
    }

    /// Waits until the room's journal has kept all that was staged up to `mark`.
    ///
    /// # Errors
    /// The journal has failed, so the server ends. The client may ask again: an answer that is
    /// known is repeated.
    pub(super) async fn until_kept(&self, manager: &Manager, mark: Mark) -> Result<(), HttpError> {
        let Some(room) = self.host.room() else { return Ok(()) };
        room.until_kept(mark).await.map_err(|NotKept| HttpError::shutting_down(manager))
    }
}

/// Finds a room by its uuid and checks the request's owner key, and its token where one is needed.
pub(super) fn authorise_owner(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<OwnedRoom, HttpError> {
    let key = headers::owner_key(&request.headers)?;
    let token = headers::token(&request.headers)?;
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    let now = manager.now();
    host.may_ask_for_room(now)?;
    let id = RoomId::parse(uuid);
    if let Some(id) = id
        && !host.permissions(Operation::Claim(id), token)?.allow(Operation::Claim(id))
    {
        return Err(RefusalCode::Forbidden.into());
    }
    let key = host.digest(key);
    let found = id.and_then(|id| {
        host.with(id, |room| room.as_key_holder(&key, now, |_| ())).map(|checked| (id, checked))
    });
    match found {
        Some((id, Ok(()))) => Ok(OwnedRoom { id, key, host }),
        Some((_, Err(RefusalCode::UnknownRoom))) | None => {
            if let Some(id) = id {
                host.note_unknown_room(id, now);
            }
            Err(RefusalCode::UnknownRoom.into())
        }
        Some((_, Err(code))) => Err(code.into()),
    }
}
