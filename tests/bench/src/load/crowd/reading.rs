//! Reading: frames and their stamps.

use std::io::{self, ErrorKind};

use anyhow::{Context, bail};

use super::Crowd;
use crate::load::client::{Phase, Role};
use crate::tls::Reading;
use crate::wire::dialect::Text;
use crate::wire::frame::{Frame, Opcode};
use crate::wire::handshake;
use crate::wire::message::{self, Answer};
use crate::wire::stamp::Stamp;

impl Crowd {
    pub(super) fn handle(&mut self, index: usize, writable: bool, readable: bool) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        if writable {
            if client.phase == Phase::Connecting {
                if let Some(error) = client.stream.socket().take_error()? {
                    bail!("a connection failed: {error}");
                }
                client.phase = Phase::Upgrading;
                let request = self.request(index);
                self.clients[index].queue(request.as_bytes());
            }
            let client = &mut self.clients[index];
            if client.phase != Phase::Over && client.flush().is_err() {
                return self.over(index);
            }
        }
        if readable { self.read(index) } else { Ok(()) }
    }

    /// Reads all that a socket has.
    pub(super) fn read(&mut self, index: usize) -> anyhow::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.read_with(index, &mut buffer);
        self.buffer = buffer;
        result
    }

    /// Reads at most this many bytes from a stalled follower.
    pub(crate) fn sip(&mut self, index: usize, bytes: usize) -> anyhow::Result<()> {
        if self.clients[index].phase != Phase::Live {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let room = (self.clients[index].kept() + bytes).min(buffer.len());
        let result = match self.clients[index].read(&mut buffer[..room]) {
            Ok(Some(Reading { bytes: filled, .. })) => {
                let now = self.micros();
                let taken = self.take_in(index, &buffer[..filled], now);
                taken.map(|taken| self.clients[index].keep(&buffer[taken..filled]))
            }
            Ok(None) => Ok(()),
            Err(_) => self.over(index),
        };
        self.buffer = buffer;
        result
    }

    fn read_with(&mut self, index: usize, buffer: &mut [u8]) -> anyhow::Result<()> {
        while self.clients[index].reads() {
            let Reading { bytes: filled, has_more } = match self.clients[index].read(buffer) {
                Ok(Some(reading)) => reading,
                Ok(None) => return Ok(()),
                Err(_) => return self.over(index),
            };
            let now = self.micros();
            let taken = self.take_in(index, &buffer[..filled], now)?;
            self.clients[index].keep(&buffer[taken..filled]);
            if !has_more {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Handles the bytes that have come. Returns how many it has handled.
    fn take_in(&mut self, index: usize, bytes: &[u8], now: u64) -> anyhow::Result<usize> {
        if self.clients[index].events.is_some() {
            return self.take_events(index, bytes, now);
        }
        let mut at = 0;
        if self.clients[index].phase == Phase::Upgrading {
            match handshake::read_response(bytes) {
                Ok(None) => return Ok(0),
                Ok(Some(frames)) => at = frames,
                Err(refused) => bail!("no websocket: {}", refused.0),
            }
            if self.dialect.waits_for_welcome() {
                self.clients[index].phase = Phase::Greeting;
            } else {
                self.enter(index)?;
            }
        }
        while let Some(frame) = next_frame(bytes, at)? {
            at = frame.payload.end;
            let payload = &bytes[frame.payload];
            match frame.opcode {
                Opcode::Text => self.take_text(index, payload, now)?,
                Opcode::Ping => self.send(index, Opcode::Pong, payload)?,
                Opcode::Pong => {}
                Opcode::Close => {
                    self.over(index)?;
                    return Ok(bytes.len());
                }
            }
        }
        Ok(at)
    }

    pub(super) fn send(&mut self, index: usize, opcode: Opcode, payload: &[u8]) -> anyhow::Result<()> {
        self.clients[index].queue_frame(opcode, payload);
        if self.clients[index].flush().is_err() { self.over(index) } else { Ok(()) }
    }

    pub(super) fn take_text(&mut self, index: usize, payload: &[u8], now: u64) -> anyhow::Result<()> {
        match self.dialect.read(payload) {
            Text::Messages => {}
            Text::Asks(answer) => return self.send(index, Opcode::Text, answer.as_bytes()),
            Text::Greeting => {
                let answer = self.clients[index].recovery.greeting();
                return self.send(index, Opcode::Text, answer.as_bytes());
            }
            Text::Welcome if self.clients[index].phase == Phase::Greeting => {
                let text = std::str::from_utf8(payload).context("a welcome is not UTF-8")?;
                if !self.clients[index].recovery.welcomed(text) {
                    return self.enter(index);
                }
                self.is_live(index, now);
                return Ok(());
            }
            Text::Welcome => return Ok(()),
        }
        let mut actions = payload;
        if self.clients[index].phase == Phase::Entering {
            let end = memchr::memchr(b'\n', payload).unwrap_or(payload.len());
            let reply = std::str::from_utf8(&payload[..end]).context("a reply is not UTF-8")?;
            self.entered(index, reply, now)?;
            actions = &payload[end..];
        }
        let mut stamps = Stamp::all(actions).peekable();
        if stamps.peek().is_none() {
            let text = std::str::from_utf8(actions).context("a message is not UTF-8")?;
            if let Some(id) = self.dialect.acknowledged(text) {
                let room = &mut self.rooms[self.clients[index].room];
                room.answered = room.answered.max(id);
                room.journeys.acknowledged(id, now);
                return Ok(());
            }
            if message::read_answer(text) == Answer::NotConnected {
                bail!("refused: {text}");
            }
            return Ok(());
        }
        if payload.last() != Some(&self.dialect.last_byte()) {
            bail!("a frame that is cut off: {}", String::from_utf8_lossy(payload));
        }
        let client = &mut self.clients[index];
        let room = &mut self.rooms[client.room];
        if self.dialect.waits_for_welcome() {
            client.recovery.note(payload);
        }
        for stamp in stamps {
            let stamp = stamp.with_context(|| format!("broken: {}", String::from_utf8_lossy(payload)))?;
            let waited = client.next;
            client.seen_micros = stamp.micros;
            if client.role == Role::Stalled {
                client.next = stamp.number + 1;
                continue;
            }
            client.next = self.tally.count(waited, stamp.number, now.saturating_sub(stamp.micros));
            room.delivered(waited, client.next);
            room.journeys.delivered(stamp.number, now);
        }
        Ok(())
    }

    /// The connection is lost, or the server has ended it.
    pub(super) fn over(&mut self, index: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        match client.phase {
            Phase::Over => return Ok(()),
            Phase::Live => {}
            early => bail!("a connection was ended while {early:?}"),
        }
        if client.role == Role::Owner && !self.expects_the_end {
            bail!("the server has ended an owner's connection");
        }
        client.phase = Phase::Over;
        self.tally.cut_off += 1;
        if client.role == Role::Follower && client.next > 0 {
            self.rooms[client.room].readers -= 1;
        }
        let closed = self.poll.registry().deregister(client.stream.socket());
        closed.or_else(
            |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) },
        )?;
        Ok(())
    }
}

fn next_frame(bytes: &[u8], at: usize) -> anyhow::Result<Option<Frame>> {
    Frame::next(bytes, at).map_err(|unknown| anyhow::anyhow!("a frame that begins with {:#x}", unknown.0))
}
