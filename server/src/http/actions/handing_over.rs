//! Posts that one node of a cluster hands to the one with the owner's connection.

use bytes::Bytes;
use futures_util::FutureExt;
use rtbroadcaster_protocol::{KeyDigest, RefusalCode, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::http::header::RETRY_AFTER;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::post::RoomPost;
use crate::Manager;
use crate::cluster::HandedOver;
use crate::http::error::HttpError;
use crate::http::json::json_answer;
use crate::manager::WeakManager;
use crate::publish::{DrivenRoom, Right};

/// A post, as it is handed over.
#[derive(Debug, Serialize, Deserialize)]
struct HandedPost {
    room: String,
    /// The digest of the key that came with it. None if the server itself may post.
    key: Option<[u8; 32]>,
    session: Option<(String, u64)>,
    epoch: Option<u64>,
    has_lines: bool,
    text: String,
}

/// What the client is answered.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    status: u16,
    retry_after_ms: Option<u64>,
    body: String,
}

/// Hands a post to the node with the room's owner, if that is another one. None if it is to be
/// appended here.
///
/// # Errors
/// `unavailable`: the other node has not answered, and the post has no session, so that it can't be
/// repeated.
pub(super) async fn hand_over(
    manager: &Manager,
    room: &DrivenRoom,
    post: &RoomPost,
) -> Result<Option<Response>, HttpError> {
    let id = room.room().id();
    let Some(cluster) = manager.services().cluster.get() else { return Ok(None) };
    let Some(node) = cluster.other_holder(id) else { return Ok(None) };
    let RoomPost { session, epoch, has_lines, text } = post.clone();
    let key = room.key().map(|KeyDigest(key)| key);
    let handed = HandedPost { room: id.to_string(), key, session, epoch, has_lines, text };
    let handed = serde_json::to_vec(&handed).map_err(|_| HttpError::Broken)?;
    match cluster.hand_over(node, handed).await {
        HandedOver::Answered(answer) => Ok(Some(response(&answer)?)),
        HandedOver::Unanswered if post.session.is_none() => Err(HttpError::not_kept(manager)),
        HandedOver::Unanswered | HandedOver::Nobody => Ok(None),
    }
}

fn response(answer: &[u8]) -> Result<Response, HttpError> {
    let Answer { status, retry_after_ms, body } =
        serde_json::from_slice(answer).map_err(|_| HttpError::Broken)?;
    let status = StatusCode::from_u16(status).map_err(|_| HttpError::Broken)?;
    let mut response = json_answer(status, body);
    if let Some(wait) = retry_after_ms {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.div_ceil(1_000)));
    }
    Ok(response)
}

/// Takes posts that other nodes hand over, if this server is a node.
pub(in crate::http) fn take_posts(manager: &Manager) {
    if let Some(cluster) = manager.services().cluster.get() {
        let manager = manager.downgrade();
        cluster.take_posts(move |post| answer(manager.clone(), post).boxed());
    }
}

/// Appends a post that was handed over. None if this node is at its end, or can't read it.
async fn answer(manager: WeakManager, post: Bytes) -> Option<Vec<u8>> {
    let manager = manager.upgrade()?;
    let post: HandedPost = serde_json::from_slice(&post).ok()?;
    let answer = match append(&manager, post).await {
        Ok(body) => Answer { status: StatusCode::OK.as_u16(), retry_after_ms: None, body },
        Err(error) => Answer {
            status: error.status().as_u16(),
            retry_after_ms: error.retry_after_ms(),
            body: json!({"error": error.to_json()}).to_string(),
        },
    };
    serde_json::to_vec(&answer).ok()
}

async fn append(manager: &Manager, handed: HandedPost) -> Result<String, HttpError> {
    let HandedPost { room, key, session, epoch, has_lines, text } = handed;
    let services = manager.services();
    let room = RoomId::parse(&room).and_then(|id| services.rooms.find(id));
    let room = room.ok_or(RefusalCode::UnknownRoom)?;
    let right = key.map_or(Right::Server, |key| Right::Member(KeyDigest(key)));
    let room = DrivenRoom::new(services.clone(), room, right);
    RoomPost { session, epoch, has_lines, text }.append(manager, &room).await
}
