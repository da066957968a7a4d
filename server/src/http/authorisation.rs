//! Authorises requests: those that need a key of a room, and those of its followers.

use std::sync::Arc;

use rtbroadcaster_protocol::{Host, KeyDigest, Operation, Refusal, RefusalCode, Room, RoomId};

use super::error::HttpError;
use super::headers;
use super::request::Request;
use crate::Manager;
use crate::access::{EntryRequest, RequestParts};
use crate::connection::ConnectionHost;
use crate::publish::{DrivenRoom, Right};
use crate::shared_room::SharedRoom;

/// Has the application decide about a client that the gates let pass, if it decides about entries,
/// and then has the room here. `since` is the action that the client was handed last.
pub(super) async fn prepare(
    manager: &Manager,
    request: &Request,
    operation: Operation,
    token: Option<&str>,
    since: Option<u64>,
) -> Result<(), Refusal> {
    let services = manager.services();
    if !services.decides_entries() {
        return Ok(());
    }
    manager.authorise(operation, token)?;
    let RequestParts(parts) = request.parts();
    let mut entry = EntryRequest::of_request(operation, token, request.remote(), parts);
    entry.since = since;
    services.ask(entry).await
}

/// Finds a room by its uuid, for a request that publishes into it: with a key of the room, or with
/// one for every room, which stands in the same place.
pub(super) async fn authorise_publisher(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let services = manager.services();
    if !services.access.may_publish_everywhere(headers::owner_key(&request.headers)?) {
        return authorise_member(manager, request, uuid).await;
    }
    // Whoever has such a key guesses at no room.
    let id = RoomId::parse(uuid);
    services.prepare(id, None).await?;
    let room = id.and_then(|id| services.rooms.find(id));
    let room = room.ok_or(RefusalCode::UnknownRoom)?;
    Ok(DrivenRoom::new(services.clone(), room, Right::Server))
}

/// Finds a room by its uuid and checks the request's key, which may be that of a guest, and its
/// token where one is needed.
pub(super) async fn authorise_member(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let now = manager.now();
    let act = |room: &mut Room, key: &KeyDigest| room.as_member(Some(key), now, |_| *key);
    let (key, room) = with_key(manager, request, (uuid, Keys::OfGuestsToo), act).await?;
    Ok(DrivenRoom::new(manager.services().clone(), room, Right::Member(key)))
}

/// Finds a room by its uuid, for a follower without a key that has something to say. It needs a
/// token only where those who join need one.
pub(super) async fn authorise_follower(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    let id = may_join(manager, request, &mut host, uuid).await?;
    match manager.services().rooms.find(id) {
        Some(room) => Ok(DrivenRoom::new(manager.services().clone(), room, Right::Follower)),
        None => {
            host.note_unknown_room(id, manager.now());
            Err(RefusalCode::UnknownRoom.into())
        }
    }
}

/// Counts the request against what its address may say and ask.
pub(super) fn check_address(manager: &Manager, request: &Request) -> Result<(), HttpError> {
    let (posts, now) = (&manager.services().lane_traffic.posts, manager.now());
    request.remote().map_or(Ok(()), |remote| posts.try_once(remote, now)).map_err(HttpError::too_many)
}

/// Checks that a client may follow a room, as far as that can be known before it is known whether
/// the room exists. Its token is in `Authorization`.
pub(super) async fn may_join(
    manager: &Manager,
    request: &Request,
    host: &mut ConnectionHost,
    uuid: &str,
) -> Result<RoomId, HttpError> {
    let token = headers::bearer(&request.headers)?;
    host.may_ask_for_room(manager.now())?;
    let id = RoomId::parse(uuid).ok_or(RefusalCode::UnknownRoom)?;
    let operation = Operation::Join(id);
    if !host.permissions(operation, token)?.allow(operation) {
        return Err(RefusalCode::Forbidden.into());
    }
    prepare(manager, request, operation, token, None).await?;
    Ok(id)
}

/// Finds a room by its uuid and checks the request's owner key, and its token where one is needed.
pub(super) async fn authorise_owner(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let now = manager.now();
    let act = |room: &mut Room, key: &KeyDigest| room.as_key_holder(key, now, |_| *key);
    let (key, room) = with_key(manager, request, (uuid, Keys::Owner), act).await?;
    Ok(DrivenRoom::new(manager.services().clone(), room, Right::OwnerKey(key)))
}

/// Checks the same, and only reads something of the room: the owner's grace goes on.
pub(super) async fn authorise_reader<R>(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    read: impl FnOnce(&Room) -> R,
) -> Result<R, HttpError> {
    let act = |room: &mut Room, key: &KeyDigest| room.read_as_key_holder(key, read);
    with_key(manager, request, (uuid, Keys::Owner), act).await.map(|(result, _)| result)
}

/// Whose keys a request may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Owner,
    OfGuestsToo,
}

/// Does something with a room and the digest of the request's key, which is checked there.
async fn with_key<R>(
    manager: &Manager,
    request: &Request,
    (uuid, keys): (&str, Keys),
    act: impl FnOnce(&mut Room, &KeyDigest) -> Result<R, RefusalCode>,
) -> Result<(R, Arc<SharedRoom>), HttpError> {
    let key = headers::owner_key(&request.headers)?;
    let token = headers::token(&request.headers)?;
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    let now = manager.now();
    host.may_ask_for_room(now)?;
    let id = RoomId::parse(uuid);
    let key = host.digest(key);
    if let Some(id) = id {
        // Who was invited needs what those need who join.
        let is_guest = keys == Keys::OfGuestsToo && is_guest_key(manager, id, &key);
        let operation = if is_guest { Operation::Join(id) } else { Operation::Claim(id) };
        if !host.permissions(operation, token)?.allow(operation) {
            return Err(RefusalCode::Forbidden.into());
        }
        prepare(manager, request, operation, token, None).await?;
    }
    let found = id.and_then(|id| {
        let checked = host.with(id, |room| act(room, &key))?;
        Some((checked, host.room()?))
    });
    match found {
        Some((Ok(result), room)) => Ok((result, Arc::clone(room))),
        Some((Err(RefusalCode::UnknownRoom), _)) | None => {
            if let Some(id) = id {
                host.note_unknown_room(id, now);
            }
            Err(RefusalCode::UnknownRoom.into())
        }
        Some((Err(code), _)) => Err(code.into()),
    }
}

/// Whether somebody who was invited into a room that is here has this key.
fn is_guest_key(manager: &Manager, id: RoomId, key: &KeyDigest) -> bool {
    let room = manager.services().rooms.find(id);
    room.and_then(|room| room.look(|room| room.is_guest_key(key))).unwrap_or(false)
}
