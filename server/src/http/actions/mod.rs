//! `POST rooms/{uuid}/actions`: appends actions of an owner that has no connection.

#[cfg(feature = "cluster")]
mod handing_over;
mod post;

use warp::http::StatusCode;
use warp::reply::Response;

use crate::Manager;
use crate::http::authorisation::authorise_publisher;
use crate::http::body::Body;
use crate::http::error::HttpError;
use crate::http::headers;
use crate::http::headers::Query;
use crate::http::json::json_answer;
use crate::http::request::Request;
use post::RoomPost;

#[cfg(feature = "cluster")]
pub(super) use handing_over::take_posts;

/// Appends one action or several, and answers for each. If the query names an epoch, it must be the
/// one in force.
pub(super) async fn append(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    body: Body,
) -> Result<Response, HttpError> {
    // Nothing else is judged of a client that may not act, nor its body read.
    let room = authorise_publisher(manager, request, uuid).await?;
    let has_lines = match headers::media_type(&request.headers)?.as_deref() {
        Some("application/json") => false,
        Some("application/x-ndjson") => true,
        _ => return Err(HttpError::MediaType("application/json, or application/x-ndjson for several lines")),
    };
    let session = headers::idempotency_key(&request.headers)?;
    let session = session.map(|(session, first_id)| (session.to_owned(), first_id));
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    let text = body.text(manager, manager.settings().limits.message_bytes).await?;
    let post = RoomPost { session, epoch, has_lines, text };
    #[cfg(feature = "cluster")]
    if let Some(answer) = handing_over::hand_over(manager, &room, &post).await? {
        return Ok(answer);
    }
    Ok(json_answer(StatusCode::OK, post.append(manager, &room).await?))
}
