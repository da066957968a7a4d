//! A room: a log of actions, the state that it retains, and who owns it. Connections reach it
//! through [`Peer`](crate::Peer), posts through [`Post`]; the server looks after it with
//! [`Room::tick`].

mod appending;
mod audience;
mod codes;
mod durability;
mod followers;
mod following;
mod handover;
mod id;
mod lanes;
mod log;
mod members;
mod memory;
mod memory_use;
mod moments;
mod ownership;
mod post;
mod record;
mod recorder;
mod reopening;
mod replica;
mod replicating;
mod report;
mod restore;
mod roster;
mod serving;
mod staging;
mod table;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::mutation::mutated;
use crate::{Limits, OwnerPresence, RefusalCode, Timestamp};

use audience::AudienceCount;
use followers::{Followers, NewsNumber};
use log::Log;
use log::slots::Slots;
use members::Members;
use memory::Account;
use ownership::Ownership;
use ownership::pace::Pace;
use recorder::RecorderState;
use roster::Roster;
use staging::{Left, Observation, Staging};

pub use appending::Accepted;
pub use codes::{RoomCode, RoomCodes};
pub(crate) use followers::News;
pub use followers::{Lag, LagReport, Standing};
pub use handover::MadeKey;
pub(crate) use handover::{MemberAsker, MemberEntry, SeatState, may_write_already, rendered};
pub use id::RoomId;
pub(crate) use lanes::LanesTold;
pub use lanes::{LaneOutcome, LaneReport, Lanes, SharedLanes, Speaker, VoterDigest};
pub(crate) use log::MAX_FRAME_BYTES;
pub use log::{Contents, Cursor, Frame};
pub use members::{HandOverCounts, InvitedMember, MembersState};
pub use memory::Memory;
pub use ownership::{Answer, Claimed, EntryError, KeyDigest, OwnerState, RecordedAnswer};
pub use post::{Post, Posted};
pub use record::{Checkpoint, Record, RecordError, RecordedVotes, Records, Vote};
pub use recorder::{RecorderHost, RecorderStart};
pub use replica::{LoadError, LoadedRoom, LogEntry, Proposal, Received, Replica, ReplicaLoader};
pub use report::RoomReport;
pub use restore::{Restart, RestoreError, RoomRestorer};
pub(crate) use roster::{Asker, GivenName, Told};
pub use roster::{RosterSaid, RosterSaying, RosterServer, SeatedPerson};
pub use staging::{Mark, Observer, RoomNotice};
pub use table::Rooms;

/// A room. The server keeps each behind a lock.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    uuid: String,
    code: Option<RoomCode>,
    limits: Limits,
    /// The log for clients that speak session fields. It is always kept.
    compact: Log,
    /// The log for all other clients. It starts at the head when the first of them joins, and ends
    /// with the last.
    original: Option<Log>,
    slots: Slots,
    owner: Ownership,
    pace: Pace,
    account: Account,
    followers: Followers,
    audience: AudienceCount,
    /// Whether followers are told how many follow.
    shares_audience: bool,
    roster: Roster,
    members: Members,
    has_clock: bool,
    clock_start_ms: u64,
    /// Followers are still served what they have not been served yet. Nothing else is possible.
    is_closed: bool,
    /// The head when [`Room::lag_if_due`] last looked at the followers.
    lag_checked_at: u64,
    /// See [`Room::version`].
    version: u64,
    /// See [`Room::owner_version`].
    owner_version: u64,
    /// The earliest moment at which the caller was asked to call [`Room::tick`].
    alarm: Option<Timestamp>,
    /// A message is rendered here before it is appended. Kept for its memory, up to
    /// `MAX_RENDER_BUFFER_BYTES` (`appending.rs`).
    render_buffer: String,
    /// See [`Room::durable`].
    durable: u64,
    /// The records that a journal has not kept yet. None without a journal.
    staging: Option<Box<Staging>>,
    observation: Observation,
    /// How often [`Room::replace`] was called.
    rebuilds: u32,
    /// See [`Room::retire`].
    is_retired: bool,
    /// Claims whose connections to this server are gone, while their records may not be kept.
    left: Vec<Left>,
    /// The claim in force when the room was closed. None if it was closed for want of an owner.
    closed_in: Option<u64>,
    /// See [`Room::has_seen_too_late`].
    seen_too_late: Option<u64>,
    news_number: NewsNumber,
    lanes: SharedLanes,
    /// Whether a lane was ever opened. If not, nobody looks at the lanes.
    has_lanes: bool,
    /// Estimate of the memory that voters take.
    lane_bytes: usize,
    /// Batches of votes that are staged and may not be kept.
    vote_batches: VecDeque<(u64, Mark)>,
    /// When it is to look at its lanes once more, as far as it knows.
    lanes_due: Option<Timestamp>,
    recorder: RecorderState,
}

