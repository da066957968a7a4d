//! A room, as a program sees it.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;

use rtbroadcaster_protocol::Goal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::{Creating, Joining, RoomBuilder};
use super::callback::{Callback, Function};
use super::driver::{Answer, Driver};
use super::error::{CloseReason, RoomError};
use super::params::{Params, json_of};
use super::pending::Pending;
use super::{Audience, OwnerPresence, Status};
use crate::catch_up::CatchUp;

/// A page's side of one room, across reconnects.
///
/// Clones are the same room. Dropping them changes nothing: the room ends with [`Room::close`], or when the server says so.
/// Where it belongs to a component, that is what to call when the component goes. It stays on the thread that entered it: it
/// is neither `Send` nor `Sync`.
///
/// Functions and callbacks are called one at a time, in the order of what happened, never from inside a method of the
/// room, and never before the task after the one in which [`Room::create`] or [`Room::join`] is through: what is
/// registered right after `await` misses nothing. They may call every method of the room. One that panics is reported and
/// called again the next time; the panic hook is told why.
#[derive(Clone)]
pub struct Room {
    driver: Rc<Driver>,
}

impl Room {
    /// Opens a room that this page owns, or takes one back: [`RoomBuilder::claim`].
    ///
    /// `url` is the server's websocket address: `ws:`, `wss:`, `http:`, `https:`, or relative to the page.
    ///
    /// # Errors
    /// When awaited: [`Code`](crate::Code) `InvalidArgument`, `ConnectionFailed`, or a refusal of the server's as
    /// `TooManyRooms`, `UnknownRoom` and `WrongOwnerKey`.
    pub fn create(url: impl Into<String>) -> RoomBuilder<Creating> {
        RoomBuilder::new(url.into(), Goal::Create)
    }

    /// Enters a room as a follower. What the room retained is delivered first, then everything that the owner does.
    ///
    /// `url` is as for [`Room::create`], `uuid` is the room's [`Room::uuid`].
    ///
    /// # Errors
    /// When awaited: [`Code`](crate::Code) `InvalidArgument`, `ConnectionFailed`, or a refusal of the server's as
    /// `UnknownRoom` and `RoomFull`.
    pub fn join(url: impl Into<String>, uuid: impl Into<String>) -> RoomBuilder<Joining> {
        RoomBuilder::new(url.into(), Goal::Join { uuid: uuid.into() })
    }

    /// Runs the function registered under `key` on every follower. Owner only.
    ///
    /// `params` is a tuple, an array or a list, or `&()` for none. It is sent when the present task's code is through, or
    /// as soon as the connection is back; in order; whether the answer is awaited or not. The answer is the action's place
    /// in the room's log, 1, 2, 3 …
    ///
    /// # Errors
    /// [`Code`](crate::Code) `NotOwner`, `Closed`, `InvalidArgument`, `MessageTooLarge`, `QueueFull`: it was not sent, what
    /// was broadcast before is not affected. A code of the server's: it was refused. `Closed` also when the room ends
    /// before the answer comes. [`RoomError::key`] is the function key.
    pub fn broadcast(&self, key: &str, params: &(impl Serialize + ?Sized)) -> Pending<Answer> {
        self.send(key, params, None)
    }

    /// As [`Room::broadcast`], and the room retains it in place of the last one of this function key: whoever joins later
    /// gets it too. The answer is none if it was never sent, because a newer one came before it could be.
    ///
    /// # Errors
    /// As [`Room::broadcast`], and `TooManySlots` or `StateTooLarge`.
    pub fn broadcast_state(&self, key: &str, params: &(impl Serialize + ?Sized)) -> Pending<Answer> {
        self.send(key, params, Some(key))
    }

