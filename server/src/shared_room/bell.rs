//! Wakes a reader inside of the process when its room has something new.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::Rendering;

use super::{RoomSubscription, SharedRoom};
use crate::fanout::{SendContext, Subscriber};

/// Rings once after each [`Bell::arm`] when the room has something new.
pub(crate) struct Bell {
    room: Arc<SharedRoom>,
    /// None while it isn't armed, so that fan-outs pass the reader over.
    subscription: Mutex<Option<RoomSubscription>>,
    ring: Box<dyn Fn() + Send + Sync>,
    /// Its index in its room's list of subscribers.
    index: AtomicUsize,
}

impl Bell {
    /// `ring` is called when it rings.
    pub(crate) fn new(room: &Arc<SharedRoom>, ring: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::clone(room),
            subscription: Mutex::new(None),
            ring: Box::new(ring),
            index: AtomicUsize::new(0),
        })
    }

    /// Arms it. True if it wasn't armed: then the reader must look once more for what came earlier.
    pub(crate) fn arm(self: &Arc<Self>) -> bool {
        let mut subscription = self.subscription();
        if subscription.is_some() {
            return false;
        }
        let subscriber = Arc::clone(self) as Arc<dyn Subscriber>;
        *subscription = Some(self.room.subscribe(false, Rendering::Compact, &subscriber));
        true
    }

    /// Takes the reader out of the fan-outs.
    pub(crate) fn disarm(&self) {
        if let Some(subscription) = self.subscription().take() {
            self.room.unsubscribe(subscription, self);
        }
    }

    fn subscription(&self) -> MutexGuard<'_, Option<RoomSubscription>> {
        // It is consistent at every point where a panic could happen.
        self.subscription.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: it has no socket.
#[expect(unsafe_code, reason = "the trait asks for a promise")]
unsafe impl Subscriber for Bell {
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// It has no client, and is never in step.
    fn write(&self, _slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    /// The reader serves itself when it comes to it.
    fn deliver(&self, _context: &mut SendContext) -> bool {
        self.disarm();
        false
    }

    fn wake(&self) {
        (self.ring)();
    }

    fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed)
    }

    fn set_index(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The room leads to all its subscribers.
        formatter.debug_struct("Bell").finish_non_exhaustive()
    }
}
