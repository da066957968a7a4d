//! A room, as a program sees it.

mod moments;

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;

use rtbroadcaster_protocol::{Goal, RecordingWish, RosterQuery};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::{Creating, Joining, RoomBuilder};
use super::callback::{Callback, Function};
use super::driver::{Answer, Driver};
use super::error::{CloseReason, RoomError};
use super::params::{Params, json_of};
use super::pending::Pending;
use super::roster::{Roster, RosterChange};
use super::{Audience, OwnerPresence, Status};
use crate::catch_up::CatchUp;

/// A page's side of one room, across reconnects.
///
/// Clones are the same room. Dropping them changes nothing: the room ends with [`Room::close`], or
/// when the server ends it. If the room belongs to a component, call `close` when the component
/// goes. A room stays on the thread that entered it: it is neither `Send` nor `Sync`.
///
/// Functions and callbacks are called one at a time, in the order of the events, and never from
/// inside a method of the room. They are not called before the task after the one in which
/// [`Room::create`] or [`Room::join`] is ready, so functions registered right after `await` miss
/// nothing.
///
/// They may call every method of the room. A function that panics is reported, and it is called
/// again the next time; the panic's message goes to the panic hook.
#[derive(Clone)]
pub struct Room {
    driver: Rc<Driver>,
}

impl Room {
    /// Opens a room that this page owns, or takes one back: [`RoomBuilder::resume`],
    /// [`RoomBuilder::claim`].
    ///
    /// `url` is the server's websocket address. It begins with `ws:`, `wss:`, `http:` or `https:`,
    /// or it is relative to the page.
    ///
    /// # Errors
    /// When awaited: [`Code`](crate::Code) `InvalidArgument`, `ConnectionFailed`, or a refusal of
    /// the server such as `TooManyRooms`, `UnknownRoom` and `WrongOwnerKey`.
    pub fn create(url: impl Into<String>) -> RoomBuilder<Creating> {
        RoomBuilder::new(url.into(), Goal::Create)
    }

    /// Enters a room as a follower. It receives first what the room retained, then everything that
    /// the owner does.
    ///
    /// `url` is as for [`Room::create`], `uuid` is the room's [`Room::uuid`].
    ///
    /// # Errors
    /// When awaited: [`Code`](crate::Code) `InvalidArgument`, `ConnectionFailed`, or a refusal of
    /// the server such as `UnknownRoom` and `RoomFull`.
    pub fn join(url: impl Into<String>, uuid: impl Into<String>) -> RoomBuilder<Joining> {
        RoomBuilder::new(url.into(), Goal::Join { uuid: uuid.into() })
    }

    /// Runs the function registered under `key` on every follower. Owner only.
    ///
    /// `params` is a tuple, an array or a list, or `&()` for none. The action is sent when the code
    /// of the current task has ended, or as soon as the connection is back. Actions are sent in
    /// order, whether their answers are awaited or not. The answer is the action's seq: its
    /// position in the room's log, 1, 2, 3 …
    ///
    /// # Errors
    /// With the [`Code`](crate::Code) `NotOwner`, `Closed`, `InvalidArgument`, `MessageTooLarge` or
    /// `QueueFull` the action was not sent; actions that were broadcast before are not affected.
    /// With any other code the server refused it. `Closed` is also the code if the room ends before
    /// the answer comes. [`RoomError::key`] is the function key.
    pub fn broadcast(&self, key: &str, params: &(impl Serialize + ?Sized)) -> Pending<Answer> {
        self.send(key, params, None, None)
    }

    /// As [`Room::broadcast`], and the room retains the action in place of the last one with this
    /// function key: pages that join later receive it too. The answer is none if the action was
    /// never sent, because a newer one replaced it.
    ///
    /// # Errors
    /// As [`Room::broadcast`], and `TooManySlots` or `StateTooLarge`.
    pub fn broadcast_state(&self, key: &str, params: &(impl Serialize + ?Sized)) -> Pending<Answer> {
        self.send(key, params, Some(key), None)
    }

