//! A few subscribers behind one lock. A fan-out takes the lock once for all of them.

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Rendering, Standing};
use tungstenite::Bytes;

use super::send_context::SendContext;
#[cfg(unix)]
use super::socket::Socket;
use super::step_frames::Source;
use super::subscriber::Subscriber;

/// Subscribers of a full chunk. A connection that has something of its own to send waits while its
/// chunk is served, which takes 0.1 to 0.4 ms.
pub(super) const CHUNK_SEATS: usize = 64;

/// Frames that a chunk is sent in a row.
const FRAMES_PER_TURN: usize = 16;

/// Some subscribers of a room that are served in the same rendering.
#[derive(Debug)]
pub(super) struct Chunk {
    rendering: Rendering,
    seats: Mutex<Vec<Seat>>,
    /// How many seats there are, for a look without the lock.
    len: AtomicUsize,
}

/// A subscriber in a chunk. That is all that a fan-out knows of a follower that keeps up.
#[derive(Debug)]
struct Seat {
    subscriber: Arc<dyn Subscriber>,
    place: Place,
}

/// How a subscriber is served.
#[derive(Debug)]
enum Place {
    /// On its own, by [`Subscriber::deliver`].
    Alone,
    /// With the frames of all that are in step. Only the fan-out writes to its client.
    InStep(Standing, Way),
    /// As the one before, until its client took only a part of a frame.
    Torn(Box<LeftStep>),
}

/// How its client is written to.
#[derive(Debug, Clone, Copy)]
enum Way {
    #[cfg(unix)]
    Socket(Socket),
    Subscriber,
}

/// What a subscriber that leaves its step was sent.
#[derive(Debug)]
pub(crate) struct LeftStep {
    pub(crate) standing: Standing,
    /// The frame of which its client has taken only a part, and the number of bytes it has taken.
    pub(crate) torn: Option<(Vec<Bytes>, usize)>,
}

impl Chunk {
    pub(super) fn new(rendering: Rendering) -> Self {
        Self { rendering, seats: Mutex::default(), len: AtomicUsize::new(0) }
    }

    /// Takes a subscriber in. False if the chunk is full or is served in another rendering.
    pub(super) fn subscribe(&self, rendering: Rendering, subscriber: &Arc<dyn Subscriber>) -> bool {
        if rendering != self.rendering || self.len.load(Ordering::Relaxed) == CHUNK_SEATS {
            return false;
        }
        let mut seats = self.lock();
        if seats.len() == CHUNK_SEATS {
            return false;
        }
        subscriber.set_index(seats.len());
        seats.push(Seat { subscriber: Arc::clone(subscriber), place: Place::Alone });
        self.len.store(seats.len(), Ordering::Relaxed);
        true
    }

    /// Lets a subscriber out that is not in step. True if it was the last.
    pub(super) fn unsubscribe(&self, subscriber: &dyn Subscriber) -> bool {
        let mut seats = self.lock();
        // Read under the lock: without it the index may change.
        let index = subscriber.index();
        seats.swap_remove(index);
        if let Some(moved) = seats.get(index) {
            moved.subscriber.set_index(index);
        }
        self.len.store(seats.len(), Ordering::Relaxed);
        seats.is_empty()
    }

    /// Puts a subscriber in step: fan-outs write to its client from now on.
    pub(super) fn get_in_step(&self, subscriber: &dyn Subscriber, standing: Standing) {
        let seat = &mut self.lock()[subscriber.index()];
        seat.place = Place::InStep(standing, Way::to(&*seat.subscriber));
    }

    /// Takes a subscriber out of step: no fan-out writes to its client any more. None if it isn't
    /// in step.
    pub(super) fn leave_step(&self, subscriber: &dyn Subscriber) -> Option<LeftStep> {
        let mut seats = self.lock();
        match std::mem::replace(&mut seats[subscriber.index()].place, Place::Alone) {
            Place::Alone => None,
            Place::InStep(standing, _) => Some(LeftStep { standing, torn: None }),
            Place::Torn(left) => Some(*left),
        }
    }

    /// All its subscribers.
    pub(super) fn all(&self) -> Vec<Arc<dyn Subscriber>> {
        self.lock().iter().map(|seat| Arc::clone(&seat.subscriber)).collect()
    }

    /// Sends those in step what comes next. Returns all others: they must be served alone.
    pub(super) fn serve(&self, source: &dyn Source, context: &mut SendContext) -> Vec<Arc<dyn Subscriber>> {
        let mut seats = self.lock();
        let alone = seats.iter().filter(|seat| !matches!(seat.place, Place::InStep(..)));
        let mut alone: Vec<_> = alone.map(|seat| Arc::clone(&seat.subscriber)).collect();
        for _ in 0..FRAMES_PER_TURN {
            if !self.serve_frame(source, &mut seats, context, &mut alone) {
                return alone;
            }
        }
        // The rest of a long backlog: the chunk isn't kept locked for it.
        seats.iter().map(|seat| Arc::clone(&seat.subscriber)).collect()
    }

    /// Sends each in step one frame. True if there may be another one.
    fn serve_frame(
        &self,
        source: &dyn Source,
        seats: &mut [Seat],
        context: &mut SendContext,
        alone: &mut Vec<Arc<dyn Subscriber>>,
    ) -> bool {
        let mut has_more = false;
        for Seat { subscriber, place } in seats {
            let Place::InStep(standing, way) = place else { continue };
            let frame = context.step_frames.after(self.rendering, *standing, source);
            let Some(next) = frame.next() else {
                alone.push(Arc::clone(subscriber));
                continue;
            };
            if frame.is_empty() {
                *standing = next.standing;
                continue;
            }
            match frame.write(|slices| way.write(subscriber, slices)) {
                Ok(written) if written == frame.len() => {
                    *standing = next.standing;
                    has_more |= next.has_more;
                    context.counts.add(frame.contents(), written);
                }
                Ok(written) => {
                    let torn = Some((frame.pieces(), written));
                    *place = Place::Torn(Box::new(LeftStep { standing: next.standing, torn }));
                    alone.push(Arc::clone(subscriber));
                    context.counts.add(frame.contents(), written);
                }
                // Its own turn finds out what that means.
                Err(_) => alone.push(Arc::clone(subscriber)),
            }
        }
        has_more
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Seat>> {
        // The list is consistent at every point where a panic could happen.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    fn to(subscriber: &dyn Subscriber) -> Self {
        #[cfg(unix)]
        if let Some(socket) = Socket::of(subscriber) {
            return Self::Socket(socket);
        }
        Self::Subscriber
    }

    /// Writes as much as the client of the subscriber takes, to which this is the way.
    #[cfg_attr(unix, expect(unsafe_code, reason = "see Socket::write"))]
    fn write(self, subscriber: &Arc<dyn Subscriber>, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            // SAFETY: a seat keeps the way beside the subscriber that it was made of, which lives.
            #[cfg(unix)]
            Self::Socket(socket) => unsafe { socket.write(slices) },
            Self::Subscriber => subscriber.write(slices),
        }
    }
}
