//! All messages, as types. [`render`](crate::render) writes them as text and `parse` reads them.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::{AnnouncedLimits, Lane, LaneMessage, MemberRole, Refusal};

/// A message from a client to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// Status 1: open a new room, which the sender owns.
    Create(Create<'a>),
    /// Status 2: enter a room as a follower, or claim its ownership.
    Join(Join<'a>),
    /// Status 3, or 4 with a function key: run a function on every follower.
    Action {
        /// The action's number within its session, from 1. Absent if its sender wants no
        /// acknowledgement.
        id: Option<u64>,
        /// The function call.
        action: Action<Cow<'a, str>>,
    },
    /// `clear`: forget the state message of a slot.
    Clear {
        /// The action's number within its session.
        id: Option<u64>,
        /// The slot to clear.
        slot: Cow<'a, str>,
    },
    /// `record`: have the room recorded, or no longer.
    Record {
        /// The action's number within its session.
        id: Option<u64>,
        /// Which of both.
        wish: RecordingWish,
    },
    /// `lane` with `as`: open a lane, set it anew, or end it.
    Lane {
        /// The action's number within its session.
        id: Option<u64>,
        /// The lane's name; not empty.
        name: Cow<'a, str>,
        /// `as`: what it is from now on. None if it is to end.
        lane: Option<Lane>,
    },
    /// `drive`: from now on somebody else is to write.
    Drive {
        /// The action's number within its session.
        id: Option<u64>,
        /// `drive`: the seat of that member. 0 is the creator's.
        seat: u64,
    },
    /// `lane` with `say`, `react` or `vote`: what a follower says on a lane.
    Speak(LaneMessage<'a>),
    /// `ask`: what is neither an action nor an entry, and gets an answer of its own.
    Ask {
        /// `ask`: the answer repeats this number.
        ask: u64,
        /// What is asked.
        question: Question<'a>,
    },
    /// Status 4: the owner closes the room, a follower leaves it.
    Close,
    /// `ping`: the server answers with `pong` and the same number.
    Ping {
        /// The number.
        number: u64,
        /// `time`: the answer is to say the server's time.
        wants_time: bool,
    },
    /// `pong`: the answer to the server's `ping`.
    Pong(u64),
}

/// Status 1: the request for a new room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Create<'a> {
    /// `v`: present if the sender speaks session fields.
    pub version: Option<u64>,
    /// `session`: the name of the page's session, which numbers the owner's actions.
    pub session: Option<Cow<'a, str>>,
    /// `shareAudience`: the followers may know how many they are.
    pub share_audience: bool,
    /// `code`: the room gets a short code.
    pub code: bool,
    /// `clock`: the reply says the server's time, and the pages of the room estimate its clock.
    pub clock: bool,
    /// `shareRoster`: the followers may ask who is there.
    pub share_roster: bool,
    /// `record`: the room is to be recorded.
    pub record: Option<RecordingWish>,
    /// `token`: says what the sender may do.
    pub token: Option<Cow<'a, str>>,
}

/// Status 2: the request to enter a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Join<'a> {
    /// `uuid`, in the form in which the client wrote it, because the reply echoes it. Or the
    /// room's short code, in place of which the reply has the uuid.
    pub uuid: Cow<'a, str>,
    /// `v`: present if the sender speaks session fields.
    pub version: Option<u64>,
    /// `since`: the last seq that the page was handed; absent on a first join. In a claim, 0 asks
    /// for the snapshot.
    pub since: Option<u64>,
    /// Present if the client has a key of the room.
    pub claim: Option<Claim<'a>>,
    /// `clock`: the reply says the server's time. In a claim, as in a create.
    pub clock: bool,
    /// `record` in a claim, as in a create.
    pub record: Option<RecordingWish>,
    /// `name`: what others are to call a follower. Absent if the page doesn't say.
    pub name: Option<Cow<'a, str>>,
    /// `session` of a follower: its seat is kept for it while it reconnects.
    pub session: Option<Cow<'a, str>>,
    /// `token`: says what the sender may do.
    pub token: Option<Cow<'a, str>>,
}

