//! The application's decision about a client that wants to enter a room. It may take a while, in
//! which the connection's task reads nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use rtbroadcaster_protocol::{Operation, Refusal, RequestedEntry};
use warp::http::request::Parts;

use crate::access::{Decision, EntryRequest};

/// Whether the application lets a client in.
#[derive(Debug)]
pub(super) struct EntryDecision {
    /// The upgrade of the connection.
    request: Arc<Parts>,
    /// What the application is to be asked.
    asked: Option<EntryRequest>,
    /// What it has decided about this operation.
    decided: Option<(Operation, Decision)>,
}

impl EntryDecision {
    pub(super) fn new(request: Arc<Parts>) -> Self {
        Self { request, asked: None, decided: None }
    }

    /// The decision about an entry. If there is none yet, the application is to be asked.
    pub(super) fn about(
        &mut self,
        entry: &RequestedEntry<'_>,
        remote: Option<IpAddr>,
    ) -> Poll<Result<(), Refusal>> {
        // A decision about anything else is of no use.
        match self.decided.take().filter(|(operation, _)| *operation == entry.operation()) {
            Some((_, decision)) => Poll::Ready(decision),
            None => {
                self.asked = Some(EntryRequest::of_message(entry, remote, Arc::clone(&self.request)));
                Poll::Pending
            }
        }
    }

    /// What the application is to be asked now.
    pub(super) fn take_asked(&mut self) -> Option<EntryRequest> {
        self.asked.take()
    }

    pub(super) fn decide(&mut self, operation: Operation, decision: Decision) {
        self.decided = Some((operation, decision));
    }
}
