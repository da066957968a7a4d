//! What a room's log holds beside actions and clears: lanes, and whether the room is recorded.

use alloc::string::String;
use alloc::vec::Vec;

/// What an entry of the log clears, for pages that know no entries: a slot that nobody can have. So
/// they count its seq, and have nothing to undo. It isn't empty, because the npm package takes an
/// empty text for none.
pub const ENTRY_SLOT: &str = "\0";

/// A change of a room that has a seq and is no action. The room retains the newest one of each
/// [`EntryKey`], as it retains the newest state message of each slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `lane`: a lane was opened, or set anew, or ended.
    Lane {
        /// Its name; not empty.
        name: String,
        /// `as`: what it is from now on. None if it has ended.
        lane: Option<Lane>,
    },
    /// `recording`: the recording of the room began or ended.
    Recording(Recording),
}

/// What an entry is about. A newer entry with the same key replaces the older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKey<'a> {
    /// The lane with this name.
    Lane(&'a str),
    /// The recording.
    Recording,
}

/// What followers may say on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// `kind`, and what belongs to it.
    pub kind: LaneKind,
    /// `per`: how long a follower waits between two messages on this lane, in milliseconds. Votes
    /// don't wait.
    pub per_ms: u64,
}

/// The kinds of lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneKind {
    /// `say`: values that reach the owner one by one.
    Say,
    /// `count`: reactions, of which the owner is told how many there were.
    Count {
        /// `symbols`: the reactions that there are.
        symbols: Vec<String>,
    },
    /// `vote`: each voter chooses one option, and may choose again.
    Vote {
        /// `options`: how many there are. They are numbered from 0.
        options: u64,
    },
}

/// Whether a room is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// `on`: it is.
    On {
        /// `shared`: whoever may join may read the recording.
        shared: bool,
    },
    /// It is not any more.
    Off {
        /// `why`: one word.
        why: String,
    },
}

impl Lane {
    /// The reactions that can be counted on it.
    #[must_use]
    pub fn symbols(&self) -> &[String] {
        match &self.kind {
            LaneKind::Count { symbols } => symbols,
            LaneKind::Say | LaneKind::Vote { .. } => &[],
        }
    }
}

impl Entry {
    /// What it is about.
    #[must_use]
    pub fn key(&self) -> EntryKey<'_> {
        match self {
            Self::Lane { name, .. } => EntryKey::Lane(name),
            Self::Recording(_) => EntryKey::Recording,
        }
    }

    /// Whether it ends a lane, of which the room then retains nothing. That a recording has ended
    /// is retained, so that a page that missed it learns of it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Lane { lane: None, .. })
    }

    /// Bytes of its texts, towards the limit of its room's state.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Lane { name, lane } => {
                let symbols = lane.as_ref().map_or(&[][..], Lane::symbols);
                name.len() + symbols.iter().map(String::len).sum::<usize>()
            }
            Self::Recording(_) => 0,
        }
    }
}
