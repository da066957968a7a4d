//! What a server must find out before it lets a client into a room: what the application decides
//! about it, and in a cluster which room a code stands for. That may take a while, in which the
//! connection's task reads nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use rtbroadcaster_protocol::{Operation, Refusal, RequestedEntry, RoomCode, RoomId};
use warp::http::request::Parts;

use crate::access::{Decision, EntryRequest};
use crate::rooms::ReservedCode;

/// Whether a client is let in.
#[derive(Debug)]
pub(super) struct EntryDecision {
    /// The upgrade of the connection.
    request: Arc<Parts>,
    /// What is to be found out.
    asked: Option<Asked>,
    /// What was decided about this operation.
    decided: Option<(Operation, Decision)>,
    /// The room of the code that the client has named.
    found: Option<(RoomCode, Result<Option<RoomId>, Refusal>)>,
}

/// What is to be found out.
#[derive(Debug)]
pub(super) enum Asked {
    /// Whether the client may enter.
    Entry(EntryRequest),
    /// Which room the code stands for.
    Code(RoomCode, Option<IpAddr>),
}

/// What was found out.
#[derive(Debug)]
pub(super) enum Decided {
    /// Whether the client may enter, and the code of the room that it opens.
    Entry { operation: Operation, decision: Decision, reserved: Option<ReservedCode> },
    /// Which room the code stands for.
    Code(RoomCode, Result<Option<RoomId>, Refusal>),
}

impl EntryDecision {
    pub(super) fn new(request: Arc<Parts>) -> Self {
        Self { request, asked: None, decided: None, found: None }
    }

    /// The decision about an entry. If there is none yet, it is to be asked for.
    pub(super) fn about(
        &mut self,
        entry: &RequestedEntry<'_>,
        remote: Option<IpAddr>,
    ) -> Poll<Result<(), Refusal>> {
        // A decision about anything else is of no use.
        match self.decided.take().filter(|(operation, _)| *operation == entry.operation()) {
            Some((_, decision)) => Poll::Ready(decision),
            None => {
                let request = EntryRequest::of_message(entry, remote, Arc::clone(&self.request));
                self.asked = Some(Asked::Entry(request));
                Poll::Pending
            }
        }
    }

    /// The room of a code. If it isn't known yet, it is to be looked for.
    pub(super) fn about_code(
        &mut self,
        code: RoomCode,
        remote: Option<IpAddr>,
    ) -> Poll<Result<Option<RoomId>, Refusal>> {
        match &self.found {
            Some((found, room)) if *found == code => Poll::Ready(room.clone()),
            _ => {
                self.asked = Some(Asked::Code(code, remote));
                Poll::Pending
            }
        }
    }

    /// What is to be found out now.
    pub(super) fn take_asked(&mut self) -> Option<Asked> {
        self.asked.take()
    }

    pub(super) fn decide(&mut self, decided: Decided) {
        match decided {
            Decided::Entry { operation, decision, .. } => {
                // Another attempt to enter by the code looks for it again.
                self.found = self.found.take().filter(|_| decision.is_ok());
                self.decided = Some((operation, decision));
            }
            Decided::Code(code, room) => self.found = Some((code, room)),
        }
    }
}
