//! Hands out a recording, or a range of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use futures_util::Stream;
use futures_util::stream::try_unfold;
use warp::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::{Reply, Response};

use super::range::{Asked, asked};
use crate::Manager;
use crate::http::error::HttpError;
use crate::http::request::Request;
use crate::recording::blocking;
use crate::recording::{Part, PartId};

/// So much is read at a time.
const CHUNK_BYTES: u64 = 64 * 1024;

pub(super) async fn send(
    manager: &Manager,
    request: &Request,
    id: PartId,
    part: &Part,
) -> Result<Response, HttpError> {
    let length = part.bytes;
    let range = request.headers.get(RANGE).and_then(|range| range.to_str().ok());
    let (status, first, bytes) = match asked(range, length) {
        Asked::All => (StatusCode::OK, 0, length),
        Asked::Bytes { first, last } => (StatusCode::PARTIAL_CONTENT, first, last + 1 - first),
        Asked::None => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = if bytes == 0 {
        Response::default()
    } else {
        let file = manager.services().recordings.read(id).await.map_err(|error| broken(&error))?;
        warp::reply::stream(chunks(file, first, bytes)).into_response()
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    // It may grow, and it needs a key.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    let range = match status {
        StatusCode::PARTIAL_CONTENT => format!("bytes {first}-{}/{length}", first + bytes - 1),
        StatusCode::RANGE_NOT_SATISFIABLE => format!("bytes */{length}"),
        _ => return Ok(response),
    };
    headers.insert(CONTENT_RANGE, HeaderValue::try_from(range).expect("it is ASCII"));
    Ok(response)
}

/// The bytes of a file from `first` on, as many as `bytes`.
fn chunks(file: File, first: u64, bytes: u64) -> impl Stream<Item = io::Result<Vec<u8>>> {
    try_unfold((file, first, bytes), |(mut file, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = blocking(move || {
            file.seek(SeekFrom::Start(at))?;
            let mut chunk = vec![0; usize::try_from(left.min(CHUNK_BYTES)).map_err(io::Error::other)?];
            file.read_exact(&mut chunk)?;
            Ok((file, chunk))
        });
        let (file, chunk) = read.await?;
        let read = chunk.len() as u64;
        Ok(Some((chunk, (file, at + read, left - read))))
    })
}

/// The disk has failed.
pub(super) fn broken(error: &io::Error) -> HttpError {
    tracing::error!(%error, "a recording can't be read or deleted");
    HttpError::Broken
}
