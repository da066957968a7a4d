//! Actions that run at a moment of the server's clock.

use core::time::Duration;

use rtbroadcaster_protocol::ClockEstimate;
use serde::Serialize;

use super::Room;
use crate::web::driver::Answer;
use crate::web::environment::{calendar_time, now, pause};
use crate::web::error::RoomError;
use crate::web::pending::Pending;

/// How long [`Room::until`] waits before it looks whether it knows the server's clock better, in
/// milliseconds.
const LOOK_MS: u64 = 100;
/// How long it waits for the first answer about the server's time, in milliseconds. Then it goes by
/// the page's own.
const NO_CLOCK_MS: u64 = 5_000;

impl Room {
    /// As [`Room::broadcast`], or with a slot as [`Room::broadcast_to_slot`], but every follower
    /// runs the function at a moment of the server's clock: `at` is in milliseconds since 1970,
    /// such as [`Room::time`] and 800. What comes after it waits too. A follower that gets it later
    /// runs it at once, and [`Room::late`] says how late.
    ///
    /// # Errors
    /// As those, and `Malformed` if the moment is further ahead than the server allows: 10 seconds,
    /// unless it is set up otherwise.
    pub fn broadcast_at(
        &self,
        at: u64,
        slot: Option<&str>,
        key: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Pending<Answer> {
        self.send(key, params, slot, Some(at))
    }

    /// The server's time, in milliseconds since 1970. None before this page knows it: it asks from
    /// the first call on, or from the start with [`RoomBuilder::clock`](crate::RoomBuilder::clock).
    #[must_use]
    pub fn time(&self) -> Option<u64> {
        self.driver.start_clock();
        let time_us = self.clock()?.time_us(now());
        u64::try_from(time_us / 1_000).ok()
    }

    /// What this page knows of the server's clock. None before the first answer.
    #[must_use]
    pub fn clock(&self) -> Option<ClockEstimate> {
        self.driver.engine().clock(now())
    }

    /// While a function runs that has a moment: how much too late. Zero if it is in time. None if
    /// it has no moment, and if this page doesn't know the server's clock.
    #[must_use]
    pub fn late(&self) -> Option<Duration> {
        self.driver.late()
    }

    /// Waits for a moment of the server's clock, in milliseconds since 1970. So the owner's own
    /// page acts with its followers. A page that is told no time in 5 seconds goes by its own.
    ///
    /// # Errors
    /// `Closed` if the room ends before.
    pub async fn until(&self, at: u64) -> Result<(), RoomError> {
        let since = now();
        loop {
            if self.driver.is_over() {
                return Err(RoomError::closed());
            }
            let own_time = || (now().since(since) >= NO_CLOCK_MS).then(calendar_time);
            let time = self.time().or_else(own_time);
            let wait = time.map_or(LOOK_MS, |time| at.saturating_sub(time));
            if wait == 0 {
                return Ok(());
            }
            pause(wait.min(LOOK_MS)).await;
        }
    }
}
