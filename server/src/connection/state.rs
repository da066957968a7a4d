//! What is said on one connection, in both directions.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::iter;
use std::sync::Arc;
use std::task::Context;

use rtbroadcaster_protocol::{Frame, Peer, PeerOutput, Timestamp};
use tracing::debug;
use tungstenite::Bytes;
use warp::Buf;

use crate::connection::Connection;
use crate::connection::framing::Framing;
use crate::connection::host::ConnectionHost;
use crate::connection::thread_buffers::SendContext;
use crate::connection::transport::Transport;
use crate::connection::websocket::{Ending, Fault, Incoming, MAX_HEADER_BYTES, pong, text_header};
use crate::fanout::shared_room::{SharedRoom, Subscription};

/// Frames that one client is sent before others get their turn.
const FRAMES_PER_TURN: usize = 16;
/// Pieces of a frame that are written in one call; what a follower that keeps up is sent has two, header and messages.
const SLICES: usize = 16;

/// A frame of at most so many bytes is put together with its header before it is written: to copy so few costs less
/// than a second piece costs the kernel (bench, paced).
const COPIED_BYTES: usize = 1_024;

/// How far a client has been sent what there is for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It has everything.
    Everything,
    /// It takes no more now.
    Blocked,
    /// There is more, but others come first.
    More,
    /// Nothing will be sent any more: see [`ConnectionState::ending`].
    Ended,
}

/// A connection's state, of which one thread at a time does something.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(crate) peer: Peer,
    pub(crate) host: ConnectionHost,
    framing: Framing,
    /// What is left of a frame that was begun: it must be finished before anything else is sent.
    unsent: VecDeque<Bytes>,
    /// The newest ping of the client that is not answered yet.
    pong: Option<Box<[u8]>>,
    /// The client is to be asked for a sign of life.
    ping: bool,
    seat: Option<Subscription>,
    /// A fault of the client: it is told what it has been answered until then, and then this.
    fault: Option<Fault>,
    ending: Option<Ending>,
}

impl ConnectionState {
    pub(crate) fn new(host: ConnectionHost, framing: Framing) -> Self {
        Self {
            peer: Peer::default(),
            host,
            framing,
            unsent: VecDeque::new(),
            pong: None,
            ping: false,
            seat: None,
            fault: None,
            ending: None,
        }
    }

    /// Why the connection ends, if it does.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Ends the connection; the first reason counts.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Ends it because nothing can be read or written any more.
    pub(crate) fn break_off(&mut self, error: &io::Error) {
        debug!(%error, "the connection broke");
        self.end(Ending::Gone);
    }

    /// Whether the client is to be listened to: not before it has taken what it was answered, nor after a fault, nor when
    /// nothing of what it says counts any more.
    pub(crate) fn listens(&self) -> bool {
        !self.peer.has_answers() && self.fault.is_none() && !self.peer.is_ending()
    }

    /// Goes on with messages of an owner that was too fast for them. The room that is to be served then, if there were
    /// any.
    pub(crate) fn resume_reading(&mut self, now: Timestamp) -> Option<Arc<SharedRoom>> {
        if !self.peer.has_unread() {
            return None;
        }
        self.peer.resume_reading(now, &mut self.host);
        self.host.handle().cloned()
    }

    /// Ends it once the client is told all that it was answered before.
    pub(crate) fn end_with_fault(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Asks the client for a sign of life.
    pub(crate) fn ping(&mut self) {
        self.ping = true;
    }

    /// Takes what came in. False if nothing more is to be taken: after a fault, before the client has taken some of its
    /// answers, or while an owner is too fast.
    pub(crate) fn take(&mut self, incoming: &Incoming<'_>, now: Timestamp) -> bool {
        if self.ending.is_some() {
            return true;
        }
        match incoming {
            Incoming::Text(text) => self.peer.receive_frame(text, now, &mut self.host),
            // The original takes these too.
            Incoming::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.peer.receive_frame(text, now, &mut self.host),
                Err(_) => {
                    self.end_with_fault(Fault::Text);
                    return false;
                }
            },
            // Of several pings the newest is answered (RFC 6455 section 5.5.3).
            Incoming::Ping(payload) => self.pong = Some((*payload).into()),
            Incoming::Pong => {}
            Incoming::Close(code) => self.end(Ending::Answered(*code)),
        }
        !self.peer.has_many_answers() && self.peer.pause(now) == 0
    }

    /// Sends what there is, as much as the client takes without waiting.
    pub(crate) fn send(
        &mut self,
        connection: &Connection,
        mut context: Option<&mut Context<'_>>,
        sending: &mut SendContext,
    ) -> Sent {
        for _ in 0..FRAMES_PER_TURN {
            if self.ending.is_some() {
                return Sent::Ended;
            }
            match self.flush(connection, context.as_deref_mut()) {
                Ok(true) => {}
                Ok(false) => return Sent::Blocked,
                Err(error) => {
                    self.break_off(&error);
                    return Sent::Ended;
                }
            }
            if self.begin_control_frame() {
                continue;
            }
            if let Some(fault) = self.fault.filter(|_| !self.peer.has_answers()) {
                self.end(Ending::Fault(fault));
                return Sent::Ended;
            }
            let SendContext { frame, tally } = sending;
            match self.peer.poll_output(frame, &mut self.host) {
                PeerOutput::Send => match self.begin(connection.transport(), context.as_deref_mut(), frame) {
                    Ok(written) => tally.add(frame.contents(), written),
                    Err(error) => self.break_off(&error),
                },
                PeerOutput::Wait => return Sent::Everything,
                PeerOutput::Close(code) => self.end(Ending::Policy(code)),
            }
        }
        Sent::More
    }

