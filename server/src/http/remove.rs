//! `DELETE rooms/{uuid}`: closes a room.

use rtbroadcaster_protocol::Host;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::error::HttpError;
use super::{Request, entry};
use crate::Manager;

/// Closes the room of whoever has its owner key: the same as an owner's close.
pub(super) fn remove(manager: &Manager, request: &Request, uuid: &str) -> Result<Response, HttpError> {
    let mut owned = entry::as_owner(manager, request, uuid)?;
    owned.host.close(owned.room);
    Ok(StatusCode::NO_CONTENT.into_response())
}