impl Join<'_> {
    /// Whether it has the owner key, by which whoever opened the room takes it back.
    #[must_use]
    pub fn claims_ownership(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.kind != ClaimKind::Presenter)
    }
}

/// The part of a join that makes it a claim: it has a key of the room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim<'a> {
    /// `ownerKey` or `invite`.
    pub key: Cow<'a, str>,
    /// Whose key it is, and what its bearer wants.
    pub kind: ClaimKind,
    /// `session`. If it is absent, each claim is a session of its own.
    pub session: Option<Cow<'a, str>>,
    /// `ack`: the highest id of that session whose answer the page has received. The server repeats
    /// the answers after it. If it is absent, only the reply's `ack` says what the room has.
    pub acknowledged: Option<u64>,
    /// `epoch`: the epoch that this session held last; absent in its first claim. A session that
    /// was superseded since must not claim the room back, even if it was never told.
    pub epoch: Option<u64>,
    /// `shareAudience`: the followers may know how many they are.
    pub share_audience: bool,
    /// `shareRoster`: the followers may ask who is there.
    pub share_roster: bool,
}

/// What the bearer of a key wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClaimKind {
    /// `ownerKey` alone: the creator takes the right to write, whoever has it.
    #[default]
    Takes,
    /// `ownerKey` with `drive` false: the creator writes if it has the right, and else follows.
    Creator,
    /// `invite`: a presenter writes if it has the right, and else follows.
    Presenter,
}

/// What a client asks, that is neither an action nor an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question<'a> {
    /// `roster`: who is there.
    Roster(RosterQuery),
    /// `invite`: the creator gives somebody a key.
    Invite {
        /// `key`: the key, which the page of the creator has made.
        key: Cow<'a, str>,
        /// `name`: what others are to call its bearer.
        name: Option<Cow<'a, str>>,
        /// `expires`: for how many milliseconds it is good. None if it is for as long as the room
        /// lives.
        expires_ms: Option<u64>,
    },
    /// `request`: a follower asks for the right to write.
    Request {
        /// `key`: the key that it is to have, which its page has made.
        key: Cow<'a, str>,
        /// `name`: what others are to call it.
        name: Option<Cow<'a, str>>,
    },
    /// `refuse`: the request of this seat is refused.
    Refuse(u64),
    /// `revoke`: the key of this seat is good no longer.
    Revoke(u64),
    /// `takeBack`: the creator takes the right to write.
    TakeBack,
}

/// `record`: whether an owner wants its room recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingWish {
    /// `true` or `"shared"`: it is to be recorded from now on.
    Start {
        /// Whoever may join may read the recording, as long as the room lives.
        shared: bool,
    },
    /// `false`: no longer. In a create or a claim it changes nothing.
    Stop,
}

/// Which part of the roster a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterQuery {
    /// `after`: only seats above this one. 0 for the first page.
    pub after: u64,
    /// `limit`: how many people at most. None for as many as a page may have; 0 asks how many there
    /// are.
    pub limit: Option<u64>,
}

/// One broadcast function call. `T` is the type of its text: `Cow<str>` as read from a frame,
/// `&str` as handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action<T> {
    /// The function key; not empty.
    pub key: T,
    /// The params: a JSON array, compact, byte for byte as the owner wrote its values.
    pub params: T,
    /// The slot in which the room retains it. None if it is no state message.
    pub slot: Option<T>,
    /// `at`: the moment at which it is to run, in milliseconds since 1970 by the server's clock.
    /// None if it is to run when it arrives.
    pub at: Option<u64>,
}

impl<T: AsRef<str>> Action<T> {
    /// The same action, borrowed.
    #[must_use]
    pub fn as_str(&self) -> Action<&str> {
        Action {
            key: self.key.as_ref(),
            params: self.params.as_ref(),
            slot: self.slot.as_ref().map(AsRef::as_ref),
            at: self.at,
        }
    }
}