    /// As [`Room::broadcast_state`], retained in a slot of this name in place of whatever was there.
    ///
    /// # Errors
    /// As [`Room::broadcast_state`]. [`RoomError::key`] is the slot.
    pub fn broadcast_to_slot(
        &self,
        slot: &str,
        key: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Pending<Answer> {
        self.send(key, params, Some(slot))
    }

    /// Removes what is retained in a slot; the followers' [`Room::on_clear`] is called. Owner only. A slot that no name was
    /// given to has that of its function key.
    ///
    /// # Errors
    /// As [`Room::broadcast`]. [`RoomError::key`] is the slot.
    pub fn clear(&self, slot: &str) -> Pending<Answer> {
        self.driver.clear(slot)
    }

    /// Waits until the queue has room for an action of any size: what to await after `QueueFull`, or before each of many
    /// large actions.
    ///
    /// # Errors
    /// `Closed` when the room ends first.
    pub fn ready(&self) -> Pending<Result<(), RoomError>> {
        self.driver.ready()
    }

    /// Registers the function that the owner runs by this key, in place of the one of the same key. State messages that
    /// came before their function have waited for it, and are delivered right after.
    pub fn on(&self, key: impl Into<String>, mut function: impl FnMut(Params) + 'static) -> &Self {
        let function = Function::new(move |params| {
            function(params);
            Ok(())
        });
        self.driver.register(key.into(), function);
        self
    }

    /// As [`Room::on`], with the params as a tuple, or as whatever else can be read from a list. Params that don't fit are
    /// reported to [`Room::on_error`] as [`Code::InvalidParams`](crate::Code::InvalidParams), and the function isn't called.
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

    /// Keeps receiving, and hands over nothing: from now on no function is called, nor what [`Room::on_clear`] and
    /// [`Room::on_resync`] have registered, until [`Room::follow`]. All other callbacks go on, and so does the page's standing
    /// in the room, across reconnects. A function may call it: nothing comes after that function then. In a room that is
    /// over it does nothing.
    ///
    /// Up to 4,096 actions and clears are kept, and 4,194,304 characters of the messages that brought them: what a server
    /// keeps by default for who was away. Beyond that only the newest of each slot stays, and the same after a resync.
    ///
    /// # Errors
    /// [`Code::NotFollower`](crate::Code::NotFollower) for an owner, which follows nobody.
    pub fn detach(&self) -> Result<(), RoomError> {
        if self.is_owner() {
            return Err(RoomError::not_follower());
        }
        self.driver.detach();
        Ok(())
    }

    /// Hands over again: first what came since [`Room::detach`], as soon as the present task's code is through, then
    /// whatever is newer. Does nothing without `detach`.
    pub fn follow(&self, catch_up: CatchUp) {
        self.driver.follow(catch_up);
    }

    /// Whether the page has detached, and does not follow again yet.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.driver.engine().is_detached()
    }

    /// How many actions and clears came since [`Room::detach`] and were not handed over, those included that are not kept;
    /// while catching up, how many are left.
    #[must_use]
    pub fn behind(&self) -> usize {
        self.driver.engine().behind()
    }

    /// The owner closes the room for everyone; a follower leaves it. It is over when the server has confirmed, or at once
    /// if there is no connection: then the room ends for the others when its time without an owner is over.
    pub fn close(&self) -> Pending<()> {
        self.driver.close()
    }

    /// The room's id: what others need to join.
    #[must_use]
    pub fn uuid(&self) -> String {
        self.driver.engine().uuid().unwrap_or_default().to_owned()
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

    /// Whether the room was taken back by [`RoomBuilder::claim`] rather than opened.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.driver.is_resumed()
    }

    /// Where the page stands, as [`Room::on_status`] was told last.
    #[must_use]
    pub fn status(&self) -> Status {
        self.driver.engine().status()
    }

    /// Whether messages flow: the status is [`Status::Connected`] or [`Status::CatchingUp`].
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.status(), Status::Connected | Status::CatchingUp)
    }

    /// How many follow; none before the first count, and for a follower that isn't told
    /// ([`RoomBuilder::share_audience`]).
    #[must_use]
    pub fn audience(&self) -> Option<Audience> {
        self.driver.engine().audience()
    }

    /// Called when the page's standing changes. As with all callbacks here, a later one takes its place.
    pub fn on_status(&self, callback: impl FnMut(Status) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.status, Callback::new(callback));
        self
    }

    /// Called once, when the room ends on this page.
    pub fn on_close(&self, callback: impl FnMut(CloseReason) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.close, Callback::new(callback));
        self
    }

    /// Called when something fails and the room goes on; without it that is written to the console. What fails of this
    /// page's own actions, their answers say instead.
    pub fn on_error(&self, callback: impl FnMut(RoomError) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.error, Callback::new(callback));
        self
    }

    /// Called with a slot that the owner has cleared: undo what its state message did.
    pub fn on_clear(&self, callback: impl FnMut(String) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.clear, Callback::new(callback));
        self
    }

    /// Called when the owner's connection goes away or comes back. Followers only.
    pub fn on_owner(&self, callback: impl FnMut(OwnerPresence) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.owner, Callback::new(callback));
        self
    }

    /// Called when what was missed is gone, because it was too much or too long ago: what comes next, up to the status
    /// [`Status::Connected`], is what the room retains now. Followers only.
    pub fn on_resync(&self, mut callback: impl FnMut() + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.resync, Callback::new(move |()| callback()));
        self
    }

    /// Called when the number of followers changes; at most once a second. The owner is told, and the followers if it
    /// wants them to be ([`RoomBuilder::share_audience`]).
    pub fn on_audience(&self, callback: impl FnMut(Audience) + 'static) -> &Self {
        self.driver.set_callback(|callbacks| &mut callbacks.audience, Callback::new(callback));
        self
    }

    pub(super) fn new(driver: Rc<Driver>) -> Self {
        Self { driver }
    }

    fn send(&self, key: &str, params: &(impl Serialize + ?Sized), slot: Option<&str>) -> Pending<Answer> {
        match json_of(params) {
            Ok(params) => self.driver.broadcast(key, &params, slot),
            Err(error) => Pending::known(Err(error.with_key(key))),
        }
    }
}

/// Whether it is the same room of the same page, not only a room of the same id.
impl PartialEq for Room {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.driver, &other.driver)
    }
}

/// Without the owner key.
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
