//! The body of a request, read up to a limit and for a limited time.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use warp::Buf;

use super::error::HttpError;
use crate::Manager;

/// A body that comes in piece by piece. Nothing is read before [`Body::text`] is called.
pub(super) struct Body(Pin<Box<dyn Stream<Item = Result<Vec<u8>, warp::Error>> + Send>>);

impl Body {
    pub(super) fn new<B: Buf>(pieces: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> Self {
        Self(Box::pin(pieces.map(|piece| {
            piece.map(|mut piece| {
                let mut bytes = vec![0; piece.remaining()];
                piece.copy_to_slice(&mut bytes);
                bytes
            })
        })))
    }

    /// Reads the whole body as text. It may have `limit` bytes, and may take as long as a
    /// websocket's client may take to enter a room.
    pub(super) async fn text(self, manager: &Manager, limit: usize) -> Result<String, HttpError> {
        let timeout = Duration::from_millis(manager.settings().limits.handshake_timeout_ms);
        let bytes =
            tokio::time::timeout(timeout, self.bytes(limit)).await.map_err(|_| HttpError::TooSlow)??;
        String::from_utf8(bytes).map_err(|_| HttpError::Malformed("the body must be UTF-8".to_owned()))
    }

    async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.0.next().await {
            let piece =
                piece.map_err(|error| HttpError::Malformed(format!("the body broke off: {error}")))?;
            if bytes.len() + piece.len() > limit {
                return Err(HttpError::TooLarge(limit));
            }
            bytes.extend(piece);
        }
        Ok(bytes)
    }
}
