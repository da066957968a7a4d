//! Cutting an HTTP connection from within a request, for the event streams.

use std::sync::Arc;

use tokio::sync::Notify;

/// Cuts the HTTP connection that a request came on.
///
/// A client that asks for events and then takes none keeps the server's HTTP code waiting, and no
/// other code can reach that connection. A server avoids this in two steps: it sets a `HangUp` as
/// an extension of each request, and drops the connection when [`HangUp::wanted`] resolves. Then
/// such a client is gone after `Limits::stall_timeout_ms`. The program does this. A server that
/// doesn't needs a write timeout of its own.
///
/// Cloning is cheap; every clone is for the same connection.
#[derive(Debug, Clone, Default)]
pub struct HangUp(Arc<Notify>);

impl HangUp {
    /// Makes one for a new connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end of the connection.
    pub(super) fn request(&self) {
        self.0.notify_one();
    }

    /// Resolves when the connection should be cut.
    pub async fn wanted(&self) {
        self.0.notified().await;
    }
}
