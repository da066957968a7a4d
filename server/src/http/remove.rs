//! `DELETE rooms/{uuid}`: closes a room.

use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::authorisation::authorise_owner;
use super::error::HttpError;
use super::headers::Query;
use super::request::Request;
use crate::Manager;
use crate::rooms::CLOSED_BY_OWNER;

/// Closes a room for a client that has its owner key, like an owner's close. If the query names an
/// epoch, it must be the one in force.
pub(super) async fn remove(manager: &Manager, request: &Request, uuid: &str) -> Result<Response, HttpError> {
    let room = authorise_owner(manager, request, uuid).await?;
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    room.close(epoch, CLOSED_BY_OWNER).await.map_err(|error| HttpError::unpublished(error, manager))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
