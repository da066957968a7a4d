//! `GET rooms/{uuid}/roster`: who is there, for the bearer of the owner key.

use rtbroadcaster_protocol::{RoomId, RosterQuery};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::Manager;
use crate::http::authorisation::authorise_reader;
use crate::http::error::HttpError;
use crate::http::headers::Query;
use crate::http::json::json_answer;
use crate::http::request::Request;
use crate::metrics::RosterAsked;

/// Says who is there, page by page. Whoever asks here is not told later who comes and goes.
pub(in crate::http) async fn tell(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<Response, HttpError> {
    let query = Query::parse(&request.query)?;
    let query = RosterQuery { after: query.number("after")?.unwrap_or(0), limit: query.number("limit")? };
    let read = async || authorise_reader(manager, request, uuid, |room| room.rendered_roster(query)).await;
    let mut told = read().await;
    if let Some(room) = RoomId::parse(uuid).filter(|_| told.is_ok() && manager.shares_rooms()) {
        manager.services().has_heard_roster(room).await;
        told = read().await;
    }
    let refused = told.as_ref().err().and_then(|error| match error {
        HttpError::Refused(refusal) => Some(refusal),
        _ => None,
    });
    if told.is_ok() || refused.is_some() {
        manager.metrics().roster_asked(RosterAsked::of(refused));
    }
    Ok(json_answer(StatusCode::OK, told?))
}