impl Room {
    /// A new room in epoch 1, whose owner has a connection. `session` is the owner's.
    #[must_use]
    pub fn new(id: RoomId, key: KeyDigest, session: Option<&str>, limits: Limits) -> Self {
        Self {
            id,
            uuid: id.to_string(),
            code: None,
            compact: Log::new(0, &limits),
            original: None,
            slots: Slots::default(),
            owner: Ownership::new(key, session, limits.ring_actions),
            pace: Pace::new(&limits),
            account: Account::new(Arc::new(Memory::unlimited())),
            followers: Followers::default(),
            audience: AudienceCount::default(),
            shares_audience: false,
            roster: Roster::default(),
            members: Members::default(),
            has_clock: false,
            clock_start_ms: 0,
            is_closed: false,
            lag_checked_at: 0,
            version: 0,
            owner_version: 0,
            alarm: None,
            render_buffer: String::new(),
            durable: u64::MAX,
            staging: None,
            observation: Observation::default(),
            rebuilds: 0,
            is_retired: false,
            left: Vec::new(),
            closed_in: None,
            seen_too_late: None,
            news_number: NewsNumber::default(),
            lanes: SharedLanes::new(&limits),
            has_lanes: false,
            lane_bytes: 0,
            vote_batches: VecDeque::new(),
            lanes_due: None,
            recorder: RecorderState::default(),
            limits,
        }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The room's id, as messages write it.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The same new room with a code. To be called before anything else is done with it.
    #[must_use]
    pub fn with_code(mut self, code: RoomCode) -> Self {
        self.code = Some(code);
        self
    }

    /// The short code that stands for its uuid. None if its owner wanted none.
    #[must_use]
    pub fn code(&self) -> Option<RoomCode> {
        self.code
    }

    /// The bounds that the room keeps.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The seq of the newest action; 0 before the first.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.compact.head()
    }

    /// The seq of the oldest action that its ring holds. If the ring is empty, that of the next
    /// one.
    #[must_use]
    pub fn oldest_seq(&self) -> u64 {
        self.compact.oldest_cursor() + 1
    }

    /// The number of the claim of ownership that is in force.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.owner.epoch()
    }

    /// A number that grows whenever there may be something new to send to followers.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A number that grows whenever there may be something new to send to the owner's connection.
    #[must_use]
    pub fn owner_version(&self) -> u64 {
        self.owner_version
    }

    /// Whether the owner has a connection.
    #[must_use]
    pub fn owner_presence(&self) -> OwnerPresence {
        self.owner.presence()
    }

    /// Closes the room. Followers are served everything that was appended before, so that no
    /// acknowledged action is lost, and then the end. Nobody can enter any more.
    pub fn close(&mut self) {
        self.stage(&Record::Closed);
        if !std::mem::replace(&mut self.is_closed, true) {
            self.closed_in = Some(self.epoch()).filter(|_| self.owner.presence() == OwnerPresence::Here);
        }
        self.version += 1;
        self.owner_version += 1;
    }

    /// Whether the room is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// When [`Room::tick`] is to be called. To be asked after every change of the room. None if
    /// nothing is due, or if an earlier answer still holds.
    pub fn take_alarm(&mut self) -> Option<Timestamp> {
        let grace_ends = self.owner.grace_ends(self.limits.owner_grace_ms);
        let members = self.members.due(self.clock_start_ms).filter(|_| !self.is_closed);
        let claim = self.owner.claim_expected_until();
        let due = [self.audience.due(), self.roster.due(), self.lanes_due, grace_ends, members, claim];
        let due = due.into_iter().flatten().min()?;
        if self.alarm.is_some_and(|alarm| alarm <= due) {
            return None;
        }
        self.alarm = Some(due);
        Some(due)
    }

    /// Does what is due. Returns false if the owner has been away for the whole grace: the room is
    /// closed then, and the caller removes it from the table.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if self.alarm.is_some_and(|alarm| alarm <= now) {
            self.alarm = None;
        }
        if self.audience.count(now, &self.followers, self.compact.head()) {
            self.owner_version += 1;
            if self.shares_audience {
                self.version += 1;
            }
        }
        self.tick_roster(now);
        self.tick_lanes(now);
        self.tick_members(now);
        if self.owner.claim_expected_until().is_some_and(|until| until <= now) {
            self.owner_is_gone(self.epoch(), now);
        }
        let grace_ends = self.owner.grace_ends(self.limits.owner_grace_ms);
        let goes_on = grace_ends.is_none_or(|ends| now < ends || mutated!(IgnoreGrace));
        if !goes_on && self.members.are_here() {
            // One of them may be given the right to write, or take it back.
            self.owner.restart_grace(now);
            self.stage_away();
            return true;
        }
        if !goes_on {
            // Close at once, so that no claim comes in between.
            self.close();
        }
        goes_on
    }

    /// Whether neither owner nor followers are in the room. Where there are too many rooms, such a
    /// room is missed least.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.owner.presence() == OwnerPresence::Away && self.followers.len() == 0
    }

    /// Notes that the connection that held `epoch` is gone. If `epoch` is in force, the owner is
    /// away from now on.
    pub fn owner_left(&mut self, epoch: u64, now: Timestamp) {
        self.note_left(epoch, now);
        self.owner_is_gone(epoch, now);
    }

    /// The same, for a connection that need not have been to this server.
    fn owner_is_gone(&mut self, epoch: u64, now: Timestamp) {
        if self.owner.leave(epoch, now) {
            self.stage_away();
            self.version += 1;
            if !self.is_closed {
                self.notice(RoomNotice::OwnerAway);
            }
        }
    }

    fn check_open(&self) -> Result<(), RefusalCode> {
        match () {
            () if self.has_ended() => Err(RefusalCode::UnknownRoom),
            // Its journal may never keep that.
            () if self.is_closed => Err(RefusalCode::Unavailable),
            () if self.is_retired => Err(RefusalCode::Unavailable),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
