//! What is done to a room without a connection: by an HTTP request that shows the owner key, and by
//! the application itself. Both go through a [`DrivenRoom`], so that the same order, limits and
//! acknowledgements hold for both.

mod error;

use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{
    KeyDigest, Lag, MadeKey, Mark, Posted, Question, Refusal, RefusalCode, Room, Timestamp,
};
use tokio::time::{Instant, sleep};

use crate::connection::{WAIT_FOR_MOST, WAIT_FOR_SOME};
use crate::services::Services;
use crate::shared_room::SharedRoom;

pub(crate) use error::PublishError;

/// How often a room that lags is checked. No post is late by more.
const LAG_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// How often a change is made that other servers' changes come before.
const MAX_ATTEMPTS: u32 = 8;

/// The longest pause before the second attempt, in milliseconds. It doubles with each attempt.
const LOST_PAUSE_MS: u64 = 10;

/// By what right a room is driven without a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Right {
    /// The client knows the owner key, which has this digest. The room checks it at each step.
    OwnerKey(KeyDigest),
    /// It knows a key of the room, its owner's or a guest's. What that allows depends on who has
    /// the right to write, which the room checks at each step.
    Member(KeyDigest),
    /// It knows none, and may do what a follower may.
    Follower,
    /// It is the server itself.
    Server,
}

/// A room, and the right to drive it without a connection.
#[derive(Debug, Clone)]
pub(crate) struct DrivenRoom {
    services: Arc<Services>,
    room: Arc<SharedRoom>,
    right: Right,
}

impl DrivenRoom {
    pub(crate) fn new(services: Arc<Services>, room: Arc<SharedRoom>, right: Right) -> Self {
        Self { services, room, right }
    }

    /// The key by which it is driven. None if it is the server, or who has none.
    pub(crate) fn key(&self) -> Option<KeyDigest> {
        match self.right {
            Right::OwnerKey(key) | Right::Member(key) => Some(key),
            Right::Follower | Right::Server => None,
        }
    }

    /// The room itself.
    pub(crate) fn room(&self) -> &Arc<SharedRoom> {
        &self.room
    }

