//! What will be known later.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_channel::oneshot::{Receiver, Sender, channel};

/// The outcome of something that goes on by itself, whether this is awaited or dropped.
pub struct Pending<T>(State<T>);

enum State<T> {
    Known(Option<T>),
    /// With what it comes to if nobody is left who could tell.
    Later(Receiver<T>, fn() -> T),
}

impl<T> Pending<T> {
    pub(super) fn known(value: T) -> Self {
        Self(State::Known(Some(value)))
    }

    /// To be told by the sender; if that is dropped, this is what it comes to.
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
            // As other futures that are asked again after they were done.
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
