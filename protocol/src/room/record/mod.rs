//! What changes a room for longer than a moment, as a journal keeps it. A room stages a [`Record`]
//! for each such change; [`Room::restore`](crate::Room::restore) makes the room again out of them.

mod bytes;
mod codec;
mod entries;
mod entry_reader;
mod members;
mod reader;

use std::borrow::Cow;

use crate::{Action, Entry, InvitedMember, KeyDigest, MembersState, OwnerState, Refusal, RoomCode};

pub use reader::{RecordError, Records};

/// One change of a room. Its bytes have a version, so that a later server can read them too.
///
/// `by` is the session that acted if that isn't the owner's: a program that posts with the owner
/// key. `id` is the action's number within the acting session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// The room was opened, in epoch 1.
    Opened {
        /// The digest of the owner key.
        key: KeyDigest,
        /// The owner's session.
        session: Option<&'a str>,
        /// The room's short code.
        code: Option<RoomCode>,
    },
    /// An action was appended, and retained if it names a slot.
    Acted {
        /// See [`Record`].
        by: Option<&'a str>,
        /// See [`Record`].
        id: Option<u64>,
        /// Its place in the log.
        seq: u64,
        /// What was appended.
        action: Action<&'a str>,
    },
    /// A slot was cleared.
    Cleared {
        /// See [`Record`].
        by: Option<&'a str>,
        /// See [`Record`].
        id: Option<u64>,
        /// Its place in the log.
        seq: u64,
        /// The slot.
        slot: &'a str,
    },
    /// An entry was appended.
    Entered {
        /// See [`Record`].
        by: Option<&'a str>,
        /// See [`Record`].
        id: Option<u64>,
        /// Its place in the log.
        seq: u64,
        /// What was appended.
        entry: Cow<'a, Entry>,
    },
    /// A key became good.
    Invited(InvitedMember<'a>),
    /// The key of this seat is good no longer.
    Revoked(u32),
    /// Votes came on a lane.
    Voted(RecordedVotes<'a>),
    /// An action was refused, and is never to be taken later.
    Refused {
        /// See [`Record`].
        by: Option<&'a str>,
        /// What it was answered. Its `id` is that of the action.
        refusal: Refusal,
    },
    /// A claim of ownership was granted.
    Claimed {
        /// The session that claimed.
        session: Option<&'a str>,
        /// The number of the claim.
        epoch: u64,
    },
    /// The owner has no connection since this moment. While it is away, each post moves the moment.
    Away {
        /// The claim that was in force.
        epoch: u64,
        /// Milliseconds since 1970.
        since_ms: u64,
    },
    /// Whether followers are told how many follow.
    SharesAudience(bool),
    /// Whether the room's pages are to estimate the server's clock.
    HasClock(bool),
    /// Whether followers may ask who is there. It is repeated behind each checkpoint, which doesn't
    /// say it.
    SharesRoster(bool),
    /// The room was closed. Nothing comes after it.
    Closed,
    /// All that the records before this one have made of the room, apart from its ring. Once a
    /// checkpoint is kept for good, older records are needed only for actions in the ring.
    Checkpoint(Checkpoint<'a>),
    /// The log goes on behind this seq, with an empty ring, and this epoch is in force: newer ones
    /// may have been handed out before the store lost them.
    Skipped {
        /// The seq of the newest action from now on.
        seq: u64,
        /// The number of the claim from now on.
        epoch: u64,
    },
}

impl Record<'_> {
    /// Whether it says all that the room is apart from its ring, so that older records are needed
    /// only for that.
    pub(super) fn is_whole_state(&self) -> bool {
        matches!(self, Self::Opened { .. } | Self::Checkpoint(_))
    }
}

/// A room at one moment, apart from its ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    /// The seq of the newest action.
    pub head: u64,
    /// What it knows of its owner.
    pub owner: OwnerState<'a>,
    /// Whether followers are told how many follow.
    pub shares_audience: bool,
    /// Whether the room's pages are to estimate the server's clock.
    pub has_clock: bool,
    /// The room's short code.
    pub code: Option<RoomCode>,
    /// The retained state messages with their seqs, in the order of these.
    pub slots: Vec<(u64, Action<&'a str>)>,
    /// The retained entries with their seqs, in the order of these.
    pub entries: Vec<(u64, Cow<'a, Entry>)>,
    /// The votes of each lane that has some.
    pub votes: Vec<RecordedVotes<'a>>,
    /// Who has a key of the room, and who may write.
    pub members: MembersState<'a>,
}

/// The name of a lane, and the newest vote there of each voter, or of each that voted.
pub type RecordedVotes<'a> = (Cow<'a, str>, Vec<Vote>);

/// What a voter has chosen on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// The first bytes of a digest of the voter's name and the room's.
    pub voter: [u8; 8],
    /// Counts the voter's votes: a higher one is newer.
    pub number: u64,
    /// The option.
    pub option: u64,
}

#[cfg(test)]
mod tests;