    /// Calls `act` with the room. The caller must call [`SharedRoom::serve`] afterwards.
    ///
    /// # Errors
    /// - `unknown_room`: the room is closed by now.
    /// - `wrong_owner_key`: the key isn't the room's, or no key of the room.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Room, Timestamp) -> R) -> Result<R, RefusalCode> {
        let now = self.services.clock.now();
        let done = self.room.with(|room| {
            let act = |room: &mut Room| act(room, now);
            let done = match &self.right {
                Right::OwnerKey(key) => room.as_key_holder(key, now, act),
                Right::Member(key) => room.as_member(Some(key), now, act),
                Right::Follower => room.as_member(None, now, act),
                Right::Server => room.as_server(now, act),
            };
            (done, room.take_alarm())
        });
        let (done, alarm) = done.ok_or(RefusalCode::UnknownRoom)?;
        if let Some(moment) = alarm {
            self.services.rooms.wake_at(self.room.id(), moment);
        }
        done
    }

    /// Appends what `post` appends, and returns its answers once the journal has kept them. Before,
    /// it waits for a room that lags, as an owner's connection does. If `epoch` is some, that claim
    /// must be in force.
    ///
    /// A caller that doesn't wait for the end can't know whether anything was appended.
    ///
    /// # Errors
    /// See [`PublishError`]. After [`PublishError::NotKept`] something may have been appended;
    /// after any other error nothing was.
    pub(crate) async fn publish(
        &self,
        epoch: Option<u64>,
        post: impl Fn(&mut Room, Timestamp) -> Vec<Posted>,
    ) -> Result<Vec<Posted>, PublishError> {
        self.wait_for_followers().await;
        self.until_not_lost(|| {
            let appended = self.with(|room, now| {
                self.check(room, epoch)?;
                if let Some(pause) = room.pause(now) {
                    return Err(PublishError::TooFast(pause));
                }
                Ok((post(room, now), room.mark()))
            })?;
            self.room.serve();
            appended
        })
        .await
    }

    /// Answers a question about who may write, and returns the answer once the journal has kept
    /// what it changes. `session` is that of the page which asks.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub(crate) async fn ask(
        &self,
        (ask, question): (u64, &Question<'_>),
        made: MadeKey,
        session: Option<&str>,
    ) -> Result<Result<String, Refusal>, PublishError> {
        let by = self.key();
        self.until_not_lost(|| {
            let asked = self.with(|room, now| {
                self.check(room, None)?;
                let asked = room.ask_with_key(by.as_ref(), (ask, question), made, session, now);
                Ok((asked, room.mark()))
            })?;
            self.room.serve();
            asked
        })
        .await
    }

    /// Changes the room, and returns once the journal has kept that. If another server has changed
    /// the room at the same moment, it is changed once more.
    async fn until_not_lost<R>(
        &self,
        change: impl Fn() -> Result<(R, Mark), PublishError>,
    ) -> Result<R, PublishError> {
        for attempt in 0..MAX_ATTEMPTS {
            let (changed, mark) = change()?;
            match self.until_kept(mark).await {
                Ok(()) => return Ok(changed),
                // The room is made out of its log meanwhile.
                Err(PublishError::Lost) => sleep(lost_pause(attempt)).await,
                Err(error) => return Err(error),
            }
        }
        Err(PublishError::Lost)
    }

    /// Closes the room, and returns once the journal has kept that. If `epoch` is some, that claim
    /// must be in force.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub(crate) async fn close(&self, epoch: Option<u64>, reason: &'static str) -> Result<(), PublishError> {
        self.until_not_lost(|| {
            let mark = self.with(|room, _now| {
                self.check_epoch(room, epoch)?;
                // Closed under the room's lock, so that no claim comes in between.
                room.close();
                Ok::<_, PublishError>(room.mark())
            })??;
            self.services.rooms.close(self.room.id(), reason);
            Ok(((), mark))
        })
        .await
    }

    fn check(&self, room: &Room, epoch: Option<u64>) -> Result<(), PublishError> {
        if self.services.is_draining() {
            // Followers may be gone already.
            return Err(PublishError::ShuttingDown);
        }
        self.check_epoch(room, epoch)
    }

    fn check_epoch(&self, room: &Room, epoch: Option<u64>) -> Result<(), PublishError> {
        match epoch.filter(|epoch| *epoch != room.epoch()) {
            // Its page is told who may write now, and goes on.
            Some(epoch) if room.was_passed(epoch) || !room.may_write(self.key().as_ref()) => {
                Err(RefusalCode::NotOwner.into())
            }
            Some(_) => Err(PublishError::Superseded),
            None => Ok(()),
        }
    }

    /// Waits until the room's journal has kept all that was staged up to `mark`.
    pub(crate) async fn until_kept(&self, mark: Mark) -> Result<(), PublishError> {
        Ok(self.room.until_kept(mark).await?)
    }

    /// Waits while the room lags, as long as an owner's connection isn't read in the same case.
    async fn wait_for_followers(&self) {
        let started = Instant::now();
        let mut is_waiting = false;
        loop {
            let now = self.services.clock.now();
            let lag = |room: &mut Room| if is_waiting { room.lag(now) } else { room.lag_if_due(now) };
            let longest = match self.room.with(lag) {
                None | Some(Lag::No) => return,
                Some(Lag::Most) => WAIT_FOR_MOST,
                Some(Lag::Few) => WAIT_FOR_SOME,
            };
            if started.elapsed() >= longest {
                self.room.with(Room::give_up_on_laggards);
                return;
            }
            sleep(LAG_CHECK_INTERVAL).await;
            is_waiting = true;
        }
    }
}

/// A pause of a random length: servers that pause alike would come in each other's way again.
fn lost_pause(attempt: u32) -> Duration {
    let random = getrandom::u64().expect("the operating system has randomness");
    Duration::from_millis(random % (LOST_PAUSE_MS << attempt))
}
