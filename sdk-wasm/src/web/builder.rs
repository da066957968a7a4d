//! How a room is entered.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::IntoFuture;
use core::marker::PhantomData;
use core::time::Duration;

use rtbroadcaster_protocol::{Goal, SessionOptions};
use serde::de::DeserializeOwned;

use super::address::websocket_address;
use super::callback::{Callback, Function};
use super::driver::{Driver, Plan};
use super::environment::random;
use super::error::RoomError;
use super::params::Params;
use super::pending::Pending;
use super::room::{Room, typed};

const DEFAULT_TIMEOUT_MS: u64 = 15_000;

/// Marks the builder of a room that is opened or taken back: [`Room::create`].
#[derive(Debug)]
pub enum Creating {}

/// Marks the builder of a room that is joined: [`Room::join`].
#[derive(Debug)]
pub enum Joining {}

/// The options with which a room is entered. `await` it to enter the room.
///
/// Nothing happens before that. If the future is dropped before it is ready, the page leaves the
/// room as soon as it has entered it.
#[must_use = "nothing happens before it is awaited"]
pub struct RoomBuilder<Kind> {
    url: String,
    goal: Goal,
    timeout: Option<Duration>,
    share_audience: bool,
    token: Option<String>,
    web_socket: Option<js_sys::Function>,
    functions: Vec<(String, Function)>,
    on_error: Option<Callback<RoomError>>,
    kind: PhantomData<Kind>,
}

impl<Kind> RoomBuilder<Kind> {
    pub(super) fn new(url: String, goal: Goal) -> Self {
        Self {
            url,
            goal,
            timeout: None,
            share_audience: false,
            token: None,
            web_socket: None,
            functions: Vec::new(),
            on_error: None,
            kind: PhantomData,
        }
    }

    /// As [`Room::on`]. An owner that takes its room back receives what the room retained before it
    /// gets the room. Functions that are to show it must be given here.
    pub fn on(mut self, key: impl Into<String>, mut function: impl FnMut(Params) + 'static) -> Self {
        let function = Function::new(move |params| {
            function(params);
            Ok(())
        });
        self.functions.push((key.into(), function));
        self
    }

    /// As [`Room::on_typed`]; see [`RoomBuilder::on`].
    pub fn on_typed<P: DeserializeOwned + 'static>(
        mut self,
        key: impl Into<String>,
        function: impl FnMut(P) + 'static,
    ) -> Self {
        self.functions.push((key.into(), typed(function)));
        self
    }

    /// As [`Room::on_error`], also for what fails before the room is there.
    pub fn on_error(mut self, callback: impl FnMut(RoomError) + 'static) -> Self {
        self.on_error = Some(Callback::new(callback));
        self
    }

    /// How long to try to reach the room for the first time. Default: 15 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The proof that this page may open or follow rooms, if the server asks for one: an API key or
    /// a JSON web token. It goes with the first message of each connection.
    ///
    /// If it has expired when the page reconnects, the room ends with
    /// [`Code::Unauthorized`](crate::Code::Unauthorized). The page must then enter the room anew
    /// with another token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The JavaScript class of websockets, instead of the global `WebSocket`, for environments that
    /// have none.
    pub fn web_socket(mut self, class: js_sys::Function) -> Self {
        self.web_socket = Some(class);
        self
    }

    fn plan(self) -> Result<Plan, RoomError> {
        let address = websocket_address(&self.url)?;
        let (is_complete, is_resumed) = match &self.goal {
            Goal::Create => (true, false),
            Goal::Join { uuid } => (!uuid.is_empty(), false),
            Goal::Claim { uuid, owner_key } => (!uuid.is_empty() && !owner_key.is_empty(), true),
        };
        if !is_complete {
            let message = "a room's uuid and its owner key must not be empty";
            return Err(RoomError::invalid_argument(message.into()));
        }
        let connect_timeout_ms = match self.timeout {
            None => DEFAULT_TIMEOUT_MS,
            Some(timeout) if timeout.is_zero() => {
                return Err(RoomError::invalid_argument("the timeout must be above 0".into()));
            }
            // A longer timeout than u64 can hold never ends in practice.
            Some(timeout) => u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1),
        };
        let (session, seed) = random();
        let share_audience = self.share_audience;
        let session = SessionOptions { goal: self.goal, session, seed, connect_timeout_ms, share_audience };
        Ok(Plan {
            session,
            address,
            token: self.token,
            web_socket: self.web_socket,
            functions: self.functions,
            on_error: self.on_error,
            is_resumed,
        })
    }
}

impl RoomBuilder<Creating> {
    /// Takes this room back instead of opening one. `uuid` and `owner_key` are the [`Room::uuid`]
    /// and [`Room::owner_key`] of a room that this user owns; the program keeps them across a
    /// reload of its page. On the page that owned the room until now, the room ends with
    /// [`Code::Superseded`](crate::Code::Superseded).
    pub fn claim(mut self, uuid: impl Into<String>, owner_key: impl Into<String>) -> Self {
        self.goal = Goal::Claim { uuid: uuid.into(), owner_key: owner_key.into() };
        self
    }

    /// Whether the followers learn how many they are: their [`Room::on_audience`] is called too.
    /// Default: no.
    pub fn share_audience(mut self, share: bool) -> Self {
        self.share_audience = share;
        self
    }
}

impl<Kind> IntoFuture for RoomBuilder<Kind> {
    type Output = Result<Room, RoomError>;
    type IntoFuture = Pending<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        match self.plan() {
            Ok(plan) => Driver::start(plan),
            Err(error) => Pending::known(Err(error)),
        }
    }
}

/// Leaves the goal out, because it may hold an owner key.
impl<Kind> fmt::Debug for RoomBuilder<Kind> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RoomBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}
