//! The frames of those in step: each is made once, whoever many are sent it.

use std::io::IoSlice;

use rtbroadcaster_protocol::{Contents, Frame, Rendering, Standing};
use tungstenite::Bytes;

use crate::websocket::text_header;

/// A payload of at most this many bytes is copied behind its header, so that one slice is written
/// to each client. A second slice costs the kernel more, and the copy is made once.
const MAX_COPIED_BYTES: usize = 4 * 1024;

/// Slices of a frame that one call writes. A client to which more are due is sent the rest alone.
const MAX_SLICES: usize = 16;

/// Frames that are kept at a time. Mostly all in step stand at the same place, and there is one.
const MAX_FRAMES: usize = 8;

/// The room that frames are made of.
pub(crate) trait Source {
    /// Fills the frame with what comes next for all with this standing. None if each of them must
    /// be served on its own.
    fn serve_in_step(&self, rendering: Rendering, standing: Standing, frame: &mut Frame) -> Option<Next>;
}

/// Where those stand who have taken a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) standing: Standing,
    /// There is another frame.
    pub(crate) has_more: bool,
}

/// The frames that one thread has made during one pass of a fan-out.
#[derive(Debug, Default)]
pub(crate) struct StepFrames {
    /// Those behind `made` are kept for their memory.
    frames: Vec<StepFrame>,
    made: usize,
    /// The one that was asked for last.
    last: usize,
}

/// A frame for all with the same standing.
#[derive(Debug)]
pub(super) struct StepFrame {
    rendering: Rendering,
    after: Standing,
    next: Option<Next>,
    payload: Frame,
    /// The frame's header, and a small payload too.
    head: Vec<u8>,
    /// Bytes of header and payload; 0 if there is no payload.
    len: usize,
}

impl StepFrames {
    /// The frame for those with this standing. It is made if it isn't there.
    pub(super) fn after(
        &mut self,
        rendering: Rendering,
        standing: Standing,
        source: &dyn Source,
    ) -> &StepFrame {
        let fits = |frame: &StepFrame| frame.after == standing && frame.rendering == rendering;
        if !self.frames[..self.made].get(self.last).is_some_and(fits) {
            self.last = match self.frames[..self.made].iter().position(fits) {
                Some(index) => index,
                None => self.make(rendering, standing, source),
            };
        }
        &self.frames[self.last]
    }

    /// Lets go of the room's bytes.
    pub(super) fn clear(&mut self) {
        for frame in &mut self.frames[..self.made] {
            frame.payload.clear();
        }
        self.made = 0;
    }

    fn make(&mut self, rendering: Rendering, after: Standing, source: &dyn Source) -> usize {
        if self.made == MAX_FRAMES {
            self.clear();
        }
        if self.made == self.frames.len() {
            let (payload, head) = (Frame::default(), Vec::new());
            self.frames.push(StepFrame { rendering, after, next: None, payload, head, len: 0 });
        }
        let frame = &mut self.frames[self.made];
        (frame.rendering, frame.after) = (rendering, after);
        frame.make(source);
        self.made += 1;
        self.made - 1
    }
}

impl StepFrame {
    /// Where those stand who have taken it. None if there is none, because each must be served on
    /// its own.
    pub(super) fn next(&self) -> Option<Next> {
        self.next
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of header and payload.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn contents(&self) -> Contents {
        self.payload.contents()
    }

    /// Writes it, in slices, as far as one call goes.
    pub(super) fn write<R>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        if self.head.len() == self.len {
            return write(&[IoSlice::new(&self.head)]);
        }
        let mut slices = [IoSlice::new(&self.head); MAX_SLICES];
        let mut count = 1;
        for (slice, piece) in slices[1..].iter_mut().zip(self.payload.slices()) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        write(&slices[..count])
    }

    /// Header and payload, to keep.
    pub(super) fn pieces(&self) -> Vec<Bytes> {
        if self.head.len() == self.len {
            return vec![Bytes::copy_from_slice(&self.head)];
        }
        let head = Bytes::copy_from_slice(&self.head);
        std::iter::once(head).chain(self.payload.pieces()).collect()
    }

    fn make(&mut self, source: &dyn Source) {
        self.next = source.serve_in_step(self.rendering, self.after, &mut self.payload);
        self.head.clear();
        self.len = 0;
        if self.next.is_none() {
            self.payload.clear();
        }
        if self.payload.is_empty() {
            return;
        }
        let (header, bytes) = text_header(self.payload.len());
        self.head.extend_from_slice(&header[..bytes]);
        self.len = bytes + self.payload.len();
        if self.payload.len() <= MAX_COPIED_BYTES {
            self.payload.slices().for_each(|piece| self.head.extend_from_slice(piece));
        }
    }
}
