//! The numbers of what js/room.js can call the core for; the same names stand there. Up to `MESSAGE` they tell the moment.

pub(crate) const CREATE: u32 = 0;
pub(crate) const JOIN: u32 = 1;
pub(crate) const CLAIM: u32 = 2;
pub(crate) const SHARE_AUDIENCE: u32 = 3;
/// The text is the token, if there is one.
pub(crate) const OPENED: u32 = 4;
pub(crate) const DISCONNECTED: u32 = 5;
pub(crate) const TIMEOUT: u32 = 6;
pub(crate) const WAKE: u32 = 7;
pub(crate) const BUFFERED: u32 = 8;
pub(crate) const CLOSE: u32 = 9;
pub(crate) const MESSAGE: u32 = 10;
pub(crate) const UNREADABLE: u32 = 11;
pub(crate) const OPEN_DELIVERY: u32 = 12;
pub(crate) const AWAIT_QUEUE_SPACE: u32 = 13;
/// The number says whether it wrote this one to the socket by itself.
pub(crate) const BROADCAST: u32 = 14;
pub(crate) const CLEAR: u32 = 15;
pub(crate) const REGISTER: u32 = 16;
pub(crate) const UNREGISTER: u32 = 17;
pub(crate) const UUID: u32 = 18;
pub(crate) const OWNER_KEY: u32 = 19;
pub(crate) const IS_OWNER: u32 = 20;
pub(crate) const STATUS: u32 = 21;
pub(crate) const AUDIENCE_CONNECTED: u32 = 22;
pub(crate) const AUDIENCE_LAGGING: u32 = 23;
pub(crate) const NEXT_STEP: u32 = 24;
pub(crate) const FIRST_NUMBER: u32 = 25;
/// The seq of the action that js/room.js may hand over by itself; 0 while it must say `MESSAGE` for each.
pub(crate) const FAST_PATH_SEQ: u32 = 26;
/// It has handed over all actions up to this seq; the moment is when the last of them came.
pub(crate) const FAST_PATH_DELIVERED: u32 = 27;
/// Where a slot's state is noted; below 0 if it must say `MESSAGE` for its next action. It holds until it does say `MESSAGE`.
pub(crate) const SLOT_INDEX: u32 = 28;
/// What it hands over is the state of the slot at this place. The first number is no moment but the action's seq.
pub(crate) const SLOT_WRITTEN: u32 = 29;
/// See `Delivery::detach`, and so on.
pub(crate) const DETACH: u32 = 30;
pub(crate) const IS_DETACHED: u32 = 31;
pub(crate) const BEHIND: u32 = 32;
/// The number says whether every action is wanted.
pub(crate) const FOLLOW: u32 = 33;
pub(crate) const SECOND_NUMBER: u32 = 34;
/// A new core, see `engines.rs`.
pub(crate) const NEW_ENGINE: u32 = 35;
/// That core is needed no more.
pub(crate) const FREE_ENGINE: u32 = 36;
/// Memory for a text of so many bytes at most, which js/room.js writes there.
pub(crate) const ALLOCATE_TEXT: u32 = 37;
/// It has written a text of so many bytes, which belongs to the next call.
pub(crate) const TEXT_WRITTEN: u32 = 38;
/// Where a text lies that belongs to the step or the answer, until the next one is asked for.
pub(crate) const READ_TEXT: u32 = 39;
/// Its bytes.
pub(crate) const READ_TEXT_LENGTH: u32 = 40;
/// The id of the action that js/room.js may write to the socket by itself; 0 while it must say `BROADCAST` for each.
pub(crate) const FAST_PATH_ID: u32 = 41;
/// All that it wrote up to this id is answered; the moment is when it heard so.
pub(crate) const FAST_PATH_ANSWERED: u32 = 42;
