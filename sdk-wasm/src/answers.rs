//! The promises that wait for the server: those of `broadcast` and `clear` for their answers, those of `ready` for
//! room in the queue.

use std::collections::VecDeque;

use rtbroadcaster_protocol::Outcome;
use wasm_bindgen::prelude::JsValue;

use crate::error::RoomError;
use crate::promise::{Deferred, Settlement};

/// What a page awaits of its own actions.
#[derive(Default)]
pub(crate) struct Answers {
    /// In the order of their tickets.
    awaited: VecDeque<Awaited>,
    /// The promises of `ready`.
    waiting: Vec<Deferred>,
}

struct Awaited {
    ticket: u64,
    /// The slot or function key.
    key: String,
    deferred: Deferred,
}

impl Answers {
    /// Awaits the answer to the newest action.
    pub(crate) fn await_answer(&mut self, ticket: u64, key: String, deferred: Deferred) {
        self.awaited.push_back(Awaited { ticket, key, deferred });
    }

    /// The answer has come.
    pub(crate) fn answered(&mut self, ticket: u64, outcome: Outcome) -> Option<Settlement> {
        // Nearly always the first.
        let at = self.awaited.binary_search_by_key(&ticket, |awaited| awaited.ticket).ok()?;
        let Awaited { key, deferred, .. } = self.awaited.remove(at)?;
        Some(match outcome {
            Outcome::Appended(seq) => Settlement::new(deferred.resolve, JsValue::from_f64(seq as f64)),
            Outcome::Replaced => Settlement::new(deferred.resolve, JsValue::UNDEFINED),
            Outcome::Refused { refusal, .. } => {
                Settlement::new(deferred.reject, RoomError::from(refusal).about(&key).into())
            }
        })
    }

    /// Waits until the queue has room.
    pub(crate) fn await_room(&mut self, deferred: Deferred) {
        self.waiting.push(deferred);
    }

    pub(crate) fn awaits_room(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// All that have waited for room.
    pub(crate) fn take_waiting(&mut self) -> Vec<Deferred> {
        std::mem::take(&mut self.waiting)
    }

    /// All is over: nobody will answer.
    pub(crate) fn abandon(self) -> impl Iterator<Item = Settlement> {
        let awaited = self.awaited.into_iter().map(|Awaited { key, deferred, .. }| {
            Settlement::new(deferred.reject, RoomError::unanswered().about(&key).into())
        });
        let waiting = self
            .waiting
            .into_iter()
            .map(|deferred| Settlement::new(deferred.reject, RoomError::closed().into()));
        awaited.chain(waiting)
    }
}