    /// Puts what tells the client of the end behind what is left of the frame before it. False if nobody is to be told.
    pub(crate) fn begin_farewell(&mut self, ending: Ending) -> bool {
        let farewell = self.framing.farewell(ending);
        let is_told = farewell.is_some();
        self.unsent.extend(farewell.map(Bytes::from));
        is_told
    }

    /// Whether the client is expected to answer that.
    pub(crate) fn is_answered(&self) -> bool {
        self.framing.is_answered()
    }

    /// Writes what is left of a frame that was begun. True if nothing is left.
    pub(crate) fn flush(
        &mut self,
        connection: &Connection,
        mut context: Option<&mut Context<'_>>,
    ) -> io::Result<bool> {
        while !self.unsent.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            for (slice, piece) in slices.iter_mut().zip(&self.unsent) {
                *slice = IoSlice::new(piece);
            }
            let count = self.unsent.len().min(SLICES);
            match connection.transport().write(context.as_deref_mut(), &slices[..count]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    connection.manager().metrics().sent_bytes(bytes);
                    self.skip(bytes);
                    self.peer.note_progress(&mut self.host);
                    connection.note_taken();
                    if !self.framing.is_answered() {
                        // A client that says nothing shows by what it takes that it is there.
                        connection.note_heard(connection.manager().now());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.note_blocked();
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.unsent.is_empty() {
                connection.note_unblocked();
                // Gives its memory back.
                self.unsent = VecDeque::new();
            }
        }
        Ok(true)
    }

    /// Gives the connection a seat in its room if it is in one and has none. True if it has been seated now: what came
    /// before must be looked for once more.
    pub(crate) fn subscribe(&mut self, connection: &Arc<Connection>) -> bool {
        if self.seat.is_some() || !self.peer.is_in_room() {
            return false;
        }
        let is_owner = self.peer.is_owner();
        self.seat = self.host.handle().map(|handle| handle.add(is_owner, connection));
        if !is_owner && let Some(handle) = self.host.handle() {
            handle.followers_were_served();
        }
        self.seat.is_some()
    }

    /// Takes its seat away, if it has one.
    pub(crate) fn unsubscribe(&mut self, connection: &Connection) {
        if let (Some(seat), Some(handle)) = (self.seat.take(), self.host.handle()) {
            handle.remove(seat, connection);
        }
    }

    /// Writes a frame as far as the client takes it; the rest is kept. Says how many bytes were taken.
    fn begin(
        &mut self,
        transport: &Transport,
        context: Option<&mut Context<'_>>,
        frame: &Frame,
    ) -> io::Result<usize> {
        if let Framing::Events(events) = &mut self.framing {
            self.unsent.push_back(events.events(frame).into());
            return Ok(0);
        }
        let (header, header_bytes) = text_header(frame.len());
        let header = &header[..header_bytes];
        let written = if frame.len() <= COPIED_BYTES {
            let mut whole = [0; MAX_HEADER_BYTES + COPIED_BYTES];
            let mut end = 0;
            for piece in iter::once(header).chain(frame.slices()) {
                whole[end..end + piece.len()].copy_from_slice(piece);
                end += piece.len();
            }
            transport.write(context, &[IoSlice::new(&whole[..end])])
        } else {
            let mut slices = [IoSlice::new(header); SLICES];
            let mut count = 1;
            for (slice, piece) in slices[1..].iter_mut().zip(frame.slices()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            transport.write(context, &slices[..count])
        };
        let written = match written {
            Ok(written) => written,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            Err(error) => return Err(error),
        };
        if written < header_bytes + frame.len() {
            self.unsent.push_back(Bytes::copy_from_slice(header));
            self.unsent.extend(frame.pieces());
            self.skip(written);
        }
        Ok(written)
    }

    /// Begins a control frame, if there is one to be sent.
    fn begin_control_frame(&mut self) -> bool {
        let frame = match self.pong.take() {
            Some(payload) => pong(&payload).into(),
            None if std::mem::take(&mut self.ping) => Bytes::from_static(self.framing.sign_of_life()),
            None => return false,
        };
        self.unsent.push_back(frame);
        true
    }

    /// Lets go of what was written.
    fn skip(&mut self, mut bytes: usize) {
        while let Some(first) = self.unsent.front_mut() {
            if bytes < first.len() {
                first.advance(bytes);
                return;
            }
            bytes -= first.len();
            self.unsent.pop_front();
        }
    }
}