/// A message from the server to a client. `P` is the type of an action's params: text in tests, a
/// JavaScript array in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage<P> {
    /// Status 3 without function key: the reply to create and join.
    Connected(Connected),
    /// Status 0 without `error`: the room is closed.
    Closed,
    /// Status 0 with `error`.
    Refused(Refusal),
    /// Run a function.
    Action {
        /// Its seq; absent from a server without session fields.
        seq: Option<u64>,
        /// The function key.
        key: String,
        /// The params with which the function is called.
        params: P,
        /// The slot in which the room retains it. Absent if it is no state message.
        slot: Option<String>,
        /// `at`: see [`Action::at`].
        at: Option<u64>,
    },
    /// `clear`: the state message of a slot was forgotten.
    Cleared {
        /// Its seq.
        seq: Option<u64>,
        /// The slot. [`ENTRY_SLOT`](crate::ENTRY_SLOT) if the message is an
        /// [`Entry`](crate::Entry), which clears nothing.
        slot: String,
    },
    /// `resync`: the client has missed actions that the room no longer has. A snapshot of
    /// everything that the room retained at this seq follows, up to `synced`.
    Resync(u64),
    /// `synced`: the snapshot is complete and stands for everything up to this seq.
    Synced(u64),
    /// `ack`: the owner's actions up to `id` are in the log, the last of them at `seq`.
    Ack {
        /// The highest number within the owner's session that is acknowledged.
        id: u64,
        /// The seq of that action.
        seq: u64,
    },
    /// `owner`: the room's owner went away or came back.
    Owner(OwnerPresence),
    /// `audience`: how many follow.
    Audience(Audience),
    /// `shutdown`: the server ends. Its clients are to come back spread over this many
    /// milliseconds.
    Shutdown(u64),
    /// `ping`: the client answers with `pong` and the same number.
    Ping(u64),
    /// `pong`.
    Pong {
        /// The number of the `ping`.
        number: u64,
        /// `time`: the server's time, in milliseconds since 1970. Absent if it was not asked for,
        /// or if too many ask.
        time: Option<u64>,
    },
}

impl<P> ServerMessage<P> {
    /// The place of an action or of a clear in its room. None for other messages.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Action { seq, .. } | Self::Cleared { seq, .. } => *seq,
            _ => None,
        }
    }
}

/// How many follow a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Audience {
    /// Followers with a connection.
    pub connected: u64,
    /// How many of them have not been served what the room had a second ago.
    pub lagging: u64,
}

/// The reply to create and join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connected {
    /// The room.
    pub uuid: String,
    /// `v`; absent from a server without session fields.
    pub version: Option<u64>,
    /// `seq`: the seq of the room's newest action.
    pub seq: u64,
    /// `limits`.
    pub limits: AnnouncedLimits,
    /// `limits.paramsDepth`: see [`Limits::params_depth`](crate::Limits::params_depth). A page
    /// doesn't read it, because the server judges it.
    pub params_depth: Option<u64>,
    /// `ownerKey`: only in the reply to create.
    pub owner_key: Option<String>,
    /// `epoch`: which claim of ownership is in force; only for a client that may write now.
    pub epoch: Option<u64>,
    /// `ack`: the highest id that the room has answered to this session; only for a client that has
    /// a key of the room.
    pub ack: u64,
    /// `code`: the room's short code, if it has one.
    pub code: Option<String>,
    /// `clock`: the room's owner wants its pages to estimate the server's clock.
    pub clock: bool,
    /// `time`: the server's time, in milliseconds since 1970, if the client asked for it.
    pub time: Option<u64>,
    /// `seat`: the number that names the client to others in the room, if it has a name or a key.
    pub seat: Option<u64>,
    /// `role`: what a client is that has a key of the room. Pages in Rust don't read it.
    pub role: Option<MemberRole>,
}

/// Whether a room's owner has a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerPresence {
    /// `"back"` on the wire.
    Here,
    /// `"away"` on the wire.
    Away,
}
