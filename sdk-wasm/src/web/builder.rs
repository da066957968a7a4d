//! How a room is entered.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::marker::PhantomData;
use core::time::Duration;

use rtbroadcaster_protocol::{Goal, SessionOptions};
use serde::de::DeserializeOwned;
use web_sys::Storage;

use super::address::{may_be_uuid, websocket_address};
use super::callback::{Callback, Function};
use super::driver::{Driver, Plan};
use super::environment::random;
use super::error::RoomError;
use super::params::Params;
use super::pending::Pending;
use super::resume::{self, KeptRoom};
use super::room::{Room, typed};
use super::token::Token;
use crate::decisions::{DEFAULT_TIMEOUT_MS, NO_UUID};

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
    code: bool,
    clock: bool,
    share_roster: bool,
    name: Option<String>,
    token: Option<Token>,
    web_socket: Option<js_sys::Function>,
    functions: Vec<(String, Function)>,
    on_error: Option<Callback<RoomError>>,
    on_retry: Option<Callback<RoomError>>,
    resume: Option<Resume>,
    storage: Option<Storage>,
    kind: PhantomData<Kind>,
}

/// Under which name a room is kept across reloads.
enum Resume {
    ByAddress,
    ByName(String),
}

impl<Kind> RoomBuilder<Kind> {
    pub(super) fn new(url: String, goal: Goal) -> Self {
        Self {
            url,
            goal,
            timeout: None,
            share_audience: false,
            code: false,
            clock: false,
            share_roster: false,
            name: None,
            token: None,
            web_socket: None,
            functions: Vec::new(),
            on_error: None,
            on_retry: None,
            resume: None,
            storage: None,
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

    /// As [`Room::on_retry`], also for what fails before the room is there.
    pub fn on_retry(mut self, callback: impl FnMut(RoomError) + 'static) -> Self {
        self.on_retry = Some(Callback::new(callback));
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
    /// [`Code::Unauthorized`](crate::Code::Unauthorized). For tokens that expire there is
    /// [`RoomBuilder::token_with`].
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::Text(token.into()));
        self
    }

    /// A function that gives the token, in place of [`RoomBuilder::token`]. It is called anew for
    /// each connection, because tokens expire.
    ///
    /// If it fails before the room was entered, the entry fails with
    /// [`Code::TokenFailed`](crate::Code::TokenFailed). If it fails when the page reconnects, that
    /// is reported to [`Room::on_error`], and the function is called again at the next attempt.
    ///
    /// ```no_run,standalone_crate
    /// # use rtbroadcaster_sdk::{Room, RoomError};
    /// # async fn enter() -> Result<(), RoomError> {
    /// let room = Room::create("/broadcasting").token_with(|| fetch_token("editor")).await?;
    /// # Ok(())
    /// # }
    /// # async fn fetch_token(_: &str) -> Result<String, String> { Ok(String::new()) }
    /// ```
    pub fn token_with<F, E>(mut self, function: impl FnMut() -> F + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + 'static,
        E: fmt::Display,
    {
        self.token = Some(Token::function(function));
        self
    }

    /// The JavaScript class of websockets, instead of the global `WebSocket`, for environments that
    /// have none.
    ///
    /// Without it, and with the feature `http`, the room falls back to plain HTTP if no websocket
    /// can connect but the server answers requests. It goes back to a websocket when one opens.
    pub fn web_socket(mut self, class: js_sys::Function) -> Self {
        self.web_socket = Some(class);
        self
    }

    fn enter(&self, goal: Goal, kept: Option<Rc<KeptRoom>>) -> Pending<Result<Room, RoomError>> {
        match self.plan(goal, kept) {
            Ok(plan) => Driver::start(plan),
            Err(error) => Pending::known(Err(error)),
        }
    }

    fn plan(&self, goal: Goal, kept: Option<Rc<KeptRoom>>) -> Result<Plan, RoomError> {
        let address = websocket_address(&self.url)?;
        let (is_complete, is_resumed) = match &goal {
            Goal::Create => (true, false),
            Goal::Join { uuid } => (!uuid.is_empty(), false),
            Goal::Claim { uuid, owner_key } => (!uuid.is_empty() && !owner_key.is_empty(), true),
        };
        if !is_complete {
            let message = "a room's uuid and its owner key must not be empty";
            return Err(RoomError::invalid_argument(message.into()));
        }
        if let Goal::Join { uuid } | Goal::Claim { uuid, .. } = &goal
            && !may_be_uuid(uuid)
        {
            return Err(RoomError::invalid_argument(format!("\"{uuid}\" {NO_UUID}")));
        }
        if matches!(&self.token, Some(Token::Text(text)) if text.is_empty()) {
            return Err(RoomError::invalid_argument("the token must not be empty".into()));
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
        let (share_audience, code, clock) = (self.share_audience, self.code, self.clock);
        let session = SessionOptions {
            goal,
            session,
            seed,
            connect_timeout_ms,
            share_audience,
            code,
            clock,
            share_roster: self.share_roster,
            name: self.name.clone(),
            invite: None,
        };
        Ok(Plan {
            session,
            address,
            token: self.token.clone(),
            web_socket: self.web_socket.clone(),
            functions: self.functions.clone(),
            on_error: self.on_error.clone(),
            on_retry: self.on_retry.clone(),
            is_resumed,
            kept,
        })
    }
}

impl RoomBuilder<Creating> {
    /// Takes this room back instead of opening one. `uuid` and `owner_key` are the [`Room::uuid`]
    /// and [`Room::owner_key`] of a room that this user owns. The program keeps them across a
    /// reload of its page by itself; [`RoomBuilder::resume`] does that for it. On the page that
    /// owned the room until now, the room ends with [`Code::Superseded`](crate::Code::Superseded).
    pub fn claim(mut self, uuid: impl Into<String>, owner_key: impl Into<String>) -> Self {
        self.goal = Goal::Claim { uuid: uuid.into(), owner_key: owner_key.into() };
        self
    }

    /// Keeps the room across reloads of this page: the room that was kept is taken back. A new one
    /// is opened if none was kept, or if the server no longer knows it. [`Room::is_resumed`] tells
    /// which. Default: no.
    ///
    /// [`Room::uuid`] and [`Room::owner_key`] are kept in `sessionStorage`, and so in this tab,
    /// under the server's address. A page of the npm package finds them there, and the other way
    /// round. They are removed when the room ends with [`Code::Closed`](crate::Code::Closed),
    /// [`Code::Left`](crate::Code::Left) or [`Code::UnknownRoom`](crate::Code::UnknownRoom).
    ///
    /// If two pages take the same room back, the last one has it. On the other page the room ends
    /// with [`Code::Superseded`](crate::Code::Superseded), and stays ended until that page enters it
    /// again. If the storage is missing or forbidden,
    /// [`Code::StorageUnavailable`](crate::Code::StorageUnavailable) is reported once.
    ///
    /// It can't be combined with [`RoomBuilder::claim`].
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume.then_some(Resume::ByAddress);
        self
    }

    /// As [`RoomBuilder::resume`], under this name instead of the server's address, for a page that
    /// owns several rooms.
    pub fn resume_as(mut self, name: impl Into<String>) -> Self {
        self.resume = Some(Resume::ByName(name.into()));
        self
    }

    /// The storage for [`RoomBuilder::resume`], instead of `sessionStorage`. In `localStorage` the
    /// room outlives the tab, and every tab of this origin takes over the same room.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Whether the followers learn how many they are: their [`Room::on_audience`] is called too.
    /// Default: no.
    pub fn share_audience(mut self, share: bool) -> Self {
        self.share_audience = share;
        self
    }

    /// Whether the followers may ask for the [`Room::roster`] too, as long as they are few.
    /// Default: no.
    pub fn share_roster(mut self, share: bool) -> Self {
        self.share_roster = share;
        self
    }

    /// Whether a new room gets a short code, [`Room::code`], by which people can join it.
    /// Default: no.
    pub fn code(mut self, code: bool) -> Self {
        self.code = code;
        self
    }
}

impl RoomBuilder<Joining> {
    /// What others are to call this page: it gets a [`Room::seat`]. At most 64 bytes (the server's
    /// `name-bytes`), without control characters. The name in a token wins. Default: none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl<Kind> RoomBuilder<Kind> {
    /// Whether this page asks for the server's time from the start, so that it knows when to run
    /// what has a moment: [`Room::broadcast_at`]. An owner has all pages of its room do so.
    /// Default: no; then a page begins with the first such action.
    pub fn clock(mut self, clock: bool) -> Self {
        self.clock = clock;
        self
    }
}

impl<Kind> RoomBuilder<Kind> {
    /// Where the room is kept across reloads; none if it isn't.
    fn kept_room(&mut self) -> Result<Option<KeptRoom>, RoomError> {
        let name = match &self.resume {
            None => return Ok(None),
            Some(Resume::ByAddress) => None,
            Some(Resume::ByName(name)) if name.is_empty() => {
                return Err(RoomError::invalid_argument("the name for `resume_as` must not be empty".into()));
            }
            Some(Resume::ByName(name)) => Some(&**name),
        };
        if matches!(self.goal, Goal::Claim { .. }) {
            return Err(RoomError::invalid_argument("`resume` and `claim` exclude each other".into()));
        }
        Ok(Some(KeptRoom::new(name, &self.url, self.storage.take())))
    }
}

impl<Kind: 'static> IntoFuture for RoomBuilder<Kind> {
    type Output = Result<Room, RoomError>;
    type IntoFuture = Pending<Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        match self.kept_room() {
            Ok(None) => self.enter(self.goal.clone(), None),
            Ok(Some(kept)) => {
                let kept = Rc::new(kept);
                resume::create(Rc::clone(&kept), move |goal| self.enter(goal, Some(Rc::clone(&kept))))
            }
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
