//! Where in the shared log the ring of a room begins: what is older may be deleted.

use std::collections::VecDeque;

/// Groups are noted only if this many bytes were written since the last noted one. A coarser note
/// keeps a little more of the log than the ring needs.
const NOTED_BYTES: usize = 16 * 1024;

/// Where some of the groups in a log begin.
#[derive(Debug, Default)]
pub(super) struct GroupStarts {
    /// The first seq that a group may hold, and its position, oldest first.
    starts: VecDeque<(u64, u64)>,
    bytes_since: usize,
    /// Where the newest group with a checkpoint begins.
    checkpoint: Option<u64>,
    /// Bytes of the groups behind it.
    bytes_since_checkpoint: usize,
}

impl GroupStarts {
    /// Notes a whole group. `first_seq` is the seq behind the head before it.
    pub(super) fn note(&mut self, position: u64, first_seq: u64, bytes: usize, has_checkpoint: bool) {
        if self.starts.is_empty() || self.bytes_since >= NOTED_BYTES || has_checkpoint {
            self.starts.push_back((first_seq, position));
            self.bytes_since = 0;
        }
        self.bytes_since += bytes;
        self.bytes_since_checkpoint += bytes;
        if has_checkpoint {
            self.checkpoint = Some(position);
            self.bytes_since_checkpoint = 0;
        }
    }

    pub(super) fn bytes_since_checkpoint(&self) -> usize {
        self.bytes_since_checkpoint
    }

    /// The position before which nothing is needed any more: neither for the state, nor for a ring
    /// whose oldest action has this seq. None if that can't be said.
    pub(super) fn needed_from(&mut self, oldest_seq: u64) -> Option<u64> {
        let checkpoint = self.checkpoint?;
        while self.starts.get(1).is_some_and(|(first_seq, _)| *first_seq <= oldest_seq) {
            self.starts.pop_front();
        }
        let (first_seq, position) = *self.starts.front()?;
        (first_seq <= oldest_seq).then(|| position.min(checkpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neither_ring_nor_checkpoint_needs_may_go() {
        let mut starts = GroupStarts::default();
        starts.note(10, 1, NOTED_BYTES, false);
        assert_eq!(starts.needed_from(1), None, "there is no checkpoint");
        starts.note(11, 5, 1, false);
        starts.note(12, 6, 1, false);
        starts.note(13, 7, 1, true);
        assert_eq!(starts.needed_from(1), Some(10));
        assert_eq!(starts.needed_from(6), Some(11), "12 was too small to be noted");
        assert_eq!(starts.needed_from(7), Some(13));
        assert_eq!(starts.needed_from(900), Some(13), "the checkpoint itself is needed");
        assert_eq!(starts.bytes_since_checkpoint(), 0);
    }
}