    /// As [`Room::broadcast_state`], but the room retains the action in the slot of this name, in
    /// place of what was there.
    ///
    /// # Errors
    /// As [`Room::broadcast_state`]. [`RoomError::key`] is the slot.
    pub fn broadcast_to_slot(
        &self,
        slot: &str,
        key: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Pending<Answer> {
        self.send(key, params, Some(slot), None)
    }

    /// Removes what a slot retains; the followers' [`Room::on_clear`] is called. Owner only. A
    /// state message that was broadcast without a slot's name is in the slot of its function key.
    ///
    /// # Errors
    /// As [`Room::broadcast`]. [`RoomError::key`] is the slot.
    pub fn clear(&self, slot: &str) -> Pending<Answer> {
        self.driver.clear(slot)
    }

    /// Has the room recorded from now on, or no longer; `shared` says whether whoever may join may
    /// read the recording. Owner only.
    ///
    /// # Errors
    /// As [`Room::broadcast`]. The server refuses with `forbidden` if it records nothing, and with
    /// `state_too_large` if it has no space for another recording.
    pub fn record(&self, wish: RecordingWish) -> Pending<Answer> {
        self.driver.submit(match wish {
            RecordingWish::Start { shared: false } => r#"{"record":true}"#,
            RecordingWish::Start { shared: true } => r#"{"record":"shared"}"#,
            RecordingWish::Stop => r#"{"record":false}"#,
        })
    }

    /// Waits until the queue has space for an action of any size. Await it after `QueueFull`, or
    /// before each of many large actions.
    ///
    /// # Errors
    /// `Closed` when the room ends first.
    pub fn ready(&self) -> Pending<Result<(), RoomError>> {
        self.driver.ready()
    }

    /// Registers the function that the owner runs by this key, in place of an earlier one with the
    /// same key. State messages that came before their function have waited for it, and are
    /// delivered right after.
    pub fn on(&self, key: impl Into<String>, mut function: impl FnMut(Params) + 'static) -> &Self {
        let function = Function::new(move |params| {
            function(params);
            Ok(())
        });
        self.driver.register(key.into(), function);
        self
    }

    /// As [`Room::on`], with the params as a tuple, or as another type that can be read from a
    /// list. If the params don't fit, the function isn't called, and [`Room::on_error`] is called
    /// with [`Code::InvalidParams`](crate::Code::InvalidParams).
    pub fn on_typed<P: DeserializeOwned + 'static>(
        &self,
        key: impl Into<String>,
        function: impl FnMut(P) + 'static,
    ) -> &Self {
        self.driver.register(key.into(), typed(function));
        self
    }

    /// Removes a function.
    pub fn off(&self, key: &str) -> &Self {
        self.driver.unregister(key);
        self
    }

    /// Keeps receiving, but delivers nothing until [`Room::follow`]: no registered function is
    /// called, nor the callbacks [`Room::on_clear`] and [`Room::on_resync`]. All other callbacks go
    /// on, and the page stays in the room across reconnects. A registered function may call this;
    /// then nothing is delivered after that function. After the end of the room this does nothing.
    ///
    /// Up to 4,096 actions and clears are kept, and up to 4,194,304 characters of the messages that
    /// brought them: as much as a server keeps by default for a page that lost its connection.
    /// Beyond that, only the newest event of each slot is kept; the same is true after a resync.
    ///
    /// # Errors
    /// [`Code::NotFollower`](crate::Code::NotFollower) for an owner, because it doesn't follow.
    pub fn detach(&self) -> Result<(), RoomError> {
        if self.is_owner() {
            return Err(RoomError::not_follower());
        }
        self.driver.detach();
        Ok(())
    }

    /// Delivers again: first what came since [`Room::detach`], as soon as the code of the current
    /// task has ended, then what is newer. Without `detach` this does nothing.
    pub fn follow(&self, catch_up: CatchUp) {
        self.driver.follow(catch_up);
    }

