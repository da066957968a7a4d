//! The socket of a follower in step, so that a fan-out touches nothing else of the follower. What
//! it would fetch of each connection costs some 7 % of a delivery.
#![cfg(unix)]

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

use super::subscriber::Subscriber;

/// Neither waits, nor raises a signal where the client is gone.
#[cfg(not(target_vendor = "apple"))]
const FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// There is no such flag. Rust's programs ignore that signal.
#[cfg(target_vendor = "apple")]
const FLAGS: SendFlags = SendFlags::DONTWAIT;

/// The descriptor of a subscriber's socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Socket(RawFd);

impl Socket {
    /// The socket of a subscriber, if that may be written to without the subscriber.
    pub(super) fn of(subscriber: &dyn Subscriber) -> Option<Self> {
        subscriber.socket().map(|socket| Self(socket.as_raw_fd()))
    }

    /// Writes as much as the client takes without waiting.
    ///
    /// # Safety
    /// The subscriber that this is the socket of must not have been dropped.
    #[expect(unsafe_code, reason = "the descriptor is kept beside its owner, not borrowed from it")]
    pub(super) unsafe fn write(self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // SAFETY: the descriptor is open, and is that socket's: `Subscriber::socket` promises both
        // for as long as the subscriber lives, and the caller promises that it does.
        let socket = unsafe { BorrowedFd::borrow_raw(self.0) };
        let written = match slices {
            [only] => send(socket, only, FLAGS),
            _ => sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), FLAGS),
        };
        Ok(written?)
    }
}
