//! What a room's log holds beside actions and clears: lanes, whether the room is recorded, and who
//! drives it.

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
    /// `driver`: somebody else may write from now on, and nobody who could before.
    Driver(Driver),
}

/// What an entry is about. A newer entry with the same key replaces the older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKey<'a> {
    /// The lane with this name.
    Lane(&'a str),
    /// The recording.
    Recording,
    /// Who drives.
    Driver,
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

/// Who may write in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// `seat`: the number that names it to others in the room. 0 is the room's creator.
    pub seat: u32,
    /// `name`: what others are to call it, if it has a name.
    pub name: Option<String>,
}

impl Driver {
    /// `role`: what it is in the room.
    #[must_use]
    pub fn role(&self) -> MemberRole {
        MemberRole::of_seat(self.seat)
    }
}

/// What somebody is in a room who has a key of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberRole {
    /// `creator`: it opened the room, or has its owner key.
    Creator,
    /// `presenter`: it was invited, and may be given the right to write.
    Presenter,
}

impl MemberRole {
    /// The role of the member with this seat.
    #[must_use]
    pub fn of_seat(seat: u32) -> Self {
        if seat == 0 { Self::Creator } else { Self::Presenter }
    }

    /// The role, as messages write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Presenter => "presenter",
        }
    }
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
            Self::Driver(_) => EntryKey::Driver,
        }
    }

    /// Whether it ends a lane, of which the room then retains nothing. That a recording has ended
    /// is retained, and that the creator drives again, so that a page that missed it learns of it.
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
            Self::Driver(driver) => driver.name.as_ref().map_or(0, String::len),
        }
    }
}
