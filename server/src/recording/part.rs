//! A recording among others of its room, and what is known of it without reading it.

use std::fmt;

use rtbroadcaster_protocol::{KeyDigest, RoomId};

/// Names a recording: of which room it is, and its number among those of the room, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartId {
    pub(crate) room: RoomId,
    pub(crate) part: u64,
}

impl PartId {
    /// Reads the name of a recording's file. None if it is another file.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        Self::of_stem(name.strip_suffix(".ndjson")?)
    }

    /// Reads the name of the file beside a recording. None if it is another file.
    pub(super) fn of_sidecar(name: &str) -> Option<Self> {
        Self::of_stem(name.strip_suffix(".json")?)
    }

    fn of_stem(stem: &str) -> Option<Self> {
        let (room, part) = stem.rsplit_once('-')?;
        let id = Self { room: RoomId::parse(room)?, part: part.parse().ok()? };
        (id.to_string() == stem).then_some(id)
    }

    /// The name of its file.
    pub(super) fn file(self) -> String {
        format!("{self}.ndjson")
    }

    /// The name of the file beside it, which says whose it is.
    pub(super) fn sidecar(self) -> String {
        format!("{self}.json")
    }
}

/// Made of a uuid that was parsed and a number, so that it is safe in a path.
impl fmt::Display for PartId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.room, self.part)
    }
}

/// What is known of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The digest of the owner key of its room.
    pub(crate) key: KeyDigest,
    /// Whether whoever may follow the room may have it.
    pub(crate) is_shared: bool,
    /// When it began, in milliseconds since 1970.
    pub(crate) started_ms: u64,
    /// How long it is until now, in milliseconds.
    pub(crate) lasted_ms: u64,
    /// Bytes of whole lines.
    pub(crate) bytes: u64,
    pub(crate) state: PartState,
}

/// Whether more will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartState {
    /// It is being recorded.
    Running,
    /// It has ended, for this reason.
    Ended(String),
    /// Its process was killed.
    Cut,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_were_made_here_are_read() {
        let id = PartId { room: RoomId::from_random(u128::MAX), part: 12 };
        assert_eq!(PartId::of_file(&id.file()), Some(id));
        for other in [
            "".to_owned(),
            "x-1.ndjson".to_owned(),
            format!("{}-01.ndjson", id.room),
            format!("{}-1.json", id.room),
            format!("{}-1.ndjson", id.room.to_string().to_uppercase()),
            format!("../{}-1.ndjson", id.room),
        ] {
            assert_eq!(PartId::of_file(&other), None, "{other}");
        }
    }
}
