//! The part of a connection behind its lock: the peer, its room and the bytes that wait. One thread
//! at a time reads for it or writes for it.

use std::io::{self, ErrorKind, IoSlice};
use std::iter;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Context;

use rtbroadcaster_protocol::{Frame, Peer, PeerOutput, Timestamp};
use tracing::debug;
use tungstenite::Bytes;
use warp::Buf;

use super::activity::Activity;
use super::framing::Framing;
use super::host::ConnectionHost;
use super::transport::Transport;
use super::unsent::Unsent;
use crate::fanout::{LeftStep, SendContext, Subscriber};
use crate::services::Services;
use crate::shared_room::{RoomSubscription, SharedRoom};
use crate::websocket::{Ending, Fault, Incoming, MAX_HEADER_BYTES, pong, text_header};

/// Frames that one client is sent before other clients get their turn.
const FRAMES_PER_TURN: usize = 16;
/// Slices of a frame that one call writes. For a follower that keeps up a frame has two: header and
/// messages.
const MAX_SLICES: usize = 16;

/// A frame of at most this many bytes is copied behind its header before it is written. Copying so
/// few bytes costs less than a second slice costs the kernel (bench, paced).
const MAX_COPIED_BYTES: usize = 1_024;

/// How far the sending to a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The client has everything.
    Everything,
    /// The client takes no more bytes for now.
    Blocked,
    /// There is more, but other clients come first.
    More,
    /// Nothing will be sent any more: see [`ConnectionState::ending`].
    Ended,
}

/// A connection's state. Only the thread that holds its lock works with it.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(crate) peer: Peer,
    pub(crate) host: ConnectionHost,
    framing: Framing,
    /// The rest of an unfinished frame. It is written before anything else.
    unsent: Unsent,
    /// The payload of the client's newest ping that isn't answered yet.
    pong: Option<Box<[u8]>>,
    /// A ping is due.
    ping: bool,
    subscription: Option<RoomSubscription>,
    /// Only the fan-out writes to the client: see [`crate::fanout`].
    is_in_step: bool,
    /// A fault in the client's frames. The client is told of it after the answers to what came
    /// before.
    fault: Option<Fault>,
    ending: Option<Ending>,
}

impl ConnectionState {
    /// The state of a client at this address, whose connection is about to be made.
    pub(crate) fn new(services: Arc<Services>, remote: Option<IpAddr>, framing: Framing) -> Self {
        Self {
            peer: Peer::default(),
            host: ConnectionHost::of_connection(services, remote),
            framing,
            unsent: Unsent::default(),
            pong: None,
            ping: false,
            subscription: None,
            is_in_step: false,
            fault: None,
            ending: None,
        }
    }

    /// Notes that the client has entered its room.
    pub(crate) fn note_entered(&mut self) {
        if let Framing::Events(events) = &mut self.framing
            && self.peer.has_resumed()
        {
            events.note_resumed();
        }
    }

    /// Why the connection ends, if it does.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Ends the connection. The first reason counts.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Ends the connection because its transport is broken.
    pub(super) fn break_off(&mut self, error: &io::Error) {
        debug!(%error, "the connection broke");
        self.end(Ending::Gone);
    }

    /// Whether the client may be read: not while it has answers to take, not while the application
    /// decides about it, not after a fault, and not once the peer is ending.
    pub(super) fn may_read(&self) -> bool {
        !self.peer.has_answers()
            && !self.peer.awaits_entry()
            && self.fault.is_none()
            && !self.peer.is_ending()
    }

    /// Receives the messages that were kept while the owner was too fast. Returns the room to
    /// serve, if there were any.
    pub(super) fn resume_reading(&mut self, now: Timestamp) -> Option<Arc<SharedRoom>> {
        if !self.peer.has_unread() {
            return None;
        }
        self.peer.resume_reading(now, &mut self.host);
        self.host.room().cloned()
    }

