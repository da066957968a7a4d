//! `GET openapi.json`: the description of these routes for programs (`OpenAPI` 3.1).

use serde_json::Value;
use warp::http::StatusCode;
use warp::reply::Response;

use super::super::json::json_answer;
use super::super::request::{MountPath, Request};

const DOCUMENT: &str = include_str!("../openapi.json");

/// What stands in the file for the path at which the rooms are mounted.
const MOUNT_PATH: &str = "\"/MOUNT-PATH\"";

/// The document, for the path at which the rooms are mounted.
pub(in crate::http) fn document(request: &Request) -> Response {
    let asked_at = request.path.as_str().strip_suffix("/openapi.json");
    let mount = request.mount_path.as_ref().map(MountPath::as_str).or(asked_at);
    // An absolute path, because many programs resolve a relative one in a way of their own.
    let mount = Value::from(mount.filter(|mount| !mount.is_empty()).unwrap_or("/")).to_string();
    json_answer(StatusCode::OK, DOCUMENT.replacen(MOUNT_PATH, &mount, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_path_stands_in_the_document_once() {
        assert_eq!(DOCUMENT.matches(MOUNT_PATH).count(), 1);
        assert_eq!(DOCUMENT.matches("MOUNT-PATH").count(), 1);
    }
}
