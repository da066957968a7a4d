//! A result that will be known later.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_channel::oneshot::{Receiver, Sender, channel};

/// The result of an operation. The operation goes on whether this is awaited or dropped.
pub struct Pending<T>(State<T>);

enum State<T> {
    Known(Option<T>),
    /// The function gives the result if the sender is dropped.
    Later(Receiver<T>, fn() -> T),
}

impl<T> Pending<T> {
    pub(super) fn known(value: T) -> Self {
        Self(State::Known(Some(value)))
    }

    /// The sender gives the result. If the sender is dropped, the result is that of `if_dropped`.
    pub(super) fn later(if_dropped: fn() -> T) -> (Sender<T>, Self) {
        let (sender, receiver) = channel();
        (sender, Self(State::Later(receiver, if_dropped)))
    }
}

/// Nothing in it is pinned.
impl<T> Unpin for Pending<T> {}

impl<T> Future for Pending<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.get_mut().0 {
            // Polled again after it was ready: it stays pending, as other futures do.
            State::Known(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(receiver, if_dropped) => {
                Pin::new(receiver).poll(context).map(|result| result.unwrap_or_else(|_| if_dropped()))
            }
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").finish_non_exhaustive()
    }
}
