//! The rooms that are being made out of their logs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, Shared};
use rtbroadcaster_protocol::{Refusal, RoomId};

/// Whether a room could be had.
pub(crate) type Load = Shared<BoxFuture<'static, Result<(), Refusal>>>;

/// The rooms that are being made out of their logs.
#[derive(Default)]
pub(crate) struct Loads(Mutex<HashMap<RoomId, Load>>);

impl std::fmt::Debug for Loads {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Loads(…)")
    }
}

impl Loads {
    pub(crate) fn loads(&self) -> MutexGuard<'_, HashMap<RoomId, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