    /// Ends the connection once the client was sent all earlier answers.
    pub(super) fn end_with_fault(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Sends the client a ping with the next frames.
    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    /// Receives a message or a control frame. False if the reader must stop: after a fault, while
    /// many answers wait for the client, while the application decides about it, or while an owner
    /// is too fast.
    pub(super) fn receive(&mut self, incoming: &Incoming<'_>, now: Timestamp) -> bool {
        if self.ending.is_some() {
            return true;
        }
        match incoming {
            Incoming::Text(text) => self.peer.receive_frame(text, now, &mut self.host),
            // The original server accepts these too.
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
        !self.peer.has_many_answers() && self.peer.pause(now).is_none() && !self.peer.awaits_entry()
    }

    /// Sends what there is, as far as the client takes it without waiting. With the context of the
    /// connection's own task, that task is woken when the client takes more bytes.
    pub(super) fn send(
        &mut self,
        transport: &Transport,
        activity: &Activity,
        mut context: Option<&mut Context<'_>>,
        send_context: &mut SendContext,
    ) -> Sent {
        for _ in 0..FRAMES_PER_TURN {
            if self.ending.is_some() {
                return Sent::Ended;
            }
            // Mostly nothing is left of the frame before, and then not even a call is spent on it.
            if !self.unsent.is_empty() {
                match self.flush(transport, activity, context.as_deref_mut()) {
                    Ok(true) => {}
                    Ok(false) => return Sent::Blocked,
                    Err(error) => {
                        self.break_off(&error);
                        return Sent::Ended;
                    }
                }
            }
            if self.queue_control_frame() {
                continue;
            }
            if let Some(fault) = self.fault.filter(|_| !self.peer.has_answers()) {
                self.end(Ending::Fault(fault));
                return Sent::Ended;
            }
            let SendContext { frame, counts, .. } = send_context;
            match self.peer.poll_output(frame, &mut self.host) {
                PeerOutput::Send => match self.write_frame(transport, context.as_deref_mut(), frame) {
                    Ok(written) => counts.add(frame.contents(), written),
                    Err(error) => self.break_off(&error),
                },
                PeerOutput::Wait => return Sent::Everything,
                PeerOutput::Close(code) => self.end(Ending::Policy(code)),
            }
        }
        Sent::More
    }

    /// Queues the bytes that tell the client the end, behind the rest of an unfinished frame. False
    /// if there are none.
    pub(super) fn queue_farewell(&mut self, ending: Ending) -> bool {
        let farewell = self.framing.farewell(ending);
        let has_farewell = farewell.is_some();
        self.unsent.extend(farewell.map(Bytes::from));
        has_farewell
    }

    /// Queues the head of an HTTP answer, before any message.
    pub(crate) fn queue_head(&mut self, head: Vec<u8>) {
        self.unsent.push(head.into());
    }

    /// Whether the client sends messages. Otherwise what it sends means nothing.
    pub(super) fn has_incoming(&self) -> bool {
        self.framing.is_answered()
    }

    /// Writes the rest of an unfinished frame. True if nothing is left.
    pub(super) fn flush(
        &mut self,
        transport: &Transport,
        activity: &Activity,
        mut context: Option<&mut Context<'_>>,
    ) -> io::Result<bool> {
        while !self.unsent.is_empty() {
            match self.unsent.write(|slices| transport.write(context.as_deref_mut(), slices)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => self.note_written(bytes, activity),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    activity.note_blocked(self.host.services().clock);
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.unsent.is_empty() {
                activity.note_unblocked();
            }
        }
        Ok(true)
    }

    /// Notes that the client has taken bytes of an unfinished frame.
    fn note_written(&mut self, bytes: usize, activity: &Activity) {
        self.unsent.skip(bytes);
        self.peer.note_progress(&mut self.host);
        let services = self.host.services();
        services.metrics.sent_bytes(bytes);
        activity.note_progress(services.clock);
        if !self.framing.is_answered() {
            // A client that sends nothing shows that it is alive by taking bytes.
            activity.note_received(services.clock.now());
        }
    }

    /// Whether the connection is subscribed to its room.
    pub(super) fn is_subscribed(&self) -> bool {
        self.subscription.is_some()
    }

    /// Whether the connection may send by itself: it isn't in step, or has something that isn't for
    /// all that are.
    pub(super) fn has_own_turn(&self) -> bool {
        !self.is_in_step
            || self.peer.has_own_output()
            || self.pong.is_some()
            || self.ping
            || self.fault.is_some()
            || self.ending.is_some()
    }

    /// Puts the connection in step with others, if it is a follower's that has everything.
    pub(super) fn get_in_step(&mut self, subscriber: &dyn Subscriber) {
        let may_be = !self.is_in_step && self.framing.is_answered();
        if let Some(subscription) = self.subscription.as_ref().filter(|_| may_be)
            && let Some(standing) = self.peer.get_in_step(&mut self.host)
        {
            subscription.get_in_step(subscriber, standing);
            self.is_in_step = true;
        }
    }

    /// Takes the connection out of step. Whoever holds the state may write to the client then.
    pub(super) fn leave_step(&mut self, subscriber: &dyn Subscriber) {
        if !std::mem::take(&mut self.is_in_step) {
            return;
        }
        let left = self.subscription.as_ref().and_then(|subscription| subscription.leave_step(subscriber));
        let Some(LeftStep { standing, torn }) = left else { return };
        self.peer.leave_step(standing, &mut self.host);
        if let Some((pieces, written)) = torn {
            self.unsent.extend(pieces);
            self.unsent.skip(written);
        }
    }

    /// Subscribes the connection to its room, if it is in one and isn't subscribed. True if it
    /// wasn't subscribed before: then it must look once more for what came earlier.
    pub(super) fn subscribe<S: Subscriber + 'static>(&mut self, subscriber: &Arc<S>) -> bool {
        if self.subscription.is_some() || !self.peer.is_in_room() {
            return false;
        }
        let Some(room) = self.host.room() else { return false };
        let (is_owner, rendering) = (self.peer.is_owner(), self.peer.rendering());
        let subscriber = Arc::clone(subscriber) as Arc<dyn Subscriber>;
        self.subscription = Some(room.subscribe(is_owner, rendering, &subscriber));
        if !is_owner {
            room.followers_were_served();
        }
        true
    }

    /// Unsubscribes the connection, if it is subscribed.
    pub(super) fn unsubscribe(&mut self, subscriber: &dyn Subscriber) {
        self.leave_step(subscriber);
        if let (Some(subscription), Some(room)) = (self.subscription.take(), self.host.room()) {
            room.unsubscribe(subscription, subscriber);
        }
    }

    /// Writes a frame as far as the client takes it, and keeps the rest. Returns the number of
    /// bytes taken.
    fn write_frame(
        &mut self,
        transport: &Transport,
        context: Option<&mut Context<'_>>,
        frame: &Frame,
    ) -> io::Result<usize> {
        if let Framing::Events(events) = &mut self.framing {
            let mut events = Bytes::from(events.events(frame));
            let written = accepted(transport.write(context, &[IoSlice::new(&events)]))?;
            if written < events.len() {
                events.advance(written);
                self.unsent.push(events);
            }
            return Ok(written);
        }
        let (header, header_bytes) = text_header(frame.len());
        let header = &header[..header_bytes];
        let written = if frame.len() <= MAX_COPIED_BYTES {
            let mut copy = [0; MAX_HEADER_BYTES + MAX_COPIED_BYTES];
            let mut end = 0;
            for piece in iter::once(header).chain(frame.slices()) {
                copy[end..end + piece.len()].copy_from_slice(piece);
                end += piece.len();
            }
            transport.write(context, &[IoSlice::new(&copy[..end])])
        } else {
            let mut slices = [IoSlice::new(header); MAX_SLICES];
            let mut count = 1;
            for (slice, piece) in slices[1..].iter_mut().zip(frame.slices()) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            transport.write(context, &slices[..count])
        };
        let written = accepted(written)?;
        if written < header_bytes + frame.len() {
            self.unsent.push(Bytes::copy_from_slice(header));
            self.unsent.extend(frame.pieces());
            self.unsent.skip(written);
        }
        Ok(written)
    }

    /// Queues a control frame, if one is due.
    fn queue_control_frame(&mut self) -> bool {
        let frame = match self.pong.take() {
            Some(payload) => pong(&payload).into(),
            None if std::mem::take(&mut self.ping) => Bytes::from_static(self.framing.sign_of_life()),
            None => return false,
        };
        self.unsent.push(frame);
        true
    }
}

/// How many bytes a client has accepted, by what a write has returned.
fn accepted(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        written => written,
    }
}
