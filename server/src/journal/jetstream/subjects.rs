//! The subjects of a cluster. Nothing that a client chose is ever a part of one.

use rtbroadcaster_protocol::{RoomCode, RoomId};

use super::streams::{STREAMS, stream_name, unique_stream_name};

/// How many cells share the rooms. A node hears of all rooms of the cells in which it has one. With
/// fewer cells it would hear of more rooms of others; each one takes some 7 KB of its memory.
pub(crate) const CELLS: u16 = 1_024;

/// The names of everything that the nodes of one cluster share.
#[derive(Debug, Clone)]
pub(crate) struct Subjects {
    /// The name of the cluster.
    name: String,
}

impl Subjects {
    pub(crate) fn new(cluster: &str) -> Self {
        Self { name: cluster.to_owned() }
    }

    /// The cell of a room. Ids of rooms are random, so that the cells are alike.
    pub(crate) fn cell(room: RoomId) -> u16 {
        let bytes = room.to_bytes();
        u16::from_be_bytes([bytes[0], bytes[1]]) % CELLS
    }

    /// The stream that keeps a room.
    pub(crate) fn stream(&self, room: RoomId) -> String {
        self.stream_name(Self::stream_number(room))
    }

    /// The streams, in the order of their numbers.
    pub(crate) fn streams(&self) -> impl Iterator<Item = String> {
        (0..STREAMS).map(|number| self.stream_name(number))
    }

    /// The stream of this number: one of those with rooms, or behind them the one with what is
    /// unique.
    pub(crate) fn stream_name(&self, number: usize) -> String {
        if number == STREAMS {
            return self.unique_stream();
        }
        stream_name(&self.name, number)
    }

    /// The stream that keeps what no two nodes give out.
    pub(crate) fn unique_stream(&self) -> String {
        unique_stream_name(&self.name)
    }

    /// The subject of a code.
    pub(crate) fn code(&self, code: RoomCode) -> String {
        format!("{}.unique.code.{code}", self.name)
    }

    /// The subject of the numbers of nodes.
    pub(crate) fn node_number(&self) -> String {
        format!("{}.unique.node", self.name)
    }

    /// What nodes say of who is in a room.
    pub(crate) fn roster(&self, room: RoomId) -> String {
        format!("{}.live.{}.{room}.roster", self.name, Self::cell(room))
    }

    /// The subject of a room's log.
    pub(crate) fn log(&self, room: RoomId) -> String {
        format!("{}.log.{}.{}.{room}", self.name, Self::stream_number(room), Self::cell(room))
    }

    /// A subject of a stream in which there is nothing. Asking for it shows whether the stream has
    /// a leader.
    pub(crate) fn nothing(&self, stream: usize) -> String {
        if stream == STREAMS {
            return format!("{}.unique.nothing", self.name);
        }
        format!("{}.log.{stream}.nothing", self.name)
    }

    /// What the log of each room of a cell has taken, and what nodes say of these rooms.
    pub(crate) fn live_cell(&self, cell: u16) -> String {
        format!("{}.live.{cell}.>", self.name)
    }

    /// What nodes say of the audience of a room.
    pub(crate) fn audience(&self, room: RoomId) -> String {
        format!("{}.live.{}.{room}.audience", self.name, Self::cell(room))
    }

    /// Where nodes say that they are there.
    pub(crate) fn nodes(&self) -> String {
        format!("{}.node", self.name)
    }

    /// Where a node takes posts for the rooms whose owners have connections to it.
    pub(crate) fn posts(&self, writer: u64) -> String {
        format!("{}.post.{writer}", self.name)
    }

    /// The room that a live subject names, and what is behind it.
    pub(crate) fn room_of<'a>(&self, subject: &'a str) -> Option<(RoomId, Option<&'a str>)> {
        let rest = subject.strip_prefix(&self.name)?.strip_prefix(".live.")?;
        let mut parts = rest.split('.').skip(1);
        Some((RoomId::parse(parts.next()?)?, parts.next()))
    }

    /// The number of the stream that keeps a room.
    pub(crate) fn stream_number(room: RoomId) -> usize {
        usize::from(Self::cell(room)) % STREAMS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_found_in_every_subject_about_it() {
        let subjects = Subjects::new("rooms");
        let room = RoomId::from_random(7 << 112 | 9);
        assert_eq!(subjects.log(room), format!("rooms.log.7.7.{room}"));
        assert_eq!(subjects.stream(room), "ROOMS_7");
        assert_eq!(
            (subjects.stream_name(7), subjects.stream_name(8)),
            ("ROOMS_7".into(), "ROOMS_UNIQUE".into())
        );
        assert_eq!(subjects.room_of(&format!("rooms.live.7.{room}")), Some((room, None)));
        assert_eq!(subjects.room_of(&subjects.audience(room)), Some((room, Some("audience"))));
        for other in ["rooms.live.7", "rooms.live.7.x", "other.live.7.x", "rooms.log.7.7.x"] {
            assert_eq!(subjects.room_of(other), None);
        }
    }
}
