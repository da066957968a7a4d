//! The opcodes: what js/room.js can call an engine for. The same names stand there.
//!
//! A call takes a time and a number and returns a number. It also takes the texts that were written
//! before it ([`TEXT_WRITTEN`]), here in the order in which they are read: the last one written is
//! read first. The time is given up to `MESSAGE` and for the fast path. Unless something else is
//! said, a call returns 0.

/// Begins a session that opens a room. The number is the connect timeout in milliseconds; the text
/// is the name of the session.
pub(crate) const CREATE: u32 = 0;
/// The same to follow a room. The texts are the session and the room.
pub(crate) const JOIN: u32 = 1;
/// The same to take a room back. The texts are the session, the room and the owner key.
pub(crate) const CLAIM: u32 = 2;
/// The session that begins next shares the audience with its followers.
pub(crate) const SHARE_AUDIENCE: u32 = 3;
/// The websocket is open. The text is the token, if there is one.
pub(crate) const OPENED: u32 = 4;
/// The websocket is closed. The number is the close code.
pub(crate) const DISCONNECTED: u32 = 5;
/// The timer has fired.
pub(crate) const TIMEOUT: u32 = 6;
/// The page woke up, or its network changed.
pub(crate) const WAKE: u32 = 7;
/// The number is how many bytes wait for the network.
pub(crate) const BUFFERED: u32 = 8;
/// The page closes or leaves the room.
pub(crate) const CLOSE: u32 = 9;
/// A message came. The number is its length in characters; the texts are its text fields.
pub(crate) const MESSAGE: u32 = 10;
/// A message came that is not JSON.
pub(crate) const UNREADABLE: u32 = 11;
/// See `Engine::open_delivery`.
pub(crate) const OPEN_DELIVERY: u32 = 12;
/// See `Engine::await_queue_space`.
pub(crate) const AWAIT_QUEUE_SPACE: u32 = 13;
/// Broadcasts an action, and returns its ticket or an error below 0. The texts are the function
/// key, the params and the slot, if there is one. The number is 1 if js/room.js wrote the action to
/// the socket by itself.
pub(crate) const BROADCAST: u32 = 14;
/// Clears the slot that the text names; answered as `BROADCAST`.
pub(crate) const CLEAR: u32 = 15;
/// A function is registered under the key that the text names.
pub(crate) const REGISTER: u32 = 16;
/// No function is registered any more under the key that the text names.
pub(crate) const UNREGISTER: u32 = 17;
/// Returns 1 with the text, or 0 without one.
pub(crate) const UUID: u32 = 18;
/// The same.
pub(crate) const OWNER_KEY: u32 = 19;
/// Returns 1 or 0.
pub(crate) const IS_OWNER: u32 = 20;
/// Returns the number of the status.
pub(crate) const STATUS: u32 = 21;
/// Returns a number of followers, or a number below 0 if it is unknown.
pub(crate) const AUDIENCE_CONNECTED: u32 = 22;
/// The same.
pub(crate) const AUDIENCE_LAGGING: u32 = 23;
/// Returns the number of the next step, or 0. The number is 1 if the step may run the page's code.
pub(crate) const NEXT_STEP: u32 = 24;
/// Returns the first number of the step or answer.
pub(crate) const FIRST_NUMBER: u32 = 25;
/// Returns the seq of the action that js/room.js may deliver by itself, or 0 while each action must
/// come as `MESSAGE`.
pub(crate) const FAST_PATH_SEQ: u32 = 26;
/// js/room.js has delivered all actions up to this seq; the last of them came at this time.
pub(crate) const FAST_PATH_DELIVERED: u32 = 27;
/// Returns the index at which a slot's state is noted, or a number below 0 if the slot's next
/// action must come as `MESSAGE`. The index is valid until the next `MESSAGE`.
pub(crate) const SLOT_INDEX: u32 = 28;
/// The action that js/room.js delivers by itself is the state of the slot with this index. `now` is
/// not a time here but the action's seq.
pub(crate) const SLOT_WRITTEN: u32 = 29;
/// See `Delivery::detach`.
pub(crate) const DETACH: u32 = 30;
/// See `Delivery::is_detached`. Returns 1 or 0.
pub(crate) const IS_DETACHED: u32 = 31;
/// See `Delivery::behind`.
pub(crate) const BEHIND: u32 = 32;
/// See `Delivery::follow`. The number is 0 for the state and 1 for every action.
pub(crate) const FOLLOW: u32 = 33;
/// Returns the second number of the step or answer.
pub(crate) const SECOND_NUMBER: u32 = 34;
/// Returns the number of a new engine; see `engines.rs`.
pub(crate) const NEW_ENGINE: u32 = 35;
/// Frees an engine.
pub(crate) const FREE_ENGINE: u32 = 36;
/// Returns the address of memory in which js/room.js may write a text of at most this many bytes.
pub(crate) const ALLOCATE_TEXT: u32 = 37;
/// js/room.js has written a text of this many bytes there: an argument of the next call.
pub(crate) const TEXT_WRITTEN: u32 = 38;
/// Returns the address of the next text of the step or answer. It is valid until the next text is
/// read.
pub(crate) const READ_TEXT: u32 = 39;
/// Returns the length of that text in bytes.
pub(crate) const READ_TEXT_LENGTH: u32 = 40;
/// Returns the id of the action that js/room.js may write to the socket by itself, or 0 while each
/// action must be broadcast with `BROADCAST`.
pub(crate) const FAST_PATH_ID: u32 = 41;
/// The room has answered all actions up to this id that js/room.js wrote; the answer came at this
/// time.
pub(crate) const FAST_PATH_ANSWERED: u32 = 42;
