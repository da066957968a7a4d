//! A connection, as its room's fan-out sees it.

use std::fmt;
use std::io::{self, IoSlice};
#[cfg(unix)]
use std::os::fd::BorrowedFd;

use super::send_context::SendContext;

/// A connection, as its room's fan-out sees it.
///
/// # Safety
/// What [`Subscriber::socket`] returns must always be the same, and must stay open until the
/// subscriber is dropped.
#[expect(unsafe_code, reason = "a fan-out keeps the descriptor beside its owner")]
pub(crate) unsafe trait Subscriber: fmt::Debug + Send + Sync {
    /// The socket of its client, if a fan-out may write to that instead of calling
    /// [`Subscriber::write`].
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>>;

    /// Writes as much as the client takes without waiting. Called only while it is in step, when
    /// nothing else writes to the client.
    ///
    /// # Errors
    /// `WouldBlock`: the client takes nothing now. Any other error ends the connection;
    /// [`Subscriber::deliver`] finds it too.
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends everything there is for the client, without waiting. If it was in step, it leaves its
    /// step first. False if the connection's own task must send the rest.
    fn deliver(&self, context: &mut SendContext) -> bool;

    /// Wakes the connection's own task, to look for news or to send the rest.
    fn wake(&self);

    /// Its index in its chunk.
    fn index(&self) -> usize;

    /// Sets its index. Only the chunk itself calls this.
    fn set_index(&self, index: usize);
}
