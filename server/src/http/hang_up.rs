//! How an HTTP connection is cut from within a request.

use std::sync::Arc;

use tokio::sync::Notify;

/// Cuts the HTTP connection that a request came on.
///
/// A client that asks for events and then takes none leaves the server's HTTP code waiting for it, where nobody else
/// can reach it. A server that sets this as a request extension, as the program's does, and drops the connection when
/// [`HangUp::wanted`] resolves, is rid of it after `Limits::stall_timeout_ms`; one that doesn't needs a timeout of its
/// own for writes. Cheap to clone; every clone is for the same connection.
#[derive(Debug, Clone, Default)]
pub struct HangUp(Arc<Notify>);

impl HangUp {
    /// For one more connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end of the connection.
    pub(super) fn request(&self) {
        self.0.notify_one();
    }

    /// Resolves when the connection is to be cut.
    pub async fn wanted(&self) {
        self.0.notified().await;
    }
}
