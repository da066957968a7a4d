//! `DELETE rooms/{uuid}`: closes a room.

use rtbroadcaster_protocol::Host;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::authorisation::authorise_owner;
use super::error::HttpError;
use super::headers::Query;
use super::request::Request;
use crate::Manager;

/// Closes a room for a client that has its owner key, like an owner's close. If the query names an
/// epoch, it must be the one in force.
pub(super) async fn remove(manager: &Manager, request: &Request, uuid: &str) -> Result<Response, HttpError> {
    let mut owned_room = authorise_owner(manager, request, uuid)?;
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    let mark = owned_room.with(manager, |room| {
        if epoch.is_some_and(|epoch| epoch != room.epoch()) {
            return Err(HttpError::Superseded);
        }
        // Closed under the room's lock, so that no claim comes in between.
        room.close();
        Ok(room.mark())
    })??;
    owned_room.host.close(owned_room.id);
    owned_room.until_kept(manager, mark).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