    /// Whether the page has detached and does not follow again yet.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.driver.engine().is_detached()
    }

    /// How many actions and clears came since [`Room::detach`] and were not delivered, including
    /// those that are not kept. While the page catches up: how many are left.
    #[must_use]
    pub fn behind(&self) -> usize {
        self.driver.engine().behind()
    }

    /// Closes the room for everyone if this page owns it; otherwise leaves it. This is ready when
    /// the server has confirmed, or at once if there is no connection. A room that its owner closes
    /// without a connection ends for the others when its time without an owner is over.
    pub fn close(&self) -> Pending<()> {
        self.driver.close()
    }

    /// The room's id, which others need to join.
    #[must_use]
    pub fn uuid(&self) -> String {
        self.driver.engine().uuid().unwrap_or_default().to_owned()
    }

    /// The short code that stands for the room's id until the room ends: for people to type. None
    /// if the room was opened without [`RoomBuilder::code`], or if the server knows none.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.driver.engine().code().map(ToOwned::to_owned)
    }

    /// The secret that proves ownership; none for a follower. Keep it out of URLs and logs.
    #[must_use]
    pub fn owner_key(&self) -> Option<String> {
        self.driver.engine().owner_key().map(ToOwned::to_owned)
    }

    /// Whether this page owns the room, and so may broadcast.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.driver.engine().is_owner()
    }

    /// Whether the room was taken back by [`RoomBuilder::resume`] or [`RoomBuilder::claim`], and
    /// not opened.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.driver.is_resumed()
    }

    /// The page's status, as [`Room::on_status`] was called with it last.
    #[must_use]
    pub fn status(&self) -> Status {
        self.driver.engine().status()
    }

    /// Whether messages flow: whether the status is [`Status::Connected`] or
    /// [`Status::CatchingUp`].
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.status(), Status::Connected | Status::CatchingUp)
    }

    /// How many pages follow. None before the first count, and for a follower if the owner doesn't
    /// share the count ([`RoomBuilder::share_audience`]).
    #[must_use]
    pub fn audience(&self) -> Option<Audience> {
        self.driver.engine().audience()
    }

    /// Called when the page's status changes. As all callbacks here, it is replaced by a later one.
    pub fn on_status(&self, callback: impl FnMut(Status) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.status, Callback::new(callback));
        self
    }

    /// Called once, when the room ends on this page.
    pub fn on_close(&self, callback: impl FnMut(CloseReason) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.close, Callback::new(callback));
        self
    }

    /// Called when an attempt to connect has failed; another one follows. The error's code is
    /// [`Code::ConnectionFailed`](crate::Code::ConnectionFailed) or the server's refusal.
    pub fn on_retry(&self, callback: impl FnMut(RoomError) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.retry, Callback::new(callback));
        self
    }

    /// Called when something fails and the room goes on. Without this callback, errors are written
    /// to the console. Errors of this page's own actions are given by their answers instead; if the
    /// program has dropped an answer, its error comes here.
    pub fn on_error(&self, callback: impl FnMut(RoomError) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.error, Callback::new(callback));
        self
    }

    /// Called with the name of a slot that the owner cleared. Undo what its state message did.
    pub fn on_clear(&self, callback: impl FnMut(String) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.clear, Callback::new(callback));
        self
    }

    /// Called when the owner's connection goes away or comes back. Followers only.
    pub fn on_owner(&self, callback: impl FnMut(OwnerPresence) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.owner, Callback::new(callback));
        self
    }

    /// Called when what this page missed is gone, because it was too much or too long ago. What
    /// comes next, up to the status [`Status::Connected`], is what the room retains now. On an
    /// owner's page: the server was restarted and has lost what the room had, and this page has
    /// opened it anew. Broadcast its state again.
    pub fn on_resync(&self, mut callback: impl FnMut() + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.resync, Callback::new(move |()| callback()));
        self
    }

    /// Called when the number of followers changes, at most once a second: on the owner's page, and
    /// on the followers' pages if the owner shares the count ([`RoomBuilder::share_audience`]).
    pub fn on_audience(&self, callback: impl FnMut(Audience) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.audience, Callback::new(callback));
        self
    }

    /// Who is there: the people who have a name, from the seat after `after` on, and at most
    /// `limit` of them (100 if the server is not set up otherwise). From the first call on,
    /// [`Room::on_roster`] tells who comes and goes. For the owner; for followers only if the owner
    /// wants that ([`RoomBuilder::share_roster`]), and over plain HTTP never.
    ///
    /// It is asked again after a lost connection, and if the page asks too often.
    ///
    /// # Errors
    /// `Forbidden`, or `Closed` if the room ends first.
    pub fn roster(&self, after: u32, limit: Option<u32>) -> Pending<Result<Roster, RoomError>> {
        self.driver.ask(RosterQuery { after: after.into(), limit: limit.map(u64::from) })
    }

    /// The number that names this page to others in the room: 0 for the owner. None for a follower
    /// without [`RoomBuilder::name`], and once the room is over on this page.
    #[must_use]
    pub fn seat(&self) -> Option<u32> {
        if self.is_owner() { Some(0) } else { self.driver.questions(|questions| questions.seat) }
    }

    /// Called when people came or went, at most once a second, and only if this page has asked for
    /// the [`Room::roster`]; not over plain HTTP. After a lost connection
    /// [`RosterChange::more`] says how many are named.
    pub fn on_roster(&self, callback: impl FnMut(RosterChange) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.roster, Callback::new(callback));
        self
    }

    /// Reports an error after which the room goes on.
    pub(super) fn report(&self, error: RoomError) {
        self.driver.report(error);
    }

    pub(super) fn new(driver: Rc<Driver>) -> Self {
        Self { driver }
    }

    fn send(
        &self,
        key: &str,
        params: &(impl Serialize + ?Sized),
        slot: Option<&str>,
        at: Option<u64>,
    ) -> Pending<Answer> {
        match json_of(params) {
            Ok(params) => self.driver.broadcast(key, &params, slot, at),
            Err(error) => self.driver.failed(error.with_key(key)),
        }
    }
}

/// Two values are equal if they are clones of one room of one page. The same id is not enough.
impl PartialEq for Room {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.driver, &other.driver)
    }
}

/// Leaves the owner key out.
impl fmt::Debug for Room {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uuid, is_owner, status) = (self.uuid(), self.is_owner(), self.status());
        let mut room = formatter.debug_struct("Room");
        room.field("uuid", &uuid).field("is_owner", &is_owner).field("status", &status);
        room.finish_non_exhaustive()
    }
}

/// A function that reads its params first.
pub(super) fn typed<P: DeserializeOwned + 'static>(mut function: impl FnMut(P) + 'static) -> Function {
    Function::new(move |params: Params| {
        function(params.parse()?);
        Ok(())
    })
}
