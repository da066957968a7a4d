//! What keeps rooms beyond the life of the process. A room's records go to a [`Journal`], which
//! tells its [`Listener`] when they are kept; only then is anything served or acknowledged.

mod handle;
#[cfg(any(feature = "cluster", feature = "store"))]
mod host;
#[cfg(feature = "cluster")]
mod jetstream;
#[cfg(feature = "store")]
mod sqlite;

use std::fmt::Debug;

use rtbroadcaster_protocol::{Mark, Room, RoomId};

pub(crate) use handle::{JournalHandle, NotKept};
#[cfg(feature = "cluster")]
pub use jetstream::{
    ClusterError, ClusterReport, ClusterSettings, InvalidNatsServer, NatsServer, StreamDifferences,
    check_cluster,
};
#[cfg(feature = "cluster")]
pub(crate) use jetstream::{
    CodedRoom, NatsConnection, NatsEvent, RoomLogs, STREAMS, StoredEntry, StreamState, Subjects,
    UNIQUE_REFRESH, UniqueStream, Unread, Written, cluster_grace, start_cluster, stored,
};
#[cfg(feature = "store")]
pub use sqlite::{
    ExportError, InvalidSyncMode, StoreError, StoreReader, StoreSettings, StoredRoom, SyncMode, forget_room,
};
#[cfg(feature = "store")]
pub(crate) use sqlite::{Store, StoreCounts};

/// What a room has staged between two moments.
#[derive(Debug)]
#[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only a store reads all of them"))]
pub(crate) struct Staged {
    /// The room that has staged it.
    pub(crate) room: RoomId,
    /// Its records, encoded, at least one.
    pub(crate) bytes: Vec<u8>,
    /// How far they go.
    pub(crate) mark: Mark,
    /// The oldest seq that the room's ring still holds. Once a checkpoint is kept, no record of an
    /// older action is needed.
    pub(crate) oldest_seq: u64,
    /// Whether a checkpoint is among the records.
    pub(crate) has_checkpoint: bool,
    /// Whether the last record is that of the room's end.
    pub(crate) is_end: bool,
}

/// Keeps what rooms stage, in the order in which it is pushed.
pub(crate) trait Journal: Debug + Send + Sync {
    /// Notes that a new room is about to be pushed for the first time.
    fn opens(&self, _room: &mut Room) {}

    /// Notes that a room isn't in the table any more: it has ended, or is [forgotten](Journal::may_forget).
    fn closes(&self, _room: RoomId) {}

    /// Whether other servers have the same rooms. A room may be forgotten here then, and goes on
    /// there.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether all that was pushed of a room is kept.
    fn may_forget(&self, _room: RoomId) -> bool {
        false
    }

    /// Takes what a room has staged. The caller holds the room's lock, so the call never waits and
    /// never asks the room for anything. False if the journal takes nothing any more: it has failed
    /// or ended.
    fn push(&self, staged: Staged) -> bool;

    /// Keeps what was pushed before it returns, if that is quick. The caller holds no lock. To be
    /// called soon after each push, which may wait for that.
    fn commit_here(&self);

    /// Keeps all that was pushed, then ends. It waits meanwhile.
    fn shut_down(&self);

    /// What a store has done. None if the journal is none.
    #[cfg(feature = "store")]
    fn counts(&self) -> Option<StoreCounts> {
        None
    }
}

/// Hears what becomes of what was pushed. A journal calls it on a thread that holds no lock of a
/// room: on one of its own, or within [`Journal::commit_here`].
#[cfg(feature = "store")]
pub(crate) trait Listener: Debug + Send + Sync {
    /// All that these rooms have staged up to these marks is kept. A room is named at most once.
    fn kept(&self, kept: &[(RoomId, Mark)]);

    /// These rooms should stage a checkpoint: much was staged since their last one.
    fn checkpoints_due(&self, rooms: &[RoomId]);

    /// The journal keeps nothing any more, and what it has not kept yet is lost.
    fn failed(&self);
}
