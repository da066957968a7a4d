//! A group of records that are committed together: a row for each room in it.

use std::collections::HashMap;

use rtbroadcaster_protocol::{Mark, RoomId};

use super::super::file::row::Contents;
use crate::journal::Staged;

/// A row is no longer than this, unless a single push is.
const MAX_ROW_BYTES: usize = 256 * 1024;

/// A row that is to be written.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) room: RoomId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) mark: Mark,
    pub(crate) contents: Contents,
}

impl Draft {
    fn of(staged: Staged) -> Self {
        let Staged { room, bytes, mark, oldest_seq, has_checkpoint, is_end } = staged;
        Self { room, bytes, mark, contents: Contents { has_checkpoint, oldest_seq, is_end } }
    }

    /// Adds what the same room has staged next.
    fn extend(&mut self, staged: &Staged) {
        self.bytes.extend_from_slice(&staged.bytes);
        self.mark = staged.mark;
        self.contents.oldest_seq = staged.oldest_seq;
        self.contents.has_checkpoint |= staged.has_checkpoint;
        self.contents.is_end |= staged.is_end;
    }
}

/// The rows of a group. Those of one room are in the order in which it was staged.
pub(crate) fn rows(staged: impl Iterator<Item = Staged>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut newest: HashMap<RoomId, usize> = HashMap::new();
    for staged in staged {
        let draft = newest.get(&staged.room).map(|at| &mut drafts[*at]);
        match draft.filter(|draft| draft.bytes.len() + staged.bytes.len() <= MAX_ROW_BYTES) {
            Some(draft) => draft.extend(&staged),
            None => {
                newest.insert(staged.room, drafts.len());
                drafts.push(Draft::of(staged));
            }
        }
    }
    drafts
}

/// How far each room of a group is kept. A room is there once.
pub(crate) fn marks(drafts: &[Draft]) -> Vec<(RoomId, Mark)> {
    let mut marks: Vec<(RoomId, Mark)> = Vec::with_capacity(drafts.len());
    let mut places: HashMap<RoomId, usize> = HashMap::new();
    for draft in drafts {
        let at = *places.entry(draft.room).or_insert(marks.len());
        match marks.get_mut(at) {
            Some(mark) => mark.1 = draft.mark,
            None => marks.push((draft.room, draft.mark)),
        }
    }
    marks
}
