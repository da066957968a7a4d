//! One connection of the floor: its socket, the part of a frame that has come, and the bytes that
//! the kernel has not accepted yet.

use std::io::{self, ErrorKind};

use crate::tls::{Reading, Stream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its handshake is under way.
    Stranger,
    /// A websocket that is in no room.
    Guest,
    /// The owner of the room with this number.
    Owner(usize),
    Follower,
}

pub(super) struct Member {
    pub(super) role: Role,
    stream: Stream,
    /// The part of a frame that has come.
    rest: Vec<u8>,
    unsent: Vec<u8>,
}

impl Member {
    pub(super) fn new(stream: Stream) -> Self {
        Self { role: Role::Stranger, stream, rest: Vec::new(), unsent: Vec::new() }
    }

    /// Reads once, after the kept bytes, which count among those that it returns. `None` if nothing
    /// came.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Reading>> {
        let kept = self.rest.len();
        if kept >= buffer.len() {
            return Err(ErrorKind::OutOfMemory.into());
        }
        buffer[..kept].copy_from_slice(&self.rest);
        match self.stream.read(&mut buffer[kept..]) {
            Ok(Reading { bytes, has_more }) => {
                self.rest = Vec::new();
                Ok(Some(Reading { bytes: kept + bytes, has_more }))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.rest.extend_from_slice(rest);
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.unsent.is_empty() { write(&mut self.stream, bytes)? } else { 0 };
        if taken < bytes.len() {
            self.unsent.extend_from_slice(&bytes[taken..]);
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()?;
        if self.unsent.is_empty() {
            return Ok(());
        }
        let taken = write(&mut self.stream, &self.unsent)?;
        self.unsent.drain(..taken);
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
        }
        Ok(())
    }

    pub(super) fn unsent(&self) -> usize {
        self.unsent.len()
    }
}

/// Writes as much as the kernel accepts before it would block, with one call if it accepts
/// everything.
fn write(stream: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.write(&bytes[taken..]) {
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}
