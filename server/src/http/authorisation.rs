//! Authorises requests that need a room's owner key: posts, removals, and who is there.

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

/// Finds a room by its uuid, for a request that publishes into it: with the owner key, or with a
/// key for every room, which stands in the same place.
pub(super) async fn authorise_publisher(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let services = manager.services();
    if !services.access.may_publish_everywhere(headers::owner_key(&request.headers)?) {
        return authorise_owner(manager, request, uuid).await;
    }
    // Whoever has such a key guesses at no room.
    let id = RoomId::parse(uuid);
    services.prepare(id, None).await?;
    let room = id.and_then(|id| services.rooms.find(id));
    let room = room.ok_or(RefusalCode::UnknownRoom)?;
    Ok(DrivenRoom::new(services.clone(), room, Right::Server))
}

/// Finds a room by its uuid and checks the request's owner key, and its token where one is needed.
pub(super) async fn authorise_owner(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<DrivenRoom, HttpError> {
    let now = manager.now();
    let act = |room: &mut Room, key: &KeyDigest| room.as_key_holder(key, now, |_| *key);
    let (key, room) = with_owner_key(manager, request, uuid, act).await?;
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
    with_owner_key(manager, request, uuid, act).await.map(|(result, _)| result)
}

/// Does something with a room and the digest of the request's owner key, which is checked there.
async fn with_owner_key<R>(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    act: impl FnOnce(&mut Room, &KeyDigest) -> Result<R, RefusalCode>,
) -> Result<(R, Arc<SharedRoom>), HttpError> {
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
    if let Some(id) = id {
        prepare(manager, request, Operation::Claim(id), token, None).await?;
    }
    let key = host.digest(key);
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
