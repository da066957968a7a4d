//! The bytes that a client was too slow to take.

use std::collections::VecDeque;
use std::io::IoSlice;

use tungstenite::Bytes;
use warp::Buf;

/// Slices that one call writes.
const MAX_SLICES: usize = 16;

/// The rest of an unfinished frame, and what must follow it.
#[derive(Debug, Default)]
pub(super) struct Unsent(VecDeque<Bytes>);

impl Unsent {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts bytes behind all others.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.0.push_back(piece);
    }

    /// The same for several pieces.
    pub(super) fn extend(&mut self, pieces: impl IntoIterator<Item = Bytes>) {
        self.0.extend(pieces);
    }

    /// Writes from the beginning on, as far as one call goes.
    pub(super) fn write<R>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        for (slice, piece) in slices.iter_mut().zip(&self.0) {
            *slice = IoSlice::new(piece);
        }
        write(&slices[..self.0.len().min(MAX_SLICES)])
    }

    /// Drops bytes that were written, and the memory once nothing is left.
    pub(super) fn skip(&mut self, mut bytes: usize) {
        while let Some(first) = self.0.front_mut() {
            if bytes < first.len() {
                first.advance(bytes);
                return;
            }
            bytes -= first.len();
            self.0.pop_front();
        }
        self.0 = VecDeque::new();
    }
}
