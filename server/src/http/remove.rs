//! `DELETE rooms/{uuid}`: closes a room.

use rtbroadcaster_protocol::Host;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::error::HttpError;
use super::headers::Query;
use super::{Request, entry};
use crate::Manager;

/// Closes the room of whoever has its owner key: the same as an owner's close. With an epoch, only while that is in force.
pub(super) fn remove(manager: &Manager, request: &Request, uuid: &str) -> Result<Response, HttpError> {
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    let mut owned = entry::as_owner(manager, request, uuid)?;
    owned.with(manager, |room| {
        if epoch.is_some_and(|epoch| epoch != room.epoch()) {
            return Err(HttpError::Superseded);
        }
        // Nobody claims it in between.
        room.close();
        Ok(())
    })??;
    owned.host.close(owned.room);
    Ok(StatusCode::NO_CONTENT.into_response())
}
